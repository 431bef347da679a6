"""`waymark doctor`: what is missing or wrong, each with its remedy."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

import httpx
from sqlalchemy import select

from app import ports, rehashing, training
from app.degraded import FREE_DISK
from app.migrations import state
from app.secrets import FILE, ensure_secrets
from cases import complaints, rota
from cases.models import Team
from core.catalogues import CatalogueError, Catalogues
from core.database import Sessions, make_engine, now
from core.encryption import Cipher, use_cipher
from core.hash_keys import HashKeyMissing, needed
from core.reviews import require_reviewed
from core.settings import PROJECT, Settings, SettingsError

WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: well, or wrong with its remedy."""

    part: str
    well: bool
    says: str
    remedy: str = ""


def examine(settings: Settings) -> Iterator[Finding]:
    """Look at everything a copy needs. Changes nothing, and goes on after what is wrong."""
    checks: list[Callable[[Settings], Iterator[Finding]]] = [
        _environments, _secrets, _languages, _model, _database, _on_call, _ports, _disk,
    ]  # fmt: skip
    for check in checks:
        try:
            yield from check(settings)
        except Exception as error:  # noqa: BLE001 (a doctor who faints helps nobody)
            yield Finding(
                check.__name__.lstrip("_"),
                well=False,
                says=f"could not be looked at: {type(error).__name__}",
                remedy="tell us",
            )


def _environments(_settings: Settings) -> Iterator[Finding]:
    there = training.ENGINE_PYTHON.exists()
    yield Finding("Rasa's environment", there, "installed" if there else "missing", "make setup")


def _secrets(settings: Settings) -> Iterator[Finding]:
    path = settings.data_dir / FILE
    if path.exists() and path.stat().st_mode & 0o077:
        yield Finding("keys", well=False, says="others on this machine can read them", remedy=f"chmod 600 {path}")
        return
    if settings.demonstration and not path.exists():
        yield Finding("keys", well=True, says="are made at the first start")
        return
    try:
        ensure_secrets(settings)
        if settings.encryption_keys is not None and settings.hash_key is not None:
            Cipher.from_settings(settings)
    except SettingsError as error:
        yield Finding("keys", well=False, says=str(error), remedy="see docs/reference/settings.md")
        return
    yield Finding("keys", well=True, says="there")


def _languages(settings: Settings) -> Iterator[Finding]:
    try:
        Catalogues.load(PROJECT / "locale", settings.languages)
    except CatalogueError as error:
        yield Finding("languages", well=False, says=str(error), remedy="complete locale/<code>/messages.po")
        return
    yield Finding("languages", well=True, says=f"complete: {', '.join(settings.languages)}")
    try:
        require_reviewed(settings)
    except SettingsError as error:
        yield Finding(
            "reviews", well=False, says=str(error), remedy="waymark languages --mark-reviewed, once they were read"
        )


def _model(settings: Settings) -> Iterator[Finding]:
    if not settings.model.is_file():
        yield Finding("model", well=False, says="not trained", remedy="waymark train")
    elif not training.is_current(settings.model):
        yield Finding("model", well=False, says="older than its sources", remedy="waymark train")
    else:
        yield Finding("model", well=True, says="current")


def _database(settings: Settings) -> Iterator[Finding]:
    from directory.models import Place, Service  # noqa: PLC0415

    if settings.database_url is None:
        folder = settings.data_dir / "postgres" / "PG_VERSION"
        says = "embedded, in the data folder" if folder.exists() else "embedded, made at the first start"
        yield Finding("database", well=True, says=says)
        return
    engine = make_engine(settings.database_url, pool_size=1)
    try:
        current, expected = state(settings.database_url)
    except Exception as error:  # noqa: BLE001
        yield Finding(
            "database", well=False, says=f"cannot be reached: {type(error).__name__}", remedy="look at DATABASE_URL"
        )
        return
    if current != expected:
        yield Finding("database", well=False, says=f"schema {current}, expected {expected}", remedy="waymark migrate")
        return
    yield Finding("database", well=True, says=f"schema {current}")
    yield from _numbers(Sessions(engine), settings)
    with Sessions(engine).begin() as session:
        places = session.execute(select(Place.id).limit(1)).first() is not None
        services = session.execute(select(Service.id).limit(1)).first() is not None
    yield Finding("places", places, "loaded" if places else "none: no place a person names is found", "waymark seed")
    yield Finding(
        "services", services, "there" if services else "none: every search ends empty", "waymark seed, or import yours"
    )
    with Sessions(engine).begin() as session:
        waiting, readers = complaints.waiting(session), complaints.readers(session, settings)
    says = f"{waiting} not read yet" if waiting else "none waits"
    yield Finding(
        "complaints",
        not waiting and (bool(readers) or settings.demonstration),
        says if readers else f"{says}, and no account may read them",
        "waymark complaints --by NAME; WAYMARK_COMPLAINTS_READER names the account",
    )
    engine.dispose()


