"""What does not stop the line but must be seen to: since when, and what to do. Words only, no counts: the health page is public."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cases.models import Conversation, HashKey
from core.database import now
from core.encryption import cipher
from core.settings import Settings
from gateway.models import Message, Reconciliation, RejectedRequest
from gateway.reconcile import last
from gateway.replay import SIGNATURE_FAULTS
from gateway.spending import spent

SLOW_TURN = timedelta(minutes=2)
"""A message that waits longer for its turn than a dead worker is noticed and replaced."""
SLOW_SENDING = timedelta(minutes=5)
NOT_COMPARED = timedelta(minutes=20)
"""Four comparisons with Twilio's list missed."""
REFUSED = 5
"""Wrong signatures in an hour from which on the fault may be ours."""
ALARM = 0.8
"""Share of the hour's budget from which on it is said."""
FREE_DISK = 2 * 1024**3
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Degraded:
    """One thing: since when, why, and what to do."""

    part: str
    since: datetime
    reason: str
    remedy: str


def look(session: Session, settings: Settings, at: datetime | None = None) -> list[Degraded]:
    """Everything that is worse than it should be, the oldest first."""
    moment = at or now()
    found = [one for check in _CHECKS for one in check(session, settings, moment)]
    return sorted(found, key=lambda one: one.since)


def _turns(session: Session, _settings: Settings, at: datetime) -> Iterator[Degraded]:
    oldest = session.scalar(
        select(func.min(Message.created_at)).where(Message.direction == "inbound", Message.state == "received")
    )
    if oldest and at - oldest > SLOW_TURN:
        yield Degraded(
            "turns", oldest, "a message waits for its turn", "worker.log; is the worker alive, is the database slow?"
        )


def _sending(session: Session, _settings: Settings, at: datetime) -> Iterator[Degraded]:
    oldest = session.scalar(select(func.min(Message.created_at)).where(Message.state.in_(("queued", "sending"))))
    if oldest and at - oldest > SLOW_SENDING:
        yield Degraded(
            "sending", oldest, "a reply waits to be sent", "worker.log; does Twilio answer (status.twilio.com)?"
        )


def _uncertain(session: Session, _settings: Settings, at: datetime) -> Iterator[Degraded]:
    oldest = session.scalar(
        select(func.min(Message.created_at)).where(Message.state == "uncertain", Message.created_at > at - DAY)
    )
    if oldest:
        yield Degraded(
            "replies",
            oldest,
            "nobody knows whether a reply left",
            "the desk shows it in its thread: ask the person, or write again",
        )


def _parked(session: Session, _settings: Settings, at: datetime) -> Iterator[Degraded]:
    oldest = session.scalar(
        select(func.min(Message.created_at))
        .join(Conversation)
        .where(Message.state == "parked", Message.created_at > at - DAY, Conversation.owner == "desk")
    )
    if oldest:
        yield Degraded(
            "parked",
            oldest,
            "a message broke every run and was put aside",
            "a caseworker reads it in its case; tell us what worker.log says",
        )


def _compared(session: Session, _settings: Settings, at: datetime) -> Iterator[Degraded]:
    newest, well = last(session), last(session, successful=True)
    since = well.at if well else session.scalar(select(func.min(Reconciliation.at)))
    if newest is not None and since is not None and at - since > NOT_COMPARED:
        yield Degraded(
            "comparison with Twilio",
            since,
            f"it fails: {newest.failure}" if newest.failure else "it has not run",
            "TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN right? `waymark reconcile` once it works again",
        )


def _signatures(session: Session, _settings: Settings, at: datetime) -> Iterator[Degraded]:
    count, first = session.execute(
        select(func.count(), func.min(RejectedRequest.at)).where(
            RejectedRequest.at > at - timedelta(hours=1),
            RejectedRequest.reason.in_(SIGNATURE_FAULTS),
            RejectedRequest.replayed_at.is_(None),
        )
    ).one()
    if count >= REFUSED:
        yield Degraded(
            "signatures",
            first,
            "webhooks are refused because of their signature",
            "if PUBLIC_URL or TWILIO_AUTH_TOKEN was wrong: mend it, then `waymark replay-rejected`; else somebody knocks",
        )


def _spending(session: Session, settings: Settings, at: datetime) -> Iterator[Degraded]:
    most = settings.most_segments()
    if most and spent(session, most, fresh=True) >= ALARM * most:
        yield Degraded(
            "spending",
            at,
            "the budget of this hour is nearly spent: then the bot falls silent and people are handed to humans",
            "many real people? raise WAYMARK_SEGMENTS_PER_HOUR. Strangers who make us write? block their numbers at Twilio",
        )


def _hash_keys(session: Session, _settings: Settings, at: datetime) -> Iterator[Degraded]:
    known = cipher().hash_keys.names
    since = session.scalar(select(func.min(HashKey.since)).where(HashKey.name.not_in(known)))
    if since:
        yield Degraded(
            "numbers",
            min(since, at),
            "a key is missing by which people are known: webhooks are answered 503, so that nobody becomes a stranger",
            "`waymark doctor`; put it into WAYMARK_HASH_KEY with the others, the newest first, and start the processes anew",
        )


def _disk(_session: Session, settings: Settings, at: datetime) -> Iterator[Degraded]:
    if settings.data_dir.exists() and shutil.disk_usage(settings.data_dir).free < FREE_DISK:
        yield Degraded(
            "disk",
            at,
            "the disk is nearly full",
            "free some room: on a full disk Twilio is told to try again, and gives up in a minute",
        )


_CHECKS: tuple[Callable[[Session, Settings, datetime], Iterator[Degraded]], ...] = (
    _turns, _sending, _uncertain, _parked, _compared, _signatures, _spending, _hash_keys, _disk,
)  # fmt: skip
