"""Is this request from Twilio? Its signature covers the address Twilio called and every field of the form.

The address is PUBLIC_URL and the path, never what the request says of itself: `Host`, `X-Forwarded-Host` and their kin are set by whoever
sends the request, so a proxy may rewrite them at will and an attacker gains nothing from them. The fragment (`#rc=5&rp=all`, which tells
Twilio how to retry) is never part of the signature. Twilio signs with or without the port, and the official validator tries both.
"""

import base64
import hmac
from hashlib import sha1
from typing import Any, Literal

from twilio.request_validator import RequestValidator

from core.settings import Settings
from gateway.form import Form

HEADER = "X-Twilio-Signature"
Verdict = Literal["valid", "missing_signature", "wrong_signature"]


class _Validator(RequestValidator):  # type: ignore[misc]
    """The official validator, over the bytes that came: it stops at text that is no valid UTF-8, and a body may be."""

    def compute_signature(self, uri: str, params: Any, algorithm: str | None = None) -> str:
        try:
            return str(super().compute_signature(uri, params, algorithm))
        except UnicodeEncodeError:
            signed = uri + "".join(
                name + value for name in sorted(params) for value in sorted(set(self.get_values(params, name)))
            )
            digest = hmac.new(self.token, signed.encode("utf-8", "surrogateescape"), sha1).digest()
            return base64.b64encode(digest).decode()


class SignatureCheck:
    """Checks signatures with every token that is valid now: during a rotation there are two."""

    def __init__(self, settings: Settings) -> None:
        self._base = settings.public_base()
        tokens = (settings.twilio_auth_token, settings.twilio_auth_token_secondary)
        self._validators = [
            _Validator(token.get_secret_value()) for token in tokens if token and token.get_secret_value()
        ]

    def url(self, path: str, query: str = "") -> str:
        """The address that Twilio called, as it knows it."""
        return f"{self._base}{path}" + (f"?{query}" if query else "")

    def check(self, path: str, query: str, form: Form, signature: str | None) -> Verdict:
        """Whether the form was signed for this address. Without a token in the settings nothing is valid."""
        if not signature:
            return "missing_signature"
        url = self.url(path, query)
        # No short cut: every token is tried, so that timing does not tell which one is in use.
        valid = [bool(validator.validate(url, form, signature)) for validator in self._validators]
        return "valid" if any(valid) else "wrong_signature"
