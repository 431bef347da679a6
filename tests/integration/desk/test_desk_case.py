"""The page of a case: what it shows, what it never shows, and what happens when two people want the same."""

import re
import threading
from typing import Any
from uuid import uuid4

import pytest

from cases.models import Note
from gateway.models import Message, RegisteredContent
from gateway.templates import templates
from gateway.window import INVITATION


@pytest.fixture
def browser(world: Any) -> Any:
    world.caseworker()
    return world.browser(name="Amina Example")


def test_the_page_tells_what_the_person_told_in_plain_words(world: Any, browser: Any) -> None:
    case_id = world.case(
        "U",
        rules=("P1", "U5"),
        needs=("shelter", "legal"),
        answers={
            "safe": "yes", "danger": "unsure", "can_leave": "no", "papers_kept": "yes", "unpaid": "both", "country": "MA",
            "shared_phone": "yes", "place": "الدار البيضاء", "something_newer": "new_value",
        },
        reason="screening",
        language="ar",
    )  # fmt: skip
    text = browser.get(f"/desk/cases/{case_id}").text
    for words in (
        "Morocco", "Safe place tonight, Papers, legal help", "In danger now?", "Not sure", "Somebody keeps their papers?",
        "Cannot leave the place where they live or work.", "Others read this phone", "الدار البيضاء", "Arabic",
        "something newer", "new_value",
    ):  # fmt: skip
        assert words in text, words
    # The most urgent rule comes first, whatever order the rules fired in.
    assert text.index(">U5<") < text.index(">P1<")


def test_no_page_holds_a_phone_number_and_two_digits_are_enough(world: Any, browser: Any) -> None:
    case_id = world.case(number="+15005550142")
    world.write(case_id, "hello")
    for path in ("/desk", "/desk/queue", f"/desk/cases/{case_id}", f"/desk/cases/{case_id}/parts"):
        answer = browser.get(path)
        assert answer.status_code == 200
        assert "5005550" not in answer.text
        assert "555014" not in answer.text
    assert "Number ends in 42" in browser.get(f"/desk/cases/{case_id}").text


def test_what_a_person_writes_stays_text_in_its_own_direction(world: Any, browser: Any) -> None:
    case_id = world.case(language="ar")
    world.write(case_id, "<script>alert(1)</script> مرحبا")
    world.write(case_id, None, kind="media", media=["audio/ogg"])
    text = browser.get(f"/desk/cases/{case_id}").text
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; مرحبا" in text
    assert re.search(r'<p class="said" dir="auto"[^>]*>&lt;script', text)
    assert "Voice note, not opened" in text


def test_the_thread_says_what_a_digit_picked_and_what_the_bot_said(world: Any, browser: Any) -> None:
    case_id = world.case(language="ar")
    choices = [{"value": value, "label": f"choice_{value}", "text": None} for value in ("yes", "no", "unsure")]
    world.bot_says(case_id, "هل أنت في خطر الآن؟", key="ask_danger", choices=choices)
    world.write(case_id, "٣")
    text = browser.get(f"/desk/cases/{case_id}").text
    assert 'lang="ar"' in text
    assert "In English:" in text
    assert "Are you in danger now?" in text
    assert "Chose: Not sure" in text


def test_a_message_that_did_not_arrive_says_why(world: Any, browser: Any) -> None:
    case_id = world.case()
    world.bot_says(case_id, "hello", state="failed", status="undelivered", error="30003")
    world.bot_says(case_id, "again", state="failed", status="failed", error="99999")
    text = browser.get(f"/desk/cases/{case_id}").text
    assert "Not delivered: The phone is off or cannot be reached." in text
    assert "Error 99999." in text


def test_taking_silences_the_bot_raises_the_epoch_and_tells_the_person_once(world: Any, browser: Any) -> None:
    case_id = world.case(language="ar")
    page = browser.get(f"/desk/cases/{case_id}").text
    assert 'data-testid="take"' in page
    assert 'data-testid="reply-text"' not in page
    for _ in range(2):  # a double click
        assert browser.post(f"/desk/cases/{case_id}/take").status_code == 303
    case, conversation = world.read(case_id)
    assert (conversation.owner, conversation.epoch) == ("desk", 1)
    assert case.assignee_id is not None
    said = [(message.author, message.key) for message in world.messages(case_id)]
    assert said == [("system", "say_human_takes_over")]
    page = browser.get(f"/desk/cases/{case_id}").text
    assert 'data-testid="reply-text"' in page
    assert 'data-testid="take"' not in page
    assert "معك الآن شخص" in page


