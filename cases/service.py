"""What happens to a case: opened, raised, taken, given back, closed. Each is one unit of work; the caller commits."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from cases.errors import CaseClosed, LevelFalls, NotTheOwner
from cases.models import (
    HOLDS,
    LEVELS,
    Case,
    CaseEvent,
    Consent,
    Conversation,
    Note,
    NoteMention,
    ReplyDraft,
    User,
)
from cases.ownership import change_owner, lock_conversation
from cases.rota import is_staffed
from cases.teams import team_for
from core.database import notify, now
from core.settings import Level, Settings, get_settings

FROM_ANSWERS = "screening"
"""Why a case is opened that answers alone brought about; it gives way to a reason that says more, such as a child's."""


@dataclass(frozen=True, slots=True)
class CaseHandle:
    """What the bot may say of a case."""

    reference: str
    level: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Screening:
    """What the person chose to tell, as stored with a case."""

    rules: list[str]
    needs: list[str]
    answers: dict[str, Any]


def open_or_update(
    session: Session,
    conversation_id: UUID,
    *,
    level: str,
    rules: Sequence[str],
    needs: Sequence[str],
    answers: Mapping[str, object],
    reason: str,
    contact: str | None = None,
    settings: Settings | None = None,
) -> CaseHandle:
    """Open the conversation's case, or bring the open one up to date. A level never falls here: only a caseworker lowers it.

    Raises ValueError for a level that is not E, U, P or R.
    """
    if level not in LEVELS:
        raise ValueError(f"a case has a level of {LEVELS}, not {level!r}")
    settings = settings or get_settings()
    conversation = lock_conversation(session, conversation_id)
    case = open_case_of(session, conversation_id)
    target = _target(session, conversation_id, cast("Level", level), settings)
    if case is None:
        team = team_for(session, language=conversation.language, country=_country(answers))
        case = Case(
            conversation_id=conversation_id,
            team_id=team.id,
            level=level,
            reason=reason,
            due_at=now() + target,
            contact=contact,
        )
        case.screening = _dump(rules, needs, answers)
        session.add(case)
        session.flush()
        record(session, case, "opened", level=level, reason=reason)
    else:
        before = read_screening(case)
        case.screening = _dump(
            [*before.rules, *(rule for rule in rules if rule not in before.rules)],
            [*before.needs, *(need for need in needs if need not in before.needs)],
            {**before.answers, **answers},
        )
        if contact is not None:
            case.contact = contact
        if LEVELS.index(level) < LEVELS.index(case.level):
            record(session, case, "raised", before=case.level, level=level, reason=reason)
            case.level = level
            _unpause(case)
            case.reason = reason
            case.due_at = min(case.due_at, now() + target)
        elif case.reason == FROM_ANSWERS:
            case.reason = reason
        session.flush()
        _find_team(session, case, conversation)
    notify(session, case=case.id, conversation=conversation_id)
    return CaseHandle(reference=case.reference, level=case.level, due_at=case.due_at)


def _target(session: Session, conversation_id: UUID, level: Level, settings: Settings) -> timedelta:
    """Time until somebody writes, as it can be kept: at night, with nobody on duty, an hour would be an untrue promise (protocol 2.3)."""
    if level == "U" and not is_staffed(session, conversation_id, settings):
        return settings.target_u_unstaffed
    return settings.target(level)


def _find_team(session: Session, case: Case, conversation: Conversation) -> None:
    """The country is often told after the case was opened. Once somebody has taken it, only a person hands it on."""
    if case.taken_at is not None:
        return
    country = _country(read_screening(case).answers)
    team = team_for(session, language=conversation.language, country=country)
    if team.id != case.team_id:
        case.team_id = team.id
        record(session, case, "team_changed", team=str(team.id))


