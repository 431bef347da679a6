"""After a pause, under watch, for somebody else, in anger: who writes decides what is said."""

import pytest

from bot.actions.world import Place
from tests.unit.actions.conversation import SAFE, Conversation, begun, world

LOCKED = {"signs": ("locked",)}


def with_word(**values: object) -> Conversation:
    """Somebody who told things, was asked about work, and chose a word."""
    conversation = begun(world=world(**values)).answer(**SAFE, country="BR", place="skip", needs="food_cash")
    conversation.answer(block_2="yes", can_leave="unsure")
    conversation.world.has_word = True
    return conversation


def test_after_a_pause_words_get_the_cover_reply_and_no_question() -> None:
    conversation = with_word()
    conversation.write("hello?", "greet", **LOCKED)
    assert conversation.said == ["say_cover"]
    assert conversation.question is None
    assert conversation.done == []
    conversation.write("yes", "affirm", **LOCKED)
    assert conversation.said == ["say_cover"]
    assert "papers_kept" not in conversation.state.answers


def test_the_right_word_goes_on_with_whether_it_is_ok_to_write_and_then_where_it_was() -> None:
    conversation = with_word()
    conversation.turn("unlock")
    assert conversation.said == ["say_go_on", "ask_safe"]
    conversation.pick("yes")
    assert conversation.said == ["ask_papers_kept"]


def test_the_other_word_looks_the_same_raises_e_in_silence_and_asks_nothing_that_gives_away() -> None:
    told, watched = with_word(), with_word()
    told.turn("unlock")
    watched.turn("duress")
    assert watched.last == told.last
    assert watched.world.case is not None
    assert watched.world.case.level == "E"
    assert watched.world.case.rules[0] == "E4"
    assert watched.world.case.reasons[-1] == "duress"
    assert watched.world.held == "duress"
    watched.pick("yes")
    assert watched.said == ["ask_anything_else"]
    assert watched.world.held == "duress"


def test_a_wrong_word_gets_the_cover_reply_and_the_second_a_person_in_silence() -> None:
    conversation = with_word()
    conversation.turn("wrong_word", value="1", **LOCKED)
    assert (conversation.said, conversation.done) == (["say_cover"], [])
    conversation.turn("wrong_word", value="2", **LOCKED)
    assert (conversation.said, conversation.done) == (["say_cover"], ["hand_over"])
    assert conversation.did("hand_over")["reason"] == "wrong_word"
    assert conversation.world.held == "other_person"


@pytest.mark.parametrize(("intent", "said"), [("help", ["say_help", "ask_safe"]), ("ask_human", ["say_person_coming"])])
def test_help_and_a_person_open_a_new_conversation_while_the_old_one_is_locked(intent: str, said: list[str]) -> None:
    conversation = with_word()
    conversation.write("please somebody", intent, **LOCKED)
    assert conversation.said == said
    assert conversation.state.answers == {}


def test_danger_is_followed_even_after_a_pause() -> None:
    conversation = with_word()
    conversation.write("they beat us", "danger_now", **LOCKED)
    assert conversation.said[0] == "say_emergency"
    assert conversation.did("hand_over")["level"] == "E"


def test_a_conversation_that_holds_nothing_has_nothing_to_lock() -> None:
    conversation = Conversation()
    conversation.write("hello", "greet", **LOCKED)
    assert conversation.said == ["ask_safe"]


def test_who_is_this_gets_a_dull_answer_and_a_person_looks_without_writing() -> None:
    conversation = begun().answer(**SAFE)
    conversation.write("who is this? stop writing to my wife", "other_person", confidence=0.8)
    assert conversation.said == ["say_decoy"]
    assert conversation.done == ["close"]
    assert conversation.world.held == "other_person"
    assert conversation.world.case is not None
    assert (conversation.world.case.level, conversation.world.case.reasons) == ("U", ["other_person"])


def test_who_is_this_as_the_first_words_is_no_case() -> None:
    conversation = Conversation()
    conversation.write("who is this", "other_person", confidence=0.9)
    assert conversation.said == ["say_decoy"]
    assert conversation.world.case is None


def test_perhaps_another_person_is_asked_whether_it_is_ok_to_write() -> None:
    conversation = begun().answer(**SAFE)
    conversation.write("who wants to know", "other_person", confidence=0.5)
    assert conversation.said == ["ask_safe"]
    assert conversation.world.held is None


def test_another_language_half_way_is_asked_once_whether_it_is_ok_to_write() -> None:
    conversation = begun().answer(**SAFE)
    conversation.write("je ne sais pas quoi dire", signs=("other_language",))
    assert conversation.question == "safe"
    conversation.pick("yes")
    conversation.write("je ne sais pas quoi dire", signs=("other_language",))
    assert conversation.question == "country"


