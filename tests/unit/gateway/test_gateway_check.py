"""The check of what is sent: each rule by itself, together, and on texts that nobody has thought of."""

import string
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.catalogues import Catalogues
from core.languages import load_languages
from core.settings import PROJECT, Settings
from core.turns import Choice, Say
from gateway.budgets import DIRECTORY, LONG, NOTICE, SHORT, budget_of
from gateway.check import Draft, check
from gateway.contacts import find_links, find_phone_numbers
from gateway.drafts import OFFERED, broken_rules, our_words
from gateway.fixed_wording import FixedWording
from gateway.own_words import find_own_words
from gateway.rendering import Manner, render
from gateway.segments import count_segments
from gateway.wording import CatalogueWording
from screening.questions import questionnaire

WORDING = FixedWording(
    {"en": {"say_goodbye": "Thank you for writing."}}, forbidden_words=("police*", "*شرطة*"), promised=("safe", "will")
)
SETTINGS = Settings.model_construct(
    allowed_links=("example.org", "https://example.net/help"), organisation_names=("Harbour Trust", "HTX", "хабар*")
)


def rules(text: str, key: str | None = "say_goodbye", *, sms: bool = True, said: tuple[str, ...] = ()) -> list[str]:
    return [finding.rule for finding in check(Draft(text, key, sms, said), WORDING, SETTINGS)]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("The police are here.", "forbidden_word"), ("الشرطة", "forbidden_word"), ("Harbour Trust writes to you.", "organisation"),
        ("harbour TRUST", "organisation"), ("call HTX now", "organisation"), ("от Хабара", "organisation"), ("Look at evil.com", "link"),
        ("Call +1 500 555 0101.", "phone_number"), ("You are safe.", "promise"), ("x" * 307, "too_long"), ("ক" * 135, "too_long"),
    ],
)  # fmt: skip
def test_each_rule_is_found_and_named(text: str, rule: str) -> None:
    assert rules(text) == [rule]


def test_every_rule_that_is_broken_is_told_with_its_words() -> None:
    findings = check(Draft("police at evil.com", None), WORDING, SETTINGS)
    assert {finding.rule: finding.words for finding in findings} == {
        "forbidden_word": ("police",),
        "link": ("evil.com",),
    }
    assert "police" not in repr(findings)


def test_a_caseworker_may_promise_and_needs_no_such_budget() -> None:
    assert rules("You will be safe. " + "x" * 400, None) == []
    assert rules("x" * 613, None) == ["too_long"]


def test_whatsapp_has_no_segments() -> None:
    assert rules("x" * 1500, sms=False) == []


def test_the_directory_may_name_numbers_and_its_names_promise_nothing() -> None:
    for key in DIRECTORY:
        assert rules("Safe Harbour\n+1 500 555 0101", key) == []


@pytest.mark.parametrize(
    ("key", "segments"),
    [
        ("ask_danger", 1),
        ("ask_safe", 1),
        ("ask_needs", 2),
        ("say_goodbye", 2),
        ("say_notice_more", 3),
        ("say_service", 4),
        (None, 4),
    ],
)
def test_a_budget_by_key_and_every_one_can_be_set(key: str | None, segments: int) -> None:
    assert budget_of(key, Settings.model_construct()) == segments
    wide = Settings.model_construct(segments_short=5, segments=5, segments_notice=5, segments_long=5)
    assert budget_of(key, wide) == 5


def test_the_keys_of_the_table_exist() -> None:
    catalogues = Catalogues.load(PROJECT / "locale", ("en",))
    assert catalogues.keys >= SHORT | NOTICE | DIRECTORY | LONG
    literal = {question.id for question in questionnaire().questions if question.values_from}
    assert literal == OFFERED


# Links


