"""The form of an entry: shown, added to, saved as a draft. Nothing that people are told changes here: a second person approves it."""

import re
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from markupsafe import Markup
from pydantic import ValidationError
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from desk import entry_form
from desk.access import Visit, takes
from desk.directory_pages import HOME, DirectoryPages, Form, back, names_of, sees_everything
from desk.entry_form import Values
from desk.entry_words import EntryWords
from desk.errors import NotFound
from desk.form_fields import Fields
from desk.hours_form import DAYS, KINDS, MOST_SHIFTS, copy_first_day
from desk.permissions import needs
from desk.problems import Problems, problems_of
from desk.words import words
from desk.zones import zones_of
from directory.errors import (
    ConflictError,
    DoNotListError,
    OpenRevisionError,
    SecretInPublicError,
    UnhideError,
    UnknownEntryError,
)
from directory.models import NEEDS, SEXES, STATUS_RULES, STATUSES, Organization, Schedule, Service
from directory.places import get_place, look_up
from directory.records import OrganizationRecord, ServiceRecord, flatten, orders, record_hash
from directory.review import drafts
from directory.review.history import as_confidential_as, take_back, unflatten
from directory.review.models import Revision
from directory.review.rebasing import record_of_hash
from directory.writing import Change, differences, read

MAX_ENTRY_BYTES = 512 * 1024
"""Ten languages of long descriptions, in a script of three bytes a letter."""
SPOKEN = (
    "ar", "bn", "en", "es", "fr", "pt", "ru", "sw", "lo", "am", "bm", "fa", "ff", "ha", "hi", "ht", "id", "km", "ku", "ln", "ml", "my",
    "ne", "ps", "rn", "rw", "so", "ta", "th", "ti", "tl", "uk", "ur", "vi", "wo", "yo", "zgh", "zh", "zu",
)  # fmt: skip
"""Languages offered to tick, those of the entry besides."""
PLACES_SHOWN = 8
FIRST_FIELDS = {
    "phones": "number", "contacts": "name", "areas": "name", "locations": "find", "costs": "option", "documents": "document",
    "capacities": "unit", "addresses": "address_1", "accessibility": "description", "closures": "valid_from",
}  # fmt: skip
"""Where somebody goes on typing after adding a row."""
CHOICES: dict[str, tuple[str, ...]] = {
    "status": STATUSES, "eligible_sex": SEXES, "legal_status": STATUS_RULES, "phone_type": ("voice", "text", "whatsapp"),
    "location_type": ("physical", "postal", "virtual"), "address_type": ("physical", "postal", "virtual"),
    "state": ("draft", "approved", "outdated"), "nationalities": ("unknown", "any", "listed"),
}  # fmt: skip
"""What may be chosen: `directory_value_<field>_<value>` names each."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A record that a page shows: of the live entry or of a change."""

    record: ServiceRecord
    of: str


@dataclass(slots=True)
class Editing:
    """One visit to the form. `stored`: the record that is edited; `base`: hash of the live entry as the author saw it."""

    values: Values
    base: str
    stored: ServiceRecord | None
    country: str
    timezone: str
    problems: Problems = field(default_factory=dict)
    found: dict[str, Any] = field(default_factory=dict)
    """Places that were looked up, by the location they are for."""
    focus: str = ""
    tab: str = ""
    conflict: dict[str, Any] | None = None
    refused: str = ""


def shown_record(pages: DirectoryPages, visit: Visit, service_id: UUID, of: str) -> Shown:
    """The live entry, or with `of` = `change` what is under way. Raises NotFound for what is not there or not theirs to see."""
    if of == "change":
        revision = own_change(visit.session, service_id)
        if revision is None or not sees_everything(visit.user):
            raise NotFound
        return Shown(drafts.record_of(revision), "change")
    pages.service(visit, service_id)
    return Shown(read(visit.session, service_id), "live")


def own_change(session: Session, service_id: UUID) -> Revision | None:
    """The change of the desk that is under way for an entry; a focal point's correction is another matter."""
    return next((one for one in drafts.open_revisions(session, service_id) if one.source != drafts.FOCAL_POINT), None)


