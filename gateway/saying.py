"""What the bot and the service say: rendered, checked, and only then queued. A text that fails stays here, and something neutral goes out.

Nobody is left before a question they cannot see: when the choices alone do not say what they mean, a human gets the conversation.
"""

from collections.abc import Sequence
from functools import partial
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from cases.models import Conversation
from cases.ownership import change_owner
from cases.service import open_case_of, open_or_update, record
from core.logging import get_logger
from core.settings import Settings
from core.turns import Say
from gateway.budgets import DIRECTORY, budget_of
from gateway.drafts import broken_rules, is_all_ours, our_words, said_by_person, without_telling_names
from gateway.models import Message
from gateway.rendering import Manner, render
from gateway.rows import queue_parts
from gateway.wording import Wording

log = get_logger(__name__)

NEUTRAL = "say_neutral"
MEANINGLESS = frozenset({"choice_yes", "choice_no", "choice_unsure", "choice_agree"})
"""Answers that say nothing without their question: nobody may agree to what they have not read."""


def say_checked(
    session: Session,
    conversation: Conversation,
    say: Say,
    *,
    author: str,
    manner: Manner,
    wording: Wording,
    settings: Settings,
    turn_id: UUID | None = None,
    state: str = "queued",
) -> list[Message]:
    """Queue the messages that say it, or a neutral one and the reason for staff. The conversation must be locked."""
    queue = partial(
        queue_parts, session, conversation, author=author, language=manner.language, turn_id=turn_id
    )  # fmt: skip
    all_ours = is_all_ours(say.say, say.question, say.choices, wording)
    said = () if all_ours else said_by_person(session, conversation.id)
    judge = partial(broken_rules, manner=manner, wording=wording, settings=settings, said=said)
    say, ours = without_telling_names(say, wording, settings), our_words(say)
    parts = render(say, manner, wording, budget=budget_of(say.say, settings))
    rules = judge(parts, say.say, ours=ours)
    if not rules:
        return queue(parts, say=say, state=state, ours=ours)
    log.error("a text was withheld", conversation=str(conversation.id), key=say.say, rules=",".join(rules))
    rows = queue(parts, say=say, state="dropped", withheld=",".join(rules))
    if state == "dropped":
        return rows
    answerable = say.question is None
    for instead in _neutral(say):
        neutral = render(instead, manner, wording, budget=budget_of(NEUTRAL, settings))
        if not judge(neutral, NEUTRAL, ours=our_words(instead)):
            rows += queue(neutral, say=instead, state=state)
            answerable = answerable or instead.question is not None
            break
    tell_staff(session, conversation, say.say, rules, settings, answerable=answerable)
    keep_up(session, conversation, turn_id)
    return rows


def tell_staff(
    session: Session,
    conversation: Conversation,
    key: str | None,
    rules: Sequence[str],
    settings: Settings,
    *,
    answerable: bool,
) -> None:
    """What could not be said concerns a human: whoever waits for a list of places, or sits before no question, gets help by hand."""
    stuck = not answerable and conversation.owner == "bot"
    if stuck or key in DIRECTORY:
        open_or_update(
            session, conversation.id, level="U" if stuck else "P", rules=["U12"] if stuck else [], needs=[], answers={},
            reason="unsafe_text", settings=settings,
        )  # fmt: skip
    case = open_case_of(session, conversation.id)
    if case is not None:
        record(session, case, "text_withheld", key=key or "", rules=",".join(rules))
    if stuck:
        change_owner(session, conversation.id, "desk")


def keep_up(session: Session, conversation: Conversation, turn_id: UUID | None) -> None:
    """A turn that ends with a human still says what it said before: it is not dropped as an older owner's."""
    if turn_id is not None:
        session.execute(
            update(Message)
            .where(Message.turn_id == turn_id, Message.state == "queued")
            .values(epoch=conversation.epoch)
            .execution_options(synchronize_session="fetch")
        )


def _neutral(say: Say) -> list[Say]:
    """What may go out instead, the best first: with the choices, where these mean something by themselves."""
    plain = Say(say=NEUTRAL)
    if say.question is None or not say.choices or any(choice.label in MEANINGLESS for choice in say.choices):
        return [plain]
    return [say.model_copy(update={"say": NEUTRAL, "values": {}}), plain]
