"""Tells an address outside the case team that a complaint waits: that it does, and no word of it. Mail is read by others too."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from cases.models import Complaint
from cases.referrals.words import partner_words
from core.database import now
from core.logging import get_logger
from core.settings import Settings
from directory.review.sending import Letter, SendError, Senders

log = get_logger(__name__)

BATCH = 20


def tell(session: Session, settings: Settings, senders: Senders, at: datetime | None = None) -> int:
    """One letter for each complaint that nobody has read and that was not told of yet; how many. What fails is tried at the next run."""
    sender = senders.get("email")
    if settings.complaints_address is None or sender is None:
        return 0
    new = session.scalars(
        select(Complaint)
        .where(Complaint.noticed_at.is_(None), Complaint.read_at.is_(None), Complaint.closed_at.is_(None))
        .order_by(Complaint.created_at)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    ).all()
    words = partner_words(settings.languages[0])
    told = 0
    for complaint in new:
        body = words.say("complaint_mail_body", reference=complaint.reference)
        letter = Letter(settings.complaints_address, words.say("complaint_mail_subject"), body + "\n", words.code)
        try:
            sender.send(letter)
        except SendError as error:
            log.warning("the reader of complaints was not told", complaint=str(complaint.id), reason=error.reason)
            break
        complaint.noticed_at = at or now()
        told += 1
    return told
