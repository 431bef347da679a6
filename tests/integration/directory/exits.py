"""Every way by which something of the directory leaves it. A new one is a row here, or the tests fail (`test_no_exit_tells.py`).

An exit is a function from a `World` with one hidden entry to everything that comes out, as text. What it covers is named by module, so
that a module that begins to read the directory without an exit is noticed.
"""

import io
import traceback
import zipfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from bot.actions.shown import shown
from core.database import Sessions
from core.settings import Settings
from directory import guarding, search
from directory.confidential import TrueDetails, tell
from directory.errors import DirectoryError
from directory.hsds.documents import Reader
from directory.hsds.export import FORMATS, export
from directory.leaflet import EmptyLeafletError, Leaflet, contents
from directory.models import Address, Service
from directory.places import get_place
from directory.review import drafts
from directory.review.asking import link_of
from directory.review.feedback import counts
from directory.review.history import history
from directory.review.letters import letter
from directory.review.models import FocalPoint, VerificationRequest
from directory.writing import read

PLACES = ("w1", "w2")
LANGUAGES = ("en", "ar", "lo")


@dataclass
class World:
    """A database with the hidden entry in it, the web application on it, and browsers of those who may not read true addresses."""

    sessions: Sessions
    service_id: UUID
    details: TrueDetails
    settings: Settings | None = None
    catalogues: Any = None
    browser: Any = None
    pages: dict[str, Any] = field(default_factory=dict)
    case_id: UUID | None = None
    """A case that the caseworker holds: referrals are found and begun from it."""


Exit = Callable[[World], str]


def bot(world: World) -> str:
    """What the search finds and the bot says, for every place and language; without a place the entry must be among it."""
    said = []
    with world.sessions.begin() as session:
        for place in (None, *PLACES):
            for language in LANGUAGES:
                request = search.SearchRequest(
                    "BD", ("shelter",), place, language=language, demonstration=True, limit=500
                )
                found = search.find(session, request).services
                assert place or world.service_id in {one.id for one in found}
                for one in found:
                    values = shown(one, language, world.catalogues).values
                    said.append(f"{asdict(one)} {values} {world.catalogues.text('say_service', language, **values)}")
    return "\n".join(said)


def api(world: World) -> str:
    """Every answer of the read API in both versions, found by the entry's own words and as a stream."""
    said = []
    with world.sessions.begin() as session:
        record = read(session, world.service_id)
    lists = ("services", "organizations", "service_at_locations", "taxonomies", "taxonomy_terms")
    for prefix in ("/hsds", "/hsds/3.0"):
        said += [_got(world, prefix), _got(world, f"{prefix}/services/{record.id}")]
        said.append(_got(world, f"{prefix}/organizations/{record.organization.id}"))
        for name in lists:
            said += [_got(world, f"{prefix}/{name}?per_page=100{more}") for more in ("", "&format=ndjson")]
        said += [_got(world, f"{prefix}/services?per_page=100{more}") for more in ("&full=true", "&minimal=true")]
        said.append(_got(world, f"{prefix}/services?search=house"))
    assert sum(str(record.id) in one for one in said) >= 4
    return "\n".join(said)


def _got(world: World, path: str) -> str:
    answer = world.browser.get(path)
    assert answer.status_code < 500, path
    return f"{path} {answer.text} {dict(answer.headers)}"


def exports(world: World) -> str:
    """Every format of the export, unzipped."""
    said = []
    for kind in FORMATS:
        out = io.BytesIO()
        with world.sessions.begin() as session:
            export(session, kind, Reader(("en",), demonstration=True, catalogues=world.catalogues), out)
        inside = [out.getvalue()]
        if zipfile.is_zipfile(out):
            with zipfile.ZipFile(out) as archive:
                inside = [archive.read(name) for name in sorted(archive.namelist()) if name != "docProps/core.xml"]
        text_of = "\n".join(part.decode("utf-8", "replace") for part in inside)
        assert "house" in text_of, kind
        said.append(text_of)
    return "\n".join(said)


