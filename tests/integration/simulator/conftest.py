"""The stand-in served over real HTTP, with our webhooks beside it."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from core.settings import Settings
from gateway.simulator.api import make_simulator
from gateway.simulator.simulator import Simulator
from tests.integration.simulator.simulator_line import Line, Receiver, Served


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver("twilio-token")
    served = Served(made.app())
    made.url = served.url
    yield made
    served.stop()


@pytest.fixture
def make_line(receiver: Receiver, settings: Settings) -> Iterator[Callable[..., Line]]:
    """Makes lines: options go to the stand-in; `public_url` is the address our webhooks are known under."""
    served: list[Served] = []
    clients: list[httpx.Client] = []

    def make(*, public_url: str | None = None, **options: Any) -> Line:
        port = int(receiver.url.rpartition(":")[2])
        receiver.public = public_url or ""
        mine = settings.model_copy(update={"public_url": public_url or receiver.url, "port": port})
        app = make_simulator(mine, **{"pace": 0.0, **options})
        served.append(Served(app))
        simulator: Simulator = app.state.simulator
        api = httpx.Client(base_url=served[-1].url, auth=(simulator.account, simulator.token), trust_env=False)
        phone = httpx.Client(base_url=served[-1].url, trust_env=False)
        clients.extend([api, phone])
        return Line(simulator, api, phone, served[-1].url, receiver)

    yield make
    for client in clients:
        client.close()
    for server in served:
        server.stop()


@pytest.fixture
def line(make_line: Callable[..., Line]) -> Line:
    return make_line()
