"""Taking a case out of the desk: one person asks and says why, another agrees, the first sees it once, soon, on a page to print.

There is no file: files are copied, mailed and forgotten. The person's number is not in it; that has its own page and its own log.
"""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, joinedload

from cases.models import Case, User
from cases.service import record
from core.database import now
from desk.errors import BadInput, NotFound
from desk.models import CaseExport
from desk.permissions import may

REASONS = ("person_asks", "court_order", "transfer", "complaint", "supervision")
HOLDS = timedelta(hours=24)
"""From the agreement until it can no longer be opened, and from the asking until nobody can agree."""
UNDER_WAY = ("waiting", "agreed")


def ask(session: Session, case: Case, user: User, reason: str) -> CaseExport:
    """Ask for the export of a case. Raises BadInput for a reason that is none, and while another is under way."""
    if reason not in REASONS:
        raise BadInput("export_reason_missing")
    latest = of_case(session, case.id)
    if latest is not None and latest.state in UNDER_WAY and _over(latest):
        latest.state = "refused"
        session.flush()
    made = CaseExport(case_id=case.id, reason=reason, asked_by_id=user.id)
    try:
        with session.begin_nested():
            session.add(made)
            session.flush()
    except IntegrityError:
        raise BadInput("export_under_way") from None
    record(session, case, "export_asked", user=user)
    return made


def decide(session: Session, case: Case, export_id: UUID, user: User, *, agree: bool) -> CaseExport:
    """Agree or refuse. Whoever asked can only take it back. Raises NotFound, BadInput."""
    found = _locked(session, case, export_id, "waiting")
    if agree and found.asked_by_id == user.id:
        raise BadInput("export_own")
    if not agree and found.asked_by_id != user.id and not may(user, "export.agree"):
        raise NotFound
    if agree and _over(found):
        raise BadInput("export_over")
    found.state = "agreed" if agree else "refused"
    found.decided_by_id, found.decided_at = user.id, now()
    record(session, case, "export_agreed" if agree else "export_refused", user=user)
    return found


def open_once(session: Session, case: Case, export_id: UUID, user: User) -> CaseExport:
    """The case may be shown, this once, to whoever asked. Raises NotFound, BadInput."""
    found = _locked(session, case, export_id, "agreed")
    if found.asked_by_id != user.id:
        raise NotFound
    if _over(found):
        raise BadInput("export_over")
    found.state, found.shown_at = "shown", now()
    record(session, case, "export_shown", user=user)
    return found


def of_case(session: Session, case_id: UUID) -> CaseExport | None:
    """The latest export of a case."""
    return session.execute(
        select(CaseExport)
        .where(CaseExport.case_id == case_id)
        .order_by(CaseExport.asked_at.desc())
        .limit(1)
        .options(joinedload(CaseExport.asked_by), joinedload(CaseExport.decided_by))
    ).scalar_one_or_none()


def is_over(export: CaseExport) -> bool:
    """Whether its time ran out before it was opened."""
    return export.state in UNDER_WAY and _over(export)


def _over(export: CaseExport) -> bool:
    return now() - (export.decided_at or export.asked_at) > HOLDS


def _locked(session: Session, case: Case, export_id: UUID, state: str) -> CaseExport:
    # Two clicks at once: the second must see that it was shown already.
    found = session.execute(
        select(CaseExport).where(CaseExport.id == export_id, CaseExport.case_id == case.id).with_for_update()
    ).scalar_one_or_none()
    if found is None or found.state != state:
        raise NotFound
    return found