def leaflet(world: World) -> str:
    """What a leaflet of each place and language is made of."""
    said = []
    with world.sessions.begin() as session:
        for place_id in PLACES:
            place = get_place(session, place_id)
            assert place is not None
            for language in LANGUAGES:
                asked = Leaflet(place, language, demonstration=True, today=date(2026, 11, 28))
                with suppress(EmptyLeafletError):
                    said.append(str(contents(session, world.catalogues, asked)))
    return "\n".join(said)


def record_and_history(world: World) -> str:
    """What pages of the directory are made of for whoever may not read true addresses: record, history, drafts, reports."""
    with world.sessions.begin() as session:
        revisions = session.query(drafts.Revision).filter_by(service_id=world.service_id)
        return "\n".join([
            read(session, world.service_id).model_dump_json(),
            str(history(session, world.service_id)),
            str([(one.record, one.note) for one in revisions]),
            str(counts(session, world.service_id)),
        ])  # fmt: skip


def focal_point(world: World) -> str:
    """The letter to the focal point by each channel, and the page behind its link."""
    said = []
    with world.sessions.begin() as session:
        service = session.get_one(Service, world.service_id)
        request = session.query(VerificationRequest).filter_by(service_id=world.service_id).one()
        focal = session.get_one(FocalPoint, request.focal_point_id)
        for channel in ("email", "sms"):
            focal.channel = channel
            made = letter(request, focal, service, base="http://testserver")
            said.append(f"{made.subject} {made.body}")
        link = link_of(request, "")
        session.rollback()
    for language in LANGUAGES:
        answer = world.browser.get(f"{link}?lang={language}")
        assert answer.status_code == 200
        said.append(answer.text)
    return "\n".join(said)


def pages(world: World) -> str:
    """The desk's pages of the directory, for each role that reads it without the permission for true addresses."""
    said = []
    one, seen = f"/desk/directory/{world.service_id}", dict.fromkeys(world.pages, 0)
    for role, browser in world.pages.items():
        lists = ("", "/changes", "/work", "/duplicates", "/imports", "/export?kind=csv")
        shown_pages = [one, *(f"/desk/directory{page}" for page in lists)]
        shown_pages += [f"{one}/{page}" for page in ("preview", "review", "history", "edit", "state")]
        with world.sessions.begin() as session:
            shown_pages.append(f"{one}/confidential/{read(session, world.service_id).locations[0].id}")
        for path in shown_pages:
            answer = browser.get(path)
            assert answer.status_code < 500, path
            seen[role] += answer.status_code == 200
            said.append(f"{role} {path} {answer.text}")
    assert seen["directory_editor"] >= 6, "an exit that is shut shows nothing"
    assert seen["caseworker"] >= 3
    return "\n".join(said)


def referrals(world: World) -> str:
    """What a caseworker is shown when they look for where to refer a person, and the referral that they begin with the hidden house."""
    said = []
    case, browser = f"/desk/cases/{world.case_id}/referrals", world.pages["caseworker"]
    for place in ("", "Dhaka", "Sylhet"):
        facts = {"need": "shelter", "country": "BD", "place": place, "language": "en"}
        answer = browser.post(f"{case}/search", data=facts)
        assert answer.status_code == 200
        assert place or str(world.service_id) in answer.text
        said.append(answer.text)
    begun = browser.post(case, data={"service": str(world.service_id)})
    assert begun.status_code == 303, begun.text
    for path in (begun.headers["location"], begun.headers["location"].partition("?")[0] + "/form"):
        answer = browser.get(path)
        assert answer.status_code < 500
        said.append(answer.text)
    return "\n".join(said)


