"""Asking a person through the channel whether a named place may have their answers (Q23): what they would read, or why not."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from cases.models import Case, User
from cases.referrals import course
from cases.referrals.models import Referral
from cases.service import give_back, may_be_told
from core.turns import Choice, Say
from desk.errors import BadInput
from desk.work import CANNOT_WRITE
from gateway.budgets import budget_of
from gateway.drafts import broken_rules, our_words, said_by_person
from gateway.gateway import Gateway
from gateway.outbox import resume, say_system, why_silent
from gateway.rendering import render
from gateway.rows import manner_of
from screening.questions import questionnaire

KEY = "ask_referral"


@dataclass(frozen=True, slots=True)
class Question:
    """The question as it would leave. `refusal`: a key that says why it cannot; `rules`: of the check, that keep its text back."""

    parts: tuple[str, ...]
    language: str
    refusal: str
    rules: tuple[str, ...]

    @property
    def can_be_asked(self) -> bool:
        return not self.refusal and not self.rules


def question(session: Session, gateway: Gateway, case: Case, name: str) -> Question:
    """The question about a place of this name, rendered and checked as the gateway will."""
    conversation = case.conversation
    manner = manner_of(conversation, None, gateway.wording, gateway.settings)
    choices = tuple(Choice(value=one.value, label=one.label) for one in questionnaire().get("referral").values)  # type: ignore[union-attr]
    say = Say(say=KEY, values={"name": name[:300]}, choices=choices, question="referral")
    try:
        parts = render(say, manner, gateway.wording, budget=budget_of(KEY, gateway.settings))
    except KeyError:
        return Question((), manner.language, "referral_no_words", ())
    said = said_by_person(session, conversation.id)
    rules = broken_rules(parts, KEY, manner, gateway.wording, gateway.settings, said=said, ours=our_words(say))
    refusal = CANNOT_WRITE[silent] if (silent := why_silent(conversation)) is not None else ""
    if not refusal and not may_be_told(case):
        refusal = "referral_no_contact"
    return Question(tuple(part.body for part in parts), manner.language, refusal, tuple(rules))


def ask(session: Session, gateway: Gateway, referral: Referral, user: User, name: str) -> None:
    """The bot asks; for that it gets the conversation back, which the person is told, and the case returns to the queue with the answer.

    Raises BadInput when it cannot be asked, WrongState, CaseClosed, NotTheOwner.
    """
    case = referral.case
    asked = question(session, gateway, case, name)
    if not asked.can_be_asked:
        raise BadInput(asked.refusal or "referral_kept_back")
    course.ask(session, referral, user, gateway.settings)
    give_back(session, case.id, user)
    say_system(session, case.conversation, "say_human_left", wording=gateway.wording, settings=gateway.settings)
    resume(session, case.conversation, prompt="ask_referral", value=name[:200])
