"""The token in every form, beside Sec-Fetch: proof that the form stood on a page of ours that this very browser was shown.

Double submit: the page carries a keyed hash of what only the browser's cookie holds, so that another page can neither read nor compute it.
It outlives signing in anew in another tab, so that a reply that somebody typed meanwhile can still be sent. Templates need not think of it:
the field is put into each `<form method="post">` when a template is read, and htmx sends the header of the frame (base.html).
"""

import hashlib
import hmac
import re
import secrets
from contextvars import ContextVar
from dataclasses import dataclass

from jinja2.ext import Extension
from markupsafe import Markup

FIELD = "form_token"
HEADER = "X-Form-Token"

_FORM = re.compile(r"<form\b(?:\{\{.*?\}\}|\{%.*?%\}|[^>])*>", re.DOTALL)
_POST = re.compile(r"""\bmethod\s*=\s*["']?post\b""", re.IGNORECASE)


@dataclass(slots=True)
class FormTokens:
    """The secret that tokens of one request are made from: of its cookie, or of the link it came by; "" while there is none."""

    secret: str
    fresh: bool = False
    """Made for this answer: the browser must be given it."""

    def token(self) -> str:
        """What a form of this answer carries."""
        if not self.secret:
            self.secret, self.fresh = secrets.token_urlsafe(32), True
        return token_of(self.secret)

    def holds(self, token: str) -> bool:
        """Whether a form that was sent carries what its browser was given."""
        said = token.encode("utf-8", "surrogatepass")
        return bool(self.secret) and hmac.compare_digest(token_of(self.secret).encode(), said)


def token_of(secret: str) -> str:
    """The token of a secret; the secret cannot be computed from it."""
    return hmac.new(secret.encode("utf-8", "surrogatepass"), b"waymark form token", hashlib.sha256).hexdigest()


_of_request: ContextVar[FormTokens | None] = ContextVar("form_tokens", default=None)


def use(tokens: FormTokens) -> None:
    """Whose tokens the pages of this request carry."""
    _of_request.set(tokens)


def form_token() -> str:
    """For templates: the token; "" outside a request, where nothing can be sent."""
    tokens = _of_request.get()
    return tokens.token() if tokens else ""


def form_field() -> Markup:
    """For templates: the hidden field. Without closing slash and of one line, as the forms are written."""
    return Markup('<input type="hidden" name="{}" value="{}">').format(FIELD, form_token())


class TokenInForms(Extension):
    """Puts the field into each form that changes something, when its template is read: no form can be written without one."""

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:  # noqa: ARG002 (as Jinja calls it)
        """The template with its fields."""
        return _FORM.sub(lambda form: form[0] + "{{ form_field() }}" if _POST.search(form[0]) else form[0], source)