def add_new(router: APIRouter, pages: DirectoryPages) -> None:
    """A new entry."""

    @router.get("/directory/new")
    @needs("directory.edit")
    def show_new(request: Request, organization: UUID | None = None) -> Response:
        with pages.door.visit(request) as visit:
            country = pages.settings.countries[0]
            known = _organization(visit.session, organization)
            timezone = _usual_zone(visit.session, country)
            values = entry_form.empty(known, country, pages.settings.languages, timezone)
            return _form(pages, visit, request, Editing(values, "", None, country, timezone), None)

    @router.post("/directory/new")
    @needs("directory.edit")
    @takes(MAX_ENTRY_BYTES)
    def save_new(request: Request, form: Form) -> Response:
        with pages.door.visit(request) as visit:
            return _work(pages, visit, request, Fields.of(form.multi_items()), None)


def add_edit(router: APIRouter, pages: DirectoryPages) -> None:
    """An entry that exists, or a new one whose draft does."""

    @router.get("/directory/{service_id}/edit")
    @needs("directory.edit")
    def show_edit(request: Request, service_id: UUID, again: UUID | None = None) -> Response:
        with pages.door.visit(request) as visit:
            record, base = _to_edit(visit, service_id, again)
            if (other := own_change(visit.session, service_id)) is not None and other.author != str(visit.user.id):
                return _taken(pages, visit, request, other, service_id)
            timezone = _usual_zone(visit.session, record.country)
            values = entry_form.from_record(record, pages.settings.languages, timezone)
            editing = Editing(values, base, record, record.country, timezone)
            return _form(pages, visit, request, editing, service_id)

    @router.post("/directory/{service_id}/edit")
    @needs("directory.edit")
    @takes(MAX_ENTRY_BYTES)
    def save_edit(request: Request, service_id: UUID, form: Form) -> Response:
        with pages.door.visit(request) as visit:
            return _work(pages, visit, request, Fields.of(form.multi_items()), service_id)

    @router.post("/directory/{service_id}/take-over")
    @needs("directory.edit")
    def take_over(request: Request, service_id: UUID) -> Response:
        with pages.door.visit(request) as visit:
            revision = own_change(visit.session, service_id)
            if revision is None:
                raise NotFound
            drafts.take_over(visit.session, revision.id, by=str(visit.user.id))
        return back(f"{HOME}/{service_id}/edit", "taken_over")


def _to_edit(visit: Visit, service_id: UUID, again: UUID | None) -> tuple[ServiceRecord, str]:
    """What to put into the form, and the hash of the live entry below it: the open draft, a rejected one again, or the live entry."""
    session = visit.session
    revision = own_change(session, service_id)
    if revision is None and again is not None:
        revision = session.get(Revision, again)
        if revision is None or revision.service_id != service_id or revision.state != "rejected":
            raise NotFound
    if revision is not None:
        return drafts.record_of(revision), revision.base_hash or ""
    try:
        live = read(session, service_id)
    except UnknownEntryError:
        raise NotFound from None
    return live, record_hash(live)


def _work(pages: DirectoryPages, visit: Visit, request: Request, sent: Fields, service_id: UUID | None) -> Response:
    """What a button of the form asks for: another row, a place, or to save."""
    stored, base = _to_edit(visit, service_id, None) if service_id else (None, "")
    country = sent.text("country") or pages.settings.countries[0]
    timezone = _usual_zone(visit.session, country)
    languages = tuple(dict.fromkeys([*pages.settings.languages, *(stored.texts if stored else ())]))
    values = entry_form.from_fields(sent, languages, timezone)
    if service_id:
        values["id"] = str(service_id)
    editing = Editing(values, sent.text("base") or base, stored, country, timezone, tab=sent.text("tab"))
    action, _, where = sent.text("do").partition(":")
    if action in ("save", "submit"):
        return _save(pages, visit, request, editing, service_id, submit=action == "submit")
    try:
        _change_rows(visit.session, editing, action, where)
    except (KeyError, ValueError, IndexError, AttributeError, TypeError):
        # No button of ours: the form stands, and there is nothing at what was asked for.
        raise NotFound from None
    return _form(pages, visit, request, editing, service_id)


