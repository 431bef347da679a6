"""What people who run the service own and change at the desk: targets, retention, languages, notice texts, numbers. Over the environment.

The last change in force of each name counts. Every process looks every few seconds and follows without a restart. Values obey the rules of
`core.settings`; what the database holds and no longer obeys them is left out, loudly, and the environment's value counts.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cases.errors import Refused
from cases.models import OwnedChange
from core.catalogues import CatalogueError, Catalogues
from core.database import Sessions
from core.logging import get_logger
from core.reviews import unreviewed_safety
from core.settings import Settings, SettingsError, read_settings
from directory import emergency
from directory.emergency import EmergencyNumber

log = get_logger(__name__)

DURATIONS = (
    "target_e", "target_u", "target_p", "target_r", "escalate_second", "escalate_manager", "retention", "retention_without_case",
)  # fmt: skip
SETTINGS = (*DURATIONS, "languages")
TEXTS = ("say_intro", "ask_consent", "say_notice_more", "say_by_law", "say_nobody_now")
"""Texts of the notice: what a person is told of the service before they agree."""
TWO_PEOPLE = frozenset({"text", "number", "retention", "retention_without_case"})
"""Kinds and settings where a wrong value hurts at once and cannot be taken back: words that were sent, a number that was called, what was
deleted. Somebody else looks first."""
EVERY = 5.0
"""Seconds between two looks of a process."""


@dataclass(frozen=True, slots=True)
class Owned:
    """Everything in force: settings by their field, texts by language and key, numbers by country. `number`: of the last change."""

    number: int = 0
    settings: Mapping[str, Any] = field(default_factory=dict)
    texts: Mapping[tuple[str, str], str] = field(default_factory=dict)
    numbers: Mapping[str, EmergencyNumber] = field(default_factory=dict)


def read_owned(session: Session) -> Owned:
    """What is in force now."""
    rows = session.execute(
        select(OwnedChange).where(OwnedChange.state == "in_force").order_by(OwnedChange.decided_at, OwnedChange.number)
    ).scalars()
    settings: dict[str, Any] = {}
    texts: dict[tuple[str, str], str] = {}
    numbers: dict[str, EmergencyNumber] = {}
    for row in rows:
        places: dict[str, tuple[dict[Any, Any], Any]] = {
            "setting": (settings, row.name),
            "text": (texts, tuple(row.name.split(":", 1))),
            "number": (numbers, row.name),
        }
        place, name = places[row.kind]
        if row.value is None:
            place.pop(name, None)
        else:
            place[name] = number_of(row.name, row.value) if row.kind == "number" else row.value["value"]
    return Owned(last_number(session), settings, texts, numbers)


def last_number(session: Session) -> int:
    """Of the last change that was put in force: when it stands still nothing has to be read."""
    in_force = select(func.count()).where(OwnedChange.state == "in_force")
    return int(session.execute(in_force).scalar_one())


def number_of(country: str, value: Mapping[str, Any]) -> EmergencyNumber:
    """An emergency number as it is stored."""
    return EmergencyNumber(
        country, value["number"], ("any",), value["verified_by"], date.fromisoformat(value["verified_on"]), ""
    )


def checked(settings: Settings, loaded: tuple[str, ...], values: Mapping[str, Any]) -> dict[str, Any]:
    """The values as the settings' own types. Raises Refused for what core/settings or the reviews of the texts do not allow."""
    wanted: dict[str, Any] = {
        name: timedelta(seconds=value) if name in DURATIONS else tuple(value) for name, value in values.items()
    }
    if not set(wanted.get("languages", ())) <= set(loaded):
        raise Refused("owned_language_not_loaded")
    try:
        everything = {name: getattr(settings, name) for name in Settings.model_fields}
        fresh = read_settings(**{**everything, **wanted})
    except SettingsError as error:
        raise Refused("owned_refused", why=str(error)) from None
    if fresh.escalate_manager <= fresh.escalate_second:
        raise Refused("owned_escalation_order")
    if not settings.demonstration:
        for code in wanted.get("languages", ()):
            if unreviewed_safety(code):
                raise Refused("owned_language_not_reviewed", language=code)
    return {name: getattr(fresh, name) for name in wanted}


class Follower:
    """Keeps one process's settings, texts and numbers as they are owned. The one place where settings change after the start."""

    def __init__(self, settings: Settings, catalogues: Catalogues | None, sessions: Sessions) -> None:
        self._settings, self._catalogues, self._sessions = settings, catalogues, sessions
        self._defaults = {name: getattr(settings, name) for name in SETTINGS}
        self.loaded = tuple(settings.languages)
        """Languages whose texts this process holds: the environment's."""
        self._number = -1
        self._stop = threading.Event()

    def default(self, name: str) -> Any:
        """The environment's value of a setting."""
        return self._defaults[name]

    def refresh(self) -> bool:
        """Look, and follow what changed; whether anything did."""
        with self._sessions.begin() as session:
            if last_number(session) == self._number:
                return False
            owned = read_owned(session)
        values = dict(self._defaults)
        for name, value in owned.settings.items():
            try:
                values |= checked(self._settings, self.loaded, {name: value})
            except Refused as fault:
                log.warning("an owned setting no longer holds", reason=f"{name} {fault.key}")
        # Whole and in one step: a turn that reads two of them at once sees both of before or both of after.
        self._settings.__dict__.update(values)
        if self._catalogues is not None:
            try:
                self._catalogues.adopt(owned.texts, values["languages"])
            except CatalogueError as fault:
                log.warning("an owned text no longer holds", reason=str(fault))
        emergency.adopt(owned.numbers)
        self._number = owned.number
        return True

    def start(self) -> None:
        """Follow from now on, in a thread of its own. Raises what the first look raises."""
        self.refresh()
        threading.Thread(target=self._follow, daemon=True, name="owned-settings").start()

    def stop(self) -> None:
        """No more looks."""
        self._stop.set()

    def _follow(self) -> None:
        while not self._stop.wait(EVERY):
            try:
                self.refresh()
            except Exception as error:  # noqa: BLE001 - a database that is away for a moment must not end this for good
                log.warning("owned settings were not read", error=type(error).__name__)
