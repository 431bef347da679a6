"""WhatsApp's window over real HTTP: what comes a day late waits for the person, who hears of it by an approved template, once."""

from uuid import uuid4

import pytest
from sqlalchemy import select

from cases import service
from cases.models import Conversation, User
from core.database import now
from core.turns import Choice, Say, SetLanguage
from gateway import outbox, templates, thread, window
from gateway.errors import CannotWrite
from gateway.invitations import invite_waiting
from gateway.models import Message, RegisteredContent
from tests.integration.gateway.stand_in import Chat, chat, until

__all__ = ["chat"]
pytestmark = pytest.mark.anyio

DAY = 25 * 3600
FRENCH = SetLanguage(do="set_language", language="fr")
DIGITS = tuple(Choice(value=value, label=f"choice_{value}") for value in ("yes", "no", "unsure"))
HELLO = Say(say="say_goodbye")


async def pass_a_day(chat: Chat, *, ours: bool = True) -> None:
    """A day passes, at Twilio and, unless the clocks differ, here."""
    assert (await chat.phone.post("/simulator/clock", json={"forward": DAY})).status_code == 200
    if ours:
        chat.line.wait(seconds=DAY)


async def approve(chat: Chat, verdict: str = "approved") -> None:
    assert (await chat.phone.post("/simulator/templates", json={"verdict": verdict})).status_code == 204
    templates.keep_current(chat.line.gateway)


def case_of(chat: Chat, *, owner: bool = True) -> User:
    """A case of the conversation, held by a caseworker."""
    user = chat.line.caseworker()
    with chat.line.sessions.begin() as session:
        conversation = session.execute(select(Conversation)).scalar_one()
        service.open_or_update(
            session, conversation.id, level="U", rules=["U12"], needs=[], answers={}, reason="asks_human",
            settings=chat.line.gateway.settings,
        )  # fmt: skip
        case = service.open_case_of(session, conversation.id)
        assert case is not None
        if owner:
            service.take(session, case.id, session.merge(user))
    return user


def write(chat: Chat, user: User, text: str) -> Message:
    gateway = chat.line.gateway
    with chat.line.sessions.begin() as session:
        conversation = session.execute(select(Conversation)).scalar_one()
        return outbox.send_as_caseworker(
            session, conversation, user, text, uuid4(), wording=gateway.wording, settings=gateway.settings
        )


def row(chat: Chat, message: Message) -> Message:
    with chat.line.sessions.begin() as session:
        return session.get_one(Message, message.id)


async def arrived(chat: Chat) -> list[str]:
    """What is on the phone, in its order."""
    await until(lambda: all(m.status in ("delivered", "read") for m in chat.line.rows("outbound") if m.provider_sid))
    return [entry["text"] for entry in await chat.shown("whatsapp") if entry["status"] != "undelivered"]


async def waiting(chat: Chat) -> tuple[User, str]:
    """A French-speaking person wrote more than a day ago; a caseworker holds the case. The template's text."""
    chat.line.engine.steps = [[FRENCH, HELLO]]
    await chat.write("bonjour", channel="whatsapp")
    user = case_of(chat)
    await approve(chat)
    await pass_a_day(chat)
    return user, chat.line.gateway.wording.template("fr", "say_message_waiting")


async def test_a_late_answer_waits_behind_one_neutral_template_and_leaves_when_the_person_writes(chat: Chat) -> None:
    user, invitation = await waiting(chat)
    first, second = write(chat, user, "Premier message."), write(chat, user, "Second message.")
    await chat.line.work()
    assert [row(chat, message).state for message in (first, second)] == ["held", "held"]
    before = await arrived(chat)
    assert before[-1:] == [invitation]
    assert before.count(invitation) == 1
    assert "Premier message." not in before

    await chat.write("oui ?", channel="whatsapp")
    await chat.line.work()
    after = await arrived(chat)
    assert after[len(before) :] == ["Premier message.", "Second message."]
    assert [row(chat, message).state for message in (first, second)] == ["sent", "sent"]
    # The thread tells it in the order in which it was said.
    with chat.line.sessions.begin() as session:
        said = [entry.body for entry in thread.messages(session, chat.line.conversation().id)]
    assert said[-3:] == ["oui ?", "Premier message.", "Second message."]
    await chat.write("merci", channel="whatsapp")
    assert await arrived(chat) == after


