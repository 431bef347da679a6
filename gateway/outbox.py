"""What is to be said is checked and written down first: rows in order, each with the job that sends it.

They are written in the transaction that knows who owns the conversation.
"""

import json
from typing import Literal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from cases.models import Conversation, User
from cases.ownership import lock_conversation
from cases.service import held, open_case_of, record
from core.jobs import TURNS, defer
from core.settings import Settings, get_settings
from core.turns import Say
from gateway.check import Draft, check
from gateway.drafts import said_by_person
from gateway.errors import CannotWrite, NeedsAcknowledgement
from gateway.models import Message
from gateway.rendering import Part
from gateway.rows import manner_of, queue_parts
from gateway.saying import say_checked
from gateway.splitting import fits
from gateway.templates import approved_template
from gateway.window import is_open
from gateway.wording import Wording, clean


def send_as_caseworker(
    session: Session,
    conversation: Conversation,
    user: User,
    text: str,
    client_id: UUID,
    *,
    wording: Wording,
    settings: Settings | None = None,
    acknowledged: frozenset[str] = frozenset(),
) -> Message:
    """Write as a caseworker. The same `client_id` again gives the same message: a double click is one.

    A text that breaks rules of the check is written only when each of them was `acknowledged`; the case remembers that. Outside WhatsApp's
    window it is held until the person writes.

    Raises CannotWrite, NeedsAcknowledgement, and NotTheOwner or CaseClosed when the user does not hold the open case.
    """
    settings = settings or get_settings()
    conversation = lock_conversation(session, conversation.id)
    case = open_case_of(session, conversation.id)
    if case is None:
        raise CannotWrite("no_case")
    held(session, case.id, user)
    sent = session.execute(
        select(Message).where(Message.client_id == client_id, Message.conversation_id == conversation.id)
    ).scalar_one_or_none()
    if sent is not None:
        return sent
    text = clean(text)
    if not text:
        raise CannotWrite("empty")
    if not fits(text, None):
        raise CannotWrite("too_long")
    if (refusal := why_silent(conversation)) is not None:
        raise CannotWrite(refusal)
    if not is_open(conversation) and approved_template(session, wording, conversation.language) is None:
        raise CannotWrite("no_template")
    draft = Draft(
        text,
        sms=conversation.channel == "sms",
        said=said_by_person(session, conversation.id),
        ours=wording.stock(manner_of(conversation, None, wording, settings).language),
    )
    findings = check(draft, wording, settings)
    rules = [finding.rule for finding in findings]
    if not acknowledged.issuperset(rules):
        raise NeedsAcknowledgement(findings)
    if rules:
        record(session, case, "text_acknowledged", user=user, rules=",".join(rules))
    return queue_parts(
        session, conversation, [Part(text)], author="caseworker", user=user, client_id=client_id, acknowledged=rules
    )[-1]


def why_silent(conversation: Conversation) -> str | None:
    """Why no caseworker may write to this person now, as a reason of CannotWrite."""
    if conversation.person.retired_at is not None:
        return "stranger"
    return "opted_out" if conversation.silent else conversation.hold


def say_system(
    session: Session,
    conversation: Conversation,
    key: str,
    *,
    wording: Wording,
    settings: Settings | None = None,
    language: str | None = None,
    turn_id: UUID | None = None,
    **values: str | int,
) -> list[Message]:
    """Say a message of the service itself (a person takes over, the case is closed); nothing to who wrote STOP or became a stranger."""
    settings = settings or get_settings()
    conversation = lock_conversation(session, conversation.id)
    if conversation.silent or conversation.person.retired_at is not None:
        return []
    return say_checked(
        session,
        conversation,
        Say(say=key, values=dict(values)),
        author="system",
        manner=manner_of(conversation, language, wording, settings),
        wording=wording,
        settings=settings,
        turn_id=turn_id,
    )


Prompt = Literal["resume", "ask_referral", "follow_up"]
"""What the desk has the bot do: go on; ask whether the answers may go to a place (`value`: its public name); ask how a referral went."""


def resume(
    session: Session, conversation: Conversation, *, prompt: Prompt = "resume", value: str | None = None
) -> Message:
    """The desk gave the conversation back: the bot takes it up where it was. A row of its own, so that it waits its turn in order."""
    conversation = lock_conversation(session, conversation.id)
    row = Message(
        conversation_id=conversation.id,
        direction="inbound",
        author="system",
        kind="text",
        key=prompt,
        state="received",
        epoch=conversation.epoch,
    )
    row.extra = json.dumps({"value": value}) if value else None
    session.add(row)
    session.flush()
    defer(session, "gateway.turn", queue=TURNS, lock=str(conversation.id), conversation_id=str(conversation.id))
    return row
