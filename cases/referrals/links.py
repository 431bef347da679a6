"""The link by which a partner's focal point reads and answers one referral: signed, for a while, without an account.

It holds no data of anybody: a secret (`core/links.py`) over the referral's id and the number of the link.
"""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from cases.errors import DeadLink
from cases.models import Consent
from cases.ownership import lock_conversation
from cases.referrals import content
from cases.referrals.models import READABLE, Referral
from core.database import now
from core.jobs import UPKEEP, defer
from core.links import Links, digest_of

SEND = "cases.send_referral"
_LINKS = Links("referral-link")


@dataclass(frozen=True, slots=True)
class Told:
    """One line that the partner reads: a field's name and its text."""

    name: str
    text: str = field(repr=False)


def new_link(session: Session, referral: Referral, focal_point: UUID | None) -> None:
    """Give it a new link, by which an older one dies, and write the job that sends it where a focal point is known."""
    referral.link_number += 1
    referral.focal_point_id = focal_point
    referral.token_hash = digest_of(token_of(referral))
    session.flush()
    if focal_point is not None:
        defer(session, SEND, queue=UPKEEP, referral_id=str(referral.id), link=referral.link_number)


def token_of(referral: Referral) -> str:
    """The secret of its link: the one that is out, whichever key made it, else a new one."""
    return _LINKS.token(_bound(referral), referral.token_hash)


def _bound(referral: Referral) -> str:
    return f"{referral.id}:{referral.link_number}"


def link_of(referral: Referral, base: str) -> str:
    """The address that the focal point opens. `base`: `Settings.public_base()`. Raises DeadLink when no key makes it any more."""
    token = token_of(referral)
    if digest_of(token) != referral.token_hash:
        raise DeadLink
    return f"{base}/referral/{token}"


def older_links(session: Session) -> int:
    """How many links that can still be opened the key that writes now does not make: without the older one no letter repeats them."""
    live = select(Referral).where(
        Referral.state.in_(READABLE), Referral.token_hash.is_not(None), Referral.expires_at > now()
    )
    return sum(_LINKS.is_older(_bound(one), one.token_hash) for one in session.scalars(live))


def open_link(session: Session, token: str, *, at: datetime | None = None) -> Referral:
    """The referral behind a link, locked with its conversation. Raises DeadLink for whatever cannot be read now.

    State, time and consent are looked at after the locks: what was taken back while this waited is not read.
    """
    found = session.execute(
        select(Referral.id, Referral.conversation_id).where(Referral.token_hash == digest_of(token))
    ).one_or_none()
    if found is None:
        raise DeadLink
    lock_conversation(session, found.conversation_id)
    referral = session.get_one(Referral, found.id, with_for_update=True, populate_existing=True)
    consent = session.get(Consent, referral.consent_id) if referral.consent_id else None
    readable = referral.state in READABLE and referral.token_hash == digest_of(token)
    if not readable or referral.expires_at is None or referral.expires_at <= (at or now()):
        raise DeadLink
    if consent is None or not consent.given:
        raise DeadLink
    return referral


def lines(referral: Referral) -> list[Told]:
    """What the partner reads, with the numbers as they are known now. A number that is kept no more is left out."""
    told = []
    for one in content.read(referral.content):
        is_number = one.name in content.NUMBERS
        text = content.number_of(one.name, referral.conversation) if is_number else one.value
        if text:
            told.append(Told(one.name, text))
    return told
