"""The second factor: a code of six digits that changes every thirty seconds (TOTP, RFC 6238), and recovery codes for a lost phone.

The secret is encrypted; a code is taken once; a recovery code is kept as a keyed hash and taken once. Failures count as with passwords.
"""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from hmac import compare_digest
from uuid import UUID

import pyotp
import segno
from markupsafe import Markup
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from cases.models import User
from core.database import now
from core.encryption import cipher
from desk import attempts, audit
from desk.models import Passkey, RecoveryCode, SecondFactor, StaffSession

STEP = 30
"""Seconds for which a code holds (RFC 6238)."""
DRIFT = 1
"""Steps by which a phone's clock may be off, either way."""
RECOVERY_CODES = 10
RECOVERY_LENGTH = 12
_LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"
"""Nothing that reads like something else: 31 letters, 59 bits in twelve of them."""
ISSUER = "Waymark"


@dataclass(frozen=True, slots=True)
class Wrong:
    """The code was not taken; `wait` is how long to wait before the next try, if it was tried too often."""

    wait: timedelta = timedelta(0)


def begin_setup(session: Session, user: User) -> str:
    """A new secret, which counts once a code of it was shown; until then one that counts already goes on counting."""
    factor = _factor(session, user, lock=True)
    if factor is None:
        factor = SecondFactor(user_id=user.id)
        session.add(factor)
    factor.next_secret = pyotp.random_base32(32)
    session.flush()
    return factor.next_secret


def pending_secret(session: Session, user: User) -> str | None:
    """The secret that is being set up."""
    factor = _factor(session, user)
    return factor.next_secret if factor else None


def finish_setup(session: Session, current: StaffSession, code: str) -> list[str] | None:
    """Take the new secret if the code is its code: returns fresh recovery codes. Ends the user's other sessions."""
    user = current.user
    factor = _factor(session, user, lock=True)
    if factor is None or factor.next_secret is None:
        return None
    step = matching_step(factor.next_secret, code, last=-1)
    if step is None:
        return None
    factor.secret, factor.next_secret, factor.last_step = factor.next_secret, None, step
    user.second_factor_at = now()
    given(session, current)
    session.execute(delete(StaffSession).where(StaffSession.user_id == user.id, StaffSession.id != current.id))
    return new_recovery_codes(session, user)


def check(session: Session, user: User, code: str) -> Wrong | None:
    """Take a code of the app or a recovery code: None if it was right. Failures count in the caller's transaction, which must commit."""
    attempt = attempts.begin(session, str(user.id), purpose="second-factor")
    if attempt.wait > timedelta(0):
        return Wrong(attempt.wait)
    tidy = "".join(code.split()).replace("-", "").lower()
    if _take_code(session, user, tidy) or _take_recovery_code(session, user, tidy):
        attempts.succeeded(session, attempt)
        return None
    attempts.failed(session, attempt)
    audit.record(session, user, "second_factor_refused")
    return Wrong()


def given(session: Session, current: StaffSession) -> None:
    """The session's user has just shown the second factor."""
    current.second_factor_at = current.confirmed_at = now()
    session.flush()


def new_recovery_codes(session: Session, user: User) -> list[str]:
    """Ten codes, each for one sign-in without the phone. Those made before stop working."""
    session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
    codes = ["".join(secrets.choice(_LETTERS) for _ in range(RECOVERY_LENGTH)) for _ in range(RECOVERY_CODES)]
    session.add_all(
        RecoveryCode(user_id=user.id, code_hash=cipher().hash_keys.keep(*_bound(user.id, code))) for code in codes
    )
    session.flush()
    return [f"{code[:4]}-{code[4:8]}-{code[8:]}" for code in codes]


def recovery_codes_left(session: Session, user: User) -> int:
    """How many recovery codes have not been used."""
    unused = select(RecoveryCode.id).where(RecoveryCode.user_id == user.id, RecoveryCode.used_at.is_(None))
    return len(session.execute(unused).all())


def remove(session: Session, user: User) -> None:
    """Forget the second factor and the password: a one-time link is the only way in, so that a stolen password does not profit."""
    session.execute(delete(SecondFactor).where(SecondFactor.user_id == user.id))
    session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
    session.execute(delete(Passkey).where(Passkey.user_id == user.id))
    session.execute(delete(StaffSession).where(StaffSession.user_id == user.id))
    user.second_factor_at = None
    user.password_hash = None
    session.flush()


def picture(secret: str, name: str) -> Markup:
    """The QR code that an app reads, drawn here: the secret goes to no service that draws it."""
    uri = pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=ISSUER)
    # segno's own SVG: paths and numbers, nothing that anybody typed.
    return Markup(segno.make(uri, error="m", micro=False).svg_inline(scale=5, border=4, light="white"))  # noqa: S704


def readable(secret: str) -> str:
    """The secret in groups of four, for who types it."""
    return " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))


def matching_step(secret: str, code: str, *, last: int) -> int | None:
    """The time step that the code is of, unless it or a later one was used already."""
    totp = pyotp.TOTP(secret, interval=STEP)
    present = int(now().timestamp()) // STEP
    # All are compared, so that the time of an answer does not tell which was near.
    found = [
        step for step in range(present - DRIFT, present + DRIFT + 1)
        if compare_digest(totp.generate_otp(step).encode(), code.encode("utf-8", "surrogatepass"))
    ]  # fmt: skip
    return next((step for step in found if step > last), None)


def _take_code(session: Session, user: User, code: str) -> bool:
    factor = _factor(session, user, lock=True)
    if factor is None or factor.secret is None:
        return False
    step = matching_step(factor.secret, code, last=factor.last_step)
    if step is None:
        return False
    factor.last_step = step
    return True


def _take_recovery_code(session: Session, user: User, code: str) -> bool:
    found = session.execute(
        select(RecoveryCode)
        .where(
            RecoveryCode.user_id == user.id,
            RecoveryCode.code_hash.in_(cipher().hash_keys.forms(*_bound(user.id, code))),
        )
        .with_for_update()
    ).scalar_one_or_none()
    if found is None or found.used_at is not None:
        return False
    found.used_at = now()
    audit.record(session, user, "recovery_code_used")
    return True


def _factor(session: Session, user: User, *, lock: bool = False) -> SecondFactor | None:
    statement = select(SecondFactor).where(SecondFactor.user_id == user.id)
    if lock:
        # Two requests with one code: the second must see that it was used.
        statement = statement.with_for_update().execution_options(populate_existing=True)
    return session.execute(statement).scalar_one_or_none()


def _bound(user_id: UUID, code: str) -> tuple[str, str]:
    return f"{user_id} {code}", "recovery-code"
