"""What happened to a case before: consents, internal notes, and the timeline of its events, in words."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from cases.models import Case, CaseEvent, Consent, Note
from desk.words import Words

MOST_EVENTS = 50


@dataclass(frozen=True, slots=True)
class Line:
    """A consent, a note or an event: words, and where it matters who and when."""

    text: str = ""
    kind: str = ""
    answer: str = ""
    name: str = ""
    by: str = ""
    at: datetime = field(default_factory=lambda: datetime.min.replace(tzinfo=UTC))


def consents(session: Session, case: Case, words: Words) -> list[Line]:
    """Consents: the last answer of each kind."""
    rows = session.execute(
        select(Consent).where(Consent.conversation_id == case.conversation_id).order_by(Consent.created_at)
    ).scalars()
    # The last answer of a kind is the one that holds.
    latest = {consent.kind: consent for consent in rows}
    return [
        Line(
            kind=words.say(f"consent_{consent.kind}"),
            answer=words.say("consent_given" if consent.given else "consent_refused") + _how(consent, words),
            at=consent.created_at,
            name=words.language(consent.language),
        )
        for consent in latest.values()
    ]


def _how(consent: Consent, words: Words) -> str:
    """How it was given, where the bot did not ask: somebody wrote down what they heard."""
    return "" if consent.how == "channel" else f" ({words.say(f'referral_how_{consent.how}')})"


def notes(session: Session, case: Case) -> list[Line]:
    """Internal notes, the newest first."""
    rows = session.execute(
        select(Note).where(Note.case_id == case.id).order_by(Note.created_at.desc()).options(joinedload(Note.user))
    ).scalars()
    return [Line(text=note.body or "", name=note.user.name, at=note.created_at) for note in rows]


def events(session: Session, case: Case, words: Words) -> list[Line]:
    """The timeline, the newest first."""
    rows = session.execute(
        select(CaseEvent)
        .where(CaseEvent.case_id == case.id)
        .order_by(CaseEvent.at.desc())
        .limit(MOST_EVENTS)
        .options(joinedload(CaseEvent.user))
    ).scalars()
    return [Line(text=_event(event, words), by=_by(event, words), at=event.at) for event in rows]


def _event(event: CaseEvent, words: Words) -> str:
    if f"event_{event.kind}" not in words:
        return event.kind.replace("_", " ")
    details = event.details
    said = {
        "level": words.find(f"level_{details.get('level')}", ""),
        "before": words.find(f"level_{details.get('before')}", ""),
        "reason": words.find(f"reason_{details.get('reason')}", ""),
        "outcome": words.find(f"outcome_{details.get('outcome')}", ""),
        "rules": words.say("list_separator").join(
            words.find(f"check_rule_{rule}", rule) for rule in details.get("rules", "").split(",")
        ),
        "step": words.find(f"escalation_{details.get('step')}", ""),
        "error": words.find(f"error_code_{details.get('error_code')}", ""),
    }
    text = words.say(f"event_{event.kind}", **said).rstrip(" :")
    if event.kind != "escalated" or "called" not in details:
        return text
    nobody = words.say("rota_nobody_of_rank")
    return f"{text}: {details['called'] or nobody}"


def _by(event: CaseEvent, words: Words) -> str:
    return words.say("event_by", name=event.user.name) if event.user else ""
