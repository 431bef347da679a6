"""A person's number: masked everywhere at the desk, shown only to who says why, and each showing is logged."""

from sqlalchemy.orm import Session

from cases import service
from cases.models import Case, User
from desk.errors import BadInput
from desk.permissions import may

REASONS = ("call_danger", "call_asked", "hand_over", "find_again", "technical")
"""Why a number may be needed. Keys, no free text: the auditor reads them and never contents."""
WHICH = ("own", "other")


def reveal(session: Session, case: Case, user: User, *, which: str, reason: str) -> str:
    """The number, after the case's timeline got who asked and why. Raises BadInput."""
    if not may_reveal(case, user):
        raise BadInput("number_not_yours")
    if reason not in REASONS or which not in WHICH:
        raise BadInput("number_reason_missing")
    conversation = case.conversation
    number = conversation.person.phone if which == "own" else conversation.other_number
    if not number:
        raise BadInput("case_number_gone")
    service.record(session, case, "number_shown", user=user, reason=f"number_{reason}")
    return number


def may_reveal(case: Case, user: User) -> bool:
    """Whoever holds the case may; for one that nobody or a colleague holds, a supervisor."""
    return case.assignee_id == user.id or may(user, "number.reveal_unheld")


def masked(number: str | None) -> str:
    """Its last two digits: enough to tell two numbers apart, not enough to find anybody."""
    return number[-2:] if number else ""
