"""The custom actions (`rasa_sdk --actions benchmarks.stock_rasa.actions`): the form's checks, the same search, a row at the end."""

import os
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from rasa_sdk import Action, FormValidationAction, Tracker
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.types import DomainDict
from sqlalchemy import text

from bot.actions.shown import shown
from core.catalogues import Catalogues
from core.database import Sessions, make_engine
from core.settings import PROJECT, read_settings
from directory.search import SearchRequest, find

CHOICES = {
    "language": 8, "safe": 3, "danger": 4, "consent": 3, "shared_phone": 4, "who": 4, "under_18": 4, "ill": 4, "country": 5,
    "work_questions": 3, "free_to_leave": 4, "papers": 4, "pay": 5, "threats": 4, "deceived": 4, "forced": 4, "held": 5, "contact": 5,
}  # fmt: skip
"""Lines of each question."""
NEEDS = ("shelter", "health", "food_cash")
TELL_ME_MORE = "3"

_settings = read_settings(demonstration=True, database_url=os.environ["STOCK_APPLICATION_URL"])
_sessions = Sessions(make_engine(_settings.database_url or ""))
_catalogues = Catalogues.load(PROJECT / "locale", ("en",))


class ValidateIntakeForm(FormValidationAction):
    """A number on the list is an answer; anything else is asked again."""

    def name(self) -> str:
        return "validate_intake_form"

    def validate_place(self, value: Any, *_: Any) -> dict[str, Any]:
        return {"place": value}

    def validate_consent(
        self, value: Any, dispatcher: CollectingDispatcher, _tracker: Tracker, _domain: DomainDict
    ) -> dict[str, Any]:
        if value == TELL_ME_MORE:
            dispatcher.utter_message(text=_catalogues.text("say_notice_more", "en"))
            return {"consent": None}
        return _on_list("consent", value)

    def validate_danger(
        self, value: Any, dispatcher: CollectingDispatcher, _tracker: Tracker, _domain: DomainDict
    ) -> dict[str, Any]:
        taken = _on_list("danger", value)
        if taken["danger"] is not None:
            dispatcher.utter_message(response="utter_welcome")
        return taken

    def validate_need(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, _domain: DomainDict
    ) -> dict[str, Any]:
        needs = [NEEDS[int(one) - 1] for one in str(value).split() if one in ("1", "2", "3")]
        if not needs:
            return {"need": None}
        dispatcher.utter_message(response="utter_places")
        for told in _search(tracker.slots, needs):
            dispatcher.utter_message(text=told)
        dispatcher.utter_message(response="utter_examples")
        return {"need": value}


def _choice(slot: str) -> Any:
    def validate(_self: Any, value: Any, *_: Any) -> dict[str, Any]:
        return _on_list(slot, value)

    return validate


for _slot in CHOICES.keys() - {"consent", "danger"}:
    setattr(ValidateIntakeForm, f"validate_{_slot}", _choice(_slot))


def _on_list(slot: str, value: Any) -> dict[str, Any]:
    right = str(value).isdigit() and 1 <= int(value) <= CHOICES[slot]
    return {slot: value if right else None}


def _search(slots: Mapping[str, Any], needs: list[str]) -> list[str]:
    chosen = int(slots["country"])
    country = _settings.countries[chosen - 1] if chosen <= len(_settings.countries) else None
    with _sessions.begin() as session:
        found = [
            shown(each, "en", _catalogues).values
            for need in needs
            for each in find(session, SearchRequest(country, (need,), language="en", demonstration=True)).services
        ]
    # A dash outside the SMS alphabet would make every place cost twice.
    return [_catalogues.text("say_service", "en", **values).replace("\N{EN DASH}", "-") for values in found]


class OpenCase(Action):
    """A row for the caseworkers, and its number for the person."""

    def name(self) -> str:
        return "action_open_case"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, _domain: DomainDict) -> list[dict[str, Any]]:
        reference = uuid4().hex[:6].upper()
        with _sessions.begin() as session:
            session.execute(
                text("INSERT INTO stock_case (reference, sender) VALUES (:reference, :sender)"),
                {"reference": reference, "sender": tracker.sender_id},
            )
        dispatcher.utter_message(
            text=_catalogues.text("say_person_will_write", "en", time="18:00", reference=reference)
        )
        return []
