"""What the dialogue needs from outside, as one protocol: places, services, cases, consent. The live one is in `live.py`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from core.beginnings import Beginning
from screening.triage import Level


@dataclass(frozen=True, slots=True)
class Place:
    """A place the person may mean. `label` is its name with its region."""

    id: str
    label: str
    country: str | None
    latitude: float
    longitude: float
    exact: bool = False
    """The text was this name and nothing else."""


@dataclass(frozen=True, slots=True)
class Service:
    """One service as shown. `values` are those of the message `say_service`."""

    id: str
    values: Mapping[str, str | int | float]
    is_example: bool
    far: bool = False
    """Too far to go to for help: the nearest there is, and a person is told so."""


@dataclass(frozen=True, slots=True)
class Who:
    """What the person chose to tell of themselves. None: not known, which shuts nobody out."""

    under_18: bool | None = None
    female: bool | None = None
    with_children: bool | None = None
    has_papers: bool | None = None
    """False: somebody keeps them."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A case that a person will see: its reference and the time by which somebody writes."""

    reference: str
    level: str
    due_at: datetime


class World(Protocol):
    """One turn's view of the deployment, the directory and the cases. Each call belongs to the turn's one transaction."""

    countries: tuple[str, ...]
    languages: Sequence[tuple[str, str]]
    """Code and name in its own script, in the order offered."""
    on_call: bool

    @property
    def has_word(self) -> bool:
        """The person has chosen a word to go on with after a pause."""
        ...

    @property
    def held(self) -> str | None:
        """Why nobody may write to the person first, or None."""
        ...

    def language_named(self, text: str) -> str | None:
        """The language that a few words ask for by its name, or None."""
        ...

    def texts(self, keys: Sequence[str], language: str | None) -> Sequence[str]:
        """What these messages say in a language; in every one where none is known."""
        ...

    def beginning(self, text: str, language: str | None) -> Beginning | None:
        """The answer that a text begins with before it goes on, in the person's language."""
        ...

    def without_landmarks(self, text: str, language: str | None) -> str | None:
        """What is left of a text that names what stands in many places ("near the station"); None when it names nothing of the kind."""
        ...

    def look_up(self, text: str, country: str | None) -> Sequence[Place]:
        """Up to three places that the text may mean, the likeliest first."""
        ...

    def services(
        self,
        need: str,
        *,
        country: str | None,
        place: Place | None,
        language: str | None,
        who: Who,
        limit: int,
    ) -> Sequence[Service]:
        """Services for a need that take this person, the best first."""
        ...

    def service(self, service_id: str, language: str | None) -> Service | None:
        """One service by its id, as it may be shown, also one that people are not told of any more; None for an id of none."""
        ...

    def report_in(self, text: str, language: str | None) -> str | None:
        """What words say was wrong at a place (`closed`, `no_answer`, `turned_away`, `wrong_number`, `not_safe`), or None."""
        ...

    def report_place(self, service_id: str, kind: str) -> None:
        """Keep that something was wrong with an entry of the directory, and not who said so."""
        ...

    def self_harm_is_now(self, text: str) -> bool:
        """Whether a text says that somebody harms themselves now or is about to."""
        ...

    def emergency_number(self, country: str | None) -> str | None:
        """A number that somebody in the country has verified, or None."""
        ...

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
        """Open the conversation's case or bring it up to date; a level never falls."""
        ...

    def record_consent(self, kind: str, *, given: bool, language: str | None) -> None:
        """Keep one answer to one request for consent."""
        ...

    def followed_up(self, answer: str) -> None:
        """How a referral went (Q24), for those who follow it up."""
        ...

    def hotline(self, country: str | None) -> Service | None:
        """A number that somebody verified and that answers for the whole country, or None."""
        ...

    def reports_by_law(self, country: str | None) -> bool:
        """Whether the law there makes us report some things, as somebody confirmed for this deployment."""
        ...

    def hold(self, reason: str | None) -> None:
        """Nothing is sent unasked any more, for a reason; None: it may be again."""
        ...

    def mark_shared(self, *, shared: bool) -> None:
        """Others read this phone, or may: the conversation locks sooner."""
        ...

    def keep_signal(self, level: str) -> None:
        """Without consent nothing else is kept: for a day, that whoever comes back was urgent (protocol, section 2.6)."""
        ...

    def signal(self) -> Level | None:
        """The level kept by `keep_signal`, if it is not older than a day."""
        ...
