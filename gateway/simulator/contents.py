"""Contents registered at Twilio: quick replies, lists and texts, with the limits Twilio documents for each."""

import json
import re
from collections import OrderedDict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

from gateway.simulator.addresses import Channel
from gateway.simulator.errors import TwilioError

KEPT = 2000
"""Contents kept; the oldest go first. Every question in every language is far below it."""
IN_SESSION_BUTTONS = 3
"""Buttons of a quick reply that WhatsApp shows without an approval."""
_TEXT, _BODY, _BUTTONS, _TITLE, _ITEMS, _ITEM, _DESCRIPTION, _ID = 1600, 1024, 10, 20, 10, 24, 72, 200
Verdict = Literal["approved", "pending", "rejected", "paused"]
CATEGORIES = ("UTILITY", "MARKETING", "AUTHENTICATION")
NEVER_APPROVED = frozenset({"twilio/list-picker", "twilio/location"})
_NAME = re.compile(r"[a-z0-9_]{1,512}")
_PLACEHOLDER = re.compile(r"\{\{\s*([0-9A-Za-z_]+)\s*\}\}")


@dataclass(frozen=True, slots=True)
class Choice:
    """Something a person can tap."""

    id: str
    title: str
    description: str | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """A content with its variables filled in, as the phone shows it."""

    kind: str
    body: str
    choices: tuple[Choice, ...] = ()
    button: str | None = None


@dataclass(frozen=True, slots=True)
class Content:
    """A Content resource."""

    sid: str
    friendly_name: str
    language: str
    variables: dict[str, str]
    types: dict[str, Any]
    created: str = field(default="")
    approval: dict[str, Any] = field(default_factory=dict)
    """What WhatsApp was asked and has said: name, category, status, rejection_reason. Empty: it was not asked."""

    @property
    def approved(self) -> bool:
        """Whether it may open a conversation."""
        return self.approval.get("status") == "approved"


