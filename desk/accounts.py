"""Staff accounts: making them, one-time links, passwords, signing in and out. Secrets leave this module once and are stored as hashes."""

import hashlib
import secrets
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, delete, func, select, update
from sqlalchemy.orm import Session

from cases.models import ROLES, User
from core.database import now
from desk import attempts
from desk.errors import AccountError
from desk.models import SignInLink, StaffSession
from desk.passwords import check_password, hash_password, is_outdated

__all__ = ["AccountError", "create_sign_in_link", "create_user", "sign_in", "use_link"]


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new session; `token` goes into the cookie and exists nowhere else."""

    user: User
    token: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Name or password are wrong, or it was tried too often: then `wait` is how long to wait."""

    wait: timedelta | None = None


def create_user(session: Session, name: str, *roles: str) -> User:
    """Make an account without a password. Raises AccountError for a name that is taken, a role that does not exist, or no role."""
    name = _tidy(name)
    if not 1 < len(name) <= 64:
        raise AccountError("a name has 2 to 64 characters")
    if not roles or not set(roles) <= set(ROLES):
        raise AccountError(f"roles are one or more of {', '.join(ROLES)}")
    if _find(session, name) is not None:
        raise AccountError("there is an account of this name already")
    user = User(name=name, roles=in_order(roles))
    session.add(user)
    session.flush()
    return user


def in_order(roles: Iterable[str]) -> list[str]:
    """Roles as they are stored: each once, in the order of ROLES."""
    return [role for role in ROLES if role in set(roles)]


def create_sign_in_link(session: Session, user: User, *, lifetime: timedelta = timedelta(hours=24)) -> str:
    """A token that signs the user in once. Links given out before no longer work."""
    session.execute(
        update(SignInLink).where(SignInLink.user_id == user.id, SignInLink.used_at.is_(None)).values(used_at=now())
    )
    token = secrets.token_urlsafe(32)
    session.add(SignInLink(user_id=user.id, token_hash=_hash(token), expires_at=now() + lifetime))
    session.flush()
    return token


def link_holds(session: Session, token: str) -> bool:
    """Whether the link would sign somebody in now. Looking does not use it up: previews of links look."""
    return session.execute(_valid_link(token)).first() is not None


def use_link(session: Session, token: str, *, lifetime: timedelta) -> SignedIn | None:
    """Sign in by a one-time link, once; None when it was used, has expired or never was."""
    link = session.execute(_valid_link(token).with_for_update(of=SignInLink)).scalar_one_or_none()
    if link is None:
        return None
    link.used_at = now()
    return _open_session(session, link.user, lifetime, by_link=True)


def sign_in(session: Session, name: str, password: str, *, lifetime: timedelta) -> SignedIn | Refused:
    """Sign in with name and password. A failure is counted in the caller's transaction, which must therefore commit."""
    tidy = _tidy(name)
    attempt = attempts.begin(session, tidy)
    if attempt.wait > timedelta(0):
        return Refused(wait=attempt.wait)
    user = _find(session, tidy)
    usable = user.password_hash if user is not None and user.active else None
    if not check_password(password, usable) or user is None or usable is None:
        attempts.failed(session, attempt)
        return Refused()
    attempts.succeeded(session, attempt)
    if is_outdated(usable):
        user.password_hash = hash_password(password)
    return _open_session(session, user, lifetime, by_link=False)


def find_session(session: Session, token: str) -> StaffSession | None:
    """The session of a cookie, if it still holds and the account is active."""
    return session.execute(
        select(StaffSession)
        .join(StaffSession.user)
        .where(StaffSession.token_hash == _hash(token), StaffSession.expires_at > now(), User.active)
    ).scalar_one_or_none()


def set_password(session: Session, current: StaffSession, password: str) -> None:
    """Set the password of the session's user and sign out everybody else who uses the account."""
    current.user.password_hash = hash_password(password)
    current.by_link = False
    session.execute(delete(StaffSession).where(StaffSession.user_id == current.user_id, StaffSession.id != current.id))
    session.flush()


def sign_out(session: Session, token: str) -> None:
    """End the session of a cookie."""
    session.execute(delete(StaffSession).where(StaffSession.token_hash == _hash(token)))


def _open_session(session: Session, user: User, lifetime: timedelta, *, by_link: bool) -> SignedIn:
    token = secrets.token_urlsafe(32)
    at: datetime = now()
    session.execute(delete(StaffSession).where(StaffSession.expires_at <= at))
    session.add(StaffSession(user_id=user.id, token_hash=_hash(token), by_link=by_link, expires_at=at + lifetime))
    session.flush()
    return SignedIn(user, token)


def _valid_link(token: str) -> Select[SignInLink]:
    return (
        select(SignInLink)
        .join(SignInLink.user)
        .where(
            SignInLink.token_hash == _hash(token),
            SignInLink.used_at.is_(None),
            SignInLink.expires_at > now(),
            User.active,
        )
    )


def _find(session: Session, name: str) -> User | None:
    return session.execute(select(User).where(func.lower(User.name) == name.lower()).limit(1)).scalar_one_or_none()


def _tidy(name: str) -> str:
    return " ".join(unicodedata.normalize("NFC", name).split())


def _hash(token: str) -> bytes:
    # A token has 256 random bits: a plain hash cannot be guessed back, and a slow one would only slow every page.
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
