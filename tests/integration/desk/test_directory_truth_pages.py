"""Checks, reports, listing, confidential details and imports at the desk: each button, and who may not press it."""

import re
from datetime import date, timedelta
from html import unescape
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from core.database import now
from desk.models import AuditEntry
from desk.web_directory_import import KINDS
from directory.confidential import ConfidentialAccess
from directory.exchange import uploads
from directory.models import Metadata, Service
from directory.records import LocationRecord, OrganizationRecord, PhoneRecord, ServiceRecord
from directory.review import feedback, listing, todo
from directory.review.models import FocalPoint, Verification, VerificationRequest
from directory.writing import read, write

HOME = "/desk/directory"
SECRET = "17 Hidden Lane (example)"


def entry(**values: Any) -> ServiceRecord:
    return ServiceRecord(
        **{
            "organization": OrganizationRecord(name="Example House (example)"), "country": "BD", "name": "Night beds (example)",
            "needs": ("shelter",), "phones": (PhoneRecord(number="+15005550100"),),
            "locations": (LocationRecord(country="BD", city="Dhaka", latitude=23.8, longitude=90.4, is_confidential=True),),
            "is_confidential": True, **values,
        }
    )  # fmt: skip


@pytest.fixture
def house(world: Any) -> UUID:
    with world.sessions.begin() as session:
        service = write(session, entry(), by="tester", source="form").service
        listing.publish(session, service.id, by="tester")
        return service.id


@pytest.fixture
def editor(world: Any) -> Any:
    world.caseworker("Edit Example", "directory_editor")
    return world.browser(name="Edit Example")


@pytest.fixture
def approver(world: Any) -> Any:
    world.caseworker("Approve Example", "directory_approver")
    return world.browser(name="Approve Example")


def service(world: Any, service_id: UUID) -> Service:
    with world.sessions.begin() as session:
        return session.get_one(Service, service_id)


def test_a_check_by_telephone_moves_the_date_and_verifies_the_number_that_was_rung(
    world: Any, editor: Any, house: UUID
) -> None:
    with world.sessions.begin() as session:
        (phone,) = read(session, house).phones
    to_come = {"method": "phone", "on": (now().date() + timedelta(days=2)).isoformat()}
    refused = editor.post(f"{HOME}/{house}/verify", data=to_come)
    assert refused.status_code == 409
    assert "That day has not come yet." in refused.text
    sent = {"method": "phone", "on": now().date().isoformat(), "note": "Rang twice", "phones": str(phone.id)}
    assert editor.post(f"{HOME}/{house}/verify", data=sent).headers["location"] == f"{HOME}/{house}/state?done=verified"
    assert service(world, house).assured_date == now().date()
    with world.sessions.begin() as session:
        assert session.scalars(select(Verification)).one().method == "phone"
        assert read(session, house).phones[0].verified_on == now().date()
    page = editor.get(f"{HOME}/{house}/state").text
    assert "Rang twice" in page
    assert "Edit Example" in page


def test_the_organization_is_asked_by_a_link_that_can_be_handed_over_and_showing_it_is_on_record(
    world: Any, editor: Any, house: UUID
) -> None:
    nobody = editor.post(f"{HOME}/{house}/ask")
    assert nobody.status_code == 409
    assert "Name a focal point first" in nobody.text
    wrong = {"name": "Rahima Example", "channel": "email", "address": "not an address", "language": "bn"}
    assert editor.post(f"{HOME}/{house}/focal-points", data=wrong).status_code == 422
    named = wrong | {"address": "focal@house.example", "whole": "on"}
    assert editor.post(f"{HOME}/{house}/focal-points", data=named).status_code == 303
    assert editor.post(f"{HOME}/{house}/ask").status_code == 303
    with world.sessions.begin() as session:
        asked = session.scalars(select(VerificationRequest)).one()
    page = editor.post(f"{HOME}/{house}/link", data={"request": str(asked.id)}).text
    assert re.search(r'data-testid="link">[^<]*/confirm/[^<]+<', page)
    with world.sessions.begin() as session:
        (row,) = session.scalars(select(Metadata).where(Metadata.field_name == "verification_link"))
        assert row.updated_by == str(world.user("Edit Example").id)
        focal = session.scalars(select(FocalPoint)).one()
    assert editor.post(f"{HOME}/{house}/link", data={"request": str(uuid4())}).status_code == 404
    assert editor.post(f"{HOME}/focal-points/{focal.id}/remove", data={"entry": str(uuid4())}).status_code == 404
    assert editor.post(f"{HOME}/focal-points/{focal.id}/remove", data={"entry": str(house)}).status_code == 303
    assert editor.post(f"{HOME}/{house}/ask").status_code == 409


