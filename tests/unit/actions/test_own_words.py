"""Answers as people write them: with an explanation, with a wish to be called, with a landmark for a town."""

from dataclasses import replace
from typing import Any

import pytest

from bot.actions.labels import harmless, without_false_cry
from bot.actions.state import Event
from bot.actions.world import Place, Service
from tests.unit.actions.conversation import CLINIC, SAFE, Conversation, begun, world

FIRST = {"safe": "yes", "danger": "no", "consent": "agree"}


def asked(*questions: str, **values: object) -> Conversation:
    """A conversation that has come to the question behind these answers."""
    return begun(**values).answer(**{name: SAFE[name] for name in questions})


@pytest.mark.parametrize(
    ("intent", "text", "after"),
    [
        ("other", "yes my boss reads it", "yes"), ("greet", "yes, hello, my brother too", "yes"),
        ("third_party", "yes my brother reads it", "yes"), ("correct", "yes my brother reads it", "yes"),
        ("deny", "yes my brother reads it", "yes"),
        ("other", "no, because i am at work", "no"), ("other", "i dont know he is sleeping", "unsure"),
    ],
)  # fmt: skip
def test_an_answer_counts_although_an_explanation_follows(intent: str, text: str, after: str) -> None:
    conversation = asked("safe", "danger", "consent")
    conversation.write(text, intent)
    assert conversation.state.answers["shared_phone"] == after
    assert conversation.question == "for_whom"


def test_yes_to_danger_with_an_explanation_is_an_emergency_however_it_was_understood() -> None:
    for intent in ("other", "distress", "third_party", "ask_human"):
        conversation = asked("safe")
        conversation.write("yes i am so afraid", intent)
        assert conversation.said[0] == "say_emergency", intent
        assert conversation.did("hand_over")["level"] == "E"


@pytest.mark.parametrize("text", ["no way out", "no money no food"])
def test_a_no_that_may_begin_another_sentence_is_no_answer_to_danger(text: str) -> None:
    conversation = asked("safe")
    conversation.write(text, "deny", confidence=0.5)
    assert conversation.said == ["say_not_understood", "ask_danger"]
    conversation.write(text)
    assert conversation.state.answers["danger"] == "unsure"
    assert conversation.did("hand_over")["level"] == "U"


@pytest.mark.parametrize(
    ("language", "text", "question"),
    [
        ("es", "no puedo respirar", "medical"), ("pt", "nao consigo respirar", "medical"), ("ar", "لا أستطيع التنفس", "medical"),
        ("ru", "нет сил кровь идёт", "medical"), ("es", "no tengo papeles", "under_18"), ("bn", "না গেলে মারবে", "danger"),
    ],
)  # fmt: skip
def test_where_a_no_would_take_a_risk_away_only_a_clear_one_counts(language: str, text: str, question: str) -> None:
    before = {"danger": ["safe"], "under_18": [*FIRST, "shared_phone", "for_whom"]}
    conversation = asked(*before.get(question, [*FIRST, "shared_phone", "for_whom", "under_18"]), language=language)
    conversation.write(text, "deny", confidence=0.6)
    assert conversation.said == ["say_not_understood", f"ask_{question}"]
    assert question not in conversation.state.answers


def test_consent_needs_a_clear_yes_and_stays_a_no() -> None:
    conversation = asked("safe", "danger")
    conversation.write("yes but do not tell my boss", "affirm")
    assert conversation.said == ["say_not_understood", "ask_consent"]
    conversation.write("yes but")
    assert conversation.state.answers["consent"] == "no"
    conversation = asked("safe", "danger")
    conversation.write("yes please help me i need work")
    assert conversation.state.answers["consent"] == "agree"


def test_what_else_a_text_says_is_kept_beside_the_answer() -> None:
    conversation = asked("safe")
    conversation.write("no, but i need a doctor", "need_health")
    conversation.write("no, i need a doctor", "need_health")
    assert conversation.state.answers["needs"] == ["health"]
    assert conversation.state.answers["danger"] == "no"


def test_a_possible_danger_in_the_explanation_is_no_clear_no() -> None:
    conversation = asked("safe")
    conversation.write("no, he comes tonight", possible="danger_now")
    assert conversation.said == ["say_not_understood", "ask_danger"]


def test_who_asks_to_be_called_is_told_so_and_the_wish_is_on_the_case() -> None:
    conversation = begun()
    conversation.turn("ask_human", value="call")
    assert conversation.said == ["say_call_noted"]
    case = conversation.world.case
    assert case is not None
    assert (case.contact, case.reasons) == ("call", ["asks_human"])
    assert conversation.world.consents == [("contact", True, "en")]


def test_a_number_to_call_is_known_to_be_there_and_nothing_more() -> None:
    conversation = begun()
    conversation.turn("ask_human", value="call_number")
    case = conversation.world.case
    assert case is not None
    assert case.contact == "other_number"
    assert case.answers["other_number"] == "set"


def test_asking_for_a_call_where_contact_is_planned_answers_the_question() -> None:
    conversation = begun().answer(**SAFE, country="BR", place="skip", needs="food_cash", block_2="no")
    assert conversation.question == "contact"
    conversation.turn("ask_human", value="call_number")
    assert conversation.done == []
    assert conversation.question == "contact_time"
    conversation.answer(contact_time="any", contact_gender="any", safe_word="skip")
    assert conversation.said == ["say_call_noted"]


def test_under_watch_a_call_is_nobodys_wish() -> None:
    conversation = Conversation()
    conversation.turn("duress")
    conversation.turn("ask_human", value="call")
    assert conversation.said == ["say_person_coming"]
    assert conversation.world.case is not None
    assert conversation.world.case.contact != "call"


