"""A desk on a real database: caseworkers, people and cases that are invented, and a browser that behaves like one."""

import json
import threading
import time
import warnings
from collections.abc import Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any
from uuid import UUID, uuid4

import pytest
import uvicorn
from argon2 import PasswordHasher
from fastapi import FastAPI
from fastapi.routing import APIRoute
from playwright.sync_api import Browser
from sqlalchemy import Engine, select

from cases import service
from cases.models import Case, Conversation, Person, User
from cases.owned import Follower
from core.catalogues import Catalogues
from core.database import Sessions, now
from core.settings import PROJECT, Settings
from desk import accounts, passwords
from desk.live import Live
from desk.web import Desk, make_router, mount_static
from gateway.fixed_wording import FixedWording
from gateway.gateway import Gateway
from gateway.models import Message
from gateway.outbox import queue_parts
from gateway.rendering import Part
from gateway.scripted_engine import ScriptedEngine
from tests.chromium import start_browser
from tests.forms import fill_in_tokens
from tests.ports import free_port

with warnings.catch_warnings():
    # Starlette would rather have a successor of httpx that is younger than our quarantine for releases.
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

PASSWORD = "four plain words together"
TEXTS = {
    "en": {
        "say_human_takes_over": "A person is here now.",
        "say_human_left": "The person has left. The assistant goes on.",
        "say_case_closed": "We have closed this conversation. Write any time.",
        "say_message_waiting": "There is an answer to your message.",
        "ask_safe": "Can you write here now?",
        "ask_danger": "Are you in danger now?",
        "say_person_will_write": "Reference {reference}. A person writes before {time}.",
        "choice_yes": "Yes", "choice_no": "No", "choice_unsure": "Not sure", "choice_later": "Later",
        "ask_referral": "May we give your answers to the place below?\n{name}",
    },
    "fr": {"say_human_takes_over": "Une personne est là.", "ask_danger": "Êtes-vous en danger maintenant ?"},
    "ar": {
        "say_human_takes_over": "معك الآن شخص.",
        "say_human_left": "غادر الشخص. يتابع المساعد معك.",
        "say_case_closed": "أغلقنا هذه المحادثة. يمكنك الكتابة في أي وقت.",
        "ask_danger": "هل أنت في خطر الآن؟",
    },
}  # fmt: skip


class Unreachable:
    """No message leaves a test of the desk: the worker that would send it does not run."""

    def send(self, message: Any) -> Any:
        raise AssertionError("the desk wrote to the provider itself")

    def register(self, content: Any) -> str:
        raise AssertionError("the desk wrote to the provider itself")


