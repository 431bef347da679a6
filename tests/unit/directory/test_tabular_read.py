"""A tabular package, zipped or not, is joined into entries; what points nowhere is named; a bomb is not opened."""

import csv
import io
import zipfile
from pathlib import Path
from typing import Any

import pytest

from directory.exchange.entries import Unreadable
from directory.exchange.errors import UnreadableError
from directory.exchange.from_hsds import HsdsEntry
from directory.exchange.tabular import read

TABLES: dict[str, list[dict[str, Any]]] = {
    "organizations": [{"id": "o1", "name": "House (example)", "description": "Invented"}],
    "services": [
        {"id": "s1", "organization_id": "o1", "name": "Beds (example)", "status": "active", "minimum_age": "18"},
        {"id": "s2", "organization_id": "o1", "name": "Advice (example)", "status": "active"},
        {"id": "s3", "organization_id": "gone", "name": "Lost (example)", "status": "active"},
    ],
    "locations": [{"id": "l1", "name": "Office", "location_type": "physical", "latitude": "23.81", "longitude": "90.41"}],
    "service_at_locations": [{"id": "a1", "service_id": "s1", "location_id": "l1"}],
    "addresses": [{"id": "d1", "location_id": "l1", "address_1": "1 Example Street (example)", "city": "Dhaka", "country": "BD",
                   "address_type": "physical"}],
    "phones": [
        {"id": "p1", "service_id": "s1", "number": "+15005550100"}, {"id": "p2", "location_id": "l1", "number": "+15005550101"},
        {"id": "p3", "contact_id": "c1", "number": "+15005550102"}, {"id": "p4", "service_at_location_id": "a1", "number": "+15005550103"},
    ],
    "contacts": [{"id": "c1", "service_id": "s1", "name": "Reception"}],
    "schedules": [{"id": "h1", "service_id": "s1", "freq": "WEEKLY", "byday": "MO", "opens_at": "09:00", "closes_at": "10:00",
                   "timezone": "6"}],
    "languages": [{"id": "g1", "service_id": "s1", "code": "bn"}, {"id": "g2", "phone_id": "p1", "code": "en"}],
    "attributes": [{"id": "t1", "link_id": "s1", "link_entity": "service", "taxonomy_term_id": "n1"}],
    "taxonomy_terms": [{"id": "n1", "code": "shelter", "name": "Shelter", "taxonomy_id": "x1"}],
    "taxonomies": [{"id": "x1", "name": "Waymark needs", "description": ""}],
    "service_capacities": [{"id": "k1", "service_id": "s1", "unit_id": "u1", "available": "3", "updated": "2026-10-01T00:00:00Z"}],
    "units": [{"id": "u1", "name": "bed"}],
}  # fmt: skip


def table(rows: list[dict[str, Any]]) -> str:
    out = io.StringIO()
    columns = list(dict.fromkeys(column for row in rows for column in row))
    writer = csv.DictWriter(out, columns, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def package(path: Path, tables: dict[str, list[dict[str, Any]]], *, zipped: bool) -> Path:
    if zipped:
        with zipfile.ZipFile(path / "package.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("datapackage.json", "{}")
            for name, rows in tables.items():
                archive.writestr(f"folder/{name}.csv", table(rows))
        return path / "package.zip"
    for name, rows in tables.items():
        (path / f"{name}.csv").write_text(table(rows), encoding="utf-8")
    return path


@pytest.mark.parametrize("zipped", [True, False])
def test_the_tables_are_joined(tmp_path: Path, zipped: bool) -> None:  # noqa: FBT001
    beds, advice, lost = list(read(package(tmp_path, TABLES, zipped=zipped), "BD"))
    assert (beds.where, advice.where, lost.where) == ("services.csv row 2", "services.csv row 3", "services.csv row 4")
    assert isinstance(beds, HsdsEntry)
    asked = beds.asks(None)
    assert asked.errors == []
    record = asked.record
    assert record is not None
    assert (record.organization.name, record.minimum_age, record.needs, record.languages) == (
        "House (example)", 18.0, ("shelter",), ("bn",),
    )  # fmt: skip
    assert (record.phones[0].number, record.phones[0].languages) == ("+15005550100", ("en",))
    assert record.contacts[0].phones[0].number == "+15005550102"
    assert [phone.number for phone in record.locations[0].phones] == ["+15005550101", "+15005550103"]
    assert record.locations[0].addresses[0].address_1 == "1 Example Street (example)"
    assert (record.schedules[0].timezone, record.capacities[0].unit) == ("Asia/Dhaka", "bed")
    assert isinstance(advice, HsdsEntry)
    assert isinstance(lost, Unreadable)
    assert [(one.column, one.code) for one in lost.problems] == [("organization_id", "pieces")]


def test_a_package_without_services_is_none(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="no table of services"):
        list(read(package(tmp_path, {"phones": TABLES["phones"]}, zipped=True)))


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("services.csv", b"id,name\n" + b"0" * 30_000_000)
    with pytest.raises(UnreadableError, match="grows far too large"):
        list(read(path))


@pytest.mark.parametrize("name", ["../../services.csv", "/tmp/services.csv", "a/../services.csv"])  # noqa: S108
def test_a_path_in_an_archive_leads_nowhere(tmp_path: Path, name: str) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, table(TABLES["services"]))
        archive.writestr("organizations.csv", table(TABLES["organizations"]))
    assert len(list(read(path, "BD"))) == 3
    assert sorted(one.name for one in tmp_path.iterdir()) == ["x.zip"]


def test_an_archive_that_is_none_is_said_to_be_so(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    path.write_bytes(b"PK\x03\x04 nothing")
    with pytest.raises(UnreadableError):
        list(read(path))
