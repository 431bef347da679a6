"""The letter that brings a focal point the link: neutral, nothing of the person in it, not even what is asked for; and how it is sent."""

from datetime import datetime
from uuid import UUID

import procrastinate
from procrastinate import RetryStrategy
from sqlalchemy.orm import Session

from cases.referrals.links import SEND, link_of
from cases.referrals.models import READABLE, Referral
from cases.referrals.words import partner_words
from core.database import Sessions, now
from core.jobs import UPKEEP
from core.logging import get_logger
from core.settings import Settings
from directory.review.models import FocalPoint
from directory.review.sending import Letter, SendError, Senders

log = get_logger(__name__)


def letter(referral: Referral, focal_point: FocalPoint, *, base: str) -> Letter:
    """What the focal point gets. Mailboxes and phones are read over shoulders: it says only that something waits, and until when."""
    words = partner_words(focal_point.language)
    link = link_of(referral, base)
    if focal_point.channel == "sms":
        return Letter(focal_point.address or "", "", words.say("sms", link=link), words.code)
    until = words.date(referral.expires_at.date()) if referral.expires_at else ""
    body = words.say("mail_body", link=link, date=until, reference=referral.reference)
    return Letter(focal_point.address or "", words.say("mail_subject"), body + "\n", words.code)


def deliver(
    session: Session, referral_id: UUID, link: int, senders: Senders, *, base: str, at: datetime | None = None
) -> None:
    """Send a referral's letter while its link lives. Raises SendError for what may work later; the rest is written down.

    A letter may be sent twice when a worker dies between sending and writing it down: twice the same link is better than none.
    """
    referral = session.get(Referral, referral_id)
    if referral is None or referral.link_number != link or referral.state not in READABLE:
        return
    if referral.expires_at is None or referral.expires_at <= (at or now()):
        return
    focal_point = session.get(FocalPoint, referral.focal_point_id) if referral.focal_point_id else None
    sender = senders.get(focal_point.channel) if focal_point and focal_point.is_active else None
    if focal_point is None or sender is None or not focal_point.address:
        referral.send_error = "no_sender"
        log.warning("a referral cannot be sent: no way to send", referral=str(referral.id))
        return
    try:
        sender.send(letter(referral, focal_point, base=base))
    except SendError as error:
        referral.send_error = error.reason
        if error.again:
            raise
        log.warning("a referral reached nobody", referral=str(referral.id), reason=error.reason)
        return
    referral.send_error = None


def add_tasks(app: procrastinate.App, sessions: Sessions, settings: Settings, senders: Senders) -> None:
    """Register the job with the worker's application."""

    @app.task(name=SEND, queue=UPKEEP, retry=RetryStrategy(max_attempts=8, exponential_wait=4))
    def send_referral(referral_id: str, link: int) -> None:
        failed: SendError | None = None
        with sessions.begin() as session:
            try:
                deliver(session, UUID(referral_id), link, senders, base=settings.public_base())
            except SendError as error:
                failed = error  # why is kept, although the job fails and is tried again
        if failed is not None:
            raise failed
