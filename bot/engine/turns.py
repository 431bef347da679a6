"""One turn as the worker sends it, and what the bot said in it, found again in the conversation's events."""

import json
import re
import uuid
from dataclasses import dataclass
from typing import Any, Dict, Iterable, List, Mapping, Optional, Tuple

LARGEST = 16 * 1024  # bytes of a request
LONGEST = 1000  # characters of a message
# What a tapped button may mean. Anything else, and Rasa's own commands (restart, session_start, back) above all, is refused.
PAYLOADS = (
    "answer", "attachment", "resume", "ask_human", "stop", "erase_data", "help", "change_language",
    "greet", "opt_out", "unlock", "duress", "wrong_word", "ask_referral", "follow_up",
)  # fmt: skip
ALARMS = (None, "danger_now", "self_harm", "child_alone", "ask_human")
SIGNS = ("locked", "burst", "long_text", "other_language")
CHANNELS = ("sms", "whatsapp")
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2}\Z")
FIELDS = {
    "conversation_id",
    "turn_id",
    "text",
    "payload",
    "language",
    "language_guess",
    "channel",
    "new_session",
    "alarm",
    "signs",
}


class InvalidTurn(ValueError):  # noqa: N818
    """The request is not a turn. Names the field at fault, never its content."""

    def __init__(self, field: str) -> None:
        super().__init__(f"invalid {field}")
        self.field = field


@dataclass(frozen=True)
class Payload:
    """A picked option or an event of the channel: needs no understanding."""

    intent: str
    question: Optional[str]
    value: Optional[str]


@dataclass(frozen=True)
class Turn:
    """Exactly one of `text` and `payload` is set."""

    conversation_id: str
    turn_id: str
    text: Optional[str]
    payload: Optional[Payload]
    language: Optional[str]
    language_guess: Optional[str]
    channel: str
    new_session: bool
    alarm: Optional[str]
    signs: Tuple[str, ...]

    @property
    def metadata(self) -> Dict[str, Any]:
        return {
            "turn_id": self.turn_id,
            "language": self.language,
            "language_guess": self.language_guess,
            "channel": self.channel,
            "alarm": self.alarm,
            "signs": list(self.signs),
        }


def read_turn(body: bytes) -> Turn:
    """The turn in a request's body, or `InvalidTurn`."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        raise InvalidTurn("body") from None
    if not isinstance(data, dict) or set(data) - FIELDS:
        raise InvalidTurn("body")
    text = _text(data, "text", LONGEST)
    payload = _payload(data.get("payload"))
    if (text is None) == (payload is None):
        raise InvalidTurn("text")
    if data.get("channel") not in CHANNELS:
        raise InvalidTurn("channel")
    if not isinstance(data.get("new_session"), bool):
        raise InvalidTurn("new_session")
    signs = data.get("signs", [])
    if not isinstance(signs, list) or len(signs) > len(SIGNS) or any(sign not in SIGNS for sign in signs):
        raise InvalidTurn("signs")
    if data.get("alarm") not in ALARMS:
        raise InvalidTurn("alarm")
    return Turn(
        conversation_id=_identifier(data, "conversation_id"),
        turn_id=_identifier(data, "turn_id"),
        text=text,
        payload=payload,
        language=_language(data, "language"),
        language_guess=_language(data, "language_guess"),
        channel=data["channel"],
        new_session=data["new_session"],
        alarm=data.get("alarm"),
        signs=tuple(signs),
    )


def _identifier(data: Mapping[str, Any], field: str) -> str:
    try:
        return str(uuid.UUID(data[field]))
    except (KeyError, ValueError, AttributeError, TypeError):
        raise InvalidTurn(field) from None


def _text(data: Mapping[str, Any], field: str, longest: int) -> Optional[str]:
    value = data.get(field)
    if value is not None and (not isinstance(value, str) or len(value) > longest):
        raise InvalidTurn(field)
    return value


def _language(data: Mapping[str, Any], field: str) -> Optional[str]:
    value = _text(data, field, 20)
    if value is not None and not LANGUAGE.match(value):
        raise InvalidTurn(field)
    return value


def _payload(data: Any) -> Optional[Payload]:
    if data is None:
        return None
    if not isinstance(data, dict) or set(data) - {"intent", "question", "value"} or data.get("intent") not in PAYLOADS:
        raise InvalidTurn("payload")
    return Payload(data["intent"], _text(data, "question", 64), _text(data, "value", 500))


def said(events: Iterable[Mapping[str, Any]], turn_id: str) -> Optional[Dict[str, Any]]:
    """The reply of the turn, from the events (as dictionaries) of the conversation; None when the turn never ran.

    The first answer and a repeated one both come from here: a worker that lost the first gets the same again, and nothing is done twice.
    """
    understood: Optional[Dict[str, Any]] = None
    output: List[Any] = []
    for event in events:
        if event.get("event") == "user":
            if understood is not None:
                break
            if (event.get("metadata") or {}).get("turn_id") == turn_id:
                intent = (event.get("parse_data") or {}).get("intent") or {}
                understood = {"intent": intent.get("name"), "confidence": float(intent.get("confidence") or 0.0)}
        elif understood is not None and event.get("event") == "bot":
            item = (event.get("data") or {}).get("custom")
            if item:
                output.append(item)
    return None if understood is None else {"turn_id": turn_id, "understood": understood, "output": output}
