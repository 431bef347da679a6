"""Reads `screening/data/phrases/<code>.yml`: what calls for a person at once, in each language, and the idioms that only sound like it.

Read strictly. A misspelt heading, an empty phrase or one that a harmless run always takes back would silently switch off a cry for help.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import get_args

from core.turns import Alarm
from screening import datafile
from screening.errors import DataFileError
from screening.folding import forms
from screening.patterns import fault, plainest
from screening.runs import Runs

FOLDER = Path(__file__).parent / "data" / "phrases"
ALARMS: tuple[Alarm, ...] = get_args(Alarm)
"""Most urgent first."""

HARMLESS = "harmless"
NOW_FILE = FOLDER.parent / "self_harm_now.yml"


@dataclass(frozen=True, slots=True)
class PhraseList:
    """One language's phrases by meaning, as written, and the harmless runs."""

    code: str
    phrases: Mapping[Alarm, tuple[str, ...]]
    harmless: tuple[str, ...]
    reviewed_by: str | None
    reviewed_on: str | None


@cache
def read_list(code: str, folder: Path = FOLDER) -> PhraseList:
    """The phrases of one language. Raises DataFileError that names the language's file and the fault."""
    path = folder / f"{code}.yml"
    if not code.isalpha() or not path.is_file():
        raise DataFileError(
            f"phrases/{code}.yml", "is missing: every enabled language needs its list of safety phrases"
        )
    where = f"phrases/{code}.yml"
    data = datafile.mapping(datafile.read(path), where=where)
    datafile.only(data, ("reviewed_by", "reviewed_on", *ALARMS, HARMLESS), where=where)
    found = PhraseList(
        code,
        {alarm: _entries(data[alarm], where=f"{where}, {alarm}") for alarm in ALARMS},
        _entries(data[HARMLESS], where=f"{where}, {HARMLESS}"),
        _known(data["reviewed_by"]),
        _known(data["reviewed_on"]),
    )
    _check(found, where)
    return found


@cache
def read_now(code: str, path: Path = NOW_FILE) -> tuple[str, ...]:
    """The phrases of one language that say that it is happening now. Raises DataFileError that names the file and the fault."""
    data = datafile.mapping(datafile.read(path), where=path.name)
    if code not in data:
        raise DataFileError(path.name, f"lacks {code!r}: every enabled language needs its list")
    return _entries(data[code], where=f"{path.name}, {code}")


def _known(value: object) -> str | None:
    return None if value in ("null", "~", "") else str(value)


def _entries(value: object, *, where: str) -> tuple[str, ...]:
    if not isinstance(value, list) or (not value and not where.endswith(HARMLESS)):
        raise DataFileError(where, "must be a list of phrases")
    entries = tuple(datafile.text(entry, where=where) for entry in value)
    for entry in entries:
        if wrong := fault(entry):
            raise DataFileError(where, f"{entry!r} {wrong}")
    return entries


def _check(found: PhraseList, where: str) -> None:
    """No entry stands twice or means two things, and no harmless run takes back the whole of a phrase: it would never be heard.

    Two spellings that are folded to the same form are welcome: a reader of the file sees that both were thought of.
    """
    seen: dict[tuple[str, ...], str] = {}
    written: set[str] = set()
    for meaning, entries in (*found.phrases.items(), (HARMLESS, found.harmless)):
        for entry in entries:
            form = tuple(word for part in entry.split() for word in forms(part)[0] or (part,))
            if entry.casefold() in written or seen.setdefault(form, meaning) != meaning:
                raise DataFileError(where, f"{entry!r} stands twice ({meaning}, {seen[form]})")
            written.add(entry.casefold())
    harmless = Runs((entry, HARMLESS) for entry in found.harmless)
    for entries in found.phrases.values():
        for entry in entries:
            if silenced := [run for run in harmless.found(plainest(entry)) if run.whole]:
                raise DataFileError(where, f"{entry!r} is taken back whole by the harmless {silenced[0].entry!r}")
