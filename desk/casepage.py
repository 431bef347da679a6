"""Everything the page of one case shows, put into words before a template sees it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from cases.models import Case, User
from cases.service import is_paused, read_screening
from cases.teams import in_teams_of
from core.database import now
from core.settings import Settings
from desk import history, plain, referral_page
from desk.bubbles import Meanings, Thread, read_thread
from desk.errors import NotFound
from desk.numbers import masked
from desk.permissions import may
from desk.words import Words
from desk.work import CANNOT_WRITE, who_can_take
from gateway.outbox import why_silent
from gateway.templates import approved_template
from gateway.window import is_open


@dataclass(frozen=True, slots=True)
class CaseView:
    """One case as one caseworker sees it. `holding` is me, other, nobody or closed."""

    id: UUID
    reference: str
    level: str
    reason: str
    facts: list[str]
    opened_at: datetime
    holding: str
    held_by: str
    why_not: str
    target: str
    overdue: bool
    warnings: list[str]
    needs: list[str]
    country: str | None
    place: str | None
    answers: list[plain.Answer]
    rules: list[plain.FiredRule]
    other_number: str
    """Last digits of the number the person would rather be called on."""
    consents: list[history.Line]
    referrals: list[referral_page.Summary]
    notes: list[history.Line]
    events: list[history.Line]
    thread: Thread
    paused: str
    """Until when the case is put aside, in words; empty: it is not."""
    plan: list[tuple[str, str]]
    """The safe contact plan: how, when, in which language, a woman or a man, as label and value."""
    hold: str
    """Why nobody may write first, as a key of HOLDS; empty: somebody may."""
    reply_hint: str
    reply_warnings: list[str]
    colleagues: list[User]
    """To whom this user may give it; empty: to nobody."""
    practice: bool = False
    """An invented case for practice (desk/practice): nothing on the page leads to a real one."""

    @property
    def mine(self) -> bool:
        """Whether this caseworker may write."""
        return self.holding == "me"


def read_case(session: Session, case_id: UUID, user: User, *, settings: Settings, meanings: Meanings) -> CaseView:
    """The case with all that belongs to it. Raises NotFound, also for a case of another team."""
    case = session.execute(
        select(Case)
        .where(Case.id == case_id, in_teams_of(user.id))
        .options(joinedload(Case.assignee), joinedload(Case.conversation))
    ).scalar_one_or_none()
    if case is None:
        raise NotFound
    words = meanings.words
    at = now()
    screening = read_screening(case)
    holding = _holding(case, user)
    holder = case.assignee.name if case.assignee else ""
    target, overdue = _target(case, settings, at, words)
    return CaseView(
        id=case.id,
        reference=case.reference,
        level=case.level,
        reason=plain.reason(case, screening, words),
        facts=_facts(case, words),
        opened_at=case.opened_at,
        holding=holding,
        held_by=_held_by(case, holding, holder, words),
        why_not=_why_not(case, holding, holder, words),
        target=target,
        overdue=overdue,
        warnings=[*_erasure(case, settings, at, words), *plain.warnings(screening.answers, words)],
        needs=plain.needs(screening, words),
        country=plain.country(screening, words),
        place=plain.place(screening),
        answers=plain.answers(screening, words),
        rules=plain.rules(screening, words),
        other_number=masked(case.conversation.other_number),
        consents=history.consents(session, case, words),
        referrals=referral_page.summaries(session, case, words),
        notes=history.notes(session, case),
        events=history.events(session, case, words),
        thread=read_thread(session, case.conversation_id, meanings),
        paused=words.say("paused_until", time=words.moment(case.paused_until))
        if is_paused(case, at) and case.paused_until
        else "",
        plan=plain.contact_plan(case.contact, case.conversation.language, screening, words),
        hold=case.conversation.hold or "",
        reply_hint=_reply_hint(case, words),
        reply_warnings=_reply_warnings(session, case, at, meanings),
        colleagues=_colleagues(session, case, user, holding),
    )


def _colleagues(session: Session, case: Case, user: User, holding: str) -> list[User]:
    if holding == "closed" or not (holding == "me" or may(user, "case.assign")):
        return []
    return [one for one in who_can_take(session, case) if one.id != case.assignee_id]


def _holding(case: Case, user: User) -> str:
    if case.state != "open":
        return "closed"
    if case.assignee_id is None:
        return "nobody"
    return "me" if case.assignee_id == user.id else "other"


def _held_by(case: Case, holding: str, holder: str, words: Words) -> str:
    if holding == "closed":
        return words.say("case_closed", outcome=words.find(f"outcome_{case.outcome}", case.outcome or ""))
    if holding == "me":
        return words.say("held_by_you")
    return words.say("held_by", name=holder) if holding == "other" else words.say("held_by_nobody")


def _why_not(case: Case, holding: str, holder: str, words: Words) -> str:
    if holding == "closed":
        return words.say("closed_owns")
    if holding == "other":
        return words.say("other_owns", name=holder)
    return words.say("bot_owns" if case.conversation.owner == "bot" else "nobody_owns")


def _target(case: Case, settings: Settings, at: datetime, words: Words) -> tuple[str, bool]:
    if case.state != "open":
        return "", False
    if case.taken_at is not None:
        return words.say("taken_after", time=words.duration(case.taken_at - case.opened_at)), False
    left = case.due_at - at
    overdue = left < timedelta(0)
    said = words.say("target_over" if overdue else "target_left", time=words.duration(left))
    target = words.say("target_of_level", time=words.duration(settings.target(case.level)))  # type: ignore[arg-type]
    return f"{words.say('waiting_taken', time=words.duration(at - case.opened_at))} · {said} · {target}", overdue


def _facts(case: Case, words: Words) -> list[str]:
    number = case.conversation.person.phone
    shown = words.say("case_number_ends", digits=masked(number)) if number else words.say("case_number_gone")
    return [
        words.language(case.conversation.language),
        words.say(f"channel_{case.conversation.channel}"),
        shown,
    ]


def _erasure(case: Case, settings: Settings, at: datetime, words: Words) -> list[str]:
    asked_at = case.conversation.erasure_asked_at
    if asked_at is None or case.state != "open":
        return []
    left = max(asked_at + settings.erase_check - at, timedelta(0))
    return [words.say("warning_erasure_pending", time=words.duration(left))]


def _reply_hint(case: Case, words: Words) -> str:
    language = case.conversation.language
    return words.say("reply_hint", language=words.language(language)) if language else words.say("reply_hint_unknown")


def _reply_warnings(session: Session, case: Case, at: datetime, meanings: Meanings) -> list[str]:
    """Said before anything is typed: a message that cannot arrive must not look as if it could."""
    found = []
    words = meanings.words
    conversation = case.conversation
    if case.contact in ("later", "no"):
        found.append(words.say(f"reply_contact_{case.contact}"))
    if (refusal := why_silent(conversation)) is not None:
        found.append(words.say(CANNOT_WRITE[refusal]))
    if not is_open(conversation, at):
        found += _outside_the_window(session, conversation.language, meanings)
    return found


def _outside_the_window(session: Session, language: str | None, meanings: Meanings) -> list[str]:
    """What becomes of a text that WhatsApp does not take now."""
    words = meanings.words
    template = approved_template(session, meanings.wording, language)
    if template is None:
        return [words.say("reply_no_template")]
    found = [words.say("reply_window")]
    if template.language != language:
        found.append(words.say("reply_window_language", language=words.language(template.language)))
    return found