@pytest.mark.parametrize("sign", ["burst", "long_text"])
def test_too_much_at_once_brings_a_person_with_the_reason(sign: str) -> None:
    conversation = begun()
    conversation.write("and then and then", signs=(sign,))
    assert conversation.said == ["say_person_coming"]
    assert conversation.did("hand_over") == {"do": "hand_over", "reason": sign, "level": "U"}


def test_danger_in_a_long_text_is_still_danger() -> None:
    conversation = begun()
    conversation.write("long ... they kill us", "danger_now", signs=("long_text", "burst"))
    assert conversation.said[0] == "say_emergency"


def test_anger_gets_a_person() -> None:
    conversation = begun().answer(safe="yes")
    conversation.write("you are useless all of you", "distress")
    assert conversation.did("hand_over")["reason"] == "distress"
    assert conversation.world.case is not None
    assert conversation.world.case.rules == ["U12"]


def test_who_writes_for_somebody_else_is_told_to_confront_nobody_and_gets_a_person() -> None:
    by_words = begun()
    by_words.write("my friend cannot leave her work", "third_party")
    by_choice = begun().answer(safe="yes", danger="no", consent="agree", shared_phone="no", for_whom="someone_else")
    for conversation in (by_words, by_choice):
        assert conversation.said == ["say_third_party", "say_person_coming"]
        assert conversation.did("hand_over")["reason"] == "third_party"
        assert conversation.state.level == "U"


def test_for_both_of_us_goes_on_with_the_questions_after_the_advice() -> None:
    conversation = begun().answer(safe="yes", danger="no", consent="agree", shared_phone="no", for_whom="both")
    assert conversation.said == ["say_third_party", "ask_under_18"]


def test_a_complaint_is_put_aside_and_is_no_case_of_the_team() -> None:
    conversation = begun()
    conversation.write("your man asked me for money", "complaint")
    assert conversation.done == ["complain"]
    assert conversation.did("complain")["told"]
    assert conversation.said == ["ask_complaint"]
    assert conversation.last[-1]["secret"]
    conversation.pick("set")
    assert conversation.said == ["say_complaint_kept", "ask_safe"]
    assert conversation.world.case is None


def test_words_that_were_no_complaint_come_back_and_a_person_looks() -> None:
    conversation = begun()
    conversation.write("he is bad to me", "complaint")
    conversation.pick("none")
    assert conversation.done == ["no_complaint", "hand_over"]
    assert conversation.did("hand_over")["reason"] == "asks_human"


def test_a_second_complaint_is_asked_about_again() -> None:
    conversation = begun()
    conversation.write("your man asked me for money", "complaint")
    conversation.pick("skip")
    assert conversation.said == ["say_complaint_kept", "ask_safe"]
    conversation.write("and he shouted", "complaint")
    assert conversation.said == ["ask_complaint"]


def test_no_i_meant_asks_the_last_question_again_and_the_level_stays() -> None:
    conversation = begun().answer(safe="yes", danger="unsure", consent="agree")
    conversation.write("no i meant something else", "correct")
    assert conversation.said == ["say_correct", "ask_consent"]
    conversation.pick("no")
    assert conversation.state.answers["consent"] == "no"
    assert conversation.state.level == "U"
    conversation = begun().answer(**SAFE | {"medical": "unsure"})
    conversation.write("no no wrong", "correct")
    assert conversation.said == ["say_correct", "ask_medical"]
    conversation.pick("no")
    assert conversation.state.answers["medical"] == "no"
    assert conversation.state.level == "U"


def test_a_correction_before_any_answer_is_not_understood() -> None:
    conversation = begun()
    conversation.write("i mean the other", "correct")
    assert conversation.said == ["say_not_understood", "ask_safe"]


def test_consent_is_taken_back_by_one_message_and_recorded() -> None:
    conversation = begun().answer(**SAFE | {"medical": "unsure"})
    conversation.write("i changed my mind, do not use what i said", "withdraw_consent")
    assert conversation.said == ["say_consent_withdrawn"]
    assert [(kind, given) for kind, given, _ in conversation.world.consents[-3:]] == [
        ("talk", False), ("contact", False), ("referral", False),
    ]  # fmt: skip
    assert conversation.world.case is not None
    assert conversation.world.case.contact == "no"


def test_the_opt_out_is_confirmed_and_then_carried_out() -> None:
    conversation = begun().answer(safe="yes")
    conversation.turn("opt_out")
    assert conversation.said == ["say_opted_out"]
    assert conversation.done == ["opt_out", "close"]


