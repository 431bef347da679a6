"""Webhooks that were refused: counted, and kept encrypted for the case that the fault was ours (a token, an address)."""

import json
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from core.database import now
from core.logging import get_logger
from gateway.models import RejectedRequest

log = get_logger(__name__)

KEPT_BYTES = 32 * 1024
KEPT_PER_HOUR = 500
"""Anybody can send unsigned requests: beyond this many an hour they are only logged, or a stranger could fill the disk."""


KEPT_FOR = timedelta(days=30)
"""Long enough to notice a wrong token; they hold what people wrote, and nothing is kept without an end."""


@dataclass(frozen=True, slots=True)
class Request:
    """A webhook as it came. Its `repr` shows the path only."""

    path: str
    query: str = field(repr=False)
    body: bytes = field(repr=False)
    signature: str | None = field(repr=False)

    def dump(self) -> str:
        """As JSON, byte for byte."""
        body = self.body.decode("latin-1")
        return json.dumps({"path": self.path, "query": self.query, "body": body, "signature": self.signature})

    @classmethod
    def load(cls, text: str) -> "Request":
        """What `dump` wrote."""
        stored = json.loads(text)
        return cls(stored["path"], stored["query"], stored["body"].encode("latin-1"), stored["signature"])


def reject(session: Session, request: Request, reason: str) -> None:
    """Count a refused request and keep it. The caller commits."""
    log.warning("a request was refused", path=request.path, reason=reason)
    recent = select(func.count()).select_from(RejectedRequest).where(RejectedRequest.at > now() - timedelta(hours=1))
    if session.execute(recent).scalar_one() >= KEPT_PER_HOUR:
        return
    row = RejectedRequest(path=request.path, reason=reason)
    row.request = request.dump() if len(request.body) <= KEPT_BYTES else None
    session.add(row)
    session.flush()


def forget(session: Session) -> int:
    """Delete refused requests whose time is over; how many. The caller commits."""
    gone = session.execute(
        delete(RejectedRequest).where(RejectedRequest.at < now() - KEPT_FOR).returning(RejectedRequest.id)
    ).all()
    log.info("refused requests were deleted", count=len(gone))
    return len(gone)