def errors(world: World) -> str:
    """Every error that handling a hidden entry can raise, with its chain: some of them have the secret in their hands."""
    said = []

    def provoke(act: Callable[[Session], object]) -> None:
        with world.sessions.begin() as session:
            try:
                act(session)
                session.flush()
            except Exception as error:  # noqa: BLE001 - whatever it is, its text is looked at
                ours = str(vars(error)) if isinstance(error, DirectoryError) else ""
                said.append("".join(traceback.format_exception(error)) + repr(error) + ours)
            session.rollback()

    def put_back(session: Session) -> None:
        location = read(session, world.service_id).locations[0]
        session.add(Address(location_id=location.id, address_1=world.details.address or "", country="BD"))

    def place(session: Session) -> None:
        location = session.get_one(guarding.Location, read(session, world.service_id).locations[0].id)
        location.latitude, location.longitude = world.details.point or (0, 0)

    def describe(session: Session) -> None:
        record = read(session, world.service_id)
        drafts.save_draft(session, record.model_copy(update={"description": world.details.address}), by="u")

    def damaged(session: Session) -> None:
        location = read(session, world.service_id).locations[0]
        session.execute(text("UPDATE confidential_address SET address_encrypted = 'x'"))
        tell(session, location.id, by="u", reason="test")  # type: ignore[arg-type]

    for act in (put_back, place, describe, damaged):
        provoke(act)
    assert len(said) == 4
    # The lines of our own source that a traceback shows are the test's, not the product's.
    return "\n".join(said)


def database(world: World) -> str:
    """Every column of every table but the one that is encrypted, and every index's definition."""
    with world.sessions.begin() as session:
        tables = session.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).scalars().all()
        assert "confidential_address" in tables
        dumps = [
            str(session.execute(text(f'SELECT "{name}"::text FROM "{name}"')).scalars().all())  # noqa: S608
            for name in tables
            if name != "confidential_address"
        ]
    return "\n".join(dumps)


EXITS: dict[str, Exit] = {
    "bot": bot,
    "api": api,
    "exports": exports,
    "leaflet": leaflet,
    "record_and_history": record_and_history,
    "focal_point": focal_point,
    "pages": pages,
    "referrals": referrals,
    "errors": errors,
    "database": database,
}

STEADY = ("bot", "api", "exports", "leaflet", "record_and_history", "focal_point", "pages")
"""Exits that say the same twice: they must say the same, too, when the hidden house moves."""

COVERED = {
    "bot/actions/live.py": "bot", "bot/actions/shown.py": "bot",
    "directory/hsds/web.py": "api", "directory/hsds/reading.py": "api", "directory/hsds/documents.py": "api",
    "directory/hsds/queries.py": "api", "directory/hsds/entries.py": "api", "directory/hsds/taxonomies.py": "api",
    "directory/exchange/template.py": "exports", "directory/exchange/columns.py": "exports", "directory/exchange/formats.py": "exports",
    "directory/hsds/export.py": "exports", "directory/hsds/tabular.py": "exports", "app/directory_commands.py": "exports",
    "desk/entry_words.py": "pages", "desk/preview.py": "pages", "desk/directory_pages.py": "pages", "desk/entry_form.py": "pages",
    "desk/directory_list.py": "pages", "desk/freshness.py": "pages",
    "directory/review/history.py": "record_and_history", "directory/review/drafts.py": "record_and_history",
    "desk/web_directory.py": "pages", "desk/web_directory_edit.py": "pages", "desk/web_directory_review.py": "pages",
    "desk/web_directory_confidential.py": "pages", "desk/web_directory_import.py": "pages", "desk/web_directory_truth.py": "pages",
    "desk/web_referral.py": "referrals", "desk/referral_search.py": "referrals", "desk/web_directory_twins.py": "pages",
    "desk/web_confirm.py": "focal_point", "desk/confirmpage.py": "focal_point", "directory/review/letters.py": "focal_point",
}  # fmt: skip
"""Modules through which something leaves, and the exit that looks at it."""
