"""The channels on a real database, with a scripted engine and a strict Twilio."""

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from core.database import Sessions
from core.settings import Settings
from core.turns import Alarm
from gateway.fixed_wording import FixedWording
from gateway.gateway import Gateway
from gateway.scripted_engine import ScriptedEngine
from gateway.twilio_client import TwilioProvider
from gateway.webhooks import make_router
from tests.integration.gateway.doubles import FakeTwilio, Line

TEXTS = {
    "en": {
        "say_intro": "An information line.", "ask_safe": "Can you write here now?", "ask_danger": "Are you in danger now?",
        "ask_anything_else": "Anything else?", "say_goodbye": "Goodbye.", "say_help": "You can write here.",
        "say_emergency": "A person comes. Reference {reference}, before {time}.", "say_erased": "Deleted.",
        "say_bot_failure": "Something does not work. A person writes before {time}.", "say_human_takes_over": "A person is here.",
        "choice_yes": "Yes", "choice_no": "No", "choice_unsure": "Not sure", "choice_need": "Another", "choice_finish": "Finish",
        "ask_can_leave": "Can you go out when you want?", "ask_shared_phone": "Do others use this phone?", "choice_skip": "Skip",
        "ask_safe_word": "Choose a word.", "ask_duress_word": "Choose a second word.", "ask_other_number": "Which number?",
        "say_cover": "An information line. Write HELP.", "say_go_on": "We can go on.",
        "say_opted_out": "We send nothing more. Write START to begin again.",
        "say_received": "It has arrived.", "say_received_not_opened": "It has arrived, closed.",
        "say_neutral_goodbye": "Thank you. Good day.", "say_self_harm": "You matter. Reference {reference}, before {time}.",
        "ask_contact": "What suits you?", "choice_write_here": "Write here", "ask_complaint": "What was not right?",
        "choice_complaint_done": "That is all", "choice_no_complaint": "None", "say_complaint_kept": "Kept apart.",
        "ask_follow_up": "Did it work?", "say_noted": "Noted.",
        "say_person_reads": "A person reads this. Reference {reference}, before {time}.",
    },
    "fr": {"say_opted_out": "Nous n'envoyons plus rien.", "say_bot_failure": "Un souci. Une personne vous écrit avant {time}.",
           "say_help": "Écrivez ici.", "ask_safe": "Pouvez-vous écrire ?"},
}  # fmt: skip
WORDS = {
    "en": {"yes": ("yes",), "no": ("no",), "skip": ("skip",), "stop": ("stop", "unsubscribe"), "help": ("help",), "person": ("person",),
           "leave": ("bye",), "call": ("call me", "call me on"), "erase": ("erase",), "start": ("start", "hi")},
    "fr": {"yes": ("oui",), "stop": ("arrêt",), "help": ("aide",), "start": ("reprendre",)},
}  # fmt: skip
ALARMS: dict[str, Alarm] = {
    "knife": "danger_now", "end my life": "self_harm", "took the pills": "self_harm", "alone without mother": "child_alone",
    "real person": "ask_human",
}  # fmt: skip


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def line(settings: Settings, sessions: Sessions, database_url: str) -> AsyncIterator[Line]:
    twilio = FakeTwilio(settings.twilio_account_sid or "", "twilio-token")
    engine = ScriptedEngine()
    gateway = Gateway(
        settings=settings,
        sessions=sessions,
        wording=FixedWording(TEXTS, WORDS, guesses={"bonjour": "fr"}, alarms=ALARMS),
        engine=engine,
        provider=TwilioProvider(settings, transport=httpx.MockTransport(twilio)),
    )
    app = FastAPI()
    app.include_router(make_router(gateway))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://elsewhere.invalid") as web:
        yield Line(gateway, engine, twilio, web, database_url)
    gateway.close()
