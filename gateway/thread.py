"""A conversation as the desk shows it: who said what, when, and what became of it."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, selectinload

from cases.models import ComplaintWords
from core.encryption import DecryptionError
from core.logging import get_logger
from gateway.models import Message

log = get_logger(__name__)

_WORDS = {"queued": "queued", "sending": "queued", "failed": "failed", "uncertain": "uncertain", "dropped": "dropped",
          "held": "held"}  # fmt: skip
COMPLAINT = ("ask_complaint", "say_complaint_kept")
"""What the bot says to somebody who complains."""
_ATTACHMENTS = {"image": "image", "audio": "audio", "video": "video"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One message of a thread."""

    id: UUID
    seq: int
    at: datetime
    author: str
    """`person`, `bot`, `system` or `caseworker`."""
    name: str | None
    """The caseworker's name."""
    inbound: bool
    body: str = field(repr=False)
    attachment: str | None
    """`image`, `audio`, `video`, `document`, `location` or `unknown`: shown as a placeholder, never left out."""
    choices: tuple[str, ...] = field(repr=False)
    """Labels of buttons; numbered lines are in the body."""
    language: str | None
    state: str
    """Out: `queued`, `sent`, `delivered`, `read`, `failed`, `uncertain` (nobody knows whether it was sent), `dropped` (never sent),
    `held` (waits until the person writes).
    In: `received`, `handled`, `parked`."""
    error_code: str | None
    erased: bool
    secret: bool
    """A word or a number that is not shown: its text was not kept."""
    withheld: tuple[str, ...] = ()
    """Rules of the check that kept it from being sent."""
    held_since: datetime | None = None
    late: datetime | None = None
    """When it was written, if it reached us by reconciliation only, too late for an answer."""


def messages(session: Session, conversation_id: UUID, *, after: int = 0, limit: int = 500) -> list[Entry]:
    """The last messages of a conversation behind `after` (a `seq`), oldest first."""
    rows = session.execute(
        select(Message)
        .where(Message.conversation_id == conversation_id, Message.seq > after)
        # The row by which the desk gives a conversation back is nobody's message.
        .where(~((Message.direction == "inbound") & (Message.author == "system")))
        # Nor is what belongs to a complaint anything for the team it may be about.
        .where(or_(Message.key.is_(None), Message.key.not_in(COMPLAINT)))
        .where(Message.id.not_in(select(ComplaintWords.message_id)))
        .order_by(Message.seq.desc())
        .limit(limit)
        .options(selectinload(Message.user))
    ).scalars()  # fmt: skip
    return [_entry(row) for row in reversed(rows.all())]


def _entry(row: Message) -> Entry:
    body, extra = _opened(row)
    labels = extra.get("labels")
    return Entry(
        id=row.id,
        seq=row.seq,
        at=row.created_at,
        author=row.author,
        name=row.user.name if row.user else None,
        inbound=row.direction == "inbound",
        body=body or "",
        attachment=_attachment(row, extra),
        choices=tuple(str(label) for label in labels) if isinstance(labels, list) else (),
        language=row.language,
        state=_state(row),
        error_code=row.error_code,
        erased=row.body_encrypted is None,
        withheld=tuple(row.withheld.split(",")) if row.withheld else (),
        held_since=row.held_since if row.state == "held" else None,
        secret=row.secret and row.direction == "inbound",
        late=_late(extra),
    )


def _late(extra: dict[str, object]) -> datetime | None:
    written = extra.get("late")
    return datetime.fromisoformat(written) if isinstance(written, str) else None


def _opened(row: Message) -> tuple[str | None, dict[str, object]]:
    """Body and details; a damaged one is an empty one: the rest of the thread must still be readable."""
    try:
        return row.body, json.loads(row.extra or "{}")
    except DecryptionError as error:
        log.error("a message cannot be opened", message=str(row.id), error=error.reason)  # noqa: TRY400 - the reason says it all
        return None, {}


def _state(row: Message) -> str:
    if row.direction == "inbound":
        return row.state
    if row.state == "sent":
        return row.status if row.status in ("delivered", "read") else "sent"
    return _WORDS[row.state]


def _attachment(row: Message, extra: dict[str, object]) -> str | None:
    if row.kind not in ("location", "media", "unknown"):
        return None
    media = extra.get("media")
    if row.kind != "media" or not isinstance(media, list) or not media:
        return row.kind if row.kind == "location" else "unknown"
    main = str(media[0]).partition("/")[0].lower()
    return _ATTACHMENTS.get(main, "document")
