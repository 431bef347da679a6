"""A person says that a place was closed, did not answer, sent them away: by digits and by plain words, in every language."""

from collections.abc import Mapping

import pytest

from bot.actions.world import Service, Who
from core.languages import LOCALE, load_language
from core.place_reports import read_report
from tests.unit.actions.conversation import CLINIC, SAFE, Conversation, begun, world

OTHER = Service("s3", {"name": "Other clinic"}, is_example=True)
AFTER_SERVICES: Mapping[str, str] = {
    "country": "BR", "place": "skip", "needs": "health", "special": "none", "block_2": "no", "contact": "no",
}  # fmt: skip


def told_of_clinics() -> Conversation:
    """Somebody who was told of two clinics, and is asked whether there is anything else."""
    conversation = begun(world=world(listed={"health": [CLINIC, OTHER]})).answer(**SAFE | AFTER_SERVICES)
    assert conversation.question == "anything_else"
    return conversation


def test_whoever_comes_back_to_the_menu_can_say_by_digits_that_a_place_was_closed() -> None:
    conversation = told_of_clinics()
    assert "place" not in conversation.offered, "nobody can have been there yet"
    conversation.write("hm")
    assert conversation.offered == ["need", "person", "finish", "place"]
    conversation.pick("place")
    assert conversation.said == ["ask_which_place"]
    assert conversation.offered == ["s1", "s3", "none"]
    conversation.pick("s3")
    assert conversation.said == ["ask_what_happened"]
    conversation.pick("closed")
    assert conversation.said == ["say_report_kept", "ask_anything_else"]
    assert conversation.world.place_reports == [("s3", "closed")]


def test_nothing_of_a_report_is_told_to_the_case() -> None:
    conversation = told_of_clinics()
    conversation.write("nobody answers the phone")
    conversation.pick("s1")
    conversation.pick("person")
    assert conversation.world.place_reports == [("s1", "no_answer")]
    assert conversation.world.case is not None
    assert not {"which_place", "what_happened"} & set(conversation.world.case.answers)
    assert "s1" not in str(conversation.world.case)


def test_plain_words_are_taken_in_the_middle_of_the_questions_and_these_go_on() -> None:
    conversation = begun(world=world(listed={"health": [CLINIC]})).answer(**SAFE, country="BR", place="skip")
    conversation.answer(needs="health", special="none")
    assert conversation.question == "block_2"
    conversation.write("the clinic was closed", "complaint")
    assert conversation.said == ["ask_which_place"], "a digit says which place, and that it is one of ours at all"
    conversation.pick("s1")
    assert conversation.said == ["say_report_kept", "ask_block_2"]
    assert conversation.world.place_reports == [("s1", "closed")]


def test_other_doors_are_named_for_the_one_that_was_closed() -> None:
    conversation = told_of_clinics()
    conversation.world.listed = {"health": [CLINIC, OTHER, Service("s4", {"name": "New clinic"}, is_example=False)]}
    conversation.write("it was closed")
    conversation.pick("s1")
    assert conversation.said == ["say_report_kept", "say_services_intro", "say_service", "ask_anything_else"]
    assert conversation.last[-2]["values"]["name"] == "New clinic"


def test_a_place_that_is_none_of_ours_is_not_reported() -> None:
    conversation = told_of_clinics()
    conversation.write("they sent me away")
    conversation.pick("none")
    assert conversation.said == ["ask_anything_else"]
    assert conversation.world.place_reports == []


def test_not_safe_needs_a_digit_and_asks_about_danger_again() -> None:
    conversation = told_of_clinics()
    conversation.write("it was dangerous there")
    conversation.pick("s1")
    assert conversation.said == ["ask_what_happened"]
    conversation.pick("not_safe")
    assert conversation.said == ["say_report_kept", "ask_danger"]
    assert conversation.world.place_reports == [("s1", "not_safe")]


@pytest.mark.parametrize("words", ["it was closed", "wrong number"])
def test_before_any_place_was_named_the_words_are_no_report(words: str) -> None:
    conversation = begun().answer(**SAFE)
    conversation.write(words)
    assert "ask_which_place" not in conversation.said


