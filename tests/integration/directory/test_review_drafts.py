"""A change is shown to nobody until a second person has approved it, and nothing that was is lost."""

from uuid import uuid4

import pytest
from sqlalchemy.orm import Session

from directory.errors import (
    ConflictError,
    FourEyesError,
    OpenRevisionError,
    ReasonNeededError,
    RevisionStateError,
    UnknownEntryError,
)
from directory.models import Service
from directory.records import (
    AttributeRecord,
    ContactRecord,
    PhoneRecord,
    ServiceRecord,
    TextRecord,
    flatten,
    orders,
    record_hash,
)
from directory.review import drafts, listing
from directory.review.history import history, state_at
from directory.review.restoring import restore_field, restore_state
from directory.writing import read, write
from tests.integration.directory.entries import APPROVER, EDITOR, START, Clock, entry, published
from tests.integration.directory.test_writing import everything


def change(session: Session, service: Service, **values: object) -> ServiceRecord:
    return read(session, service.id).model_copy(update=values)


def parts(record: ServiceRecord) -> tuple[dict[str, str], dict[str, list[str]]]:
    return flatten(record), orders(record)


def approved(session: Session, record: ServiceRecord, clock: Clock) -> Service:
    revision = drafts.save_draft(session, record, by=EDITOR, at=clock())
    drafts.submit(session, revision.id, by=EDITOR, at=clock())
    return drafts.approve(session, revision.id, by=APPROVER, four_eyes=True, at=clock()).service


def test_the_live_entry_stays_until_a_second_person_approves(session: Session) -> None:
    service, clock = published(session), Clock()
    revision = drafts.save_draft(session, change(session, service, description="Two nights."), by=EDITOR, at=clock())
    assert read(session, service.id).description == "A bed for a night."
    drafts.submit(session, revision.id, by=EDITOR, at=clock())
    assert [one.id for one in drafts.waiting(session)] == [revision.id]
    assert [(one.path, one.after) for one in drafts.changes_of(session, revision)] == [("description", "Two nights.")]
    with pytest.raises(FourEyesError):
        drafts.approve(session, revision.id, by=EDITOR, four_eyes=True)
    assert read(session, service.id).description == "A bed for a night."
    drafts.approve(session, revision.id, by=APPROVER, four_eyes=True, at=clock())
    assert read(session, service.id).description == "Two nights."
    assert (revision.state, revision.decided_by) == ("approved", APPROVER)
    (row,) = history(session, service.id, path="description")[:1]
    assert (row.before, row.after, row.by, row.approved_by) == (
        "A bed for a night.", "Two nights.", EDITOR, APPROVER,
    )  # fmt: skip


def test_without_four_eyes_one_person_is_enough(session: Session) -> None:
    revision = drafts.save_draft(session, entry(), by=EDITOR)
    drafts.submit(session, revision.id, by=EDITOR)
    assert drafts.approve(session, revision.id, by=EDITOR, four_eyes=False).service.listing == "published"


def test_a_new_entry_exists_only_after_approval_and_is_published_by_it(session: Session) -> None:
    revision = drafts.save_draft(session, entry(), by=EDITOR)
    with pytest.raises(UnknownEntryError):
        read(session, revision.service_id)
    drafts.submit(session, revision.id, by=EDITOR)
    service = drafts.approve(session, revision.id, by=APPROVER, four_eyes=True).service
    assert (service.id, service.listing, service.assured_date) == (revision.service_id, "published", None)


def test_approving_a_change_of_a_suspended_entry_does_not_publish_it(session: Session) -> None:
    service, clock = published(session), Clock()
    listing.suspend(session, service.id, by=APPROVER, reason="reports")
    approved(session, change(session, service, description="New"), clock)
    assert service.listing == "suspended"


