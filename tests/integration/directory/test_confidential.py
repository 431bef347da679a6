import ast
import base64
import math
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import inspect, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

import directory.models  # noqa: F401
from core.database import Base
from directory.confidential import ConfidentialAddress
from directory.models import Address, Location, Organization, ServiceAtLocation
from directory.places import look_up
from directory.search import SearchRequest, find
from tests.integration.directory.builders import add_service

PROJECT = Path(__file__).resolve().parents[3]
ADDRESS = "77 Quiet Banyan Lane"
TRUE_POINT = (23.81234, 90.43219)
AREA = (23.8, 90.4)
NOON = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
MAY_NAME_IT = {
    "directory/confidential.py", "directory/models.py", "directory/seed.py", "directory/guarding.py", "directory/hiding.py",
    "directory/exchange/guard.py",
    "desk/web_directory_confidential.py",  # the one page that shows them: for a purpose, after a fresh sign-in, each look on record
}  # fmt: skip


@pytest.fixture
def hidden(world: Session, organization: Organization) -> Location:
    service = add_service(world, organization, "house", is_confidential=True)
    location = Location(
        organization_id=organization.id, country="BD", latitude=AREA[0], longitude=AREA[1], is_confidential=True
    )
    world.add(location)
    world.flush()
    world.add(ServiceAtLocation(service_id=service.id, location_id=location.id))
    world.add(ConfidentialAddress(location_id=location.id, address=ADDRESS, point=f"{TRUE_POINT[0]},{TRUE_POINT[1]}"))
    world.flush()
    return location


def needles() -> list[bytes]:
    plain = [ADDRESS, ADDRESS.upper(), "Banyan", str(TRUE_POINT[0]), str(TRUE_POINT[1])]
    return [word.encode() for word in plain] + [base64.b64encode(ADDRESS.encode()), ADDRESS.encode("utf-16-le")]


def test_no_column_of_any_table_holds_the_address_in_the_clear(world: Session, hidden: Location) -> None:
    seen = 0
    for table in inspect(world.connection()).get_table_names():
        if table in ("place", "place_name") or table.startswith("procrastinate"):
            continue
        for row in world.execute(text(f'SELECT * FROM "{table}"')):  # noqa: S608
            for value in row:
                content = bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()
                seen += 1
                assert not any(needle in content for needle in needles()), table
    assert seen > 20


def test_the_stored_bytes_are_an_envelope_that_opens_only_in_its_row(world: Session, hidden: Location) -> None:
    stored = world.query(ConfidentialAddress).filter_by(location_id=hidden.id).one()
    assert stored.address_encrypted is not None
    assert len(stored.address_encrypted) > len(ADDRESS)
    world.expire(stored)
    assert stored.address == ADDRESS


@pytest.mark.parametrize("place", [None, "Dhaka", "Sylhet", "Cox's Bazar", "Teknaf"])
def test_no_result_tells_where_a_hidden_house_is(world: Session, hidden: Location, place: str | None) -> None:
    ref = look_up(world, place, "BD")[0] if place else None
    result = find(world, SearchRequest("BD", ("shelter",), ref.id if ref else None, limit=50), at=NOON)
    house = next(service for service in result.services if service.name == "house")
    assert house.address is None
    assert house.confidential_address
    assert not any(needle in repr(asdict(house)).encode() for needle in needles())
    if ref is None:
        assert house.distance_km is None
    else:
        assert house.distance_km is not None
        assert house.distance_km % 10 == 0


def test_distances_from_many_places_do_not_lead_to_the_house(world: Session, hidden: Location) -> None:
    """Whoever asks from many places learns the middle of the area, however the true point lies in it."""
    answers = []
    for name in ("Dhaka", "Sylhet", "Khulna", "Rajshahi", "Chittagong", "Rangpur", "Barisal", "Mymensingh"):
        ref = look_up(world, name, "BD")[0]
        found = find(world, SearchRequest("BD", ("shelter",), ref.id, limit=50), at=NOON).services
        answers.append(next(service.distance_km for service in found if service.name == "house"))
    hidden.latitude, hidden.longitude = AREA
    world.query(ConfidentialAddress).delete()
    again = []
    for name in ("Dhaka", "Sylhet", "Khulna", "Rajshahi", "Chittagong", "Rangpur", "Barisal", "Mymensingh"):
        ref = look_up(world, name, "BD")[0]
        found = find(world, SearchRequest("BD", ("shelter",), ref.id, limit=50), at=NOON).services
        again.append(next(service.distance_km for service in found if service.name == "house"))
    assert answers == again


