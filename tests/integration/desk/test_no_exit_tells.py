"""THE property: whatever directory there is, nothing that leaves it tells where a hidden house is, and nothing that leaves it changes when
the house does."""

import ast
import contextlib
import html
import io
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest
import structlog
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import text

from core.catalogues import Catalogues
from core.database import Sessions
from core.logging import get_logger, set_up_logging
from core.pace import Pace
from core.settings import PROJECT, Settings
from desk.pages import mount_static
from desk.web import make_router as make_desk_router
from desk.web_confirm import make_confirm_router
from directory import confidential, guarding
from directory.confidential import TrueDetails
from directory.hsds.web import Api, make_router
from directory.models import Place
from directory.records import AddressRecord, LocationRecord, OrganizationRecord, PhoneRecord, ServiceRecord
from directory.review import drafts, feedback
from directory.review.asking import ask
from directory.review.models import FocalPoint
from directory.text import normalise
from directory.writing import read, write
from gateway.wording import CatalogueWording
from tests.integration.directory.entries import APPROVER, EDITOR, Clock, entry, published
from tests.integration.directory.exits import COVERED, EXITS, LANGUAGES, STEADY, World
from tests.integration.directory.test_review_verification import POLICY

QUICK = (Phase.explicit, Phase.generate)
"""An example walks through every exit, and says which one tells what: making it smaller would cost minutes and say no more."""
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?")
"""When a file was made is all that two of them may differ in."""
READERS = ("caseworker", "directory_editor")
"""Roles that read the directory and not its true addresses."""

LETTERS = st.sampled_from(
    ["Quiet Banyan", "Zürichtor", "দীঘিরপাড়", "زنقة الياسمين", "ຖະໜົນເສດຖາ", "Садовая", "O'Brien & Söhne"]
)


@st.composite
def secrets(draw: st.DrawFn) -> TrueDetails:
    """An address in some script, a point with five decimals none of which the area has, and numbers of the house."""
    number = draw(st.integers(100, 9999))
    street = f"{number} {draw(LETTERS)} {draw(st.sampled_from(['Lane', 'রোড', 'شارع', 'ул.']))} {number}x"
    # Away from the middle of the area by at least a hundredth, so that a digit more than the area's is the house's.
    # Nor at 23.8 and 90.4: the form's own help gives such degrees as an example.
    latitude = (
        draw(st.integers(210, 259).filter(lambda tenths: tenths != 238)) / 10 + draw(st.integers(1011, 4989)) / 100_000
    )
    longitude = (
        draw(st.integers(885, 919).filter(lambda tenths: tenths != 904)) / 10 + draw(st.integers(1011, 4989)) / 100_000
    )
    # Digits that differ: 10000000 and 99999999 stand in many a rounded number, such as 90.10000000000001.
    tail = st.integers(10_000_000, 99_999_999).filter(lambda digits: len(set(str(digits))) > 4)
    phones = draw(st.lists(tail, min_size=1, max_size=2, unique=True))
    return TrueDetails(
        f"{street}, Dhaka", (round(latitude, 5), round(longitude, 5)), tuple(f"+8801{tail}" for tail in phones)
    )


def needles(details: TrueDetails) -> Iterator[re.Pattern[str]]:
    """Everything that would be a leak, in the forms in which it could stand in an answer, a file, a log or a table."""
    street = (details.address or "").partition(",")[0]
    words = {street, street.lower(), street.upper(), normalise(street)}
    words |= {form for word in list(words) for form in (html.escape(word), quote(word), json.dumps(word)[1:-1])}
    words |= {number[-8:] for number in details.phones}
    yield from (re.compile(re.escape(word)) for word in words)
    for degrees in details.point or ():
        whole = f"{degrees:.5f}"
        for decimals in (2, 3, 4, 5):
            for written in {f"{degrees:.{decimals}f}", whole[: whole.index(".") + 1 + decimals]}:
                yield re.compile(rf"(?<![\d:.]){re.escape(written)}")  # not the seconds of a moment