def find_teams(session: Session) -> None:
    """Teams changed: every open case that nobody has taken yet goes to the team that is for it now."""
    waiting = select(Case.conversation_id).where(Case.state == "open", Case.taken_at.is_(None))
    for conversation_id in session.execute(waiting.order_by(Case.conversation_id)).scalars().all():
        conversation = lock_conversation(session, conversation_id)
        case = open_case_of(session, conversation_id)
        if case is not None:
            before = case.team_id
            _find_team(session, case, conversation)
            if case.team_id != before:
                notify(session, case=case.id, conversation=conversation_id)
    session.flush()


def _country(answers: Mapping[str, object]) -> str | None:
    told = answers.get("country")
    return told if isinstance(told, str) else None


def open_for_bot_failure(session: Session, conversation_id: UUID, *, reason: str) -> CaseHandle:
    """A dead bot is not a dead line: the desk gets the conversation at level U (rule U12), once, with the reason."""
    return open_or_update(session, conversation_id, level="U", rules=["U12"], needs=[], answers={}, reason=reason)


def open_case_of(session: Session, conversation_id: UUID) -> Case | None:
    """The open case of a conversation, if there is one."""
    return session.execute(
        select(Case).where(Case.conversation_id == conversation_id, Case.state == "open")
    ).scalar_one_or_none()


def get_case(session: Session, case_id: UUID) -> Case:
    """A case, locked until the transaction ends, as the database has it now. Raises NoResultFound.

    The conversation is locked before it, as everywhere: else a turn of the bot and a caseworker's click would wait for each other.
    """
    lock_conversation(session, session.execute(select(Case.conversation_id).where(Case.id == case_id)).scalar_one())
    return session.execute(
        select(Case).where(Case.id == case_id).with_for_update().execution_options(populate_existing=True)
    ).scalar_one()


def read_screening(case: Case) -> Screening:
    """Rules, needs and answers of a case."""
    stored = json.loads(case.screening or "{}")
    return Screening(rules=stored.get("rules", []), needs=stored.get("needs", []), answers=stored.get("answers", {}))


def may_be_told(case: Case) -> bool:
    """Whether a message that nobody asked for may be sent: it could hurt whoever said that it is not safe, or wants no contact."""
    held = case.conversation.hold is not None
    return not (held or case.contact in ("later", "no") or read_screening(case).answers.get("safe") == "no")


def set_hold(session: Session, conversation_id: UUID, reason: str | None) -> None:
    """Keep staff from writing first, for one of HOLDS, or allow it again (None). A reason never takes the place of a more serious one.

    The bot's answers to what comes in are not affected. Raises ValueError for an unknown reason.
    """
    if reason is not None and reason not in HOLDS:
        raise ValueError(f"a conversation is held for one of {HOLDS}, not {reason!r}")
    conversation = lock_conversation(session, conversation_id)
    before = conversation.hold
    if reason == before or (reason and before and HOLDS.index(before) < HOLDS.index(reason)):
        return
    conversation.hold = reason
    case = open_case_of(session, conversation_id)
    if case is not None:
        record(session, case, "held" if reason else "released", reason=reason or before or "")
        notify(session, case=case.id, conversation=conversation_id)
    session.flush()


def release_hold(session: Session, case_id: UUID, user: User, *, reason: str) -> Case:
    """A person who looked lets the team write first again; why goes into an internal note. Raises CaseClosed, NotTheOwner.

    Only whoever holds the case may: it is they who then write to a phone that may be in somebody else's hand.
    """
    case = held(session, case_id, user)
    conversation = lock_conversation(session, case.conversation_id)
    if conversation.hold is None:
        return case
    before, conversation.hold = conversation.hold, None
    # The tries that led to it were judged; new ones count from the beginning.
    conversation.wrong_words = 0
    add_note(session, case, user, reason)
    record(session, case, "released", user=user, reason=before)
    notify(session, case=case.id, conversation=case.conversation_id)
    return case


def held_for(session: Session, conversation_id: UUID) -> str | None:
    """Why staff may not write first, one of HOLDS, or None."""
    return session.get_one(Conversation, conversation_id).hold


