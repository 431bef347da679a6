import pytest
from sqlalchemy import Engine, func, select, text
from sqlalchemy.orm import Session

from core.database import Sessions
from directory import gazetteer
from directory.gazetteer import load_gazetteer
from directory.models import DataImport, Place, PlaceName
from directory.places import look_up


def places(session: Session, country: str) -> int:
    return session.scalar(select(func.count()).select_from(Place).where(Place.country == country)) or 0


def test_the_second_start_loads_nothing_and_a_country_no_longer_served_goes(session: Session) -> None:
    assert load_gazetteer(session, ("LA", "BR")) == 13_293 + 5_890
    assert load_gazetteer(session, ("LA", "BR")) == 0
    assert load_gazetteer(session, ("BR",)) == 0
    assert places(session, "LA") == 0
    assert session.scalar(select(func.count()).select_from(PlaceName).where(PlaceName.country == "LA")) == 0
    assert [row.name for row in session.scalars(select(DataImport))] == ["places:BR"]
    assert look_up(session, "Belém", "BR")[0].region == "Pará"


def test_when_names_are_compared_in_another_way_they_are_loaded_anew(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_gazetteer(session, ("LA",))
    monkeypatch.setattr(gazetteer, "_digest", lambda _: "another")
    assert load_gazetteer(session, ("LA",)) == 13_293
    assert places(session, "LA") == 13_293


def test_a_load_that_fails_leaves_the_gazetteer_as_it_was(database: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    sessions = Sessions(database)
    with sessions.begin() as session:
        load_gazetteer(session, ("LA",))
    monkeypatch.setattr(gazetteer, "_digest", lambda _: "another")
    monkeypatch.setattr(gazetteer, "normalise", lambda _: None)
    with pytest.raises(TypeError), sessions.begin() as session:
        load_gazetteer(session, ("LA",))
    with sessions.begin() as session:
        assert places(session, "LA") == 13_293
        assert session.scalar(text("SELECT count(*) FROM pg_indexes WHERE indexname = 'ix_place_name_trigram'")) == 1


@pytest.mark.parametrize("name", ["a\tb", "a\\b", "a\nb", "\\N", "\\.", "é\\\t"])
def test_a_name_with_the_signs_of_the_copy_format_arrives_as_it_is(session: Session, name: str) -> None:
    row = gazetteer._Row("w1", "LA", "locality", name, 1.0, 2.0, 0, None, ())
    gazetteer._copy(session, [row])
    assert session.get_one(Place, "w1").name == name
    assert session.get_one(Place, "w1").region is None


def test_codes_are_not_taken_for_names(world: Session) -> None:
    for code in ("bd", "bgd", "ma", "sao", "za"):
        assert not world.scalars(
            select(PlaceName.name).where(PlaceName.normalised == code, PlaceName.name == code.upper())
        ).all()