@pytest.mark.parametrize(
    "text",
    [
        "http://evil.com", "https://evil.example/x?y=1", "www.evil.com", "evil.com", "Go to evil.com.", "EVIL.COM", "Evil.Com",
        "(evil.org)", "bit.ly/abc", "wa.me/123", "t.me/joinchat", "sub.evil.co.uk", "кто.рф", "пример.бел", "mail me a@evil.com",
        "http://localhost/x", "ftp://files", "http://10.0.0.1/x", "192.168.0.1", "ｅｖｉｌ.com", "xn--80ak6aa92e.com", "tel:+15005550101",
        "example.org.evil.com", "https://example.org@evil.com/", "notexample.org", "https://example.net/other", "example.net",
        "evil.com/example.org", "example.net/helpers",
    ],
)  # fmt: skip
def test_a_link_is_found_whatever_it_looks_like(text: str) -> None:
    assert find_links(text, SETTINGS.allowed_links), text


@pytest.mark.parametrize(
    "text",
    [
        "example.org", "https://example.org", "https://EXAMPLE.org/a/b?c=d", "www.example.org", "Look at example.org.",
        "example.net/help", "https://example.net/help/me", "You can write here.It is fine", "at 18.30", "e.g. this", "p.m.", "Mr. X",
        "1.5 km", "...", "Yes.No.Maybe", "বাংলা। লেখা", "مرحبا.كيف", "9. leave", "0. person",
    ],
)  # fmt: skip
def test_what_is_allowed_or_no_link_passes(text: str) -> None:
    assert find_links(text, SETTINGS.allowed_links) == [], text


LABELS = st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=10).filter(
    lambda label: label[0].isalpha()
)


@given(
    st.lists(LABELS, min_size=1, max_size=3),
    st.sampled_from(["com", "org", "br", "ma", "io", "info"]),
    st.text(max_size=10),
)
def test_no_domain_slips_through(labels: list[str], ending: str, around: str) -> None:
    domain = ".".join([*labels, ending])
    for text in (
        domain,
        f"see {domain}",
        f"https://{domain}/{labels[0]}",
        f"{domain}, thanks",
        f"{around}\n{domain}\n{around}",
    ):
        assert find_links(text)


# Numbers


@pytest.mark.parametrize(
    "text",
    [
        "+1 500 555 0101",
        "(500) 555-0101",
        "0500.55.50.10",
        "15005550101",
        "٠٥٠٠٥٥٥٠١",
        "০৫০০৫৫৫০১০১",
        "call 500-555-0101!",
        "05 00 55 50 10",
    ],
)
def test_a_phone_number_is_found_in_any_script(text: str) -> None:
    assert len(find_phone_numbers(text)) == 1, text


@pytest.mark.parametrize(
    "text",
    [
        "K4711",
        "at 18:00",
        "2026-11-24",
        "24.11.2026",
        "24/11/2026",
        "112",
        "1 3",
        "for 150 000",
        "09.00-12.30",
        "1 Yes\n2 No\n3 Not sure\n0 A person",
    ],
)
def test_times_dates_amounts_and_lists_are_no_phone_numbers(text: str) -> None:
    assert find_phone_numbers(text) == [], text


# The person's own words


def test_a_name_a_message_and_a_run_of_words_do_not_come_back() -> None:
    said = ("My boss Karim Example keeps it, near the old market", "blue house", "+1 500 555 0142", "7788")
    for text in (
        "Is Karim Example there?", "We know the blue house.", "Are you near the old market?", "We called 500 555 0142.", "Code 7788",
        "karim example", "BLUE HOUSE", "٧٧٨٨",
    ):  # fmt: skip
        assert find_own_words(text, said), text
    for text in ("Are you at the market?", "Is the house near?", "Karim", "Please wait until 18:00", "K4711"):
        assert find_own_words(text, said) == [], text


def test_what_we_say_anyway_is_ours_whoever_said_it_too() -> None:
    said = ("thank you", "Thank you for writing", "not sure", "K4711 4711")
    assert find_own_words("Thank you for writing. 4711", said, ("Thank you for writing.", "4711")) == []
    assert find_own_words("Thank you", said) == ["thank you"]