async def test_the_desk_sees_since_when_it_waits(chat: Chat) -> None:
    user, _ = await waiting(chat)
    message = write(chat, user, "Bonjour.")
    with chat.line.sessions.begin() as session:
        entry = thread.messages(session, chat.line.conversation().id)[-1]
    assert (entry.body, entry.state, entry.held_since) == ("Bonjour.", "held", row(chat, message).held_since)
    assert entry.held_since is not None


async def test_a_new_template_only_after_another_day(chat: Chat) -> None:
    user, invitation = await waiting(chat)
    write(chat, user, "Un.")
    await chat.line.work()
    await pass_a_day(chat)
    write(chat, user, "Deux.")
    await chat.line.work()
    assert (await arrived(chat)).count(invitation) == 2


async def test_a_language_without_approval_falls_to_the_first_that_has_one(chat: Chat) -> None:
    user, _ = await waiting(chat)
    with chat.line.sessions.begin() as session:
        for template in session.execute(select(RegisteredContent)).scalars():
            if template.language == "fr":
                template.approval = "paused"
    write(chat, user, "Bonjour.")
    await chat.line.work()
    assert (await arrived(chat))[-1] == chat.line.gateway.wording.template("en", "say_message_waiting")


async def test_without_any_approval_the_caseworker_is_told_and_nothing_is_kept(chat: Chat) -> None:
    user, _ = await waiting(chat)
    await approve(chat, "rejected")
    with pytest.raises(CannotWrite) as caught:
        write(chat, user, "Bonjour.")
    assert caught.value.reason == "no_template"
    assert [entry[0] for entry in templates.standings_of(chat.line.gateway)] == list(chat.line.gateway.wording.codes)
    assert {entry[1:] for entry in templates.standings_of(chat.line.gateway)} == {("rejected", "INVALID_FORMAT")}


async def test_a_window_that_closes_at_twilio_first_holds_the_text_and_invites_all_the_same(chat: Chat) -> None:
    chat.line.engine.steps = [[FRENCH, HELLO]]
    await chat.write("bonjour", channel="whatsapp")
    user = case_of(chat)
    await approve(chat)
    await pass_a_day(chat, ours=False)
    message = write(chat, user, "Trop tard.")
    await chat.line.work()
    await until(lambda: row(chat, message).state == "held")
    await chat.line.work()
    assert (await arrived(chat))[-1] == chat.line.gateway.wording.template("fr", "say_message_waiting")
    await chat.write("oui", channel="whatsapp")
    assert (await arrived(chat))[-1] == "Trop tard."
    assert row(chat, message).state == "sent"


async def test_nobody_is_called_back_only_to_hear_who_reads(chat: Chat) -> None:
    chat.line.engine.steps = [[FRENCH, HELLO]]
    await chat.write("bonjour", channel="whatsapp")
    case_of(chat)
    await approve(chat)
    await pass_a_day(chat)
    gateway = chat.line.gateway
    with chat.line.sessions.begin() as session:
        conversation = session.execute(select(Conversation)).scalar_one()
        (said,) = outbox.say_system(
            session, conversation, "say_human_takes_over", wording=gateway.wording, settings=gateway.settings
        )
    await chat.line.work()
    assert row(chat, said).state == "held"
    assert chat.line.gateway.wording.template("fr", "say_message_waiting") not in await arrived(chat)


async def test_stop_ends_what_waits_and_start_does_not_bring_it_back(chat: Chat) -> None:
    user, _ = await waiting(chat)
    message = write(chat, user, "Bonjour.")
    await chat.line.work()
    await chat.write("stop", channel="whatsapp")
    await until(lambda: row(chat, message).state == "dropped")
    chat.line.engine.steps = [[HELLO]] * 3
    await chat.write("start", channel="whatsapp")
    assert "Bonjour." not in await arrived(chat)


async def test_who_leaves_does_not_ask_for_what_waits(chat: Chat) -> None:
    user, _ = await waiting(chat)
    message = write(chat, user, "Bonjour.")
    await chat.line.work()
    await chat.write("exit", channel="whatsapp")
    assert row(chat, message).state == "held"
    await chat.write("bonjour", channel="whatsapp")
    assert row(chat, message).state == "sent"