def _change_rows(session: Session, editing: Editing, action: str, where: str) -> None:
    """A button that changes the form only. Raises KeyError for one that is no button of ours."""
    values = editing.values
    if action == "add":
        rows: list[Any] = entry_form.at_path(values, where)
        rows.append(entry_form.new_row(where, editing.timezone, editing.country))
        first = FIRST_FIELDS.get(where.rsplit(".", 1)[-1], "")
        editing.focus = f"{where}.{len(rows) - 1}{first and '.'}{first}"
    elif action == "remove":
        path, _, number = where.rpartition(".")
        del entry_form.at_path(values, path)[int(number)]
        editing.focus = path
    elif action == "shift":
        block = entry_form.at_path(values, where)
        if block.shifts < MOST_SHIFTS:
            block.days.setdefault(DAYS[0], []).extend(
                [("", "")] * (block.shifts + 1 - len(block.days.get(DAYS[0], [])))
            )
    elif action == "copy":
        copy_first_day(entry_form.at_path(values, where))
    elif action == "find":
        text = entry_form.at_path(values, where)["find"]
        editing.found[where] = look_up(session, text, editing.country, PLACES_SHOWN) if text else []
    elif action == "pick":
        path, _, place_id = where.rpartition(".")
        _pick(session, entry_form.at_path(values, path), place_id)
        editing.focus = f"{path}.city"
    else:
        raise KeyError(action)


def _pick(session: Session, location: Values, place_id: str) -> None:
    """Fill a location with a place of the gazetteer: its town, its middle."""
    place = get_place(session, place_id)
    if place is None:
        raise KeyError(place_id)
    location |= {
        "city": place.name, "state_province": place.region or "", "place_id": place.id, "country": place.country, "find": "",
        "latitude": str(round(place.latitude, 5)), "longitude": str(round(place.longitude, 5)),
    }  # fmt: skip


def _save(
    pages: DirectoryPages, visit: Visit, request: Request, editing: Editing, service_id: UUID | None, *, submit: bool
) -> Response:
    console = words()
    _known_organization(visit.session, editing.values["organization"])
    data, origins = entry_form.to_data(editing.values, editing.stored)
    try:
        record = ServiceRecord.model_validate(data)
    except ValidationError as error:
        editing.problems = problems_of(error, origins, console)
        return _form(pages, visit, request, editing, service_id, status=422)
    by = str(visit.user.id)
    try:
        # What fails after the draft was written must not leave half of it behind.
        with visit.session.begin_nested():
            revision = drafts.save_draft(visit.session, record, by=by, base_hash=editing.base or None)
            if submit:
                drafts.submit(visit.session, revision.id, by=by)
    except OpenRevisionError as error:
        other = visit.session.get_one(Revision, error.revision_id)
        return _taken(pages, visit, request, other, other.service_id)
    except ConflictError as error:
        editing.conflict = _lay_on_top(pages, visit, editing, record, error) | {
            "said": EntryWords(console, record, read(visit.session, error.service_id))
        }
        return _form(pages, visit, request, editing, service_id, status=409)
    except (SecretInPublicError, UnhideError) as error:
        # Never what is secret, and never where it stands more exactly than the field: the author may not be somebody who may know.
        kind = "secret" if isinstance(error, SecretInPublicError) else "unhide"
        editing.refused = console.say(f"directory_refused_{kind}")
        return _form(pages, visit, request, editing, service_id, status=422)
    except DoNotListError as error:
        editing.refused = console.say("directory_do_not_list_like", reason=error.reason)
        return _form(pages, visit, request, editing, service_id, status=422)
    return back(f"{HOME}/{revision.service_id}/review", "submitted" if submit else "saved")


def _lay_on_top(
    pages: DirectoryPages, visit: Visit, editing: Editing, ours: ServiceRecord, error: ConflictError
) -> dict[str, Any]:
    """Put both into the form: the entry as it is now, and on it what the author changed. Returns what the page says of it.

    Where both changed a field the author's stands, and the page shows the other one.
    """
    live = read(visit.session, error.service_id)
    base = record_of_hash(visit.session, error.service_id, editing.base)
    merged = _merged(base, ours, live) if base else ours
    editing.values = entry_form.from_record(merged, pages.settings.languages, editing.timezone)
    editing.base, editing.stored = record_hash(live), live
    return {"theirs": error.theirs, "both": error.both, "lost": base is None}