def _numbers(sessions: Sessions, settings: Settings) -> Iterator[Finding]:
    """Whether people are known again by the keys that are there."""
    if settings.hash_key is None:
        return  # missing, and said so
    made = Cipher.from_settings(settings)
    use_cipher(made)
    remedy = "put the missing key into WAYMARK_HASH_KEY with the others, the newest first; if it is gone: docs/how-to/keep-it-safe.md"
    try:
        with sessions.begin() as session:
            names, strangers = needed(session), rehashing.unknown(session)
        made.hash_keys.heed(names)
    except HashKeyMissing as error:
        yield Finding("numbers", well=False, says=str(error), remedy=remedy)
        return
    finally:
        use_cipher(None)
    if strangers:
        says = f"{strangers} of {rehashing.SAMPLE} people looked at are found by no key: they would be strangers"
        yield Finding("numbers", well=False, says=says, remedy=remedy)
    elif made.hash_keys.several:
        yield Finding(
            "numbers", well=True, says="found by several keys: `waymark keys` says whether the older is needed"
        )
    else:
        yield Finding("numbers", well=True, says="found by the key that is there")


def _on_call(settings: Settings) -> Iterator[Finding]:
    """An empty rota is no fault of the machine, but everybody who writes is told that nobody reads."""
    if settings.on_call is not None:
        says = "somebody always is" if settings.on_call else "nobody is"
        yield Finding(
            "on call", well=settings.on_call, says=f"{says}, says WAYMARK_ON_CALL", remedy="unset WAYMARK_ON_CALL"
        )
        return
    if settings.demonstration or settings.database_url is None:
        return
    engine = make_engine(settings.database_url, pool_size=1)
    try:
        with Sessions(engine).begin() as session:
            # Every team's shifts together: hours in which the whole line is empty.
            at = now()
            free = rota.gaps(rota.duties_of(session, session.execute(select(Team.id)).scalars()), at, at + WEEK)
    finally:
        engine.dispose()
    hours = round(sum((end - start for start, end in free), timedelta()) / timedelta(hours=1))
    says = (
        f"for {hours} of the next 168 hours nobody is: whoever writes then is told so"
        if hours
        else "the coming week is planned"
    )
    yield Finding("on call", well=hours < 168, says=says, remedy="a supervisor plans shifts at the desk, page On duty")


def _ports(settings: Settings) -> Iterator[Finding]:
    try:
        running = httpx.get(f"http://127.0.0.1:{settings.port}/health", timeout=2).json()
    except (httpx.HTTPError, ValueError):
        running = None
    if isinstance(running, dict) and "parts" in running:
        for name, part in running["parts"].items():
            since = f", since {part['since']}" if part.get("since") else ""
            yield Finding(
                f"process {name}",
                part["ready"],
                (part["reason"] or "ready") + since,
                part.get("remedy") or "see its log",
            )
        for one in running.get("degraded", ()):
            yield Finding(one["part"], well=False, says=f"{one['reason']}, since {one['since']}", remedy=one["remedy"])
        return
    for name, port, why in ports.look(settings):
        if why:
            yield Finding(f"port {port}", well=False, says=f"taken ({name} needs it)", remedy="set WAYMARK_PORT")
        else:
            yield Finding(f"port {port}", well=True, says=f"free, for {name}")


def _disk(settings: Settings) -> Iterator[Finding]:
    where = settings.data_dir if settings.data_dir.exists() else settings.data_dir.parent
    free = shutil.disk_usage(where if where.exists() else PROJECT).free
    yield Finding(
        "disk", free > FREE_DISK, f"{free / 1024**3:.0f} GiB free", "free some room: a full disk loses messages"
    )
