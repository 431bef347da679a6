"""The whole directory in a file: other people's tools accept it, ours find what is broken in it, and nothing is in it that must stay."""

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from frictionless import Package as Frictionless

from core.catalogues import Catalogues
from core.database import Sessions, make_engine, now
from core.encryption import Cipher
from core.settings import PROJECT, Settings
from directory.exchange import Source, dry_run
from directory.hsds.checking import CheckError, Finding, check_directory, check_documents, check_file
from directory.hsds.documents import Reader
from directory.hsds.export import Format, export
from directory.hsds.schemas import Version
from directory.hsds.taxonomies import load_taxonomies
from directory.hsds.validation import errors
from directory.models import Phone, Service
from directory.records import ServiceRecord
from directory.review.policy import load_policy
from directory.writing import write
from tests.databases import with_database
from tests.integration.directory.test_hsds_api import HIDDEN
from tests.integration.directory.test_writing import everything


@pytest.fixture(scope="module")
def filled(postgres: str, template_database: str, module_cipher: Cipher) -> Iterator[Sessions]:
    name = f"export_{uuid4().hex[:8]}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template_database}"')
    sessions = Sessions(make_engine(with_database(postgres, name)))
    with sessions.begin() as session:
        load_taxonomies(session, Catalogues.load(PROJECT / "locale", ("en",)))
        records = [everything().model_copy(update={"name": f"Service {number}"}) for number in range(3)]
        records.append(
            everything().model_copy(update={"name": "House", "is_confidential": True, "locations": (HIDDEN,)})
        )
        records.append(ServiceRecord(organization=everything().organization, country="BD", name="Bare"))
        for record in records:
            write(session, record, by="t", source="form").service.listing = "published"
        write(session, everything().model_copy(update={"name": "Secret"}), by="t", source="form")
    yield sessions
    sessions.engine.dispose()
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def exported(sessions: Sessions, kind: Format) -> bytes:
    out = io.BytesIO()
    with sessions.begin() as session:
        export(session, kind, Reader(), out)
    return out.getvalue()


@pytest.mark.parametrize(("kind", "version"), [("hsds-3.1", "3.1"), ("hsds-3.0", "3.0")])
def test_the_json_is_valid_in_strict_mode_and_our_own_check_agrees(
    filled: Sessions, kind: Format, version: Version
) -> None:
    content = exported(filled, kind)
    documents = json.loads(content)
    assert {one["name"] for one in documents} == {"Service 0", "Service 1", "Service 2", "House", "Bare"}
    assert [problem for one in documents for problem in errors(one, "service", version)] == []
    assert list(check_documents(io.BytesIO(content), version)) == []
    other: Version = "3.0" if version == "3.1" else "3.1"
    assert (list(check_documents(io.BytesIO(content), other)) == []) == (version == "3.0"), "3.1 is not 3.0; 3.0 is 3.1"


@pytest.mark.parametrize("kind", ["hsds-3.1", "hsds-3.0", "tabular"])
def test_nothing_that_may_not_be_told_is_in_the_file(filled: Sessions, kind: Format) -> None:
    content = exported(filled, kind)
    if kind == "tabular":
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            content = b"".join(archive.read(name) for name in archive.namelist())
    for secret in ("Secret", "Rose house", "mosque", "+15005550101"):
        assert secret.encode() not in content


def test_frictionless_agrees_with_the_package_and_finds_what_is_broken_in_it(filled: Sessions, tmp_path: Path) -> None:
    path = tmp_path / "directory.zip"
    path.write_bytes(exported(filled, "tabular"))
    report = Frictionless(str(path)).validate()
    assert report.valid, report.flatten(["name", "rowNumber", "fieldName", "message"])
    assert report.stats["tasks"] >= 15
    assert list(check_file(path, "3.1")) == []

    folder = tmp_path / "open"
    with zipfile.ZipFile(path) as archive:
        archive.extractall(folder)
    table = folder / "phones.csv"
    table.write_text(table.read_text().replace("+15005550100", "", 1))
    areas = folder / "service_areas.csv"
    row = areas.read_text().splitlines()[1].split(",")
    areas.write_text(areas.read_text().replace(row[1], str(uuid4()), 1))
    broken = Frictionless(str(folder / "datapackage.json")).validate()
    kinds = {kind for (kind,) in broken.flatten(["type"])}
    assert {"constraint-error", "foreign-key"} <= kinds


