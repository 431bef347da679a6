"""Whatever a file says in whatever column, nothing of a confidential house comes into the directory, a plan or a log line by it."""

import csv
import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import inspect, text
from sqlalchemy.orm import Session

from directory.confidential import ConfidentialAddress
from directory.exchange import Plan, Source, apply, dry_run
from directory.exchange.columns import headers
from directory.exchange.template import write_csv
from directory.hsds.documents import Reader, service_document
from directory.hsds.entries import all_entries, published
from directory.hsds.tabular import Package
from directory.records import ServiceRecord
from directory.review import listing
from directory.writing import read, write

STREET = "77 Quiet Banyan Lane"
POINT = ("23.81234", "90.43219")
NUMBER = "+8801500555999"
SECRETS = (STREET, STREET.upper(), f"{POINT[0]},{POINT[1]}", f"{POINT[0]} {POINT[1]}", NUMBER, "01500-555999")
NEEDLES = (
    STREET.encode(),
    STREET.upper().encode(),
    POINT[0].encode(),
    POINT[1].encode(),
    b"1500555999",
    b"Banyan",
    b"banyan",
)
COLUMNS = headers(("bn", "fr"))
FREE = [name for name in COLUMNS if name not in ("id", "location id")]
OWN = {"needs": "shelter", "country": "BD"}


def house(session: Session) -> UUID:
    record = ServiceRecord.model_validate({
        "organization": {"name": "House (example)"}, "country": "BD", "name": "Night beds (example)", "is_confidential": True,
        "phones": [{"number": "+15005550100"}],
        "locations": [{"country": "BD", "city": "Dhaka", "latitude": 23.8, "longitude": 90.4, "is_confidential": True}],
    })  # fmt: skip
    service = write(session, record, by="tester", source="form").service
    stored = read(session, service.id)
    session.add(
        ConfidentialAddress(
            location_id=stored.locations[0].id, address=f"{STREET}, Mirpur", point=",".join(POINT), phones=NUMBER
        )
    )
    session.flush()
    session.info.clear()
    return service.id


def told(session: Session) -> Iterator[tuple[str, bytes]]:
    """Every value of every table but the encrypted ones."""
    for table in inspect(session.connection()).get_table_names():
        if table in ("place", "place_name", "alembic_version") or table.startswith("procrastinate"):
            continue
        for row in session.execute(text(f'SELECT * FROM "{table}"')):  # noqa: S608
            for value in row:
                yield table, bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()


def stays_out(session: Session, plans: list[Plan], log: str, service_id: UUID, before: ServiceRecord) -> None:
    """No secret in a plan, in the log or in a table, and the house as it was."""
    said = "".join(json.dumps(plan.as_json()) for plan in plans).encode() + log.encode()
    assert not [needle for needle in NEEDLES if needle in said]
    for table, value in told(session):
        assert not [needle for needle in NEEDLES if needle in value], table
    assert read(session, service_id) == before


@settings(
    max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)  # fmt: skip
@given(
    column=st.sampled_from(FREE), second=st.sampled_from(FREE), secret=st.sampled_from(SECRETS), around=st.sampled_from(("{}", "x {} y")),
    of_house=st.booleans(), opened=st.booleans(),
)  # fmt: skip
def test_a_secret_in_any_column_stays_out(  # noqa: PLR0917  hypothesis names its arguments
    session: Session,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    column: str,
    second: str,
    secret: str,
    around: str,
    of_house: bool,  # noqa: FBT001
    opened: bool,  # noqa: FBT001
) -> None:
    savepoint = session.begin_nested()
    service_id = house(session)
    before = read(session, service_id)
    out = io.StringIO(newline="")
    write_csv([(before, None)], out, ("bn", "fr"))
    (row,) = csv.DictReader(io.StringIO(out.getvalue().removeprefix("\ufeff"), newline=""))
    if not of_house:
        row = dict.fromkeys(COLUMNS, "") | {"organization": "Else (example)", "name": "A shop (example)"} | OWN
    row |= {column: around.format(secret), second: secret}
    if secret[:2] == POINT[0][:2]:
        row |= {"latitude": POINT[0], "longitude": POINT[1]}
    if opened:
        row["confidential"] = "no"
    path = tmp_path / "x.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerow(row)
    source = Source.of(path)
    with caplog.at_level(logging.DEBUG):
        plan = dry_run(session, source, by="u1")
        done = apply(session, source, by="u1")
    session.flush()
    assert plan.counts["refused"] == 1
    stays_out(session, [plan, done.plan], caplog.text, service_id, before)
    savepoint.rollback()
    session.expunge_all()
    session.info.clear()


