"""Rows of the outbox: each message that is to leave is written down first, with the job that sends it."""

import json
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session, contains_eager

from cases.models import Conversation, User
from core.database import notify, now
from core.jobs import OUTBOX, defer
from core.settings import Settings
from core.turns import Say
from gateway.models import Message
from gateway.rendering import Manner, Part
from gateway.segments import count_segments
from gateway.times import clock_of
from gateway.window import SEND, hold, is_open
from gateway.wording import Wording

# Made once: to build it cost as much as to ask it, and every turn asks it three times.
_LOCK = (
    select(Message)
    .join(Message.conversation)
    .join(Conversation.person)
    .options(contains_eager(Message.conversation).contains_eager(Conversation.person))
    .where(Message.id == bindparam("id"))
    .with_for_update(of=[Conversation, Message])
    .execution_options(populate_existing=True)
)


def manner_of(conversation: Conversation, language: str | None, wording: Wording, settings: Settings) -> Manner:
    """How a person is spoken to: in their language, else the guess, else the first language; by the clock where they are."""
    known = [code for code in (conversation.language, language) if code in wording.codes]
    clock = clock_of((conversation.person.phone or "", conversation.our_address), settings.countries)
    return Manner([*known, wording.codes[0]][0], conversation.channel, clock, now())


def lock_message(session: Session, message_id: UUID) -> Message:
    """A message with its conversation and person, as the database has them now; both rows are locked until the transaction ends.

    The conversation first: so everybody does it, and nobody waits for each other. Raises NoResultFound.
    """
    return session.execute(_LOCK, {"id": message_id}).scalar_one()


def queue_parts(
    session: Session,
    conversation: Conversation,
    parts: Sequence[Part],
    *,
    author: str,
    language: str | None = None,
    say: Say | None = None,
    turn_id: UUID | None = None,
    user: User | None = None,
    client_id: UUID | None = None,
    state: str = "queued",
    withheld: str | None = None,
    ours: Sequence[str] = (),
    acknowledged: Sequence[str] = (),
) -> list[Message]:
    """Write the rows of one saying and, unless they are `dropped` already, their jobs. The conversation must be locked.

    `ours` and `acknowledged` are what the check before sending needs to judge as the first one did.
    """
    rows = []
    for position, part in enumerate(parts):
        last = position == len(parts) - 1
        row = Message(
            conversation_id=conversation.id,
            direction="outbound",
            author=author,
            user_id=user.id if user else None,
            client_id=client_id if last else None,
            key=say.say if say else None,
            question=say.question if say and last else None,
            choices=[choice.model_dump() for choice in part.choices] or None,
            multiple=bool(say and say.multiple),
            secret=bool(say and say.secret and last),
            language=language,
            epoch=conversation.epoch,
            turn_id=turn_id,
            state=state,
            withheld=withheld,
            segments=count_segments(part.body).segments if conversation.channel == "sms" else None,
        )
        row.body = part.body
        extra: dict[str, object] = {} if part.form == "text" else {"form": part.form, "labels": part.labels}
        extra |= {name: list(kept) for name, kept in (("ours", ours), ("acknowledged", acknowledged)) if kept}
        row.extra = json.dumps(extra) if extra else None
        session.add(row)
        # One by one: `seq`, the order in which they are sent, is given at the insert.
        session.flush()
        if state == "queued":
            if is_open(conversation) or part.form == "template":
                defer(session, SEND, queue=OUTBOX, lock=f"outbox:{conversation.id}", message_id=str(row.id))
            else:
                hold(session, conversation, row)
        rows.append(row)
    notify(session, conversation=conversation.id)
    return rows