@pytest.mark.parametrize(
    ("kind", "name"), [("xlsx", "d.xlsx"), ("csv", "d.csv"), ("hsds-3.1", "d.json"), ("hsds-3.0", "d.json"), ("tabular", "d.zip")]
)  # fmt: skip
def test_what_is_exported_and_imported_again_changes_nothing(
    filled: Sessions, tmp_path: Path, kind: Format, name: str
) -> None:
    path = tmp_path / name
    path.write_bytes(exported(filled, kind))
    with filled.begin() as session:
        plan = dry_run(session, Source.of(path), by="t")
    assert plan.counts == {"create": 0, "update": 0, "same": 5, "refused": 0}, plan.outcomes


def test_our_check_finds_what_is_broken_in_a_package(filled: Sessions, tmp_path: Path) -> None:
    path = tmp_path / "directory.zip"
    with zipfile.ZipFile(io.BytesIO(exported(filled, "tabular"))) as whole, zipfile.ZipFile(path, "w") as archive:
        for name in whole.namelist():
            text = whole.read(name).decode()
            if name == "services.csv":
                text = text.replace("temporarily closed", "closed", 1).replace("alternate_name", "other_name", 1)
            archive.writestr(name, text)
    rules = {finding.code for finding in check_file(path, "3.1")}
    assert rules == {"enum", "additionalProperties"}
    path.write_bytes(b"PK nonsense")
    with pytest.raises(CheckError):
        list(check_file(path, "3.1"))


GOOD = '{"id": "ac148810-d857-441c-9679-408f346de14b", "name": "n", "status": "active"}'


@pytest.mark.parametrize(
    "text",
    [
        GOOD, f"[{GOOD}]", f"\ufeff[\n{GOOD}\n]\n", f'{{"total_items": 1, "contents": [{GOOD}]}}',
        f"{GOOD}\n{GOOD.replace('ac1', 'bc1')}\n",
        "[]", "",
    ],
)  # fmt: skip
def test_a_file_may_be_one_entry_a_list_a_page_or_lines(text: str) -> None:
    assert list(check_documents(io.BytesIO(text.encode()), "3.1")) == []


@pytest.mark.parametrize("text", [f"[{GOOD}", "nonsense", '{"id": ', "[" * 100_000])
def test_a_file_that_is_no_json_is_refused_as_a_whole(text: str) -> None:
    with pytest.raises(CheckError):
        list(check_documents(io.BytesIO(text.encode()), "3.1"))
    with pytest.raises(CheckError):
        list(check_documents(io.BytesIO(b"\xff\xfe" + text.encode()), "3.1"))


def test_each_broken_entry_of_a_file_is_named_by_its_number() -> None:
    text = f'[{GOOD}, {{"id": "17", "name": null, "status": "open"}}, {GOOD}]'
    found = {(finding.where, finding.code) for finding in check_documents(io.BytesIO(text.encode()), "3.1")}
    assert found == {("2/id", "format"), ("2/name", "type"), ("2/status", "enum"), ("3/id", "twice")}


def test_a_list_larger_than_a_piece_that_is_read_is_read_whole() -> None:
    entries = ",\n".join(GOOD.replace("ac148810", f"{number:08x}") for number in range(3000))
    assert list(check_documents(io.BytesIO(f"[{entries}]".encode()), "3.1")) == []


def test_the_check_of_the_directory_names_what_keeps_people_from_help(filled: Sessions, settings: Settings) -> None:
    with filled.begin() as session:
        by_name = {service.name: service.id for service in session.query(Service)}
        broken = session.query(Phone).filter(Phone.service_id == by_name["Service 2"]).first()
        assert broken is not None
        number, broken.number = broken.number, "none"
    with filled.begin() as session:
        found = list(check_directory(session, ("en", "bn"), now().date(), load_policy(settings), demonstration=False))
    with filled.begin() as session:
        session.get_one(Phone, broken.id).number = number

    def of(name: str) -> set[tuple[str, str]]:
        return {(one.severity, one.code) for one in found if one.where == str(by_name[name])}

    assert of("Bare") == {
        ("error", "no_need"), ("error", "no_place"), ("error", "no_way_in"), ("warning", "no_hours"), ("warning", "missing_translation"),
    } | _overdue(found, by_name["Bare"])  # fmt: skip
    assert of("Service 2") == {("error", "broken_rule")}
    assert ("warning", "unverified_number") in of("Service 0")
    assert [
        one.detail for one in found if one.where == str(by_name["Service 0"]) and one.code == "missing_translation"
    ] == ["en"]
    assert of("Secret") == set(), "what nobody is told of is nobody's trouble"


def _overdue(found: list[Finding], identifier: object) -> set[tuple[str, str]]:
    return {
        (one.severity, one.code) for one in found if one.where == str(identifier) and one.code == "verification_overdue"
    }