def test_words_of_danger_go_before_a_report() -> None:
    conversation = told_of_clinics()
    conversation.write("it was closed and he locked me in", "danger_now")
    assert conversation.said[-2:] == ["say_emergency", "say_emergency_number"]


def test_a_referral_that_did_not_work_is_asked_about_and_a_person_takes_over_all_the_same() -> None:
    conversation = told_of_clinics()
    conversation.turn("follow_up", value="s1")
    conversation.answer(safe="yes", follow_up="no")
    assert conversation.said == ["ask_what_happened"], "the desk has said which place"
    assert conversation.world.case is not None, "whoever does not go on is not forgotten"
    assert conversation.world.case.reasons[-1] == "follow_up"
    conversation.pick("turned_away")
    assert conversation.did("hand_over")["reason"] == "follow_up"
    assert conversation.said[0] == "say_report_kept"
    assert conversation.world.place_reports == [("s1", "turned_away")]


def test_after_a_person_had_the_conversation_the_report_is_not_asked_for_any_more() -> None:
    conversation = told_of_clinics()
    conversation.write("it was closed")
    conversation.turn("ask_human")
    conversation.turn("resume")
    assert conversation.said == ["ask_anything_else"]


def test_what_a_person_told_of_themselves_goes_into_the_search_and_brings_places_that_fit_better() -> None:
    conversation = begun(world=world(listed={"health": [CLINIC]})).answer(**SAFE, country="BR", place="skip")
    conversation.pick("health")
    conversation.world.listed = {"health": [CLINIC, OTHER]}
    conversation.pick("pregnant")
    assert conversation.said[:2] == ["say_services_fit", "say_service"]
    assert conversation.last[1]["values"]["name"] == "Other clinic"
    assert conversation.world.asked_by == [Who(under_18=False), Who(under_18=False, female=True)]


def test_who_asks_for_others_too_is_not_searched_for_as_one_person() -> None:
    conversation = begun(world=world(listed={"health": [CLINIC]}))
    conversation.answer(**SAFE | {"for_whom": "both"}, country="BR", place="skip", needs="health", special="pregnant")
    assert set(conversation.world.asked_by) == {Who(under_18=False)}


def test_papers_that_somebody_keeps_cannot_be_shown_at_a_door() -> None:
    conversation = begun()
    conversation.write("he has my passport", "documents_taken")
    conversation.answer(**SAFE, country="BR", place="skip", needs="food_cash")
    assert conversation.world.asked_by[-1].has_papers is False


@pytest.mark.parametrize("code", sorted(path.parent.name for path in LOCALE.glob("*/language.yml")))
def test_every_phrase_of_every_language_is_heard_as_what_it_says(code: str) -> None:
    language = load_language(code)
    for kind, entries in language.reports.items():
        for entry in entries:
            assert read_report(entry.replace("*", ""), language) == kind, (code, entry)
    assert read_report(" ".join(["word"] * 11), language) is None


@pytest.mark.parametrize(
    ("code", "text", "kind"),
    [
        ("en", "The clinic was closed!!", "closed"), ("en", "closed", "closed"), ("en", "he keeps the door closed", None),
        ("fr", "Personne ne répond au téléphone", "no_answer"), ("ar", "كان مغلقًا", "closed"),
        ("bn", "অফিস বন্ধ ছিল ভাই", "closed"), ("lo", "ໄປຮອດແລ້ວປິດ", "closed"), ("pt", "Ninguem atende", "no_answer"),
        ("ru", "Мне там отказали", None), ("ru", "Мне отказали там", "turned_away"), ("sw", "Hawapokei simu kabisa", "no_answer"),
        ("es", "el numero no existe", "wrong_number"), ("en", "", None),
    ],
)  # fmt: skip
def test_plain_words_as_people_write_them(code: str, text: str, kind: str | None) -> None:
    assert read_report(text, load_language(code)) == kind
