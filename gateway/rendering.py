"""How something is said: the person's language, the channel's form, the budget. Pure, and it never fails towards a person.

SMS and every risky question: text with numbered lines. WhatsApp otherwise: buttons up to three choices, a list up to ten.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Literal

from core.logging import get_logger
from core.turns import Choice, Say
from gateway.numerals import option_numbers
from gateway.splitting import fits, split
from gateway.times import format_moment, parse_moment, round_up
from gateway.wording import Wording, first_known

log = get_logger(__name__)

SEGMENT_BUDGET = 4
"""Segments of one SMS: long joined messages arrive incomplete on some networks."""

DIGITS_ONLY = frozenset(
    {
        "safe", "danger", "shared_phone", "block_2", "can_leave", "papers_kept", "unpaid", "threatened", "promise_broken",
        "made_to", "held", "stranded",
    }
)  # fmt: skip
"""Questions without buttons: a tap writes the chosen words into the thread, for whoever takes the phone. A digit says nothing."""

BUTTON_LIMIT, BUTTON_TITLE = 3, 20
LIST_LIMIT, LIST_TITLE = 10, 24
CONTENT_BODY = 1024
"""Twilio's limits of quick replies and lists in a session, in characters."""

Form = Literal["text", "quick_reply", "list_picker", "template"]


@dataclass(frozen=True, slots=True)
class Part:
    """One message to be sent. `labels` are those of the choices, in their order."""

    body: str = field(repr=False)
    form: Form = "text"
    labels: tuple[str, ...] = field(default=(), repr=False)
    choices: tuple[Choice, ...] = ()
    """Empty on all but the last part of what was said."""


@dataclass(frozen=True, slots=True)
class Manner:
    """Whom it is said to: language, channel, clock, and what time it is."""

    language: str
    channel: str
    clock: tzinfo | None
    now: datetime


def render(say: Say, manner: Manner, wording: Wording, *, budget: int = SEGMENT_BUDGET) -> list[Part]:
    """The messages that say it, in order; at least one."""
    text = compose(say.say, say.values, manner, wording)
    if not say.choices:
        return [Part(body) for body in _cut(text, "", manner, wording, budget)]
    labels = tuple(_label(choice, manner, wording) for choice in say.choices)
    form = _form(say, text, labels, manner)
    if form != "text":
        return [Part(text, form, labels, say.choices)]
    *before, last = _cut(text, numbered(labels), manner, wording, budget)
    return [*(Part(body) for body in before), Part(last, "text", labels, say.choices)]


def compose(key: str, values: Mapping[str, object], manner: Manner, wording: Wording) -> str:
    """The text of a key in the person's language. What is missing is logged and left out: a person never meets an error."""
    code = first_known((manner.language, *wording.codes), wording, key)
    if code != manner.language:
        log.error("a message is missing in a language", key=key, language=manner.language)
    if code is None:
        key = "say_help"
        code = first_known((manner.language, *wording.codes), wording, key)
    if code is None:
        return "..."
    missing = wording.fields(code, key) - values.keys()
    if missing:
        log.error("a message lacks a value", key=key, language=code, count=len(missing))
    clock = _own_clock(values) or manner.clock
    told = {name: _value(value, wording.clock(code), clock, manner.now) for name, value in values.items()}
    told |= dict.fromkeys(missing, "")
    try:
        text = wording.say(code, key, told, zone=clock, today=manner.now)
    except (ValueError, KeyError, IndexError, TypeError, OverflowError):
        # `error`, not `exception`: what failed to be filled in may be in the exception's text.
        log.error("a message could not be filled in", key=key, language=code)  # noqa: TRY400
        text = wording.template(code, key)
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


def numbered(labels: tuple[str, ...]) -> str:
    """The list of choices as lines that begin with their digit, so that it also reads well from right to left."""
    return "".join(f"\n{number} {label}" for number, label in zip(option_numbers(len(labels)), labels, strict=True))


def _own_clock(values: Mapping[str, object]) -> tzinfo | None:
    """The clock that a moment brings with it: the bot knows which country the person named, their number may be of another."""
    moments = (parse_moment(value) for value in values.values())
    return next((moment.tzinfo for moment in moments if moment and moment.utcoffset()), None)


def _value(value: object, locale: tuple[str, str], clock: tzinfo | None, now: datetime) -> object:
    """Moments are rounded up: a promise must not come due before the time that was named. Without a clock they say which one they mean."""
    moment = parse_moment(value)
    if moment is None:
        return value
    moment = round_up(moment)
    return moment.isoformat() if clock else format_moment(moment, locale, None, now=now)


def _label(choice: Choice, manner: Manner, wording: Wording) -> str:
    if choice.text is not None:
        return " ".join(choice.text.split())
    key = choice.label or ""
    code = first_known((manner.language, *wording.codes), wording, key)
    if code != manner.language:
        log.error("a label is missing in a language", key=key, language=manner.language)
    return wording.template(code, key).strip() if code else "-"


def _form(say: Say, text: str, labels: tuple[str, ...], manner: Manner) -> Form:
    if manner.channel != "whatsapp" or not _may_have_buttons(say, text, labels):
        return "text"
    longest = max(len(label) for label in labels)
    if len(labels) <= BUTTON_LIMIT and longest <= BUTTON_TITLE:
        return "quick_reply"
    return "list_picker" if BUTTON_LIMIT < len(labels) <= LIST_LIMIT and longest <= LIST_TITLE else "text"


def _may_have_buttons(say: Say, text: str, labels: tuple[str, ...]) -> bool:
    if say.multiple or say.question is None or say.question in DIGITS_ONLY:
        return False
    # What an option shows is registered at Twilio and stays there: fixed words and names of languages may, the names of places may not.
    if say.question != "language" and any(choice.text is not None for choice in say.choices):
        return False
    # The text is a variable of the content, and Twilio takes none with a line break or many spaces (21656).
    if "\n" in text or "     " in text or len(text) > CONTENT_BODY:
        return False
    ids_fit = all(len(f"{say.question}:{choice.value}") <= 200 for choice in say.choices)
    return ids_fit and len(set(labels)) == len(labels)


def _cut(text: str, tail: str, manner: Manner, wording: Wording, budget: int) -> list[str]:
    if manner.channel != "sms":
        return [text + tail] if fits(text + tail, None) else split(text, budget=None, tail=tail)
    return split(wording.plain(manner.language, text), budget=budget, tail=wording.plain(manner.language, tail))
