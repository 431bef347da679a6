"""Asking the focal point of an organization whether an entry still holds, by a link that works once, for a while, and only for that entry.

The link's secret (`core/links.py`) is made over the id of the request, so a reminder carries the same link without anybody having kept it.
Sending is a job; the request and the job are written together.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.database import now
from core.jobs import UPKEEP, defer
from core.links import Links, digest_of
from directory.errors import DeadLinkError, NoFocalPointError, UnknownEntryError
from directory.models import Metadata, Service
from directory.review.models import FocalPoint, VerificationRequest
from directory.review.policy import Policy

SEND = "directory.send_request"
_LINKS = Links("verification-link")


def focal_points(session: Session, service_id: UUID) -> list[FocalPoint]:
    """Whom to ask about an entry: those named for it, else those of the whole organization. Raises UnknownEntryError."""
    service = session.get(Service, service_id)
    if service is None:
        raise UnknownEntryError(service_id)
    found = session.scalars(
        select(FocalPoint)
        .where(FocalPoint.organization_id == service.organization_id, FocalPoint.is_active)
        .where((FocalPoint.service_id == service_id) | FocalPoint.service_id.is_(None))
        .order_by(FocalPoint.created_at, FocalPoint.id)
    ).all()
    return [one for one in found if one.service_id] or list(found)


def ask(session: Session, service_id: UUID, *, policy: Policy, at: datetime | None = None) -> list[VerificationRequest]:
    """Ask every focal point of an entry; one whose link still works is sent it again. Raises UnknownEntryError, NoFocalPointError."""
    moment = at or now()
    asked = []
    for focal_point in focal_points(session, service_id):
        request = session.scalars(
            select(VerificationRequest)
            .where(
                VerificationRequest.service_id == service_id,
                VerificationRequest.focal_point_id == focal_point.id,
                VerificationRequest.answered_at.is_(None),
                VerificationRequest.expires_at > moment,
            )
            .order_by(VerificationRequest.created_at.desc())
        ).first()
        if request is None:
            request = VerificationRequest(
                service_id=service_id,
                focal_point_id=focal_point.id,
                token_hash=b"",
                created_at=moment,
                expires_at=moment + timedelta(days=policy.link),
            )
            request.token_hash = digest_of(token_of(request))
            session.add(request)
            session.flush()
        send_later(session, request)
        asked.append(request)
    if not asked:
        raise NoFocalPointError(service_id)
    return asked


def send_later(session: Session, request: VerificationRequest) -> None:
    """Write the job that sends the link."""
    defer(session, SEND, queue=UPKEEP, request_id=str(request.id))


def unsent(session: Session, *, at: datetime | None = None) -> list[VerificationRequest]:
    """Requests that reached nobody, with the reason in `send_error`: their links have to be handed over by hand. Oldest first."""
    return list(
        session.scalars(
            select(VerificationRequest)
            .where(
                VerificationRequest.sent_at.is_(None),
                VerificationRequest.send_error.is_not(None),
                VerificationRequest.answered_at.is_(None),
                VerificationRequest.expires_at > (at or now()),
            )
            .order_by(VerificationRequest.created_at)
        )
    )


def hand_over(session: Session, request: VerificationRequest, *, base: str, by: str, at: datetime | None = None) -> str:
    """The link, for a colleague who gives it to the focal point. Whoever sees it could answer in their name: the history says who did."""
    session.add(
        Metadata(
            resource_type="verification_request", resource_id=request.id, service_id=request.service_id,
            last_action_date=at or now(), last_action_type="update", field_name="verification_link",
            replacement_value="handed over", updated_by=by, source="form",
        )
    )  # fmt: skip
    session.flush()
    return link_of(request, base)


def link_of(request: VerificationRequest, base: str) -> str:
    """The address that the focal point opens. `base`: `Settings.public_base()`. Raises DeadLinkError when no key makes it any more."""
    token = token_of(request)
    if digest_of(token) != request.token_hash:
        raise DeadLinkError
    return f"{base}/confirm/{token}"


def token_of(request: VerificationRequest) -> str:
    """The secret of a request's link: the one that is out, whichever key made it, else a new one."""
    return _LINKS.token(str(request.id), request.token_hash)


def older_links(session: Session) -> int:
    """How many links that can still be opened the key that writes now does not make: without the older one no reminder repeats them."""
    live = select(VerificationRequest).where(
        VerificationRequest.answered_at.is_(None), VerificationRequest.expires_at > now()
    )
    return sum(_LINKS.is_older(str(one.id), one.token_hash) for one in session.scalars(live))