async def test_what_a_caseworker_wrote_is_dropped_when_the_desk_gave_the_conversation_away(chat: Chat) -> None:
    user, _ = await waiting(chat)
    message = write(chat, user, "Bonjour.")
    with chat.line.sessions.begin() as session:
        case = service.open_case_of(session, chat.line.conversation().id)
        assert case is not None
        service.close(session, case.id, session.merge(user), outcome="helped")
    chat.line.engine.steps = [[HELLO]]
    await chat.write("bonjour", channel="whatsapp")
    assert row(chat, message).state == "dropped"
    assert "Bonjour." not in await arrived(chat)


async def late_question(chat: Chat) -> Message:
    """The bot asks something a day late: it waits."""
    late = Say(say="ask_under_18", question="under_18", choices=DIGITS)
    chat.line.engine.steps = [[FRENCH, HELLO]]
    await chat.write("bonjour", channel="whatsapp")
    await approve(chat)
    await pass_a_day(chat)
    with chat.line.sessions.begin() as session:
        outbox.resume(session, session.execute(select(Conversation)).scalar_one())
    chat.line.engine.steps = [[late], [HELLO], [HELLO]]
    await chat.line.work()
    question, invitation = chat.line.rows("outbound")[-2:]
    assert (question.question, question.state, invitation.key) == ("under_18", "held", "say_message_waiting")
    return question


async def test_what_the_bot_asked_before_a_pause_is_not_shown_to_whoever_writes_after_it(chat: Chat) -> None:
    question = await late_question(chat)
    await chat.write("2", channel="whatsapp")
    payload = chat.line.engine.requests[-1].payload
    assert payload is None or payload.question != "under_18"
    assert row(chat, question).state == "dropped"
    assert not any("18" in text for text in await arrived(chat))


async def test_behind_a_word_it_waits_on_until_the_person_is_known(chat: Chat) -> None:
    question = await late_question(chat)

    def release(locked: bool) -> int:  # noqa: FBT001
        with chat.line.sessions.begin() as session:
            conversation = session.execute(select(Conversation)).scalar_one()
            conversation.last_inbound_at = now()
            conversation.locked_at = now() if locked else None
            return window.release(session, conversation)

    assert (release(True), row(chat, question).state) == (0, "held")
    assert (release(False), row(chat, question).state) == (1, "queued")
    assert release(False) == 0


async def test_a_template_that_is_approved_later_is_sent_later(chat: Chat) -> None:
    chat.line.engine.steps = [[FRENCH, HELLO]]
    await chat.write("bonjour", channel="whatsapp")
    await approve(chat, "pending")
    await pass_a_day(chat)
    with chat.line.sessions.begin() as session:
        outbox.resume(session, session.execute(select(Conversation)).scalar_one())
    chat.line.engine.steps = [[HELLO]]
    await chat.line.work()
    assert invite_waiting(chat.line.gateway) == 0
    await approve(chat)
    assert (invite_waiting(chat.line.gateway), invite_waiting(chat.line.gateway)) == (1, 0)
    await chat.line.work()
    assert (await arrived(chat))[-1] == chat.line.gateway.wording.template("fr", "say_message_waiting")


async def test_a_template_that_twilio_forgot_is_registered_and_submitted_anew(chat: Chat) -> None:
    await approve(chat)
    with chat.line.sessions.begin() as session:
        rows = session.execute(select(RegisteredContent)).scalars().all()
        assert {template.approval for template in rows} == {"approved"}
        for template in rows:
            template.content_sid = "HX" + uuid4().hex
    templates.keep_current(chat.line.gateway)
    assert chat.line.count(RegisteredContent) == 0
    await chat.phone.post("/simulator/clock", json={"forward": 1})
    # Its name is taken at WhatsApp: that is reported, not repeated for ever by a new name.
    templates.keep_current(chat.line.gateway)
    assert {each[1] for each in templates.standings_of(chat.line.gateway)} == {"unsubmitted", "not registered"}


async def test_sms_has_no_window(chat: Chat) -> None:
    chat.line.engine.steps = [[FRENCH, HELLO]]
    await chat.write("bonjour")
    user = case_of(chat)
    await pass_a_day(chat)
    message = write(chat, user, "Bonjour.")
    await chat.line.work()
    assert row(chat, message).state == "sent"
