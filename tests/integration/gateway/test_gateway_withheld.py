"""A text that breaks a rule stays here: the person gets something neutral or a human, staff see what was kept back and why."""

from dataclasses import replace
from uuid import uuid4

import pytest
from sqlalchemy import select

from cases import service
from cases.models import CaseEvent, Conversation, User
from core.turns import Choice, HandOver, Say
from gateway import outbox, thread
from gateway.errors import NeedsAcknowledgement
from gateway.fixed_wording import FixedWording
from gateway.models import Message
from tests.integration.gateway.doubles import Line

pytestmark = pytest.mark.anyio

TEXTS = {
    "en": {
        "say_intro": "An information line.", "say_neutral": "Thank you for your message.", "say_bad": "The police are near.",
        "ask_bad": "Is the police near?", "ask_needs_bad": "What do you need from the police?", "say_goodbye": "Goodbye.",
        "say_service": "{name}\n{phones}\n{address}", "say_reference": "Your reference: {reference}",
        "say_confidential_address": "Address by phone", "say_bot_failure": "Something does not work. {time}",
        "say_long": "word " * 70 + "\nsecond " * 30,
        "choice_yes": "Yes", "choice_no": "No", "choice_shelter": "A place to sleep", "choice_food": "Food", "choice_police": "Police",
    },
}  # fmt: skip
WORDING = FixedWording(TEXTS, {}, forbidden_words=("police*", "shelter*"), promised=("will",))
YES_NO = (Choice(value="yes", label="choice_yes"), Choice(value="no", label="choice_no"))
NEEDS = (Choice(value="shelter", label="choice_shelter"), Choice(value="food", label="choice_food"))


@pytest.fixture
def checked(line: Line) -> Line:
    settings = line.gateway.settings.model_copy(update={"organisation_names": ("Harbour Trust",)})
    line.gateway = replace(line.gateway, wording=WORDING, settings=settings)
    return line


async def says(line: Line, *items: object, words: str = "hello there") -> None:
    line.engine.steps.append(list(items))
    await line.say(words)


def events(line: Line) -> list[tuple[str, dict[str, str]]]:
    with line.sessions.begin() as session:
        return [
            (event.kind, event.details) for event in session.execute(select(CaseEvent).order_by(CaseEvent.at)).scalars()
        ]


async def test_a_text_that_fails_is_not_sent_and_a_neutral_one_goes_instead(checked: Line) -> None:
    await says(checked, Say(say="say_intro"), Say(say="say_bad"), Say(say="say_goodbye"))
    assert checked.twilio.bodies == ["An information line.", "Thank you for your message.", "Goodbye."]
    with checked.sessions.begin() as session:
        kept = thread.messages(session, checked.conversation().id)[2]
    assert (kept.body, kept.state, kept.withheld) == ("The police are near.", "dropped", ("forbidden_word",))
    assert checked.cases() == []
    assert checked.conversation().owner == "bot"


async def test_staff_hear_of_it_on_the_case(checked: Line) -> None:
    await says(checked, Say(say="say_bad"), HandOver(do="hand_over", reason="asks_human", level="U"))
    assert ("text_withheld", {"key": "say_bad", "rules": "forbidden_word"}) in events(checked)
    assert checked.twilio.bodies == ["Thank you for your message."]


async def test_a_question_that_cannot_be_shown_goes_to_a_human_with_all_that_was_said_before(checked: Line) -> None:
    await says(checked, Say(say="say_intro"), Say(say="ask_bad", question="danger", choices=YES_NO))
    assert checked.twilio.bodies == ["An information line.", "Thank you for your message."]
    (case,) = checked.cases()
    assert (case.reason, case.level, checked.conversation().owner) == ("unsafe_text", "U", "desk")


async def test_choices_that_speak_for_themselves_stay(checked: Line) -> None:
    await says(checked, Say(say="ask_needs_bad", question="needs", choices=NEEDS))
    assert checked.twilio.bodies == ["Thank you for your message.\n1 A place to sleep\n2 Food"]
    assert checked.conversation().owner == "bot"
    await says(checked, Say(say="say_goodbye"), words="2")
    payload = checked.engine.requests[-1].payload
    assert payload is not None
    assert (payload.question, payload.value) == ("needs", "food")


async def test_choices_that_fail_themselves_are_not_shown(checked: Line) -> None:
    await says(
        checked, Say(say="ask_needs_bad", question="needs", choices=(*NEEDS, Choice(value="p", label="choice_police")))
    )
    assert checked.twilio.bodies == ["Thank you for your message."]
    assert checked.conversation().owner == "desk"


async def test_what_the_person_told_is_not_told_back(checked: Line) -> None:
    await says(
        checked, Say(say="say_reference", values={"name": "x", "reference": "K11"}), words="my name is Karim Example"
    )
    assert checked.twilio.bodies == ["Your reference: K11"]
    await says(checked, Say(say="say_service", values={"name": "Karim Example", "phones": "1", "address": ""}))
    echoed = Say(say="ask_needs_bad", question="other", choices=(*NEEDS, Choice(value="x", text="Karim Example")))
    await says(checked, echoed)
    assert not any("Karim" in body for body in checked.twilio.bodies[2:])
    assert checked.rows("outbound")[-2].withheld == "forbidden_word,own_words"


