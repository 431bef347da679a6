"""Only what Twilio signed passes: over PUBLIC_URL, with either token, whatever a proxy writes into the request."""

import base64
import hmac
from hashlib import sha1
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from core.settings import Settings, read_settings
from gateway.form import Form
from gateway.signature import SignatureCheck

PATH = "/twilio/messages"
FIELDS = [("From", "+15005550010"), ("To", "+15005550006"), ("Body", "salam ☎ ١"), ("MessageSid", "SM1")]


def settings(**changes: object) -> Settings:
    values: dict[str, object] = {
        "public_url": "https://line.example.org",
        "twilio_auth_token": "first",
        "twilio_auth_token_secondary": None,
    }
    return read_settings(**(values | changes))


def form(fields: list[tuple[str, str]] = FIELDS) -> Form:
    return Form.parse(urlencode(fields).encode())


def signed(url: str, fields: list[tuple[str, str]] = FIELDS, token: str = "first") -> str:  # noqa: S107
    """As Twilio's documentation describes it, written without the validator that is under test."""
    names = sorted({name for name, _ in fields})
    text = url + "".join(name + value for name in names for value in sorted({v for n, v in fields if n == name}))
    return base64.b64encode(hmac.new(token.encode(), text.encode("utf-8", "surrogateescape"), sha1).digest()).decode()


def test_what_twilio_signed_passes() -> None:
    check = SignatureCheck(settings())
    assert check.check(PATH, "", form(), signed("https://line.example.org/twilio/messages")) == "valid"


def test_our_signer_agrees_with_the_official_one() -> None:
    url = "https://line.example.org/twilio/messages"
    assert signed(url) == RequestValidator("first").compute_signature(url, dict(FIELDS))


@pytest.mark.parametrize("signature", [None, ""])
def test_no_signature_is_missing(signature: str | None) -> None:
    assert SignatureCheck(settings()).check(PATH, "", form(), signature) == "missing_signature"


@pytest.mark.parametrize(
    "signature", ["x", "é", "A" * 28, signed("https://line.example.org/twilio/messages", token="other")]
)
def test_a_wrong_signature_is_refused(signature: str) -> None:
    assert SignatureCheck(settings()).check(PATH, "", form(), signature) == "wrong_signature"


def test_a_changed_body_is_refused() -> None:
    signature = signed("https://line.example.org/twilio/messages")
    changed = [(name, value + "!" if name == "Body" else value) for name, value in FIELDS]
    assert SignatureCheck(settings()).check(PATH, "", form(changed), signature) == "wrong_signature"
    assert SignatureCheck(settings()).check(PATH, "", form([*FIELDS, ("Extra", "1")]), signature) == "wrong_signature"


def test_during_a_rotation_both_tokens_pass_and_afterwards_one() -> None:
    url = "https://line.example.org/twilio/messages"
    rotating = SignatureCheck(settings(twilio_auth_token="second", twilio_auth_token_secondary="first"))
    for token in ("first", "second"):
        assert rotating.check(PATH, "", form(), signed(url, token=token)) == "valid"
    done = SignatureCheck(settings(twilio_auth_token="second"))
    assert done.check(PATH, "", form(), signed(url, token="first")) == "wrong_signature"


def test_without_a_token_nothing_passes() -> None:
    empty = hmac.new(b"", b"", sha1).digest()
    check = SignatureCheck(settings(twilio_auth_token=None))
    assert check.check(PATH, "", form(), base64.b64encode(empty).decode()) == "wrong_signature"


@pytest.mark.parametrize(
    "url", ["https://line.example.org:443/twilio/messages", "https://line.example.org/twilio/messages"]
)
def test_the_port_may_be_signed_or_not(url: str) -> None:
    assert SignatureCheck(settings()).check(PATH, "", form(), signed(url)) == "valid"


def test_a_prefix_of_the_proxy_belongs_to_public_url() -> None:
    check = SignatureCheck(settings(public_url="https://example.org/waymark/"))
    assert check.check(PATH, "", form(), signed("https://example.org/waymark/twilio/messages")) == "valid"


def test_the_query_is_signed_and_the_fragment_is_not() -> None:
    check = SignatureCheck(settings())
    url = "https://line.example.org/twilio/status?message=1"
    assert check.check("/twilio/status", "message=1", form(), signed(url)) == "valid"
    assert check.check("/twilio/status", "message=2", form(), signed(url)) == "wrong_signature"
    assert check.check("/twilio/status", "message=1", form(), signed(url + "#rc=5&rp=all")) == "wrong_signature"


def test_repeated_fields_are_all_signed() -> None:
    fields = [*FIELDS, ("MediaUrl", "b"), ("MediaUrl", "a"), ("MediaUrl", "a")]
    signature = signed("https://line.example.org/twilio/messages", fields)
    check = SignatureCheck(settings())
    assert check.check(PATH, "", form(fields), signature) == "valid"
    assert check.check(PATH, "", form(fields[:-2]), signature) == "wrong_signature"


@given(body=st.binary(max_size=60))
def test_any_bytes_can_be_signed_and_checked(body: bytes) -> None:
    """Twilio signs the bytes it sends: broken ones must neither fail nor pass unsigned."""
    raw = b"Body=" + b"".join(b"%%%02X" % byte for byte in body)
    parsed = Form.parse(raw)
    check = SignatureCheck(settings())
    value = body.decode("utf-8", "surrogateescape")
    signature = signed("https://line.example.org/twilio/messages", [("Body", value)])
    assert check.check(PATH, "", parsed, signature) == "valid"
    assert (
        check.check(PATH, "", parsed, signed("https://other.example.org/twilio/messages", [("Body", value)]))
        == "wrong_signature"
    )
    assert isinstance(parsed.text("Body"), str)


@given(body=st.binary(max_size=300))
def test_no_body_breaks_the_form(body: bytes) -> None:
    parsed = Form.parse(body)
    parsed.plain()
    SignatureCheck(settings()).check(PATH, "", parsed, "x")


def test_a_lone_surrogate_stays_one() -> None:
    assert Form.parse(b"Body=a%ED%A0%80b").text("Body") == "a\ud800b"
    assert Form.parse(b"Body=a%FFb").text("Body") == "a\ufffdb"
