"""The directory's pages without a browser: what the form makes of what was typed, what reviews refuse, what history brings back."""

import re
from datetime import date, time
from html import unescape
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from directory.models import Organization, Service, TaxonomyTerm
from directory.records import (
    AttributeRecord,
    CapacityRecord,
    LocationRecord,
    OrganizationRecord,
    PhoneRecord,
    ScheduleRecord,
    ServiceRecord,
    TextRecord,
)
from directory.review import drafts, listing, verification
from directory.review.models import Revision
from directory.writing import differences, read, write

HOME = "/desk/directory"


def entry(**values: Any) -> ServiceRecord:
    return ServiceRecord(
        **{
            "organization": OrganizationRecord(name="Example House (example)", description="Invented."),
            "country": "BD", "name": "Night beds (example)", "description": "A bed for a night.", "needs": ("shelter",),
            "languages": ("bn", "en"), "phones": (PhoneRecord(number="+15005550100", languages=("bn",)),),
            "texts": {"en": TextRecord(name="Night beds", state="approved")},
            "locations": (LocationRecord(country="BD", city="Dhaka", latitude=23.81, longitude=90.41),),
            "schedules": (
                ScheduleRecord(kind="weekly", timezone="Asia/Dhaka", byday="MO,TU", opens_at=time(9), closes_at=time(13)),
                ScheduleRecord(kind="closure", timezone="Asia/Dhaka", valid_from=date(2026, 12, 1), valid_to=date(2026, 12, 3)),
            ),
            **values,
        }
    )  # fmt: skip


def stored(world: Any, record: ServiceRecord | None = None, *, publish: bool = True) -> UUID:
    with world.sessions.begin() as session:
        service = write(session, record or entry(), by="tester", source="form").service
        if publish:
            listing.publish(session, service.id, by="tester")
        return service.id


@pytest.fixture
def house(world: Any) -> UUID:
    return stored(world)


@pytest.fixture
def editor(world: Any) -> Any:
    world.caseworker("Edit Example", "directory_editor")
    return world.browser(name="Edit Example")


@pytest.fixture
def approver(world: Any) -> Any:
    world.caseworker("Approve Example", "directory_approver")
    return world.browser(name="Approve Example")


def form_of(page: str) -> dict[str, Any]:
    """What a browser would send of the entry's form, untouched."""
    (form,) = re.findall(r'<form [^>]*id="entry".*?</form>', page, re.DOTALL)
    sent: dict[str, list[str]] = {}
    for tag in re.findall(r"<input [^>]*>", form):
        name, value = attribute(tag, "name"), attribute(tag, "value")
        if name and (not re.search(r'type="(radio|checkbox)"', tag) or " checked" in tag):
            sent.setdefault(name, []).append(value)
    for tag, text in re.findall(r"(<textarea [^>]*>)(.*?)</textarea>", form, re.DOTALL):
        sent.setdefault(attribute(tag, "name"), []).append(unescape(text))
    for tag, options in re.findall(r"(<select [^>]*>)(.*?)</select>", form, re.DOTALL):
        chosen = re.findall(r'<option value="([^"]*)" selected>', options)
        if not chosen and " multiple" not in tag:
            chosen = re.findall(r'<option value="([^"]*)"', options)[:1]
        sent.setdefault(attribute(tag, "name"), []).extend(chosen)
    return {name: values[0] if len(values) == 1 else values for name, values in sent.items()}


def attribute(tag: str, name: str) -> str:
    found = re.search(rf'\s{name}="([^"]*)"', tag)
    return unescape(found.group(1)) if found else ""


def changed(world: Any, service_id: UUID) -> list[tuple[str, str, str]]:
    """What the open change of an entry changes."""
    with world.sessions.begin() as session:
        (revision,) = drafts.open_revisions(session, service_id)
        return [(one.path.rsplit(".", 1)[-1], one.before, one.after) for one in drafts.changes_of(session, revision)]


def save(browser: Any, service_id: UUID, do: str = "save", **values: Any) -> Any:
    """Open the form, change some fields, press a button."""
    path = f"{HOME}/{service_id}/edit"
    sent = form_of(browser.get(path).text) | {name.replace("__", "."): value for name, value in values.items()}
    return browser.post(path, data=sent | {"do": do})


