"""The rules by which Twilio refuses a message: at once with an error, or later with a status."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from gateway.simulator.addresses import FAILING_FROM, FAILING_TO, OUR_NUMBER, Address, parse
from gateway.simulator.contents import IN_SESSION_BUTTONS, Content, Contents, Shown, show, too_long
from gateway.simulator.errors import TwilioError
from gateway.simulator.state import State, Thread

MAX_BODY = 1600
MAX_MEDIA = 10
MAX_VALIDITY = 36000
MAX_VARIABLES, MAX_VARIABLE = 100, 1600
_VARIABLE = re.compile(r"[0-9A-Za-z_]{1,16}")
_UNEVEN = re.compile(r"[\n\r\t]| {5}")
"""What a variable of a content must not hold (Twilio's page on error 21656)."""
_HOST = re.compile(r"[A-Za-z0-9.:\[\]-]+")

Form = Mapping[str, list[str]]


@dataclass(frozen=True, slots=True)
class Order:
    """A message that Twilio takes."""

    sender: Address
    recipient: Address
    body: str
    media: tuple[str, ...]
    content: Content | None
    shown: Shown | None
    callback: str | None


def read(form: Form, state: State, contents: Contents) -> Order:
    """Turn a form that fits the description into an order. Raises TwilioError."""
    sender, recipient = _addresses(form)
    body, media = _said(form)
    content, shown = _content(form, recipient, contents)
    callback = _first(form, "StatusCallback") or None
    if callback is not None and not is_address(callback):
        raise TwilioError(21609)
    validity = _first(form, "ValidityPeriod")
    if validity and not 1 <= int(validity) <= MAX_VALIDITY:
        raise TwilioError(20422, "ValidityPeriod")
    thread = state.known(recipient)
    if thread is not None and thread.stopped:
        raise TwilioError(21610)
    return Order(sender, recipient, shown.body if shown else body, media, content, shown, callback)


def _said(form: Form) -> tuple[str, tuple[str, ...]]:
    body, media = _first(form, "Body"), tuple(url for url in form.get("MediaUrl", []) if url)
    if not (body or media or _first(form, "ContentSid")):
        raise TwilioError(21619)
    if len(body) > MAX_BODY:
        raise TwilioError(21617)
    if len(media) > MAX_MEDIA:
        raise TwilioError(21623)
    if not all(is_address(url) for url in media):
        raise TwilioError(21620)
    return body, media


def _content(form: Form, recipient: Address, contents: Contents) -> tuple[Content | None, Shown | None]:
    sid, given = _first(form, "ContentSid"), _first(form, "ContentVariables")
    if not sid:
        if given:
            raise TwilioError(21654)
        return None, None
    content = contents.get(sid)
    if content is None:
        raise TwilioError(21655)
    if given and _first(form, "Body"):
        raise TwilioError(35127)
    shown = show(content, recipient.channel, _variables(given))
    if shown is not None and too_long(shown):
        raise TwilioError(21656)
    return content, shown


def later(order: Order, thread: Thread, now: datetime) -> int | None:
    """The code an accepted message fails with, None when it arrives.

    Twilio takes these messages with 201 and tells the failure as the status `undelivered`: whether a conversation's window is open, and
    whether WhatsApp takes a content, is found out by the channel and not by the API. Only an approved content opens a conversation.
    """
    if order.content is not None and order.shown is None:
        return 63005
    if order.recipient.channel == "whatsapp":
        approved = order.content is not None and order.content.approved
        if not approved and not thread.window_open(now):
            return 63016
        if (
            not approved
            and order.shown is not None
            and order.shown.kind == "quick_reply"
            and len(order.shown.choices) > IN_SESSION_BUTTONS
        ):
            return 63013
    return None


def is_address(url: str) -> bool:
    """Whether Twilio takes this for a URL it can reach: http or https, a host without underscores."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(_HOST.fullmatch(host)) and not re.search(r"\s", url)


def _addresses(form: Form) -> tuple[Address, Address]:
    if not _first(form, "To"):
        raise TwilioError(21604)
    if _first(form, "MessagingServiceSid"):
        raise TwilioError(21701)  # the account of the demonstration has none
    if not _first(form, "From"):
        raise TwilioError(21603)
    recipient, sender = parse(_first(form, "To")), parse(_first(form, "From"))
    if recipient is None:
        raise TwilioError(21211)
    if sender is None:
        raise TwilioError(21212)
    if sender.channel != recipient.channel:
        raise TwilioError(21910)
    if code := FAILING_FROM.get(sender.number):
        raise TwilioError(code)
    if sender.number != OUR_NUMBER:
        raise TwilioError(21606 if sender.channel == "sms" else 63007)
    if code := FAILING_TO.get(recipient.number):
        raise TwilioError(code)
    return sender, recipient


def _first(form: Form, name: str) -> str:
    return form.get(name, [""])[0]


def _variables(text: str) -> dict[str, str]:
    if not text:
        return {}
    try:
        values = json.loads(text)
    except ValueError:
        raise TwilioError(21656) from None
    if not isinstance(values, dict) or len(values) > MAX_VARIABLES:
        raise TwilioError(21656)
    for name, value in values.items():
        if not _VARIABLE.fullmatch(name) or not isinstance(value, str) or not value or _UNEVEN.search(value):
            raise TwilioError(21656)
        if len(value) > MAX_VARIABLE:
            raise TwilioError(21658)
    return values
