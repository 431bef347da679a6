"""Twilio's list of messages is compared with ours: one whose webhook never reached us (an outage, a wrong address) comes in once, late.

Twilio tries a webhook for seconds and then forgets it; the message exists in its list alone. Somebody may have written only that once.
What is found late is read by a human where the conversation has moved on: an answer of an hour ago answers nothing now, and who holds
the phone since is not known, so nothing is sent because of it.
"""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from cases.models import Conversation
from core.database import now
from core.logging import get_logger
from gateway.addresses import parse_address
from gateway.errors import ProviderError, Unusable
from gateway.gateway import Gateway
from gateway.models import Message, Reconciliation
from gateway.receive import Arrival, store
from gateway.twilio_client import Listed

log = get_logger(__name__)

IN_FLIGHT = timedelta(minutes=2)
"""A webhook may still be on its way (15 seconds a try, five tries): younger messages are left for the next run."""
OVERLAP = timedelta(minutes=30)
"""Each run looks back over the end of the last: Twilio's list may show a message later than its time says."""
FIRST_LOOK = timedelta(days=1)
LONGEST_LOOK = timedelta(days=7)
"""After a longer outage a human should decide what still makes sense to answer; older messages stay at Twilio."""
LATE = timedelta(minutes=10)
"""From this age on a message is not given to the bot as an answer to its newest question."""
SLICE = timedelta(minutes=10)
"""Compared and noted one after the other: after a long outage, or while the line breaks again and again, what was done is not done anew."""
MOST_SLICES = 24
"""A long span that is quiet must not cost a hundred questions to Twilio."""
TWILIO_SECOND = timedelta(seconds=1)
"""Twilio's list gives times in whole seconds (RFC 2822)."""


class Reconciled(NamedTuple):
    """How many messages Twilio listed, how many of them had not reached us and are stored now."""

    listed: int
    taken_in: int


def reconcile(gateway: Gateway, *, at: datetime | None = None) -> Reconciled:
    """Compare and take in what is missing, oldest first; each slice of time that is done is kept as a row.

    Raises ProviderError, after noting it.
    """
    moment = at or now()
    until = moment - IN_FLIGHT
    with gateway.sessions.begin() as session:
        since = min(_since(session, moment), until)
        ours = _ours(session, gateway)
    done = Reconciled(0, 0)
    # What the last run had seen is looked at once more with the first slice, so that a short span is one question to Twilio.
    step = max(SLICE, (until - since) / MOST_SLICES)
    end = _end(since + OVERLAP, step, until)
    while True:
        compared = _compare(gateway, since, end, moment, ours)
        done = Reconciled(done.listed + compared.listed, done.taken_in + compared.taken_in)
        if end >= until:
            return done
        since, end = end - TWILIO_SECOND, _end(end, step, until)


def _end(start: datetime, step: timedelta, until: datetime) -> datetime:
    """Where a slice ends; what would be left for a small one behind it is done with it."""
    return start + step if until - (start + step) > step / 2 else until


def _compare(gateway: Gateway, since: datetime, until: datetime, moment: datetime, ours: set[str]) -> Reconciled:
    try:
        listed = [one for one in gateway.provider.inbound(since, until) if one.to in ours]
    except ProviderError as fault:
        with gateway.sessions.begin() as session:
            session.add(Reconciliation(since=since, until=until, failure=type(fault).__name__))
        log.error("messages could not be compared with Twilio's", error=type(fault).__name__)  # noqa: TRY400 - its text may quote a number
        raise
    taken_in = 0
    for one in sorted(listed, key=lambda found: found.sent_at):
        with gateway.sessions.begin() as session:
            taken_in += _take_in(session, gateway, one, moment)
    with gateway.sessions.begin() as session:
        session.add(Reconciliation(since=since, until=until, listed=len(listed), taken_in=taken_in))
    if taken_in:
        log.warning("messages had not reached us and came in late", count=taken_in)
    return Reconciled(len(listed), taken_in)


def sent_late(message: Message) -> datetime | None:
    """When a message was written that came in by reconciliation and too late for the bot; None for every other."""
    written = json.loads(message.extra or "{}").get("late")
    return datetime.fromisoformat(written) if written else None


def last(session: Session, *, successful: bool = False, before: datetime | None = None) -> Reconciliation | None:
    """The newest comparison, or the newest that did not fail, or the newest whose span had ended by a moment."""
    query = select(Reconciliation).order_by(Reconciliation.at.desc()).limit(1)
    if before is not None:
        query = query.where(Reconciliation.until <= before)
    return session.scalars(query.where(Reconciliation.failure.is_(None)) if successful else query).first()


def _since(session: Session, moment: datetime) -> datetime:
    # A clock that ran ahead for a while left a span that ends in the future: nothing is known of what came since.
    before = last(session, successful=True, before=moment)
    if before is None:
        return moment - FIRST_LOOK
    return max(before.until - OVERLAP, moment - LONGEST_LOOK)


def _ours(session: Session, gateway: Gateway) -> set[str]:
    """Our numbers as Twilio writes them: another application of the same account has its own, and its messages are none of ours."""
    if gateway.settings.numbers:
        return set(gateway.settings.numbers)
    known = session.execute(select(Conversation.channel, Conversation.our_address).distinct())
    return {f"whatsapp:{address}" if channel == "whatsapp" else address for channel, address in known}


def _take_in(session: Session, gateway: Gateway, one: Listed, moment: datetime) -> bool:
    if session.execute(select(Message.id).where(Message.provider_sid == one.sid)).first():
        return False
    try:
        arrival = _arrival(one, late=moment - one.sent_at >= LATE)
    except Unusable as fault:
        log.warning("a listed message cannot be used", reason=fault.reason)
        return False
    return store(session, arrival, gateway.settings) is not None


def _arrival(one: Listed, *, late: bool) -> Arrival:
    """The listed message as its webhook would have been read. Buttons and places are not in Twilio's list: their text is what is left."""
    extra: dict[str, object] = {"media": ["unknown"] * one.media} if one.media else {}
    arrival = Arrival(
        sid=one.sid,
        sender=parse_address(one.sender, role="from"),
        ours=parse_address(one.to, role="to"),
        kind="media" if one.media else "text" if one.body else "unknown",
        opt_out=None,  # our own lists of words read STOP and START when the turn comes
        body=one.body,
        extra=extra,
    )
    return replace(arrival, extra=extra | {"late": one.sent_at.isoformat()}) if late else arrival
