"""Single sign-on against a provider that is a double: the right answer signs in who connected the account, every wrong one nobody."""

import base64
import hashlib
import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from pydantic import SecretStr
from sqlalchemy import select

from core.settings import SettingsError, read_settings
from desk import sso
from desk.models import AuditEntry, SsoAttempt, StaffIdentity, StaffSession
from tests.integration.desk.test_desk_factor import set_up

ISSUER = "https://id.example"
KEY = RSAKey.generate_key(2048, {"kid": "one"})
OTHER = RSAKey.generate_key(2048, {"kid": "one"})


class Issuer:
    """A provider: it remembers what it was asked, and signs what a test makes of the right claims."""

    def __init__(self) -> None:
        self.asked: dict[str, str] = {}
        self.exchanged: dict[str, str] = {}
        self.change: Callable[[dict[str, Any]], Any] = lambda _: None
        self.key: Any = KEY
        self.algorithm = "RS256"
        self.issuer = ISSUER

    def answer(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/.well-known/openid-configuration":
            places = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
            return httpx.Response(
                200, json={"issuer": self.issuer} | {name: f"{ISSUER}/{at}" for name, at in places.items()}
            )
        if request.url.path == "/keys":
            return httpx.Response(200, json={"keys": [KEY.as_dict(private=False)]})
        self.exchanged = {name: value[0] for name, value in parse_qs(request.content.decode()).items()}
        claims = {"iss": ISSUER, "sub": "somebody", "aud": "waymark", "exp": int(time.time()) + 300, "iat": int(time.time()),
                  "nonce": self.asked.get("nonce")}  # fmt: skip
        self.change(claims)
        header = {"alg": self.algorithm, "kid": "one"}
        token = jwt.encode(header, claims, self.key, algorithms=[self.algorithm])
        return httpx.Response(200, json={"id_token": token, "access_token": "x", "token_type": "Bearer"})


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture
def desk(world: Any, issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> Any:
    transport = httpx.MockTransport(issuer.answer)
    monkeypatch.setattr("desk.web.Provider", lambda settings: sso.Provider(settings, transport))
    settings = {"oidc_issuer": ISSUER, "oidc_client_id": "waymark", "oidc_client_secret": SecretStr("secret")}
    return world.with_settings(world.settings.model_copy(update=settings))


def go(browser: Any, issuer: Issuer, *, connect: bool = False) -> str:
    """To the provider; the state that it would send back."""
    answer = browser.post("/desk/sso/connect") if connect else browser.get("/desk/sso")
    assert answer.status_code == 303, answer.text
    issuer.asked = {name: value[0] for name, value in parse_qs(urlsplit(answer.headers["location"]).query).items()}
    return issuer.asked["state"]


def back(browser: Any, state: str, code: str = "code") -> Any:
    return browser.get(
        "/desk/sso/back", params={"state": state, "code": code}, headers={"Sec-Fetch-Site": "cross-site"}
    )


def connected(desk: Any, issuer: Issuer) -> Any:
    """Somebody who has connected their account."""
    desk.caseworker()
    browser = desk.browser(name="Amina Example")
    assert back(browser, go(browser, issuer, connect=True)).status_code == 200
    return browser


def signed_in(desk: Any, browser: Any) -> bool:
    return bool(browser.get("/desk").status_code == 200)


def test_who_connected_their_account_signs_in_with_it(desk: Any, issuer: Issuer) -> None:
    connected(desk, issuer)
    browser = desk.browser()
    assert "/desk/sso" in browser.get("/desk/sign-in").text
    answer = back(browser, go(browser, issuer))
    assert answer.status_code == 200, "a page that leads on, so that the browser sends our cookie"
    assert signed_in(desk, browser)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(issuer.exchanged["code_verifier"].encode()).digest()).decode()
    assert issuer.asked["code_challenge"] == challenge.rstrip("=")
    assert (issuer.asked["redirect_uri"], issuer.exchanged["client_secret"]) == (
        "http://testserver/desk/sso/back",
        "secret",
    )
    with desk.sessions.begin() as session:
        assert session.execute(select(SsoAttempt)).first() is None
        actions = [row.action for row in session.execute(select(AuditEntry).order_by(AuditEntry.number)).scalars()]
        assert actions[-2:] == ["sso_connected", "signed_in_by_sso"]


def none(claims: dict[str, Any], name: str) -> None:
    del claims[name]


WRONG: dict[str, Callable[[dict[str, Any]], Any]] = {
    "nonce": lambda claims: claims.update(nonce="another"),
    "no nonce": lambda claims: none(claims, "nonce"),
    "issuer": lambda claims: claims.update(iss="https://evil.example"),
    "audience": lambda claims: claims.update(aud="another"),
    "another beside us": lambda claims: claims.update(aud=["another", "waymark"]),
    "another's token": lambda claims: claims.update(aud=["another", "waymark"], azp="another"),
    "expired": lambda claims: claims.update(exp=int(time.time()) - 600),
    "no end": lambda claims: none(claims, "exp"),
    "not yet": lambda claims: claims.update(iat=int(time.time()) + 600),
    "nobody": lambda claims: none(claims, "sub"),
    "a number": lambda claims: claims.update(sub=1),
}


def test_a_token_that_is_wrong_in_anything_signs_nobody_in(desk: Any, issuer: Issuer) -> None:
    connected(desk, issuer)
    for name, change in WRONG.items():
        browser = desk.browser()
        issuer.change = change
        assert back(browser, go(browser, issuer)).status_code == 422, name
        assert not signed_in(desk, browser), name


def test_a_token_of_another_key_or_kind_of_signature_signs_nobody_in(desk: Any, issuer: Issuer) -> None:
    connected(desk, issuer)
    public = OctKey.import_key(json.dumps(KEY.as_dict(private=False)))
    for key, algorithm in ((OTHER, "RS256"), (public, "HS256"), (OctKey.import_key("secret" * 8), "HS256")):
        browser = desk.browser()
        issuer.key, issuer.algorithm = key, algorithm
        assert back(browser, go(browser, issuer)).status_code == 422, algorithm
        assert not signed_in(desk, browser)


def test_a_state_counts_once_in_the_browser_that_began_and_for_minutes(desk: Any, issuer: Issuer) -> None:
    connected(desk, issuer)
    victim, thief = desk.browser(), desk.browser()
    state = go(thief, issuer)
    assert back(victim, state).status_code == 422, "nobody is signed in as somebody else by a link"
    assert back(thief, "another").status_code == 422
    assert back(thief, state, code="").status_code == 422
    assert back(thief, state).status_code == 422, "taken"
    late = desk.browser()
    state = go(late, issuer)
    with desk.sessions.begin() as session:
        session.execute(select(SsoAttempt)).scalar_one().created_at -= sso.HOLDS * 2
    assert back(late, state).status_code == 422
    assert not any(signed_in(desk, one) for one in (victim, thief, late))


def test_who_is_not_connected_or_has_left_is_nobody_and_one_name_is_one_account(desk: Any, issuer: Issuer) -> None:
    browser = desk.browser()
    assert "No account here is connected" in back(browser, go(browser, issuer)).text
    connected(desk, issuer)
    desk.caseworker("Rosa Example")
    rosa = desk.browser(name="Rosa Example")
    assert back(rosa, go(rosa, issuer, connect=True)).status_code == 422
    with desk.sessions.begin() as session:
        assert session.execute(select(StaffIdentity)).scalar_one().user.name == "Amina Example"
        session.merge(desk.user("Amina Example")).active = False
    assert back(browser, go(browser, issuer)).status_code == 422


def test_a_second_factor_is_asked_for_after_single_sign_on_too(desk: Any, issuer: Issuer) -> None:
    desk.caseworker()
    first, _, _ = set_up(desk)
    back(first, go(first, issuer, connect=True))
    browser = desk.browser()
    back(browser, go(browser, issuer))
    assert browser.get("/desk").headers["location"] == "/desk/second-factor"


def test_a_provider_that_is_another_or_away_is_said_kindly(desk: Any, world: Any, issuer: Issuer) -> None:
    issuer.issuer = "https://evil.example"
    assert desk.browser().get("/desk/sso").status_code == 422
    assert world.with_settings(world.settings).browser().get("/desk/sso").status_code == 404
    with desk.sessions.begin() as session:
        assert session.execute(select(StaffSession)).first() is None
    with pytest.raises(SettingsError, match="go together"):
        read_settings(oidc_issuer=ISSUER, demonstration=True)
    with pytest.raises(SettingsError, match="https"):
        read_settings(oidc_issuer="http://x", oidc_client_id="a", oidc_client_secret="b", demonstration=False)