@pytest.mark.parametrize(
    "values",
    [
        {"latitude": TRUE_POINT[0], "longitude": TRUE_POINT[1]},
        {"latitude": 23.81, "longitude": 90.4},
        {"latitude": 23.8, "longitude": 90.43},
    ],
)
def test_the_database_refuses_a_hidden_location_that_says_more_than_its_area(
    world: Session, organization: Organization, values: dict[str, object]
) -> None:
    world.add(Location(organization_id=organization.id, country="BD", is_confidential=True, **values))
    with pytest.raises(IntegrityError, match="ck_location_confidential"):
        world.flush()


def test_the_database_refuses_an_address_at_a_hidden_location(
    world: Session, organization: Organization, hidden: Location
) -> None:
    for claimed, refusal in ((True, "ck_address_not_confidential"), (False, "fk_address_location")):
        place = world.begin_nested()
        world.add(Address(location_id=hidden.id, location_is_confidential=claimed, address_1=ADDRESS, country="BD"))
        with pytest.raises(IntegrityError, match=refusal):
            world.flush()
        place.rollback()


def test_a_location_that_still_has_an_address_cannot_be_hidden(world: Session, organization: Organization) -> None:
    service = add_service(world, organization, "open house", at=(23.8, 90.4))
    service.at_locations[0].location.is_confidential = True
    with pytest.raises(IntegrityError, match="ck_address_not_confidential"):
        world.flush()


def test_a_hidden_service_at_a_location_that_nobody_hid_is_not_placed_at_all(
    world: Session, organization: Organization
) -> None:
    add_service(world, organization, "forgotten", at=TRUE_POINT, is_confidential=True, location={"address_1": ADDRESS})
    for place_id in (None, look_up(world, "Dhaka", "BD")[0].id):
        result = find(world, SearchRequest("BD", ("shelter",), place_id, limit=50), at=NOON)
        # Even rounded, a distance from its door is a distance from its door.
        assert all(service.distance_km is None for service in result.services)
        assert not any(needle in repr(result.services).encode() for needle in needles())


def test_a_public_service_in_a_hidden_house_does_not_give_it_away(
    world: Session, organization: Organization, hidden: Location
) -> None:
    service = add_service(world, organization, "advice in the house", needs=("legal",))
    world.add(ServiceAtLocation(service_id=service.id, location_id=hidden.id))
    world.flush()
    found = find(world, SearchRequest("BD", ("legal",), look_up(world, "Dhaka", "BD")[0].id), at=NOON).services[0]
    assert (found.address, found.confidential_address) == (None, True)
    assert found.distance_km is not None
    assert math.fmod(found.distance_km, 10) == 0


def test_only_three_modules_of_the_product_may_name_the_true_addresses() -> None:
    naming = set()
    for room in ("app", "bot", "cases", "core", "desk", "directory", "gateway", "screening"):
        for path in (PROJECT / room).rglob("*.py"):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            imported = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
            imported += [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
            imported += [
                f"{node.module}.{alias.name}"
                for node in ast.walk(tree)
                if isinstance(node, ast.ImportFrom)
                for alias in node.names
            ]
            by_import = any(name.startswith("directory.confidential") for name in imported)
            if by_import or "confidential_address_" in path.read_text(encoding="utf-8"):
                naming.add(path.relative_to(PROJECT).as_posix())
    assert naming <= MAY_NAME_IT


def test_no_searchable_model_has_a_way_to_the_true_address() -> None:
    for mapper in Base.registry.mappers:
        if mapper.class_ is not ConfidentialAddress:
            targets = {relationship.mapper.class_ for relationship in mapper.relationships}
            assert ConfidentialAddress not in targets
