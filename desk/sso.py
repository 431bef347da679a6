"""Single sign-on by OpenID Connect: the code flow with PKCE. What comes back is checked before anybody is somebody.

Signature by the provider's keys (never one the token names itself), issuer, audience, time, the nonce of this attempt, the state of this
browser. The provider says who somebody is, never what they may do, and takes the place of the password only: a second factor is asked for.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import httpx
from authlib.common.errors import AuthlibBaseError  # type: ignore[import-untyped]
from authlib.oauth2.rfc7636 import create_s256_code_challenge  # type: ignore[import-untyped]
from authlib.oidc.core import CodeIDToken  # type: ignore[import-untyped]
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from cases.models import User
from core.database import now
from core.logging import get_logger
from core.settings import Settings
from desk.models import SsoAttempt, StaffIdentity

log = get_logger(__name__)

HOLDS = timedelta(minutes=10)
LEEWAY = 30
"""Seconds by which two clocks may differ."""
ALGORITHMS = ("RS256", "ES256", "PS256", "EdDSA")
"""Signatures with a key of the provider. None with a shared secret, and not "none"."""
BACK = "/desk/sso/back"


class SsoError(Exception):
    """The provider cannot be reached, or its answer proves nothing. The text is for the log and holds nothing of anybody."""


@dataclass(frozen=True, slots=True)
class Way:
    """Where to send the browser, and the state that it brings back in its cookie."""

    url: str
    state: str


class Provider:
    """The provider of the settings; `transport` stands in for the network in tests."""

    def __init__(self, settings: Settings, transport: httpx.BaseTransport | None = None) -> None:
        self._settings = settings
        self._transport = transport

    def begin(self, session: Session, *, session_id: UUID | None = None) -> Way:
        """The way there. Raises SsoError."""
        issuer, client = self._settings.oidc_issuer, self._settings.oidc_client_id
        if issuer is None:
            raise SsoError("not set up")
        known = self._discover(issuer)
        state, nonce, verifier = (secrets.token_urlsafe(48) for _ in range(3))
        session.execute(delete(SsoAttempt).where(SsoAttempt.created_at < now() - HOLDS))
        session.add(SsoAttempt(state_hash=_hash(state), nonce=nonce, verifier=verifier, session_id=session_id))
        session.flush()
        asked = {
            "response_type": "code", "client_id": client, "redirect_uri": self._back(), "scope": "openid", "state": state,
            "nonce": nonce, "code_challenge": create_s256_code_challenge(verifier), "code_challenge_method": "S256",
        }  # fmt: skip
        return Way(f"{known['authorization_endpoint']}?{urlencode(asked)}", state)

    def finish(self, attempt: SsoAttempt, code: str) -> str:
        """Who came back: the provider's name for them (`sub`). Raises SsoError."""
        issuer = self._settings.oidc_issuer or ""
        secret = self._settings.oidc_client_secret
        known = self._discover(issuer)
        form = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": self._back(), "code_verifier": attempt.verifier,
            "client_id": self._settings.oidc_client_id or "", "client_secret": secret.get_secret_value() if secret else "",
        }  # fmt: skip
        told = self._json("POST", known["token_endpoint"], data=form)
        keys = self._json("GET", known["jwks_uri"])
        try:
            token = jwt.decode(str(told["id_token"]), KeySet.import_key_set(keys), algorithms=list(ALGORITHMS))  # type: ignore[arg-type]  # what is no set of keys is refused
            claims = CodeIDToken(
                token.claims, token.header,
                options={"iss": {"essential": True, "value": issuer}, "aud": {"essential": True, "value": self._settings.oidc_client_id},
                         "nonce": {"essential": True, "value": attempt.nonce}},
                params={"nonce": attempt.nonce, "client_id": self._settings.oidc_client_id},
            )  # fmt: skip
            claims.validate(leeway=LEEWAY)
            subject = claims["sub"]
        except (JoseError, AuthlibBaseError, KeyError, TypeError, ValueError) as error:
            raise SsoError(type(error).__name__) from None
        if not isinstance(subject, str) or not subject:
            raise SsoError("nobody is named")
        return subject

    def _discover(self, issuer: str) -> dict[str, Any]:
        known = self._json("GET", f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        # One provider must not answer in the name of another.
        if known.get("issuer") != issuer:
            raise SsoError("another issuer answers")
        if not all(
            isinstance(known.get(name), str) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")
        ):
            raise SsoError("an address is missing")
        return known

    def _json(self, method: str, url: str, **options: Any) -> dict[str, Any]:
        try:
            with httpx.Client(timeout=10, trust_env=False, transport=self._transport) as client:
                answer = client.request(method, url, **options)
                answer.raise_for_status()
                read = answer.json()
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise SsoError(type(error).__name__) from None
        if not isinstance(read, dict):
            raise SsoError("no object")
        return read

    def _back(self) -> str:
        return f"{self._settings.public_base()}{BACK}"


def take(session: Session, state: str) -> SsoAttempt | None:
    """The attempt of a state, once, while it holds."""
    found = session.execute(
        select(SsoAttempt).where(SsoAttempt.state_hash == _hash(state)).with_for_update()
    ).scalar_one_or_none()
    if found is None:
        return None
    session.delete(found)
    session.flush()
    return found if now() - found.created_at <= HOLDS else None


def user_of(session: Session, issuer: str, subject: str) -> User | None:
    """The active user who connected this name."""
    return session.execute(
        select(User)
        .join(StaffIdentity, StaffIdentity.user_id == User.id)
        .where(StaffIdentity.issuer == issuer, StaffIdentity.subject == subject, User.active)
    ).scalar_one_or_none()


def connect(session: Session, user: User, issuer: str, subject: str) -> bool:
    """Note who a user is at the provider, instead of whom they were; False: somebody else is that already."""
    other = session.execute(
        select(StaffIdentity).where(StaffIdentity.issuer == issuer, StaffIdentity.subject == subject)
    ).scalar_one_or_none()
    if other is not None:
        return other.user_id == user.id
    session.execute(delete(StaffIdentity).where(StaffIdentity.user_id == user.id))
    session.add(StaffIdentity(user_id=user.id, issuer=issuer, subject=subject))
    session.flush()
    return True


def _hash(state: str) -> bytes:
    return hashlib.sha256(state.encode("utf-8", "surrogatepass")).digest()