def has_safe_word(session: Session, conversation_id: UUID) -> bool:
    """Whether the person chose a word by which they can go on after a pause."""
    return session.get_one(Conversation, conversation_id).safe_word_hash is not None


def set_shared_phone(session: Session, conversation_id: UUID, *, shared: bool) -> None:
    """Note that others read this phone, or may: the conversation then locks sooner."""
    lock_conversation(session, conversation_id).shared_phone = shared
    session.flush()


def record_consent(
    session: Session,
    conversation_id: UUID,
    kind: str,
    *,
    given: bool,
    language: str,
    text_version: str,
    how: str = "channel",
    user: User | None = None,
) -> Consent:
    """Store one answer to one request for consent: language, version of the text, time; how and by whom where the bot did not ask."""
    consent = Consent(
        conversation_id=conversation_id, kind=kind, given=given, language=language, text_version=text_version, how=how,
        user_id=user.id if user else None,
    )  # fmt: skip
    session.add(consent)
    session.flush()
    return consent


def take(session: Session, case_id: UUID, user: User) -> Case:
    """A caseworker takes the case and the conversation; the bot is silent from here on. Raises CaseClosed, NotTheOwner."""
    case = get_case(session, case_id)
    if case.state != "open":
        raise CaseClosed(case.id)
    if case.assignee_id is not None and case.assignee_id != user.id:
        raise NotTheOwner(case.id, case.assignee.name if case.assignee else None)
    if case.assignee_id is None:
        case.assignee_id = user.id
        case.taken_at = case.taken_at or now()
        change_owner(session, case.conversation_id, "desk")
        record(session, case, "taken", user=user)
        notify(session, case=case.id, conversation=case.conversation_id)
    return case


def give_back(session: Session, case_id: UUID, user: User) -> Case:
    """The caseworker gives the conversation back to the bot; the case stays open and unassigned. Raises CaseClosed, NotTheOwner."""
    case = held(session, case_id, user)
    case.assignee_id = None
    _unpause(case)
    change_owner(session, case.conversation_id, "bot")
    record(session, case, "given_back", user=user)
    notify(session, case=case.id, conversation=case.conversation_id)
    return case


def hand_on(session: Session, case_id: UUID, user: User, to: User, *, note: str, assigns: bool) -> Case:
    """Give the case to a colleague, with a note. Raises CaseClosed, NotTheOwner.

    Whoever holds it may; somebody else only if they assign cases (`assigns`). The epoch does not rise from one person to the next: what a
    caseworker has just written must still be sent.
    """
    case = get_case(session, case_id)
    if case.state != "open":
        raise CaseClosed(case.id)
    if case.assignee_id != user.id and not assigns:
        raise NotTheOwner(case.id, case.assignee.name if case.assignee else None)
    if case.assignee_id is None:
        case.taken_at = case.taken_at or now()
        change_owner(session, case.conversation_id, "desk")
    case.assignee_id = to.id
    _unpause(case)
    add_note(session, case, user, note)
    record(session, case, "handed_on", user=user, to=str(to.id))
    notify(session, case=case.id, conversation=case.conversation_id)
    return case


def take_over(session: Session, case_id: UUID, user: User, *, reason: str) -> Case:
    """Take the case from the colleague who holds it, for a reason that goes into a note to them. Raises CaseClosed, NotTheOwner.

    NotTheOwner: nobody holds it, then it is simply taken. The epoch does not rise: what the colleague has just written is still sent.
    """
    case = get_case(session, case_id)
    if case.state != "open":
        raise CaseClosed(case.id)
    before = case.assignee_id
    if before == user.id:
        return case
    if before is None:
        raise NotTheOwner(case.id, None)
    case.assignee_id = user.id
    _unpause(case)
    note = add_note(session, case, user, reason)
    session.add(NoteMention(note_id=note.id, user_id=before))
    record(session, case, "taken_over", user=user, before=str(before))
    notify(session, case=case.id, conversation=case.conversation_id)
    return case


