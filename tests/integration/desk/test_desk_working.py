"""Working a case: drafts, ready sentences, sending again, pausing, taking over, mentions, who is there, and narrowing the queue."""

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text, update

from cases import erasure
from cases.models import OUTCOMES, Case, CasePresence, Conversation, ReplyDraft
from core.database import now
from core.settings import Settings
from desk.bubbles import Meanings, read_thread
from desk.narrowing import Wanted
from desk.translation import UnknownProvider, translator
from gateway.models import Message
from gateway.resending import resend_id

ROWS = re.compile(r'data-testid="case-row".*?<a class="row-link"[^>]*>(K\d+)</a>', re.DOTALL)


@pytest.fixture
def amina(world: Any) -> Any:
    world.caseworker()
    return world.browser(name="Amina Example")


@pytest.fixture
def boris(world: Any) -> Any:
    world.caseworker("Boris Example")
    return world.browser(name="Boris Example")


def taken(world: Any, browser: Any, level: str = "U", **case: Any) -> Any:
    case_id = world.case(level, **case)
    browser.post(f"/desk/cases/{case_id}/take")
    return case_id


def typed(browser: Any, case_id: Any, words: str) -> str:
    return str(browser.post(f"/desk/cases/{case_id}/measure", data={"text": words}).text)


def field(browser: Any, case_id: Any) -> str:
    found = re.search(
        r'<textarea id="(?:reply-text|kept)"[^>]*>(.*?)</textarea>',
        browser.get(f"/desk/cases/{case_id}").text,
        re.DOTALL,
    )
    return found[1] if found else ""


def drafts(world: Any) -> int:
    with world.sessions.begin() as session:
        return len(session.execute(select(ReplyDraft)).scalars().all())


def test_a_draft_survives_a_reload_encrypted_and_only_for_who_typed_it(world: Any, amina: Any, boris: Any) -> None:
    case_id = taken(world, amina)
    typed(amina, case_id, "half a sentence that")
    assert field(amina, case_id) == "half a sentence that"
    assert "half a sentence" not in boris.get(f"/desk/cases/{case_id}").text
    with world.sessions.begin() as session:
        stored = session.execute(text("SELECT body_encrypted FROM reply_draft")).scalar_one()
    assert b"half" not in bytes(stored)
    typed(amina, case_id, " ")
    assert (field(amina, case_id), drafts(world)) == ("", 0)


@pytest.mark.parametrize("end", ["sent", "closed", "erased"])
def test_a_draft_goes_when_it_was_sent_when_the_case_closes_and_when_a_person_asks_for_erasure(
    world: Any, amina: Any, end: str
) -> None:
    case_id = taken(world, amina)
    typed(amina, case_id, "what was told")
    if end == "sent":
        amina.post(f"/desk/cases/{case_id}/reply", data={"text": "Good evening", "client_id": str(case_id)})
    elif end == "closed":
        amina.post(f"/desk/cases/{case_id}/close", data={"outcome": "helped", "needs_met": "partly"})
        assert world.read(case_id)[0].needs_met == "partly"
    else:
        with world.sessions.begin() as session:
            erasure.erase(session, session.get_one(Conversation, world.read(case_id)[1].id))
    assert drafts(world) == 0


def test_what_is_typed_is_measured_with_its_encoding_and_is_no_line_of_the_log(world: Any, amina: Any) -> None:
    case_id = taken(world, amina)
    assert "Coded as UCS-2" in typed(amina, case_id, "مرحبا")
    assert "1 SMS" in typed(amina, case_id, "hello")
    with world.sessions.begin() as session:
        logged = session.execute(text("SELECT action FROM audit_entry")).scalars().all()
    assert "case_work" not in logged


