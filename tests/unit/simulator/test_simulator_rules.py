"""The small rules of the stand-in, each by itself."""

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.simulator.addresses import Address, parse
from gateway.simulator.contents import Content, show
from gateway.simulator.contract import Breach, check_request, parse_moment
from gateway.simulator.errors import ERRORS, TwilioError
from gateway.simulator.faults import Faults
from gateway.simulator.keywords import REPLIES, keyword
from gateway.simulator.media import EXAMPLES
from gateway.simulator.rules import is_address
from gateway.simulator.segments import segments
from gateway.simulator.state import ENTRIES, State
from gateway.simulator.webhooks import _overrides, is_loopback


@pytest.mark.parametrize(
    ("text", "count", "units", "encoding"),
    [
        ("", 1, 0, "GSM-7"),
        ("a" * 160, 1, 160, "GSM-7"),
        ("a" * 161, 2, 161, "GSM-7"),
        ("a" * 306, 2, 306, "GSM-7"),
        ("a" * 307, 3, 307, "GSM-7"),
        ("€" * 80, 1, 160, "GSM-7"),
        ("a" * 152 + "€" + "a" * 10, 2, 164, "GSM-7"),
        ("a" * 152 + "€" + "a" * 152, 3, 306, "GSM-7"),  # the escape is not parted from its sign: 152 + (2 + 151) + 1
        ("م" * 70, 1, 70, "UCS-2"),
        ("م" * 71, 2, 71, "UCS-2"),
        ("ç", 1, 1, "UCS-2"),
        ("Ç", 1, 1, "GSM-7"),
        ("👍", 1, 2, "UCS-2"),
        ("👍" * 36, 2, 72, "UCS-2"),
        ("‘", 1, 1, "UCS-2"),
    ],
)
def test_segments_are_counted_as_the_networks_do(text: str, count: int, units: int, encoding: str) -> None:
    counted = segments(text)
    assert (counted.count, counted.units, counted.encoding) == (count, units, encoding)


@given(st.text(max_size=1600))
def test_the_count_lies_between_the_fullest_and_the_emptiest_cut(text: str) -> None:
    counted = segments(text)
    alone, joined = (160, 153) if counted.encoding == "GSM-7" else (70, 67)
    if counted.units <= alone:
        assert counted.count == 1
    else:
        assert math.ceil(counted.units / joined) <= counted.count <= math.ceil(counted.units / (joined - 1))


@pytest.mark.parametrize(
    "text", ["STOP", "stop", " Stop\n", "unsubscribe", "END", "quit", "StopAll", "revoke", "optout", "cancel"]
)
def test_a_whole_stop_word_is_a_stop(text: str) -> None:
    assert keyword(text) == "STOP"


@pytest.mark.parametrize("text", ["stop please", "stop!", "", "arrêt", "don't stop", "s t o p"])
def test_anything_more_is_no_keyword(text: str) -> None:
    assert keyword(text) is None


def test_the_network_answers_every_keyword() -> None:
    assert {keyword(word) for word in ("STOP", "START", "HELP")} == set(REPLIES)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("+15005550101", Address("sms", "+15005550101")),
        ("whatsapp:+15005550101", Address("whatsapp", "+15005550101")),
        ("15005550101", None),
        ("+0500555010", None),
        ("+1500", None),
        ("+1 500 555 0101", None),
        ("whatsapp: +15005550101", None),
        ("WhatsApp:+15005550101", None),
        ("+١٥٠٠٥٥٥٠١٠١", None),
        ("+15005550101\n", None),
        ("messenger:+15005550101", None),
    ],
)
def test_only_a_full_international_number_is_an_address(text: str, address: Address | None) -> None:
    assert parse(text) == address


@given(st.text(max_size=40))
def test_an_address_that_is_read_is_written_the_same(text: str) -> None:
    address = parse(text)
    assert address is None or str(address) == text


@pytest.mark.parametrize(
    ("url", "well"),
    [
        ("https://example.org/x?y=1#rc=2", True),
        ("http://127.0.0.1:8000/twilio/status/1", True),
        ("https://our_host.example/x", False),
        ("https:///x", False),
        ("//example.org/x", False),
        ("mailto:x@example.org", False),
        ("https://example.org:port/x", False),
        ("https://example.org/a b", False),
        ("http://[::1/x", False),
        ("", False),
    ],
)
def test_a_callback_must_be_an_address(url: str, well: bool) -> None:  # noqa: FBT001
    assert is_address(url) is well


@given(st.text(max_size=60))
def test_any_text_is_an_address_or_not_and_never_an_exception(text: str) -> None:
    assert is_address(text) in {True, False}


