"""Takes in what was refused when the fault was ours: a token or PUBLIC_URL was wrong, and is right now."""

from typing import NamedTuple

from sqlalchemy import select

from core.database import now
from core.logging import get_logger
from gateway.form import Form
from gateway.gateway import Gateway
from gateway.models import RejectedRequest
from gateway.rejected import Request
from gateway.signature import SignatureCheck
from gateway.webhooks import take_in

log = get_logger(__name__)

SIGNATURE_FAULTS = ("missing_signature", "wrong_signature")
"""Only these can be our fault; a signed request that cannot be used stays so."""


class Replayed(NamedTuple):
    """How many requests were taken in, and how many are still refused."""

    taken_in: int
    refused: int


def replay_rejected(gateway: Gateway) -> Replayed:
    """Check every refused request again, with the settings of now, and take in those that are valid, oldest first.

    A request is taken in at most once, and a message that came again by itself in the meantime is not stored twice.
    """
    check = SignatureCheck(gateway.settings)
    taken_in = refused = 0
    with gateway.sessions.begin() as session:
        waiting = session.execute(
            select(RejectedRequest.id)
            .where(RejectedRequest.replayed_at.is_(None), RejectedRequest.reason.in_(SIGNATURE_FAULTS))
            .order_by(RejectedRequest.at)
        ).scalars().all()  # fmt: skip
    for row_id in waiting:
        with gateway.sessions.begin() as session:
            row = session.get(RejectedRequest, row_id, with_for_update=True)
            if row is None or row.replayed_at is not None or row.request is None:
                refused += 1
                continue
            request = Request.load(row.request)
            form = Form.parse(request.body)
            if check.check(request.path, request.query, form, request.signature) != "valid":
                refused += 1
                continue
            outcome = take_in(session, request, form, gateway.settings)
            row.replayed_at = now()
            taken_in += 1
            log.info("a refused request was taken in", path=request.path, reason=outcome)
    return Replayed(taken_in, refused)
