"""What the channels' tests work with: a strict Twilio, signed webhooks, a worker, all on a real database."""

import asyncio
import base64
import hmac
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from hashlib import sha1
from urllib.parse import parse_qsl, urlencode
from uuid import UUID, uuid4

import httpx
from sqlalchemy import select, text

from cases.models import Case, Conversation, User
from core.database import Sessions
from core.jobs import QUEUES, make_app
from gateway.gateway import Gateway
from gateway.models import Message
from gateway.scripted_engine import ScriptedEngine
from gateway.tasks import add_tasks

THEM, US = "+15005550010", "+15005550006"
_SEND_FIELDS = {"To", "From", "Body", "StatusCallback", "ContentSid", "ContentVariables"}
Fault = Callable[[httpx.Request], httpx.Response]


@dataclass
class FakeTwilio:
    """Twilio at the level of HTTP: takes what the real one takes and refuses the rest. `faults` are played first, one a request."""

    account: str
    token: str
    sent: list[dict[str, str]] = field(default_factory=list)
    contents: dict[str, dict[str, object]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    seen: int = 0
    lists_nothing: bool = False

    def __call__(self, request: httpx.Request) -> httpx.Response:
        listing = request.method == "GET" and request.url.path.endswith("/Messages.json")
        self.seen += not listing  # the worker compares lists by itself; what tests count is what is sent
        wanted = base64.b64encode(f"{self.account}:{self.token}".encode()).decode()
        if request.headers.get("authorization") != f"Basic {wanted}":
            return refused(401, 20003)
        if listing:
            return self._list(request)
        if self.faults:
            return self.faults.pop(0)(request)
        if request.url.path == f"/2010-04-01/Accounts/{self.account}/Messages.json":
            return self._message(dict(parse_qsl(request.content.decode(), keep_blank_values=True, strict_parsing=True)))
        if request.url.path == "/v1/Content":
            return self._content(json.loads(request.content))
        return refused(404, 20404)

    def _list(self, request: httpx.Request) -> httpx.Response:
        """What we sent, newest first, when it is asked for by number; of what people wrote there is a list of its own in other tests."""
        if self.lists_nothing:
            return refused(503, 20503)
        asked = request.url.params
        found = [
            {
                "sid": f"SMf{number:031x}", "status": "queued", "num_segments": "1", "to": form["To"], "from": form["From"],
                "body": form.get("Body") or json.loads(form["ContentVariables"])["1"], "direction": "outbound-api",
                "date_created": format_datetime(datetime.now(UTC)), "date_sent": None,
            }
            for number, form in enumerate(self.sent, 1)
            if (form["To"], form["From"]) == (asked.get("To"), asked.get("From"))
        ]  # fmt: skip
        return httpx.Response(200, json={"messages": found[::-1], "next_page_uri": None, "page": 0, "page_size": 1000})

    def _message(self, form: dict[str, str]) -> httpx.Response:  # noqa: PLR0911 - one return for each thing Twilio refuses
        if set(form) - _SEND_FIELDS or not re.fullmatch(r"(whatsapp:)?\+[0-9]{8,15}", form.get("To", "")):
            return refused(400, 21211)
        if form["To"].startswith("whatsapp:") != form.get("From", "").startswith("whatsapp:"):
            return refused(400, 63007)
        if ("Body" in form) == ("ContentSid" in form):
            return refused(400, 21619)
        if not 0 < len(form.get("Body", "x")) <= 1600:
            return refused(400, 21617)
        if not re.fullmatch(
            r"http://testserver/twilio/status\?message=[0-9a-f-]{36}#rc=5&rp=all", form.get("StatusCallback", "")
        ):
            return refused(400, 21609)
        variables = set(json.loads(form.get("ContentVariables", '{"1": ""}')))
        if form.get("ContentSid", "") not in {"", *self.contents} or variables != {"1"}:
            return refused(400, 21655)
        self.sent.append(form)
        sid = f"SMf{len(self.sent):031x}"
        return httpx.Response(201, json={"sid": sid, "status": "queued", "num_segments": "1", "to": form["To"]})

    def _content(self, body: dict[str, object]) -> httpx.Response:
        types = body["types"]
        assert isinstance(types, dict)
        (kind, shown), *others = types.items()
        limits = {"twilio/quick-reply": ("actions", "title", 20, 3), "twilio/list-picker": ("items", "item", 24, 10)}
        name, title, longest, most = limits[kind]
        options = shown[name]
        if others or shown["body"] != "{{1}}" or not 1 <= len(options) <= most or len(shown.get("button", "x")) > 20:
            return refused(400, 20001)
        if any(not 0 < len(option[title]) <= longest or len(option["id"]) > 200 for option in options):
            return refused(400, 20001)
        sid = f"HX{len(self.contents):032x}"
        self.contents[sid] = body
        return httpx.Response(201, json={"sid": sid, "friendly_name": body["friendly_name"], "types": types})

    @property
    def bodies(self) -> list[str]:
        return [form.get("Body") or json.loads(form["ContentVariables"])["1"] for form in self.sent]


def refused(status: int, code: int) -> httpx.Response:
    """An error as Twilio writes it: its message quotes the number."""
    return httpx.Response(status, json={"code": code, "message": f"The number {THEM} is refused", "status": status})


def sign(url: str, form: list[tuple[str, str]], token: str) -> str:
    """Twilio's signature, as its documentation describes it."""
    names = sorted({name for name, _ in form})
    text = url + "".join(name + value for name in names for value in sorted({v for n, v in form if n == name}))
    return base64.b64encode(hmac.new(token.encode(), text.encode("utf-8", "surrogatepass"), sha1).digest()).decode()


async def until_waiting(sessions: Sessions, count: int) -> None:
    """Until so many wait for a lock of the database."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    for _ in range(500):
        with sessions.begin() as session:
            if session.execute(text(query)).scalar_one() == count:
                return
        await asyncio.sleep(0.02)
    raise AssertionError("nobody waits")


@dataclass
class Line:
    """The whole room, seen from outside: post as Twilio does, run the worker, look at the rows."""

    gateway: Gateway
    engine: ScriptedEngine
    twilio: FakeTwilio
    web: httpx.AsyncClient
    url: str
    token: str = "twilio-token"
    number: int = 0

    @property
    def sessions(self) -> Sessions:
        return self.gateway.sessions

    async def post(
        self,
        path: str,
        form: dict[str, str] | list[tuple[str, str]],
        *,
        signature: str | None = None,
        token: str | None = None,
    ) -> httpx.Response:
        """Post a form, signed unless a signature is given ("" sends none)."""
        pairs = list(form.items()) if isinstance(form, dict) else form
        signature = sign(f"http://testserver{path}", pairs, token or self.token) if signature is None else signature
        body = urlencode(pairs, errors="surrogatepass").encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded"} | (
            {"X-Twilio-Signature": signature} if signature else {}
        )
        return await self.web.post(path, content=body, headers=headers)

    def form(self, body: str = "", *, channel: str = "sms", **fields: str) -> dict[str, str]:
        """The fields of a message, with a new id."""
        self.number += 1
        prefix = "whatsapp:" if channel == "whatsapp" else ""
        return {
            "MessageSid": f"SM{self.number:032x}", "AccountSid": self.twilio.account, "From": prefix + THEM,
            "To": prefix + US, "Body": body, "NumMedia": "0", "ApiVersion": "2010-04-01",
        } | fields  # fmt: skip

    async def write(self, body: str = "", *, channel: str = "sms", **fields: str) -> httpx.Response:
        """A person writes."""
        return await self.post("/twilio/messages", self.form(body, channel=channel, **fields))

    async def status(self, message_id: UUID, status: str, **fields: str) -> httpx.Response:
        """Twilio reports what became of a message."""
        return await self.post(
            f"/twilio/status?message={message_id}", {"MessageSid": "SMx", "MessageStatus": status} | fields
        )

    async def work(self) -> None:
        """Run a real worker until nothing is left to do now."""
        app = make_app(self.url)
        add_tasks(app, self.gateway)
        # What the clock starts has tests of its own; in the others it would come in between once a minute.
        app.periodic_registry.periodic_tasks.clear()
        async with app.open_async():
            for _ in range(30):
                await app.run_worker_async(
                    queues=list(QUEUES), wait=False, install_signal_handlers=False, listen_notify=False, concurrency=4
                )
                if not self._ready():
                    return
        raise AssertionError("the worker does not come to an end")

    def _ready(self) -> int:
        """Jobs that could run now: a job may defer others after the worker last looked."""
        query = (
            "SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo' AND coalesce(scheduled_at, now()) <= now()"
        )
        with self.sessions.begin() as session:
            waiting = session.execute(text(query)).scalar_one()
            held = session.execute(
                text("SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo' AND scheduled_at > now()")
            ).scalar_one()
        return 0 if held else int(waiting)

    async def say(self, body: str = "", *, channel: str = "sms", **fields: str) -> None:
        """A person writes and the worker handles it."""
        assert (await self.write(body, channel=channel, **fields)).status_code == 200
        await self.work()

    def wait(self, **span: float) -> None:
        """Time passes: everything that was written is so much older."""
        with self.sessions.begin() as session:
            earlier = {"span": timedelta(**span)}
            session.execute(text("UPDATE message SET created_at = created_at - :span"), earlier)
            session.execute(
                text(
                    "UPDATE conversation SET last_inbound_at = last_inbound_at - :span, created_at = created_at - :span"
                ),
                earlier,
            )

    def rows(self, direction: str | None = None) -> list[Message]:
        with self.sessions.begin() as session:
            query = select(Message).order_by(Message.seq)
            return list(session.execute(query.where(Message.direction == direction) if direction else query).scalars())

    def out(self) -> list[tuple[str, str]]:
        """Author and state of every message out."""
        return [(row.author, row.state) for row in self.rows("outbound")]

    def conversation(self) -> Conversation:
        with self.sessions.begin() as session:
            return session.execute(select(Conversation)).scalar_one()

    def cases(self) -> list[Case]:
        with self.sessions.begin() as session:
            return list(session.execute(select(Case).order_by(Case.number)).scalars())

    def count(self, model: type) -> int:
        with self.sessions.begin() as session:
            return len(session.execute(select(model)).scalars().all())

    def caseworker(self) -> User:
        with self.sessions.begin() as session:
            user = User(name=f"Caseworker {uuid4().hex[:6]}")
            session.add(user)
        return user
