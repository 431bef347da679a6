"""The world of a running copy: the directory, the cases and the settings, seen through one database transaction a step."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self
from uuid import UUID

from sqlalchemy.orm import Session

from bot.actions.shown import shown
from bot.actions.world import Opened, Place, Service, Who
from cases import rota, signals
from cases import service as cases
from cases.models import Conversation
from cases.referrals import course, follow_ups
from core.beginnings import Beginning, read_beginning
from core.catalogues import CatalogueError, Catalogues
from core.database import Sessions, make_engine
from core.encryption import Cipher, use_cipher
from core.landmarks import without_landmarks
from core.language_names import named_language
from core.place_reports import read_report
from core.settings import PROJECT, Settings, SettingsError
from directory import emergency, places, search
from directory.errors import UnknownEntryError
from directory.models import Service as DirectoryService
from directory.review import feedback
from directory.text import normalise
from screening.phrases import self_harm_is_now
from screening.triage import LEVELS, Level

LOOKED_AT = 20
"""Services among which a line that answers for the whole country is looked for."""

BEYOND = "country"
"""How the search says that there was nothing in any circle around the place, and the whole country was looked through."""

PLACES = 3
"""Places offered at most: more than a few cannot be told apart in a message."""


@dataclass(frozen=True, slots=True)
class LiveWorlds:
    """What a process needs to open a world for a conversation."""

    settings: Settings
    sessions: Sessions
    catalogues: Catalogues

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """Sets the process's cipher. Raises SettingsError for what is missing or wrong."""
        if settings.database_url is None:
            raise SettingsError("DATABASE_URL: missing; `waymark up` sets it for the processes it starts")
        use_cipher(Cipher.from_settings(settings))
        try:
            catalogues = Catalogues.load(PROJECT / "locale", settings.languages)
        except CatalogueError as error:
            raise SettingsError(f"WAYMARK_LANGUAGES: {error}") from None
        return cls(settings, Sessions(make_engine(settings.database_url)), catalogues)

    @contextmanager
    def open(self, conversation_id: UUID) -> Iterator["LiveWorld"]:
        """One step's world; what it did is committed when the block ends, and undone when it raises."""
        with self.sessions.begin() as session:
            yield LiveWorld(session, conversation_id, self.settings, self.catalogues)

    def close(self) -> None:
        self.sessions.engine.dispose()