def hide(sessions: Sessions, details: TrueDetails, *, later: bool, number: int) -> World:
    """An entry with these secrets, entered as hidden, or public first and hidden later."""
    clock = Clock()
    point = details.point or (0.0, 0.0)
    area = {"latitude": round(point[0], 1), "longitude": round(point[1], 1)}
    told = {
        "organization": OrganizationRecord(name=f"Example {number}"),
        "phones": (PhoneRecord(number=f"1{number:03}"),),
    }
    hidden = LocationRecord(country="BD", city="Dhaka", is_confidential=True, **area)
    with sessions.begin() as session:
        if not later:
            service = published(session, entry(f"house {number}", is_confidential=True, locations=(hidden,), **told))
            location_id = read(session, service.id).locations[0].id
            guarding.remember(session, location_id, details, by="u", reason="moved in")  # type: ignore[arg-type]
        else:
            door = LocationRecord(
                country="BD", city="Dhaka", latitude=point[0], longitude=point[1],
                addresses=(AddressRecord(address_1=(details.address or "").partition(",")[0], city="Dhaka", country="BD"),),
                phones=tuple(PhoneRecord(number=phone) for phone in details.phones),
            )  # fmt: skip
            service = published(session, entry(f"house {number}", locations=(door,), **told))
            revision = drafts.save_draft(
                session,
                read(session, service.id).model_copy(update={"fees_description": "Free"}),
                by=EDITOR,
                at=clock(),
            )
            drafts.submit(session, revision.id, by=EDITOR, at=clock())
            drafts.approve(session, revision.id, by=APPROVER, four_eyes=True, at=clock())
            record = read(session, service.id)
            closed = hidden.model_copy(update={"id": record.locations[0].id})
            record = ServiceRecord.model_validate(
                record.model_copy(update={"is_confidential": True, "locations": (closed,)}).model_dump()
            )
            write(session, record, by=EDITOR, source="form", at=clock())
        session.add(FocalPoint(organization_id=service.organization_id, channel="email", address="focal@house.example"))
        session.flush()
        ask(session, service.id, policy=POLICY)
        feedback.report(session, service.id, "closed", reporter="person", reporter_key="a", suspend_after=9)
        return World(sessions, service.id, details)


