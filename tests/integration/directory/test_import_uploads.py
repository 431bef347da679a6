"""A file that is brought to the desk lies encrypted, is looked at and applied by jobs, once, and is forgotten after a day."""

import io
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from core.database import Sessions, now
from directory.exchange import uploads
from directory.exchange.errors import UnreadableError, UploadStateError
from directory.exchange.failures import Failure
from directory.exchange.models import ImportBatch, ImportUpload, ImportUploadPart
from directory.models import Service

CSV = "organization,country,name,needs\nHouse (example),BD,Quiet beds (example),shelter\nHouse (example),BD,Bad (example),rescue\n"


def brought(sessions: Sessions, content: bytes = CSV.encode(), **values: bool) -> ImportUpload:
    with sessions.begin() as session:
        upload = uploads.receive(
            session, io.BytesIO(content), file_name="list.csv", by="u1", **({"review": False} | values)
        )
        uploads.start(session, upload.id)
    return upload


def state(sessions: Sessions, upload: ImportUpload) -> ImportUpload:
    with sessions.begin() as session:
        return session.get_one(ImportUpload, upload.id)


def test_a_file_is_looked_at_confirmed_and_applied_once(sessions: Sessions) -> None:
    upload = brought(sessions)
    with pytest.raises(UploadStateError), sessions.begin() as session:
        uploads.confirm(session, upload.id)
    uploads.examine(sessions, upload.id)
    seen = state(sessions, upload)
    plan = uploads.plan_of(seen)
    assert plan is not None
    assert (seen.state, plan.counts["create"], plan.counts["refused"]) == ("examined", 1, 1)
    assert [one.problems[0].column for one in plan.outcomes if one.action == "refused"] == ["needs"]
    with sessions.begin() as session:
        assert session.scalars(select(Service.id)).all() == []
        uploads.confirm(session, upload.id)
    for _ in range(2):
        uploads.apply_upload(sessions, upload.id)
    done = state(sessions, upload)
    with sessions.begin() as session:
        assert session.scalars(select(Service.name)).all() == ["Quiet beds (example)"]
        batch = session.scalars(select(ImportBatch)).one()
        assert (done.state, done.batch_id, batch.by, batch.refused) == ("applied", batch.id, "u1", 1)
        assert session.scalars(select(ImportUploadPart.id)).all() == []
        tasks = session.execute(text("SELECT task_name, args FROM procrastinate_jobs ORDER BY id")).all()
    assert [(name, args) for name, args in tasks] == [
        (uploads.EXAMINE, {"upload_id": str(upload.id)}), (uploads.APPLY, {"upload_id": str(upload.id)}),
    ]  # fmt: skip


def test_neither_the_file_nor_its_plan_lies_in_the_clear(sessions: Sessions) -> None:
    upload = brought(sessions)
    uploads.examine(sessions, upload.id)
    with sessions.begin() as session:
        for table in ("import_upload", "import_upload_part"):
            for row in session.execute(text(f"SELECT * FROM {table}")):  # noqa: S608
                stored = b"".join(bytes(v) if isinstance(v, bytes | memoryview) else str(v).encode() for v in row)
                assert b"Quiet" not in stored
                assert b"UXVpZXQ" not in stored


def test_a_file_longer_than_a_piece_comes_back_as_it_was(sessions: Sessions) -> None:
    content = CSV.encode() + b"House (example),BD,Long (example)," + b" " * 2_500_000 + b"shelter\n"
    upload = brought(sessions, content)
    with sessions.begin() as session, uploads.opened(session, session.get_one(ImportUpload, upload.id)) as source:
        assert source.path.read_bytes() == content
        assert len(session.scalars(select(ImportUploadPart.id)).all()) == 3


def test_what_changed_since_the_dry_run_is_looked_at_again(sessions: Sessions) -> None:
    first, second = brought(sessions), brought(sessions)
    for upload in (first, second):
        uploads.examine(sessions, upload.id)
        with sessions.begin() as session:
            uploads.confirm(session, upload.id)
    uploads.apply_upload(sessions, first.id)
    uploads.apply_upload(sessions, second.id)
    again = state(sessions, second)
    plan = uploads.plan_of(again)
    assert plan is not None
    assert (again.state, plan.counts["create"], plan.counts["refused"]) == ("examined", 0, 2)
    assert again.failure == Failure("outdated").stored()


def test_all_or_nothing_says_why_nothing_was_done(sessions: Sessions) -> None:
    upload = brought(sessions)
    uploads.examine(sessions, upload.id)
    with sessions.begin() as session:
        uploads.confirm(session, upload.id, all_or_nothing=True)
    uploads.apply_upload(sessions, upload.id)
    after = state(sessions, upload)
    assert (after.state, after.failure) == ("examined", Failure("refused", {"refused": "1"}).stored())
    with sessions.begin() as session:
        assert session.scalars(select(Service.id)).all() == []


def test_what_cannot_be_read_says_so(sessions: Sessions) -> None:
    upload = brought(sessions, b"organisation,name\nx,y\n")
    uploads.examine(sessions, upload.id)
    failed = state(sessions, upload)
    assert failed.state == "failed"
    why = Failure("unknown_header_near", {"position": "1", "near": "organization"})
    assert failed.failure == why.stored(), "a file without a header has an address there: it is not stored in the clear"
    with pytest.raises(UnreadableError), sessions.begin() as session:
        uploads.receive(session, io.BytesIO(b""), file_name="x", by="u1", review=True)


def test_after_a_day_nothing_is_left(sessions: Sessions) -> None:
    upload = brought(sessions)
    with sessions.begin() as session:
        assert uploads.forget(session, at=now() + timedelta(hours=23)) == 0
        assert uploads.forget(session, at=now() + timedelta(hours=25)) == 1
    with sessions.begin() as session:
        assert session.get(ImportUpload, upload.id) is None
        assert session.scalars(select(ImportUploadPart.id)).all() == []
