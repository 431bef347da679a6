"""The dialogue, situation by situation."""

import pytest

from bot.actions.world import Service
from tests.unit.actions.conversation import SAFE, SMALLVILLE, Conversation, begun, world


def test_the_first_words_begin_with_whether_it_is_safe() -> None:
    conversation = begun()
    assert conversation.said == ["ask_safe"]
    assert [choice["value"] for choice in conversation.last[-1]["choices"]] == ["yes", "no", "unsure"]


def keys(conversation: Conversation) -> list[str]:
    return [item["say"] for item in conversation.last if "say" in item]


def test_the_introduction_comes_first_once() -> None:
    conversation = begun()
    assert keys(conversation) == ["say_intro", "ask_safe"]
    conversation.answer(safe="yes", danger="no")
    assert keys(conversation) == ["ask_consent"]


def test_where_the_language_had_to_be_asked_the_introduction_waits_until_danger_was_asked() -> None:
    conversation = Conversation(language=None)
    conversation.turn("greet")
    conversation.pick("en")
    assert keys(conversation) == ["ask_safe"]
    conversation.answer(safe="yes", danger="no")
    assert keys(conversation) == ["say_intro", "ask_consent"]


def test_an_unknown_language_is_asked_with_the_likeliest_first_and_set() -> None:
    conversation = Conversation(language=None)
    conversation.write("salam", "greet", language_guess="ar")
    assert conversation.question == "language"
    assert [choice["text"] for choice in conversation.last[0]["choices"]] == ["العربية", "English", "Français", "বাংলা"]
    conversation.pick("bn")
    assert conversation.did("set_language") == {"do": "set_language", "language": "bn"}
    assert conversation.said == ["ask_safe"]


def test_a_whole_conversation_ends_with_a_case_services_and_a_goodbye() -> None:
    conversation = begun().answer(**SAFE, country="BR")
    conversation.write("smallville")
    assert conversation.question == "place_confirm"
    conversation.answer(place_confirm="p1", needs="health")
    assert conversation.said == ["say_services_intro", "say_service", "say_example_note", "ask_special"]
    assert conversation.world.asked_for == [("health", "BR", "p1", False)]
    conversation.answer(
        special="none",
        block_2="yes",
        can_leave="yes",
        papers_kept="yes",
        unpaid="no",
        threatened="no",
        promise_broken="skip",
        made_to="no",
    )
    assert conversation.question == "contact"
    conversation.pick("later")
    assert conversation.said == ["say_later", "ask_safe_word"]
    conversation.pick("skip")
    assert conversation.said == ["ask_anything_else"]
    conversation.pick("finish")
    assert conversation.said == ["say_goodbye"]
    assert conversation.did("close") == {"do": "close", "reason": "finished"}
    case = conversation.world.case
    assert case is not None
    assert case.level == "P"
    assert case.rules == ["P1", "P2", "P3", "R1"]
    assert case.needs == ["health"]
    assert case.contact == "later"
    assert conversation.world.consents == [("talk", True, "en"), ("contact", False, "en")]


def test_not_safe_ends_at_once_and_nothing_is_kept() -> None:
    conversation = begun()
    conversation.pick("no")
    assert conversation.said == ["say_neutral_goodbye"]
    assert conversation.done == ["close"]
    assert conversation.world.case is None


def test_safety_not_sure_asks_only_about_danger_and_ends_neutrally() -> None:
    conversation = begun().answer(safe="unsure", danger="no")
    assert conversation.said == ["say_minimal"]
    assert conversation.done == ["close"]
    assert conversation.world.case is None


def test_safety_and_danger_not_sure_bring_a_person() -> None:
    conversation = begun().answer(safe="unsure", danger="unsure")
    assert conversation.said == ["say_person_coming"]
    assert conversation.did("hand_over")["level"] == "U"


