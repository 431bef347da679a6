import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.languages import find_forbidden, load_languages
from directory.models import NEEDS

FOLDER = Path(__file__).parents[3] / "directory" / "data" / "examples"
LANGUAGES = ("en", "fr", "ar", "bn", "es", "pt", "ru", "lo")
COUNTRIES = ("BR", "ZA", "BD", "MA")
KINDS: dict[str, dict[str, Any]] = yaml.safe_load((FOLDER / "kinds.yml").read_text(encoding="utf-8"))
MARKS = {
    "en": "(example)", "fr": "(exemple)", "ar": "(مثال)", "bn": "(উদাহরণ)",
    "es": "(ejemplo)", "pt": "(exemplo)", "ru": "(пример)", "lo": "(ຕົວຢ່າງ)",
}  # fmt: skip


def country(code: str) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((FOLDER / f"{code}.yml").read_text(encoding="utf-8"))
    return content


@pytest.mark.parametrize("kind", KINDS)
def test_every_name_says_in_every_language_that_it_is_an_example(kind: str) -> None:
    assert set(KINDS[kind]["texts"]) == set(LANGUAGES)
    for language, text in KINDS[kind]["texts"].items():
        assert MARKS[language] in text["name"]


@pytest.mark.parametrize("kind", KINDS)
def test_no_name_or_description_gives_a_person_away(kind: str) -> None:
    languages = load_languages(LANGUAGES)
    for text in KINDS[kind]["texts"].values():
        for part in text.values():
            assert find_forbidden(part, languages.values(), promises=True) is None


@pytest.mark.parametrize("code", COUNTRIES)
def test_each_country_has_every_need_and_every_kind_of_limit(code: str) -> None:
    used = [KINDS[entry["kind"]] for entry in country(code)["services"]]
    assert {need for kind in used if not kind.get("hotline") for need in kind["needs"]} == set(NEEDS)
    assert any(kind.get("eligible_sex") == "female" for kind in used)
    assert any(kind.get("maximum_age") == 17 for kind in used)
    assert any(kind.get("confidential") for kind in used)
    assert {rule["kind"] for kind in used for rule in kind["schedules"]} >= {
        "weekly",
        "always",
        "unknown",
        "appointment",
    }


def test_every_telephone_number_is_of_a_range_that_nobody_has_and_no_two_are_equal() -> None:
    numbers = [number for code in COUNTRIES for entry in country(code)["services"] for number in entry["phones"]]
    assert len(set(numbers)) == len(numbers)
    assert all(re.fullmatch(r"\+1500555\d{4}", number) for number in numbers)


@pytest.mark.parametrize("code", COUNTRIES)
def test_a_hidden_house_has_no_public_address_and_only_the_middle_of_its_area(code: str) -> None:
    hidden = [entry for entry in country(code)["services"] if KINDS[entry["kind"]].get("confidential")]
    assert hidden
    for entry in hidden:
        assert "address" not in entry
        assert "at" not in entry
        assert all(round(degrees, 1) == degrees for degrees in entry["area"])
