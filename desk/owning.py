"""Changing what is owned at the desk: what a form may say, what it would look like, and a second person where a wrong value hurts."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, joinedload

from cases.errors import Refused
from cases.models import OwnedChange, User
from cases.owned import DURATIONS, SETTINGS, TEXTS, TWO_PEOPLE, Follower, Owned, checked, read_owned
from core.catalogues import CatalogueError, Catalogues
from core.database import now
from core.settings import Settings
from desk.errors import BadInput, NotFound
from desk.words import Words
from directory.emergency import VERIFIED_FOR, number_for
from gateway.budgets import budget_of
from gateway.check import Draft, check
from gateway.gateway import Gateway
from gateway.segments import count_segments

UNITS = {"minutes": 60, "hours": 3600, "days": 86400}
LONGEST = timedelta(days=3660)
_NUMBER = re.compile(r"\+?[0-9]{2,15}")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A change somebody asks for. `value` None: back to what the environment or the project's files say."""

    kind: str
    name: str
    value: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Said:
    """A text as the bot would say it in a language. `rules`: of the check of texts that it breaks."""

    language: str
    text: str
    segments: int
    budget: int
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Owning:
    """What the pages of owned values work with."""

    settings: Settings
    catalogues: Catalogues
    gateway: Gateway
    follower: Follower

    def wanted(self, kind: str, name: str, form: Mapping[str, str], several: list[str]) -> Wanted:
        """What a form asks for, checked by the rules that the settings and the texts obey. Raises BadInput, NotFound."""
        if form.get("back_to_default"):
            self._known(kind, name)
            return Wanted(kind, name, None)
        self._known(kind, name)
        if kind == "setting":
            return Wanted(kind, name, {"value": self._setting(name, form, several)})
        return Wanted(kind, name, self._text(name, form) if kind == "text" else _number(form))

    def preview(self, wanted: Wanted) -> list[Said]:
        """What people would read because of the change."""
        if wanted.kind == "text":
            code, key = wanted.name.split(":", 1)
            shown = wanted.value["value"] if wanted.value else self.catalogues.shipped(key, code)
            return [self._said(code, key, shown)]
        if wanted.kind == "number":
            number = wanted.value["number"] if wanted.value else number_for(
                wanted.name, demonstration=self.settings.demonstration, own=False
            )  # fmt: skip
            key = "say_emergency_number"
            return [
                self._said(code, key, self.catalogues.text(key, code, number=number))
                for code in self.catalogues.offered
                if number
            ]
        return []

    @staticmethod
    def current(owned: Owned, kind: str, name: str) -> dict[str, Any] | None:
        """What is in force by somebody's hand; None: nothing is."""
        if kind == "setting":
            return {"value": owned.settings[name]} if name in owned.settings else None
        if kind == "text":
            code, key = name.split(":", 1)
            return {"value": owned.texts[code, key]} if (code, key) in owned.texts else None
        found = owned.numbers.get(name)
        if found is None:
            return None
        return {"number": found.number, "verified_by": found.verified_by, "verified_on": str(found.verified_on)}

    def _known(self, kind: str, name: str) -> None:
        code, _, key = name.partition(":")
        known = {
            "setting": name in SETTINGS,
            "text": key in TEXTS and code in self.follower.loaded,
            "number": name in self.settings.countries,
        }
        if not known.get(kind):
            raise NotFound

    def _setting(self, name: str, form: Mapping[str, str], several: list[str]) -> Any:
        value: Any = _duration(form) if name in DURATIONS else several
        try:
            checked(self.settings, self.follower.loaded, {name: value})
        except Refused as fault:
            raise BadInput(fault.key, **fault.values) from None
        return value

    def _text(self, name: str, form: Mapping[str, str]) -> dict[str, Any]:
        code, key = name.split(":", 1)
        text = "\n".join(line.rstrip() for line in form.get("text", "").replace("\r\n", "\n").strip().split("\n"))
        try:
            self.catalogues.try_text(key, code, text)
        except CatalogueError:
            fields = " ".join(f"{{{one}}}" for one in sorted(self.catalogues.fields(key)))
            raise BadInput("owned_text_fields", fields=fields or "0") from None
        if rules := self._said(code, key, text).rules:
            raise BadInput("owned_text_rule", rules=" ".join(rules))
        return {"value": text}

    def _said(self, code: str, key: str, text: str) -> Said:
        plain = self.gateway.wording.plain(code, text)
        draft = Draft(text=plain, key=key, ours=(plain,))
        rules = tuple(one.rule for one in check(draft, self.gateway.wording, self.settings))
        return Said(code, text, count_segments(plain).segments, budget_of(key, self.settings), rules)