@pytest.mark.parametrize(
    ("fragment", "retries", "policy"),
    [
        ("", 1, {"ct"}),
        ("rc=3&rp=all", 3, {"all"}),
        ("rc=9", 5, {"ct"}),
        ("rc=0", 0, {"ct"}),
        ("rc=x", 1, {"ct"}),
        ("rp=5xx,rt", 1, {"5xx", "rt"}),
    ],
)
def test_connection_overrides_are_read_from_the_fragment(fragment: str, retries: int, policy: set[str]) -> None:
    assert _overrides(fragment) == (retries, policy)


@pytest.mark.parametrize(
    ("host", "here"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("localhost", True), ("::1", True), ("10.0.0.1", False), ("0.0.0.0", False),  # noqa: S104
     ("localhost.example.org", False), ("", False), ("127.0.0.1.example.org", False)],
)  # fmt: skip
def test_only_loopback_is_this_computer(host: str, here: bool) -> None:  # noqa: FBT001
    assert is_loopback(host) is here


def test_faults_happen_as_often_as_planned_and_in_order() -> None:
    faults = Faults()
    faults.plan("server_error", times=2)
    faults.plan("rate_limit")
    faults.plan("undelivered", code=30005)
    kinds = [fault.kind if (fault := faults.take("server_error", "rate_limit")) else None for _ in range(4)]
    assert kinds == ["server_error", "server_error", "rate_limit", None]
    left = faults.take("undelivered")
    assert left is not None
    assert left.code == 30005
    assert faults.planned() == []


def test_a_phone_forgets_its_oldest_messages_and_a_copy_its_oldest_phones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.simulator.state.THREADS", 2)
    state = State()
    first = state.thread(Address("sms", "+15005550101"))
    assert first.entries.maxlen == ENTRIES
    for number in ("+15005550102", "+15005550103"):
        state.thread(Address("sms", number))
    assert state.thread_by_id(first.id) is None
    assert state.known(first.person) is None
    assert state.thread(first.person).id != first.id


def test_a_content_shows_what_the_channel_can() -> None:
    quick = {"body": "Safe, {{1}}?", "actions": [{"type": "QUICK_REPLY", "title": "Yes", "id": "y"}]}
    content = Content("HX1", "", "en", {"1": "friend"}, {"twilio/quick-reply": quick})
    assert show(content, "sms", {}) is None
    shown = show(content, "whatsapp", {})
    assert shown is not None
    assert (shown.kind, shown.body, shown.choices[0].id) == ("quick_reply", "Safe, friend?", "y")
    filled = show(content, "whatsapp", {"1": "you"})
    assert filled is not None
    assert filled.body == "Safe, you?"


@pytest.mark.parametrize("value", ["2026-08-01", "2026-08-01T10:00:00Z", "Wed, 19 Jun 2019 22:04:00 -0000"])
def test_a_moment_is_read_as_twilio_takes_it(value: str) -> None:
    assert parse_moment(value).year >= 2019


def test_an_error_has_twilios_shape_and_a_page_of_its_own() -> None:
    for code, (status, message) in ERRORS.items():
        error = TwilioError(code, "what").as_json()
        assert error == {
            "code": code, "message": f"{message}: what", "more_info": f"https://www.twilio.com/docs/errors/{code}", "status": status,
        }  # fmt: skip


def test_a_breach_names_the_parameter_and_never_its_value() -> None:
    headers = {"content-type": "application/x-www-form-urlencoded", "authorization": "Basic x"}
    path = f"/2010-04-01/Accounts/AC{'0' * 32}/Messages.json"
    for body in (
        b"To=%2B15005550101&ValidityPeriod=secret",
        b"secret=1&To=x",
        b"To=x&ContentSid=secret",
        b"Body=secret",
    ):
        with pytest.raises(Breach) as caught:
            check_request("messages", "POST", path, headers=headers, body=body)
        assert "secret" not in str(caught.value)


def test_the_example_files_are_what_they_say() -> None:
    starts = {"voice": b"OggS", "photo": b"\xff\xd8\xff", "document": b"%PDF-", "contact": b"BEGIN:VCARD"}
    assert set(starts) == set(EXAMPLES)
    for kind, start in starts.items():
        assert EXAMPLES[kind].read().startswith(start)  # type: ignore[index]


def test_twilios_descriptions_come_with_their_licence_and_origin() -> None:
    folder = Path("gateway/simulator/twilio_openapi")
    assert "MIT License" in (folder / "LICENSE").read_text()
    assert "d50069b" in (folder / "README.md").read_text()