@pytest.mark.parametrize("wanted", ["suspended", "archived", "do_not_list"])
def test_an_entry_is_taken_out_with_a_reason_that_colleagues_read(
    world: Any, editor: Any, approver: Any, house: UUID, wanted: str
) -> None:
    by_editor = wanted != "do_not_list"
    silent = approver.post(f"{HOME}/{house}/listing", data={"wanted": wanted, "reason": " "})
    assert silent.status_code == 409
    assert "Please write why." in silent.text
    browser = editor if by_editor else approver
    if not by_editor:
        assert editor.post(f"{HOME}/{house}/listing", data={"wanted": wanted, "reason": "x"}).status_code == 404
    assert browser.post(f"{HOME}/{house}/listing", data={"wanted": wanted, "reason": "They moved."}).status_code == 303
    assert (service(world, house).listing, service(world, house).listing_reason) == (wanted, "They moved.")
    assert "They moved." in editor.get(f"{HOME}/{house}").text
    assert editor.post(f"{HOME}/{house}/listing", data={"wanted": "published"}).status_code == 404, "an approver's"
    back = approver.post(f"{HOME}/{house}/listing", data={"wanted": "published"})
    assert back.status_code == (303 if by_editor else 409)
    assert approver.post(f"{HOME}/{house}/listing", data={"wanted": "rescued"}).status_code == 404


def test_a_closure_for_a_while_ends(world: Any, editor: Any, house: UUID) -> None:
    sent = {"wanted": "closed", "reason": "Repairs", "until": "2027-01-02"}
    assert editor.post(f"{HOME}/{house}/listing", data=sent).status_code == 303
    closed = service(world, house)
    assert (closed.status, closed.closed_until) == ("temporarily_closed", date(2027, 1, 2))
    assert editor.post(f"{HOME}/{house}/listing", data={"wanted": "open"}).status_code == 303
    assert service(world, house).status == "active"


def test_reports_and_tasks_are_listed_and_end(world: Any, editor: Any, house: UUID) -> None:
    with world.sessions.begin() as session:
        feedback.report(session, house, "not_safe", reporter="person", reporter_key="a", suspend_after=3)
        (task,) = todo.open_tasks(session)
    page = editor.get(f"{HOME}/work").text
    assert page.count("Not safe") >= 2
    assert editor.post(f"{HOME}/tasks/{task.id}/done", data={"note": "Called them"}).status_code == 303
    assert editor.post(f"{HOME}/{house}/handled").status_code == 303
    with world.sessions.begin() as session:
        assert todo.open_tasks(session) == []
        assert feedback.counts(session, house) == {}
    assert service(world, house).listing == "suspended", "publishing again is a step of its own"
    assert editor.post(f"{HOME}/tasks/{uuid4()}/done").status_code == 404


def test_true_details_are_shown_for_a_reason_and_each_look_is_on_record(
    world: Any, editor: Any, approver: Any, house: UUID
) -> None:
    with world.sessions.begin() as session:
        (place,) = read(session, house).locations
    path = f"{HOME}/{house}/confidential/{place.id}"
    sent = {"address": SECRET, "latitude": "23.8123", "longitude": "90.4123", "phones": "+15005550177"}
    assert approver.post(f"{path}/save", data=sent | {"reason": ""}).status_code == 422
    assert approver.post(f"{path}/save", data=sent | {"reason": "x", "latitude": "north"}).status_code == 422
    assert approver.post(f"{path}/save", data=sent | {"reason": "Moved in"}).status_code == 303
    assert SECRET not in approver.get(path).text
    silent = approver.post(path, data={"reason": " "})
    assert (silent.status_code, SECRET in silent.text) == (422, False)
    page = approver.post(path, data={"reason": "To fetch a person"})
    assert (SECRET in page.text, "+15005550177" in page.text) == (True, True)
    with world.sessions.begin() as session:
        looks = session.scalars(select(ConfidentialAccess).order_by(ConfidentialAccess.at)).all()
        assert [(one.action, one.reason) for one in looks] == [("write", "Moved in"), ("read", "To fetch a person")]
        assert len(session.scalars(select(AuditEntry).where(AuditEntry.subject_id == str(place.id))).all()) == 2
    for browser in (editor, world.browser()):
        assert browser.get(path).status_code in (303, 403)
        assert browser.post(path, data={"reason": "x"}).status_code in (303, 403)
    assert approver.get(f"{HOME}/{house}/confidential/{uuid4()}").status_code == 404
    for where in ("", "/state", "/history", "/review"):
        assert SECRET not in approver.get(f"{HOME}/{house}{where}").text, where
    assert SECRET not in editor.get(f"{HOME}/export?kind=csv").text