@pytest.mark.parametrize(
    ("contact", "answers"), [("no", {}), ("later", {}), (None, {"safe": "no"})], ids=["no contact", "later", "not safe"]
)
def test_somebody_who_must_not_be_written_to_is_not_told_and_the_caseworker_knows(
    world: Any, browser: Any, contact: str | None, answers: dict[str, str]
) -> None:
    case_id = world.case(contact=contact, answers=answers)
    answer = browser.post(f"/desk/cases/{case_id}/take")
    assert world.messages(case_id) == []
    assert "The person has not been told" in browser.get(answer.headers["location"]).text


def test_a_reply_sent_twice_is_one_message(world: Any, browser: Any) -> None:
    case_id = world.case()
    browser.post(f"/desk/cases/{case_id}/take")
    page = browser.get(f"/desk/cases/{case_id}").text
    (client_id,) = re.findall(r'name="client_id" value="([^"]+)"', page)
    form = {"text": "We are here.\r\nAre you safe?", "client_id": client_id}
    answers = [
        browser.post(f"/desk/cases/{case_id}/reply", data=form),
        browser.post(f"/desk/cases/{case_id}/reply", data=form, headers={"HX-Request": "true"}),
    ]
    assert [answer.status_code for answer in answers] == [303, 200]
    assert "On its way" in answers[1].text
    (message,) = [message for message in world.messages(case_id) if message.author == "caseworker"]
    assert message.body == "We are here.\nAre you safe?"
    assert message.user_id is not None


def test_two_caseworkers_one_takes_the_other_hears_who_and_loses_nothing_typed(world: Any, browser: Any) -> None:
    world.caseworker("Jonas Example")
    other = world.browser(name="Jonas Example")
    case_id = world.case()
    browser.post(f"/desk/cases/{case_id}/take")
    late = other.post(f"/desk/cases/{case_id}/take")
    assert late.status_code == 409
    assert "Amina Example took this case a moment ago" in late.text
    assert "Held by Amina Example" in late.text
    for headers in ({}, {"HX-Request": "true"}):
        answer = other.post(
            f"/desk/cases/{case_id}/reply", data={"text": "typed for long", "client_id": str(uuid4())}, headers=headers
        )
        assert answer.status_code == 409
        assert "Amina Example holds the case now. Your text is still here." in answer.text
        # A page carries the text again; for a fragment the box of the open page still has it.
        assert ("typed for long" in answer.text) is not bool(headers)
    assert not [message for message in world.messages(case_id) if message.author == "caseworker"]
    for action, data in (
        ("give-back", {}),
        ("close", {"outcome": "helped"}),
        ("level", {"level": "E", "reason": "why"}),
    ):
        answer = other.post(f"/desk/cases/{case_id}/{action}", data=data)
        assert answer.status_code == 409, action
        assert "Amina Example holds this case" in answer.text


def test_clicks_at_the_same_moment_give_the_case_to_one(world: Any, browser: Any) -> None:
    names = ["Amina Example", "Jonas Example", "Lina Example"]
    for name in names[1:]:
        world.caseworker(name)
    browsers = [browser, *(world.browser(name=name) for name in names[1:])]
    case_id = world.case()
    statuses: list[int] = []
    clicks = [
        threading.Thread(target=lambda one=one: statuses.append(one.post(f"/desk/cases/{case_id}/take").status_code))
        for one in browsers
    ]
    for click in clicks:
        click.start()
    for click in clicks:
        click.join(20)
    assert sorted(statuses) == [303, 409, 409]
    assert world.read(case_id)[1].epoch == 1
    assert [message.key for message in world.messages(case_id)] == ["say_human_takes_over"]


def test_nobody_writes_while_the_bot_does(world: Any, browser: Any) -> None:
    case_id = world.case()
    answer = browser.post(f"/desk/cases/{case_id}/reply", data={"text": "hello", "client_id": str(uuid4())})
    assert answer.status_code == 409
    assert "hello" in answer.text
    assert world.messages(case_id) == []


@pytest.mark.parametrize(
    ("text", "says"), [("", "nothing to send"), (" \r\n ", "nothing to send"), ("x" * 1601, "at most 1600 characters")]
)
def test_what_cannot_be_sent_is_said_and_kept(world: Any, browser: Any, text: str, says: str) -> None:
    case_id = world.case()
    browser.post(f"/desk/cases/{case_id}/take")
    answer = browser.post(f"/desk/cases/{case_id}/reply", data={"text": text, "client_id": str(uuid4())})
    assert answer.status_code == 422
    assert says in answer.text
    if text.strip():
        assert text in answer.text


