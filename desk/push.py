"""Web Push: one short text to a browser of the staff through the service of its maker, who cannot read it (RFC 8030, 8291, 8292).

The maker's service learns that this copy woke a browser, and when. It is given nothing else: the text is encrypted for the browser, and is
the same for every case. pywebpush would bring two HTTP clients for these sixty lines, and Apprise wants the subscriptions in a file; the
values of RFC 8291's own example hold `encrypt` in its test.
"""

import base64
import json
import os
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jwt
from joserfc.jwk import ECKey

from core.database import now
from core.settings import Settings, decode_key
from desk.errors import BadInput

CURVE = ec.SECP256R1()
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_RECORD = 4096
_ENDPOINT = re.compile(r"https://([a-z0-9.-]{4,200})(?::443)?/[A-Za-z0-9._~:/?=&%+!$*,;@-]{1,1500}")
"""One way to read it only: what two libraries read differently could lead elsewhere than was looked at."""
_PADDED = 256
"""Every text has this length: not even its language shows in the length of what is sent."""
LONGEST = 2000
"""Characters of a subscription as a browser gives it."""
HASHED = "push"
"""What the hash of an endpoint is made for, by which a browser is known again."""
TTL = timedelta(hours=1)
"""How long the service keeps it for a browser that is off: an older one would call somebody to a case that was answered long ago."""
SIGNED_FOR = timedelta(hours=12)
GONE = (404, 410)


class AddressGoneError(Exception):
    """Nobody is told there any more: the browser or its user took the subscription back."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """Where a browser is reached, and with what is encrypted for it."""

    endpoint: str
    p256dh: bytes
    auth: bytes


def read_subscription(text: str, settings: Settings) -> Subscription:
    """What a browser's PushSubscription says as JSON. Raises BadInput, also for an address that is no push service's.

    The address is called from inside: one that somebody made up could be a machine of the house.
    """
    try:
        told: dict[str, Any] = json.loads(text[:LONGEST])
        found = Subscription(told["endpoint"], _bytes(told["keys"]["p256dh"]), _bytes(told["keys"]["auth"]))
        ec.EllipticCurvePublicKey.from_encoded_point(CURVE, found.p256dh)
        plain = _ENDPOINT.fullmatch(found.endpoint)
        if plain is None or len(found.auth) != 16 or not _is_service(plain[1], settings.push_services):
            raise BadInput("notices_wrong_push")
    except (ValueError, KeyError, TypeError, AttributeError):
        raise BadInput("notices_wrong_push") from None
    return found


def _is_service(host: str, services: tuple[str, ...]) -> bool:
    """`*.push.example` stands for every name below push.example."""
    return any(host == one or (one.startswith("*.") and host.endswith(one[1:])) for one in services)


def vapid_key(settings: Settings) -> ec.EllipticCurvePrivateKey | None:
    """The key by which push services know this copy; None: there is none, and no browser is told anything."""
    if settings.push_key is None or not settings.push_services:
        return None
    scalar = int.from_bytes(decode_key(settings.push_key.get_secret_value())) % (_ORDER - 1) + 1
    return ec.derive_private_key(scalar, CURVE)


def public_key(key: ec.EllipticCurvePrivateKey) -> str:
    """As browsers are given it (`applicationServerKey`)."""
    return _text(_point(key.public_key()))


class Pusher:
    """Sends to browsers. `transport` stands in for the network in tests."""

    def __init__(self, settings: Settings, transport: httpx.BaseTransport | None = None) -> None:
        self._settings = settings
        self._transport = transport
        self._key = vapid_key(settings)

    def push(self, address: str, text: str, at: datetime | None = None) -> bool:
        """Whether the service took it. `address` is a subscription as it was kept. Raises AddressGoneError."""
        if self._key is None:
            return False
        try:
            # Read again: which services are known may have changed since it was kept.
            to = read_subscription(address, self._settings)
        except BadInput:
            raise AddressGoneError from None
        headers = {
            "Authorization": f"vapid t={self._token(to.endpoint, at or now())}, k={public_key(self._key)}",
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(int(TTL.total_seconds())),
            "Topic": "waits",
            "Urgency": "high",
        }
        try:
            with httpx.Client(timeout=10, trust_env=False, follow_redirects=False, transport=self._transport) as client:
                answer = client.post(to.endpoint, content=encrypt(text.encode(), to), headers=headers)
        except httpx.HTTPError:
            return False
        if answer.status_code in GONE:
            raise AddressGoneError
        return answer.is_success

    def _token(self, endpoint: str, at: datetime) -> str:
        if self._key is None:
            raise ValueError("there is no key")
        parts = urlsplit(endpoint)
        base = self._settings.public_base()
        claims = {"aud": f"{parts.scheme}://{parts.netloc}", "exp": int((at + SIGNED_FOR).timestamp())}
        if base.startswith("https://"):
            claims["sub"] = base
        numbers = self._key.private_numbers()
        jwk = {name: _text(value.to_bytes(32)) for name, value in
               (("x", numbers.public_numbers.x), ("y", numbers.public_numbers.y), ("d", numbers.private_value))}  # fmt: skip
        key = ECKey.import_key({"kty": "EC", "crv": "P-256", **jwk})
        return jwt.encode({"typ": "JWT", "alg": "ES256"}, claims, key)


def encrypt(
    text: bytes, to: Subscription, *, own: ec.EllipticCurvePrivateKey | None = None, salt: bytes = b"",
    length: int = _PADDED,
) -> bytes:  # fmt: skip
    """`text`, padded to `length`, as one record that only the browser can open (RFC 8291). `own` and `salt` are given by tests alone."""
    own, salt = own or ec.generate_private_key(CURVE), salt or os.urandom(16)
    theirs = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, to.p256dh)
    point = _point(own.public_key())
    shared = _derived(own.exchange(ec.ECDH(), theirs), to.auth, b"WebPush: info\x00" + to.p256dh + point, 32)
    key = _derived(shared, salt, b"Content-Encoding: aes128gcm\x00", 16)
    nonce = _derived(shared, salt, b"Content-Encoding: nonce\x00", 12)
    padded = text + b"\x02" + bytes(max(0, length - len(text)))
    head = salt + _RECORD.to_bytes(4) + len(point).to_bytes(1) + point
    return head + AESGCM(key).encrypt(nonce, padded, None)


def _derived(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, salt, info).derive(secret)


def _point(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