def test_a_public_field_cannot_say_what_is_hidden(world: Any, editor: Any, approver: Any, house: UUID) -> None:
    with world.sessions.begin() as session:
        (place,) = read(session, house).locations
    path = f"{HOME}/{house}/confidential/{place.id}/save"
    assert approver.post(path, data={"address": SECRET, "reason": "Moved in"}).status_code == 303
    from tests.integration.desk.test_directory_pages import save

    answer = save(editor, house, description=f"Come to {SECRET}")
    assert answer.status_code == 422
    assert "says what must stay hidden" in answer.text


def test_a_file_is_looked_at_applied_and_undone(world: Any, editor: Any, house: UUID) -> None:
    file = editor.get(f"{HOME}/export?kind=csv")
    assert file.headers["content-type"].startswith("text/csv")
    text = file.content.decode("utf-8-sig")
    head, row = text.splitlines()[:2]
    name = head.split(",").index("name")
    assert "Night beds (example)" in row
    same = editor.post(f"{HOME}/imports", files={"file": ("same.csv", file.content, "text/csv")})
    assert plan(editor, same) == {"create": 0, "update": 0, "same": 1, "refused": 0}
    cells = row.split(",")
    assert cells[name] == "Night beds (example)"
    changed = "\n".join([head, row.replace("Night beds (example)", "Beds (example)")])
    looked = editor.post(f"{HOME}/imports", files={"file": ("new.csv", changed.encode(), "text/csv")})
    assert plan(editor, looked) == {"create": 0, "update": 1, "same": 0, "refused": 0}
    page = editor.get(looked.headers["location"]).text
    assert '<del dir="auto">Night beds (example)</del>' in page
    assert service(world, house).name == "Night beds (example)", "nothing is written before it is applied"
    upload_id = UUID(looked.headers["location"].rsplit("/", 1)[1])
    stale = editor.post(f"{HOME}/imports/{upload_id}/apply", data={"seen": "something else"})
    assert stale.status_code == 409
    (seen,) = re.findall(r'name="seen" value="([^"]*)"', page)
    assert editor.post(f"{HOME}/imports/{upload_id}/apply", data={"seen": unescape(seen)}).status_code == 303
    uploads.apply_upload(world.sessions, upload_id)
    assert service(world, house).name == "Beds (example)"
    (undo,) = re.findall(r"/desk/directory/imports/batches/[0-9a-f-]+/undo", editor.get(f"{HOME}/imports").text)
    answer = editor.post(undo)
    assert "1 as before" in answer.text
    assert service(world, house).name == "Night beds (example)"
    assert editor.post(undo).status_code == 409


def plan(browser: Any, answer: Any) -> dict[str, int]:
    assert answer.status_code == 303, answer.text
    page = browser.get(answer.headers["location"]).text
    return {kind: int(number) for kind, number in re.findall(r'data-testid="plan-(\w+)">(\d+)<', page)}


def test_a_bad_row_is_named_with_its_row_and_column_and_loses_nothing(world: Any, editor: Any, house: UUID) -> None:
    rows = editor.get(f"{HOME}/export?kind=csv").content.decode("utf-8-sig").splitlines()
    bad = rows[1].replace("shelter", "rescue")
    looked = editor.post(f"{HOME}/imports", files={"file": ("bad.csv", "\n".join([rows[0], bad]).encode(), "text/csv")})
    assert plan(editor, looked)["refused"] == 1
    page = editor.get(looked.headers["location"]).text
    assert "needs" in page
    assert "What helps:" in page
    assert editor.post(f"{looked.headers['location']}/discard").status_code == 303
    assert editor.get(looked.headers["location"]).status_code == 404


