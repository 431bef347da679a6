"""What is sent to people, in every language: short enough, harmless in somebody else's hands, without promises."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

import pytest

from core.catalogues import Catalogues
from core.languages import Language, find_forbidden, match_word
from core.settings import Settings
from core.writing import tokens
from gateway.budgets import SHORT, budget_of
from gateway.segments import count_segments
from gateway.times import format_moment
from screening.questions import questionnaire

LIMITS = Settings.model_construct()
"""The limits as they are unless a deployment sets others: the budgets of the gateway, not a second table."""
FILLED: Mapping[str, str | float] = {
    "reference": "K47110",
    "time": "2026-11-22T18:05:00+00:00",
    "number": "112",
    "until": "2026-11-22T18:05:00+00:00",
    "day": "day_wednesday",
}


def asked(catalogues: Catalogues, code: str) -> Iterator[tuple[str, str]]:
    """Every question as plain SMS shows it: the text, then its fixed choices, one on each line."""
    for question in questionnaire().questions:
        labels = [catalogues.template(value.label, code) for value in question.values]
        if question.values_from == "languages":
            labels = [language.name for language in catalogues.languages.values()]
        if question.values_from == "countries":
            labels = [catalogues.template(f"country_{country}", code) for country in ("BR", "ZA", "BD", "MA")] + labels
        lines = "".join(f"\n{number} {label}" for number, label in enumerate(labels, start=1))
        yield question.message, catalogues.languages[code].for_sms(catalogues.template(question.message, code) + lines)


def test_a_question_fits_two_segments_and_the_questions_about_danger_one(catalogues: Catalogues) -> None:
    seen = set()
    for code in catalogues.languages:
        for key, text in asked(catalogues, code):
            seen.add(key)
            assert count_segments(text).segments <= budget_of(key, LIMITS), (code, key, count_segments(text))
    assert seen > SHORT


def test_a_statement_fits_two_segments_and_the_notice_three(
    catalogues: Catalogues, languages: Mapping[str, Language]
) -> None:
    today = datetime.fromisoformat(str(FILLED["time"]))
    hours = [today + timedelta(hours=hour) for hour in range(8 * 24)]
    for code, language in languages.items():
        # Without the person's clock, every hour of the week to come: what fits on a Monday must not come in two parts on the Sunday.
        moments = {
            format_moment(moment, (language.cldr, language.time_format), None, now=today): moment for moment in hours
        }
        longest = sorted(moments, key=len)[-40:]
        for key in catalogues.keys:
            if not key.startswith("say_") or catalogues.fields(key) - FILLED.keys():
                continue  # as long as the names of places are
            for told in longest if catalogues.fields(key) & {"time", "until"} else longest[:1]:
                values = {**FILLED, "time": told, "until": told}
                text = language.for_sms(
                    catalogues.text(key, code, **{name: values[name] for name in catalogues.fields(key)})
                )
                assert count_segments(text).segments <= budget_of(key, LIMITS), (code, key, told, count_segments(text))


def test_a_language_that_can_be_written_in_the_plain_alphabet_stays_in_it(
    catalogues: Catalogues, languages: Mapping[str, Language]
) -> None:
    plain = [language for language in languages.values() if language.sms_substitutions]
    assert plain
    for language in plain:
        for key in catalogues.keys:
            text = language.for_sms(catalogues.template(key, language.code).replace("{", "").replace("}", ""))
            assert count_segments(text).encoding == "GSM-7", (language.code, key)


def test_nothing_forbidden_and_no_promise_stands_in_any_text(
    catalogues: Catalogues, languages: Mapping[str, Language]
) -> None:
    for code in languages:
        for key in catalogues.keys:
            text = catalogues.template(key, code)
            assert find_forbidden(text, languages.values(), promises=True) is None, (code, key)


@pytest.mark.parametrize(
    "text",
    [
        "Victims of trafficking", "a women's shelter", "call the POLICE", "l'abus", "la police",
        "les victimes", "sans-papiers",
        "hébergement d'urgence", "اتصل بالشرطة", "ضحايا الاتجار", "পুলিশকে ফোন করুন",
        "আশ্রয়কেন্দ্র", "পাচারের শিকার",
    ],
)  # fmt: skip
def test_the_forbidden_words_are_found_inflected_and_joined_in_any_language(
    text: str, languages: Mapping[str, Language]
) -> None:
    assert find_forbidden(text, languages.values()) is not None


def test_a_promise_is_found_only_where_it_is_looked_for(languages: Mapping[str, Language]) -> None:
    assert find_forbidden("We will come, you are safe.", languages.values(), promises=True) == "safe"
    assert find_forbidden("We will come, you are safe.", languages.values()) is None
    assert find_forbidden("It works well for goodwill.", languages.values(), promises=True) is None


def test_labels_fit_a_button_and_never_repeat_in_a_question(catalogues: Catalogues) -> None:
    for code in catalogues.languages:
        for key in catalogues.keys:
            if key.startswith(("choice_", "country_")):
                assert len(catalogues.template(key, code)) <= 20, (code, key)
        for question in questionnaire().questions:
            labels = [catalogues.template(value.label, code) for value in question.values]
            assert len(set(labels)) == len(labels), (code, question.id)


def test_a_label_typed_in_full_means_what_it_says(catalogues: Catalogues, languages: Mapping[str, Language]) -> None:
    for code, language in languages.items():
        for meaning in ("yes", "no", "unsure", "skip", "person"):
            assert match_word(catalogues.template(f"choice_{meaning}", code), language) == meaning, (code, meaning)


def test_the_words_that_the_help_and_the_notice_name_are_understood(
    catalogues: Catalogues, languages: Mapping[str, Language]
) -> None:
    for code, language in languages.items():
        named = {match_word(word, language) for word in tokens(catalogues.template("say_help", code))}
        assert {"erase", "language"} <= named, code
        assert "erase" in {
            match_word(word, language) for word in tokens(catalogues.template("say_notice_more", code))
        }, code


def test_zero_and_nine_are_explained_before_the_first_question_and_in_the_help(catalogues: Catalogues) -> None:
    for code in catalogues.languages:
        for key in ("say_intro", "say_help"):
            assert {"0", "9"} <= set(catalogues.template(key, code)), (code, key)


def test_a_text_from_right_to_left_holds_no_latin_words_and_keeps_numbers_on_their_own_line(
    catalogues: Catalogues, languages: Mapping[str, Language]
) -> None:
    for code, language in languages.items():
        if language.direction != "rtl":
            continue
        for key in catalogues.keys:
            text = catalogues.template(key, code)
            assert not re.search("[A-Za-z]", re.sub(r"\{[a-z_]+\}", "", text)), key
            for field in ("{reference}", "{number}", "{phones}", "{address}"):
                assert all(line == field for line in text.split("\n") if field in line), key


def test_texts_are_composed_and_free_of_hidden_marks_and_addresses(catalogues: Catalogues) -> None:
    for code in catalogues.languages:
        for key in catalogues.keys:
            text = catalogues.template(key, code)
            assert text == unicodedata.normalize("NFC", text) == text.strip()
            assert not [sign for sign in text if unicodedata.category(sign) in {"Cf", "Cs", "Co", "So"}], (code, key)
            assert "  " not in text
            assert "http" not in text
            assert "www." not in text


def test_every_text_the_questionnaire_asks_for_is_there(catalogues: Catalogues) -> None:
    for question in questionnaire().questions:
        assert question.message in catalogues.keys
        assert {value.label for value in question.values} <= catalogues.keys
