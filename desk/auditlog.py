"""What the auditor reads of the log: filtered, the newest first, in words and ids."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session, joinedload

from cases.models import Case, User
from core.database import now
from core.settings import Settings
from desk import audit
from desk.models import AuditEntry
from desk.words import Words

PAGE = 50
KINDS = {
    "before": ("role_",), "fields": ("referral_field_",), "of": ("detail_of_",), "reason": ("reason_number_", "export_reason_"),
    "roles": ("role_",), "state": ("owned_state_",), "way": ("referral_way_",), "which": ("detail_which_",),
}  # fmt: skip
"""What the codes of a detail are words of: beginnings of keys."""
SHORTEST = timedelta(days=366)
"""What the database refuses to delete, and a day more."""


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for; what is empty does not narrow."""

    user: UUID | None = None
    action: str = ""
    subject: str = ""
    """An id, or a case's reference such as K47."""
    first: date | None = None
    last: date | None = None
    before: int | None = None
    """Number of the line the next page begins below."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the log."""

    number: int
    at: datetime
    who: str
    did: str
    subject: str
    details: str


@dataclass(frozen=True, slots=True)
class Found:
    """One page of lines; `next_before` leads to the next, None: there is none."""

    lines: list[Line]
    next_before: int | None


def end_old(session: Session, settings: Settings, at: datetime | None = None) -> int:
    """Delete the lines whose time is over, and leave one that says how many. Younger than a year, PostgreSQL keeps them."""
    kept = max(settings.audit_retention, SHORTEST)
    gone = session.execute(
        delete(AuditEntry).where(AuditEntry.at < (at or now()) - kept).returning(AuditEntry.number)
    ).all()
    if gone:
        audit.record(session, None, "audit_ended", count=str(len(gone)))
    return len(gone)


def search(session: Session, wanted: Search, words: Words) -> Found:
    """The lines that fit, at most PAGE of them."""
    statement = select(AuditEntry).order_by(AuditEntry.number.desc()).limit(PAGE + 1)
    if wanted.user is not None:
        statement = statement.where(AuditEntry.user_id == wanted.user)
    if wanted.action:
        statement = statement.where(AuditEntry.action == wanted.action)
    if wanted.subject:
        statement = statement.where(AuditEntry.subject_id.in_(_ids(session, wanted.subject)))
    if wanted.first is not None:
        statement = statement.where(AuditEntry.at >= datetime.combine(wanted.first, time.min, UTC))
    if wanted.last is not None:
        statement = statement.where(AuditEntry.at < datetime.combine(wanted.last, time.min, UTC) + timedelta(days=1))
    if wanted.before is not None:
        statement = statement.where(AuditEntry.number < wanted.before)
    rows = session.execute(statement.options(joinedload(AuditEntry.user))).scalars().all()
    names = _names(session, rows[:PAGE])
    lines = [_line(row, names, words) for row in rows[:PAGE]]
    return Found(lines, lines[-1].number if len(rows) > PAGE else None)


def actions(session: Session, words: Words) -> list[tuple[str, str]]:
    """What occurs in the log: action and its words, by its words."""
    found = session.execute(select(AuditEntry.action).distinct()).scalars()
    return sorted(((action, _did(action, words)) for action in found), key=lambda pair: pair[1])


def _line(row: AuditEntry, names: dict[str, str], words: Words) -> Line:
    subject = names.get(row.subject_id, row.subject_id)
    kind = words.find(f"subject_{row.subject_kind}", row.subject_kind)
    return Line(
        number=row.number,
        at=row.at,
        who=row.user.name if row.user else words.say("audit_nobody"),
        did=_did(row.action, words),
        subject=f"{kind} {subject}".strip(),
        details=words.say("list_separator").join(
            _detail(key, value, words) for key, value in sorted(row.details.items())
        ),
    )


def _detail(key: str, value: str, words: Words) -> str:
    """`reason: They asked for it`; a code that has no words, as a permission or an id, stands as it is."""
    codes = value.replace(",", " ").split()
    said = [
        next((words.find(f"{kind}{code}", "") for kind in KINDS.get(key, ()) if f"{kind}{code}" in words), code)
        for code in codes
    ]
    return f"{words.find(f'detail_{key}', key)}: {words.isolated(words.say('list_separator').join(said))}"


def _did(action: str, words: Words) -> str:
    return words.find(f"did_{action}", action.replace("_", " "))


def _names(session: Session, rows: Iterable[AuditEntry]) -> dict[str, str]:
    """What staff call the ids: a colleague's name, a case's reference. Both tell nothing of a person."""
    by_kind: dict[str, set[UUID]] = {"case": set(), "user": set()}
    for row in rows:
        if row.subject_kind in by_kind and (found := _uuid(row.subject_id)) is not None:
            by_kind[row.subject_kind].add(found)
    users = session.execute(select(User.id, User.name).where(User.id.in_(by_kind["user"])))
    cases = session.execute(select(Case.id, Case.number).where(Case.id.in_(by_kind["case"])))
    return {str(row.id): row.name for row in users} | {str(row.id): f"K{row.number}" for row in cases}


def _ids(session: Session, text: str) -> list[str]:
    text = text.strip()
    if text[:1] in "Kk" and text[1:].isascii() and text[1:].isdigit():
        # Longer is no number of a case, and more than the column can hold.
        found = session.execute(select(Case.id).where(Case.number == int(text[1:10])))
        return [str(row.id) for row in found]
    return [text.lower()]


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