ELSE: dict[str, Any] = {
    "id": "6f7e2a5c-0000-4000-8000-00000000000a", "name": "A shop (example)", "status": "active", "description": "Open.",
    "organization": {"id": "6f7e2a5c-0000-4000-8000-00000000000b", "name": "Else (example)", "description": "Else."},
    "attributes": [],
}  # fmt: skip
"""A service that has nothing to do with the house."""


def leaves(value: Any) -> Iterator[tuple[Any, Any]]:
    """Where a text or a number of a document stands: what holds it and its key there. Ids stay: they say whose entry it is."""
    for key, inner in list(value.items()) if isinstance(value, dict) else enumerate(value):
        if isinstance(inner, dict | list):
            yield from leaves(inner)
        elif not str(key).endswith("id"):
            yield value, key


def with_secret(document: dict[str, Any], where: int, secret: str, *, tables: bool) -> None:
    """A secret put into a document: into a field, or into what an address, a number, a remark or a foreign key would be."""
    place: dict[str, Any] = {
        "id": "6f7e2a5c-0000-4000-8000-00000000000c", "location_type": "physical", "name": "There", "latitude": 23.8, "longitude": 90.4,
    }  # fmt: skip
    address = {"id": "6f7e2a5c-0000-4000-8000-00000000000d", "address_1": secret, "city": "Dhaka", "country": "BD", "state_province": "",
               "postal_code": "", "address_type": "physical"}  # fmt: skip
    at = {"id": "6f7e2a5c-0000-4000-8000-00000000000e", "location": place}
    more: list[dict[str, Any]] = [
        {"service_at_locations": [at | {"location": place | {"addresses": [address]}}]},
        {"service_at_locations": [at | {"location": place | {"latitude": float(POINT[0]), "longitude": float(POINT[1])}}]},
        {"phones": [{"id": "6f7e2a5c-0000-4000-8000-00000000000f", "number": secret}]},
        {"alert": secret}, {"application_process": secret}, {"interpretation_services" if tables else "x_remark": secret}, {"url": f"https://example.org/?q={secret}"},
        {"fees_description": secret, "email": secret},
    ]  # fmt: skip
    found = list(leaves(document))
    position = where % (len(found) + len(more))
    if position < len(found):
        holder, key = found[position]
        holder[key] = secret
    else:
        chosen = more[position - len(found)]
        document |= chosen | {"description": f"{document.get('description') or ''} {secret}"}


@settings(
    max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)  # fmt: skip
@given(
    where=st.integers(0, 10_000), secret=st.sampled_from(SECRETS), around=st.sampled_from(("{}", "x {} y")), of_house=st.booleans(),
    tables=st.booleans(), opened=st.booleans(),
)  # fmt: skip
def test_a_secret_anywhere_in_a_document_or_a_package_of_the_standard_stays_out(  # noqa: PLR0917
    session: Session,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    where: int,
    secret: str,
    around: str,
    of_house: bool,  # noqa: FBT001
    tables: bool,  # noqa: FBT001
    opened: bool,  # noqa: FBT001
) -> None:
    savepoint = session.begin_nested()
    service_id = house(session)
    listing.publish(session, service_id, by="tester")
    before = read(session, service_id)
    (entry,) = all_entries(session, published(demonstration=True))
    document = service_document(entry, Reader(demonstration=True)) if of_house else json.loads(json.dumps(ELSE))
    if opened:
        document["attributes"] = [one for one in document.get("attributes", ()) if "onfidential" not in json.dumps(one)]
    with_secret(document, where, around.format(secret), tables=tables)
    path = tmp_path / "x"
    if tables:
        with Package("3.1") as package, path.open("wb") as out:
            package.add(document)
            package.save(out)
    else:
        path.write_text(json.dumps([document]), encoding="utf-8")
    source = Source.of(path, country="BD")
    with caplog.at_level(logging.DEBUG):
        plan = dry_run(session, source, by="u1")
        done = apply(session, source, by="u1")
    session.flush()
    stays_out(session, [plan, done.plan], caplog.text, service_id, before)
    assert plan.counts["create"] == plan.counts["update"] == 0
    savepoint.rollback()
    session.expunge_all()
    session.info.clear()
