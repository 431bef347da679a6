"""Scripted conversations: files that a protection specialist can read, and that run through the real line.

A file has a title, what it shows, the language and channel, the turns (what a person does and every message that answers it), the case that
stands at the end and the services that were shown. What differs from day to day stands as its field: `{time}`, `{reference}`, `{hours}`.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain, groupby
from pathlib import Path
from typing import Annotated, Any, Literal, Protocol

import psycopg
import yaml
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError, model_validator

from core.catalogues import Catalogues

_UNITS = {"minute": 1, "hour": 60, "day": 24 * 60}
_PAUSE = re.compile(r"(\d+) (minute|hour|day)s?")
_VARYING = ("time", "reference", "until", "day")
WRITING = timedelta(seconds=20)
"""How long a person takes to write: at the speed of a machine every conversation would look like a burst of messages."""
_HOURS = ("say_hours_open_now", "say_hours_opens", "say_hours_unknown", "say_hours_always", "say_hours_appointment")


class ScriptError(Exception):
    """A file is no scripted conversation; the text names the file and the fault."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Turn(_Strict):
    """What a person does (a text, or what else the phone sends, or silence) and the messages that answer it, in order."""

    person: str | dict[str, Any] | None = None
    pause: Annotated[str, StringConstraints(pattern=_PAUSE.pattern)] | None = None
    bot: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _one_of_them(self) -> "Turn":
        if (self.person is None) == (self.pause is None) or (self.pause is not None and self.bot):
            raise ValueError("a turn is a person's words with answers, or a pause")
        return self

    @property
    def silence(self) -> timedelta | None:
        """How long nothing is written."""
        found = _PAUSE.fullmatch(self.pause or "")
        return timedelta(minutes=int(found[1]) * _UNITS[found[2]]) if found else None


class ExpectedCase(_Strict):
    """The open case at the end; `rules` are among those that fired."""

    level: Literal["E", "U", "P", "R"]
    reason: str
    rules: tuple[str, ...] = ()


class Script(_Strict):
    """One scripted conversation."""

    title: str
    shows: tuple[str, ...]
    language: str
    channel: Literal["sms", "whatsapp"] = "sms"
    turns: tuple[Turn, ...]
    case: ExpectedCase | None = None
    services: tuple[str, ...] = ()


class Phone(Protocol):
    """Somebody's phone, for as long as a script runs."""

    def does(self, what: str | Mapping[str, Any]) -> list[str]:
        """Send a text or something else, wait until the turn is over, and return what arrived."""
        ...

    def waits(self, silence: timedelta) -> None:
        """Let time pass without a word."""
        ...


@dataclass(frozen=True, slots=True)
class Played:
    """One turn as it went: what was written in the file and what arrived, both without what differs from day to day."""

    turn: Turn
    arrived: tuple[str, ...]

    @property
    def is_as_written(self) -> bool:
        return self.arrived == self.turn.bot


def load(path: Path) -> Script:
    """Read a file. Raises ScriptError."""
    try:
        return Script.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, yaml.YAMLError) as error:
        raise ScriptError(f"{path.name}: {error}") from None
    except ValidationError as error:
        faults = (f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors(include_url=False))
        raise ScriptError(f"{path.name}: {'; '.join(faults)}") from None


def play(script: Script, phone: Phone, steady: Callable[[str], str]) -> Iterator[Played]:
    """Run a script turn by turn."""
    begun = False
    for turn in script.turns:
        if turn.silence is not None:
            phone.waits(turn.silence)
            yield Played(turn, ())
        elif turn.person is not None:
            if begun:
                phone.waits(WRITING)
            begun = True
            yield Played(turn, _in_order([steady(text) for text in phone.does(turn.person)]))


def _in_order(texts: list[str]) -> tuple[str, ...]:
    """Places that follow each other stand in the order of their names: which of them comes first depends on the hour."""
    runs = groupby(texts, key=lambda text: "{hours}" in text.splitlines())
    return tuple(chain.from_iterable(sorted(run) if places else run for places, run in runs))


def pass_time(connection: psycopg.Connection[Any], provider_sid: str, silence: timedelta) -> None:
    """Make the conversation of a message look as if nothing was written for so long. Only for demonstrations and tests."""
    conversation = "(SELECT conversation_id FROM message WHERE provider_sid = %(sid)s)"
    values = {"sid": provider_sid, "silence": silence}
    # The conversation first, as everywhere: else a delivery report and this would wait for each other.
    connection.execute(f"SELECT 1 FROM conversation WHERE id = {conversation} FOR UPDATE", values)  # noqa: S608
    connection.execute(
        f"UPDATE message SET created_at = created_at - %(silence)s WHERE conversation_id = {conversation}",  # noqa: S608
        values,
    )
    connection.execute(
        f"UPDATE conversation SET last_inbound_at = last_inbound_at - %(silence)s WHERE id = {conversation}",  # noqa: S608
        values,
    )
    connection.commit()


class Steady:
    """Takes out of a message what differs from day to day: its field stands there instead."""

    def __init__(self, catalogues: Catalogues) -> None:
        self._hours = [_pattern(written) for key in _HOURS for written in _written(catalogues, key)]
        self._templates = [
            (_pattern(written), written)
            for key in sorted(catalogues.keys - set(_HOURS))
            if catalogues.fields(key) and catalogues.fields(key) <= set(_VARYING)
            for written in _written(catalogues, key)
        ]

    def __call__(self, text: str) -> str:
        for template, stands_for in self._templates:
            if template.fullmatch(text):
                return stands_for
        return "\n".join(
            "{hours}" if any(template.fullmatch(line) for template in self._hours) else line
            for line in text.splitlines()
        )


def _written(catalogues: Catalogues, key: str) -> list[str]:
    """A text as it stands in each language, and as an SMS writes it."""
    raw = {code: catalogues.template(key, code) for code in catalogues.languages}
    return sorted({*raw.values(), *(catalogues.languages[code].for_sms(text) for code, text in raw.items())})


def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\{[a-z_]+\\}", ".+", re.escape(template)))
