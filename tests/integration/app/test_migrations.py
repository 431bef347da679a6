"""The schema's history leads to what the models say, both ways, and keeps what is stored."""

import psycopg
import pytest
from sqlalchemy import text

from app.migrations import SchemaError, differences, migrate, standing, state
from app.tables import MODULES
from core.database import make_engine
from core.settings import PROJECT
from tests.databases import with_database


@pytest.fixture
def empty_database(postgres: str) -> str:
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS migrating WITH (FORCE)")
        connection.execute("CREATE DATABASE migrating")
    return with_database(postgres, "migrating")


def test_models_and_migrations_agree(empty_database: str) -> None:
    migrate(empty_database)
    assert differences(empty_database) == []


def test_the_database_is_on_the_head_after_migrating_and_again_changes_nothing(empty_database: str) -> None:
    _, after = migrate(empty_database)
    assert state(empty_database) == (after, after)
    assert migrate(empty_database) == (after, after)


def test_down_to_nothing_and_up_again(empty_database: str) -> None:
    migrate(empty_database)
    migrate(empty_database, "base")
    engine = make_engine(empty_database)
    with engine.connect() as connection:
        left = connection.execute(
            text("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
        ).scalars()
        assert set(left) == {"alembic_version"}
    engine.dispose()
    migrate(empty_database)
    assert differences(empty_database) == []


def test_every_room_with_models_is_compared() -> None:
    rooms = ("app", "bot", "cases", "core", "desk", "directory", "gateway", "screening")
    found = {
        ".".join(path.relative_to(PROJECT).with_suffix("").parts)
        for room in rooms
        for path in (PROJECT / room).rglob("models.py")
    }
    assert found == set(MODULES)


def test_a_schema_ahead_or_behind_is_told_and_a_newer_one_is_left_alone(empty_database: str) -> None:
    migrate(empty_database)
    assert standing(empty_database) == "current"
    engine = make_engine(empty_database)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert standing(empty_database) == "ahead"
    with pytest.raises(SchemaError, match="newer"):
        migrate(empty_database)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    assert standing(empty_database) == "behind"
    engine.dispose()


def test_migrations_leave_what_older_code_reads_and_writes_as_it_is() -> None:
    """The old processes serve while the new schema is there: a column that goes, or that must be filled, would break their inserts."""
    for path in sorted((PROJECT / "migrations" / "versions").glob("*.py")):
        if path.name < "0020":
            continue  # before anybody ran it with people
        up = path.read_text().partition("def upgrade")[2].partition("def downgrade")[0]
        for forbidden in (
            "drop_column",
            "drop_table",
            "rename_table",
            "new_column_name",
            "DROP COLUMN",
            "DROP TABLE",
            "RENAME",
        ):
            assert forbidden not in up, f"{path.name}: {forbidden} breaks the version that still serves"
        for added in up.split("op.add_column")[1:]:
            column = added.partition("op.")[0]
            assert "nullable=False" not in column or "server_default" in column, (
                f"{path.name}: old code does not fill it"
            )