def test_giving_back_tells_the_person_and_lets_the_bot_go_on(world: Any, browser: Any) -> None:
    case_id = world.case()
    browser.post(f"/desk/cases/{case_id}/take")
    assert browser.post(f"/desk/cases/{case_id}/give-back").status_code == 303
    case, conversation = world.read(case_id)
    assert (case.assignee_id, case.state) == (None, "open")
    assert (conversation.owner, conversation.epoch) == ("bot", 2)
    assert [message.key for message in world.messages(case_id)] == ["say_human_takes_over", "say_human_left", "resume"]
    assert "resume" not in browser.get(f"/desk/cases/{case_id}").text


def test_closing_needs_an_outcome_and_tells_the_person(world: Any, browser: Any) -> None:
    case_id = world.case()
    browser.post(f"/desk/cases/{case_id}/take")
    for outcome in ("", "vanished"):
        refused = browser.post(f"/desk/cases/{case_id}/close", data={"outcome": outcome})
        assert refused.status_code == 422
        assert "Say how it ended" in refused.text
    assert browser.post(f"/desk/cases/{case_id}/close", data={"outcome": "referred"}).status_code == 303
    case, conversation = world.read(case_id)
    assert (case.state, case.outcome, conversation.owner) == ("closed", "referred", "closed")
    assert [message.key for message in world.messages(case_id)] == ["say_human_takes_over", "say_case_closed"]
    page = browser.get(f"/desk/cases/{case_id}").text
    assert "Closed: Referred to a service" in page
    assert 'data-testid="reply-text"' not in page
    late = browser.post(f"/desk/cases/{case_id}/reply", data={"text": "one more thing", "client_id": str(uuid4())})
    assert late.status_code == 409
    assert "one more thing" in late.text


def test_a_level_changes_with_a_reason_that_stays_internal(world: Any, browser: Any) -> None:
    case_id = world.case("E")
    browser.post(f"/desk/cases/{case_id}/take")
    refused = browser.post(f"/desk/cases/{case_id}/level", data={"level": "P", "reason": " "})
    assert refused.status_code == 422
    assert world.read(case_id)[0].level == "E"
    browser.post(f"/desk/cases/{case_id}/level", data={"level": "P", "reason": "they are with family now"})
    assert world.read(case_id)[0].level == "P"
    page = browser.get(f"/desk/cases/{case_id}").text
    assert "Level changed from Emergency to Priority" in page
    assert "they are with family now" in page
    assert not [message for message in world.messages(case_id) if "family" in (message.body or "")]


def test_a_note_is_kept_encrypted_and_never_sent(world: Any, browser: Any) -> None:
    case_id = world.case()
    assert browser.post(f"/desk/cases/{case_id}/notes", data={"text": "they sounded calm"}).status_code == 303
    assert "they sounded calm" in browser.get(f"/desk/cases/{case_id}").text
    assert world.messages(case_id) == []
    with world.sessions.begin() as session:
        (note,) = session.query(Note).all()
        assert b"calm" not in bytes(note.body_encrypted)
    too_long = browser.post(f"/desk/cases/{case_id}/notes", data={"text": "y" * 4001})
    assert too_long.status_code == 422
    assert "y" * 4001 in too_long.text


def test_the_length_of_a_reply_is_that_of_what_is_sent(world: Any, browser: Any) -> None:
    sms, whatsapp = world.case(), world.case(channel="whatsapp")

    def measure(case_id: Any, text: str) -> str:
        return str(browser.post(f"/desk/cases/{case_id}/measure", data={"text": text}).text.strip())

    assert measure(sms, "a" * 160) == "160 of 1600 characters · 1 SMS · Coded as GSM-7"
    assert measure(sms, "a" * 161) == "161 of 1600 characters · 2 SMS · Coded as GSM-7"
    assert measure(sms, "م" * 71) == "71 of 1600 characters · 2 SMS · Coded as UCS-2"
    assert measure(whatsapp, "م" * 71) == "71 of 1600 characters"
    assert measure(sms, " ") == ""


def test_a_case_that_does_not_exist_is_said_kindly(world: Any, browser: Any) -> None:
    for path in (f"/desk/cases/{uuid4()}", "/desk/cases/47", f"/desk/cases/{uuid4()}/parts"):
        answer = browser.get(path)
        assert answer.status_code == 404
        assert "There is no such case" in answer.text
    assert browser.post(f"/desk/cases/{uuid4()}/take").status_code == 404


