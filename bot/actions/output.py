"""What the bot hands to the gateway: messages by key, values and choices, and things to do. Never text, never an answer."""

from collections.abc import Sequence
from typing import Any

type Item = dict[str, Any]


def say(key: str, **values: str | float) -> Item:
    """A message of the catalogues."""
    return {"say": key, "values": values, "choices": [], "question": None, "multiple": False}


def ask(
    key: str,
    question: str,
    choices: Sequence[Item],
    *,
    multiple: bool = False,
    secret: bool = False,
    **values: str | float,
) -> Item:
    """A question with its choices."""
    said = say(key, **values)
    return said | {"choices": list(choices), "question": question, "multiple": multiple, "secret": secret}


def choice(value: str, *, label: str | None = None, text: str | None = None) -> Item:
    """A choice with the key of its label, or with a literal name (a place, a language)."""
    return {"value": value, "label": label, "text": text[:80] if text else None}


def set_language(code: str) -> Item:
    return {"do": "set_language", "language": code}


def hand_over(reason: str, level: str) -> Item:
    return {"do": "hand_over", "reason": reason, "level": level}


def close(reason: str) -> Item:
    return {"do": "close", "reason": reason}


def erase() -> Item:
    return {"do": "erase"}


def complain(*, told: bool) -> Item:
    """A complaint: kept where the case team cannot read it, with the message it came in if that tells it."""
    return {"do": "complain", "told": told}


def no_complaint() -> Item:
    """It was none: what was put aside is given back to the conversation."""
    return {"do": "no_complaint"}


def opt_out() -> Item:
    return {"do": "opt_out"}