def test_a_ready_sentence_is_shown_as_the_person_reads_it_with_what_it_costs(world: Any, amina: Any) -> None:
    case_id = taken(world, amina, language="ar")
    page = amina.get(f"/desk/cases/{case_id}").text
    assert '<option value="ask_danger">Are you in danger now?</option>' in page
    shown = amina.get(f"/desk/cases/{case_id}/canned", params={"key": "ask_danger"}).text
    assert 'lang="ar" dir="auto" id="canned-text"' in shown
    assert "هل أنت في خطر الآن؟" in shown
    assert "Arabic · 1 SMS · Coded as UCS-2" in " ".join(shown.split())
    assert 'data-insert="canned-text"' in shown
    # What the catalogue lacks in the person's language is not offered as if it were theirs.
    assert "canned-text" not in amina.get(f"/desk/cases/{case_id}/canned", params={"key": "say_opted_out"}).text


def failed(world: Any, case_id: Any, state: str) -> Any:
    with world.sessions.begin() as session:
        row = session.execute(select(Message).where(Message.author == "caseworker")).scalars().one()
        row.state = state
    return row.id


def caseworkers_messages(world: Any, case_id: Any) -> list[Message]:
    return [message for message in world.messages(case_id) if message.author == "caseworker"]


def test_a_message_that_did_not_arrive_is_really_sent_again_once_as_a_new_attempt(world: Any, amina: Any) -> None:
    case_id = taken(world, amina)
    amina.post(f"/desk/cases/{case_id}/reply", data={"text": "The office is open", "client_id": str(case_id)})
    message_id = failed(world, case_id, "failed")
    path = f"/desk/cases/{case_id}/messages/{message_id}/resend"
    assert path in amina.get(f"/desk/cases/{case_id}").text
    for _ in range(2):
        assert amina.post(path).status_code == 303
    first, again = caseworkers_messages(world, case_id)
    assert (first.state, again.state, again.body) == ("failed", "queued", "The office is open")
    assert again.client_id == resend_id(message_id)
    assert path not in amina.get(f"/desk/cases/{case_id}").text
    assert "A message was sent again" in amina.get(f"/desk/cases/{case_id}").text


def test_what_perhaps_arrived_is_never_sent_again_silently(world: Any, amina: Any, boris: Any) -> None:
    case_id = taken(world, amina)
    amina.post(f"/desk/cases/{case_id}/reply", data={"text": "The office is open", "client_id": str(case_id)})
    message_id = failed(world, case_id, "uncertain")
    path = f"/desk/cases/{case_id}/messages/{message_id}/resend"
    assert "Nobody knows whether it arrived" in amina.post(path).text
    assert boris.post(path, data={"sure": "yes"}).status_code == 409
    assert len(caseworkers_messages(world, case_id)) == 1
    assert amina.post(path, data={"sure": "yes"}).status_code == 303
    assert len(caseworkers_messages(world, case_id)) == 2
    delivered = caseworkers_messages(world, case_id)[1]
    assert amina.post(f"/desk/cases/{case_id}/messages/{delivered.id}/resend").status_code == 422


def test_a_paused_case_is_out_of_sight_until_its_time_or_until_the_person_writes(world: Any, amina: Any) -> None:
    case_id, other = taken(world, amina), taken(world, amina)
    assert amina.post(f"/desk/cases/{case_id}/pause", data={"hours": "24"}).headers["location"].endswith("done=paused")
    here, there = (world.read(one)[0].reference for one in (case_id, other))
    assert ROWS.findall(amina.get("/desk?show=mine").text) == [there]
    assert ROWS.findall(amina.get("/desk?show=paused").text) == [here]
    assert "Put aside until" in amina.get(f"/desk/cases/{case_id}").text
    world.write(case_id, "I am here again")
    assert here in ROWS.findall(amina.get("/desk?show=mine").text)
    amina.post(f"/desk/cases/{other}/pause", data={"hours": "1"})
    assert there not in ROWS.findall(amina.get("/desk").text)
    with world.sessions.begin() as session:
        session.execute(update(Case).where(Case.id == other).values(paused_until=now() - timedelta(seconds=1)))
    assert there in ROWS.findall(amina.get("/desk").text)


