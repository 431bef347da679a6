"""A row of the outbox as the provider gets it: with buttons where it has some, as numbered text where these are refused, or a template."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from cases.models import Conversation
from core.logging import get_logger
from core.turns import Choice
from gateway.addresses import Address
from gateway.contents import Content, content_sid, forget_content
from gateway.errors import Doubtful, NotSent, ProviderError, Refused
from gateway.gateway import Gateway
from gateway.models import Message
from gateway.rendering import numbered
from gateway.twilio_client import Accepted, Outgoing

log = get_logger(__name__)

CONTENT_FAULTS = ("21654", "21655", "21656", "21657", "21658")
"""Twilio: the content does not exist (any more), or its variables do not fit."""
RETRY_HINT = "#rc=5&rp=all"
"""Tells Twilio to repeat a webhook five times on any failure, not only when it cannot connect."""


@dataclass(frozen=True, slots=True)
class Ready:
    """What is handed over of a row. Its `repr` shows no content and no number."""

    message_id: UUID
    outgoing: Callable[[str | None], Outgoing]
    content: Content | None
    template: str | None
    """Content of a template: it is sent so or not at all, as free text nobody would get it."""
    last_attempt: bool


def make_ready(gateway: Gateway, conversation: Conversation, message: Message, *, last_attempt: bool) -> Ready:
    """Everything of a row that is handed over, read while the conversation is locked."""
    template = template_of(message)
    outgoing = _outgoing(gateway, conversation, message, template)
    return Ready(message.id, outgoing, _content(message), template, last_attempt)


def hand_over(gateway: Gateway, ready: Ready) -> Accepted:
    """Give it to the provider: with buttons if it has some, as numbered text when it is the buttons that are refused."""
    if ready.template is not None:
        return gateway.provider.send(ready.outgoing(ready.template))
    sid = _registered(gateway, ready.content)
    try:
        return gateway.provider.send(ready.outgoing(sid))
    except Refused as fault:
        if ready.content is None or sid is None or fault.code not in CONTENT_FAULTS:
            raise
        log.error("buttons were refused", message=str(ready.message_id), error_code=fault.code)  # noqa: TRY400
    forget_content(gateway.sessions, ready.content)
    return gateway.provider.send(ready.outgoing(None))


def template_of(message: Message) -> str | None:
    """The approved template that a row is sent as; None: it is free text."""
    return message.content_sid if json.loads(message.extra or "{}").get("form") == "template" else None


def _outgoing(
    gateway: Gateway, conversation: Conversation, message: Message, template: str | None
) -> Callable[[str | None], Outgoing]:
    to = Address(conversation.channel, conversation.person.phone or "").for_twilio()
    sender = Address(conversation.channel, conversation.our_address).for_twilio()
    callback = f"{gateway.settings.public_base()}/twilio/status?message={message.id}{RETRY_HINT}"
    body = message.body or ""
    labels = tuple(json.loads(message.extra or "{}").get("labels", ()))

    def outgoing(sid: str | None) -> Outgoing:
        if template is not None:
            return Outgoing(to, sender, callback, content_sid=template)
        if sid is not None:
            return Outgoing(to, sender, callback, content_sid=sid, content_variables={"1": body})
        # No content, or Twilio would not have it: the same choices as numbered lines.
        return Outgoing(to, sender, callback, body=body + numbered(labels))

    return outgoing


def _content(message: Message) -> Content | None:
    stored = json.loads(message.extra or "{}")
    if "form" not in stored or message.question is None:
        return None
    choices = [Choice.model_validate(choice) for choice in message.choices or ()]
    options = zip(stored["labels"], choices, strict=True)
    return Content(
        form=stored["form"],
        language=message.language or "en",
        options=tuple((label, f"{message.question}:{choice.value}") for label, choice in options),
    )


def _registered(gateway: Gateway, content: Content | None) -> str | None:
    """The content's id; None sends text instead: a person must not wait for a button."""
    if content is None:
        return None
    try:
        return content_sid(gateway.sessions, content, gateway.provider.register)
    except NotSent:
        raise
    except Doubtful as fault:
        raise NotSent(fault.reason) from None  # buttons that are registered twice do no harm
    except ProviderError as fault:
        log.error("buttons could not be registered", error=type(fault).__name__, kind=content.form)  # noqa: TRY400
        return None
