"""Passkeys: one key signs its owner in, once a challenge; whatever else is sent in its place gets nobody in. Bounds of sign-ins too."""

import hashlib
import html
import json
import os
import re
from datetime import timedelta
from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from webauthn.helpers import bytes_to_base64url

from core.database import now
from desk import accounts, auditlog, limits
from desk.models import AddressWindow, AuditEntry, Passkey, StaffSession
from tests.integration.desk.test_desk_factor import set_up


class Stick:
    """A security key in software: it makes one key and signs with it, as a browser would hand the answers over."""

    def __init__(self, origin: str = "http://testserver") -> None:
        self.origin, self.host = origin, origin.split("//")[1]
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.id, self.count = os.urandom(32), 0

    def make(self, options: dict[str, Any]) -> str:
        numbers = self.key.public_key().public_numbers()
        cose = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32), -3: numbers.y.to_bytes(32)}
        attested = bytes(16) + len(self.id).to_bytes(2) + self.id + cbor2.dumps(cose)
        told = {"fmt": "none", "attStmt": {}, "authData": self._data(0x41) + attested}
        client = self._client("webauthn.create", options["challenge"])
        return self._answer(attestationObject=cbor2.dumps(told), clientDataJSON=client)

    def show(self, options: dict[str, Any]) -> str:
        self.count += 1
        data, client = self._data(0x01), self._client("webauthn.get", options["challenge"])
        signature = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        return self._answer(authenticatorData=data, clientDataJSON=client, signature=signature)

    def _data(self, flags: int) -> bytes:
        return hashlib.sha256(self.host.encode()).digest() + bytes([flags]) + self.count.to_bytes(4)

    def _client(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin}).encode()

    def _answer(self, **response: bytes) -> str:
        shown = {name: bytes_to_base64url(value) for name, value in response.items()}
        name = bytes_to_base64url(self.id)
        return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": shown})


def options_of(page: str) -> dict[str, Any]:
    found = re.search(r'data-options="([^"]+)"', page)
    assert found is not None, page
    read: dict[str, Any] = json.loads(html.unescape(found.group(1)))
    return read


def test_a_key_is_added_then_given_once_for_each_challenge(world: Any) -> None:
    world.caseworker()
    first, _, _ = set_up(world)
    stick = Stick()
    answer = stick.make(options_of(first.get("/desk/passkeys/new").text))
    assert (
        first.post("/desk/passkeys/new", data={"answer": answer, "name": "Stick"}).headers["location"]
        == "/desk/account"
    )
    assert "Stick" in first.get("/desk/account").text
    second = world.browser(name="Amina Example")
    shown = stick.show(options_of(second.get("/desk/second-factor").text))
    assert second.post("/desk/second-factor/passkey", data={"answer": shown}).headers["location"] == "/desk"
    assert second.get("/desk").status_code == 200
    third = world.browser(name="Amina Example")
    third.get("/desk/second-factor")
    assert third.post("/desk/second-factor/passkey", data={"answer": shown}).status_code == 422, "of another challenge"
    copy = stick.show(options_of(third.get("/desk/second-factor").text))
    stick.count = 0
    old = stick.show(options_of(third.get("/desk/second-factor").text))
    assert third.post("/desk/second-factor/passkey", data={"answer": copy}).status_code == 422
    third.get("/desk/second-factor")
    assert third.post("/desk/second-factor/passkey", data={"answer": old}).status_code == 422, "its count fell: a copy"


def test_a_key_that_was_shown_to_a_false_page_opens_nothing(world: Any) -> None:
    world.caseworker()
    first, _, _ = set_up(world)
    false = Stick("http://desk.example")
    answer = false.make(options_of(first.get("/desk/passkeys/new").text))
    assert first.post("/desk/passkeys/new", data={"answer": answer, "name": "Stick"}).status_code == 422
    with world.sessions.begin() as session:
        assert session.execute(select(Passkey)).first() is None


def with_key(world: Any) -> Any:
    """A browser before the second factor, of somebody who has a passkey."""
    world.caseworker()
    set_up(world)
    with world.sessions.begin() as session:
        user = session.merge(world.user("Amina Example"))
        session.add(Passkey(user_id=user.id, credential_id=b"k" * 16, public_key=b"p" * 77, sign_count=1, name="Stick"))
    return world.browser(name="Amina Example")