def test_answers_are_no_words_of_ones_own() -> None:
    assert find_own_words("1 Yes\n2 No", ("1", "2", "1 2", "yes")) == []


@given(st.lists(st.sampled_from(["red", "door", "three", "river", "lane"]), min_size=2, max_size=8, unique=True))
def test_no_short_message_comes_back_whole(words: list[str]) -> None:
    said = " ".join(words)
    assert find_own_words(f"You wrote: {said.upper()}!", (said,))
    assert find_own_words(f"You wrote: {said}", (said,), (said,)) == []


# Our own texts


@pytest.fixture(scope="module")
def ours() -> tuple[CatalogueWording, Catalogues]:
    codes = Settings.model_fields["languages"].default
    catalogues = Catalogues.load(PROJECT / "locale", codes)
    return CatalogueWording(load_languages(codes), catalogues), catalogues


FILLED: Mapping[str, str] = {
    "reference": "K4711", "time": "2026-11-24T18:00:00+00:00", "until": "2026-11-24T18:00:00+00:00", "day": "day_monday",
    "number": "112", "phones": "+1 500 555 0101", "name": "Example House", "distance_km": "3", "hours": "", "notes": "", "address": "",
    "languages": "",
}  # fmt: skip


@pytest.mark.parametrize("days", [0, 2, 9])
def test_nothing_we_say_breaks_a_rule_whatever_the_day_and_whoever_wrote_the_same_words_before(
    ours: tuple[CatalogueWording, Catalogues], days: int
) -> None:
    wording, catalogues = ours
    settings = Settings.model_construct()
    today = datetime(2026, 11, 24, 12, tzinfo=UTC)
    for code in wording.codes:
        manner = Manner(code, "sms", None, today - timedelta(days=days))
        for key in sorted(catalogues.keys):
            values = {name: FILLED[name] for name in catalogues.fields(key)}
            say = Say(say=key, values=values)
            parts = render(say, manner, wording, budget=budget_of(key, settings))
            said = tuple(part.body for part in parts)
            broken = broken_rules(parts, key, manner, wording, settings, said=said, ours=[*our_words(say), *said])
            assert broken == [], (code, key, said)


@pytest.mark.parametrize(("code", "typed"), [("es", "por mi"), ("pt", "nao sei"), ("fr", "a tout moment")])
def test_what_was_typed_as_an_sms_shows_it_is_ours(
    ours: tuple[CatalogueWording, Catalogues], code: str, typed: str
) -> None:
    wording, _ = ours
    choices = tuple(Choice(value=value, label=f"choice_{value}") for value in ("for_me", "unsure", "any_time"))
    say = Say(say="ask_for_whom", question="for_whom", choices=choices)
    manner = Manner(code, "sms", None, datetime(2026, 11, 24, tzinfo=UTC))
    parts = render(say, manner, wording, budget=budget_of(say.say, Settings.model_construct()))
    assert broken_rules(parts, say.say, manner, wording, Settings.model_construct(), said=(typed,)) == []


@given(
    st.text(max_size=300),
    st.sampled_from([None, "say_goodbye", "ask_danger", "say_service"]),
    st.lists(st.text(max_size=40), max_size=3),
)
def test_any_text_can_be_checked_and_a_rule_is_named_once(text: str, key: str | None, said: list[str]) -> None:
    findings = check(Draft(text, key, True, tuple(said)), WORDING, SETTINGS)
    names = [finding.rule for finding in findings]
    assert len(names) == len(set(names))
    assert ("too_long" in names) == (count_segments(text).segments > budget_of(key, SETTINGS))


@given(st.text(max_size=80), st.text(max_size=80))
def test_a_forbidden_word_is_found_whatever_stands_around_it(before: str, after: str) -> None:
    assert "forbidden_word" in rules(f"{before} police {after}")