HAMLET = Place("p5", "Marketon, Far North", "BR", -1.0, -60.0)
DURBAN = Place("p6", "Durban, East", "BR", -2.0, -50.0)


def where(text: str) -> Conversation:
    places = {
        "near the market": [HAMLET],
        "market": [Place("p7", "Market", "BR", -1.0, -60.0)],
        "near the market in durban": [DURBAN],
    }
    conversation = begun(world=world(places=places)).answer(**SAFE, country="BR")
    conversation.write(text)
    return conversation


@pytest.mark.parametrize("text", ["near the market", "market", "by the station"])
def test_a_landmark_is_asked_for_its_town(text: str) -> None:
    conversation = where(text)
    assert conversation.said == ["say_place_not_found", "ask_place"]
    conversation.write(text)
    assert conversation.question != "place", "asked twice is enough"


def test_a_landmark_with_its_town_is_the_town() -> None:
    conversation = where("near the market in durban")
    assert conversation.question == "place_confirm"
    assert [choice["value"] for choice in conversation.last[-1]["choices"]] == ["p6", "none"]


def test_places_far_away_are_never_listed_without_saying_so() -> None:
    far = replace(CLINIC, id="s9", far=True)
    near = Service("s8", {"name": "Example doctor", "distance_km": 3.0}, is_example=False)
    for listed, said in (
        ([far], ["say_services_far", "say_service", "say_example_note"]),
        ([near, far], ["say_services_intro", "say_service", "say_services_far", "say_service", "say_example_note"]),
        ([near], ["say_services_intro", "say_service"]),
    ):
        conversation = begun(world=world(listed={"health": listed})).answer(
            **SAFE, country="BR", place="skip", needs="health"
        )
        assert conversation.said[: len(said)] == said


def test_the_case_does_not_tell_that_somebody_complains() -> None:
    conversation = begun().answer(**SAFE, country="BR", place="skip", needs="food_cash", block_2="no", contact="no")
    conversation.turn("follow_up")
    conversation.answer(safe="yes", follow_up="complain", complaint="set")
    conversation.turn("ask_human")
    assert conversation.world.case is not None
    told = conversation.world.case.answers
    assert "complaint" not in told
    assert "complain" not in told.values()


@pytest.mark.parametrize(
    ("language", "text"), [("bn", "na kono bipod nai"), ("en", "no danger here"), ("ru", "нет не здесь")]
)
def test_a_no_that_the_classifier_hears_clearly_too_is_one(language: str, text: str) -> None:
    conversation = asked("safe", language=language)
    conversation.write(text, "deny", confidence=0.92)
    assert conversation.state.answers["danger"] == "no"


def test_all_right_with_more_words_is_no_yes_to_danger() -> None:
    conversation = asked("safe")
    conversation.write("ok what is this")
    assert conversation.said == ["say_not_understood", "ask_danger"]


def test_who_writes_in_a_language_instead_of_picking_it_is_answered_in_it() -> None:
    conversation = Conversation(language=None)
    conversation.write("bonjour", "greet", language_guess="fr")
    assert conversation.question == "language"
    conversation.write("oui je peux mais vite", language_guess="fr")
    assert conversation.did("set_language")["language"] == "fr"
    assert conversation.question == "safe"


def test_a_childs_words_that_only_the_classifier_hears_are_asked_about_however_sure_it_is() -> None:
    conversation = begun()
    conversation.write("nowhere to sleep", "need_shelter")
    conversation.write("yes i am 14", "child_alone", confidence=0.97)
    assert conversation.said == ["ask_trusted_adult"]


def test_all_right_is_a_yes_to_consent_where_the_classifier_hears_it_clearly_too() -> None:
    conversation = asked("safe", "danger", language="ar")
    conversation.write("wakha ma kayn mochkil", "affirm", confidence=0.9)
    assert conversation.state.answers["consent"] == "agree"
    conversation = asked("safe", "danger")
    conversation.write("ok but dont tell my boss", "affirm", confidence=0.9)
    assert "consent" not in conversation.state.answers


def test_who_says_where_they_are_is_not_lost() -> None:
    conversation = begun(world=world(places={"i am in durban": [DURBAN]})).answer(**SAFE, country="BR")
    conversation.write("i am in durban", "where_am_i", confidence=0.81)
    assert conversation.question == "place_confirm"
    assert "stranded" not in conversation.state.signals


HEALTH = {("choice_health", "lo"): "ໝໍ, ຢາ", ("choice_held", "en"): "Held now"}


def heard(text: str, **values: Any) -> Event:
    event = Event(**({"text": text, "confidence": 0.6, "language": "lo"} | values))
    return without_false_cry(event, world(labels=HEALTH))


def test_a_choice_that_somebody_copies_out_is_no_cry_for_help() -> None:
    assert (heard("ໝໍ,ຢາ", intent="self_harm").intent, heard("ໝໍ, ຢາ", intent="other", possible="self_harm").possible) == (
        "other", None,
    )  # fmt: skip


def test_words_of_their_own_known_phrases_and_labels_that_tell_a_risk_are_heard() -> None:
    assert heard("ໝໍ, ຢາ ຢາກຕາຍ", intent="self_harm").intent == "self_harm"
    assert heard("ໝໍ, ຢາ", intent="self_harm", confidence=1.0).intent == "self_harm"
    assert heard("Held now", intent="danger_now", language="en").intent == "danger_now"
    assert {"choice_health", "choice_shelter", "choice_talk"} < set(harmless())
    assert {"choice_held", "choice_alone", "choice_yes"} & set(harmless()) == set()
