"""What a message means before any language understanding: a tapped button, a digit, a label, a word that means the same everywhere.

Pure: a message and the last question in, a payload or a text out. What is not certain stays text: Rasa reads it.
"""

import re
from dataclasses import dataclass, field
from typing import Any

from core.turns import MAX_TEXT, Choice, Payload
from core.writing import loose, normalise
from gateway.contacts import MASK, numbers_to_call, without_numbers
from gateway.numerals import option_numbers, pick
from gateway.wording import Wording, clean

INTENT_OF_COMMAND = {
    "person": "ask_human",
    "call": "ask_human",
    "leave": "stop",
    "stop": "opt_out",
    "help": "help",
    "erase": "erase_data",
    "language": "change_language",
}
"""Words that mean the same at any moment."""
_EMOJI_ANSWERS = {"👍": "yes", "✅": "yes", "👌": "yes", "✔": "yes", "👎": "no", "❌": "no"}
_KEY = re.compile(r"[a-z][a-zA-Z0-9_]{0,63}")
_LIST = re.compile("[,;\n\u060c\u061b\u3001]")
_ATTACHMENTS = {"image": "image", "audio": "audio", "video": "video", "application": "document", "text": "document"}


@dataclass(frozen=True, slots=True)
class Inbound:
    """A message as it was stored. Its `repr` shows the kind only."""

    kind: str
    body: str = field(default="", repr=False)
    button: str | None = field(default=None, repr=False)
    media: tuple[str, ...] = ()
    help_word: bool = False
    """Twilio took the message for its HELP keyword."""


@dataclass(frozen=True, slots=True)
class Question:
    """The last thing that was asked in this conversation."""

    id: str
    choices: tuple[Choice, ...] = ()
    multiple: bool = False
    secret: bool = False
    """A free answer is a word or a number that only the gateway keeps."""

    @classmethod
    def stored(
        cls, question: str | None, choices: list[Any] | None, *, multiple: bool, secret: bool = False
    ) -> "Question | None":
        """The question of a message as its row holds it."""
        if question is None:
            return None
        return cls(question, tuple(Choice.model_validate(choice) for choice in choices or ()), multiple, secret)


@dataclass(frozen=True, slots=True)
class Meaning:
    """Exactly one of the two."""

    text: str | None = field(default=None, repr=False)
    payload: Payload | None = None


def read(inbound: Inbound, question: Question | None, language: str | None, wording: Wording) -> Meaning:
    """What the person did, in the terms of a turn."""
    if payload := _button(inbound.button):
        return Meaning(payload=payload)
    if inbound.help_word:
        return Meaning(payload=Payload(intent="help"))
    text = clean(inbound.body)
    if inbound.kind == "location" or not text:
        return Meaning(payload=Payload(intent="attachment", value=_attachment(inbound)))
    payload = (
        _number(text, question, language, wording)
        or _answer(text, question, language, wording)
        or _number_to_call(text, question)
        or _command(text, language, wording)
        or _greeting(text, question, wording)
    )
    # Nobody's number is anything that Rasa must know, or keep.
    return Meaning(payload=payload) if payload else Meaning(text=without_numbers(text)[:MAX_TEXT])


def _button(pressed: str | None) -> Payload | None:
    """A button carries the question it belongs to: a tap on an old question answers that one."""
    asked, separator, value = (pressed or "").partition(":")
    if not separator or not _KEY.fullmatch(asked) or not value or len(value) > 64 or value != clean(value):
        return None
    return Payload(intent="answer", question=asked, value=value)


def _attachment(inbound: Inbound) -> str:
    if inbound.kind == "location":
        return "location"
    main = inbound.media[0].partition("/")[0].strip().lower() if inbound.media else ""
    return _ATTACHMENTS.get(main, "unknown")


