"""`waymark up`: everything a copy needs, in order, with a line for each step that takes time; then the processes, until Ctrl-C."""

import fcntl
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal

import httpx

from app import embedded, ports, training
from app.bootstrap import make_sessions
from app.migrations import SchemaError, migrate
from app.processes import Program, Supervisor, stoppable
from app.secrets import ensure_secrets
from core import hash_keys
from core.encryption import Cipher, cipher, use_cipher
from core.reviews import require_reviewed
from core.settings import PROJECT, Settings, SettingsError, read_settings, variable_of

READY_SECONDS = 240.0
"""How long the line may take until it is ready: Rasa on a small, busy machine needs more than a minute (environment.md, 5.1)."""


class StartError(Exception):
    """The start was given up; the text is for the person at the terminal."""


def tell(line: str) -> None:
    """Say something to the person at the terminal, at once, also when the output is a pipe."""
    print(line, flush=True)  # noqa: T201


@dataclass(frozen=True, slots=True)
class Prepared:
    """A copy whose keys, database, model and data are there."""

    settings: Settings
    environment: dict[str, str]
    sign_in_link: str | None


@contextmanager
def step(title: str, *, show: Callable[[str], None] = tell) -> Iterator[None]:
    """Say what is going on when it takes more than a moment."""
    begun = time.monotonic()
    show(f"… {title}")
    yield
    show(f"  done in {time.monotonic() - begun:.1f} s")


@contextmanager
def only_one(data_dir: Path) -> Iterator[None]:
    """Two copies on one data folder would answer everybody twice."""
    data_dir.mkdir(parents=True, exist_ok=True)
    os.chmod(data_dir, 0o711)  # noqa: PTH101, S103 (the embedded PostgreSQL runs as a user of its own below it)
    handle: IO[str] = (data_dir / "lock").open("a")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        handle.close()
        raise StartError(
            f"another copy runs on {data_dir}; stop it, or give this one a WAYMARK_DATA_DIR of its own"
        ) from None
    try:
        yield
    finally:
        handle.close()


@contextmanager
def resources(settings: Settings) -> Iterator[tuple[Settings, dict[str, str]]]:
    """The settings completed with keys and databases, and the environment that holds them. The embedded server stops at the end."""
    with ExitStack() as stack:
        made = ensure_secrets(settings)
        if settings.database_url is None:
            server = embedded.start(settings.data_dir, connections=_connections(settings))
            stack.callback(server.stop)
            made |= {
                variable_of("database_url"): server.database_url,
                variable_of("engine_database_url"): server.engine_database_url,
            }
        if settings.demonstration and settings.twilio_api_url is None:
            made[variable_of("twilio_api_url")] = f"http://127.0.0.1:{settings.port_of('phone')}"
        os.environ.update(made)
        complete = read_settings()
        use_cipher(Cipher.from_settings(complete))
        stack.callback(use_cipher, None)
        yield complete, made


def _connections(settings: Settings) -> int:
    """How many connections to the database the processes may open between them: their pools, their listeners, and a command beside them."""
    each = {"web": 24, "worker": 32, "actions": 24, "engine": 2}
    return max(100, 20 + sum(most * settings.number_of(name) for name, most in each.items()))