def test_a_draft_is_not_approved_and_a_decided_change_is_decided(session: Session) -> None:
    revision = drafts.save_draft(session, entry(), by=EDITOR)
    with pytest.raises(RevisionStateError):
        drafts.approve(session, revision.id, by=APPROVER, four_eyes=True)
    drafts.submit(session, revision.id, by=EDITOR)
    with pytest.raises(ReasonNeededError):
        drafts.reject(session, revision.id, by=APPROVER, reason="  ")
    drafts.reject(session, revision.id, by=APPROVER, reason="no number")
    assert (revision.state, revision.decision_reason) == ("rejected", "no number")
    for act in (drafts.approve, drafts.reject):
        with pytest.raises(RevisionStateError):
            act(
                session,
                revision.id,
                by=APPROVER,
                **({"four_eyes": False} if act is drafts.approve else {"reason": "x"}),
            )
    with pytest.raises(RevisionStateError):
        drafts.submit(session, uuid4(), by=EDITOR)


def test_saving_again_keeps_one_draft_and_takes_it_back_from_the_approver(session: Session) -> None:
    service = published(session)
    first = drafts.save_draft(session, change(session, service, description="One"), by=EDITOR)
    drafts.submit(session, first.id, by=EDITOR)
    second = drafts.save_draft(session, change(session, service, description="Two"), by=EDITOR)
    assert (second.id, second.state, drafts.record_of(second).description) == (first.id, "draft", "Two")
    assert drafts.waiting(session) == []


def test_somebody_elses_open_change_is_not_overwritten_but_can_be_taken_over(session: Session) -> None:
    service = published(session)
    first = drafts.save_draft(session, change(session, service, description="One"), by=EDITOR)
    with pytest.raises(OpenRevisionError) as caught:
        drafts.save_draft(session, change(session, service, description="Two"), by="other")
    assert caught.value.author == EDITOR
    for act in (drafts.submit, drafts.discard):
        with pytest.raises(OpenRevisionError):
            act(session, first.id, by="other")
    drafts.take_over(session, first.id, by="other")
    drafts.submit(session, first.id, by="other")
    with pytest.raises(FourEyesError):
        drafts.approve(session, first.id, by="other", four_eyes=True)
    drafts.discard(session, first.id, by="other")
    assert drafts.open_revisions(session, service.id) == []


def test_a_focal_points_correction_waits_beside_a_draft(session: Session) -> None:
    service = published(session)
    desk = drafts.save_draft(session, change(session, service, description="One"), by=EDITOR)
    theirs = drafts.save_draft(
        session, change(session, service, fees_description="Free"), by="focal_point:1", source=drafts.FOCAL_POINT
    )
    assert [one.id for one in drafts.open_revisions(session, service.id)] == [desk.id, theirs.id]


def test_a_form_that_was_opened_before_another_change_is_told(session: Session) -> None:
    service, clock = published(session), Clock()
    seen = read(session, service.id)
    approved(session, change(session, service, description="Theirs"), clock)
    with pytest.raises(ConflictError) as caught:
        drafts.save_draft(
            session, seen.model_copy(update={"description": "Ours"}), by=EDITOR, base_hash=record_hash(seen)
        )
    assert [one.path for one in caught.value.theirs] == ["description"]
    assert caught.value.both == ["description"]


def test_changes_of_other_fields_are_laid_on_top_and_of_the_same_field_refused(session: Session) -> None:
    service, clock = published(session), Clock()
    ours = drafts.save_draft(session, change(session, service, description="Ours"), by=EDITOR, at=clock())
    drafts.submit(session, ours.id, by=EDITOR, at=clock())
    write(session, change(session, service, fees_description="Free"), by="import", source="import:1", at=clock())
    with pytest.raises(ConflictError) as caught:
        drafts.approve(session, ours.id, by=APPROVER, four_eyes=True, at=clock())
    assert caught.value.both == []
    drafts.rebase(session, ours.id)
    assert [one.path for one in drafts.changes_of(session, ours)] == ["description"]
    write(session, change(session, service, description="Theirs"), by="import", source="import:2", at=clock())
    with pytest.raises(ConflictError) as caught:
        drafts.rebase(session, ours.id)
    assert caught.value.both == ["description"]
    assert read(session, service.id).description == "Theirs"