def _number(text: str, question: Question | None, language: str | None, wording: Wording) -> Payload | None:
    numbers = wording.numbers(language, text)
    if not numbers:
        return None
    if 0 in numbers:
        return Payload(intent="ask_human")
    if numbers == [9]:
        return Payload(intent="stop")
    if question is None or not question.choices:
        return None
    chosen = pick(numbers, len(question.choices), multiple=question.multiple)
    return _picked(question, [question.choices[position].value for position in chosen]) if chosen else None


def _command(text: str, language: str | None, wording: Wording) -> Payload | None:
    numbers = numbers_to_call(text)
    told = clean(without_numbers(text).replace(MASK, " ")) if len(numbers) == 1 else text
    command = wording.command(language, told)
    before = clean(without_numbers(text).partition(MASK)[0]) if len(numbers) == 1 else ""
    # "please call me on 0… i cannot write": what stands before the number says what it is for.
    if command == "call" or (before and wording.command(language, before) == "call"):
        return Payload(intent="ask_human", value="call_number" if numbers else "call")
    intent = INTENT_OF_COMMAND.get(command or "") if told == text else None
    return Payload(intent=intent) if intent else None


def _number_to_call(text: str, question: Question | None) -> Payload | None:
    """A telephone number and nothing else, as the answer to how a person may reach them."""
    asked = question is not None and question.id == "contact"
    alone = len(numbers_to_call(text)) == 1 and not normalise(without_numbers(text).replace(MASK, " "))
    return Payload(intent="ask_human", value="call_number") if asked and alone else None


def _greeting(text: str, question: Question | None, wording: Wording) -> Payload | None:
    """A word that begins, where nothing was asked: whoever was told "write START to begin again" must not be taken to say goodbye."""
    return Payload(intent="greet") if question is None and "start" in wording.meanings(text) else None


def _answer(text: str, question: Question | None, language: str | None, wording: Wording) -> Payload | None:
    """A label typed in full, or a word for yes, no, not sure, skip where that is offered. Only in the person's language: words collide."""
    if question is None or not question.choices:
        return None
    labels = _labels(question, language, wording)
    offered = {choice.value for choice in question.choices}
    parts = [part for part in _LIST.split(text) if normalise(part)] if question.multiple else [text]
    values: list[str] = []
    for part in parts:
        value = labels.get(_form(part)) or (wording.word(language, part) if language else None)
        if value not in offered:
            return None
        if value not in values:
            values.append(value)
    return _picked(question, values) if values else None


def _labels(question: Question, language: str | None, wording: Wording) -> dict[str, str]:
    """Everything that names an option, in one form, with or without its number; what names two options names none."""
    names: dict[str, set[str]] = {}
    for number, choice in zip(option_numbers(len(question.choices)), question.choices, strict=True):
        for label in _written(choice, language, wording):
            for written in (label, f"{number} {label}"):
                names.setdefault(_form(written), set()).add(choice.value)
        for emoji, value in _EMOJI_ANSWERS.items():
            if value == choice.value:
                names.setdefault(_form(emoji), set()).add(choice.value)
    return {name: values.pop() for name, values in names.items() if len(values) == 1 and name}


def _form(text: str) -> str:
    """Without accents: an SMS shows "Por mi" for "Por mí", and whoever types what they read has answered."""
    return loose(text, {})


def _written(choice: Choice, language: str | None, wording: Wording) -> list[str]:
    """How an option is written. A country is named in any language: who types Bangla with Latin letters writes "bangladesh"."""
    spoken = wording.codes if (choice.label or "").startswith("country_") else (language,)
    found = (choice.text or _translation(choice.label, code, wording) for code in spoken)
    return [label for label in found if label]


def _translation(label: str | None, language: str | None, wording: Wording) -> str | None:
    if label is None or language is None:
        return None
    try:
        return wording.template(language, label)
    except KeyError:
        return None


def _picked(question: Question, values: list[str]) -> Payload | None:
    joined = ",".join(values)
    return Payload(intent="answer", question=question.id, value=joined) if len(joined) <= 256 else None
