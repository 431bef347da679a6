"""What somebody wants to see of the queue: a tab and filters, as they stand in the address. Codes only, nothing of a person."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Literal, Self
from urllib.parse import urlencode

from sqlalchemy import ARRAY, ColumnElement, Uuid, any_, literal, select
from sqlalchemy.orm import Session, aliased

from cases.models import LEVELS, Case, Conversation, User
from desk import facets
from gateway.models import Message

Filter = Literal["all", "unassigned", "mine", "team", "paused"]
FILTERS: tuple[Filter, ...] = ("all", "unassigned", "mine", "team", "paused")
"""Team: what colleagues hold. Paused: what was put aside and is in no other tab until its time, or until the person writes."""
_CODE = re.compile(r"[A-Za-z][A-Za-z_-]{1,19}")
CHANNELS = ("sms", "whatsapp")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Empty: not narrowed by that. `overdue` and `waiting` are `yes` or empty."""

    show: Filter = "all"
    level: str = ""
    language: str = ""
    country: str = ""
    need: str = ""
    channel: str = ""
    overdue: str = ""
    waiting: str = ""
    """The person wrote last and nobody has answered."""

    @classmethod
    def of(cls, asked: Mapping[str, str]) -> Self:
        """From an address; what makes no sense there is left out."""
        show: Filter = next((name for name in FILTERS if name == asked.get("show")), "all")
        level = asked.get("level", "")
        channel = asked.get("channel", "")
        return cls(
            show=show,
            level=level if level in LEVELS else "",
            language=_code(asked.get("language", "")),
            country=_code(asked.get("country", "")),
            need=_code(asked.get("need", "")),
            channel=channel if channel in CHANNELS else "",
            overdue="yes" if asked.get("overdue") == "yes" else "",
            waiting="yes" if asked.get("waiting") == "yes" else "",
        )

    @property
    def narrows(self) -> bool:
        """Whether any filter beside the tab is set."""
        return any(getattr(self, field.name) for field in fields(self) if field.name != "show")

    def query(self, **other: str) -> str:
        """As it stands in an address, with some of it changed."""
        values = {field.name: getattr(self, field.name) for field in fields(self)} | other
        return urlencode({name: value for name, value in values.items() if value})


def narrowed(session: Session, user: User, wanted: Wanted, at: datetime) -> list[ColumnElement[bool]]:
    """Conditions on Case and its Conversation, none where nothing narrows."""
    found: list[ColumnElement[bool]] = []
    if wanted.level:
        found.append(Case.level == wanted.level)
    if wanted.language:
        found.append(Conversation.language == wanted.language)
    if wanted.channel:
        found.append(Conversation.channel == wanted.channel)
    if wanted.overdue:
        found.append(Case.assignee_id.is_(None) & (Case.due_at < at))
    if wanted.waiting:
        found.append(_waits())
    if wanted.country or wanted.need:
        told = facets.open_cases(session, user, need=wanted.need, country=wanted.country)
        found.append(Case.id == any_(literal(told, ARRAY(Uuid))))
    return found


def _waits() -> ColumnElement[bool]:
    message = aliased(Message)
    last = (
        select(message.author)
        .where(
            message.conversation_id == Case.conversation_id,
            message.author.in_(("person", "caseworker")),
            # What never reached the person is no answer.
            (message.author == "person") | message.state.not_in(("dropped", "failed")),
        )
        .order_by(message.seq.desc())
        .limit(1)
        .scalar_subquery()
    )
    return last == "person"


def _code(text: str) -> str:
    return text if _CODE.fullmatch(text) else ""
