"""The health page says what is worse than it should be, since when, and what to do; and nothing when nothing is."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy.orm import Session

from app import degraded, health
from app.degraded import look
from app.health import Health
from core.database import Sessions, make_engine, now
from core.settings import Settings
from gateway.models import Message, Reconciliation, RejectedRequest
from tests.integration.core.somebody import somebody

HOUR = timedelta(hours=1)


def message(session: Session, state: str, direction: str = "outbound") -> None:
    conversation = somebody(session)
    conversation.owner = "desk"
    session.add(
        Message(
            conversation_id=conversation.id, direction=direction, author="person", state=state, created_at=now() - HOUR
        )
    )


def refuse(session: Session) -> None:
    session.add_all(
        RejectedRequest(path="/twilio/messages", reason="wrong_signature", at=now()) for _ in range(degraded.REFUSED)
    )


def compare(session: Session) -> None:
    old = now() - HOUR
    session.add(Reconciliation(since=old, until=old, at=old))
    session.add(Reconciliation(since=old, until=old, failure="Refused"))


@pytest.mark.parametrize(
    ("part", "happen"),
    [
        ("turns", lambda session: message(session, "received", "inbound")),
        ("sending", lambda session: message(session, "queued")),
        ("replies", lambda session: message(session, "uncertain")),
        ("parked", lambda session: message(session, "parked", "inbound")),
        ("comparison with Twilio", compare),
        ("signatures", refuse),
    ],
)
def test_what_is_worse_than_it_should_be_is_told_with_its_time_and_its_remedy(
    session: Session, settings: Settings, part: str, happen: Callable[[Session], None]
) -> None:
    assert look(session, settings) == []
    happen(session)
    session.flush()
    (found,) = look(session, settings)
    assert found.part == part
    assert found.since <= now()
    assert found.remedy
    assert not any(character.isdigit() for character in found.reason), "the page is public: no counts"


def test_a_disk_that_is_nearly_full_is_told(
    session: Session, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(degraded, "FREE_DISK", 2**62)
    assert [found.part for found in look(session, settings)] == ["disk"]


def test_a_part_that_is_down_says_since_when_until_it_is_up_again(
    settings: Settings, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "_CACHE_SECONDS", -1.0)
    monkeypatch.setattr(health, "_PART_TIMEOUT", 0.2)
    connected = False
    page = Health(settings, sessions, lambda: connected)
    first = page.look()["desk"]
    again = page.look()["desk"]
    assert first.since is not None
    assert first.since == again.since
    assert "since" in again.as_json()
    connected = True
    assert page.look()["desk"].since is None
    gone = Health(settings, Sessions(make_engine("postgresql://nobody@127.0.0.1:9/none")), lambda: True)
    assert not gone.look()["database"].ready
    assert gone.look()["database"].remedy


def test_of_several_engines_one_that_answers_is_enough_and_the_silent_one_is_named(
    settings: Settings, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ask(url: str, **_: object) -> httpx.Response:
        if url.startswith(("http://dead", "http://127.0.0.1")):
            raise httpx.ConnectError("refused")
        return httpx.Response(200)

    monkeypatch.setattr(httpx, "get", ask)
    for engines, ready in ((("http://alive:1", "http://dead:2"), True), (("http://dead:1", "http://dead:2"), False)):
        page = Health(settings.model_copy(update={"engine_urls": engines}), sessions, lambda: True)
        part = page.look()["engine"]
        assert part.ready is ready
        assert "of 2 do not answer" in (part.reason or "")
