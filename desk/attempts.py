"""How often signing in with a name has failed, and how long to wait before the next try. Passwords cannot be guessed by trying many."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core.database import now
from core.encryption import cipher
from desk.models import SignInFailure

FREE_FAILURES = 3
"""Mistyping is human: the wait begins after these."""
LONGEST_WAIT = timedelta(minutes=5)
"""Longer would let anybody lock a caseworker out for a whole shift."""
FORGET_FAILURES = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try with one name; `wait` is zero when it may be made."""

    name_hash: bytes
    wait: timedelta = timedelta(0)


def begin(session: Session, name: str, *, purpose: str = "sign-in") -> Attempt:
    """Begin a try, counted by name and purpose. One at a time per name: parallel guesses would all be made before the first was counted."""
    name_hash = cipher().find_hash(name.casefold(), purpose=purpose)
    key = int.from_bytes(name_hash[:8], "big", signed=True)
    if not session.execute(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": key}).scalar_one():
        return Attempt(name_hash, wait=timedelta(seconds=1))
    failure = session.get(SignInFailure, name_hash)
    if failure is None:
        return Attempt(name_hash)
    return Attempt(name_hash, wait=max(timedelta(0), failure.last_at + delay_after(failure.count) - now()))


def failed(session: Session, attempt: Attempt) -> None:
    """Count a failure, and forget those of yesterday."""
    at = now()
    session.execute(delete(SignInFailure).where(SignInFailure.last_at < at - FORGET_FAILURES))
    statement = insert(SignInFailure).values(name_hash=attempt.name_hash, count=1, last_at=at)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=[SignInFailure.name_hash], set_={"count": SignInFailure.count + 1, "last_at": at}
        )
    )


def succeeded(session: Session, attempt: Attempt) -> None:
    """Forget the failures of a name."""
    session.execute(delete(SignInFailure).where(SignInFailure.name_hash == attempt.name_hash))


def delay_after(failures: int) -> timedelta:
    """How long to wait after so many failures in a row: 1, 2, 4 … seconds, at most five minutes."""
    if failures < FREE_FAILURES:
        return timedelta(0)
    return min(LONGEST_WAIT, timedelta(seconds=2 ** min(failures - FREE_FAILURES, 16)))