def _merged(base: ServiceRecord, ours: ServiceRecord, live: ServiceRecord) -> ServiceRecord:
    flat, order = flatten(live), orders(live)
    for change in differences(base, ours):
        take_back(flat, order, Change(change.path, change.after, change.before))
    try:
        return as_confidential_as(live, unflatten(flat, order, live))
    except ValidationError:
        return ours


def _form(
    pages: DirectoryPages,
    visit: Visit,
    request: Request,
    editing: Editing,
    service_id: UUID | None,
    *,
    status: int = 200,
) -> Response:
    console = words()
    said = EntryWords(console)
    spoken = dict.fromkeys([*SPOKEN, *editing.values["languages"]])
    return pages.show(
        visit, request, "directory_form.html", status=status, v=editing.values, problems=editing.problems, base=editing.base,
        conflict=editing.conflict, refused=editing.refused, found=editing.found, focus=editing.focus, tab=editing.tab,
        service_id=service_id, action=f"{HOME}/{service_id}/edit" if service_id else f"{HOME}/new", kinds=KINDS, days=DAYS,
        needs_options=[(need, console.say(f"need_{need}")) for need in NEEDS],
        spoken_options=sorted(((code, console.language(code)) for code in spoken), key=lambda one: one[1]),
        countries=sorted(console.countries().items(), key=lambda one: one[1]), zones=zones_of(editing.country),
        options=lambda name: [(code, console.say(f"directory_value_{name}_{code}")) for code in CHOICES[name]],
        label=said.field, hint=said.hint, organizations=_organizations(visit.session), where=_where,
        describe=lambda path: _described(path, editing, hint=bool(said.hint(path))), most_shifts=MOST_SHIFTS,
        languages=list(editing.values["texts"]),
    )  # fmt: skip


def _taken(pages: DirectoryPages, visit: Visit, request: Request, other: Revision, service_id: UUID) -> Response:
    """Somebody else's change is open: a second one would overwrite it."""
    names = names_of(visit, {other.author}, words())
    return pages.show(
        visit, request, "directory_taken.html", status=409, change=other, name=names[other.author], service_id=service_id,
        record=drafts.record_of(other),
    )  # fmt: skip


def _described(path: str, editing: Editing, *, hint: bool) -> Markup:
    """Attributes that tie a field to its help and to what is wrong with it, for who hears the page."""
    wrong = path in editing.problems
    ids = [f"{_where(path)}-{kind}" for kind, there in (("hint", hint), ("error", wrong)) if there]
    said = Markup(' aria-describedby="{}"').format(" ".join(ids)) if ids else Markup()
    if wrong:
        said += Markup(' aria-invalid="true"')
    return said + Markup(" autofocus") if editing.focus == path else said


def _where(path: str) -> str:
    """The id of a field's element."""
    return "f-" + re.sub(r"[^A-Za-z0-9]", "-", path)


def _organization(session: Session, organization_id: UUID | None) -> OrganizationRecord | None:
    row = session.get(Organization, organization_id) if organization_id else None
    if row is None:
        return None
    return OrganizationRecord(**{name: getattr(row, name) for name in OrganizationRecord.model_fields})


def _organizations(session: Session) -> list[str]:
    return list(session.scalars(select(Organization.name).distinct().order_by(Organization.name).limit(500)))


def _known_organization(session: Session, values: Values) -> None:
    """A name of an organization that is there means it: what was left empty must not wipe out what is known of it."""
    if values["id"] or not values["name"]:
        return
    row = session.scalars(
        select(Organization).where(Organization.name == values["name"]).order_by(Organization.id)
    ).first()
    if row is not None:
        values["id"] = str(row.id)
        for name in OrganizationRecord.model_fields:
            values[name] = values[name] or (getattr(row, name) or "")


def _usual_zone(session: Session, country: str) -> str:
    """The time zone that entries of the country mostly have, or the first that the country has."""
    usual = session.scalars(
        select(Schedule.timezone)
        .join(Service, Service.id == Schedule.service_id)
        .where(Service.country == country)
        .group_by(Schedule.timezone)
        .order_by(func.count().desc())
        .limit(1)
    ).first()
    return usual or next(iter(zones_of(country)), "UTC")
