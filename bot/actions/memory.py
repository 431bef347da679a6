"""A world in memory, for tests and for trying the dialogue: it keeps what a desk would see and knows a few invented places."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache

from bot.actions.world import Opened, Place, Service, Who
from core.beginnings import Beginning, read_beginning
from core.landmarks import without_landmarks
from core.languages import Language, load_language
from core.place_reports import read_report
from screening.phrases import self_harm_is_now
from screening.triage import LEVELS, Level, worst

TARGETS: dict[str, timedelta] = {
    "E": timedelta(minutes=5),
    "U": timedelta(hours=1),
    "P": timedelta(hours=24),
    "R": timedelta(hours=72),
}


@cache
def _language(code: str) -> Language:
    return load_language(code)


@dataclass(slots=True)
class MemoryCase:
    """The one open case of the conversation."""

    level: Level
    opened_at: datetime
    rules: list[str] = field(default_factory=list)
    needs: list[str] = field(default_factory=list)
    answers: dict[str, object] = field(default_factory=dict)
    reasons: list[str] = field(default_factory=list)
    contact: str | None = None


@dataclass(slots=True)
class MemoryWorld:
    """Everything outside, for one conversation."""

    countries: tuple[str, ...] = ("BR", "ZA", "BD", "MA")
    languages: Sequence[tuple[str, str]] = (("en", "English"), ("fr", "Français"), ("ar", "العربية"), ("bn", "বাংলা"))
    on_call: bool = True
    has_word: bool = False
    places: Mapping[str, Sequence[Place]] = field(default_factory=dict)
    listed: Mapping[str, Sequence[Service]] = field(default_factory=dict)
    numbers: Mapping[str, str] = field(default_factory=dict)
    hotlines: Mapping[str, Service] = field(default_factory=dict)
    labels: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """Labels of choices, by key and language."""
    by_law: frozenset[str] = frozenset()
    held: str | None = None
    shared: bool | None = None
    signalled: Level | None = None
    case: MemoryCase | None = None
    consents: list[tuple[str, bool, str | None]] = field(default_factory=list)
    follow_ups: list[str] = field(default_factory=list)
    asked_for: list[tuple[str, str | None, str | None, bool | None]] = field(default_factory=list)
    asked_by: list[Who] = field(default_factory=list)
    place_reports: list[tuple[str, str]] = field(default_factory=list)

    def language_named(self, text: str) -> str | None:
        said = text.casefold().split()
        return next((code for code, name in self.languages if name.casefold() in said), None)

    def texts(self, keys: Sequence[str], language: str | None) -> Sequence[str]:
        return [text for (key, code), text in self.labels.items() if key in keys and language in (None, code)]

    def beginning(self, text: str, language: str | None) -> Beginning | None:
        return read_beginning(text, _language(language)) if language else None

    def without_landmarks(self, text: str, language: str | None) -> str | None:
        return without_landmarks(text, _language(language or "en").landmarks)

    def look_up(self, text: str, country: str | None) -> Sequence[Place]:
        found = self.places.get(text.casefold().strip(), ())
        wanted = text.casefold().strip()
        return [
            replace(place, exact=place.label.partition(",")[0].casefold() == wanted)
            for place in found
            if country in (None, place.country)
        ][:3]

    def services(
        self,
        need: str,
        *,
        country: str | None,
        place: Place | None,
        language: str | None,  # noqa: ARG002
        who: Who,
        limit: int,
    ) -> Sequence[Service]:
        self.asked_for.append((need, country, place.id if place else None, who.under_18))
        self.asked_by.append(who)
        return self.listed.get(need, ())[:limit]

    def service(self, service_id: str, language: str | None) -> Service | None:  # noqa: ARG002
        return next((one for each in self.listed.values() for one in each if one.id == service_id), None)

    def report_in(self, text: str, language: str | None) -> str | None:
        return read_report(text, _language(language or "en"))

    def report_place(self, service_id: str, kind: str) -> None:
        self.place_reports.append((service_id, kind))

    def self_harm_is_now(self, text: str) -> bool:
        return self_harm_is_now(text, ("en",))

    def emergency_number(self, country: str | None) -> str | None:
        return self.numbers.get(country or "")

    def open_case(
        self,
        *,
        level: str,
        rules: Sequence[str],
        needs: Sequence[str],
        answers: Mapping[str, object],
        reason: str,
        contact: str | None,
    ) -> Opened:
        if level not in TARGETS:
            raise ValueError(f"no case has the level {level!r}")
        new = next(known for known in LEVELS if known == level)
        if self.case is None:
            self.case = MemoryCase(level=new, opened_at=datetime(2026, 1, 5, 12, 0, tzinfo=UTC))
        self.case.level = worst([self.case.level, new])
        self.case.rules, self.case.needs, self.case.answers = list(rules), list(needs), dict(answers)
        self.case.reasons.append(reason)
        self.case.contact = contact or self.case.contact
        return Opened("K47", self.case.level, self.case.opened_at + TARGETS[self.case.level])

    def record_consent(self, kind: str, *, given: bool, language: str | None) -> None:
        self.consents.append((kind, given, language))

    def followed_up(self, answer: str) -> None:
        self.follow_ups.append(answer)

    def hotline(self, country: str | None) -> Service | None:
        return self.hotlines.get(country or "")

    def reports_by_law(self, country: str | None) -> bool:
        return country in self.by_law

    def hold(self, reason: str | None) -> None:
        self.held = reason

    def mark_shared(self, *, shared: bool) -> None:
        self.shared = shared

    def keep_signal(self, level: str) -> None:
        self.signalled = next(known for known in LEVELS if known == level)

    def signal(self) -> Level | None:
        return self.signalled
