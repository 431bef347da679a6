"""A leaflet shows what the bot would tell, in the reader's language and script, and nothing of a hidden house."""

import json
from datetime import date, time
from pathlib import Path

import pytest
import yaml
from sqlalchemy.orm import Session

from core.catalogues import Catalogues
from core.settings import PROJECT, Settings
from directory.confidential import ConfidentialAddress
from directory.leaflet import EmptyLeafletError, Leaflet, contents, hours, make_leaflet, set_page
from directory.places import PlaceRef
from directory.records import ScheduleRecord
from directory.seed import seed_examples

DHAKA = PlaceRef("w1", "Dhaka", "BD", "locality", 23.8, 90.4, 10_000_000)
TODAY = date(2026, 11, 28)
LANGUAGES = Settings.model_fields["languages"].default
FONTS = {"ar": b"NotoSansArabic", "bn": b"NotoSansBengali", "lo": b"NotoSansLao", "ru": b"NotoSans-"}


@pytest.fixture(scope="module")
def catalogues() -> Catalogues:
    return Catalogues.load(PROJECT / "locale", LANGUAGES)


def of(language: str, *, demonstration: bool = True, place: PlaceRef = DHAKA) -> Leaflet:
    return Leaflet(place, language, demonstration, TODAY)


def test_the_leaflet_of_a_place_shows_its_services_and_gives_no_hidden_house_away(
    session: Session, settings: Settings, catalogues: Catalogues
) -> None:
    seed_examples(session, settings)
    for language in LANGUAGES:
        content = contents(session, catalogues, of(language))
        text = json.dumps(content, ensure_ascii=False)
        names = [service["name"].strip("\u2068\u2069") for group in content["groups"] for service in group["services"]]
        kinds = yaml.safe_load((PROJECT / "directory/data/examples/kinds.yml").read_text())
        assert any(name.startswith(kinds["night"]["texts"][language]["name"].split("{")[0]) for name in names)
        assert catalogues.text("say_confidential_address", language) in text
        assert catalogues.text("say_example_note", language) in text
        for house in session.query(ConfidentialAddress):
            assert house.address
            assert house.address not in text
        assert "Cox" not in text or language != "en", "the other town of the country is far"
        assert len(names) == len(set(names)), "each service once"


def test_outside_a_demonstration_nothing_invented_is_printed(
    session: Session, settings: Settings, catalogues: Catalogues
) -> None:
    seed_examples(session, settings)
    with pytest.raises(EmptyLeafletError):
        contents(session, catalogues, of("en", demonstration=False))
    with pytest.raises(EmptyLeafletError):
        contents(session, catalogues, of("en", place=PlaceRef("w2", "Vientiane", "LA", "locality", 17.9, 102.6, 0)))


@pytest.mark.parametrize("language", FONTS)
def test_the_pdf_is_set_in_the_fonts_of_its_script(
    session: Session, settings: Settings, catalogues: Catalogues, language: str
) -> None:
    seed_examples(session, settings)
    made = make_leaflet(session, catalogues, of(language))
    assert made.startswith(b"%PDF-")
    assert FONTS[language] in made


def test_a_picture_of_a_page_can_be_looked_at(catalogues: Catalogues) -> None:
    content = {
        "title": "T", "language": "en", "direction": "ltr", "intro": "#panic() *b*", "example": "", "date": "1", "groups": [],
    }  # fmt: skip
    (picture,) = [made] if isinstance(made := set_page(content, "png"), bytes) else made
    assert picture.startswith(b"\x89PNG")


def test_every_language_has_its_letters_in_our_fonts(catalogues: Catalogues) -> None:
    """Typst warns of nothing when a letter is missing: it prints a box. So the letters are looked for in the fonts' own tables."""
    covered = set().union(*(_letters(path) for path in (PROJECT / "directory/data/fonts").glob("*.ttf")))
    for language in LANGUAGES:
        text = "".join(catalogues.template(key, language) for key in catalogues.keys)
        assert {sign for sign in text if sign.isalnum()} <= {chr(code) for code in covered}, language


def _letters(path: Path) -> set[int]:
    """The characters of a font: the groups of its `cmap` table (formats 4 and 12)."""
    data = path.read_bytes()

    def number(at: int, size: int) -> int:
        return int.from_bytes(data[at : at + size])

    tables = {data[at : at + 4]: number(at + 8, 4) for at in range(12, 12 + 16 * number(4, 2), 16)}
    start, found = tables[b"cmap"], set()
    for index in range(number(start + 2, 2)):
        at = start + number(start + 8 + 8 * index, 4)
        if number(at, 2) == 12:
            for group in range(number(at + 12, 4)):
                first, last = number(at + 16 + 12 * group, 4), number(at + 20 + 12 * group, 4)
                found |= set(range(first, last + 1))
        elif number(at, 2) == 4:
            segments = number(at + 6, 2)
            for segment in range(0, segments, 2):
                last, first = number(at + 14 + segment, 2), number(at + 16 + segments + segment, 2)
                found |= set(range(first, last + 1))
    return found


def test_hours_are_said_in_words_and_what_is_not_known_is_said_to_be_so(catalogues: Catalogues) -> None:
    def rule(kind: str, byday: str | None = None, **values: object) -> ScheduleRecord:
        times = {"opens_at": time(9), "closes_at": time(17)} if kind == "weekly" else {}
        return ScheduleRecord(kind=kind, timezone="Asia/Dhaka", byday=byday, **{**times, **values})  # type: ignore[arg-type]

    said = hours([rule("weekly", "MO,TU,WE,FR,SA")], catalogues, "en", TODAY)
    assert said[0].startswith("Monday – Wednesday, Friday, Saturday: \u206609:00-17:00")
    assert said[0].endswith("\u2069")
    assert hours([rule("always")], catalogues, "en", TODAY) == ["Open day and night"]
    assert hours([rule("appointment")], catalogues, "en", TODAY) == [catalogues.text("say_hours_appointment", "en")]
    for nothing in ([], [rule("unknown")], [rule("weekly", "MO", valid_to=date(2026, 1, 1))]):
        assert hours(nothing, catalogues, "en", TODAY) == [catalogues.text("say_hours_unknown", "en")]
    closed = rule("closure", valid_from=date(2026, 12, 24), valid_to=date(2026, 12, 26))
    assert hours([rule("always"), closed], catalogues, "en", TODAY)[-1] == catalogues.text("say_hours_unknown", "en"), (
        "paper outlives a feast: who reads it rings first"
    )