def test_every_field_can_be_restored_as_it_was(session: Session) -> None:
    clock = Clock()
    service = published(session, everything())
    before = read(session, service.id)
    write(session, entry().model_copy(update={"id": service.id}), by=EDITOR, source="form", at=clock())
    assert parts(state_at(session, service.id, START)) == parts(before)
    revision = restore_state(session, service.id, START, by=EDITOR, at=clock())
    drafts.submit(session, revision.id, by=EDITOR, at=clock())
    drafts.approve(session, revision.id, by=APPROVER, four_eyes=True, at=clock())
    assert parts(read(session, service.id)) == parts(before)
    assert history(session, service.id)[0].source == "restore"


def test_restoring_a_field_leaves_the_others_and_needs_approval(session: Session) -> None:
    service, clock = published(session), Clock()
    approved(session, change(session, service, description="Wrong", fees_description="Free"), clock)
    (row,) = [one for one in history(session, service.id, path="description") if one.after == "Wrong"]
    revision = restore_field(session, row.id, by=EDITOR)
    assert [(one.path, one.after) for one in drafts.changes_of(session, revision)] == [
        ("description", "A bed for a night.")
    ]
    assert read(session, service.id).description == "Wrong"
    with pytest.raises(OpenRevisionError):
        restore_field(session, row.id, by=EDITOR)
    with pytest.raises(UnknownEntryError):
        restore_field(session, uuid4(), by=EDITOR)


def test_a_number_that_was_deleted_comes_back_whole_and_in_its_place(session: Session) -> None:
    phones = tuple(PhoneRecord(number=f"+1500555010{digit}", description=f"{digit}") for digit in range(3))
    service, clock = published(session, entry(phones=phones)), Clock()
    stored = read(session, service.id).phones
    approved(session, change(session, service, phones=(stored[2],)), clock)
    row = next(
        one
        for one in history(session, service.id)
        if one.path == f"phones.{stored[0].id}.description" and not one.after
    )
    revision = restore_field(session, row.id, by=EDITOR)
    assert drafts.record_of(revision).phones == (stored[0], stored[2])


def test_undoing_what_added_a_number_takes_the_whole_number_away(session: Session) -> None:
    service, clock = published(session), Clock()
    more = (*read(session, service.id).phones, PhoneRecord(number="+15005550109"))
    approved(session, change(session, service, phones=more), clock)
    row = next(one for one in history(session, service.id) if one.after == "+15005550109")
    assert len(drafts.record_of(restore_field(session, row.id, by=EDITOR)).phones) == 1


@pytest.mark.parametrize(
    "values",
    [
        {"texts": {"bn": TextRecord(name="রাত", state="draft")}},
        {"attributes": (AttributeRecord(taxonomy="Partner's v1.0 list", code="a.b", label="x.y"),)},
        {"eligible_nationalities": ()},
        {"contacts": (ContactRecord(name="Desk", phones=(PhoneRecord(number="999"), PhoneRecord(number="998"))),)},
    ],
)
def test_what_was_added_can_be_taken_away_and_brought_back(session: Session, values: dict[str, object]) -> None:
    service, clock = published(session), Clock()
    bare = read(session, service.id)
    added = clock()
    write(session, bare.model_copy(update=values), by=EDITOR, source="form", at=added)
    full = read(session, service.id)
    assert full != bare
    write(session, bare, by=EDITOR, source="form", at=clock())
    assert read(session, service.id) == bare == state_at(session, service.id, START)
    assert state_at(session, service.id, added) == full


def test_the_order_of_numbers_is_a_change_and_can_be_restored(session: Session) -> None:
    phones = tuple(PhoneRecord(number=f"+1500555010{digit}") for digit in range(2))
    service, clock = published(session, entry(phones=phones)), Clock()
    stored = read(session, service.id)
    approved(session, stored.model_copy(update={"phones": stored.phones[::-1]}), clock)
    assert read(session, service.id).phones == stored.phones[::-1]
    (row,) = history(session, service.id, path="phones.order")
    assert drafts.record_of(restore_field(session, row.id, by=EDITOR)).phones == stored.phones
