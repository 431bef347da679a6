"""The health page tells the truth: each part by name, and for one that is not ready, why."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import httpx
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.degraded import Degraded
from app.degraded import look as look_for_degraded
from app.migrations import standing, state
from core.database import Sessions, now
from core.logging import describe
from core.settings import Settings

HEARTBEAT = timedelta(seconds=30)
"""A worker that has not been heard of for so long is taken for dead; Procrastinate's workers speak every ten seconds."""
REMEDIES = {
    "database": "is the server of DATABASE_URL up? `waymark doctor`; the embedded one is started again by `waymark up`",
    "worker": "worker.log; `waymark up` starts it again",
    "engine": "engine.log; until it answers people hear that a person will write, and the desk has them",
    "actions": "actions.log",
    "desk": "pages do not refresh by themselves until it is connected again: reload them",
    "phone": "phone.log",
}
"""What to do about a part that is not ready."""
DEGRADED_SECONDS = 15.0
"""How often what is degraded is looked for: it lasts for minutes."""
_CACHE_SECONDS = 1.0
_PART_TIMEOUT = 2.0


@dataclass(frozen=True, slots=True)
class Part:
    """State of one part of the line."""

    ready: bool
    reason: str | None = None
    since: datetime | None = None
    """Since when this process has seen it so."""
    remedy: str | None = None

    def as_json(self) -> dict[str, Any]:
        told = {"ready": self.ready, "reason": self.reason}
        if self.ready:
            return told
        return told | {"since": self.since.isoformat() if self.since else None, "remedy": self.remedy}


@dataclass(slots=True)
class Health:
    """Looks at every part; the last look is kept for a second, so that a health page cannot be used to load the line."""

    settings: Settings
    sessions: Sessions
    desk_live: Callable[[], bool]
    _looked: float = field(default=0.0, init=False)
    _asked: float = field(default=0.0, init=False)
    _parts: dict[str, Part] = field(default_factory=dict, init=False)
    _schema: Part | None = field(default=None, init=False)
    _down_since: dict[str, datetime] = field(default_factory=dict, init=False)
    degraded: list[Degraded] = field(default_factory=list, init=False)
    """What does not stop the line, as of the last look."""

    def look(self) -> dict[str, Part]:
        """State of every part, by name."""
        if time.monotonic() - self._looked > _CACHE_SECONDS:
            database = self._database()
            self._parts = {
                "database": database,
                "worker": self._worker() if database.ready else Part(ready=False, reason="the database is down"),
                "engine": self._any(
                    [f"{each}/webhooks/waymark/health" for each in self.settings.engine_addresses()],
                    self.settings.engine_secret,
                ),
                "actions": self._any(
                    [f"http://127.0.0.1:{port}/health" for port in self.settings.ports_of("actions")],
                    self.settings.actions_secret,
                ),
                "desk": Part(ready=True)
                if self.desk_live()
                else Part(ready=False, reason="live pages are not connected"),
            }
            if self.settings.demonstration:
                self._parts["phone"] = self._any([f"http://127.0.0.1:{self.settings.port_of('phone')}/health"], None)
            self._parts = {name: self._dated(name, part) for name, part in self._parts.items()}
            if time.monotonic() - self._asked > DEGRADED_SECONDS:
                self.degraded = self._degraded() if database.ready else []
                self._asked = time.monotonic()
            self._looked = time.monotonic()
        return self._parts

    def _dated(self, name: str, part: Part) -> Part:
        if part.ready:
            self._down_since.pop(name, None)
            return part
        since = self._down_since.setdefault(name, now())
        return replace(part, since=since, remedy=REMEDIES.get(name, "see its log in the data folder"))

    def _degraded(self) -> list[Degraded]:
        try:
            with self.sessions.begin() as session:
                return look_for_degraded(session, self.settings)
        except SQLAlchemyError as error:
            return [Degraded("health", now(), f"could not be looked at: {type(error).__name__}", "web.log")]

    def _database(self) -> Part:
        try:
            with self.sessions.begin() as session:
                session.execute(text("SELECT 1"))
            if self._schema is None:
                url = self.sessions.engine.url.render_as_string(hide_password=False)
                current, expected = state(url)
                # A newer version has migrated already and takes over: until then this one goes on serving (docs/how-to/keep-it-safe.md).
                if current != expected and standing(url) == "behind":
                    return Part(
                        ready=False, reason=f"schema {current}, this code expects {expected}: `waymark migrate`"
                    )
                self._schema = Part(ready=True)
        except Exception as error:  # noqa: BLE001 (whatever it is, the page must say so and not fail)
            return Part(ready=False, reason=describe(error)[0])
        return Part(ready=True)

    def _worker(self) -> Part:
        with self.sessions.begin() as session:
            alive = session.execute(
                text("SELECT count(*) FROM procrastinate_workers WHERE last_heartbeat > now() - :age"),
                {"age": HEARTBEAT},
            ).scalar_one()
        return Part(ready=True) if alive else Part(ready=False, reason="no worker has been heard of")

    def _any(self, urls: list[str], secret: SecretStr | None) -> Part:
        """Ready while one of them answers, for then somebody is answered; with those that do not in its reason, all the same."""
        found = [self._process(url, secret.get_secret_value() if secret else "") for url in urls]
        silent = [one for one in found if not one.ready]
        if not silent:
            return Part(ready=True)
        reason = (
            silent[0].reason if len(found) == 1 else f"{len(silent)} of {len(found)} do not answer: {silent[0].reason}"
        )
        return Part(ready=len(silent) < len(found), reason=reason)

    @staticmethod
    def _process(url: str, secret: str) -> Part:
        try:
            answer = httpx.get(url, headers={"X-Waymark-Secret": secret}, timeout=_PART_TIMEOUT)
        except httpx.HTTPError as error:
            return Part(ready=False, reason=describe(error)[0])
        if answer.status_code != 200:
            return Part(ready=False, reason=f"answers {answer.status_code}")
        return Part(ready=True)