class LiveWorld:
    """`World` on the real rooms."""

    def __init__(self, session: Session, conversation_id: UUID, settings: Settings, catalogues: Catalogues) -> None:
        self._session = session
        self._conversation_id = conversation_id
        self._settings = settings
        self._catalogues = catalogues
        self.countries = settings.countries
        self.languages: Sequence[tuple[str, str]] = [
            (code, catalogues.languages[code].name) for code in catalogues.offered
        ]
        self.on_call = rota.is_staffed(session, conversation_id, settings)

    @cached_property
    def has_word(self) -> bool:
        return cases.has_safe_word(self._session, self._conversation_id)

    @property
    def held(self) -> str | None:
        return cases.held_for(self._session, self._conversation_id)

    def language_named(self, text: str) -> str | None:
        return named_language(text, self._catalogues)

    def texts(self, keys: Sequence[str], language: str | None) -> Sequence[str]:
        known = self._catalogues.languages
        spoken = [language] if language is not None and language in known else [*known]
        return [self._catalogues.text(key, code) for code in spoken for key in keys]

    def beginning(self, text: str, language: str | None) -> Beginning | None:
        known = self._catalogues.languages.get(language or "")
        return read_beginning(text, known) if known else None

    def without_landmarks(self, text: str, language: str | None) -> str | None:
        languages = self._catalogues.languages
        # Who writes Bangla with Latin letters, or a French word in Darija, names it in another list.
        known = languages.get(language or "")
        spoken = [known] if known else list(languages.values())
        return without_landmarks(text, (word for each in spoken for word in each.landmarks))

    def look_up(self, text: str, country: str | None) -> Sequence[Place]:
        found = places.look_up(self._session, text, country, limit=PLACES)
        return [
            Place(
                place.id,
                place.label,
                place.country,
                place.latitude,
                place.longitude,
                exact=normalise(place.name) == normalise(text),
            )
            for place in found
        ]

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
        code = self._code(language)
        request = search.SearchRequest(
            country=country,
            needs=(need,),
            place_id=place.id if place else None,
            language=code,
            under_18=who.under_18,
            sex="female" if who.female else None,
            with_children=who.with_children,
            has_papers=who.has_papers,
            demonstration=self._settings.demonstration,
            limit=limit,
        )
        result = search.find(self._session, request)
        beyond = BEYOND in result.relaxed
        return [
            replace(shown(found, code, self._catalogues), far=beyond and found.distance_km is not None)
            for found in result.services
        ]

    def service(self, service_id: str, language: str | None) -> Service | None:
        try:
            wanted = UUID(service_id)
        except ValueError:
            return None
        code = self._code(language)
        found = search.told(self._session, wanted, code, demonstration=self._settings.demonstration)
        if found is not None:
            return shown(found, code, self._catalogues)
        # Whom people are not told of any more may still be what somebody was sent to.
        row = self._session.get(DirectoryService, wanted)
        return Service(str(row.id), {"name": row.name}, is_example=row.is_example) if row else None

    def report_in(self, text: str, language: str | None) -> str | None:
        known = self._catalogues.languages.get(language or "")
        spoken = [known] if known else list(self._catalogues.languages.values())
        return next((kind for each in spoken if (kind := read_report(text, each)) is not None), None)

    def report_place(self, service_id: str, kind: str) -> None:
        known = next((one for one in feedback.KINDS if one == kind), None)
        conversation = self._session.get(Conversation, self._conversation_id)
        if known is None or conversation is None:
            return
        # The number's person, not the conversation: whoever writes twice is one witness. Only a keyed hash of it with the entry is kept.
        with suppress(UnknownEntryError):
            feedback.report(
                self._session, UUID(service_id), known, reporter="person", reporter_key=str(conversation.person_id),
                suspend_after=self._settings.directory_reports,
            )  # fmt: skip

    def self_harm_is_now(self, text: str) -> bool:
        return self_harm_is_now(text, tuple(self._catalogues.languages))

    def emergency_number(self, country: str | None) -> str | None:
        return emergency.number_for(country, demonstration=self._settings.demonstration)

    def hotline(self, country: str | None) -> Service | None:
        request = search.SearchRequest(
            country=country, needs=("talk",), demonstration=self._settings.demonstration, limit=LOOKED_AT
        )
        lines = [found for found in search.find(self._session, request).services if found.is_hotline and found.phones]
        return shown(lines[0], self._code(None), self._catalogues) if lines else None

    def reports_by_law(self, country: str | None) -> bool:
        return country in self._settings.reports_by_law

    def hold(self, reason: str | None) -> None:
        cases.set_hold(self._session, self._conversation_id, reason)

    def mark_shared(self, *, shared: bool) -> None:
        cases.set_shared_phone(self._session, self._conversation_id, shared=shared)

    def keep_signal(self, level: str) -> None:
        signals.keep(self._session, self._conversation_id, level)

    def signal(self) -> Level | None:
        kept = signals.read(self._session, self._conversation_id)
        return next((level for level in LEVELS if level == kept), None)

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
        handle = cases.open_or_update(
            self._session,
            self._conversation_id,
            level=level,
            rules=list(rules),
            needs=list(needs),
            answers=dict(answers),
            reason=reason,
            contact=contact,
            settings=self._settings,
        )
        return Opened(handle.reference, handle.level, handle.due_at)

    def record_consent(self, kind: str, *, given: bool, language: str | None) -> None:
        # The version of the texts says later what the person had read when they agreed.
        consent = cases.record_consent(
            self._session,
            self._conversation_id,
            kind,
            given=given,
            language=self._code(language),
            text_version=self._catalogues.version,
        )
        course.answered(self._session, consent)

    def followed_up(self, answer: str) -> None:
        follow_ups.answered(self._session, self._conversation_id, answer)

    def _code(self, language: str | None) -> str:
        """The language the texts are in: the person's, or the first of this copy."""
        known = self._catalogues.languages
        return language if language is not None and language in known else next(iter(known))
