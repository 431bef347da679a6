"""What the check needs to know of a message: which of its words are ours, and what the person has written."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.encryption import DecryptionError
from core.settings import Settings
from core.turns import Choice, Say
from gateway.budgets import DIRECTORY, LONG
from gateway.check import Draft, check, tells
from gateway.models import Message
from gateway.rendering import Manner, Part
from gateway.wording import Wording, clean, first_known

OFFERED = frozenset({"language", "country", "place_confirm", "which_place"})
"""Questions whose literal choices come from the gazetteer, the directory or our settings, never from the person."""
OUR_VALUES = frozenset({"reference", "time", "until", "day", "number"})
LOOKED_AT = 50
"""Messages of the person that are compared with a text."""


def broken_rules(
    parts: Sequence[Part],
    key: str | None,
    manner: Manner,
    wording: Wording,
    settings: Settings,
    *,
    said: tuple[str, ...],
    ours: Sequence[str] = (),
) -> list[str]:
    """Names of the rules that any part of what is said breaks, buttons included."""
    fixed = (*ours, *wording.stock(manner.language)) if said else ()
    if manner.channel == "sms":  # there "Por mí" leaves as "Por mi", and it is ours all the same
        fixed = (*fixed, *(wording.plain(manner.language, each) for each in fixed))
    texts = ["\n".join([part.body, *(part.labels if part.form != "text" else ())]) for part in parts]
    drafts = (Draft(text, key, manner.channel == "sms", said, fixed) for text in texts)
    return list(dict.fromkeys(finding.rule for draft in drafts for finding in check(draft, wording, settings)))


def said_by_person(session: Session, conversation_id: UUID, *, before: int | None = None) -> tuple[str, ...]:
    """What the person wrote in their own words, the latest messages; with `before`, those before a `seq`."""
    query = select(Message).where(
        Message.conversation_id == conversation_id, Message.author == "person", Message.kind == "text",
        Message.body_encrypted.is_not(None),
    )  # fmt: skip
    if before is not None:
        query = query.where(Message.seq < before)
    found = []
    for row in session.execute(query.order_by(Message.seq.desc()).limit(LOOKED_AT)).scalars():
        try:
            found.append(clean(row.body or ""))
        except DecryptionError:
            # One that cannot be opened any more must not keep a new text from being sent.
            continue
    return tuple(found)


def is_all_ours(key: str | None, question: str | None, choices: Sequence[Choice], wording: Wording) -> bool:
    """Whether nothing of a message can have come from the person: a fixed text, at most with times and codes of ours in it.

    Most messages are. What the person wrote need not be opened and compared for them, which took longer the more somebody had written.
    """
    code = first_known(wording.codes, wording, key) if key else None
    if key is None or code is None or not wording.fields(code, key) <= OUR_VALUES:
        return False
    return question in OFFERED or all(choice.text is None for choice in choices)


def our_words(say: Say) -> list[str]:
    """Values and literal choices that come from the directory, the gazetteer or ourselves."""
    values = [str(value) for name, value in say.values.items() if say.say in LONG or name in OUR_VALUES]
    return values + [choice.text for choice in say.choices if choice.text and say.question in OFFERED]


def without_telling_names(say: Say, wording: Wording, settings: Settings) -> Say:
    """A place whose name tells too much is called by what it gives; its numbers stay, and its address is asked for by phone."""
    if say.question == "which_place":
        # The need that it was named for stands beside the name, as the label.
        kept = (
            one.model_copy(update={"text": None}) if one.label and tells(one.text or "", wording, settings) else one
            for one in say.choices
        )
        return say.model_copy(update={"choices": tuple(kept)})
    if say.say not in DIRECTORY:
        return say
    values = dict(say.values)
    if tells(str(values.get("name", "")), wording, settings):
        values["name"] = f"choice_{values['need']}" if values.get("need") else ""
    if tells(str(values.get("address", "")), wording, settings):
        values["address"] = "say_confidential_address" if values.get("phones") else ""
    return say.model_copy(update={"values": values})