def test_somebody_signed_out_meanwhile_keeps_their_text_and_is_not_sent_away(world: Any, browser: Any) -> None:
    case_id = world.case()
    browser.post(f"/desk/cases/{case_id}/take")
    browser.cookies.clear()
    answer = browser.post(
        f"/desk/cases/{case_id}/reply",
        data={"text": "hello", "client_id": str(uuid4())},
        headers={"HX-Request": "true"},
    )
    assert answer.status_code == 401
    assert "your text was not sent. It is still here." in answer.text
    assert 'target="_blank"' in answer.text
    assert not [message for message in world.messages(case_id) if message.author == "caseworker"]


def test_a_failure_of_ours_is_said_without_its_text(world: Any, browser: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    case_id = world.case()

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("secret +15005550142")

    monkeypatch.setattr("desk.work.take", broken)
    answer = browser.post(f"/desk/cases/{case_id}/take")
    assert answer.status_code == 500
    assert "Nothing was lost" in answer.text
    assert "secret" not in answer.text
    assert Message.__tablename__ not in answer.text


CHECKED = {"hx-request": "true"}


def reply(browser: Any, case_id: Any, text: str, headers: dict[str, str] | None = None, **fields: str) -> Any:
    data = {"text": text, "client_id": str(uuid4()), **fields}
    return browser.post(f"/desk/cases/{case_id}/reply", data=data, headers=headers or {})


def token(html: str) -> str:
    found = re.search(r'name="acknowledged" value="([^"]+)"', html)
    assert found
    return found[1]


@pytest.mark.parametrize("headers", [{}, CHECKED])
def test_a_telling_text_is_sent_only_when_the_caseworker_says_so_and_the_case_remembers(
    world: Any, browser: Any, headers: dict[str, str]
) -> None:
    case_id = world.case()
    browser.post(f"/desk/cases/{case_id}/take")
    before = len(world.messages(case_id))
    warned = reply(browser, case_id, "Look at evil.example.com <b>", headers)
    assert warned.status_code == 422
    assert "an internet address" in warned.text
    assert '<q dir="auto">evil.example.com</q>' in warned.text
    assert len(world.messages(case_id)) == before
    if not headers:
        assert "Look at evil.example.com &lt;b&gt;</textarea>" in warned.text
    # Another text needs another look, whatever was agreed to before.
    other = reply(browser, case_id, "Look at worse.example.com", headers, acknowledged=token(warned.text))
    assert other.status_code == 422
    sent = reply(browser, case_id, "Look at evil.example.com <b>", headers, acknowledged=token(warned.text))
    assert sent.status_code in (200, 303)
    assert world.messages(case_id)[-1].body == "Look at evil.example.com <b>"
    assert "Sent although the check warned: an internet address" in browser.get(f"/desk/cases/{case_id}").text


def test_a_text_that_the_check_kept_back_is_shown_with_the_reason(world: Any, browser: Any) -> None:
    case_id = world.case()
    world.bot_says(case_id, "The police are near.", state="dropped", status=None)
    with world.sessions.begin() as session:
        session.get_one(Message, world.messages(case_id)[-1].id).withheld = "forbidden_word,link"
    text = browser.get(f"/desk/cases/{case_id}").text
    assert "The police are near." in text
    assert "Not sent: kept back by the check (a word that tells what this is about, an internet address)" in text


def test_outside_the_window_without_an_approved_template_the_text_is_not_lost(world: Any, browser: Any) -> None:
    case_id = world.case(channel="whatsapp", hours_ago=30)
    browser.post(f"/desk/cases/{case_id}/take")
    assert "WhatsApp has approved none of our neutral messages" in browser.get(f"/desk/cases/{case_id}").text
    answer = reply(browser, case_id, "We have an answer.")
    assert answer.status_code == 422
    assert "We have an answer.</textarea>" in answer.text
    assert "approved none" in answer.text


def test_outside_the_window_a_text_waits_and_the_page_says_since_when(world: Any, browser: Any) -> None:
    case_id = world.case(channel="whatsapp", hours_ago=30, language="fr")
    with world.sessions.begin() as session:
        (template,) = templates(world.desk.gateway.wording)
        session.add(
            RegisteredContent(
                digest=template.digest(),
                content_sid="HX1",
                key=INVITATION,
                language=template.language,
                approval="approved",
            )
        )
    browser.post(f"/desk/cases/{case_id}/take")
    page = browser.get(f"/desk/cases/{case_id}").text
    assert "What you write waits here" in page
    assert "The neutral message goes out in English" in page
    answer = reply(browser, case_id, "We have an answer.", CHECKED)
    assert answer.status_code == 200
    assert "waits here until the person writes" in answer.text
    assert "Waits since " in browser.get(f"/desk/cases/{case_id}").text
    assert world.messages(case_id)[-1].state == "held"
