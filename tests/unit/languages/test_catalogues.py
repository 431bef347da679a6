import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import polib
import pytest

from core.catalogues import CatalogueError, Catalogues
from core.languages import LOCALE

MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Two languages that a test may spoil."""
    for code in ("en", "fr"):
        shutil.copytree(LOCALE / code, tmp_path / code)
    return tmp_path


def spoil(folder: Path, change: Callable[[polib.POFile], None]) -> None:
    path = folder / "fr" / "messages.po"
    catalogue = polib.pofile(str(path))
    change(catalogue)
    catalogue.save(str(path))


def remove(catalogue: polib.POFile) -> None:
    catalogue.remove(catalogue.find("say_later"))


def empty(catalogue: polib.POFile) -> None:
    catalogue.find("say_later").msgstr = ""


def doubt(catalogue: polib.POFile) -> None:
    catalogue.find("say_later").flags.append("fuzzy")


def lose_a_field(catalogue: polib.POFile) -> None:
    catalogue.find("say_bot_failure").msgstr = "Une personne."


def add_a_field(catalogue: polib.POFile) -> None:
    catalogue.find("say_later").msgstr = "{time}"


def reach_into_an_object(catalogue: polib.POFile) -> None:
    catalogue.find("say_bot_failure").msgstr = "{time.__class__}"


def leave_a_brace_open(catalogue: polib.POFile) -> None:
    catalogue.find("say_bot_failure").msgstr = "{time"


def belong_to_another_language(catalogue: polib.POFile) -> None:
    catalogue.metadata["Language"] = "pt"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (remove, "fr: missing: say_later"),
        (empty, "fr: say_later: not translated"),
        (doubt, "fr: say_later: marked as doubtful"),
        (lose_a_field, r"fr: say_bot_failure: fields \[\]"),
        (add_a_field, "fr: say_later: fields"),
        (reach_into_an_object, "fr: say_bot_failure: only plain"),
        (leave_a_brace_open, "fr: say_bot_failure"),
        (belong_to_another_language, "fr: messages.po: its header"),
    ],
)
def test_a_catalogue_that_is_not_whole_is_not_loaded(
    copy: Path, change: Callable[[polib.POFile], None], says: str
) -> None:
    Catalogues.load(copy, ("en", "fr"))
    spoil(copy, change)
    with pytest.raises(CatalogueError, match=says):
        Catalogues.load(copy, ("en", "fr"))


def test_a_language_without_a_folder_or_a_catalogue_is_named(copy: Path) -> None:
    with pytest.raises(CatalogueError, match=r"pt/language\.yml"):
        Catalogues.load(copy, ("en", "pt"))
    (copy / "fr" / "messages.po").unlink()
    with pytest.raises(CatalogueError, match=r"fr: there is no messages\.po"):
        Catalogues.load(copy, ("en", "fr"))


def test_the_version_changes_with_any_text_and_with_nothing_else(copy: Path) -> None:
    before = Catalogues.load(copy, ("en", "fr")).version
    assert Catalogues.load(copy, ("fr", "en")).version == before

    def comment(catalogue: polib.POFile) -> None:
        catalogue.find("say_later").comment = "Another comment for translators."

    spoil(copy, comment)
    assert Catalogues.load(copy, ("en", "fr")).version == before

    def change(catalogue: polib.POFile) -> None:
        catalogue.find("say_later").msgstr += "!"

    spoil(copy, change)
    assert Catalogues.load(copy, ("en", "fr")).version != before


def test_an_unknown_key_language_or_missing_value_is_an_error_that_shows_no_value(catalogues: Catalogues) -> None:
    for key, code in (("say_nothing_like_it", "en"), ("say_later", "xx")):
        with pytest.raises(CatalogueError):
            catalogues.text(key, code)
    with pytest.raises(CatalogueError) as caught:
        catalogues.text("say_emergency", "en", reference="K47")
    assert "time" in str(caught.value)
    assert "K47" not in str(caught.value)


@pytest.mark.parametrize(
    ("code", "today", "later"),
    [
        ("en", "18:05", "Wednesday 18:05"),
        ("fr", "18:05", "mercredi 18:05"),
        ("es", "18:05", "miércoles 18:05"),
        ("pt", "18:05", "quarta-feira 18:05"),
        ("ar", "18:05", "الأربعاء 18:05"),
        ("bn", "সন্ধ্যা 6:05", "বুধবার সন্ধ্যা 6:05"),
    ],
)
def test_a_moment_is_told_by_the_clock_and_with_its_day_when_it_is_not_today(
    catalogues: Catalogues, code: str, today: str, later: str
) -> None:
    for days, expected in ((0, today), (2, later)):
        moment = MONDAY.replace(day=23 + days, hour=18, minute=5)
        text = catalogues.text("say_bot_failure", code, today=MONDAY, time=moment)
        assert expected in text
        assert text == catalogues.text("say_bot_failure", code, today=MONDAY, time=moment.isoformat())
    assert later not in catalogues.text("say_bot_failure", code, today=MONDAY, time=MONDAY.replace(hour=18, minute=5))


def test_a_moment_is_told_in_the_zone_of_the_person(catalogues: Catalogues) -> None:
    late = datetime(2026, 11, 23, 22, 30, tzinfo=UTC)
    text = catalogues.text("say_bot_failure", "en", zone=ZoneInfo("Asia/Dhaka"), today=MONDAY, time=late)
    assert "Tuesday 04:30" in text
    with pytest.raises(CatalogueError, match="zone"):
        catalogues.text("say_bot_failure", "en", time=late.replace(tzinfo=None))


def test_numbers_and_days_are_written_in_the_language_and_plain_texts_stay(catalogues: Catalogues) -> None:
    service = {
        "name": "Casa Exemplo",
        "hours": "",
        "notes": "",
        "phones": "+15005550006",
        "address": None,
        "languages": "Français",
    }
    assert (
        catalogues.text("say_service", "fr", distance_km=3.5, **service)
        == "Casa Exemplo\n3,5 km\n+15005550006\nLangues : Français"
    )
    assert "1 234" in catalogues.text("say_service", "fr", distance_km=1234, **service)
    assert catalogues.text("say_hours_opens", "fr", day="day_monday", time="09:00") == "Ouvre lundi à 09:00"
    assert "2026" in catalogues.text("say_person_coming", "en", reference="2026", time="18:00")


def test_values_are_not_formats(catalogues: Catalogues) -> None:
    assert "{time}" in catalogues.text("say_person_coming", "en", reference="{time}", time="18:00")
    assert "{0.__class__}" in catalogues.text("say_person_coming", "en", reference="{0.__class__}", time="18:00")


def test_languages_are_named_in_the_language_of_the_reader(catalogues: Catalogues) -> None:
    assert [catalogues.name_of("bn", code) for code in ("en", "fr", "ar", "bn")] == [
        "Bangla",
        "bengali",
        "البنغالية",
        "বাংলা",
    ]
    assert catalogues.name_of("not-a-code", "en") == "not-a-code"
