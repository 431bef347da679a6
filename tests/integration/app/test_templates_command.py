"""`waymark templates` says how the one message stands that may open a WhatsApp conversation, and submits it."""

import io

import pytest

from app.templates import templates
from core.settings import Settings, read_settings
from gateway.errors import NotSent
from gateway.simulator.api import make_simulator
from tests.integration.gateway.stand_in import served
from tests.ports import free_port


@pytest.mark.usefixtures("cipher")
def test_it_lists_submits_and_refreshes(settings: Settings, database_url: str) -> None:
    port = free_port()
    mine = read_settings(
        **(settings.model_dump() | {"database_url": database_url, "twilio_api_url": f"http://127.0.0.1:{port}"})
    )
    said = {}
    with served(make_simulator(mine, pace=0.0), port):
        for action in ("list", "submit", "refresh", "list"):
            out = io.StringIO()
            code = templates(mine, action, out)  # type: ignore[arg-type]
            said[action] = (code, {line.split()[1] for line in out.getvalue().splitlines()})
            if action == "list" and "submit" not in said:
                assert said["list"] == (1, {"not"})
    assert said == {"list": (0, {"approved"}), "submit": (1, {"received"}), "refresh": (0, {"approved"})}


@pytest.mark.usefixtures("cipher")
def test_without_twilio_it_says_so(settings: Settings, database_url: str) -> None:
    mine = read_settings(
        **(settings.model_dump() | {"database_url": database_url, "twilio_api_url": f"http://127.0.0.1:{free_port()}"})
    )
    with pytest.raises(NotSent):
        templates(mine, "submit", io.StringIO())