def test_an_entry_that_nobody_touched_goes_through_the_form_unchanged(world: Any, editor: Any) -> None:
    from core.database import now

    full = entry(
        attributes=(AttributeRecord(taxonomy="Partner's", code="X1", label="Beds"),), minimum_age=12.5, children_accompanying=False,
        eligible_nationalities=(), capacities=(CapacityRecord(unit="bed", available=3, maximum=9, updated=now()),), source="a file",
        alert="No water", alert_until=date(2027, 1, 1), walk_in=False, description="Two\nlines & <b>",
    )  # fmt: skip
    service_id = stored(world, full)
    answer = save(editor, service_id)
    assert answer.status_code == 303, answer.text
    assert changed(world, service_id) == []
    with world.sessions.begin() as session:
        (revision,) = drafts.open_revisions(session, service_id)
        assert differences(read(session, service_id), drafts.record_of(revision)) == []
        assert session.scalars(select(TaxonomyTerm)).one().code == "X1"


def test_what_is_typed_becomes_a_draft_that_waits_and_the_live_entry_stays(
    world: Any, editor: Any, house: UUID
) -> None:
    answer = save(editor, house, "submit", description="Two nights.", hours__blocks__0__WE__0__opens="09:00",
                  hours__blocks__0__WE__0__closes="13:00")  # fmt: skip
    assert answer.headers["location"] == f"{HOME}/{house}/review?done=submitted"
    paths = changed(world, house)
    assert ("description", "A bed for a night.", "Two nights.") in paths
    assert ("byday", "", "MO,TU,WE") in paths
    with world.sessions.begin() as session:
        assert read(session, house).description == "A bed for a night."
    page = editor.get(answer.headers["location"]).text
    assert "The change waits for a second person." in page
    assert "Two nights." in page


