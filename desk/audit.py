"""Who did what, when, to which id: the log that the auditor reads. Ids, roles and keys only, never what somebody wrote.

The door writes a line for every change a route makes, in the change's own transaction: neither can exist without the other.
What is only read, and must be known all the same, is written with `visit.log(...)`. PostgreSQL refuses to change or delete a line.
"""

from uuid import UUID

from sqlalchemy.orm import Session

from cases.models import User
from desk.models import AuditEntry


def record(
    session: Session,
    user: User | None,
    action: str,
    *,
    kind: str = "",
    subject: UUID | str | None = None,
    **details: str,
) -> None:
    """Write one line. `action` is the suffix of a key of the console's words (`did_case_taken`); details are ids, roles and keys.

    The line is written when the caller's transaction commits.
    """
    session.add(
        AuditEntry(
            user_id=user.id if user else None,
            action=action,
            subject_kind=kind,
            subject_id=str(subject) if subject is not None else "",
            details=details,
        )
    )
    session.flush()
