"""Notices in a browser, against a push service that refuses what a real one refuses and reads what a real browser could read."""

import base64
import json
import time
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from pydantic import SecretStr
from sqlalchemy import select, text

from desk import push
from desk.errors import BadInput
from desk.models import StaffAddress
from desk.notices import StaffTeller, tell_waiting
from desk.pages import PUSH_WORKER
from desk.push import AddressGoneError, Pusher, Subscription, encrypt, read_subscription, vapid_key
from desk.words import words
from tests.integration.desk.test_desk_on_call import on_call

HOST = "push.example"
HERE = "/desk/account/notices"


def plain(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def coded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def extract(salt: bytes, secret: bytes) -> bytes:
    mac = HMAC(salt, hashes.SHA256())
    mac.update(secret)
    return mac.finalize()


def expand(key: bytes, info: bytes, length: int) -> bytes:
    return HKDFExpand(hashes.SHA256(), length, info).derive(key)


@dataclass
class Service:
    """A maker's push service with one browser behind it: it checks as RFC 8030 and 8292 demand, the browser opens as RFC 8291 says."""

    answers: int = 201
    shown: list[dict[str, str]] = field(default_factory=list)
    calls: list[httpx.Request] = field(default_factory=list)
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    auth: bytes = b"0123456789abcdef"
    known: str = ""
    """The copy's key that the browser subscribed with."""

    def subscription(self, endpoint: str = f"https://{HOST}/send/abc") -> str:
        keys = {"p256dh": coded(push._point(self.key.public_key())), "auth": coded(self.auth)}
        return json.dumps({"endpoint": endpoint, "expirationTime": None, "keys": keys})

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.calls.append(request)
        return httpx.Response(self._judge(request))

    def _judge(self, request: httpx.Request) -> int:
        if not request.headers.get("ttl", "").isdigit() or request.method != "POST":
            return 400
        if not self._is_signed(request):
            return 403
        if request.headers.get("content-encoding") != "aes128gcm" or len(request.content) > 4096:
            return 400
        if self.answers != 201:
            return self.answers
        try:
            self.shown.append(json.loads(self._opened(request.content)))
        except Exception:  # noqa: BLE001 - a browser drops what it cannot open; here the test must see it
            return 400
        return 201

    def _is_signed(self, request: httpx.Request) -> bool:
        scheme, _, rest = request.headers.get("authorization", "").partition(" ")
        parts = dict(part.strip().split("=", 1) for part in rest.split(",") if "=" in part)
        if scheme != "vapid" or parts.get("k") != self.known:
            return False
        head, claims, signature = parts["t"].split(".")
        raw = plain(signature)
        proof = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
        signer = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), plain(parts["k"]))
        try:
            signer.verify(proof, f"{head}.{claims}".encode(), ec.ECDSA(hashes.SHA256()))
        except Exception:  # noqa: BLE001 - whatever is wrong with it
            return False
        told = json.loads(plain(claims))
        fresh = time.time() < told["exp"] <= time.time() + 24 * 3600
        return json.loads(plain(head))["alg"] == "ES256" and told["aud"] == f"https://{HOST}" and fresh

    def _opened(self, body: bytes) -> bytes:
        salt, size, point = body[:16], int.from_bytes(body[16:20]), body[21 : 21 + body[20]]
        assert size >= 18
        sender = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
        mine = push._point(self.key.public_key())
        shared = expand(extract(self.auth, self.key.exchange(ec.ECDH(), sender)), b"WebPush: info\0" + mine + point, 32)
        secret = extract(salt, shared)
        key, nonce = (
            expand(secret, b"Content-Encoding: aes128gcm\0", 16),
            expand(secret, b"Content-Encoding: nonce\0", 12),
        )
        padded = AESGCM(key).decrypt(nonce, body[21 + body[20] :], None).rstrip(b"\0")
        assert padded[-1] == 2
        return padded[:-1]


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
def ours(world: Any, service: Service) -> Any:
    """A copy that has a key, and knows this service alone."""
    settings = world.settings.model_copy(
        update={"push_key": SecretStr(base64.b64encode(b"k" * 32).decode()), "push_services": (HOST, "*.push.test")}
    )
    key = vapid_key(settings)
    assert key is not None
    service.known = push.public_key(key)
    return world.with_settings(settings)


@pytest.fixture
def teller(ours: Any, service: Service) -> StaffTeller:
    return StaffTeller(ours.settings, Pusher(ours.settings, httpx.MockTransport(service)))


