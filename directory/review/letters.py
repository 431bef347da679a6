"""The message that brings a focal point the link: neutral, in their language, with nothing confidential in it; and how it is sent."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from core.database import now
from core.logging import get_logger
from directory.models import Service
from directory.review.asking import link_of
from directory.review.models import FocalPoint, VerificationRequest
from directory.review.sending import Letter, SendError, Senders
from directory.review.words import focal_words

log = get_logger(__name__)


def letter(request: VerificationRequest, focal_point: FocalPoint, service: Service, *, base: str) -> Letter:
    """What the focal point gets. The name of a confidential service is not in it: others read over shoulders and in mailboxes."""
    words = focal_words(focal_point.language)
    link = link_of(request, base)
    kind = "reminder" if request.reminders else "first"
    if focal_point.channel == "sms":
        return Letter(focal_point.address or "", "", words.say(f"sms_{kind}", link=link), words.code)
    name = "" if service.is_confidential else service.name
    body = words.say("mail_body", name=name, link=link, date=words.date(request.expires_at.date()))
    if request.reminders:
        body = f"{words.say('mail_reminder')}\n\n{body}"
    return Letter(focal_point.address or "", words.say(f"mail_subject_{kind}"), body + "\n", words.code)


def deliver(session: Session, request_id: UUID, senders: Senders, *, base: str, at: datetime | None = None) -> None:
    """Send a request's letter, unless it was answered meanwhile. Raises SendError for what may work later; the rest is written down.

    A letter may be sent twice when a worker dies between sending and writing it down: twice the same link is better than none.
    """
    moment = at or now()
    request = session.get(VerificationRequest, request_id, with_for_update=True)
    if request is None or request.answered_at is not None or request.expires_at <= moment:
        return
    focal_point = session.get_one(FocalPoint, request.focal_point_id)
    service = session.get_one(Service, request.service_id)
    sender = senders.get(focal_point.channel)
    if sender is None or not focal_point.address:
        request.send_error = "no_sender"
        log.warning(
            "a focal point cannot be asked: no way to send", service=str(service.id), channel=focal_point.channel
        )
        return
    try:
        sender.send(letter(request, focal_point, service, base=base))
    except SendError as error:
        request.send_error = error.reason
        if error.again:
            raise
        log.warning("a focal point was not reached", service=str(service.id), reason=error.reason)
        return
    request.sent_at, request.send_error = moment, None
