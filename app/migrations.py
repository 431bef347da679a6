"""Brings the database's schema to what this code expects, and says whether it is there."""

from typing import Literal

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from app.tables import metadata
from core.database import make_engine
from core.settings import PROJECT


class SchemaError(Exception):
    """The database's schema is of a newer version than this code; the text is for the person at the terminal."""


# Two copies that start at once must not migrate at once.
_ADVISORY_LOCK = 7_390_115


def _config(connection: Connection) -> Config:
    config = Config(str(PROJECT / "alembic.ini"))
    config.set_main_option("script_location", str(PROJECT / "migrations"))
    config.attributes["connection"] = connection
    return config


def migrate(url: str, revision: str = "head") -> tuple[str | None, str | None]:
    """Upgrade (or downgrade to an older `revision`); returns the revisions before and after."""
    engine = make_engine(url, pool_size=1)
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT pg_advisory_lock(:id)"), {"id": _ADVISORY_LOCK})
            before = _current(connection)
            connection.commit()
            if before is not None and _is_unknown(connection, before):
                raise SchemaError(
                    f"the database has schema {before}, which this version of Waymark does not know: it was migrated by a newer one. "
                    "Install that version; nothing was changed"
                )
            if revision == "base" or _is_older(connection, revision):
                command.downgrade(_config(connection), revision)
            else:
                command.upgrade(_config(connection), revision)
            connection.commit()
            after = _current(connection)
            connection.execute(text("SELECT pg_advisory_unlock(:id)"), {"id": _ADVISORY_LOCK})
            return before, after
    finally:
        engine.dispose()


def state(url: str) -> tuple[str | None, str]:
    """The database's revision and the one this code expects."""
    engine = make_engine(url, pool_size=1)
    try:
        with engine.connect() as connection:
            script = ScriptDirectory.from_config(_config(connection))
            return _current(connection), script.get_current_head() or ""
    finally:
        engine.dispose()


Standing = Literal["current", "behind", "ahead"]


def standing(url: str) -> Standing:
    """How the database's schema stands to this code: behind, it has to be migrated first; ahead, a newer version serves already."""
    engine = make_engine(url, pool_size=1)
    try:
        with engine.connect() as connection:
            current = _current(connection)
            if current is not None and _is_unknown(connection, current):
                return "ahead"
            head = ScriptDirectory.from_config(_config(connection)).get_current_head()
            return "current" if current == head else "behind"
    finally:
        engine.dispose()


def differences(url: str) -> list[object]:
    """What the models have and the database lacks, or the other way round; empty when they agree."""
    engine = make_engine(url, pool_size=1)
    try:
        with engine.connect() as connection:
            context = MigrationContext.configure(
                connection,
                opts={
                    "compare_type": True,
                    "include_name": lambda name, kind, _: (
                        not (kind == "table" and str(name).startswith("procrastinate_"))
                    ),
                },
            )
            return list(compare_metadata(context, metadata))
    finally:
        engine.dispose()


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _is_unknown(connection: Connection, revision: str) -> bool:
    script = ScriptDirectory.from_config(_config(connection))
    return revision not in {item.revision for item in script.walk_revisions()}


def _is_older(connection: Connection, revision: str) -> bool:
    current = _current(connection)
    if current is None or revision == "head":
        return False
    script = ScriptDirectory.from_config(_config(connection))
    return revision in {item.revision for item in script.iterate_revisions(current, "base")} and revision != current
