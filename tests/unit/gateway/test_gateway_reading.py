"""What the channel means is read before any language understanding, and what is not certain stays text."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.turns import MAX_TEXT, Choice, Payload
from gateway.fixed_wording import FixedWording
from gateway.reading import Inbound, Meaning, Question, read

DANGER = Question(
    "danger", tuple(Choice(value=value, label=f"choice_{value}") for value in ("yes", "no", "unsure", "skip"))
)
NEEDS = Question(
    "needs",
    tuple(Choice(value=value, text=value.title()) for value in ("shelter", "health", "food_cash", "more")),
    multiple=True,
)


def answer(meaning: Meaning) -> str | None:
    return meaning.payload.value if meaning.payload and meaning.payload.intent == "answer" else None


def text(body: str) -> Inbound:
    return Inbound("text", body)


@pytest.mark.parametrize(
    "body",
    [
        "2",
        "٢",
        "২",
        "໒",
        "२",
        "2.",
        "2)",
        " 2 ",
        "2\ufe0f\u20e3",
        "\u200f٢\u200f",
        "No",
        "2 no",
        "non",
        "NON !",
        "👎",
        "👎🏽",
    ],
)
def test_every_way_to_say_the_second_option_picks_it(body: str, wording: FixedWording) -> None:
    language = "fr" if "non" in body.lower() else "en"
    assert read(text(body), DANGER, language, wording).payload == Payload(
        intent="answer", question="danger", value="no"
    )


@pytest.mark.parametrize(
    ("language", "body", "value"),
    [("ar", "نعم", "yes"), ("ar", "la", "no"), ("bn", "হ্যাঁ।", "yes"), ("bn", "জানি না", "unsure"), ("bn", "na", "no")],
)
def test_words_of_the_persons_language_answer(language: str, body: str, value: str, wording: FixedWording) -> None:
    assert answer(read(text(body), DANGER, language, wording)) == value


def test_words_of_another_language_stay_text_because_they_collide(wording: FixedWording) -> None:
    assert read(text("la"), DANGER, "fr", wording) == Meaning(text="la")
    assert read(text("na"), DANGER, None, wording) == Meaning(text="na")


def test_a_country_is_named_in_any_language_and_another_label_in_the_persons_own(wording: FixedWording) -> None:
    named = {"en": "South Africa", "fr": "Afrique du Sud"}
    texts = {code: {**said, "country_ZA": named.get(code, "…")} for code, said in wording.texts.items()}
    wording = replace(wording, texts=texts)
    countries = Question("country", (Choice(value="ZA", label="country_ZA"), Choice(value="skip", label="choice_skip")))
    assert answer(read(text("south africa"), countries, "ar", wording)) == "ZA"
    assert answer(read(text("1 Afrique du Sud"), countries, "ar", wording)) == "ZA"
    assert answer(read(text(texts["en"]["choice_yes"]), DANGER, "fr", wording)) is None


def test_yes_is_no_answer_where_it_is_not_offered(wording: FixedWording) -> None:
    assert read(text("yes"), NEEDS, "en", wording) == Meaning(text="yes")


@pytest.mark.parametrize("typed", ["Por mí", "por mi", "1 Por mi", "POR MÍ"])
def test_a_label_is_known_as_an_sms_shows_it(typed: str, wording: FixedWording) -> None:
    question = Question("for_whom", (Choice(value="me", text="Por mí"), Choice(value="other", text="Por otra persona")))
    assert answer(read(text(typed), question, "es", wording)) == "me"


def test_several_options_are_picked_where_several_may_be(wording: FixedWording) -> None:
    for body in ("1 3", "1,3", "١ ٣", "১ ৩", "13", "shelter, food_cash", "1\n3"):
        assert answer(read(text(body), NEEDS, "en", wording)) == "shelter,food_cash"


def test_a_digit_that_is_not_offered_is_text(wording: FixedWording) -> None:
    assert read(text("7"), DANGER, "en", wording) == Meaning(text="7")
    assert read(text("1 2"), DANGER, "en", wording) == Meaning(text="1 2")
    assert read(text("1"), None, "en", wording) == Meaning(text="1")


@pytest.mark.parametrize(
    ("body", "intent"),
    [
        ("0", "ask_human"),
        ("٠", "ask_human"),
        ("0 1", "ask_human"),
        ("মানুষ", "ask_human"),
        ("9", "stop"),
        ("৯", "stop"),
        ("STOP", "opt_out"),
        ("Arrêt.", "opt_out"),
        ("help!", "help"),
        ("erase", "erase_data"),
        ("language", "change_language"),
    ],
)
def test_the_ways_out_work_at_any_moment_in_any_language(body: str, intent: str, wording: FixedWording) -> None:
    for question in (None, DANGER, NEEDS):
        for language in (None, "en", "ar"):
            assert read(text(body), question, language, wording).payload == Payload(intent=intent)


def test_a_word_that_begins_is_a_greeting_where_nothing_was_asked_and_text_elsewhere(wording: FixedWording) -> None:
    wording = replace(wording, lists={**wording.lists, "fr": {**wording.lists["fr"], "start": ("bonjour",)}})
    assert read(text("bonjour"), None, "ar", wording) == Meaning(payload=Payload(intent="greet"))
    assert read(text("bonjour"), DANGER, "fr", wording) == Meaning(text="bonjour")
    assert read(text("bonjour la famille"), None, "fr", wording) == Meaning(text="bonjour la famille")


def test_a_word_inside_a_sentence_is_no_command(wording: FixedWording) -> None:
    assert read(text("please stop him"), DANGER, "en", wording) == Meaning(text="please stop him")


def test_a_tapped_button_answers_the_question_it_belongs_to(wording: FixedWording) -> None:
    pressed = Inbound("button", "Yes", button="anything_else:need")
    assert read(pressed, DANGER, "en", wording).payload == Payload(
        intent="answer", question="anything_else", value="need"
    )


@pytest.mark.parametrize(
    "button", ["no colon", ":x", "Danger:yes", "a" * 65 + ":x", "danger:" + "x" * 65, "danger:\x00", "danger:\ud800"]
)
def test_a_button_that_is_not_ours_is_read_by_its_text(button: str, wording: FixedWording) -> None:
    assert answer(read(Inbound("button", "Yes", button=button), DANGER, "en", wording)) == "yes"


@pytest.mark.parametrize(
    ("inbound", "value"),
    [
        (Inbound("location", "A street"), "location"),
        (Inbound("media", media=("image/jpeg",)), "image"),
        (Inbound("media", media=("audio/ogg; codecs=opus",)), "audio"),
        (Inbound("media", media=("application/pdf",)), "document"),
        (Inbound("media", media=("model/3d",)), "unknown"),
        (Inbound("unknown"), "unknown"),
        (Inbound("text", ""), "unknown"),
        (Inbound("text", "\x00\u200f \ud800"), "unknown"),
    ],
)
def test_what_holds_no_text_is_an_attachment(inbound: Inbound, value: str, wording: FixedWording) -> None:
    assert read(inbound, DANGER, "en", wording).payload == Payload(intent="attachment", value=value)


def test_a_photo_with_words_is_read_by_its_words(wording: FixedWording) -> None:
    assert read(Inbound("media", "yes", media=("image/png",)), DANGER, "en", wording).payload is not None
    assert read(Inbound("media", "look here", media=("image/png",)), None, "en", wording) == Meaning(text="look here")


def test_text_is_cleaned_and_cut(wording: FixedWording) -> None:
    assert read(text("he\x00lp \ud800me\u200f"), None, "en", wording) == Meaning(text="help me")
    assert read(text("x" * 10_000), None, "en", wording) == Meaning(text="x" * MAX_TEXT)
    zwj = "ক্\u200dষ"
    assert read(text(zwj), None, "bn", wording) == Meaning(text=zwj)


def test_lao_is_not_rewritten(wording: FixedWording) -> None:
    assert read(text("ນ\u0eb3"), None, None, wording) == Meaning(text="ນ\u0eb3")


@given(
    body=st.text(max_size=200),
    question=st.sampled_from([None, DANGER, NEEDS]),
    language=st.sampled_from([None, "en", "ar", "bn"]),
    kind=st.sampled_from(["text", "media", "button", "unknown", "location"]),
)
def test_anything_can_be_read_and_is_exactly_one_of_the_two(
    body: str, question: Question | None, language: str | None, kind: str, wording: FixedWording
) -> None:
    meaning = read(Inbound(kind, body, button=body), question, language, wording)
    assert (meaning.text is None) != (meaning.payload is None)
    if meaning.text is not None:
        assert meaning.text
        assert len(meaning.text) <= MAX_TEXT
        meaning.text.encode()


@given(digit=st.sampled_from("٠١٢٣٤٥٦٧٨٩০১২৩৪৫৬৭৮৯໐໑໒໓໔໕໖໗໘໙๐๑๒๓๔๕๖๗๘๙၀၁၂၃၄၅၆၇၈၉۰۱۲۳۴۵۶۷۸۹०१२३४५६७८९߀߁߂߃߄߅߆߇߈߉"))
def test_a_digit_of_eight_scripts_means_the_same_as_the_latin_one(digit: str, wording: FixedWording) -> None:
    import unicodedata

    latin = str(unicodedata.decimal(digit))
    ours, theirs = read(text(digit), DANGER, "ar", wording), read(text(latin), DANGER, "ar", wording)
    assert ours.payload == theirs.payload
    assert (ours.payload is None) == (latin in "5678")
