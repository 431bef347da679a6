"""What the gateway and the bot say to each other in one turn.

The gateway checks the reply against these types: Rasa's output is untrusted.
"""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Key = Annotated[str, StringConstraints(pattern=r"^[a-z][a-zA-Z0-9_]{0,63}$")]
Short = Annotated[str, StringConstraints(max_length=300)]
Value = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Code = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z]{2,8})?$")]

MAX_TEXT = 1000
"""Characters of a free text that go to Rasa: the cost of embedding grows with length (7 seconds at 10,000)."""


Alarm = Literal["danger_now", "self_harm", "child_alone", "ask_human"]
"""Meanings that call for a person, most urgent first."""

Sign = Literal["locked", "burst", "long_text", "other_language"]
"""locked: a pause was longer than the lock allows, nothing of before may be shown · burst: many messages in a short time · long_text: a
text too long for one breath · other_language: the text is in another language than the conversation."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Payload(_Strict):
    """A meaning that needs no language understanding: a picked option, an attachment, a word of the lists."""

    intent: Key
    question: Key | None = None
    value: Annotated[str, StringConstraints(max_length=256)] | None = None


class TurnRequest(_Strict):
    """One thing a person did, on its way to Rasa. Exactly one of `text` and `payload`."""

    conversation_id: UUID
    turn_id: UUID
    text: Annotated[str, StringConstraints(max_length=MAX_TEXT)] | None = None
    payload: Payload | None = None
    language: Code | None = None
    language_guess: Code | None = None
    channel: Literal["sms", "whatsapp"]
    new_session: bool = False
    alarm: Alarm | None = None
    """What the lists of safety phrases found in the text, independently of the classifier (screening/phrases.py)."""
    signs: tuple[Sign, ...] = ()
    """What the channel noticed about the message besides its words."""


class Choice(_Strict):
    """One option of a question: its value, and the message key or the literal text (a place, a language) of its label."""

    value: Value
    label: Key | None = None
    text: Annotated[str, StringConstraints(min_length=1, max_length=80)] | None = None


class Say(_Strict):
    """A message to the person: a key of the catalogues, its values and its choices."""

    say: Key
    values: dict[Key, Short | int | float] = Field(default_factory=dict, max_length=12)
    choices: tuple[Choice, ...] = Field(default=(), max_length=10)
    question: Key | None = None
    multiple: bool = False
    secret: bool = False
    """The answer is a word or a number that only the gateway keeps: Rasa is told `set` or `unusable`, never the text."""


class SetLanguage(_Strict):
    do: Literal["set_language"]
    language: Code


class HandOver(_Strict):
    do: Literal["hand_over"]
    reason: Key
    level: Literal["E", "U", "P", "R"]


class Close(_Strict):
    do: Literal["close"]
    reason: Key


class Erase(_Strict):
    do: Literal["erase"]


class OptOut(_Strict):
    """Nothing is sent any more, once the confirmation in the same reply has left."""

    do: Literal["opt_out"]


class Complain(_Strict):
    """A complaint about staff or a place: kept where the case team cannot read it; with `told`, the message of this turn tells it."""

    do: Literal["complain"]
    told: bool


class NoComplaint(_Strict):
    """It was none: what was put aside goes back to its place in the conversation."""

    do: Literal["no_complaint"]


Item = Say | SetLanguage | HandOver | Close | Erase | OptOut | Complain | NoComplaint


class Understood(_Strict):
    intent: Annotated[str, StringConstraints(max_length=64)]
    confidence: float = Field(ge=0, le=1.0001)


class TurnReply(_Strict):
    """What the bot answers: items in order, at most twenty."""

    turn_id: UUID
    understood: Understood
    output: tuple[Item, ...] = Field(max_length=20)
