"""The terminal chat against the stand-in and a service that answers over the real API."""

import io
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request, Response

from app.chat import chat
from core.settings import Settings
from gateway.simulator.api import make_simulator
from gateway.simulator.simulator import Simulator
from tests.integration.simulator.simulator_line import Served

Answer = list[str | dict[str, Any]]


class Service:
    """Answers each message by a script: texts, or contents with buttons."""

    def __init__(self) -> None:
        self.answers: Callable[[dict[str, str]], Answer] = lambda form: [f"You wrote {form['Body']}"]
        self.forms: list[dict[str, str]] = []
        self.status = 204
        self.api: httpx.Client
        self.account = ""
        self._work = ThreadPoolExecutor(1)

    def app(self) -> FastAPI:
        app = FastAPI()

        @app.post("/twilio/messages")
        async def messages(request: Request) -> Response:
            form = {key: str(value) for key, value in (await request.form()).items()}
            self.forms.append(form)
            if self.status == 204:
                self._work.submit(self._answer, form)
            return Response(status_code=self.status)

        return app

    def _answer(self, form: dict[str, str]) -> None:
        for said in self.answers(form):
            data = {"To": form["From"], "From": form["To"]}
            if isinstance(said, str):
                data["Body"] = said
            else:
                made = self.api.post("/v1/Content", json={"language": "en", "types": said})
                data["ContentSid"] = made.json()["sid"]
            self.api.post(f"/2010-04-01/Accounts/{self.account}/Messages.json", data=data)

    def close(self) -> None:
        self._work.shutdown()


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
def copy(service: Service, settings: Settings) -> Iterator[str]:
    """Address of a phone whose webhook is the service."""
    webhook = Served(service.app())
    app = make_simulator(settings.model_copy(update={"public_url": webhook.url}), pace=0.0)
    simulator: Simulator = app.state.simulator
    phone = Served(app)
    service.account = simulator.account
    service.api = httpx.Client(base_url=phone.url, auth=(simulator.account, simulator.token), trust_env=False)
    yield phone.url
    service.close()
    service.api.close()
    phone.stop()
    webhook.stop()


def run(settings: Settings, url: str, lines: str, **options: Any) -> str:
    sink = io.StringIO()
    given = {"quiet": 0.25, "patience": 5.0, **options}
    assert chat(settings, base_url=url, source=io.StringIO(lines), sink=sink, **given) == 0
    return sink.getvalue()


def test_a_script_of_lines_gets_its_answers_in_order(copy: str, service: Service, settings: Settings) -> None:
    service.answers = lambda form: [f"first {form['Body']}", f"second {form['Body']}"]
    told = run(settings, copy, "one\n\ntwo\n/quit\nthree\n")
    assert told.splitlines() == ["  first one", "  second one", "  first two", "  second two"]
    assert [form["Body"] for form in service.forms] == ["one", "two"]


def test_each_run_is_a_new_person(copy: str, service: Service, settings: Settings) -> None:
    for _ in range(2):
        run(settings, copy, "hello\n")
    assert len({form["From"] for form in service.forms}) == 2
    assert all(form["From"].startswith("+1500555") for form in service.forms)


def test_a_conversation_is_taken_up_again_with_its_number(copy: str, service: Service, settings: Settings) -> None:
    run(settings, copy, "one\n", phone="+15005550101")
    told = run(settings, copy, "two\n", phone="+15005550101")
    assert told.splitlines() == ["  You wrote one", "  You wrote two"]


def test_buttons_are_numbered_and_a_number_taps_them(copy: str, service: Service, settings: Settings) -> None:
    titles = [("Yes", "safe:yes"), ("No", "safe:no")]
    quick = {"body": "Safe?", "actions": [{"type": "QUICK_REPLY", "title": t, "id": i} for t, i in titles]}
    service.answers = lambda form: [{"twilio/quick-reply": quick}] if form["Body"] == "hello" else ["thanks"]
    told = run(settings, copy, "hello\n2\n2\n", channel="whatsapp")
    assert told.splitlines() == ["  Safe?", "    1 Yes", "    2 No", "  thanks", "  thanks"]
    assert service.forms[1]["ButtonPayload"] == "safe:no"
    assert (service.forms[2]["Body"], "ButtonPayload" in service.forms[2]) == ("2", False), "the buttons are gone"


@pytest.mark.parametrize("line", ["3", "0", "9", "yes", "/start"])
def test_what_is_no_button_is_sent_as_text(copy: str, service: Service, settings: Settings, line: str) -> None:
    quick = {"body": "Safe?", "actions": [{"type": "QUICK_REPLY", "title": "Yes", "id": "safe:yes"}]}
    service.answers = lambda form: [{"twilio/quick-reply": quick}] if form["Body"] == "hello" else ["thanks"]
    run(settings, copy, f"hello\n{line}\n", channel="whatsapp")
    assert service.forms[1]["Body"] == line
    assert "ButtonPayload" not in service.forms[1]


def test_a_language_is_chosen_by_the_number_it_has_in_the_answer(
    copy: str, service: Service, settings: Settings
) -> None:
    service.answers = lambda form: (
        ["Which?\n1 English\n2 Français\n3 العربية"] if form["Body"] == "Français" else ["Bonjour"]
    )
    told = run(settings, copy, "", language="fr")
    assert [form["Body"] for form in service.forms] == ["Français", "2"]
    assert told.splitlines()[-1] == "  Bonjour"


def test_a_language_is_chosen_in_a_list(copy: str, service: Service, settings: Settings) -> None:
    rows = [{"id": "language:en", "item": "English"}, {"id": "language:ar", "item": "العربية"}]
    picker = {"body": "Which?", "button": "Choose", "items": rows}
    service.answers = lambda form: ["مرحبا"] if "ButtonPayload" in form else [{"twilio/list-picker": picker}]
    told = run(settings, copy, "", language="ar", channel="whatsapp")
    assert service.forms[1]["ListId"] == "language:ar"
    assert told.splitlines()[-1] == "  مرحبا"


def test_examples_are_sent_by_their_names(copy: str, service: Service, settings: Settings) -> None:
    run(settings, copy, "/photo\n/voice\n/location\n", channel="whatsapp")
    kinds = [form.get("MediaContentType0") or form["MessageType"] for form in service.forms]
    assert kinds == ["image/jpeg", "audio/ogg", "location"]


def test_a_location_by_sms_is_told_to_be_impossible(copy: str, service: Service, settings: Settings) -> None:
    assert "an SMS carries no location" in run(settings, copy, "/location\n", patience=0.3)
    assert service.forms == []


def test_silence_and_refusals_are_told(copy: str, service: Service, settings: Settings) -> None:
    service.answers = lambda _: []
    assert "(no answer within 0 s)" in run(settings, copy, "hello\n", patience=0.3)
    service.status = 403
    assert "! not delivered: Waymark refused it (HTTP 403)" in run(settings, copy, "hello\n", patience=0.5)


def test_nothing_running_is_one_clear_line(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert chat(settings, base_url="http://127.0.0.1:9", source=io.StringIO("hello\n"), sink=io.StringIO()) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "waymark up" in error


def test_another_program_on_the_port_is_one_clear_line(
    service: Service, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    other = Served(service.app())
    try:
        assert chat(settings, base_url=other.url, source=io.StringIO(""), sink=io.StringIO()) == 1
    finally:
        other.stop()
    assert "another program" in capsys.readouterr().err


def test_an_unknown_language_is_one_clear_line(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert chat(settings, language="xx", base_url="http://127.0.0.1:9", source=io.StringIO(""), sink=io.StringIO()) == 1
    assert "xx" in capsys.readouterr().err