def test_a_call_is_planned_with_time_and_whom_to_speak_with_and_words() -> None:
    conversation = begun().answer(**SAFE, country="BR", place="skip", needs="food_cash", block_2="no")
    conversation.answer(contact="other_number", other_number="set", contact_time="morning", contact_gender="woman")
    assert conversation.last[-1]["secret"]
    conversation.pick("set")
    assert conversation.said == ["say_word_kept", "ask_duress_word"]
    conversation.pick("set")
    assert conversation.said == ["say_word_kept", "say_call_noted"], (
        "nobody who wants a call is told that somebody writes"
    )
    assert conversation.world.case is not None
    assert conversation.world.case.contact == "other_number"
    assert conversation.world.case.answers["contact_time"] == "morning"


def test_who_is_urgent_is_not_kept_waiting_by_questions_about_the_time() -> None:
    conversation = begun().answer(**SAFE | {"medical": "unsure"}, country="BR", place="skip", needs="food_cash")
    conversation.answer(block_2="no", contact="call")
    assert conversation.said == ["say_call_noted"]


def test_a_word_that_cannot_be_used_is_asked_for_once_more_and_then_left() -> None:
    conversation = begun().answer(**SAFE, country="BR", place="skip", needs="food_cash", block_2="no", contact="later")
    conversation.pick("unusable")
    assert conversation.said == ["say_word_not_usable", "ask_safe_word"]
    conversation.pick("unusable")
    assert conversation.question == "anything_else"
    assert conversation.state.answers["safe_word"] == "skip"


def test_a_referral_is_asked_after_whether_it_is_ok_to_write_and_the_desk_gets_the_answer() -> None:
    conversation = begun().answer(**SAFE, country="BR", place="skip", needs="food_cash", block_2="no")
    conversation.answer(contact="no")
    conversation.turn("ask_referral", value="Example house")
    assert conversation.said == ["ask_safe"]
    conversation.pick("yes")
    assert conversation.said == ["ask_referral"]
    assert conversation.last[-1]["values"] == {"name": "Example house"}
    conversation.pick("yes")
    assert conversation.said == ["say_noted", "say_person_coming"]
    assert conversation.world.consents[-1] == ("referral", True, "en")
    assert conversation.did("hand_over")["reason"] == "referral"


@pytest.mark.parametrize(
    ("value", "done", "reason"),
    [("yes", None, None), ("not_yet", "hand_over", "follow_up"), ("no", "hand_over", "follow_up"),
     ("complain", "complain", None), ("no_more", "close", "withdrawn")],
)  # fmt: skip
def test_a_follow_up_ends_well_or_with_a_person(value: str, done: str | None, reason: str | None) -> None:
    conversation = begun().answer(**SAFE, country="BR", place="skip", needs="food_cash", block_2="no", contact="no")
    conversation.turn("follow_up")
    assert conversation.said == ["ask_safe"]
    conversation.answer(safe="yes", follow_up=value)
    assert conversation.world.follow_ups == [value], "whoever follows it up learns of it"
    if done is None:
        assert conversation.said == ["say_noted", "ask_anything_else"]
    else:
        assert conversation.did(done).get("reason") == reason


def test_without_consent_an_urgent_sign_is_kept_for_who_comes_back() -> None:
    first = begun().answer(safe="yes", danger="unsure", consent="no")
    assert first.world.signalled == "U"
    second = Conversation(world=first.world)
    second.write("hello again", "greet")
    assert second.state.level == "U"


def test_urgent_without_contact_is_told_how_to_come_back() -> None:
    conversation = begun().answer(**SAFE | {"medical": "unsure"}, country="BR", place="skip", needs="food_cash")
    conversation.answer(block_2="no", contact="no")
    assert conversation.said == ["say_come_back", "ask_anything_else"]


def test_where_the_law_asks_for_reports_that_is_said_before_the_questions_about_work() -> None:
    conversation = begun(world=world(by_law=frozenset({"BR"}))).answer(**SAFE, country="BR", place="skip")
    conversation.pick("food_cash")
    assert conversation.said[-2:] == ["say_by_law", "ask_block_2"]


def test_nine_languages_fit_on_two_screens_and_none_is_lost() -> None:
    many = [(f"l{number}", f"Language {number}") for number in range(9)]
    conversation = Conversation(world=world(languages=many), language=None)
    conversation.turn("greet")
    first = [choice["value"] for choice in conversation.last[-1]["choices"]]
    conversation.pick("more")
    second = [choice["value"] for choice in conversation.last[-1]["choices"]]
    assert {*first, *second} - {"more"} == {code for code, _ in many}
    assert max(len(first), len(second)) <= 8


