"""Whatever the engine does, the caller gets a checked reply or one kind of error."""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from uuid import UUID, uuid4

import httpx
import pytest

from core.settings import Settings, read_settings
from core.turns import TurnRequest
from gateway.engine_client import MAX_REPLY, HttpEngine
from gateway.errors import EngineError
from tests.ports import free_port

TURN = UUID(int=7)
GOOD = {"turn_id": str(TURN), "understood": {"intent": "greet", "confidence": 0.9}, "output": [{"say": "ask_safe"}]}


def settings(seconds: float = 1.0) -> Settings:
    return read_settings(engine_secret="secret", engine_timeout=timedelta(seconds=seconds), engine_port=1)


def ask(answer: Callable[[httpx.Request], httpx.Response]) -> object:
    engine = HttpEngine(settings(), transport=httpx.MockTransport(answer))
    return engine.turn(TurnRequest(conversation_id=uuid4(), turn_id=TURN, text="hello", channel="sms"))


def test_a_good_reply_is_a_reply() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.headers["X-Waymark-Secret"] == "secret"
        assert request.url.path == "/webhooks/waymark/turn"
        return httpx.Response(200, json=GOOD)

    assert ask(answer).output[0].say == "ask_safe"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "response",
    [
        httpx.Response(200, text="<html>"),
        httpx.Response(200, text=""),
        httpx.Response(200, json=[]),
        httpx.Response(200, json=GOOD | {"turn_id": str(uuid4())}),
        httpx.Response(200, json=GOOD | {"output": [{"say": "Not a key!"}]}),
        httpx.Response(200, json=GOOD | {"output": [{"do": "give_money"}]}),
        httpx.Response(200, json=GOOD | {"output": [{"say": "ask_safe", "text": "free text to a person"}]}),
        httpx.Response(200, json=GOOD | {"output": [{"say": "ask_safe"}] * 21}),
        httpx.Response(200, json=GOOD | {"more": 1}),
        httpx.Response(200, text="[" * 100_000),
    ],
)
def test_anything_unexpected_is_garbage(response: httpx.Response) -> None:
    with pytest.raises(EngineError) as caught:
        ask(lambda _: response)
    assert caught.value.reason == "garbage"


@pytest.mark.parametrize("code", [201, 204, 302, 403, 500, 503])
def test_any_other_code_is_a_refusal(code: int) -> None:
    with pytest.raises(EngineError) as caught:
        ask(lambda _: httpx.Response(code, json=GOOD))
    assert caught.value.reason == "refused"


def test_a_reply_without_end_is_not_read_to_its_end() -> None:
    read = 0

    def endless() -> Iterator[bytes]:
        nonlocal read
        for _ in range(1000):
            read += 64 * 1024
            yield b" " * 64 * 1024

    with pytest.raises(EngineError) as caught:
        ask(lambda _: httpx.Response(200, content=endless()))
    assert caught.value.reason == "too_large"
    assert read < MAX_REPLY * 3


def test_a_reply_that_trickles_is_given_up() -> None:
    def trickle() -> Iterator[bytes]:
        for _ in range(50):
            time.sleep(0.1)
            yield b" "

    started = time.monotonic()
    with pytest.raises(EngineError) as caught:
        ask(lambda _: httpx.Response(200, content=trickle()))
    assert caught.value.reason == "timeout"
    assert time.monotonic() - started < 2


def test_a_process_that_is_restarting_is_waited_for() -> None:
    tries = 0

    def answer(_: httpx.Request) -> httpx.Response:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise httpx.ConnectError("refused")
        return httpx.Response(200, json=GOOD)

    assert ask(answer)
    assert tries == 3


def test_a_process_that_is_gone_is_down() -> None:
    port = free_port()
    gone = read_settings(engine_secret="secret", engine_timeout=timedelta(seconds=0.5), engine_port=port)
    started = time.monotonic()
    with pytest.raises(EngineError) as caught:
        HttpEngine(gone).turn(TurnRequest(conversation_id=uuid4(), turn_id=TURN, text="x", channel="sms"))
    assert caught.value.reason == "down"
    assert time.monotonic() - started < 2


def several(answer: Callable[[httpx.Request], httpx.Response], seconds: float = 1.0) -> HttpEngine:
    made = read_settings(
        engine_secret="secret", engine_timeout=timedelta(seconds=seconds), engine_urls="http://one:1,http://two:2"
    )
    return HttpEngine(made, transport=httpx.MockTransport(answer))


def turn(engine: HttpEngine) -> object:
    return engine.turn(TurnRequest(conversation_id=uuid4(), turn_id=TURN, text="hello", channel="sms"))


def test_of_several_engines_each_gets_its_share_and_the_living_answer_for_the_dead() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        if dead and request.url.host == "one":
            raise httpx.ConnectError("refused")
        return httpx.Response(200, json=GOOD)

    dead = False
    engine = several(answer)
    for _ in range(4):
        turn(engine)
    assert asked == ["one", "two", "one", "two"]
    dead = True
    started = time.monotonic()
    for _ in range(4):
        assert turn(engine)
    assert time.monotonic() - started < 0.2, "nobody waits for a process that is gone while another answers"


def test_a_turn_whose_engine_dies_is_asked_for_once_more_and_no_more_than_that() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        if len(asked) <= dying:
            raise httpx.RemoteProtocolError("closed in the middle")
        return httpx.Response(200, json=GOOD)

    dying = 1
    assert turn(several(answer))
    assert asked == ["one", "two"]
    asked.clear()
    dying = 9
    with pytest.raises(EngineError) as caught:
        turn(several(answer))
    assert (caught.value.reason, len(asked)) == ("down", 2), (
        "a turn that kills does not kill every engine again and again"
    )


def test_no_error_quotes_what_was_said() -> None:
    with pytest.raises(EngineError) as caught:
        ask(lambda _: httpx.Response(200, json=GOOD | {"output": [{"say": "secret words"}]}))
    assert "secret words" not in f"{caught.value!r}"
    assert caught.value.__suppress_context__
