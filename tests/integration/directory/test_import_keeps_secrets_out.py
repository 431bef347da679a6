"""Whatever a file says in whatever column, nothing of a confidential house comes into the directory, a plan or a log line by it."""

import csv
import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import inspect, text
from sqlalchemy.orm import Session

from directory.confidential import ConfidentialAddress
from directory.exchange import Source, apply, dry_run
from directory.exchange.columns import headers
from directory.exchange.template import write_csv
from directory.records import ServiceRecord
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


@settings(
    max_examples=15, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
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
    said = json.dumps(plan.as_json()).encode() + json.dumps(done.plan.as_json()).encode() + caplog.text.encode()
    assert not [needle for needle in NEEDLES if needle in said]
    for table, value in told(session):
        assert not [needle for needle in NEEDLES if needle in value], table
    assert read(session, service_id) == before
    savepoint.rollback()
    session.expunge_all()
    session.info.clear()