def test_an_emergency_is_not_put_aside_and_neither_is_a_case_for_ever(world: Any, amina: Any) -> None:
    case_id = taken(world, amina, "E")
    assert "An emergency is not put aside" in amina.post(f"/desk/cases/{case_id}/pause", data={"hours": "1"}).text
    assert amina.post(f"/desk/cases/{case_id}/pause", data={"hours": "99999"}).status_code == 422
    assert world.read(case_id)[0].paused_until is None


def test_a_takeover_is_explicit_has_a_reason_and_the_first_is_told(world: Any, amina: Any, boris: Any) -> None:
    case_id = taken(world, amina)
    epoch = world.read(case_id)[1].epoch
    assert boris.post(f"/desk/cases/{case_id}/take").status_code == 409
    assert "Say why you take it over" in boris.post(f"/desk/cases/{case_id}/take-over", data={"reason": " "}).text
    assert world.read(case_id)[0].assignee_id == world.user("Amina Example").id
    boris.post(f"/desk/cases/{case_id}/take-over", data={"reason": "Your shift is over and they wrote"})
    case, conversation = world.read(case_id)
    assert (case.assignee_id, conversation.owner) == (world.user("Boris Example").id, "desk")
    assert conversation.epoch == epoch, "what Amina has just written must still be sent"
    queue = amina.get("/desk").text
    assert "Boris Example calls you in" in queue
    refused = amina.post(f"/desk/cases/{case_id}/reply", data={"text": "still mine?", "client_id": str(case_id)})
    assert refused.status_code == 409
    assert "Your shift is over and they wrote" in amina.get(f"/desk/cases/{case_id}").text
    assert "calls you in" not in amina.get("/desk").text
    with world.sessions.begin() as session:
        actions = session.execute(text("SELECT action FROM audit_entry")).scalars().all()
    assert actions.count("case_taken_over") == 1


def test_a_mention_in_a_note_stands_on_the_queue_of_who_was_called(world: Any, amina: Any, boris: Any) -> None:
    case_id = taken(world, amina)
    amina.post(f"/desk/cases/{case_id}/notes", data={"text": "Please look, @boris example, and @Nobody"})
    assert "Amina Example calls you in" in boris.get("/desk/queue").text
    assert "calls you in" not in amina.get("/desk/queue").text
    boris.get(f"/desk/cases/{case_id}")
    assert "calls you in" not in boris.get("/desk/queue").text


def test_others_see_who_is_there_and_who_types_until_it_is_old(world: Any, amina: Any, boris: Any) -> None:
    case_id = taken(world, amina)
    typed(amina, case_id, "Go")
    assert "Amina Example is typing" in boris.get(f"/desk/cases/{case_id}/here").text
    assert "Boris Example has this case open" in amina.get(f"/desk/cases/{case_id}/here").text
    amina.post(f"/desk/cases/{case_id}/reply", data={"text": "Good evening", "client_id": str(case_id)})
    assert "Amina Example has this case open" in boris.get(f"/desk/cases/{case_id}/here").text
    with world.sessions.begin() as session:
        session.execute(update(CasePresence).values(seen_at=now() - timedelta(minutes=2)))
    assert "Amina" not in boris.get(f"/desk/cases/{case_id}/here").text


def test_the_queue_is_narrowed_by_what_is_known_and_told(world: Any, amina: Any, boris: Any) -> None:
    french = world.case("R", language="fr", channel="whatsapp", answers={"country": "MA"}, needs=("shelter",))
    late = world.case("U", language="ar", minutes_ago=600)
    answered = taken(world, amina, "P", language="ar", answers={"country": "BD"}, needs=("work", "health"))
    theirs = taken(world, boris, "P", language="en")
    world.write(answered, "hello")
    amina.post(f"/desk/cases/{answered}/reply", data={"text": "Good evening", "client_id": str(answered)})
    world.write(theirs, "hello?")
    named = {world.read(one)[0].reference: name for one, name in
             ((french, "french"), (late, "late"), (answered, "answered"), (theirs, "theirs"))}  # fmt: skip

    def shown(query: str) -> set[str]:
        return {named[reference] for reference in ROWS.findall(amina.get(f"/desk?{query}").text)}

    assert shown("show=unassigned") == {"french", "late"}
    assert shown("show=team") == {"theirs"}
    assert shown("level=P") == {"answered", "theirs"}
    assert shown("language=ar") == {"late", "answered"}
    assert shown("channel=whatsapp") == {"french"}
    assert shown("country=BD") == {"answered"}
    assert shown("need=shelter") == {"french"}
    assert shown("overdue=yes") == {"late"}
    assert shown("waiting=yes") == {"theirs"}
    assert shown("level=P&waiting=yes&show=mine") == set()
    assert shown("level=%27;--&language=zz-<script>") == {"french", "late", "answered", "theirs"}


