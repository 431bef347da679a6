"""Puts the rooms together for one process: settings, keys, database, languages, the ways to Rasa and to Twilio. Nothing else is global."""

from dataclasses import dataclass

from cases.owned import Follower
from core.catalogues import Catalogues
from core.database import Sessions, make_engine
from core.encryption import Cipher, use_cipher
from core.languages import Language, load_languages
from core.reviews import require_reviewed
from core.settings import PROJECT, Settings, SettingsError
from desk.live import Live
from desk.web import Desk
from gateway.bootstrap import Gateway, make_gateway


@dataclass(frozen=True, slots=True)
class Rooms:
    """What a process works with."""

    settings: Settings
    sessions: Sessions
    languages: dict[str, Language]
    catalogues: Catalogues
    gateway: Gateway
    follower: Follower
    """Keeps settings, texts and numbers as people change them at the desk."""

    def desk(self, live: Live) -> Desk:
        """The desk, hearing of changes through `live`."""
        return Desk(
            settings=self.settings, sessions=self.sessions, gateway=self.gateway, catalogues=self.catalogues, live=live,
            follower=self.follower,
        )  # fmt: skip

    def close(self) -> None:
        """Give back connections."""
        self.follower.stop()
        self.gateway.close()
        self.sessions.engine.dispose()


def make_sessions(settings: Settings) -> Sessions:
    """Sessions on the settings' database. Raises SettingsError when there is none."""
    if settings.database_url is None:
        raise SettingsError("DATABASE_URL: missing; `waymark up` sets it for the processes it starts")
    return Sessions(make_engine(settings.database_url))


def make_rooms(settings: Settings) -> Rooms:
    """Everything for a process of the application. Sets the process's cipher. Raises SettingsError."""
    require_reviewed(settings)
    use_cipher(Cipher.from_settings(settings))
    sessions = make_sessions(settings)
    languages = load_languages(settings.languages)
    catalogues = Catalogues.load(PROJECT / "locale", settings.languages)
    gateway = make_gateway(settings, sessions, languages, catalogues)
    return Rooms(settings, sessions, languages, catalogues, gateway, Follower(settings, catalogues, sessions))