def test_who_harms_themselves_now_is_an_emergency_with_the_same_warm_words() -> None:
    conversation = begun(world=world(countries=("BR",)))
    conversation.write("i took all the pills", "self_harm")
    assert conversation.said == ["say_self_harm", "say_emergency_number"]
    assert conversation.did("hand_over") == {"do": "hand_over", "reason": "self_harm", "level": "E"}
    assert conversation.world.case is not None
    assert {"E3", "U4"} <= set(conversation.world.case.rules)


@pytest.mark.parametrize("intent", ["other", "change_language"])
def test_a_language_is_asked_for_by_its_name_in_a_sentence(intent: str) -> None:
    conversation = Conversation(language=None)
    conversation.turn("greet")
    conversation.write("in english please", intent)
    assert conversation.said == ["ask_safe"]
    conversation.write("français svp", "change_language")
    assert conversation.said == ["say_language_changed", "ask_safe"]
    assert conversation.language == "fr"


def test_first_words_that_look_like_a_correction_are_no_mistake() -> None:
    conversation = Conversation(language=None)
    conversation.write("not that", "correct")
    assert conversation.said == ["ask_language"]


def test_another_place_is_offered_when_its_name_is_written_instead_of_yes_or_no() -> None:
    known = {"eastville": [Place("p3", "Eastville", "BR", -1.0, -50.0)]} | dict(world().places)
    conversation = begun(world=world(places=known)).answer(**SAFE, country="BR")
    conversation.write("smallville")
    conversation.write("eastville", "need_shelter")
    assert conversation.said == ["ask_place_confirm_one"]
    assert [choice["value"] for choice in conversation.last[-1]["choices"]] == ["p3", "none"]
    conversation.write("eastville")
    assert conversation.said == ["say_not_understood", "ask_place_confirm_one"], "the same name again is no new place"


@pytest.mark.parametrize("intent", ["distress", "complaint", "correct", "withdraw_consent"])
def test_words_that_only_look_like_it_a_little_take_the_conversation_nowhere(intent: str) -> None:
    conversation = begun().answer(safe="yes", danger="no", consent="agree", shared_phone="no")
    conversation.write("for me and my children", intent, confidence=0.42)
    assert conversation.said == ["say_not_understood", "ask_for_whom"]
    conversation.write("for me and my children", intent, confidence=0.42)
    assert conversation.done == ["hand_over"], "the second time a person takes over all the same"


def test_what_is_told_besides_the_question_is_acknowledged_before_it_comes_again() -> None:
    conversation = begun().answer(**SAFE, country="BR", place="skip", needs="food_cash")
    conversation.write("my boss does not pay me", "exploited_at_work")
    assert conversation.said == ["say_noted", "ask_block_2"]
    conversation.write("he never pays", "exploited_at_work")
    assert conversation.said == ["say_not_understood", "ask_block_2"], "the same again is no news, and no answer"


def test_the_second_word_in_a_new_session_goes_on_as_plain_information() -> None:
    conversation = Conversation()
    conversation.turn("duress")
    assert conversation.said[0] == "say_go_on"
    conversation.pick("yes")
    assert conversation.question == "country", "no goodbye at once, and nothing about danger"


@pytest.mark.parametrize(
    ("text", "intent", "asked"),
    [
        ("no tengo 31 años", "child_alone", "medical"), ("আমার ২৫", "other", "medical"), ("im 15", "other", "trusted_adult"),
        ("soon 18", "other", "under_18"), ("i have 2 sons of 12 and 14", "other", "under_18"), ("i am 24", "other", "medical"),
        ("si tengo 14", "child_alone", "trusted_adult"),
    ],
)  # fmt: skip
def test_an_age_answers_whether_somebody_is_a_child(text: str, intent: str, asked: str) -> None:
    conversation = begun().answer(safe="yes", danger="no", consent="agree", shared_phone="no", for_whom="me")
    conversation.write(text, intent)
    assert conversation.question == asked


def test_an_age_in_a_longer_text_keeps_what_else_it_says() -> None:
    conversation = begun().answer(safe="yes", danger="no", consent="agree", shared_phone="no", for_whom="me")
    conversation.write("i am 14 and there is nobody with me here", "child_alone")
    assert conversation.said == ["ask_trusted_adult"]
    assert conversation.world.case is not None


def test_known_words_of_a_child_hold_whatever_number_stands_in_them() -> None:
    conversation = begun().answer(safe="yes", danger="no", consent="agree", shared_phone="no", for_whom="me")
    conversation.write("nobody is with me in room 24 i am a child", "child_alone", confidence=1.0)
    assert conversation.said == ["say_child"]