class Contents:
    """The contents of the account, kept in a file: Twilio does not forget them when this process ends, and a sender relies on it."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self.verdict: Verdict = "approved"
        """What WhatsApp says of a template the next time somebody asks; a test may want another."""
        self._kept: OrderedDict[str, Content] = OrderedDict()
        if file is not None and file.is_file():
            with suppress(ValueError, TypeError):
                for item in json.loads(file.read_text("utf-8")):
                    self._kept[item["sid"]] = Content(**item)

    def get(self, sid: str) -> Content | None:
        return self._kept.get(sid)

    def create(self, data: Mapping[str, Any], now: datetime) -> Content:
        """Register a content. Raises TwilioError when a limit is passed."""
        for kind, shape in data["types"].items():
            check(kind, shape)
        content = Content(
            sid="HX" + uuid4().hex,
            friendly_name=data.get("friendly_name", ""),
            language=data["language"],
            variables=dict(data.get("variables") or {}),
            types=dict(data["types"]),
            created=now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        )
        self._kept[content.sid] = content
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        self._write()
        return content

    def submit(self, sid: str, name: str, category: str) -> Content:
        """Ask WhatsApp for its approval. Raises TwilioError for what WhatsApp never looks at."""
        content = self._known(sid)
        if content.approval and content.approval["status"] != "rejected":
            raise TwilioError(20422, "the content is submitted already")
        if set(content.types) & NEVER_APPROVED:
            raise TwilioError(20422, "types")
        if not _NAME.fullmatch(name):
            raise TwilioError(20422, "name")
        if category not in CATEGORIES:
            raise TwilioError(20422, "category")
        if any(other.approval.get("name") == name for other in self._kept.values() if other.sid != sid):
            raise TwilioError(20422, "the name is taken")
        return self._approve(content, name=name, category=category, status="received", rejection_reason="")

    def asked(self, sid: str) -> Content:
        """What WhatsApp says now. It has looked at what was submitted before."""
        content = self._known(sid)
        if not content.approval:
            return content
        reason = "INVALID_FORMAT" if self.verdict == "rejected" else ""
        return self._approve(content, **content.approval | {"status": self.verdict, "rejection_reason": reason})

    def _known(self, sid: str) -> Content:
        content = self.get(sid)
        if content is None:
            raise TwilioError(20404)
        return content

    def _approve(self, content: Content, **approval: str) -> Content:
        changed = self._kept[content.sid] = replace(content, approval=approval)
        self._write()
        return changed

    def _write(self) -> None:
        if self._file is None:
            return
        self._file.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._file.with_suffix(".new")
        fresh.touch(mode=0o600)
        fresh.write_text(json.dumps([asdict(item) for item in self._kept.values()]), "utf-8")
        fresh.replace(self._file)


def check(kind: str, shape: Mapping[str, Any] | None) -> None:
    """Hold one type of a content against its documented limits. Raises TwilioError."""
    if shape is None:
        raise TwilioError(20422, f"types.{kind}")
    faults = []
    body = shape.get("body")
    most = _TEXT if kind == "twilio/text" else _BODY
    if body is not None and not 1 <= len(body) <= most:
        faults.append(f"body must have 1 to {most} characters")
    if kind == "twilio/quick-reply":
        titles = [action["title"] for action in shape["actions"]]
        ids = [action.get("id") or action["title"] for action in shape["actions"]]
        faults += _faults(titles, ids, most=_BUTTONS, length=_TITLE, name="actions")
    elif kind == "twilio/list-picker":
        items = shape["items"]
        faults += _faults([i["item"] for i in items], [i["id"] for i in items], most=_ITEMS, length=_ITEM, name="items")
        if any(len(item.get("description") or "") > _DESCRIPTION for item in items):
            faults.append(f"a description has at most {_DESCRIPTION} characters")
        if not 1 <= len(shape["button"]) <= _TITLE:
            faults.append(f"button must have 1 to {_TITLE} characters")
    if faults:
        raise TwilioError(20422, f"types.{kind}: " + "; ".join(faults))


def too_long(shown: Shown) -> bool:
    """Whether the variables made a field longer than it may be."""
    most = {"quick_reply": (_BODY, _TITLE), "list": (_BODY, _ITEM)}.get(shown.kind, (_TEXT, 0))
    return len(shown.body) > most[0] or any(
        len(choice.title) > most[1] or len(choice.id) > _ID or len(choice.description or "") > _DESCRIPTION
        for choice in shown.choices
    )


def _faults(titles: list[str], ids: list[str], *, most: int, length: int, name: str) -> list[str]:
    found = []
    if not 1 <= len(titles) <= most:
        found.append(f"{name} must be 1 to {most}")
    if any(not 1 <= len(title) <= length for title in titles):
        found.append(f"each of {name} must show 1 to {length} characters")
    if any(not 1 <= len(value) <= _ID for value in ids):
        found.append(f"each id of {name} must have 1 to {_ID} characters")
    if len(set(ids)) != len(ids) or len(set(titles)) != len(titles):
        found.append(f"{name} must differ from each other")
    return found


def show(content: Content, channel: Channel, variables: Mapping[str, str]) -> Shown | None:
    """What the channel shows of a content; None when it can show nothing of it (SMS has no buttons)."""
    values = {**content.variables, **variables}

    def fill(text: str) -> str:
        return _PLACEHOLDER.sub(lambda match: values.get(match[1], match[0]), text)

    if channel == "whatsapp":
        if shape := content.types.get("twilio/quick-reply"):
            choices = tuple(Choice(fill(a.get("id") or a["title"]), fill(a["title"])) for a in shape["actions"])
            return Shown("quick_reply", fill(shape["body"]), choices)
        if shape := content.types.get("twilio/list-picker"):
            items = tuple(
                Choice(fill(i["id"]), fill(i["item"]), fill(i.get("description") or "") or None) for i in shape["items"]
            )
            return Shown("list", fill(shape["body"]), items, fill(shape["button"]))
    shape = content.types.get("twilio/text")
    return Shown("text", fill(shape["body"])) if shape else None
