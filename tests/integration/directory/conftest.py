"""The full gazetteer, loaded once for all tests of the directory; what a test adds to it is rolled back."""

from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from core.database import Sessions, make_engine
from core.encryption import Cipher, use_cipher
from core.settings import read_settings
from directory.gazetteer import load_gazetteer
from directory.models import Organization
from tests.conftest import secret_key

COUNTRIES = ("BR", "ZA", "BD", "MA", "LA", "BY", "ML")


@pytest.fixture(scope="session")
def gazetteer_engine(postgres: str, template_database: str) -> Iterator[Engine]:
    """An engine on a database with the places of seven countries, in five scripts, one of them without spaces between words."""
    name = f"gazetteer_{uuid4().hex[:8]}"
    head, _, query = postgres.partition("?")
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template_database}"')
    engine = make_engine(f"{head.rsplit('/', 1)[0]}/{name}" + (f"?{query}" if query else ""))
    with Sessions(engine).begin() as session:
        load_gazetteer(session, COUNTRIES)
    yield engine
    engine.dispose()
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def world(gazetteer_engine: Engine, cipher: Cipher) -> Iterator[Session]:
    """A session on the full gazetteer, rolled back at the end of the test."""
    with Session(gazetteer_engine, expire_on_commit=False) as session:
        yield session
        session.rollback()


@pytest.fixture(scope="session")
def directory_engine(postgres: str, template_database: str) -> Iterator[Engine]:
    """An engine on one empty database for every test of the directory that writes and rolls back: a copy for each costs a second."""
    name = f"directory_{uuid4().hex[:8]}"
    head, _, query = postgres.partition("?")
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template_database}"')
    engine = make_engine(f"{head.rsplit('/', 1)[0]}/{name}" + (f"?{query}" if query else ""))
    yield engine
    engine.dispose()
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def session(directory_engine: Engine, cipher: Cipher) -> Iterator[Session]:
    """A session on an empty database, rolled back at the end of the test."""
    with Session(directory_engine, expire_on_commit=False) as session:
        yield session
        session.rollback()


@pytest.fixture
def organization(world: Session) -> Organization:
    organization = Organization(name="Builder's own")
    world.add(organization)
    world.flush()
    return organization


@pytest.fixture(scope="module")
def module_cipher() -> Iterator[Cipher]:
    """A cipher for all tests of a module that share a database; none of them asks for `cipher`, which would take it away."""
    made = Cipher.from_settings(read_settings(encryption_keys=f"test:{secret_key()}", hash_key=secret_key()))
    use_cipher(made)
    yield made
    use_cipher(None)
