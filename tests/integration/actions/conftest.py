"""A real action server for a test, on the test's own database."""

from collections.abc import Iterator

import pytest

from core.database import Sessions
from core.settings import Settings
from tests.integration.actions.serving import ActionServer, Tracker, a_conversation, environment
from tests.ports import free_port


@pytest.fixture
def server(settings: Settings, database_url: str) -> Iterator[ActionServer]:
    running = ActionServer(environment(settings, database_url, free_port()))
    running.start()
    yield running
    if running.process.poll() is None:
        running.stop()


@pytest.fixture
def tracker(server: ActionServer, sessions: Sessions) -> Tracker:
    return Tracker(server, a_conversation(sessions))