def two_people(kind: str, name: str) -> bool:
    """Whether somebody else must agree."""
    return kind in TWO_PEOPLE or name in TWO_PEOPLE


def ask(session: Session, owning: Owning, wanted: Wanted, user: User) -> OwnedChange:
    """Ask for a change; in force at once unless a second person must agree. Raises BadInput when another is waiting or nothing changes."""
    before = owning.current(read_owned(session), wanted.kind, wanted.name)
    if before == wanted.value:
        raise BadInput("owned_nothing_changes")
    waits = two_people(wanted.kind, wanted.name)
    change = OwnedChange(
        kind=wanted.kind, name=wanted.name, before=before, value=wanted.value, by_id=user.id,
        state="waiting" if waits else "in_force", decided_by_id=None if waits else user.id, decided_at=None if waits else now(),
    )  # fmt: skip
    try:
        with session.begin_nested():
            session.add(change)
            session.flush()
    except IntegrityError:
        raise BadInput("owned_one_waits") from None
    return change


def decide(session: Session, owning: Owning, change_id: UUID, user: User, *, agree: bool) -> OwnedChange:
    """A second person agrees or refuses; whoever asked may only take it back. Raises NotFound, BadInput."""
    change = session.execute(
        select(OwnedChange).where(OwnedChange.id == change_id).with_for_update()
    ).scalar_one_or_none()
    if change is None or change.state != "waiting":
        raise NotFound
    if agree and change.by_id == user.id:
        raise BadInput("owned_own_change")
    if agree and change.kind == "setting" and change.value is not None:
        try:
            # Much may have changed since it was asked for.
            checked(owning.settings, owning.follower.loaded, {change.name: change.value["value"]})
        except Refused as fault:
            raise BadInput(fault.key, **fault.values) from None
    change.state = "in_force" if agree else "refused"
    change.decided_by_id, change.decided_at = user.id, now()
    session.flush()
    return change


def history(session: Session, *, state: str | None = None, limit: int = 100) -> list[OwnedChange]:
    """Changes, the newest first."""
    statement = select(OwnedChange).order_by(OwnedChange.number.desc()).limit(limit)
    if state is not None:
        statement = statement.where(OwnedChange.state == state)
    return list(
        session.execute(statement.options(joinedload(OwnedChange.by), joinedload(OwnedChange.decided_by))).scalars()
    )


def told(kind: str, name: str, value: Mapping[str, Any] | None, words: Words) -> str:
    """A value in words."""
    if value is None:
        return words.say("owned_default")
    if kind == "number":
        return words.say(
            "owned_number_told", number=value["number"], name=value["verified_by"],
            day=words.day(date.fromisoformat(value["verified_on"])),
        )  # fmt: skip
    if name == "languages":
        return words.say("list_separator").join(words.language(code) for code in value["value"])
    return words.duration(timedelta(seconds=value["value"])) if name in DURATIONS else str(value["value"])


def name_of(kind: str, name: str, words: Words) -> str:
    """What is owned, in words."""
    if kind == "text":
        code, key = name.split(":", 1)
        return f"{words.say(f'owned_text_{key}')} · {words.language(code)}"
    return words.say("owned_number_of", country=words.country(name)) if kind == "number" else words.say(f"owned_{name}")


def _duration(form: Mapping[str, str]) -> float:
    try:
        amount = float(form.get("amount", ""))
    except ValueError:
        raise BadInput("owned_amount") from None
    seconds = amount * UNITS.get(form.get("unit", ""), 0)
    if not 60 <= seconds <= LONGEST.total_seconds():
        raise BadInput("owned_amount")
    return seconds


def _number(form: Mapping[str, str]) -> dict[str, Any]:
    number = "".join(form.get("number", "").split())
    by = " ".join(form.get("verified_by", "").split())
    if not number.isascii() or not _NUMBER.fullmatch(number):
        raise BadInput("owned_number_wrong")
    if not 2 <= len(by) <= 80:
        raise BadInput("owned_verifier_missing")
    try:
        on = date.fromisoformat(form.get("verified_on", ""))
    except ValueError:
        raise BadInput("owned_verified_when") from None
    if not timedelta(0) <= datetime.now(UTC).date() - on <= VERIFIED_FOR:
        raise BadInput("owned_verified_when")
    return {"number": number, "verified_by": by, "verified_on": on.isoformat()}