def test_danger_is_raised_within_three_messages_of_the_bot_without_consent() -> None:
    conversation = Conversation(language=None)
    conversation.turn("greet", text="hi")
    conversation.answer(language="en", safe="yes", danger="yes")
    assert conversation.said == ["say_emergency"]
    assert conversation.did("hand_over") == {"do": "hand_over", "reason": "emergency", "level": "E"}
    assert conversation.world.case is not None
    assert conversation.world.case.rules == ["E1"]
    values = conversation.last[0]["values"]
    assert values == {"reference": "K47", "time": "2026-01-05T12:05:00+00:00"}


def test_an_emergency_names_a_verified_number_where_the_country_is_known() -> None:
    conversation = Conversation(world=world(countries=("BR",)))
    conversation.write("they want to kill me", "danger_now")
    assert conversation.said == ["say_emergency", "say_emergency_number"]
    assert conversation.last[1]["values"] == {"number": "100"}


@pytest.mark.parametrize("answered", [0, 1, 2, 3, 4, 5, 6, 7])
def test_words_of_danger_are_followed_whatever_is_asked(answered: int) -> None:
    answers = dict(list((SAFE | {"country": "BR"}).items())[:answered])
    conversation = begun().answer(**answers)
    conversation.write("they lock us in and beat us", "danger_now")
    assert conversation.said[0] == "say_emergency"
    assert conversation.did("hand_over")["level"] == "E"
    assert conversation.question is None
    assert conversation.world.case is not None
    assert {"E1", "E4"} <= set(conversation.world.case.rules)


def test_possible_danger_is_asked_about_and_the_graver_answer_stays() -> None:
    conversation = begun().answer(safe="yes", danger="unsure")
    conversation.write("he comes tonight", possible="danger_now")
    assert conversation.said == ["ask_danger"]
    conversation.pick("no")
    assert conversation.question == "consent"
    assert conversation.state.answers["danger"] == "unsure"
    conversation.write("he comes tonight again", possible="danger_now")
    conversation.pick("yes")
    assert conversation.said == ["say_emergency"]


def test_doubtful_words_instead_of_an_answer_about_danger_bring_a_person_the_second_time() -> None:
    conversation = begun().answer(safe="yes")
    conversation.write("he comes tonight", possible="danger_now")
    assert conversation.said == ["say_not_understood", "ask_danger"]
    conversation.write("he comes tonight", possible="danger_now")
    assert conversation.did("hand_over")["level"] == "U"
    assert conversation.state.answers["danger"] == "unsure"


def test_possible_danger_in_the_first_words_is_asked_about_first() -> None:
    conversation = Conversation(language=None)
    conversation.write("something bad", possible="danger_now")
    assert conversation.said == ["ask_danger"]


def test_thoughts_of_dying_bring_a_person_and_no_question() -> None:
    conversation = begun()
    conversation.write("i do not want to live", "self_harm")
    assert conversation.said == ["say_self_harm"]
    assert conversation.did("hand_over") == {"do": "hand_over", "reason": "self_harm", "level": "U"}


def test_words_that_may_speak_of_dying_bring_a_person_too() -> None:
    conversation = begun()
    conversation.write("enough of everything", possible="self_harm")
    assert conversation.done == ["hand_over"]
    assert conversation.world.case is not None
    assert conversation.world.case.rules == ["U4"]


def test_a_child_alone_gets_a_person_and_is_never_asked_about_work() -> None:
    conversation = begun()
    conversation.write("i am 14 and alone", "child_alone")
    assert conversation.said == ["ask_trusted_adult"]
    assert conversation.world.case is not None
    assert (conversation.world.case.level, conversation.world.case.rules) == ("U", ["U1"])
    assert conversation.world.case.reasons == ["child"], "staff know before the answer"
    conversation.pick("yes")
    assert conversation.said == ["say_child"]
    assert conversation.did("hand_over")["level"] == "U"
    conversation.turn("resume")
    assert conversation.question == "safe"
    conversation.answer(safe="yes", danger="no", consent="agree", shared_phone="no", for_whom="me", under_18="yes")
    assert conversation.question == "medical", "the adult was asked about already"


