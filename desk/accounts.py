"""Staff accounts: making them, one-time links, passwords, signing in and out. Secrets leave this module once and are stored as hashes."""

import hashlib
import secrets
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Select, delete, func, select, update
from sqlalchemy.orm import Session

from cases.models import ROLES, User
from cases.teams import default_team, set_teams
from core.database import now
from desk import attempts, audit
from desk.errors import AccountError
from desk.models import AuditEntry, SignInLink, StaffSession
from desk.passwords import check_password, hash_password, is_outdated

__all__ = ["AccountError", "create_sign_in_link", "create_user", "sign_in", "use_link"]


TOUCH = timedelta(minutes=1)
REFUSALS_AN_HOUR = 20
"""Lines of the audit log about refused sign-ins with one name."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new session; `token` goes into the cookie and exists nowhere else."""

    user: User
    token: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Name or password are wrong, or it was tried too often: then `wait` is how long to wait."""

    wait: timedelta | None = None


def create_user(session: Session, name: str, *roles: str, teams: Iterable[UUID] | None = None) -> User:
    """Make an account without a password, in these teams or in the default one.

    Raises AccountError for a name that is taken, a role that does not exist, or no role.
    """
    name = _tidy(name)
    if not 1 < len(name) <= 64:
        raise AccountError("a name has 2 to 64 characters", "people_name_length")
    if not roles or not set(roles) <= set(ROLES):
        raise AccountError(f"roles are one or more of {', '.join(ROLES)}", "people_no_role")
    if _find(session, name) is not None:
        raise AccountError("there is an account of this name already", "people_name_taken")
    user = User(name=name, roles=in_order(roles))
    session.add(user)
    session.flush()
    set_teams(session, user.id, [default_team(session).id] if teams is None else teams)
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


def use_link(session: Session, token: str, *, lifetime: timedelta, browser: str = "") -> SignedIn | None:
    """Sign in by a one-time link, once; None when it was used, has expired or never was."""
    link = session.execute(_valid_link(token).with_for_update(of=SignInLink)).scalar_one_or_none()
    if link is None:
        return None
    link.used_at = now()
    audit.record(session, link.user, "signed_in_by_link")
    return _open_session(session, link.user, lifetime, by_link=True, browser=browser)


def sign_in(
    session: Session, name: str, password: str, *, lifetime: timedelta, browser: str = ""
) -> SignedIn | Refused:
    """Sign in with name and password. A failure is counted in the caller's transaction, which must therefore commit."""
    tidy = _tidy(name)
    attempt = attempts.begin(session, tidy)
    if attempt.wait > timedelta(0):
        return Refused(wait=attempt.wait)
    user = _find(session, tidy)
    usable = user.password_hash if user is not None and user.active else None
    if not check_password(password, usable) or user is None or usable is None:
        attempts.failed(session, attempt)
        # The name is not kept: people type passwords into the wrong field.
        _record_refusal(session, user)
        return Refused()
    attempts.succeeded(session, attempt)
    audit.record(session, user, "signed_in")
    if is_outdated(usable):
        user.password_hash = hash_password(password)
    return _open_session(session, user, lifetime, by_link=False, browser=browser)


def _record_refusal(session: Session, user: User | None) -> None:
    """So many lines an hour for each account, and for all names that are none; then one that says that there were more.

    Whoever tries without end would else fill the log and the disk, and bury what the auditor looks for.
    """
    subject = str(user.id) if user else ""
    lately = select(func.count()).where(
        AuditEntry.action.in_(("sign_in_refused", "sign_in_refused_many")),
        AuditEntry.subject_id == subject,
        AuditEntry.at > now() - timedelta(hours=1),
    )
    before = session.execute(lately).scalar_one()
    if before < REFUSALS_AN_HOUR:
        audit.record(session, None, "sign_in_refused", kind="user", subject=subject or None)
    elif before == REFUSALS_AN_HOUR:
        audit.record(session, None, "sign_in_refused_many", kind="user", subject=subject or None)


def sign_in_by_identity(session: Session, user: User, *, lifetime: timedelta, browser: str = "") -> SignedIn:
    """Sign in somebody whom the provider of single sign-on has named. A second factor of the desk is still asked for."""
    audit.record(session, user, "signed_in_by_sso")
    return _open_session(session, user, lifetime, by_link=False, browser=browser)


def find_session(session: Session, token: str, *, idle: timedelta) -> StaffSession | None:
    """The session of a cookie, if it still holds, was used within `idle`, and the account is active."""
    at = now()
    return session.execute(
        select(StaffSession)
        .join(StaffSession.user)
        .where(
            StaffSession.token_hash == _hash(token),
            StaffSession.expires_at > at,
            StaffSession.last_seen_at > at - idle,
            User.active,
        )
    ).scalar_one_or_none()


def touch(session: Session, current: StaffSession) -> None:
    """The user did something. Once a minute is exact enough, and spares every page a write."""
    if now() - current.last_seen_at > TOUCH:
        current.last_seen_at = now()
        session.flush()


def set_password(session: Session, current: StaffSession, password: str) -> None:
    """Set the password of the session's user and sign out everybody else who uses the account."""
    current.user.password_hash = hash_password(password)
    current.by_link = False
    current.confirmed_at = now()
    end_other_sessions(session, current)
    session.flush()


def confirm(session: Session, current: StaffSession) -> None:
    """The session's user has just shown who they are."""
    current.confirmed_at = now()
    session.flush()


def renew(session: Session, current: StaffSession) -> str:
    """A new token for the session: who knew it before the second factor was given has nothing now."""
    token = secrets.token_urlsafe(32)
    current.token_hash = _hash(token)
    session.flush()
    return token


def sessions_of(session: Session, user: User, *, idle: timedelta) -> list[StaffSession]:
    """The user's sessions that still hold, the last used first."""
    at = now()
    return list(
        session.execute(
            select(StaffSession)
            .where(StaffSession.user_id == user.id, StaffSession.expires_at > at, StaffSession.last_seen_at > at - idle)
            .order_by(StaffSession.last_seen_at.desc())
        ).scalars()
    )


def end_session(session: Session, user: User, session_id: UUID) -> None:
    """End one of the user's own sessions; one of somebody else's is none of theirs."""
    session.execute(delete(StaffSession).where(StaffSession.id == session_id, StaffSession.user_id == user.id))


def end_other_sessions(session: Session, current: StaffSession) -> None:
    """Sign the user out everywhere but here."""
    session.execute(delete(StaffSession).where(StaffSession.user_id == current.user_id, StaffSession.id != current.id))


def sign_out(session: Session, token: str) -> None:
    """End the session of a cookie."""
    ended = session.execute(select(StaffSession).where(StaffSession.token_hash == _hash(token))).scalar_one_or_none()
    if ended is not None:
        audit.record(session, ended.user, "signed_out")
        session.delete(ended)


def _open_session(session: Session, user: User, lifetime: timedelta, *, by_link: bool, browser: str) -> SignedIn:
    token = secrets.token_urlsafe(32)
    at: datetime = now()
    session.execute(delete(StaffSession).where(StaffSession.expires_at <= at))
    session.add(
        StaffSession(
            user_id=user.id, token_hash=_hash(token), by_link=by_link, browser=browser, expires_at=at + lifetime
        )
    )
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
