"""The same words become what the channel and the language need, and nothing missing ever reaches a person as an error."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.turns import Choice, Say
from gateway.fixed_wording import FixedWording
from gateway.rendering import Manner, Part, render
from gateway.segments import count_segments
from gateway.splitting import TWILIO_LIMIT, fits, split
from gateway.times import clock_of, format_moment, parse_moment, round_up

NOW = datetime(2025, 11, 24, 16, 0, tzinfo=UTC)
YES_NO = tuple(Choice(value=value, label=f"choice_{value}") for value in ("yes", "no", "unsure", "skip"))


def manner(language: str = "en", channel: str = "sms", clock: str | None = "Africa/Casablanca") -> Manner:
    return Manner(language, channel, ZoneInfo(clock) if clock else None, NOW)


def only(parts: list[Part]) -> Part:
    assert len(parts) == 1
    return parts[0]


def test_a_question_by_sms_is_text_with_numbered_lines(wording: FixedWording) -> None:
    part = only(render(Say(say="ask_danger", choices=YES_NO, question="danger"), manner(), wording))
    assert part.body == "Are you in danger now?\n1 Yes\n2 No\n3 Not sure\n4 Skip"
    assert part.form == "text"
    assert part.choices == YES_NO
    assert count_segments(part.body).segments == 1


def test_sms_uses_cheap_characters_where_the_language_has_them(wording: FixedWording) -> None:
    part = only(render(Say(say="ask_danger", choices=YES_NO, question="danger"), manner("fr"), wording))
    assert part.body.startswith("Etes-vous en danger")
    assert "Pas sur" in part.body
    assert count_segments(part.body).encoding == "GSM-7"
    whatsapp = only(render(Say(say="ask_danger", choices=YES_NO, question="danger"), manner("fr", "whatsapp"), wording))
    assert whatsapp.body.startswith("Êtes-vous")


def test_whatsapp_has_buttons_up_to_three_choices_and_a_list_up_to_ten(wording: FixedWording) -> None:
    three = tuple(Choice(value=value, label=f"choice_{value}") for value in ("need", "person", "finish"))
    part = only(
        render(
            Say(say="ask_anything_else", choices=three, question="anything_else"), manner(channel="whatsapp"), wording
        )
    )
    assert (part.form, part.body, part.labels) == (
        "quick_reply",
        "Anything else?",
        ("Another question", "A person", "Finish"),
    )
    four = only(render(Say(say="ask_needs", choices=YES_NO, question="medical"), manner(channel="whatsapp"), wording))
    assert four.form == "list_picker"


@pytest.mark.parametrize("question", ["safe", "danger", "can_leave", "made_to", "block_2"])
def test_risky_questions_have_no_buttons(question: str, wording: FixedWording) -> None:
    part = only(render(Say(say="ask_safe", choices=YES_NO[:2], question=question), manner(channel="whatsapp"), wording))
    assert part.form == "text"
    assert part.body.endswith("\n1 Yes\n2 No")


@pytest.mark.parametrize(
    "say",
    [
        Say(say="ask_needs", choices=(Choice(value="a", label="choice_long"),), question="x"),
        Say(say="ask_needs", choices=YES_NO, question="needs", multiple=True),
        Say(say="ask_needs", choices=(Choice(value="1", text="A small town"),), question="place_confirm"),
        Say(
            say="ask_needs",
            choices=(Choice(value="1", label="choice_yes"), Choice(value="2", text="Yes")),
            question="x",
        ),
    ],
)
def test_what_fits_no_button_becomes_numbered_text(say: Say, wording: FixedWording) -> None:
    part = only(render(say, manner(channel="whatsapp"), wording))
    assert part.form == "text"
    assert "\n1 " in part.body


def test_a_question_of_several_lines_has_no_buttons() -> None:
    lines = FixedWording({"en": {"ask_needs": "One line.\nAnother?", "choice_yes": "Yes"}})
    say = Say(say="ask_needs", choices=(Choice(value="yes", label="choice_yes"),), question="contact")
    assert only(render(say, manner(channel="whatsapp"), lines)).form == "text"


def test_names_of_languages_may_be_buttons(wording: FixedWording) -> None:
    names = (Choice(value="en", text="English"), Choice(value="bn", text="বাংলা"))
    assert (
        only(render(Say(say="ask_needs", choices=names, question="language"), manner(channel="whatsapp"), wording)).form
        == "quick_reply"
    )


def test_a_time_is_told_by_the_clock_where_the_person_is(wording: FixedWording) -> None:
    say = Say(say="say_person_will_write", values={"reference": "K47", "time": "2025-11-24T16:59:01+00:00"})
    assert only(render(say, manner(clock="Asia/Dhaka"), wording)).body == "Reference K47. A person writes before 23:00."
    tomorrow = Say(say="say_person_will_write", values={"reference": "K47", "time": "2025-11-25T08:30:00+00:00"})
    assert only(render(tomorrow, manner(), wording)).body.endswith("before Tuesday 09:30.")
    assert only(render(tomorrow, manner("fr"), wording)).body.endswith("avant mardi 09:30.")
    assert only(render(tomorrow, manner(clock=None), wording)).body.endswith("08:30 UTC.")


def test_a_moment_that_brings_its_own_clock_is_told_by_it(wording: FixedWording) -> None:
    say = Say(say="say_person_will_write", values={"reference": "K47", "time": "2025-11-24T23:00:00+06:00"})
    assert only(render(say, manner(clock="Africa/Casablanca"), wording)).body.endswith("before 23:00.")
    assert only(render(say, manner(clock=None), wording)).body.endswith("before 23:00.")


def test_an_opening_hour_is_no_moment() -> None:
    assert parse_moment("18:00") is None
    assert parse_moment("2025-11-24T16:00:00") is None
    assert parse_moment(18) is None
    assert round_up(datetime(2025, 1, 1, 23, 59, 1, tzinfo=UTC)) == datetime(2025, 1, 2, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize("code", ["en", "fr", "ar", "bn", "lo", "xx"])
def test_a_time_has_no_characters_that_cost_a_segment(code: str) -> None:
    assert format_moment(NOW, (code, "HH:mm"), None, now=NOW) == "16:00 UTC"


def test_the_clock_is_that_of_the_number() -> None:
    countries = ("BR", "ZA", "BD", "MA")
    assert clock_of(("+8801000000000", "+15005550006"), countries) == ZoneInfo("Asia/Dhaka")
    assert clock_of(("+15005550010", "+27000000000"), countries) == ZoneInfo("Africa/Johannesburg")
    assert clock_of(("+15005550010", "+15005550006"), countries) is None
    assert clock_of(("+15005550010",), ("MA",)) == ZoneInfo("Africa/Casablanca")


def test_a_missing_value_leaves_a_gap_and_not_an_error(wording: FixedWording) -> None:
    assert (
        only(render(Say(say="say_person_will_write"), manner(), wording)).body == "Reference . A person writes before ."
    )


def test_a_missing_text_falls_back_to_the_first_language_then_to_a_neutral_one(wording: FixedWording) -> None:
    assert only(render(Say(say="ask_anything_else"), manner("ar"), wording)).body == "Anything else?"
    assert only(render(Say(say="no_such_key"), manner("fr"), wording)).body == "Vous pouvez écrire ici."
    assert only(render(Say(say="no_such_key"), manner("fr"), FixedWording({"fr": {}}))).body == "..."
    part = only(render(Say(say="no_such_key", choices=YES_NO, question="danger"), manner(), wording))
    assert part.body.endswith("\n4 Skip")


@given(
    values=st.dictionaries(st.sampled_from(["reference", "time"]), st.text(max_size=300)),
    language=st.sampled_from(["en", "fr", "ar", "lo"]),
    channel=st.sampled_from(["sms", "whatsapp"]),
)
def test_any_value_can_be_said(values: dict[str, str], language: str, channel: str, wording: FixedWording) -> None:
    parts = render(Say(say="say_person_will_write", values=values), manner(language, channel), wording)
    assert parts
    assert all(fits(part.body, None) for part in parts)


SENTENCES = st.lists(st.text(alphabet="abc déêন।😀 .!?\n", min_size=1, max_size=120), max_size=12).map(". ".join)


@given(text=SENTENCES, budget=st.integers(1, 4), tail=st.sampled_from(["", "\n1 Yes\n2 No\n3 Not sure"]))
def test_a_split_text_loses_nothing_and_keeps_the_choices_whole(text: str, budget: int, tail: str) -> None:
    parts = split(text, budget=budget, tail=tail)
    assert "".join("".join(parts).split()) == "".join((text + tail).split())
    assert all(fits(part, None) for part in parts)
    assert all(fits(part, budget) for part in parts[:-1])
    assert parts[-1].endswith(tail.strip())


def test_a_long_text_is_cut_at_ends_of_sentences() -> None:
    sentence = "This sentence is about fifty characters in length. "
    parts = split(sentence * 8, budget=1)
    assert [part.count(".") for part in parts] == [3, 3, 2]
    assert all(part.endswith(".") for part in parts)


def test_choices_that_alone_are_over_the_budget_are_still_sent_whole() -> None:
    tail = "".join(f"\n{number} {'ন' * 40}" for number in range(1, 9))
    parts = split("প্রশ্ন?", budget=2, tail=tail)
    assert parts == ["প্রশ্ন?" + tail]
    assert len(parts[0]) < TWILIO_LIMIT


def test_a_word_longer_than_a_message_is_cut_where_it_must_be() -> None:
    assert [len(part) for part in split("x" * 400, budget=1)] == [160, 160, 80]