@dataclass
class World:
    """What the tests work with."""

    settings: Settings
    sessions: Sessions
    desk: Desk
    web: FastAPI

    def with_settings(self, settings: Settings) -> "World":
        """The same database behind a desk with other settings."""
        desk, web = make_desk(settings, self.sessions)
        return World(settings, self.sessions, desk, web)

    def caseworker(self, name: str = "Amina Example", *roles: str, password: str | None = PASSWORD) -> User:
        with self.sessions.begin() as session:
            user = accounts.create_user(session, name, *(roles or ("caseworker",)))
            user.password_hash = passwords.hash_password(password) if password else None
        return user

    def user(self, name: str) -> User:
        with self.sessions.begin() as session:
            return session.execute(select(User).where(User.name == name)).scalar_one()

    def routes(self) -> list[tuple[str, APIRoute]]:
        """Method and route of everything the application serves under /desk, but static files, which hold nothing of anybody."""
        found = [
            (method, route)
            for route in flat(self.web.routes)
            if route.path.startswith("/desk") and "/static/" not in route.path
            for method in sorted(route.methods)
        ]
        assert len(found) > 15, "the routes of the desk are not found: what is derived from them would prove nothing"
        return found

    def conversation(
        self, *, language: str | None = "en", channel: str = "sms", number: str = "+15005550142", hours_ago: float = 0.1
    ) -> UUID:
        with self.sessions.begin() as session:
            person = Person(phone_hash=uuid4().bytes, phone=number)
            session.add(person)
            session.flush()
            conversation = Conversation(
                person_id=person.id, channel=channel, our_address="+15005550006", language=language,
                last_inbound_at=now() - timedelta(hours=hours_ago),
            )  # fmt: skip
            session.add(conversation)
        return conversation.id

    def case(
        self,
        level: str = "U",
        *,
        conversation: UUID | None = None,
        rules: tuple[str, ...] = ("U12",),
        needs: tuple[str, ...] = (),
        answers: dict[str, Any] | None = None,
        reason: str = "asks_human",
        minutes_ago: float = 0,
        contact: str | None = "write_here",
        **person: Any,
    ) -> UUID:
        conversation = conversation or self.conversation(**person)
        with self.sessions.begin() as session:
            service.open_or_update(
                session, conversation, level=level, rules=rules, needs=needs, answers=answers or {}, reason=reason,
                contact=contact, settings=self.settings,
            )  # fmt: skip
            case = service.open_case_of(session, conversation)
            assert case is not None
            case.opened_at -= timedelta(minutes=minutes_ago)
            case.due_at -= timedelta(minutes=minutes_ago)
        return case.id

    def write(self, case_id: UUID, body: str | None, *, kind: str = "text", media: list[str] | None = None) -> UUID:
        """The person writes."""
        from core.database import notify

        with self.sessions.begin() as session:
            conversation = self._conversation(session, case_id)
            message = Message(
                conversation_id=conversation.id, direction="inbound", author="person", kind=kind, state="received"
            )
            message.body = body
            message.extra = json.dumps({"media": media}) if media else None
            session.add(message)
            conversation.last_inbound_at = now()
            session.flush()
            notify(session, conversation=conversation.id)
        return message.id

    def bot_says(self, case_id: UUID, body: str, *, key: str | None = None, choices: list[dict[str, Any]] | None = None,
                 state: str = "sent", status: str | None = "delivered", error: str | None = None) -> None:  # fmt: skip
        with self.sessions.begin() as session:
            conversation = self._conversation(session, case_id)
            (row,) = queue_parts(
                session, conversation, [Part(body)], author="bot", language=conversation.language, state="dropped"
            )
            row.key, row.choices, row.state, row.status, row.error_code = key, choices, state, status, error

    def read(self, case_id: UUID) -> tuple[Case, Conversation]:
        with self.sessions.begin() as session:
            case = session.get_one(Case, case_id)
            return case, session.get_one(Conversation, case.conversation_id)

    def messages(self, case_id: UUID) -> list[Message]:
        with self.sessions.begin() as session:
            conversation = self._conversation(session, case_id)
            return list(
                session.execute(
                    select(Message).where(Message.conversation_id == conversation.id).order_by(Message.seq)
                ).scalars()
            )

    def browser(self, *, name: str | None = None, password: str = PASSWORD) -> TestClient:
        """A browser: it says where its requests come from, and sends forms with their tokens. With a name it is signed in."""
        client = fill_in_tokens(
            TestClient(
                self.web,
                base_url="http://testserver",
                headers={"Sec-Fetch-Site": "same-origin"},
                follow_redirects=False,
            )
        )
        if name is not None:
            answer = client.post("/desk/sign-in", data={"name": name, "password": password})
            assert answer.status_code == 303, answer.text
        return client

    def _conversation(self, session: Any, case_id: UUID) -> Conversation:
        case = session.get_one(Case, case_id)
        return session.execute(
            select(Conversation).where(Conversation.id == case.conversation_id).with_for_update()
        ).scalar_one()


def flat(routes: Iterable[Any]) -> Iterator[APIRoute]:
    # FastAPI keeps an included router as one entry.
    for route in routes:
        if isinstance(route, APIRoute):
            yield route
        elif (included := getattr(route, "original_router", None)) is not None:
            yield from flat(included.routes)


@pytest.fixture(scope="module", autouse=True)
def quick_hashing() -> Iterator[None]:
    """A password is slow to check on purpose, and nearly every test here signs in: how slow is a test of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        passwords._nobody.cache_clear()
        yield
    passwords._nobody.cache_clear()


@cache
def _read(codes: tuple[str, ...]) -> Catalogues:
    return Catalogues.load(PROJECT / "locale", codes)


def loaded(codes: tuple[str, ...]) -> Catalogues:
    """The real texts, read once for all tests: what one changes of them is not another's."""
    read = _read(codes)
    return Catalogues({code: {key: read.shipped(key, code) for key in read.keys} for code in codes}, read.languages)


def make_desk(settings: Settings, sessions: Sessions) -> tuple[Desk, FastAPI]:
    gateway = Gateway(settings, sessions, FixedWording(TEXTS), ScriptedEngine(), Unreachable())
    live = Live(sessions.engine.url.render_as_string(hide_password=False))
    catalogues = loaded(settings.languages)
    follower = Follower(settings, catalogues, sessions)
    desk = Desk(
        settings=settings, sessions=sessions, gateway=gateway, catalogues=catalogues, live=live, follower=follower
    )
    web = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    # Included, every route would be analysed a second time at the first request: a third of what a test of the desk takes.
    web.router.routes.extend(make_router(desk).routes)
    mount_static(web)
    return desk, web


@pytest.fixture
def world(settings: Settings, sessions: Sessions, database: Engine) -> World:
    desk, web = make_desk(settings, sessions)
    return World(settings, sessions, desk, web)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    yield from start_browser()


@pytest.fixture
def port() -> int:
    """Where `base` serves: for settings that must name it."""
    return free_port()


@pytest.fixture
def base(world: Any, port: int) -> Iterator[str]:
    @asynccontextmanager
    async def lifespan(_app: object) -> Any:
        async with world.desk.live.running():
            yield

    world.web.router.lifespan_context = lifespan
    server = uvicorn.Server(
        uvicorn.Config(world.web, host="127.0.0.1", port=port, log_config=None, timeout_graceful_shutdown=1)
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started or not world.desk.live.connected:
        time.sleep(0.05)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(15)