@pytest.fixture
def outside(world: Any, settings: Settings, catalogues: Catalogues, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The desk's application with the public pages beside it, and two places to ask from."""
    monkeypatch.setattr(Pace, "step", lambda *_: None)
    ours = settings.model_copy(update={"languages": LANGUAGES, "countries": ("BD",)})
    wording = CatalogueWording(catalogues.languages, catalogues)
    gateway = replace(world.desk.gateway, wording=wording, settings=ours)
    world.web = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    world.web.include_router(
        make_desk_router(replace(world.desk, settings=ours, gateway=gateway, catalogues=catalogues))
    )
    world.web.include_router(make_router(Api(world.sessions, catalogues, "http://testserver", demonstration=True)))
    world.web.include_router(make_confirm_router(ours, world.sessions))
    mount_static(world.web)
    with world.sessions.begin() as session:
        for number, (name, latitude, longitude) in enumerate((("Dhaka", 23.7, 90.4), ("Sylhet", 24.9, 91.9)), 1):
            session.add(
                Place(
                    id=f"w{number}",
                    country="BD",
                    place_type="locality",
                    name=name,
                    latitude=latitude,
                    longitude=longitude,
                )
            )
    for role in READERS:
        world.caseworker(f"{role} Example", role)
    world.pages = {role: world.browser(name=f"{role} Example") for role in READERS}
    world.case_id = world.case(needs=("shelter",), answers={"country": "BD"}, language="en")
    assert world.pages["caseworker"].post(f"/desk/cases/{world.case_id}/take").status_code < 400
    return world


@pytest.fixture
def catalogues() -> Catalogues:
    return Catalogues.load(PROJECT / "locale", LANGUAGES)


_count = iter(range(1, 1000))


@pytest.mark.parametrize("later", [False, True])
@given(details=secrets(), other=secrets())
@hypothesis_settings(max_examples=2, phases=QUICK, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_exit_tells_where_a_hidden_house_is_and_none_changes_with_it(
    outside: Any,
    settings: Settings,
    catalogues: Catalogues,
    *,
    details: TrueDetails,
    other: TrueDetails,
    later: bool,
) -> None:
    log = io.StringIO()
    with contextlib.redirect_stderr(log):
        set_up_logging("test", "debug")
        world = hide(outside.sessions, details, later=later, number=next(_count))
        world.settings, world.catalogues = settings, catalogues
        world.browser, world.pages, world.case_id = outside.browser(), outside.pages, outside.case_id
        before = {name: leave(world) for name, leave in EXITS.items()}
        get_logger("test").info("the log is listened to")
        with world.sessions.begin() as session:
            location_id = read(session, world.service_id).locations[0].id
            confidential.keep(session, location_id, other)  # type: ignore[arg-type]
        after = {name: EXITS[name](world) for name in STEADY}
        with world.sessions.begin() as session:  # the entry goes, so that the next example looks at its own only
            session.execute(text("DELETE FROM organization"))
            for table in ("metadata", "revision"):
                session.execute(text(f"DELETE FROM {table}"))  # noqa: S608
    structlog.reset_defaults()
    assert "the log is listened to" in log.getvalue()
    everything = before | {"log": log.getvalue()}
    for name, said in everything.items():
        for needle in needles(details):
            found = needle.search(said)
            around = said[max(0, found.start() - 80) : found.end() + 40] if found else ""
            told = found is not None  # said in a word: pytest would print all that came out
            assert not told, (name, needle.pattern, around)
    for name, said in after.items():
        one, two = MOMENT.sub("", said), MOMENT.sub("", before[name])
        differs = next((place for place, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), len(one))
        same = one == two  # a comparison of such texts by pytest takes minutes
        assert same, f"{name} changes with what is hidden: {two[max(0, differs - 80) : differs + 80]!r}"


def test_a_leak_would_be_seen() -> None:
    """The needles find each secret in the forms that an exit could give it."""
    details = TrueDetails("1234 Quiet Banyan & Co Lane 1234x, Dhaka", (23.81234, 90.43219), ("+880112345678",))
    for leak in (
        "at 1234 QUIET BANYAN &amp; CO LANE 1234X", '{"a": "1234 Quiet Banyan \\u0026"}', "1234%20Quiet%20Banyan%20%26%20Co%20Lane%201234x",
        "lat=23.81", "90.432", "tel 01 12345678", "1234 quiet banyan co lane 1234x",
    ):  # fmt: skip
        seen = any(needle.search(leak) for needle in needles(details))
        assert seen == ("u0026" not in leak), leak
    assert not any(needle.search("2026-11-28T14:23.81234, (23.8, 90.4)") for needle in needles(details))


def test_whatever_reads_the_directory_at_an_edge_has_an_exit() -> None:
    """A page, a command, an export or an action that begins to read entries must be looked at by an exit, or say why it is none."""
    silent = {
        # Reads files and says yes or no; `test_import_confidential` looks at what it says.
        "directory/exchange/applying.py", "directory/exchange/bulk.py", "directory/exchange/plan.py", "directory/exchange/undoing.py",
        "directory/exchange/duplicates.py", "directory/exchange/hsds_own.py", "directory/exchange/guard.py",
        "directory/exchange/uploads.py", "directory/exchange/bulk_rows.py", "directory/exchange/owners.py",
        "app/data.py",  # loads places and examples
        "app/doctor.py",  # counts
        "desk/web.py",  # puts the pages together
        "desk/counting.py", "desk/statistics_page.py", "desk/web_queue.py",  # names of needs
        "desk/web_partner.py",  # the name of the service, to the organization itself
        "directory/hsds/checking.py",  # findings by path and rule, never by value
    }  # fmt: skip
    reading = {
        "directory.models", "directory.writing", "directory.bulk_read", "directory.search", "directory.hsds.documents",
        "directory.hsds.entries",
        "directory.hsds.queries", "directory.review.history", "directory.review.answering", "directory.exchange.template",
        "directory.review.twins",
    }  # fmt: skip
    edges = [*(PROJECT / "app").glob("*.py"), *(PROJECT / "desk").glob("*.py"), *(PROJECT / "bot/actions").glob("*.py")]
    edges += [*(PROJECT / "directory/hsds").glob("*.py"), *(PROJECT / "directory/exchange").glob("*.py")]
    found = set()
    for path in edges:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                names = {node.module or ""} | {f"{node.module}.{alias.name}" for alias in node.names}
                if names & reading:
                    found.add(path.relative_to(PROJECT).as_posix())
    assert found - silent - set(COVERED) == set(), "give these an exit in exits.py"
    assert set(COVERED.values()) <= set(EXITS)
    assert all((PROJECT / path).is_file() for path in COVERED)
