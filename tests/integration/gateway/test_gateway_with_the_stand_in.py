"""The channels against the stand-in of Twilio over real HTTP, in the languages of this copy: each takes what the other sends."""

from typing import Any

import pytest

from core.turns import Choice, Payload, Say, SetLanguage
from tests.integration.gateway.stand_in import Chat, chat, until

__all__ = ["chat"]

pytestmark = pytest.mark.anyio

FRENCH = SetLanguage(do="set_language", language="fr")
YES_NO = tuple(Choice(value=value, label=f"choice_{value}") for value in ("yes", "no", "unsure"))
SAFE = Say(say="ask_safe", question="safe", choices=YES_NO)
SHARED = Say(say="ask_under_18", question="under_18", choices=(*YES_NO, Choice(value="skip", label="choice_skip")))
CONSENT = Say(
    say="ask_anything_else",
    question="anything_else",
    choices=(Choice(value="need", label="choice_need"), Choice(value="finish", label="choice_finish")),
)


async def test_a_conversation_by_sms_in_french(chat: Chat) -> None:
    chat.line.engine.steps = [[FRENCH, SAFE], [Say(say="say_goodbye")]]
    await chat.write("bonjour, j'ai besoin d'aide")
    (asked,) = await chat.shown()
    assert "\n1 Oui\n2 Non\n3 " in asked["text"]
    await until(lambda: chat.line.rows("outbound")[0].status == "delivered")
    await chat.write("deux")
    first, second = chat.line.engine.requests
    assert first.language_guess == "fr"
    assert second.payload == Payload(intent="answer", question="safe", value="no")
    assert chat.line.out() == [("bot", "sent")] * 2
    assert chat.line.rows("outbound")[0].segments == 1


async def test_buttons_and_lists_on_whatsapp_come_back_as_what_was_tapped(chat: Chat) -> None:
    chat.line.engine.steps = [[FRENCH, SHARED], [CONSENT], [Say(say="say_goodbye")]]
    await chat.write("bonjour", channel="whatsapp")
    (asked,) = await chat.shown("whatsapp")
    titles = {choice["title"]: choice["id"] for choice in asked["choices"]}
    assert len(titles) == 4
    await chat.write(channel="whatsapp", tap={"payload": titles["Non"], "text": "Non"})
    assert chat.line.engine.requests[1].payload == Payload(intent="answer", question="under_18", value="no")
    buttons = (await chat.shown("whatsapp"))[-1]["choices"]
    await chat.write(channel="whatsapp", tap={"payload": buttons[1]["id"], "text": buttons[1]["title"]})
    assert chat.line.engine.requests[2].payload == Payload(intent="answer", question="anything_else", value="finish")


async def test_a_risky_question_on_whatsapp_is_answered_by_a_digit(chat: Chat) -> None:
    chat.line.engine.steps = [[FRENCH, SAFE], [Say(say="say_goodbye")]]
    await chat.write("salut", channel="whatsapp")
    (asked,) = await chat.shown("whatsapp")
    assert asked["choices"] == []
    assert "\n1 Oui\n2 Non\n3 " in asked["text"]


@pytest.mark.parametrize("what", [{"media": "voice"}, {"media": "photo"}, {"media": "contact"}])
async def test_what_is_no_text_reaches_the_bot_as_an_attachment(chat: Chat, what: dict[str, Any]) -> None:
    chat.line.engine.steps = [[FRENCH, SAFE]]
    await chat.write(channel="whatsapp", **what)
    (request,) = chat.line.engine.requests
    assert request.payload is not None
    assert request.payload.intent == "attachment"


@pytest.mark.parametrize(
    ("words", "intent"),
    [("0", "ask_human"), ("٩", "stop"), ("aide", "help"), ("مساعدة", "help"), ("effacez mes messages", "erase_data")],
)
async def test_the_ways_out_of_every_language_are_known(chat: Chat, words: str, intent: str) -> None:
    chat.line.engine.steps = [[FRENCH, SAFE], [SAFE]]
    await chat.write("bonjour")
    await chat.write(words)
    assert chat.line.engine.requests[1].payload == Payload(intent=intent)