def subscribed(world: Any, name: str, service: Service, **form: str) -> Any:
    browser = world.browser(name=name)
    answer = browser.post(f"{HERE}/push", data={"subscription": service.subscription(), **form})
    assert answer.status_code == 303, answer.text
    return browser


def addresses(world: Any, channel: str = "push") -> list[StaffAddress]:
    with world.sessions.begin() as session:
        return list(session.scalars(select(StaffAddress).where(StaffAddress.channel == channel)))


def test_the_example_of_the_standard_comes_out_as_it_stands_there() -> None:
    own = int.from_bytes(plain("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"))
    to = Subscription(
        f"https://{HOST}/x",
        plain("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"),
        plain("BTBZMqHH6r4Tts7J_aSIgg"),
    )
    sent = encrypt(
        b"When I grow up, I want to be a watermelon", to, own=ec.derive_private_key(own, ec.SECP256R1()),
        salt=plain("DGv6ra1nlYgDCS1FRnbzlw"), length=0,
    )  # fmt: skip
    assert coded(sent) == (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A"
        "_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )


def test_who_is_on_call_is_told_in_the_browser_that_a_case_waits_and_nothing_else(
    ours: Any, service: Service, teller: StaffTeller
) -> None:
    on_call(ours, "First Example", 1)
    browser = ours.browser(name="First Example")
    browser.cookies.set("waymark_desk_language", "ar")
    assert browser.post(f"{HERE}/push", data={"subscription": service.subscription()}).status_code == 303
    case_id = ours.case("U", language="fr", number="+15005550199")
    assert tell_waiting(ours.sessions, ours.settings, teller) == 1, "the mail address is not set up, the browser is"
    arabic = words("ar").say("notice_waits", address="").strip()
    assert service.shown == [{"say": arabic, "lang": "ar", "dir": "rtl"}]
    ours.case("P", language="en", number="+15005550198")
    tell_waiting(ours.sessions, ours.settings, teller)
    assert service.shown[0] == service.shown[1], "one case looks like another"
    assert len({len(call.content) for call in service.calls}) == 1, "its length tells nothing"
    assert str(case_id) not in str([call.headers for call in service.calls])
    tell_waiting(ours.sessions, ours.settings, teller)
    assert len(service.shown) == 2, "each once"


def test_quiet_hours_hold_in_a_browser_too_but_not_for_an_emergency(
    ours: Any, service: Service, teller: StaffTeller
) -> None:
    on_call(ours, "Night Example", 1)
    subscribed(ours, "Night Example", service, quiet_from="00:00", quiet_until="23:59", time_zone="UTC")
    with ours.sessions.begin() as session:
        session.execute(text("UPDATE staff_address SET quiet_until = '23:59:59.999' WHERE channel = 'push'"))
    ours.case("R")
    tell_waiting(ours.sessions, ours.settings, teller)
    assert service.calls == []
    ours.case("E", number="+15005550143")
    tell_waiting(ours.sessions, ours.settings, teller)
    assert len(service.shown) == 1


def test_a_browser_that_took_its_permission_back_is_forgotten(ours: Any, service: Service, teller: StaffTeller) -> None:
    on_call(ours, "First Example", 1)
    subscribed(ours, "First Example", service)
    ours.case("E")
    for status, left in ((429, 1), (500, 1), (410, 0)):
        service.answers = status
        tell_waiting(ours.sessions, ours.settings, teller)
        assert len(addresses(ours)) == left, status
    assert len(addresses(ours, "email")) == 1


def test_the_service_of_these_tests_refuses_what_a_real_one_refuses(ours: Any, service: Service) -> None:
    spoilt = ""

    def meddled(request: httpx.Request) -> httpx.Response:
        headers = {name: value for name, value in request.headers.items() if name != spoilt}
        if spoilt == "authorization":
            # Two signs of the signature.
            before, _, after = request.headers["authorization"].rpartition(", k=")
            other = "AAAA" if before[-6:-2] != "AAAA" else "BBBB"
            headers["authorization"] = f"{before[:-6]}{other}{before[-2:]}, k={after}"
        body = b'{"say": "in clear"}' if spoilt == "body" else request.content
        return service(httpx.Request(request.method, request.url, headers=headers, content=body))

    for spoilt in ("ttl", "authorization", "content-encoding", "body", "key"):
        key = SecretStr(base64.b64encode(b"x" * 32).decode()) if spoilt == "key" else ours.settings.push_key
        pusher = Pusher(ours.settings.model_copy(update={"push_key": key}), httpx.MockTransport(meddled))
        assert not pusher.push(service.subscription(), '{"say": "A case waits."}'), spoilt
        assert service.shown == [], spoilt
    assert Pusher(ours.settings, httpx.MockTransport(service)).push(service.subscription(), '{"say": "A case waits."}')


NO_SERVICE = (
    "http://push.example/x", "https://push.example:8443/x", "https://127.0.0.1/x", "https://169.254.169.254/latest",
    "https://localhost/x", "https://other.example/x", "https://push.example.evil.example/x", "https://evil-push.example/x",
    "https://push.example@evil.example/x", "https://evil.example\\.a.push.test/x", "https://push.example#@evil.example/",
    "https://[::1]/x", "https://evilpush.test/x", "https://push.example", "file:///etc/passwd", "", 7,
)  # fmt: skip


def test_only_a_known_push_service_is_ever_called(ours: Any, service: Service) -> None:
    for endpoint in NO_SERVICE:
        told = service.subscription(endpoint)  # type: ignore[arg-type]
        with pytest.raises(BadInput):
            read_subscription(told, ours.settings)
        # Neither is one that was kept before the list was shortened.
        with pytest.raises(AddressGoneError):
            Pusher(ours.settings, httpx.MockTransport(service)).push(told, "x")
    assert service.calls == []


def test_every_known_service_may_be_subscribed_to_and_a_broken_subscription_is_not_kept(
    ours: Any, service: Service
) -> None:
    assert read_subscription(service.subscription("https://a.push.test/w/?token=a%2Bb"), ours.settings)
    told = json.loads(service.subscription())
    broken = ["", "{", "[]", "null", json.dumps({**told, "keys": {}}),
              json.dumps({**told, "keys": {**told["keys"], "auth": "AAAA"}}),
              json.dumps({**told, "keys": {**told["keys"], "p256dh": coded(b"\x04" + b"1" * 64)}})]  # fmt: skip
    ours.caseworker()
    browser = ours.browser(name="Amina Example")
    for one in broken:
        answer = browser.post(f"{HERE}/push", data={"subscription": one})
        assert answer.status_code == 422, one
    assert addresses(ours) == []


def test_a_browser_is_kept_encrypted_listed_and_taken_back_by_its_user_alone(ours: Any, service: Service) -> None:
    ours.caseworker("Amina Example")
    ours.caseworker("Other Example")
    browser = subscribed(ours, "Amina Example", service)
    page = browser.get(HERE).text
    assert page.count('data-testid="push-browser"') == 1
    assert HOST not in page
    with ours.sessions.begin() as session:
        stored = session.execute(text("SELECT staff_address::text FROM staff_address")).scalar_one()
    assert HOST.encode().hex() not in stored
    assert HOST not in stored
    (row,) = addresses(ours)
    other = ours.browser(name="Other Example")
    other.post(f"{HERE}/push/{row.id}/remove")
    assert len(addresses(ours)) == 1
    # The same browser, another user: a shared computer tells whoever asked last.
    assert other.post(f"{HERE}/push", data={"subscription": service.subscription()}).status_code == 303
    assert browser.get(HERE).text.count('data-testid="push-browser"') == 0
    (row,) = addresses(ours)
    other.post(f"{HERE}/push/{row.id}/remove")
    assert addresses(ours) == []


def test_without_a_key_or_a_service_the_page_says_so_and_nothing_is_called(world: Any, service: Service) -> None:
    world.caseworker()
    browser = world.browser(name="Amina Example")
    assert "data-push" not in browser.get(HERE).text
    assert not Pusher(world.settings, httpx.MockTransport(service)).push(service.subscription(), "x")
    assert service.calls == []


def test_the_worker_has_one_address_its_scope_and_no_way_to_load_anything_foreign(ours: Any) -> None:
    ours.caseworker()
    page = ours.browser(name="Amina Example").get(HERE).text
    assert f'data-push="{PUSH_WORKER}"' in page
    answer = ours.browser().get(PUSH_WORKER)
    assert answer.status_code == 200
    assert answer.headers["service-worker-allowed"] == "/desk/"
    assert answer.headers["content-type"].startswith("text/javascript")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "http" not in answer.text
    assert "fetch" not in answer.text
