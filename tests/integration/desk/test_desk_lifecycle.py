"""What a caseworker sees of a conversation's life: why nobody may write, that a word was written, what is about to be deleted."""

from datetime import timedelta
from html import unescape
from uuid import UUID, uuid4

import pytest

from cases import erasure, service
from cases.models import HOLDS, Conversation
from core.database import now
from desk.words import words
from gateway.models import Message
from tests.integration.desk.conftest import TestClient, World

NAME = "Amina Example"


def opened(world: World, **values: object) -> tuple[UUID, TestClient]:
    """A case that Amina holds, and her browser."""
    world.caseworker(NAME)
    case = world.case("E", language="en")
    browser = world.browser(name=NAME)
    assert browser.post(f"/desk/cases/{case}/take").status_code in (200, 303)
    with world.sessions.begin() as session:
        conversation = session.get_one(Conversation, world.read(case)[1].id)
        for name, value in values.items():
            setattr(conversation, name, value)
    return case, browser


@pytest.mark.parametrize("reason", [*HOLDS, "opted_out", "opt_out_pending", "stranger"])
def test_why_nobody_may_write_is_said_before_and_after(world: World, reason: str) -> None:
    held = {"hold": reason} if reason in HOLDS else {reason: True} if reason != "stranger" else {}
    case, browser = opened(world, **held)
    if reason == "stranger":
        with world.sessions.begin() as session:
            session.get_one(Conversation, world.read(case)[1].id).person.retired_at = now()
    key = f"reply_held_{reason}" if reason in HOLDS else "reply_stranger" if reason == "stranger" else "reply_opted_out"
    said = words().say(key)
    assert said in unescape(browser.get(f"/desk/cases/{case}").text)
    answer = browser.post(
        f"/desk/cases/{case}/reply", data={"text": "Hello.", "client_id": str(uuid4())}, headers={"HX-Request": "true"}
    )
    assert said in unescape(answer.text)
    assert [row.body for row in world.messages(case) if row.author == "caseworker"] == []


def test_taking_a_held_case_writes_nothing_to_the_person(world: World) -> None:
    world.caseworker(NAME)
    case = world.case("E")
    with world.sessions.begin() as session:
        service.set_hold(session, world.read(case)[1].id, "duress")
    world.browser(name=NAME).post(f"/desk/cases/{case}/take")
    assert world.messages(case) == []
    assert world.read(case)[0].assignee_id is not None


def test_a_word_is_shown_as_one_and_not_as_deleted(world: World) -> None:
    case, browser = opened(world)
    message_id = world.write(case, "garden")
    with world.sessions.begin() as session:
        row = session.get_one(Message, message_id)
        row.body, row.secret = None, True
    page = browser.get(f"/desk/cases/{case}").text
    assert words().say("message_secret") in page
    assert words().say("message_erased") not in page


def test_the_other_number_is_masked_like_the_first(world: World) -> None:
    case, browser = opened(world, other_number="+15005550177")
    page = browser.get(f"/desk/cases/{case}").text
    assert "5550177" not in page
    assert words().say("case_number_ends", digits="77") in page


def test_a_pending_erasure_says_how_long_there_is_to_check(world: World) -> None:
    case, browser = opened(world)
    with world.sessions.begin() as session:
        conversation = session.get_one(Conversation, world.read(case)[1].id)
        erasure.erase(session, conversation)
        assert conversation.erasure_asked_at is not None
        conversation.erasure_asked_at -= timedelta(hours=4, minutes=30)
    page = browser.get(f"/desk/cases/{case}").text
    assert words().say("warning_erasure_pending", time="19 hours") in unescape(page)
    assert words().say("event_erasure_pending") in page


@pytest.mark.parametrize(
    "kind", ["alarm", "held", "released", "opted_out", "stranger", "erased", "erased_unseen", "erasure_pending"]
)
def test_every_event_has_words(kind: str) -> None:
    assert f"event_{kind}" in words()


@pytest.mark.parametrize("reason", [*HOLDS, "wrote_after_stop", "emergency", "self_harm", "child_alone", "asks_human"])
def test_every_reason_has_words(reason: str) -> None:
    assert f"reason_{reason}" in words()


def test_whoever_holds_the_case_lets_the_team_write_again_with_a_reason_that_stays(world: World) -> None:
    case, browser = opened(world, hold="other_person", wrong_words=2)
    shown = browser.get(f"/desk/cases/{case}").text
    assert 'data-testid="release-hold"' in shown
    assert browser.post(f"/desk/cases/{case}/release", data={"reason": "  "}).status_code == 422
    assert world.read(case)[1].hold == "other_person"
    browser.post(f"/desk/cases/{case}/release", data={"reason": "She answered our call with her word."})
    conversation = world.read(case)[1]
    assert (conversation.hold, conversation.wrong_words) == (None, 0)
    after = unescape(browser.get(f"/desk/cases/{case}").text)
    assert "She answered our call with her word." in after
    assert words().say("event_released") in after
    assert 'data-testid="release-hold"' not in after
    answer = browser.post(
        f"/desk/cases/{case}/reply", data={"text": "Hello.", "client_id": str(uuid4())}, headers={"HX-Request": "true"}
    )
    assert answer.status_code == 200


def test_nobody_else_lets_the_team_write_again(world: World) -> None:
    case, _ = opened(world, hold="duress")
    world.caseworker("Bela Example")
    other = world.browser(name="Bela Example")
    assert other.post(f"/desk/cases/{case}/release", data={"reason": "I think so"}).status_code == 409
    assert world.read(case)[1].hold == "duress"