@pytest.mark.parametrize(
    ("values", "wrong"),
    [
        ({"phones__0__number": "call us"}, ("phones-0-number", "not a telephone number")),
        ({"name": ""}, ("name", "Please fill this in")),
        ({"minimum_age": "60", "maximum_age": "12"}, ("maximum-age", "The highest age is below")),
        ({"minimum_age": "twelve"}, ("minimum-age", "not a number")),
        ({"url": "example.org"}, ("url", "begins with https")),
        ({"alert": "No water"}, ("alert-until", "needs the last day")),
        ({"hours__blocks__0__MO__0__closes": ""}, ("hours-blocks-0-MO", "opening and a closing time")),
        ({"hours__closures__0__valid_to": "2026-11-01"}, ("hours-closures-0", "last day is before")),
        ({"hours__blocks__0__timezone": "Dhaka"}, ("hours-blocks-0-MO", "time zone is not known")),
        ({"locations__0__longitude": ""}, ("locations-0-latitude", "needs both, latitude")),
        ({"locations__0__latitude": "190"}, ("locations-0-latitude", "cannot be right")),
        ({"texts__bn__description": "এক রাত"}, ("texts-bn-name", "Please fill this in")),
        ({"name": "x" * 600}, ("name", "at most 500 characters")),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_beside_its_field_and_nothing_typed_is_lost(
    world: Any, editor: Any, house: UUID, values: dict[str, str], wrong: tuple[str, str]
) -> None:
    path, says = wrong
    answer = save(editor, house, **values)
    assert answer.status_code == 422
    (told,) = re.findall(rf'<p class="error" id="f-{path}-error">(.*?)</p>', answer.text)
    assert says in told
    sent = form_of(answer.text)
    for name, value in values.items():
        assert sent[name.replace("__", ".")] == value
    with world.sessions.begin() as session:
        assert drafts.open_revisions(session, house) == []


def test_errors_are_in_the_language_of_the_page(world: Any, editor: Any, house: UUID) -> None:
    editor.headers["Accept-Language"] = "ar"
    answer = save(editor, house, phones__0__number="call us")
    assert '<html lang="ar" dir="rtl">' in answer.text
    assert "هذا ليس رقم هاتف" in answer.text
    editor.post("/desk/language", data={"language": "fr", "back": HOME})
    assert '<html lang="fr" dir="ltr">' in editor.get(HOME).text
    assert editor.get(f"{HOME}/{uuid4()}").text.count("Cette fiche ou cette page n’existe pas") == 1


def test_rows_are_added_and_removed_without_saving_and_a_place_is_picked_by_its_name(
    world: Any, editor: Any, house: UUID
) -> None:
    from directory.models import Place, PlaceName

    with world.sessions.begin() as session:
        session.add(
            Place(id="w1", country="BD", place_type="locality", name="Khulna", latitude=22.8456, longitude=89.5403, population=663_342)
        )  # fmt: skip
        session.flush()
        session.add(PlaceName(place_id="w1", normalised="khulna", name="Khulna", country="BD"))
    path = f"{HOME}/{house}/edit"
    sent = form_of(editor.get(path).text)
    page = editor.post(path, data=sent | {"do": "add:phones"}).text
    sent = form_of(page)
    assert {"phones.0.number", "phones.1.number"} <= sent.keys()
    page = editor.post(path, data=sent | {"do": "remove:phones.0"}).text
    assert form_of(page)["phones.0.number"] == ""
    page = editor.post(path, data=sent | {"do": "find:locations.0", "locations.0.find": "Khulna"}).text
    assert 'value="pick:locations.0.w1"' in page
    sent = form_of(editor.post(path, data=form_of(page) | {"do": "pick:locations.0.w1"}).text)
    assert (sent["locations.0.city"], sent["locations.0.latitude"]) == ("Khulna", "22.8456")
    sent = form_of(editor.post(path, data=sent | {"do": "copy:hours.blocks.0"}).text)
    assert sent["hours.blocks.0.FR.0.opens"] == "09:00"
    sent = form_of(editor.post(path, data=sent | {"do": "shift:hours.blocks.0"}).text)
    assert "hours.blocks.0.FR.2.opens" in sent
    for wrong in (
        "add:id",
        "remove:phones.9",
        "find:phones.0",
        "pick:locations.0.nowhere",
        "shift:needs",
        "dance:x",
        "add:_tree",
    ):
        assert editor.post(path, data=sent | {"do": wrong}).status_code == 404, wrong
    with world.sessions.begin() as session:
        assert drafts.open_revisions(session, house) == []


def test_a_confidential_service_hides_all_its_places_and_takes_no_address(world: Any, editor: Any, house: UUID) -> None:
    path = f"{HOME}/{house}/edit"
    sent = form_of(editor.get(path).text) | {"is_confidential": "on"}
    with_address = form_of(editor.post(path, data=sent | {"do": "add:locations.0.addresses"}).text)
    answer = editor.post(
        path, data=with_address | {"do": "save", "locations.0.addresses.0.address_1": "1 Secret Street"}
    )
    assert answer.status_code == 422
    assert "A confidential place has no address here" in answer.text
    assert editor.post(path, data=sent | {"do": "save"}).status_code == 303
    with world.sessions.begin() as session:
        (revision,) = drafts.open_revisions(session, house)
        (place,) = drafts.record_of(revision).locations
        assert (place.is_confidential, place.latitude, place.longitude) == (True, 23.8, 90.4)


def test_an_entry_that_changed_meanwhile_keeps_both_and_says_what_changed(world: Any, editor: Any, house: UUID) -> None:
    path = f"{HOME}/{house}/edit"
    sent = form_of(editor.get(path).text)
    with world.sessions.begin() as session:
        live = read(session, house)
        theirs = live.model_copy(update={"email": "new@house.example", "description": "A mattress."})
        write(session, theirs, by="other", source="form")
    answer = editor.post(path, data=sent | {"do": "save", "fees_description": "Free", "description": "Two nights."})
    assert answer.status_code == 409
    assert "The entry changed while you were writing" in answer.text
    both = form_of(answer.text)
    assert (both["email"], both["fees_description"], both["description"]) == (
        "new@house.example",
        "Free",
        "Two nights.",
    )
    assert answer.text.count("You changed this too") == 1
    assert editor.post(path, data=both | {"do": "save"}).status_code == 303
    assert {name for name, _, _ in changed(world, house)} == {"fees_description", "description"}


def test_two_people_do_not_write_over_each_other_and_one_can_take_over(world: Any, editor: Any, house: UUID) -> None:
    save(editor, house, fees_description="Free")
    world.caseworker("Other Example", "directory_editor")
    other = world.browser(name="Other Example")
    answer = other.get(f"{HOME}/{house}/edit")
    assert answer.status_code == 409
    assert "Edit Example has begun a change" in answer.text
    assert other.post(f"{HOME}/{house}/take-over").headers["location"].startswith(f"{HOME}/{house}/edit")
    assert form_of(other.get(f"{HOME}/{house}/edit").text)["fees_description"] == "Free"
    assert editor.get(f"{HOME}/{house}/edit").status_code == 409


def test_a_new_service_of_a_known_organization_leaves_what_is_known_of_it(
    world: Any, editor: Any, approver: Any, house: UUID
) -> None:
    sent = form_of(editor.get(f"{HOME}/new").text)
    sent |= {
        "organization.name": "Example House (example)",
        "name": "Soup (example)",
        "needs": ["food_cash"],
        "do": "submit",
    }
    answer = editor.post(f"{HOME}/new", data=sent)
    assert answer.status_code == 303, answer.text
    (revision_id,) = re.findall(r"changes/([0-9a-f-]+)/approve", approver.get(answer.headers["location"]).text)
    assert approve(approver, revision_id).status_code == 303
    with world.sessions.begin() as session:
        (organization,) = session.scalars(select(Organization))
        assert organization.description == "Invented."
        soup = session.scalars(select(Service).where(Service.name == "Soup (example)")).one()
        assert soup.listing == "published"


def approve(browser: Any, revision_id: Any) -> Any:
    with_page = browser.get(f"{HOME}/changes").text
    (path,) = re.findall(rf"{HOME}/[0-9a-f-]+/review", with_page)
    (seen,) = re.findall(r'name="seen" value="([^"]*)"', browser.get(path).text)
    return browser.post(f"{HOME}/changes/{revision_id}/approve", data={"seen": unescape(seen)})


def test_an_approver_approves_what_they_read_and_rejects_with_a_reason(
    world: Any, editor: Any, approver: Any, house: UUID
) -> None:
    save(editor, house, "submit", fees_description="Free")
    with world.sessions.begin() as session:
        (revision,) = drafts.open_revisions(session, house)
    stale = approver.post(f"{HOME}/changes/{revision.id}/approve", data={"seen": "2020-01-01T00:00:00+00:00"})
    assert stale.status_code == 409
    assert "decided or changed meanwhile" in stale.text
    silent = approver.post(f"{HOME}/changes/{revision.id}/reject", data={"reason": " "})
    assert silent.status_code == 409
    assert (
        approver.post(f"{HOME}/changes/{revision.id}/reject", data={"reason": "They take 5 taka."}).status_code == 303
    )
    page = editor.get(f"{HOME}/{house}/review").text
    assert "They take 5 taka." in page
    (again,) = re.findall(rf"{HOME}/{house}/edit\?again=[0-9a-f-]+", page)
    assert form_of(editor.get(again).text)["fees_description"] == "Free"
    save(editor, house, "submit", fees_description="5 taka")
    with world.sessions.begin() as session:
        (revision,) = drafts.open_revisions(session, house)
    assert approve(approver, revision.id).headers["location"] == f"{HOME}/{house}?done=approved"
    with world.sessions.begin() as session:
        assert read(session, house).fees_description == "5 taka"


def test_nobody_approves_their_own_change(world: Any, house: UUID) -> None:
    world = world.with_settings(world.settings.model_copy(update={"directory_four_eyes": True}))
    world.caseworker("Both Example", "directory_editor", "directory_approver")
    both = world.browser(name="Both Example")
    save(both, house, "submit", fees_description="Free")
    page = both.get(f"{HOME}/{house}/review").text
    assert "You wrote this yourself" in page
    assert "/approve" not in page
    with world.sessions.begin() as session:
        (revision,) = drafts.open_revisions(session, house)
    seen = revision.submitted_at.isoformat()
    assert both.post(f"{HOME}/changes/{revision.id}/approve", data={"seen": seen}).status_code == 409
    with world.sessions.begin() as session:
        assert session.get_one(Revision, revision.id).state == "submitted"


def test_the_history_says_who_and_when_and_brings_back_as_a_draft(
    world: Any, editor: Any, approver: Any, house: UUID
) -> None:
    save(editor, house, "submit", fees_description="Free")
    with world.sessions.begin() as session:
        (revision,) = drafts.open_revisions(session, house)
    approve(approver, revision.id)
    page = editor.get(f"{HOME}/{house}/history").text
    (row,) = re.findall(r"<tr>(?:(?!</tr>).)*What it costs(?:(?!</tr>).)*</tr>", page, re.DOTALL)
    assert "Edit Example" in row
    assert "approved by Approve Example" in row
    (change,) = re.findall(r'name="change" value="([0-9a-f-]+)"', row)
    answer = editor.post(f"{HOME}/{house}/restore", data={"change": change})
    assert answer.headers["location"] == f"{HOME}/{house}/review?done=restored"
    assert changed(world, house) == [("fees_description", "Free", "")]
    again = editor.post(f"{HOME}/{house}/restore", data={"change": change})
    assert again.status_code == 409
    assert "Another change of this entry is under way" in again.text
    assert editor.post(f"{HOME}/{house}/restore", data={"change": str(uuid4())}).status_code == 404
    assert 'name="change"' not in approver.get(f"{HOME}/{house}/history").text


def test_what_nobody_has_approved_yet_is_not_there_for_who_only_reads(world: Any, editor: Any, house: UUID) -> None:
    hidden = stored(
        world, entry(name="Not yet (example)", organization=OrganizationRecord(name="New (example)")), publish=False
    )
    save(editor, house, fees_description="Secret draft")
    world.caseworker()
    reader = world.browser(name="Amina Example")
    page = reader.get(HOME).text
    assert "Night beds (example)" in page
    assert "Not yet (example)" not in page
    assert "Not yet (example)" in editor.get(HOME).text
    for path in (
        f"/{hidden}",
        f"/{hidden}/history",
        f"/{hidden}/preview",
        f"/{house}/review",
        f"/{house}/preview?of=change",
        "/changes",
    ):
        assert reader.get(HOME + path).status_code == 404, path
    assert "Secret draft" not in reader.get(f"{HOME}/{house}").text
    assert reader.get(f"{HOME}/{house}").status_code == 200


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", {"Night beds (example)", "Clinic (example)", "Villa (example)"}),
        ("country=MA", {"Clinic (example)"}), ("need=shelter", {"Night beds (example)", "Villa (example)"}),
        ("listing=suspended", {"Clinic (example)"}), ("fresh=never", {"Night beds (example)", "Villa (example)"}),
        ("fresh=overdue", {"Clinic (example)"}), ("confidential=yes", {"Villa (example)"}), ("missing=en", {"Villa (example)"}),
        ("words=BEDS+dhaka", {"Night beds (example)"}), ("words=100%25", set()), ("need=rescue&listing=x&page=-3", None),
    ],
)  # fmt: skip
def test_the_list_is_narrowed_by_each_filter(
    world: Any, house: UUID, editor: Any, query: str, names: set[str] | None
) -> None:
    clinic = stored(world, entry(name="Clinic (example)", country="MA", needs=("health",), locations=()))
    stored(world, entry(name="Villa (example)", is_confidential=True, texts={}, locations=(
        LocationRecord(country="BD", city="Khulna", latitude=22.8, longitude=89.5, is_confidential=True),)))  # fmt: skip
    with world.sessions.begin() as session:
        listing.suspend(session, clinic, by="tester", reason="Reports")
        verification.verify(session, clinic, method="visit", by="tester", on=date(2020, 1, 1))
    page = editor.get(f"{HOME}?{query}")
    assert page.status_code == 200
    shown = set(re.findall(r'<a class="row-link"[^>]*><bdi>(.*?)</bdi>', page.text))
    assert shown == names if names is not None else len(shown) == 3


def test_a_form_without_end_is_refused_unread(world: Any, editor: Any, house: UUID) -> None:
    assert editor.post(f"{HOME}/{house}/edit", data={"description": "x" * 600_000}).status_code == 413
    assert editor.post("/desk/language", data={"language": "x" * 70_000}).status_code == 413