def test_a_child_with_no_adult_is_not_told_to_stay_near_one() -> None:
    conversation = begun().answer(safe="yes", danger="no", consent="agree", shared_phone="no", for_whom="me")
    conversation.answer(under_18="yes", trusted_adult="no")
    assert conversation.said == ["say_person_coming"]
    assert conversation.did("hand_over") == {"do": "hand_over", "reason": "child", "level": "U"}


@pytest.mark.parametrize(("adult", "said"), [("no", "say_emergency"), ("yes", "say_child")])
def test_a_child_without_a_bed_is_an_emergency_only_once_it_is_known_that_no_adult_is_there(
    adult: str, said: str
) -> None:
    conversation = begun()
    conversation.write("nowhere to sleep", "need_shelter")
    conversation.write("yes i am 14", "child_alone")
    assert conversation.said == ["ask_trusted_adult"]
    assert conversation.world.case is not None
    assert "E7" not in conversation.world.case.rules
    conversation.pick(adult)
    assert conversation.said[0] == said
    assert ("E7" in conversation.world.case.rules) == (adult == "no")


def test_known_words_of_a_child_alone_without_a_bed_wait_for_no_question() -> None:
    conversation = begun()
    conversation.write("nowhere to sleep", "need_shelter")
    conversation.write("i am 14 and alone", "child_alone", confidence=1.0)
    assert conversation.said == ["say_emergency"]


def test_a_child_whose_language_nobody_knows_gets_a_person_at_once() -> None:
    conversation = Conversation(language=None)
    conversation.write("...", "child_alone")
    assert conversation.did("hand_over")["reason"] == "child"


@pytest.mark.parametrize(("under_18", "adult"), [("yes", "yes"), ("yes", "skip"), ("unsure", "yes"), ("unsure", "no")])
def test_a_child_is_asked_about_an_adult_and_then_a_person_takes_over(under_18: str, adult: str) -> None:
    conversation = begun().answer(safe="yes", danger="no", consent="agree", shared_phone="no", for_whom="me")
    conversation.answer(under_18=under_18, trusted_adult=adult)
    assert conversation.said == ["say_person_coming" if adult == "no" else "say_child"]
    assert conversation.did("hand_over") == {"do": "hand_over", "reason": "child", "level": "U"}
    conversation.turn("resume")
    conversation.answer(medical="no", country="skip", place="skip", needs="food_cash")
    assert conversation.question == "contact"  # never the questions about work


@pytest.mark.parametrize("shared", ["yes", "unsure", "skip"])
def test_a_phone_that_others_may_read_is_not_asked_about_work(shared: str) -> None:
    conversation = begun().answer(**SAFE | {"shared_phone": shared}, country="skip", place="skip", needs="food_cash")
    assert conversation.question == "contact"


def test_when_nobody_is_on_call_that_is_said_first_then_the_numbers_and_nothing_sensitive_is_asked() -> None:
    hotline = Service("h1", {"name": "Example line", "phones": "5550100"}, is_example=True)
    conversation = begun(world=world(on_call=False, countries=("BR",), hotlines={"BR": hotline}))
    assert conversation.said == ["say_nobody_now", "ask_safe"]
    conversation.answer(safe="yes", danger="no")
    assert conversation.said == ["say_emergency_number", "say_hotline", "ask_consent"]
    conversation.answer(**{name: value for name, value in SAFE.items() if name not in ("safe", "danger")})
    conversation.answer(place="skip", needs="more", needs_more="legal,more", needs_last="return")
    assert conversation.question == "special"  # not whether they are stranded: nobody would read a yes
    conversation.answer(special="none", support="yes")
    assert conversation.question == "contact"


def test_numbers_are_not_shown_where_it_is_not_safe_to_write() -> None:
    conversation = begun(world=world(on_call=False, countries=("BR",)))
    conversation.pick("no")
    assert conversation.said == ["say_neutral_goodbye"]


def test_without_consent_there_is_information_and_no_case() -> None:
    conversation = begun().answer(safe="yes", danger="no", consent="no", country="skip", place="skip", needs="shelter")
    assert conversation.said == [
        "say_services_intro",
        "say_service",
        "say_example_note",
        "ask_anything_else",
    ]
    conversation.pick("finish")
    assert conversation.world.case is None
    assert conversation.world.consents == [("talk", False, "en")]


