"""Buttons and lists as Twilio's contents: registered once per form and set of choices, found again by their digest.

What varies (the question's text) is a variable, so that the number of contents stays small and nothing about a person is registered.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from core.database import Sessions
from gateway.models import RegisteredContent


@dataclass(frozen=True, slots=True)
class Content:
    """A quick reply or a list: titles, and the ids that come back when one is tapped."""

    form: Literal["quick_reply", "list_picker"]
    language: str
    options: tuple[tuple[str, str], ...]
    """Pairs of title and id (`question:value`)."""

    def types(self) -> dict[str, Any]:
        """The content's types as the API wants them; `{{1}}` stands for the question's text."""
        if self.form == "quick_reply":
            actions = [{"type": "QUICK_REPLY", "title": title, "id": tapped} for title, tapped in self.options]
            return {"twilio/quick-reply": {"body": "{{1}}", "actions": actions}}
        items = [{"item": title, "id": tapped} for title, tapped in self.options]
        # The button that opens the list: digits need no translation.
        return {"twilio/list-picker": {"body": "{{1}}", "button": f"1 - {len(items)}", "items": items}}

    def digest(self) -> bytes:
        """What makes two contents the same."""
        described = {"language": self.language, "types": self.types()}
        return hashlib.sha256(json.dumps(described, sort_keys=True).encode()).digest()

    def request(self) -> dict[str, Any]:
        """The body of the request that creates it."""
        return {
            "friendly_name": f"waymark_{self.digest().hex()[:16]}",
            "language": self.language,
            "variables": {"1": "?"},
            "types": self.types(),
        }


def content_sid(sessions: Sessions, content: Content, register: Callable[[Content], str]) -> str:
    """The content's id at Twilio, registered when it is new. Raises what `register` raises.

    Two workers may register the same at once: the first row wins, and the second content lies unused at Twilio.
    """
    with sessions.begin() as session:
        known = session.execute(
            select(RegisteredContent.content_sid).where(RegisteredContent.digest == content.digest())
        ).scalar_one_or_none()
    if known is not None:
        return known
    sid = register(content)
    with sessions.begin() as session:
        row = RegisteredContent(digest=content.digest(), content_sid=sid)
        session.execute(
            insert(RegisteredContent)
            .values(id=row.id, digest=row.digest, content_sid=sid)
            .on_conflict_do_nothing(index_elements=["digest"])
        )
        return session.execute(
            select(RegisteredContent.content_sid).where(RegisteredContent.digest == content.digest())
        ).scalar_one()


def forget_content(sessions: Sessions, content: Content) -> None:
    """Register it anew next time: somebody may have deleted it at Twilio."""
    with sessions.begin() as session:
        session.execute(delete(RegisteredContent).where(RegisteredContent.digest == content.digest()))
