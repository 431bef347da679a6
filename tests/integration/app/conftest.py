"""Rasa's memory beside our own tables, for the tests that read it from outside."""

import re
from collections.abc import Iterator

import pytest
from sqlalchemy import text

from core.database import Sessions
from core.settings import PROJECT

TABLE = re.search(r'TABLE = """(.+?)"""', (PROJECT / "bot/engine/tracker_store.py").read_text(), re.DOTALL)


@pytest.fixture
def engine_url(sessions: Sessions) -> Iterator[str]:
    """Rasa's table as Rasa makes it, here beside our own."""
    assert TABLE is not None
    with sessions.begin() as session:
        session.execute(text(TABLE[1]))
    yield sessions.engine.url.render_as_string(hide_password=False)
    with sessions.begin() as session:
        session.execute(text("DROP SCHEMA IF EXISTS engine CASCADE"))