def test_the_notice_is_told_once_and_then_only_yes_and_no_are_offered() -> None:
    conversation = begun().answer(safe="yes", danger="no", consent="more")
    assert conversation.said == ["say_notice_more", "ask_consent"]
    assert [choice["value"] for choice in conversation.last[-1]["choices"]] == ["agree", "no"]


def test_two_unclear_answers_to_consent_count_as_no_and_bring_a_person() -> None:
    conversation = begun().answer(safe="yes", danger="no")
    conversation.write("hm")
    assert conversation.said == ["say_not_understood", "ask_consent"]
    conversation.write("hm hm")
    assert conversation.done == ["hand_over"]
    assert conversation.state.answers["consent"] == "no"
    assert conversation.world.case is not None
    assert conversation.world.case.rules == ["U12"]


def test_two_unclear_answers_to_danger_count_as_not_sure() -> None:
    conversation = begun().answer(safe="yes")
    conversation.write("hm")
    conversation.write("hm")
    assert conversation.world.case is not None
    assert conversation.world.case.rules == ["U2", "U12"]


def test_a_miss_is_forgotten_after_an_answer() -> None:
    conversation = begun()
    conversation.write("hm")
    conversation.pick("yes", "safe")
    conversation.write("hm")
    assert conversation.said == ["say_not_understood", "ask_danger"]


def test_asking_for_a_person_opens_a_case_at_once() -> None:
    conversation = begun()
    conversation.turn("ask_human")
    assert conversation.said == ["say_person_coming"]
    assert conversation.did("hand_over") == {"do": "hand_over", "reason": "asks_human", "level": "U"}
    conversation.turn("resume")
    assert conversation.said == ["ask_safe"]


def test_the_desk_gives_back_after_everything_was_asked_and_the_bot_asks_for_anything_else() -> None:
    conversation = begun().answer(
        **SAFE, country="skip", place="skip", needs="skip", block_2="no", anything_else="person"
    )
    assert conversation.done == ["hand_over"]
    conversation.turn("resume")
    assert conversation.said == ["ask_contact"], "wanting a person is a reason to ask how to reach them"
    conversation.pick("later")
    assert conversation.said == ["say_later", "ask_safe_word"]
    conversation.pick("skip")
    assert conversation.said == ["ask_anything_else"]
    conversation.pick("person")
    conversation.turn("resume")
    assert conversation.said == ["ask_anything_else"]


def test_help_is_followed_by_the_question_again() -> None:
    conversation = begun().answer(safe="yes")
    conversation.turn("help")
    assert conversation.said == ["say_help", "ask_danger"]


def test_another_language_is_asked_and_confirmed_and_the_question_comes_again() -> None:
    conversation = begun().answer(safe="yes")
    conversation.turn("change_language")
    assert conversation.said == ["ask_language"]
    conversation.pick("fr")
    assert conversation.did("set_language")["language"] == "fr"
    assert conversation.said == ["say_language_changed", "ask_danger"]


def test_leaving_closes_and_a_new_word_begins_anew() -> None:
    conversation = begun().answer(safe="yes", danger="no")
    conversation.turn("stop")
    assert conversation.said == ["say_stopped"]
    assert conversation.did("close")["reason"] == "stopped"
    conversation.write("hello", "greet")
    assert conversation.said == ["ask_safe"]
    assert conversation.state.answers == {}


def test_leaving_with_consent_keeps_the_case_of_what_was_told() -> None:
    conversation = begun().answer(**SAFE, country="skip", place="skip", needs="more", needs_more="work")
    conversation.turn("stop")
    assert conversation.world.case is not None
    assert conversation.world.case.level == "R"


def test_erasing_forgets_every_answer() -> None:
    conversation = begun().answer(**SAFE)
    conversation.turn("erase_data")
    assert conversation.last[0] == {"do": "erase"}
    assert conversation.said == ["say_erased"]
    assert conversation.done == ["erase", "close"]
    state = conversation.state
    assert (state.answers, state.signals, state.places, state.level) == ({}, {}, [], "I")


