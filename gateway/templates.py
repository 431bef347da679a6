"""The one text that may open a WhatsApp conversation: registered at Twilio in every language, approved by WhatsApp, never about a case."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.database import now
from core.logging import get_logger
from gateway.errors import ProviderError, Refused
from gateway.gateway import Gateway
from gateway.models import APPROVALS, RegisteredContent
from gateway.window import INVITATION
from gateway.wording import Wording

log = get_logger(__name__)

CATEGORY = "UTILITY"
GONE = "20404"
"""Twilio: there is no such content."""
_CODES = {"pt": "pt_BR"}
"""WhatsApp's code of a language where it has one of its own."""


@dataclass(frozen=True, slots=True)
class Template:
    """The text in one language. Its digest changes with its words: a new text needs a new approval."""

    language: str
    body: str

    def request(self) -> dict[str, Any]:
        """The body of the request that registers it."""
        code = _CODES.get(self.language, self.language)
        types = {"twilio/text": {"body": self.body}}
        return {"friendly_name": self.name, "language": code, "variables": {}, "types": types}

    def digest(self) -> bytes:
        """What makes two templates the same."""
        described = {"template": self.body, "language": self.language}
        return hashlib.sha256(json.dumps(described, sort_keys=True).encode()).digest()

    @property
    def name(self) -> str:
        """Its name at WhatsApp: small letters, digits, underscores, and nothing that tells who writes."""
        return f"message_waiting_{self.language}_{self.digest().hex()[:8]}"


@dataclass(frozen=True, slots=True)
class Approved:
    """A template that may be sent now."""

    language: str
    body: str
    content_sid: str


def templates(wording: Wording) -> list[Template]:
    """The template in every language that has the text, in the order of the languages."""
    found = []
    for code in wording.codes:
        try:
            found.append(Template(code, wording.template(code, INVITATION)))
        except KeyError:
            log.error("a template has no text in a language", key=INVITATION, language=code)  # noqa: TRY400 - known
    return found


def approved_template(session: Session, wording: Wording, language: str | None) -> Approved | None:
    """The approved template in this language, else in the first language that has one; None: nothing can be sent."""
    every = sorted(templates(wording), key=lambda template: template.language != language)
    rows = _rows(session, every)
    for template in every:
        row = rows.get(template.digest())
        if row is not None and row.approval == "approved":
            return Approved(template.language, template.body, row.content_sid)
    return None


def standings_of(gateway: Gateway) -> list[tuple[str, str, str]]:
    """Language, state and WhatsApp's reason of each template, as the command shows them."""
    every = templates(gateway.wording)
    with gateway.sessions.begin() as session:
        rows = _rows(session, every)
    found = ((template.language, rows.get(template.digest())) for template in every)
    return [
        (code, row.approval or "unsubmitted", row.rejection or "") if row else (code, "not registered", "")
        for code, row in found
    ]


def submit(gateway: Gateway) -> None:
    """Register and submit what is not submitted yet. Raises ProviderError when Twilio does not take it; what was done stays done."""
    for template in templates(gateway.wording):
        with gateway.sessions.begin() as session:
            row = _rows(session, [template]).get(template.digest())
        if row is None:
            sid = gateway.provider.register(template)
            with gateway.sessions.begin() as session:
                row = RegisteredContent(
                    digest=template.digest(), content_sid=sid, key=INVITATION, language=template.language,
                    approval="unsubmitted",
                )  # fmt: skip
                session.add(row)
        if row.approval == "unsubmitted":
            approval = gateway.provider.submit(row.content_sid, name=template.name, category=CATEGORY)
            _note(gateway, row, approval, None)


def refresh(gateway: Gateway) -> None:
    """Ask what became of the templates. One that nobody knows at Twilio any more is forgotten, to be registered anew."""
    with gateway.sessions.begin() as session:
        rows = list(_rows(session, templates(gateway.wording)).values())
    for row in rows:
        try:
            approval, rejection = gateway.provider.approval(row.content_sid)
        except Refused as fault:
            if fault.code != GONE:
                raise
            with gateway.sessions.begin() as session:
                session.delete(session.get_one(RegisteredContent, row.id))
        else:
            _note(gateway, row, approval, rejection)


def keep_current(gateway: Gateway) -> None:
    """Submit and refresh; a Twilio that is away is asked again later."""
    for work in (submit, refresh):
        try:
            work(gateway)
        except ProviderError as fault:
            reason = fault.code if isinstance(fault, Refused) else "unreachable"
            log.warning("the templates could not be looked after", step=work.__name__, error_code=reason)


def _note(gateway: Gateway, row: RegisteredContent, approval: str, rejection: str | None) -> None:
    with gateway.sessions.begin() as session:
        kept = session.get_one(RegisteredContent, row.id)
        kept.approval = approval if approval in APPROVALS else "pending"
        kept.rejection, kept.asked_at = rejection, now()
    log.info("a template's approval was noted", language=row.language, status=approval)


def _rows(session: Session, wanted: list[Template]) -> dict[bytes, RegisteredContent]:
    found = session.execute(
        select(RegisteredContent).where(RegisteredContent.digest.in_([template.digest() for template in wanted]))
    ).scalars()
    return {row.digest: row for row in found}