def pause(session: Session, case_id: UUID, user: User, *, until: datetime) -> Case:
    """Put the case out of sight until a time, or until the person writes. Raises CaseClosed, NotTheOwner, ValueError for an emergency."""
    case = held(session, case_id, user)
    if case.level == "E":
        raise ValueError("an emergency is not put aside")
    case.paused_at, case.paused_until = now(), until
    record(session, case, "paused", user=user, until=until.isoformat())
    notify(session, case=case.id, conversation=case.conversation_id)
    return case


def resume(session: Session, case_id: UUID, user: User) -> Case:
    """Bring a paused case back before its time. Raises CaseClosed, NotTheOwner."""
    case = held(session, case_id, user)
    if case.paused_until is not None:
        _unpause(case)
        record(session, case, "resumed", user=user)
        notify(session, case=case.id, conversation=case.conversation_id)
    return case


def is_paused(case: Case, at: datetime) -> bool:
    """Whether the case is out of sight: its time is not over, and the person has not written since."""
    if case.assignee_id is None or case.paused_until is None or case.paused_at is None or case.paused_until <= at:
        return False
    wrote = case.conversation.last_inbound_at
    return wrote is None or wrote <= case.paused_at


def _unpause(case: Case) -> None:
    case.paused_at = case.paused_until = None


def close(session: Session, case_id: UUID, user: User, *, outcome: str, needs_met: str | None = None) -> Case:
    """Close the case with an outcome; when the person writes again the bot begins afresh. Raises CaseClosed, NotTheOwner."""
    case = held(session, case_id, user)
    case.state = "closed"
    case.closed_at = now()
    case.outcome = outcome
    case.needs_met = needs_met
    _unpause(case)
    session.execute(delete(ReplyDraft).where(ReplyDraft.case_id == case.id))
    conversation = change_owner(session, case.conversation_id, "closed")
    conversation.new_session = True
    record(session, case, "closed", user=user, outcome=outcome)
    notify(session, case=case.id, conversation=case.conversation_id)
    return case


def change_level(
    session: Session, case_id: UUID, user: User, *, level: str, reason: str, settings: Settings | None = None
) -> Case:
    """A person changes the level; the reason goes into an internal note, because it is free text. Raises LevelFalls without a reason."""
    if level not in LEVELS:
        raise ValueError(f"a case has a level of {LEVELS}, not {level!r}")
    if not reason.strip():
        raise LevelFalls
    case = held(session, case_id, user)
    before, case.level = case.level, level
    if LEVELS.index(level) < LEVELS.index(before):
        case.due_at = min(case.due_at, now() + (settings or get_settings()).target(cast("Level", level)))
    add_note(session, case, user, reason)
    record(session, case, "level_changed", user=user, before=before, level=level)
    notify(session, case=case.id, conversation=case.conversation_id)
    return case


def add_note(session: Session, case: Case, user: User, body: str) -> Note:
    """An internal note; never sent to anybody."""
    note = Note(case_id=case.id, user_id=user.id, body=body)
    session.add(note)
    session.flush()
    record(session, case, "noted", user=user)
    return note


def held(session: Session, case_id: UUID, user: User) -> Case:
    """The open case, locked, if this user holds it. Raises CaseClosed, NotTheOwner."""
    case = get_case(session, case_id)
    if case.state != "open":
        raise CaseClosed(case.id)
    if case.assignee_id != user.id:
        raise NotTheOwner(case.id, case.assignee.name if case.assignee else None)
    return case


def record(session: Session, case: Case, kind: str, *, user: User | None = None, **details: str) -> None:
    """Write an event of the case's timeline: ids, levels and keys only."""
    session.add(CaseEvent(case_id=case.id, kind=kind, user_id=user.id if user else None, details=details))
    session.flush()


def _dump(rules: Sequence[str], needs: Sequence[str], answers: Mapping[str, object]) -> str:
    return json.dumps({"rules": list(rules), "needs": list(needs), "answers": dict(answers)}, ensure_ascii=False)