def test_a_wish_to_erase_that_is_not_certain_is_answered_with_how_to_and_erases_nothing() -> None:
    conversation = begun().answer(**SAFE)
    before = dict(conversation.state.answers)
    conversation.write("i dont want you to keep this", "erase_data", confidence=0.6)
    assert conversation.said[0] == "say_help"
    assert "erase" not in conversation.done
    assert conversation.state.answers == before
    assert conversation.question is not None


def test_something_sent_along_is_explained_and_the_second_brings_a_person() -> None:
    conversation = begun()
    conversation.turn("attachment", value="audio")
    assert conversation.said == ["say_attachment", "ask_safe"]
    conversation.turn("attachment", value="image")
    assert conversation.did("hand_over")["reason"] == "attachment"


def test_a_need_named_early_is_remembered_and_not_asked_again() -> None:
    conversation = Conversation()
    conversation.write("i need a lawyer", "need_legal")
    assert conversation.said == ["ask_safe"]
    conversation.answer(**SAFE, country="skip")
    conversation.write("nowhere I can name", "skip")
    assert conversation.said == ["say_no_services", "ask_block_2"]
    assert conversation.world.asked_for[0][0] == "legal"


def test_a_need_named_instead_of_an_answer_is_kept_and_the_question_comes_again() -> None:
    conversation = begun().answer(safe="yes")
    conversation.write("i need medicine", "need_health")
    assert conversation.said == ["ask_danger"]
    assert conversation.state.answers["needs"] == ["health"]


def test_words_about_work_and_papers_raise_the_level_even_after_a_no() -> None:
    conversation = begun().answer(**SAFE, country="skip", place="skip", needs="skip", block_2="yes", can_leave="yes")
    conversation.answer(papers_kept="no")
    conversation.write("the boss has my passport", "documents_taken")
    conversation.write("no pay for months", "exploited_at_work")
    assert conversation.question == "threatened"
    assert conversation.world.case is not None
    assert conversation.world.case.level == "U"
    assert "U8" in conversation.world.case.rules


def test_not_knowing_where_one_is_gets_an_answer_and_a_raised_level() -> None:
    conversation = begun().answer(safe="yes", danger="no")
    conversation.write("where am i", "where_am_i")
    assert conversation.said == ["say_where_am_i", "ask_consent"]
    assert conversation.state.level == "U"


def test_yes_and_no_in_words_answer_the_question_asked() -> None:
    conversation = begun()
    conversation.turn("affirm", text="yes")
    assert conversation.question == "danger"
    conversation.turn("deny", text="no")
    assert conversation.question == "consent"
    conversation.turn("affirm", text="ok")
    assert conversation.question == "shared_phone"
    conversation.turn("skip", text="next")
    assert conversation.state.answers["shared_phone"] == "skip"


def test_not_wanting_to_answer_whether_it_is_safe_counts_as_not_sure() -> None:
    conversation = begun()
    conversation.turn("skip", text="next")
    assert conversation.state.answers["safe"] == "unsure"


def test_a_late_button_is_a_correction_only_if_it_raises_the_level() -> None:
    conversation = begun().answer(**SAFE)
    conversation.pick("unsure", "medical")
    assert conversation.said == ["ask_country"]
    assert conversation.state.answers["medical"] == "unsure"
    conversation.pick("no", "medical")
    assert conversation.state.answers["medical"] == "unsure"
    conversation.pick("yes", "danger")
    assert conversation.said == ["say_emergency"]


def test_a_late_button_for_a_question_never_asked_is_not_an_answer() -> None:
    conversation = begun()
    conversation.pick("yes", "threatened")
    assert conversation.said == ["ask_safe"]
    assert conversation.state.answers == {}


@pytest.mark.parametrize(("question", "value"), [("safe", "no"), ("consent", "no")])
def test_taking_something_back_is_honoured_late(question: str, value: str) -> None:
    conversation = begun().answer(**SAFE)
    conversation.pick(value, question)
    assert conversation.state.answers[question] == value
    assert conversation.question in (None, "country")