async def test_a_place_of_the_gazetteer_may_be_what_the_person_wrote(checked: Line) -> None:
    choice = Choice(value="3448439", text="Blue River")
    await says(checked, Say(say="say_intro", question="place_confirm", choices=(choice,)), words="blue river")
    assert checked.twilio.bodies == ["An information line.\n1 Blue River"]


@pytest.mark.parametrize(
    ("values", "body"),
    [
        (
            {"name": "Shelter of the sea", "phones": "+1 500 555 0101", "address": "Dock 3", "need": "shelter"},
            "A place to sleep\n+1 500 555 0101\nDock 3",
        ),
        (
            {"name": "Blue House", "phones": "+1 500 555 0101", "address": "behind the police", "need": "shelter"},
            "Blue House\n+1 500 555 0101\nAddress by phone",
        ),
        ({"name": "Harbour Trust", "phones": "+1 500 555 0101", "address": "Dock 3"}, "+1 500 555 0101\nDock 3"),
    ],
)
async def test_a_place_with_a_telling_name_is_called_by_what_it_gives(
    checked: Line, values: dict[str, str], body: str
) -> None:
    await says(checked, Say(say="say_service", values=values))
    assert "\n".join(line for line in checked.twilio.bodies[0].split("\n") if line) == body
    assert checked.cases() == []


async def test_a_list_that_cannot_be_shown_is_given_by_hand(checked: Line) -> None:
    await says(checked, Say(say="say_service", values={"name": "Blue House", "phones": "see evil.com", "address": ""}))
    assert checked.twilio.bodies == ["Thank you for your message."]
    (case,) = checked.cases()
    assert (case.reason, case.level, checked.conversation().owner) == ("unsafe_text", "P", "bot")
    assert ("text_withheld", {"key": "say_service", "rules": "link"}) in events(checked)


async def test_a_long_statement_is_cut_into_messages_within_the_budget(checked: Line) -> None:
    await says(checked, Say(say="say_long"))
    assert len(checked.twilio.bodies) == 2
    assert {row.withheld for row in checked.rows("outbound")} == {None}


async def test_the_lists_are_looked_at_again_right_before_sending(checked: Line) -> None:
    checked.engine.steps.append([Say(say="say_intro"), Say(say="say_goodbye")])
    await checked.write("hello")
    from gateway.turn import handle_next

    handle_next(checked.gateway, checked.conversation().id)
    stricter = replace(WORDING, forbidden_words=("information*",))
    checked.gateway = replace(checked.gateway, wording=stricter)
    await checked.work()
    assert sorted(checked.twilio.bodies) == ["Goodbye.", "Thank you for your message."]
    assert checked.rows("outbound")[0].withheld == "forbidden_word"


def held_case(line: Line) -> User:
    user = line.caseworker()
    with line.sessions.begin() as session:
        conversation = session.execute(select(Conversation)).scalar_one()
        service.open_or_update(
            session,
            conversation.id,
            level="U",
            rules=[],
            needs=[],
            answers={},
            reason="x",
            settings=line.gateway.settings,
        )
        case = service.open_case_of(session, conversation.id)
        assert case is not None
        service.take(session, case.id, session.merge(user))
    return user


def write(line: Line, user: User, text: str, *acknowledged: str) -> Message:
    with line.sessions.begin() as session:
        return outbox.send_as_caseworker(
            session, line.conversation(), user, text, uuid4(), wording=line.gateway.wording,
            settings=line.gateway.settings, acknowledged=frozenset(acknowledged),
        )  # fmt: skip


async def test_a_caseworker_is_warned_and_may_send_all_the_same(checked: Line) -> None:
    await says(checked, Say(say="say_intro"))
    user = held_case(checked)
    text = "The police of Harbour Trust"
    with pytest.raises(NeedsAcknowledgement) as caught:
        write(checked, user, text)
    assert caught.value.rules == ("forbidden_word", "organisation")
    with pytest.raises(NeedsAcknowledgement):
        write(checked, user, text, "forbidden_word", "link")
    assert len(checked.rows("outbound")) == 1
    write(checked, user, text, "forbidden_word", "organisation")
    await checked.work()
    assert checked.twilio.bodies[-1] == text
    assert ("text_acknowledged", {"rules": "forbidden_word,organisation"}) in events(checked)


async def test_what_was_acknowledged_is_not_held_against_the_text_but_anything_new_is(checked: Line) -> None:
    await says(checked, Say(say="say_intro"))
    user = held_case(checked)
    write(checked, user, "The police are near.", "forbidden_word")
    checked.gateway = replace(
        checked.gateway, settings=checked.gateway.settings.model_copy(update={"organisation_names": ("near",)})
    )
    await checked.work()
    row = checked.rows("outbound")[-1]
    assert (row.state, row.withheld) == ("dropped", "organisation")
    assert checked.twilio.bodies == ["An information line."]


async def test_a_text_that_breaks_nothing_needs_no_word(checked: Line) -> None:
    await says(checked, Say(say="say_intro"))
    write(checked, held_case(checked), "We will write at 18:00. Thank you.")
    await checked.work()
    assert checked.twilio.bodies[-1] == "We will write at 18:00. Thank you."
    assert "text_acknowledged" not in {kind for kind, _ in events(checked)}
