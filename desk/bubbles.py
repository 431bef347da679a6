"""The conversation as a caseworker reads it: who said what, whether it arrived, what the bot's words and a bare digit mean."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from desk.translation import Translator
from desk.words import LANGUAGES, Words, words
from gateway import thread
from gateway.models import Message
from gateway.numerals import pick, read_numbers
from gateway.resending import RESENDABLE, resend_id, resent
from gateway.wording import Wording

MOST = 200
"""Messages shown; older ones are kept, not shown."""
_FAILED = frozenset({"failed", "uncertain", "dropped"})
_FIELD = re.compile(r"\{[^{}]*\}")


@dataclass(frozen=True, slots=True)
class Bubble:
    """One message."""

    id: UUID
    author: str
    side: str
    name: str | None
    at: datetime
    language: str | None
    lang: str | None
    text: str | None
    choices: tuple[str, ...]
    picked: str | None
    meaning: str | None
    meaning_lang: str
    """The language the meaning is in."""
    translation: str | None
    """By a machine, below the original; None where no provider is switched on."""
    attachment: str | None
    status: str | None
    error: str | None
    failed: bool
    resend: str
    """What sending it once more needs: nothing (``), a click (`failed`), or a click that knows it may arrive twice (`uncertain`)."""


@dataclass(frozen=True, slots=True)
class Thread:
    """What the thread shows. `version` changes when anything in it does."""

    bubbles: list[Bubble]
    older: bool
    last_inbound: str
    version: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What a message of the bot was made from."""

    key: str | None
    choices: list[dict[str, Any]]
    multiple: bool


class Meanings:
    """What the bot's messages and options say in the language of the console."""

    def __init__(self, wording: Wording, translator: Translator | None = None) -> None:
        self.wording = wording
        self._translator = translator

    @property
    def words(self) -> Words:
        """The console's words for whoever asks."""
        return words()

    @property
    def language(self) -> str:
        """The language that meanings are shown in: the console's, or English where people are not answered in that one."""
        return self.words.code if self.words.code in self.wording.codes else LANGUAGES[0]

    def text(self, key: str | None) -> str | None:
        """A message of the catalogues; its values stand in the original, so only their places are shown."""
        try:
            return _FIELD.sub("…", self.wording.template(self.language, key)) if key else None
        except KeyError:
            return None

    def translated(self, text: str, language: str | None) -> str | None:
        """A person's words in the console's language by a machine, if the deployment has one; the original stays beside it."""
        if self._translator is None or language == self.words.code:
            return None
        return self._translator.translate(text, to=self.words.code, source=language)

    def choice(self, choice: Mapping[str, Any]) -> str | None:
        """The label of an option."""
        return self.text(choice.get("label")) or choice.get("text")


def read_thread(session: Session, conversation_id: UUID, meanings: Meanings) -> Thread:
    """The last messages of a conversation, oldest first."""
    entries = thread.messages(session, conversation_id, limit=MOST + 1)
    older, entries = len(entries) > MOST, entries[-MOST:]
    asked = _asked(session, [entry.id for entry in entries if not entry.inbound])
    picked = _picked(entries, asked, meanings)
    again = resent(session, [entry.id for entry in entries if entry.state in RESENDABLE])
    states = "".join(f"{entry.id}{entry.state}{entry.error_code}{entry.withheld}" for entry in entries)
    return Thread(
        bubbles=[_bubble(entry, asked.get(entry.id), picked.get(entry.id), meanings, again) for entry in entries],
        older=older,
        last_inbound=next((str(entry.id) for entry in reversed(entries) if entry.inbound), ""),
        version=hashlib.sha256(states.encode()).hexdigest()[:16],
    )


def _bubble(
    entry: thread.Entry, asked: Asked | None, picked: str | None, meanings: Meanings, again: frozenset[UUID]
) -> Bubble:
    words = meanings.words
    failed = not entry.inbound and entry.state in _FAILED
    attachment = words.say(f"attachment_{entry.attachment}") if entry.attachment else None
    error = words.find(f"error_code_{entry.error_code}", words.say("error_code_other", code=entry.error_code))
    return Bubble(
        id=entry.id,
        author=entry.author,
        side="theirs" if entry.inbound else "ours",
        name=entry.name if entry.author == "caseworker" else None,
        at=entry.at,
        language=words.language(entry.language) if entry.language and entry.body else None,
        lang=entry.language,
        text=entry.body or (None if attachment else words.say(_placeholder(entry))),
        choices=entry.choices,
        picked=picked,
        meaning=meanings.text(asked.key) if asked and entry.language != meanings.language else None,
        meaning_lang=meanings.language,
        translation=meanings.translated(entry.body, entry.language) if entry.inbound and entry.body else None,
        attachment=attachment,
        status=_how_it_came(entry, words) if entry.inbound else _status(entry, words),
        error=_kept_back(entry, words) or (error if failed and entry.error_code else None),
        failed=failed,
        resend=entry.state if _may_be_resent(entry, again) else "",
    )


def _may_be_resent(entry: thread.Entry, again: frozenset[UUID]) -> bool:
    return (
        entry.author == "caseworker"
        and entry.state in RESENDABLE
        and not (entry.withheld or entry.erased)
        and resend_id(entry.id) not in again
    )


def _placeholder(entry: thread.Entry) -> str:
    if entry.secret:
        return "message_secret"
    return "message_erased" if entry.erased else "message_no_text"


def _how_it_came(entry: thread.Entry, words: Words) -> str | None:
    """What a caseworker must know before answering: the person wrote it long ago, or the assistant could not read it."""
    if entry.late is not None:
        return words.say("message_late", when=words.moment(entry.late))
    return words.say("message_parked") if entry.state == "parked" else None


def _status(entry: thread.Entry, words: Words) -> str:
    if entry.state == "held" and entry.held_since is not None:
        return words.say("held_since", time=words.moment(entry.held_since))
    return words.say(f"status_{entry.state}")


def _kept_back(entry: thread.Entry, words: Words) -> str | None:
    """Why the check did not let it out."""
    reasons = [words.say(f"check_rule_{rule}") for rule in entry.withheld]
    return words.say("kept_back", reasons=words.say("list_separator").join(reasons)) if reasons else None


def _asked(session: Session, ids: Sequence[UUID]) -> dict[UUID, Asked]:
    rows = session.execute(
        select(Message.id, Message.key, Message.choices, Message.multiple).where(Message.id.in_(ids))
    )
    return {row.id: Asked(row.key, list(row.choices or []), row.multiple) for row in rows}


def _picked(entries: Sequence[thread.Entry], asked: Mapping[UUID, Asked], meanings: Meanings) -> dict[UUID, str]:
    """What digits picked of the question before them, so that nobody counts lines in a language they do not read."""
    found: dict[UUID, str] = {}
    open_question: Asked | None = None
    for entry in entries:
        if not entry.inbound:
            said = asked.get(entry.id)
            open_question = said if said is not None and said.choices else open_question
            continue
        if open_question is not None:
            choices = open_question.choices
            positions = pick(read_numbers(entry.body), len(choices), multiple=open_question.multiple)
            labels = [label for position in positions or [] if (label := meanings.choice(choices[position]))]
            if labels:
                found[entry.id] = meanings.words.say("list_separator").join(labels)
        open_question = None
    return found