def test_an_option_that_is_not_on_offer_is_not_understood() -> None:
    conversation = begun()
    conversation.pick("perhaps")
    assert conversation.said == ["say_not_understood", "ask_safe"]


def test_several_needs_are_taken_together_and_both_get_services() -> None:
    conversation = begun().answer(
        **SAFE, country="BR", place="skip", needs="shelter,health,more", needs_more="work,legal"
    )
    assert conversation.said.count("say_service") == 2
    assert conversation.state.answers["needs"] == ["shelter", "health", "more"]
    assert conversation.world.case is not None
    assert conversation.world.case.needs == ["shelter", "health", "work", "legal"]


def test_another_need_at_the_end_is_added_and_only_its_services_are_shown() -> None:
    conversation = begun().answer(**SAFE, country="BR", place="skip", needs="food_cash", block_2="no", contact="no")
    conversation.pick("need")
    assert conversation.question == "needs"
    conversation.pick("shelter")
    assert conversation.said == ["say_services_intro", "say_service", "say_example_note",
                                 "ask_stranded"]  # fmt: skip
    assert conversation.state.answers["needs"] == ["food_cash", "shelter"]
    assert conversation.state.level == "U"


def test_a_place_that_is_not_found_is_asked_once_more_and_then_left() -> None:
    conversation = begun().answer(**SAFE, country="BR")
    conversation.write("near the big tree")
    assert conversation.said == ["say_place_not_found", "ask_place"]
    conversation.write("near the big tree i said")
    assert conversation.question == "needs"


def test_a_town_whose_name_looks_like_a_word_of_command_is_a_town() -> None:
    conversation = begun().answer(**SAFE, country="BR")
    conversation.write("stop", "stop", confidence=0.85)
    assert conversation.question == "place_confirm"
    assert conversation.last[-1]["say"] == "ask_place_confirm_one"


def test_leaving_by_digit_or_by_a_word_that_the_gateway_knows_leaves_even_while_a_place_is_asked() -> None:
    conversation = begun().answer(**SAFE, country="BR")
    conversation.turn("stop")
    assert conversation.done == ["close"]


def test_wanting_to_be_written_to_tells_by_when_and_hands_over() -> None:
    conversation = begun().answer(
        **SAFE, country="BR", place="skip", needs="food_cash", block_2="no", contact="write_here"
    )
    assert conversation.question == "contact_time"
    conversation.answer(contact_time="evening", contact_gender="woman", safe_word="set", duress_word="skip")
    assert conversation.said == ["say_person_will_write"]
    assert conversation.last[0]["values"] == {"reference": "K47", "time": "2026-01-06T09:00:00-03:00"}
    assert conversation.did("hand_over") == {"do": "hand_over", "reason": "contact", "level": "P"}
    assert conversation.world.consents[-1] == ("contact", True, "en")


def test_medical_help_now_is_an_emergency() -> None:
    conversation = begun().answer(**SAFE | {"medical": "yes"})
    assert conversation.said[0] == "say_emergency"
    assert conversation.did("hand_over")["level"] == "E"


def test_after_an_emergency_came_back_from_the_desk_it_is_not_raised_again_by_itself() -> None:
    conversation = begun().answer(safe="yes", danger="yes")
    conversation.turn("resume")
    assert conversation.said == ["ask_consent"]
    conversation.pick("agree")
    assert conversation.said == ["ask_shared_phone"]
    conversation.write("he is back, he has a knife", "danger_now")
    assert conversation.said[0] == "say_emergency"


def test_a_sentence_that_names_a_town_is_still_heard_for_what_else_it_says() -> None:
    conversation = begun(world=world(places={"they hold me in smallville": [SMALLVILLE]})).answer(**SAFE, country="BR")
    conversation.write("they hold me in smallville", possible="danger_now")
    assert conversation.said == ["ask_danger"]
    conversation = begun(world=world(places={"call me in smallville": [SMALLVILLE]})).answer(**SAFE, country="BR")
    conversation.write("call me in smallville", "ask_human")
    assert conversation.done == ["hand_over"]


