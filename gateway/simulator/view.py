"""A message as the phone page and the terminal chat get it."""

from typing import Any

from gateway.simulator.resources import error_text
from gateway.simulator.segments import segments
from gateway.simulator.state import Message, Thread

_KINDS = {"quick_reply": "quick_reply", "list": "list"}


def entry(message: Message) -> dict[str, Any]:
    """One bubble. `from` is person, service or network."""
    sms = message.person.channel == "sms"
    counted = segments(message.body) if sms and message.body and not message.media else None
    return {
        "id": message.sid,
        "from": "network" if message.note else "person" if message.inbound else "service",
        "at": message.created.isoformat(),
        "text": message.body,
        "kind": _kind(message),
        "button": message.shown.button if message.shown else None,
        "choices": [
            {"id": choice.id, "title": choice.title, "description": choice.description}
            for choice in (message.shown.choices if message.shown else ())
        ],
        "tapped": message.tapped,
        "media": [{"type": item.content_type, "name": item.name} for item in message.media],
        "location": message.location,
        "status": message.hook if message.inbound else message.status,
        "detail": message.hook_detail if message.inbound else "",
        "error": {"code": message.error, "text": error_text(message.error)} if message.error else None,
        "segments": {"count": counted.count, "units": counted.units, "encoding": counted.encoding} if counted else None,
    }


def snapshot(thread: Thread) -> dict[str, Any]:
    """The whole thread."""
    return {"thread": thread.id, "stopped": thread.stopped, "entries": [entry(message) for message in thread.entries]}


def _kind(message: Message) -> str:
    if message.location:
        return "location"
    if message.media:
        return "media"
    return _KINDS.get(message.shown.kind, "text") if message.shown else "text"