def test_a_view_is_kept_for_its_user_alone_and_leads_back_to_the_same_filters(
    world: Any, amina: Any, boris: Any
) -> None:
    wanted = Wanted(show="mine", level="U", language="ar")
    answer = amina.post("/desk/views", data={"name": " Nights,  Arabic ", "query": wanted.query()})
    assert answer.headers["location"] == f"/desk?{wanted.query()}"
    link = re.search(
        r'<a href="([^"]*)" data-testid="view" aria-current="page"><bdi>Nights, Arabic',
        amina.get(f"/desk?{wanted.query()}").text,
    )
    assert link is not None
    assert "Nights" not in boris.get("/desk").text
    view = re.search(r"/desk/views/([0-9a-f-]+)/remove", amina.get("/desk").text)
    assert view is not None
    boris.post(f"/desk/views/{view[1]}/remove")
    assert "Nights" in amina.get("/desk").text
    amina.post(f"/desk/views/{view[1]}/remove")
    assert "Nights" not in amina.get("/desk").text
    assert "A view needs a name" in amina.post("/desk/views", data={"name": "  ", "query": "show=mine"}).text


def test_the_contact_plan_says_how_when_in_which_language_and_with_whom(world: Any, amina: Any) -> None:
    case_id = world.case(language="ar", answers={"contact_time": "evening", "contact_gender": "woman"})
    page = amina.get(f"/desk/cases/{case_id}").text
    plan = re.findall(r'data-testid="plan"><dt>([^<]*)</dt><dd>([^<]*)</dd>', page)
    assert plan == [
        ("Contact", "May be written to here"), ("Good time to be reached", "Evening"), ("In which language", "Arabic"),
        ("Would like to talk with", "A woman"),
    ]  # fmt: skip


class Shouting:
    """A provider as a deployment could write one."""

    def translate(self, text: str, *, to: str, source: str | None) -> str | None:
        return f"{source}>{to} {text.upper()}"


def test_no_machine_translates_unless_a_deployment_decided_so_and_the_original_always_stands(
    world: Any, amina: Any
) -> None:
    assert translator(world.settings) is None
    with pytest.raises(UnknownProvider, match="everything-online"):
        translator(Settings.model_construct(translation_provider="everything-online"))
    case_id = world.case(language="fr")
    world.write(case_id, "bonjour")
    own = Settings.model_construct(translation_provider="own")
    with world.sessions.begin() as session:
        conversation = session.get_one(Case, case_id).conversation_id
        wording = world.desk.gateway.wording
        plain, helped = (
            read_thread(session, conversation, Meanings(wording, one)).bubbles[-1]
            for one in (None, translator(own, {"own": lambda _settings: Shouting()}))
        )
    assert (plain.text, plain.translation) == ("bonjour", None)
    assert (helped.text, helped.translation) == ("bonjour", "None>en BONJOUR")
    assert "Translated by a machine" not in amina.get(f"/desk/cases/{case_id}").text


def test_closing_takes_every_outcome_there_is(world: Any, amina: Any) -> None:
    for outcome in OUTCOMES:
        case_id = taken(world, amina)
        amina.post(f"/desk/cases/{case_id}/close", data={"outcome": outcome})
        assert world.read(case_id)[0].outcome == outcome
