"""An entry as a person will read it: the bot's own message, through the gateway's own rendering, on each channel in each language."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from core.turns import Say
from desk.directory_pages import DirectoryPages
from directory import search
from directory.records import ServiceRecord
from directory.telling import values
from directory.writing import write
from gateway.budgets import budget_of
from gateway.drafts import broken_rules, our_words, without_telling_names
from gateway.rendering import Manner, render
from gateway.segments import count_segments

KEY = "say_service"
Channel = Literal["sms", "whatsapp"]


@dataclass(frozen=True, slots=True)
class Message:
    """One message as it would leave. `segments`: of an SMS, in all its parts; `spoken`: the language its name is told in."""

    language: str
    channel: Channel
    parts: tuple[str, ...]
    segments: int
    budget: int
    rules: tuple[str, ...]
    """Rules of the check of texts that it breaks: it would not be sent."""
    spoken: str | None
    renamed: bool
    """Its name tells too much to whoever holds the phone, so that it is called by what it gives."""


def preview(session: Session, record: ServiceRecord, pages: DirectoryPages, *, at: datetime) -> list[Message]:
    """The message in each language of this copy, as SMS and on WhatsApp; none when the bot would not name the entry.

    The record is written, published, told and taken back, all before anybody else can see it: what is shown is what a search would tell.
    """
    demonstration = pages.settings.demonstration
    savepoint = session.begin_nested()
    try:
        service = write(session, record, by="preview", source="preview").service
        service.listing = "published"
        session.flush()
        found = {
            language: search.told(session, service.id, language, demonstration=demonstration, at=at)
            for language in pages.settings.languages
        }
    finally:
        savepoint.rollback()
        session.expire_all()
    zone = ZoneInfo(record.schedules[0].timezone) if record.schedules else None
    return [
        _message(told, Manner(language, channel, zone, at), pages)
        for language, told in found.items()
        if told is not None
        for channel in ("sms", "whatsapp")
    ]


def _message(told: search.FoundService, manner: Manner, pages: DirectoryPages) -> Message:
    wording, settings = pages.gateway.wording, pages.settings
    filled = values(told, manner.language, pages.catalogues)
    if told.needs:
        filled["need"] = told.needs[0]
    wanted = Say(say=KEY, values=filled)
    say = without_telling_names(wanted, wording, settings)
    budget = budget_of(KEY, settings)
    parts = render(say, manner, wording, budget=budget)
    sms = manner.channel == "sms"
    return Message(
        language=manner.language,
        channel="sms" if sms else "whatsapp",
        parts=tuple(part.body for part in parts),
        segments=sum(count_segments(part.body).segments for part in parts) if sms else 0,
        budget=budget,
        rules=tuple(broken_rules(parts, KEY, manner, wording, settings, said=(), ours=our_words(say))),
        spoken=told.language,
        renamed=say.values["name"] != wanted.values["name"],
    )
