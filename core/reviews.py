"""Whether somebody who speaks a language has read its texts: a mark beside each text of `messages.po`, void when the text changes.

The mark is a translator's comment, `# reviewed: A. Person 2026-11-01 1a2b3c4d`: who, when, and the beginning of what was read, hashed.
A text without one is a draft. A draft about danger or consent can cost a person dearly, so real people are never sent one.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polib

from core.languages import LOCALE
from core.settings import Settings, SettingsError

SAFETY = (
    "say_intro", "ask_safe", "ask_danger", "ask_consent", "say_notice_more", "ask_for_whom", "say_third_party", "ask_shared_phone",
    "ask_under_18", "ask_trusted_adult", "ask_medical", "ask_stranded", "ask_block_2", "say_by_law", "ask_can_leave", "ask_papers_kept",
    "ask_unpaid", "ask_threatened", "ask_promise_broken", "ask_made_to", "ask_held", "ask_contact", "ask_other_number", "ask_referral",
    "ask_safe_word", "ask_duress_word", "say_word_kept", "say_go_on", "say_cover", "say_decoy", "say_neutral", "say_message_waiting",
    "say_emergency", "say_emergency_number", "say_self_harm", "say_child", "say_person_coming", "say_person_will_write", "say_person_reads",
    "say_nobody_now", "say_hotline", "say_no_contact", "say_come_back", "say_consent_withdrawn", "say_neutral_goodbye",
    "say_received", "say_received_not_opened", "say_call_noted", "ask_complaint",
    "say_complaint_kept",
    "say_minimal", "say_stopped", "say_opted_out", "say_erased", "say_help", "say_attachment", "say_bot_failure", "say_services_intro",
    "choice_yes", "choice_no", "choice_unsure", "choice_skip", "choice_agree", "choice_more", "choice_person",
)  # fmt: skip
"""What a native speaker must have read before real people get it: danger, consent, privacy, and what stands on a phone that others hold."""

_MARK = re.compile(r"reviewed: (?P<by>\S.*) (?P<on>\d{4}-\d{2}-\d{2}) (?P<of>[0-9a-f]{8})")
_LONGEST_NAME = 80


class ReviewError(Exception):
    """A mark cannot be read or written; the text says for which language and why."""


@dataclass(frozen=True, slots=True)
class Review:
    """Who has read a text as it stands now, and when."""

    by: str
    on: date


def fingerprint(text: str) -> str:
    """What ties a mark to the text that was read."""
    return hashlib.sha256(unicodedata.normalize("NFC", text).encode()).hexdigest()[:8]


def read_reviews(code: str, folder: Path = LOCALE) -> dict[str, Review | None]:
    """Key -> its review, or None for a draft, of every text that is there and not doubtful. Raises ReviewError."""
    return {entry.msgid: _review(entry) for entry in _open(code, folder) if entry.translated()}


def unreviewed_safety(code: str, folder: Path = LOCALE) -> list[str]:
    """The keys of SAFETY that are drafts in this language, or missing. Raises ReviewError."""
    reviews = read_reviews(code, folder)
    return [key for key in SAFETY if reviews.get(key) is None]


def mark_reviewed(code: str, keys: Iterable[str], *, by: str, on: date, folder: Path = LOCALE) -> None:
    """Writes the mark beside the texts as they stand now; all of them or, if one is missing or doubtful, none. Raises ReviewError."""
    by = " ".join(by.split())
    if not by.isprintable() or not 0 < len(by) <= _LONGEST_NAME:
        raise ReviewError(
            f"{code}: a mark needs the name of the person who read the text, in at most {_LONGEST_NAME} signs"
        )
    catalogue = _open(code, folder)
    entries = {entry.msgid: entry for entry in catalogue if entry.translated()}
    keys = tuple(keys)
    if missing := [key for key in keys if key not in entries]:
        raise ReviewError(f"{code}: no text to review: {', '.join(missing)}")
    for key in keys:
        entry = entries[key]
        others = [line for line in entry.tcomment.splitlines() if not line.startswith("reviewed:")]
        entry.tcomment = "\n".join([*others, f"reviewed: {by} {on.isoformat()} {fingerprint(entry.msgstr)}"])
    path = folder / code / "messages.po"
    partial = path.with_name("messages.po.partial")
    catalogue.save(str(partial))
    partial.replace(path)


def require_reviewed(settings: Settings, folder: Path = LOCALE) -> None:
    """Outside a demonstration a language with drafts among its safety texts is not offered. Raises SettingsError."""
    if settings.demonstration:
        return
    try:
        faults = _faults({code: unreviewed_safety(code, folder) for code in settings.languages})
    except ReviewError as error:
        raise SettingsError(f"WAYMARK_LANGUAGES: {error}") from None
    if faults:
        raise SettingsError(
            f"WAYMARK_LANGUAGES: not reviewed by a native speaker: {faults}; "
            "see `waymark languages`, leave the language out, or set WAYMARK_DEMONSTRATION=true where no real person writes"
        )


def _faults(drafts: Mapping[str, list[str]]) -> str:
    return ", ".join(f"{code} ({len(keys)} of {len(SAFETY)} safety messages)" for code, keys in drafts.items() if keys)


def _review(entry: polib.POEntry) -> Review | None:
    for line in entry.tcomment.splitlines():
        if (found := _MARK.fullmatch(line.strip())) and found["of"] == fingerprint(entry.msgstr):
            try:
                return Review(found["by"], date.fromisoformat(found["on"]))
            except ValueError:
                return None
    return None


def _open(code: str, folder: Path) -> polib.POFile:
    try:
        return polib.pofile(str(folder / code / "messages.po"), wrapwidth=0, encoding="utf-8")
    except (OSError, ValueError) as error:
        raise ReviewError(f"{code}: messages.po cannot be read: {error}") from None