def test_a_town_whose_name_only_perhaps_speaks_of_danger_is_a_town() -> None:
    conversation = begun().answer(**SAFE, country="BR")
    conversation.write("smallville", possible="danger_now")
    assert conversation.question == "place_confirm"
    assert conversation.state.signals == {}


def test_a_town_whose_name_was_taken_for_danger_is_kept_and_danger_is_asked_about() -> None:
    conversation = begun().answer(**SAFE, country="BR")
    conversation.write("smallville", "danger_now", confidence=0.6)
    assert conversation.said == ["ask_danger"]
    conversation.pick("no")
    assert conversation.question == "place_confirm"


def test_known_words_of_danger_are_never_a_town() -> None:
    conversation = begun().answer(**SAFE, country="BR")
    conversation.write("smallville", "danger_now", confidence=1.0)
    assert conversation.said[0] == "say_emergency"


def test_greeting_again_and_again_instead_of_answering_brings_a_person() -> None:
    conversation = begun()
    conversation.write("hello", "greet")
    assert conversation.said == ["ask_safe"]
    conversation.write("hello", "greet")
    assert conversation.said == ["say_not_understood", "ask_safe"]
    conversation.write("hello", "greet")
    assert conversation.done == ["hand_over"]


def test_who_becomes_unsafe_after_a_case_was_opened_is_never_written_to() -> None:
    conversation = begun().answer(**SAFE | {"medical": "unsure"})
    conversation.pick("no", "safe")
    assert conversation.said == ["say_neutral_goodbye"]
    assert conversation.world.case is not None
    assert conversation.world.case.contact == "no"
    assert conversation.world.case.answers["safe"] == "no"


@pytest.mark.parametrize(
    ("intent", "level", "told"),
    [
        ("ask_human", "U", "say_person_coming"),
        ("danger_now", "E", "say_emergency"),
        ("self_harm", "U", "say_self_harm"),
    ],
)
def test_nobody_is_promised_a_message_while_it_is_not_ok_to_write_to_them(intent: str, level: str, told: str) -> None:
    conversation = begun()
    conversation.pick("no")
    assert conversation.world.held == "not_safe"
    conversation.write("…", intent, confidence=1.0)
    assert (conversation.said, conversation.done) == (["say_person_reads", "ask_safe"], [])
    assert conversation.world.case is not None
    assert conversation.world.case.level == level
    conversation.pick("unsure")
    assert conversation.world.held == "not_safe"
    assert "hand_over" not in conversation.done
    conversation.write("…", intent, confidence=1.0)
    conversation.pick("yes")
    assert (conversation.said, conversation.world.held) == ([told], None)
    assert conversation.did("hand_over")["level"] == level
    assert conversation.world.case.reasons[-1] in ("asks_human", "emergency", "self_harm")


def test_who_says_no_again_gets_the_ordinary_goodbye_and_staff_keep_the_case() -> None:
    conversation = begun()
    conversation.pick("no")
    conversation.turn("ask_human")
    conversation.pick("no")
    assert (conversation.said, conversation.world.held) == (["say_neutral_goodbye"], "not_safe")
    assert conversation.world.case is not None
    assert conversation.world.case.contact == "no"


@pytest.mark.parametrize("held", ["duress", "other_person"])
def test_that_it_is_ok_to_write_does_not_end_what_only_staff_may_end(held: str) -> None:
    conversation = begun()
    conversation.world.held = held
    conversation.pick("yes")
    assert conversation.world.held == held
    conversation.turn("ask_human")
    # The word for a bad time must show no difference; a stranger's phone is promised nothing.
    assert conversation.said == ["say_person_coming" if held == "duress" else "say_person_reads"]
    assert conversation.done == ["hand_over"]


def test_when_nobody_is_on_call_no_promise_is_made_without_saying_so() -> None:
    conversation = Conversation(world=world(on_call=False))
    conversation.turn("ask_human")
    assert conversation.said == ["say_nobody_now", "say_person_coming"]
    conversation = Conversation(world=world(on_call=False))
    conversation.write("they kill us", "danger_now")
    assert conversation.said == ["say_nobody_now", "say_emergency"]