@pytest.mark.parametrize(
    "answer", ["", "null", "[]", "{}", '{"id": 1}', '{"id": "a2tra2tra2tra2tra2traw", "rawId": "x"}', "x" * 5000]
)
def test_nonsense_in_place_of_a_passkey_lets_nobody_in_and_counts_as_a_failure(world: Any, answer: str) -> None:
    browser = with_key(world)
    assert "data-passkey" in browser.get("/desk/second-factor").text
    assert browser.post("/desk/second-factor/passkey", data={"answer": answer}).status_code == 422
    assert browser.get("/desk").headers["location"] == "/desk/second-factor"
    for _ in range(4):
        browser.get("/desk/second-factor")
        last = browser.post("/desk/second-factor/passkey", data={"answer": answer})
    assert last.status_code == 429


def test_a_key_of_somebody_else_and_an_old_challenge_are_nothing(world: Any) -> None:
    browser = with_key(world)
    other = json.dumps({"id": "b" * 22, "rawId": "b" * 22, "type": "public-key", "response": {}})
    browser.get("/desk/second-factor")
    assert browser.post("/desk/second-factor/passkey", data={"answer": other}).status_code == 422
    with world.sessions.begin() as session:
        assert all(one.challenge is None or one.challenge_at for one in session.execute(select(StaffSession)).scalars())
    assert browser.post("/desk/passkeys/new", data={"answer": other}).headers["location"] == "/desk/second-factor"


def test_a_lost_phone_takes_the_passkeys_with_it(world: Any) -> None:
    with_key(world)
    with world.sessions.begin() as session:
        from desk import factors

        factors.remove(session, session.merge(world.user("Amina Example")))
        assert session.execute(select(Passkey)).first() is None


def test_an_address_that_tries_many_names_and_links_waits_and_is_forgotten(world: Any) -> None:
    few = world.with_settings(world.settings.model_copy(update={"sign_ins_per_address": 5}))
    browser = few.browser()
    for number in range(5):
        assert browser.post("/desk/sign-in", data={"name": f"Name {number}", "password": "x"}).status_code == 422
    late = browser.post("/desk/sign-in", data={"name": "Another", "password": "x"})
    assert late.status_code == 429
    assert 0 < int(late.headers["retry-after"]) <= 601
    for ask in (browser.get, browser.post):
        assert ask("/desk/sign-in/some-token").status_code == 429
    with world.sessions.begin() as session:
        row = session.execute(select(AddressWindow)).scalar_one()
        assert b"testclient" not in row.address_hash
        row.began_at -= limits.WINDOW + timedelta(seconds=1)
    assert browser.get("/desk/sign-in/some-token").status_code == 410
    with world.sessions.begin() as session:
        assert session.execute(select(AddressWindow)).scalar_one().count == 1


def test_refused_sign_ins_do_not_fill_the_log_without_bound(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("desk.accounts.check_password", lambda *_: False)
    world.caseworker()
    with world.sessions.begin() as session:
        for number in range(accounts.REFUSALS_AN_HOUR + 5):
            accounts.sign_in(session, f"Nobody {number}", "x", lifetime=timedelta(hours=1))
        accounts.sign_in(session, "Amina Example", "x", lifetime=timedelta(hours=1))
        lines = [row.action for row in session.execute(select(AuditEntry).order_by(AuditEntry.number)).scalars()]
    many = accounts.REFUSALS_AN_HOUR
    assert lines == ["sign_in_refused"] * many + ["sign_in_refused_many", "sign_in_refused"]


def test_a_line_of_the_log_ends_after_its_time_and_the_database_keeps_a_year_whatever_is_set(world: Any) -> None:
    with world.sessions.begin() as session:
        session.add_all(AuditEntry(action="case_read", at=now() - timedelta(days=days)) for days in (1, 300, 500, 1500))
    with world.sessions.begin() as session:
        assert auditlog.end_old(session, world.settings) == 1
        short = world.settings.model_copy(update={"audit_retention": timedelta(days=1)})
        assert auditlog.end_old(session, short) == 1
        left = [row.action for row in session.execute(select(AuditEntry).order_by(AuditEntry.number)).scalars()]
        assert left == ["case_read", "case_read", "audit_ended", "audit_ended"]
    with pytest.raises(DBAPIError, match="only added to"), world.sessions.begin() as session:
        session.execute(text("DELETE FROM audit_entry WHERE at < now() - interval '200 days'"))


def test_everything_that_is_dangerous_asks_again_who_it_is(world: Any) -> None:
    """A route that changes accounts, settings, numbers or keys must not open to whoever finds a desk unlocked."""
    from desk.permissions import is_dangerous, permission_of

    must = {"people.manage", "settings.edit", "settings.approve", "number.reveal"}
    words = ("passkeys", "recovery", "sessions")
    for method, route in world.routes():
        risky = permission_of(route.endpoint) in must or (
            method == "POST" and any(word in route.path for word in words)
        )
        assert is_dangerous(route.endpoint) or not risky, route.path
