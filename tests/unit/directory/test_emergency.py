from datetime import date, timedelta
from pathlib import Path

import pytest

from directory.emergency import number_for, numbers

TODAY = date(2030, 6, 30)
COUNTRIES = ("BD", "BR", "BY", "LA", "MA", "ML", "ZA")


def data(folder: Path, verified_by: str, verified_on: str) -> Path:
    path = folder / "numbers.yml"
    path.write_text(
        "BD:\n"
        "  - {number: '000', kinds: [any], verified_by: null, verified_on: null}\n"
        f"  - {{number: '001', kinds: [any], verified_by: {verified_by}, verified_on: {verified_on}}}\n",
        encoding="utf-8",
    )
    return path


def test_no_number_ships_verified() -> None:
    assert {entry.country for entry in numbers()} == set(COUNTRIES)
    assert all(entry.verified_by is None and entry.verified_on is None and entry.note for entry in numbers())


@pytest.mark.parametrize("country", [*COUNTRIES, "XX", None])
def test_an_unverified_number_is_told_to_nobody(country: str | None) -> None:
    assert number_for(country, demonstration=False) is None


@pytest.mark.parametrize("country", COUNTRIES)
def test_a_demonstration_shows_what_would_be_told(country: str) -> None:
    assert number_for(country, demonstration=True) == next(e.number for e in numbers() if e.country == country)


@pytest.mark.parametrize("country", ["XX", None])
def test_where_nothing_is_known_a_demonstration_has_nothing_either(country: str | None) -> None:
    assert number_for(country, demonstration=True) is None


@pytest.mark.parametrize(
    ("days", "told"),
    [(0, "001"), (90, "001"), (91, None), (-1, None)],
    ids=["today", "last day", "too old", "tomorrow"],
)
def test_a_verification_holds_for_ninety_days(tmp_path: Path, days: int, told: str | None) -> None:
    path = data(tmp_path, "duty officer", str(TODAY - timedelta(days=days)))
    assert number_for("BD", demonstration=False, today=TODAY, path=path) == told
    assert number_for("BD", demonstration=True, today=TODAY, path=path) == (told or "000")


def test_a_date_without_a_name_verifies_nothing(tmp_path: Path) -> None:
    assert number_for("BD", demonstration=False, today=TODAY, path=data(tmp_path, "null", str(TODAY))) is None


def test_a_date_in_quotes_is_refused_rather_than_never_counted(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="verified_on"):
        number_for("BD", demonstration=False, path=data(tmp_path, "duty officer", f"'{TODAY}'"))
