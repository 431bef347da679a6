"""A reply that Twilio answered with an error of its own (500, 502, 503), or not at all: it may have taken the message over all the same.

Sending is not idempotent at Twilio: a request that is repeated is a second message. So the row is `uncertain`, which staff see, and
Twilio's own list decides: there, it was sent; not there after LISTED_AFTER, what was answered with an error is sent again. What comes
after it in its conversation waits behind it, so that replies reach the phone in their order.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select

from cases.models import Conversation
from core.database import now
from core.logging import get_logger
from gateway.addresses import Address
from gateway.errors import MaybeSent, ProviderError
from gateway.gateway import Gateway
from gateway.models import Message
from gateway.twilio_client import Accepted, Sent

log = get_logger(__name__)

ANSWERS = ("http_500", "http_502", "http_503")
"""Error codes of rows whose fate Twilio's list decides: not there, they are sent again."""
NO_ANSWER = MaybeSent.reason
"""Error code of rows that got no answer at all. They are looked for too, and what comes after them waits, or it could overtake a request
that is still on its way; but not there, they stay uncertain: such a request may arrive when nobody looks any more."""
LISTED_AFTER = timedelta(seconds=30)
"""Twilio's list may show a message later than it took it over."""
CLOCKS = timedelta(minutes=1)
"""By which Twilio's clock and ours may differ."""


class Unsettled(Exception):  # noqa: N818
    """The list does not decide yet: ask again later."""


class Undecided(Exception):  # noqa: N818
    """The list does not decide, and will not: the row stays uncertain, and what comes after it waits no longer."""


def is_doubted(message: Message) -> bool:
    """Whether the list is asked about this row."""
    return message.state == "uncertain" and message.error_code in (*ANSWERS, NO_ANSWER) and message.provider_sid is None


@dataclass(frozen=True, slots=True)
class Question:
    """What the list is asked about. Its `repr` shows no content and no number."""

    tried: datetime
    to: str = field(repr=False)
    sender: str = field(repr=False)
    body: str = field(repr=False)


def question(conversation: Conversation, message: Message) -> Question:
    """What to ask about a doubted row."""
    return Question(
        message.handled_at or message.created_at,
        Address(conversation.channel, conversation.person.phone or "").for_twilio(),
        Address(conversation.channel, conversation.our_address).for_twilio(),
        _plain(message.body),
    )


def look(gateway: Gateway, asked: Question) -> Accepted | None:
    """What the list says: it was taken over (as which message), or (None) certainly not.

    Raises Unsettled and Undecided, and then nothing is repeated.
    """
    try:
        listed = gateway.provider.outbound(asked.to, asked.sender)
    except ProviderError as fault:
        raise Unsettled from fault
    unknown = _not_ours(gateway, [one for one in listed if one.created_at >= asked.tried - CLOCKS])
    same = [one for one in unknown if _plain(one.body).startswith(asked.body)]
    if same:
        return Accepted(same[0].sid, same[0].status, same[0].segments)
    if now() - asked.tried < LISTED_AFTER:
        raise Unsettled
    if unknown:
        # Something we do not know went to this person from our number: it may be this, in other words. Whoever waited for that to be
        # known kept everything that was said after it from the person, for as long as ten tries take.
        raise Undecided
    return None


def _not_ours(gateway: Gateway, listed: list[Sent]) -> list[Sent]:
    with gateway.sessions.begin() as session:
        known = set(
            session.scalars(select(Message.provider_sid).where(Message.provider_sid.in_([one.sid for one in listed])))
        )
    return [one for one in listed if one.sid not in known]


def _plain(text: str | None) -> str:
    return " ".join((text or "").split())
