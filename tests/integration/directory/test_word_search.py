"""Real words in five scripts, and the tokenizers that people write first and that miss them."""

import re
import unicodedata
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.orm import Session

from directory import word_search
from directory.models import Organization
from directory.search import TextFilters, text_search
from directory.text import normalise
from tests.integration.directory.builders import add_service

ENTRIES = {
    "bn": "কক্সবাজারে আইনি সহায়তা কেন্দ্র, নারী ও শিশুদের থাকার জায়গা",
    "bn cover": "ঢেকে রাখা খাবার",
    "lo": "ຊ່ວຍເຫຼືອດ້ານກົດໝາຍ ແລະ ນ້ຳດື່ມສຳລັບແມ່ຍິງ",
    "ar": "مركز المساعدة القانونية للنساء والأطفال في الدار البيضاء",
    "ru": "Юридическая помощь и ночлег для семей с детьми",
    "pt": "Assistência jurídica e alojamento em São Paulo",
    "en": "Legal help and a bed for the night; HIV and TB tests",
}
QUERIES = [
    ("কক্সবাজার", ["bn"], "parts"),
    ("আইনি সহায়তা", ["bn"], "words"),
    ("নারী", ["bn"], "words"),
    ("সহায়তা", ["bn"], "words"),  # y with its dot as two signs
    ("ঢাকা", [], None),
    ("ກົດໝາຍ", ["lo"], "parts"),
    ("ກົດຫມາຍ", ["lo"], "parts"),  # the other way to write hmo
    ("ນ້ຳ", ["lo"], "parts"),
    ("ແມ່ຍິງ", ["lo"], "parts"),
    ("المساعدة القانونية", ["ar"], "words"),
    ("المساعده القانونيه", ["ar"], "words"),
    ("مساعدة", ["ar"], "parts"),
    ("الأَطفَال", ["ar"], "parts"),
    ("юридическая помощь", ["ru"], "words"),
    ("НОЧЛЕГ", ["ru"], "words"),
    ("детьми", ["ru"], "words"),
    ("juridica", ["pt"], "words"),
    ("jurídica", ["pt"], "words"),
    ("ASSISTÊNCIA", ["pt"], "words"),
    ("sao paulo", ["pt"], "words"),
    ("tb", ["en"], "words"),
    ("hiv te", ["en"], "parts"),
    # misspelt
    ("asistencia", ["pt"], "similar"),
    ("юредическая", ["ru"], "similar"),
    ("القانونيا", ["ar"], "similar"),
]


@pytest.fixture
def entries(session: Session) -> dict[str, Any]:
    organization = Organization(name="Builder's own")
    session.add(organization)
    session.flush()
    return {
        code: add_service(session, organization, words, search_text=normalise(words), listing="draft").id
        for code, words in ENTRIES.items()
    }


def found(session: Session, entries: dict[str, Any], words: str, **filters: Any) -> list[str]:
    codes = {id_: code for code, id_ in entries.items()}
    return [codes[hit.service_id] for hit in text_search(session, words, TextFilters(**filters))]


def test_words_are_found_in_every_script_with_and_without_accents(session: Session, entries: dict[str, Any]) -> None:
    for words, expected, how in QUERIES:
        assert found(session, entries, words) == expected, words
        assert [hit.how for hit in text_search(session, words)] == [how] * len(expected), words


def _marks_split(words: str) -> str:
    return " ".join(re.findall(r"\w+", words.casefold()))


def _nfkc(words: str) -> str:
    return unicodedata.normalize("NFKC", words).casefold()


def _accents_kept(words: str) -> str:
    return unicodedata.normalize("NFC", words).casefold()


def _between_spaces(words: str) -> list[str]:
    return normalise(words).split()


WRONG: list[tuple[str, Callable[[str], str], set[str]]] = [
    ("words of a regular expression", _marks_split, {"কক্সবাজার", "নারী", "ແມ່ຍິງ", "الأَطفَال"}),
    ("NFKC", _nfkc, {"ນ້ຳ", "jurídica", "ASSISTÊNCIA"}),
    ("accents kept", _accents_kept, {"jurídica", "المساعدة القانونية", "ກົດໝາຍ"}),
]


@pytest.mark.parametrize(("wrong", "misses"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG])
def test_a_plausible_wrong_way_to_write_words_misses_them(
    session: Session, entries: dict[str, Any], monkeypatch: pytest.MonkeyPatch, wrong: Callable[[str], str], misses: set[str]
) -> None:  # fmt: skip
    """The words of what is asked, made in another way than those of what is stored."""
    monkeypatch.setattr(word_search, "normalise", wrong)
    monkeypatch.setattr(word_search, "_alike", lambda *_: [])
    missed = {words for words, expected, _ in QUERIES if found(session, entries, words) != expected}
    assert missed >= misses


@pytest.mark.parametrize(
    ("cut", "misses"),
    [
        (_between_spaces, {"ກົດໝາຍ", "ນ້ຳ", "ແມ່ຍິງ", "কক্সবাজার", "مساعدة"}),
        # the same wrong letters on both sides: no luck either, it finds the cover of food for Dhaka
        (lambda words: _marks_split(words).split(), {"ঢাকা", "juridica", "المساعده القانونيه"}),
        (lambda words: _nfkc(words).split(), {"juridica", "sao paulo", "المساعده القانونيه", "ກົດຫມາຍ"}),
        (lambda words: _accents_kept(words).split(), {"juridica", "sao paulo", "ກົດຫມາຍ"}),
    ],
    ids=["words between spaces", "words of a regular expression", "NFKC", "accents kept"],
)
def test_a_wrong_tokenizer_on_both_sides_misses_words_too(cut: Callable[[str], list[str]], misses: set[str]) -> None:
    """An index of words made by the wrong tokenizer, searched by the same one."""
    index = {code: set(cut(words)) for code, words in ENTRIES.items()}
    missed = {
        words
        for words, expected, how in QUERIES
        if how != "similar" and [code for code, held in index.items() if set(cut(words)) <= held] != expected
    }
    assert missed >= misses


def test_filters_narrow_and_whole_words_come_first(session: Session, entries: dict[str, Any]) -> None:
    organization = Organization(name="Another")
    session.add(organization)
    session.flush()
    for name, values in {
        "legal": {},
        "legalization": {},
        "legal abroad": {"country": "MA"},
        "legal and food": {"needs": ("food_cash",)},
    }.items():
        entries[name] = add_service(
            session, organization, name, search_text=name, languages=("fr",) if name == "legal" else (), **values
        ).id
    assert found(session, entries, "legal", country="BD", listing="published")[-1] == "legalization"
    assert found(session, entries, "legal", country="MA") == ["legal abroad"]
    assert found(session, entries, "legal", need="food_cash") == ["legal and food"]
    assert found(session, entries, "legal", language="fr") == ["legal"]
    assert found(session, entries, "legal", listing="draft") == ["en"]
    assert found(session, entries, "legal", organization_id=organization.id, limit=1) in (
        ["legal"],
        ["legal and food"],
        ["legal abroad"],
    )


@pytest.mark.parametrize("words", ["", "  ", "%", "_", "\\", "' OR 1=1 --", "🙏", "\x00"])
def test_what_is_no_word_finds_nothing_and_breaks_nothing(
    session: Session, entries: dict[str, Any], words: str
) -> None:
    assert found(session, entries, words) == []
