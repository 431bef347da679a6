"""Passkeys as second factor (WebAuthn), beside the codes of an app: a false page that looks like the desk gets nothing from them.

A challenge belongs to one session, holds for minutes and is taken once. What a browser sends is checked by the package webauthn.
"""

import json
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import base64url_to_bytes
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from cases.models import User
from core.database import now
from core.settings import Settings
from desk import attempts, audit
from desk.factors import ISSUER, Wrong
from desk.models import Passkey, StaffSession

CHALLENGE_HOLDS = timedelta(minutes=5)
MOST = 10
"""Keys of one account."""
_BROKEN = (WebAuthnException, ValueError, KeyError, TypeError)
"""What a browser's answer can be besides right: it is untrusted text."""


def passkeys_of(session: Session, user: User) -> list[Passkey]:
    """The user's keys, the oldest first."""
    return list(
        session.execute(select(Passkey).where(Passkey.user_id == user.id).order_by(Passkey.created_at)).scalars()
    )


def begin_adding(session: Session, current: StaffSession, settings: Settings) -> str:
    """What the browser needs to make a key, as JSON."""
    user = current.user
    options = generate_registration_options(
        rp_id=_host(settings), rp_name=ISSUER, user_id=user.id.bytes, user_name=user.name,
        exclude_credentials=_described(session, user),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.DISCOURAGED, user_verification=UserVerificationRequirement.PREFERRED
        ),
    )  # fmt: skip
    return _challenge(session, current, options.challenge, options_to_json(options))


def finish_adding(session: Session, current: StaffSession, settings: Settings, answer: str, name: str) -> bool:
    """Keep the key that the browser made for the session's challenge; whether it was one."""
    challenge = _take(session, current)
    if challenge is None or len(passkeys_of(session, current.user)) >= MOST:
        return False
    try:
        made = verify_registration_response(
            credential=json.loads(answer), expected_challenge=challenge, expected_rp_id=_host(settings),
            expected_origin=settings.public_base(),
        )  # fmt: skip
    except _BROKEN:
        return False
    known = session.execute(select(Passkey.id).where(Passkey.credential_id == made.credential_id)).first()
    if known is not None:
        return False
    session.add(
        Passkey(
            user_id=current.user_id, credential_id=made.credential_id, public_key=made.credential_public_key,
            sign_count=made.sign_count, name=" ".join(name.split())[:40] or ISSUER,
        )
    )  # fmt: skip
    session.flush()
    return True


def begin_showing(session: Session, current: StaffSession, settings: Settings) -> str | None:
    """What the browser needs to use one of the user's keys, as JSON; None: there is none."""
    known = _described(session, current.user)
    if not known:
        return None
    options = generate_authentication_options(
        rp_id=_host(settings), allow_credentials=known, user_verification=UserVerificationRequirement.PREFERRED
    )
    return _challenge(session, current, options.challenge, options_to_json(options))


def check(session: Session, current: StaffSession, settings: Settings, answer: str) -> Wrong | None:
    """Take the browser's answer to the session's challenge: None if a key of the user gave it. Failures count as those of codes do."""
    attempt = attempts.begin(session, str(current.user_id), purpose="second-factor")
    if attempt.wait > timedelta(0):
        return Wrong(attempt.wait)
    challenge = _take(session, current)
    if challenge is not None and _shown(session, current.user, settings, challenge, answer):
        attempts.succeeded(session, attempt)
        return None
    attempts.failed(session, attempt)
    audit.record(session, current.user, "second_factor_refused")
    return Wrong()


def remove(session: Session, user: User, passkey_id: UUID) -> None:
    """Forget one of the user's own keys; one of somebody else's is none of theirs."""
    session.execute(delete(Passkey).where(Passkey.id == passkey_id, Passkey.user_id == user.id))


def _shown(session: Session, user: User, settings: Settings, challenge: bytes, answer: str) -> bool:
    try:
        told: dict[str, Any] = json.loads(answer)
        # The user's own key, locked: a copy that is used at the same moment must see the new count.
        key = session.execute(
            select(Passkey)
            .where(Passkey.user_id == user.id, Passkey.credential_id == base64url_to_bytes(told["id"]))
            .with_for_update()
        ).scalar_one_or_none()
        if key is None:
            return False
        used = verify_authentication_response(
            credential=told, expected_challenge=challenge, expected_rp_id=_host(settings),
            expected_origin=settings.public_base(), credential_public_key=key.public_key,
            credential_current_sign_count=key.sign_count,
        )  # fmt: skip
    except _BROKEN:
        return False
    key.sign_count, key.last_used_at = used.new_sign_count, now()
    return True


def _challenge(session: Session, current: StaffSession, challenge: bytes, options: str) -> str:
    current.challenge, current.challenge_at = challenge, now()
    session.flush()
    return options


def _take(session: Session, current: StaffSession) -> bytes | None:
    session.refresh(current, with_for_update=True)
    challenge, at = current.challenge, current.challenge_at
    current.challenge = current.challenge_at = None
    session.flush()
    return challenge if challenge and at and now() - at <= CHALLENGE_HOLDS else None


def _described(session: Session, user: User) -> list[PublicKeyCredentialDescriptor]:
    return [PublicKeyCredentialDescriptor(id=key.credential_id) for key in passkeys_of(session, user)]


def _host(settings: Settings) -> str:
    return urlsplit(settings.public_base()).hostname or ""