def test_what_is_no_file_of_services_is_refused_kindly(world: Any, editor: Any) -> None:
    assert editor.post(f"{HOME}/imports", data={"country": "BD"}).status_code == 422
    broken = editor.post(f"{HOME}/imports", files={"file": ("x.zip", b"PK\x03\x04 broken", "application/zip")})
    assert broken.status_code == 422
    assert "begins like a zip archive and is none" in broken.text
    assert editor.get(f"{HOME}/export?kind=exe").status_code == 404


@pytest.mark.parametrize("kind", list(KINDS))
def test_every_export_holds_the_entry_and_comes_as_a_file(world: Any, editor: Any, house: UUID, kind: str) -> None:
    answer = editor.get(f"{HOME}/export?kind={kind}")
    assert answer.status_code == 200
    assert re.fullmatch(
        r'attachment; filename="directory-[0-9-]+\.(xlsx|csv|json|zip)"', answer.headers["content-disposition"]
    )
    assert b"Night beds" in answer.content or answer.content[:2] == b"PK"


def test_who_only_reads_the_directory_sees_none_of_this(world: Any, house: UUID) -> None:
    world.caseworker()
    reader = world.browser(name="Amina Example")
    page = reader.get(f"{HOME}/{house}").text
    assert "/state" not in page
    for path in (f"/{house}/state", "/work"):
        assert reader.get(HOME + path).status_code == 404, path
    assert reader.post(f"{HOME}/{house}/listing", data={"wanted": "suspended", "reason": "x"}).status_code == 404
    assert reader.post(f"{HOME}/{house}/handled").status_code == 404
    assert service(world, house).listing == "published"


def test_a_caseworker_says_from_the_entry_that_a_door_is_closed_and_is_not_kept_with_it(
    world: Any, house: UUID
) -> None:
    for name in ("Case Example", "Other Example", "Third Example"):
        world.caseworker(name)
        at_work = world.browser(name=name)
        assert 'data-testid="report"' in at_work.get(f"{HOME}/{house}").text
        answer = at_work.post(f"{HOME}/{house}/report", data={"kind": "closed"})
        assert answer.headers["location"] == f"{HOME}/{house}?done=reported"
        again = at_work.post(f"{HOME}/{house}/report", data={"kind": "closed"})
        assert again.status_code == 303, "the same report of the same colleague is one"
        assert at_work.post(f"{HOME}/{house}/report", data={"kind": "nonsense"}).status_code == 404
    with world.sessions.begin() as session:
        assert feedback.counts(session, house) == {"closed": 3}
        assert session.get_one(Service, house).listing == "suspended"


def test_an_editor_says_which_of_two_entries_stays_or_that_they_are_two(world: Any, editor: Any, house: UUID) -> None:
    with world.sessions.begin() as session:
        twin = write(session, entry(is_confidential=False, locations=()), by="tester", source="form").service.id
    page = editor.get(f"{HOME}/duplicates").text
    assert page.count('data-testid="different"') == 1
    assert 'data-testid="different"' in editor.get(f"{HOME}/{house}/state").text
    pair = {"one": str(house), "other": str(twin)}
    assert editor.post(f"{HOME}/duplicates", data={"one": "x", "other": "y"}).status_code == 404
    assert editor.post(f"{HOME}/duplicates", data={**pair, "keep": str(uuid4())}).status_code == 404
    answer = editor.post(f"{HOME}/duplicates", data={**pair, "keep": str(house)})
    assert answer.headers["location"] == f"{HOME}/duplicates?done=compared"
    assert service(world, twin).listing == "archived"
    assert service(world, house).listing == "published"
    assert 'data-testid="different"' not in editor.get(f"{HOME}/duplicates").text
    assert editor.post(f"{HOME}/duplicates", data={**pair, "keep": str(house)}).status_code == 409
    again = editor.post(f"{HOME}/duplicates", data={**pair, "keep": "", "back": "entry"})
    assert again.headers["location"] == f"{HOME}/{house}/state?done=compared"