def programs(settings: Settings, made: dict[str, str]) -> list[Program]:
    """The processes of a copy, in the order in which they start. Each gets the settings it needs and nothing else."""
    python = sys.executable
    ours = {
        **{name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR", "TZ") if name in os.environ},
        **{name: value for name, value in os.environ.items() if _is_setting(name)},
        **made,
        "PYTHONUNBUFFERED": "1",
        "PYTHONUTF8": "1",
    }
    secret = {
        name: value.get_secret_value()
        for name in ("engine_secret", "engine_key", "actions_secret")
        if (value := getattr(settings, name)) is not None
    }
    engine = training.engine_environment() | {
        "WAYMARK_ENGINE_SECRET": secret["engine_secret"],
        "WAYMARK_ENGINE_KEY": secret["engine_key"],
        "WAYMARK_ENGINE_DATABASE_URL": settings.engine_database_url or "",
        "WAYMARK_ACTIONS_URL": ",".join(f"http://127.0.0.1:{port}/webhook" for port in settings.ports_of("actions")),
        "WAYMARK_ACTIONS_SECRET": secret["actions_secret"],
        "WAYMARK_MODEL": str(settings.model),
    }
    found = [
        *_each("actions", [python, "-m", "bot.actions.server"], ours, settings),
        *_each("engine", [str(training.ENGINE_PYTHON), "-m", "bot.engine.server"], engine, settings),
        *_each("worker", [python, "-m", "app.worker"], ours, settings),
        *_each("web", [python, "-m", "app.web"], ours, settings, listens=(settings.host, settings.port)),
    ]
    if settings.demonstration:
        found.append(Program("phone", [python, "-m", "gateway.simulator.server"], ours))
    return found


def _each(
    name: Literal["actions", "engine", "worker", "web"],
    command: list[str],
    environment: dict[str, str],
    settings: Settings,
    listens: tuple[str, int] | None = None,
) -> Iterator[Program]:
    """As many as are wanted: `worker`, `worker-2`, … Action servers and Rasa learn their port, web processes share a socket."""
    for number in range(1, settings.number_of(name) + 1):
        # The name under which PostgreSQL knows its connections: who looks at the server sees whose they are.
        own = environment | {"PGAPPNAME": f"waymark-{name}"}
        if name in ("actions", "engine"):
            own |= {f"WAYMARK_{name.upper()}_PORT": str(settings.port_of(name, number))}
            own.pop("WAYMARK_PROCESSES", None)  # it would count on from the port that it has
        yield Program(name if number == 1 else f"{name}-{number}", command, own, listens)


def _is_setting(name: str) -> bool:
    return name.startswith(("WAYMARK_", "TWILIO_")) or name in {"DATABASE_URL", "PUBLIC_URL"}


def prepare(settings: Settings, made: dict[str, str], *, show: Callable[[str], None] = tell) -> Prepared:
    """Migrations, model, gazetteer, example data and the first administrator. Each step does nothing when it was done."""
    from app.data import first_sign_in_link, load_data  # noqa: PLC0415

    database = settings.database_url or ""
    with step("the database's schema", show=show):
        migrate(database)
    if not training.is_current(settings.model):
        with step("the model learns what people write (once, and after its sources change)", show=show):
            try:
                training.train(settings.model, settings.data_dir / "logs" / "train.log")
            except training.TrainingError as error:
                raise StartError(str(error)) from None
    with step("places and services", show=show):
        sessions = make_sessions(settings)
        try:
            with sessions.begin() as session:
                hash_keys.settle(session, cipher().hash_keys)
            load_data(sessions, settings)
            link = first_sign_in_link(sessions, settings)
        finally:
            sessions.engine.dispose()
    return Prepared(settings, made, link)


def check_ports(settings: Settings) -> None:
    """Raises StartError when somebody else listens where our processes should."""
    for name, port, why in ports.look(settings):
        if why:
            raise StartError(f"port {port} ({name}): {why}; set WAYMARK_PORT")


def wait_until_ready(settings: Settings, supervisor: Supervisor) -> None:
    """Wait for the health page to say that the whole line is ready. Raises StartError when it does not."""
    deadline = time.monotonic() + READY_SECONDS
    reasons: dict[str, Any] = {}
    with httpx.Client(timeout=3) as client:
        while time.monotonic() < deadline and not supervisor.stopping:
            with suppress(httpx.HTTPError, ValueError):
                answer = client.get(f"http://127.0.0.1:{settings.port}/health")
                if answer.status_code == 200:
                    return
                reasons = {name: part["reason"] for name, part in answer.json()["parts"].items() if not part["ready"]}
            supervisor.revive()
            time.sleep(0.25)
    if not supervisor.stopping:
        raise StartError(f"not ready after {READY_SECONDS:.0f} s: {reasons or 'the web process does not answer'}")


def up(settings: Settings) -> int:
    """Start everything and stay until Ctrl-C or SIGTERM. Returns the exit code."""
    begun = time.monotonic()
    own_database = settings.database_url is None
    supervisor = stoppable(settings.data_dir / "logs")
    try:
        require_reviewed(settings)
        with ExitStack() as stack:
            stack.enter_context(only_one(settings.data_dir))
            check_ports(settings)
            with step("keys and database"):
                settings, made = stack.enter_context(resources(settings))
            prepared = prepare(settings, made)
            stack.callback(supervisor.stop)
            started = programs(settings, made)
            with step(f"the processes: {', '.join(program.name for program in started)}"):
                for program in started:
                    supervisor.start(program)
                wait_until_ready(settings, supervisor)
            if not supervisor.stopping:
                _welcome(settings, prepared, time.monotonic() - begun)
                supervisor.watch(beside=(lambda: embedded.revive(settings.data_dir)) if own_database else None)
            tell("… stopping")
    except (StartError, SettingsError, SchemaError) as error:
        print(f"waymark: {error}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


def _welcome(settings: Settings, prepared: Prepared, seconds: float) -> None:
    base = settings.public_base() if not settings.demonstration else f"http://127.0.0.1:{settings.port}"
    lines = [f"Waymark is ready ({seconds:.0f} s).", ""]
    if settings.demonstration:
        lines.append(f"  phone   http://127.0.0.1:{settings.port_of('phone')}/")
    lines.append(f"  desk    {base}/desk")
    if prepared.sign_in_link:
        lines.append(f"          first administrator, once: {base}{prepared.sign_in_link}")
    lines += [
        f"  health  {base}/health",
        "",
        f"  logs    {_short(settings.data_dir / 'logs')}",
        "Ctrl-C stops all of it.",
    ]
    tell("\n".join(lines))


def _short(path: Path) -> str:
    try:
        return str(path.resolve().relative_to(PROJECT))
    except ValueError:
        return str(path)
