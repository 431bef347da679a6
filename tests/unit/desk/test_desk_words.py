"""The console's words: every key exists, none is idle, fields are those that the code fills, numbers read well."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from string import Formatter

import polib
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import HTTPConnection

from cases.models import LEVELS, OUTCOMES
from desk.directory_pages import DONE
from desk.entry_form import ORGANIZATION, PROGRAM, SERVICE, TEXT
from desk.entry_words import EntryWords
from desk.problems import _KINDS, _OWN, _PATTERNS
from desk.web_directory_edit import CHOICES
from desk.words import COOKIE, FOLDER, LANGUAGES, words, words_for
from directory.models import LISTINGS, SCHEDULE_KINDS
from screening.questionnaire import NEED_QUESTIONS
from screening.questions import questionnaire
from screening.triage import rule_book

DESK = FOLDER.parent
CODES = sorted(path.name for path in FOLDER.iterdir())
MADE_FROM_DATA = (
    "reason_", "question_", "answer_", "need_", "outcome_", "level_", "error_code_", "status_", "attachment_", "author_",
    "channel_", "consent_", "contact_", "event_", "filter_", "queue_empty_", "warning_", "reply_contact_", "check_rule_",
    "nav_", "role_", "rule_", "did_", "subject_", "escalation_", "number_own", "number_other", "needs_met_", "directory_",
    "referral_state_", "referral_field_", "referral_why_", "referral_done_", "referral_term_", "referral_hours_", "referral_relaxed_",
    "referral_declined_", "referral_how_", "referral_channel_", "referral_not_delivered_", "follow_up_", "complaint_event_",
    "done_", "statistics_", "owned_", "export_", "rota_rank_", "notices_", "detail_", "import_", "retention_", "sso_",
    "practice_level_", "practice_do_", "practice_way_",
)  # fmt: skip


def sources() -> str:
    files = [*DESK.rglob("*.py"), *(DESK / "templates").glob("*.html")]
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


def test_every_key_that_a_template_or_module_names_exists() -> None:
    named = set(
        re.findall(
            r"""(?:\bt|words\.say|words\(\)\.say|words\.count|words\(\)\.count)\(\s*"([a-z_0-9A-Z]+)"\s*[,)]""",
            sources(),
        )
    )
    assert len(named) > 80
    # The pages of a focal point have a catalogue of their own, in the languages of organizations.
    focal = {entry.msgid for entry in polib.pofile(str(DESK.parent / "directory" / "review" / "locale" / "en.po"))}
    assert named - words().keys() - focal == set()


def test_no_key_is_idle() -> None:
    text = sources()
    idle = [key for key in sorted(words().keys()) if f'"{key}"' not in text and not key.startswith(MADE_FROM_DATA)]
    assert idle == []


def catalogue(code: str) -> list[polib.POEntry]:
    return [entry for path in sorted((FOLDER / code).glob("*.po")) for entry in polib.pofile(str(path))]


def fields_of(entry: polib.POEntry) -> set[str]:
    forms = entry.msgstr_plural.values() if entry.msgid_plural else [entry.msgstr]
    return {name for form in forms for _, name, _, _ in Formatter().parse(form) if name}


def test_the_languages_of_the_console_are_those_that_have_a_folder() -> None:
    assert sorted(LANGUAGES) == CODES


@pytest.mark.parametrize("code", sorted(set(CODES) - {"en"}))
def test_every_language_says_everything_that_english_says_with_the_same_fields(code: str) -> None:
    """A page half in English is read wrongly at night. The failure names, by file of the English catalogue, what is still to be said."""
    there = {entry.msgid: entry for entry in catalogue(code)}
    english = {entry.msgid: entry for entry in catalogue("en")}
    to_say = {
        path.name: [f"{entry.msgid}: {entry.msgstr}" for entry in polib.pofile(str(path)) if entry.msgid not in there]
        for path in sorted((FOLDER / "en").glob("*.po"))
    }
    assert {name: lacking for name, lacking in to_say.items() if lacking} == {}, f"{code} lacks these"
    assert there.keys() - english.keys() == set(), "a key that no page asks for"
    forms = int(
        re.search(r"nplurals=(\d)", polib.pofile(str(FOLDER / code / "messages.po")).metadata["Plural-Forms"])[1]
    )  # type: ignore[index]
    for key, entry in there.items():
        texts = list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]
        assert all(text.strip() for text in texts), key
        assert not entry.fuzzy, key
        assert fields_of(entry) == fields_of(english[key]), key
        assert bool(entry.msgid_plural) == bool(english[key].msgid_plural), key
        assert not entry.msgid_plural or len(texts) == forms, key


def test_a_rule_says_at_the_desk_what_the_protocol_says() -> None:
    assert {f"rule_{rule.id}": rule.words for rule in rule_book().rules} == {
        key: words("en").say(key) for key in sorted(words("en").keys()) if re.fullmatch(r"rule_[A-Z]\d*", key)
    }


@pytest.mark.parametrize(
    ("header", "cookie", "code"),
    [
        ("", "", "en"), ("ar", "", "ar"), ("fr-CA,fr;q=0.9,en;q=0.8", "", "fr"), ("de,ar;q=0.3,fr;q=0.7", "", "fr"),
        ("ar;q=0", "", "en"), ("zz;q=x,,;;", "", "en"), ("ar", "fr", "fr"), ("ar", "../../etc", "ar"),
    ],
)  # fmt: skip
def test_a_page_is_in_the_language_that_was_chosen_else_in_one_the_browser_prefers(
    header: str, cookie: str, code: str
) -> None:
    headers = [(b"accept-language", header.encode()), (b"cookie", f"{COOKIE}={cookie}".encode())]
    assert words_for(HTTPConnection({"type": "http", "headers": headers})).code == code


@pytest.mark.parametrize(
    ("code", "number", "says"),
    [("en", 1, "1 entry"), ("fr", 0, "0 fiche"), ("ar", 11, "11 بطاقة"), ("ar", 3, "3 بطاقات")],
)
def test_a_number_takes_the_plural_of_its_language(code: str, number: int, says: str) -> None:
    assert words(code).count("directory_entries", number) == says


def test_a_name_in_a_sentence_from_the_right_does_not_turn_what_stands_beside_it() -> None:
    said = words("ar").say("case_number_ends", digits="+42")
    assert "\u2068+42\u2069" in said
    assert words("ar").say("signed_in_as", name="") == words("ar").find("signed_in_as", "").format(name="")
    assert "\u2068" not in words("fr").say("case_number_ends", digits="+42")


def test_every_field_and_value_of_an_entry_has_words() -> None:
    console = words()
    said = EntryWords(console)
    rows = [("", SERVICE), ("texts.en", TEXT), ("organization", ORGANIZATION), ("program", PROGRAM)]
    while rows:
        path, row = rows.pop()
        for name in (*row.texts, *row.boxes, *row.several, *row.rows):
            if name != "seen":
                assert said.field(f"{path}.{name}".strip(".")) != name, f"{path}.{name}"
        rows += [(f"{path}.{name}.0".strip("."), below) for name, below in row.rows.items()]
    for name, codes in {**CHOICES, "listing": LISTINGS, "kind": SCHEDULE_KINDS}.items():
        for code in codes:
            assert f"directory_value_{name}_{code}" in console
    for kind in {*_KINDS.values(), *_PATTERNS.values(), *_OWN, "other"}:
        assert f"directory_problem_{kind}" in console
    for done in DONE:
        assert f"directory_done_{done}" in console


def test_no_key_stands_twice() -> None:
    for code in CODES:
        keys = [entry.msgid for entry in catalogue(code)]
        assert len(keys) == len(set(keys)), code


def test_every_level_outcome_question_and_answer_has_words() -> None:
    console = words()
    for level in LEVELS:
        assert f"level_{level}" in console
    for outcome in OUTCOMES:
        assert f"outcome_{outcome}" in console
    from desk.plain import _NOT_SHOWN

    for question in questionnaire().questions:
        if question.id in _NOT_SHOWN:
            continue
        assert f"question_{question.id}" in console, question.id
        for value in question.values:
            assert f"answer_{question.id}_{value.value}" in console or f"answer_{value.value}" in console, value


def test_every_need_of_the_questionnaire_has_a_name() -> None:
    for question in questionnaire().questions:
        if question.id in NEED_QUESTIONS:
            for value in question.values:
                if value.value not in ("more", "none", "skip"):
                    assert f"need_{value.value}" in words(), value.value


@pytest.mark.parametrize(
    ("seconds", "says"),
    [
        (0, "less than a minute"), (59, "less than a minute"), (60, "1 minute"), (3599, "59 minutes"), (3600, "1 hour"),
        (5400, "1 h 30 min"), (5 * 3600 + 60, "5 hours"), (47 * 3600, "47 hours"), (48 * 3600, "2 days"),
    ],
)  # fmt: skip
def test_durations_are_as_exact_as_is_useful(seconds: int, says: str) -> None:
    assert words().duration(timedelta(seconds=seconds)) == says


@given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=4000)))
def test_every_duration_can_be_said(span: timedelta) -> None:
    assert words().duration(span)
    assert words().duration(-span) == words().duration(span)


@given(st.integers(min_value=1, max_value=300_000))
def test_a_wait_is_never_said_shorter_than_it_is(milliseconds: int) -> None:
    said = words().wait(timedelta(milliseconds=milliseconds))
    number, unit = re.fullmatch(r"(\d+) (second|minute)s?", said).groups()  # type: ignore[union-attr]
    assert int(number) * (60 if unit == "minute" else 1) * 1000 >= milliseconds


def test_languages_countries_and_moments_have_names_even_when_unknown() -> None:
    console = words()
    assert console.language("ar") == "Arabic"
    assert console.language("zz-ZZ") == "zz-ZZ"
    assert console.language("not a code") == "not a code"
    assert console.language(None) == "Language not known"
    assert console.country("MA") == "Morocco"
    assert console.country("??") == "??"
    assert console.moment(datetime(2026, 3, 4, 5, 6, tzinfo=UTC)) == "4 Mar, 05:06 UTC"


def test_templates_hold_no_sentence_of_their_own() -> None:
    for path in sorted(Path(DESK / "templates").glob("*.html")):
        text = re.sub(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", " ", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        if "<body" in text or path.name == "signed_in.html":
            text = re.sub(r"data-[a-z-]+=\"[^\"]*\"", " ", text)
        text = re.sub(r"<[^<>]*>", " ", text)
        assert re.findall(r"[A-Za-z]{2,}", text) == [], path.name


def test_templates_have_no_inline_script_or_style() -> None:
    for path in sorted(Path(DESK / "templates").glob("*.html")):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:|hx-on|hx-vals=.js:", text), path.name
        assert not re.search(r"<script(?![^>]*\ssrc=)", text), path.name
        assert "|safe" not in text.replace(" ", ""), path.name
        assert "://" not in text, path.name
