"""Tells a person on WhatsApp that an answer waits: one approved template, at most once a day, and never to whom nobody may write first."""

from datetime import timedelta
from uuid import UUID

import procrastinate
from sqlalchemy import exists, select
from sqlalchemy.orm import Session, aliased

from cases.models import Conversation
from cases.ownership import lock_conversation
from core.database import now
from core.jobs import OUTBOX, UPKEEP
from core.logging import get_logger
from core.turns import Say
from gateway.gateway import Gateway
from gateway.models import Message
from gateway.rendering import Part
from gateway.rows import queue_parts
from gateway.templates import approved_template, keep_current
from gateway.window import INVITATION, INVITE, NOTICES, WINDOW

log = get_logger(__name__)

KEEP_TEMPLATES = "gateway.keep_templates"
LOOK_BACK = timedelta(days=7)
"""What waited longer without a template is for a human to decide."""


def invite(gateway: Gateway, conversation_id: UUID) -> bool:
    """Queue the template if something waits and nothing speaks against it. Returns whether it did."""
    with gateway.sessions.begin() as session:
        conversation = lock_conversation(session, conversation_id)
        if conversation.silent or conversation.hold or not _waits(session, conversation):
            return False
        if _invited(session, conversation):
            return False
        template = approved_template(session, gateway.wording, conversation.language)
        if template is None:
            log.error("no template is approved", conversation=str(conversation.id), key=INVITATION)
            return False
        (row,) = queue_parts(
            session,
            conversation,
            [Part(template.body, "template")],
            author="system",
            language=template.language,
            say=Say(say=INVITATION),
        )
        row.content_sid = template.content_sid
    return True


def invite_waiting(gateway: Gateway) -> int:
    """Invite those for whom something has waited since no template was approved; nobody twice for the same text. How many."""
    invited = aliased(Message)
    with gateway.sessions.begin() as session:
        waiting = session.execute(
            select(Message.conversation_id)
            .where(Message.state == "held", Message.held_since > now() - LOOK_BACK)
            .where(
                ~exists().where(
                    invited.conversation_id == Message.conversation_id,
                    invited.key == INVITATION,
                    invited.created_at >= Message.held_since,
                )
            )
            .distinct()
        ).scalars()
        conversations = list(waiting)
    return sum(invite(gateway, conversation_id) for conversation_id in conversations)


def add_tasks(app: procrastinate.App, gateway: Gateway) -> None:
    """Register the jobs with the worker's application."""

    @app.task(name=INVITE, queue=OUTBOX)
    def send_invitation(conversation_id: str) -> None:
        invite(gateway, UUID(conversation_id))

    @app.periodic(cron="*/10 * * * *")
    @app.task(name=KEEP_TEMPLATES, queue=UPKEEP, queueing_lock=KEEP_TEMPLATES)
    def keep_templates(timestamp: int) -> None:  # noqa: ARG001 - a periodic job is given its time
        if _on_whatsapp(gateway):
            keep_current(gateway)
            invite_waiting(gateway)


def _on_whatsapp(gateway: Gateway) -> bool:
    """Whether anybody writes by WhatsApp: a copy without it submits nothing to anyone."""
    with gateway.sessions.begin() as session:
        found = select(Conversation.id).where(Conversation.channel == "whatsapp").limit(1)
        return session.execute(found).first() is not None


def _waits(session: Session, conversation: Conversation) -> bool:
    rows = session.execute(
        select(Message.key).where(Message.conversation_id == conversation.id, Message.state == "held")
    ).scalars()
    return any(key not in NOTICES for key in rows)


def _invited(session: Session, conversation: Conversation) -> bool:
    """Whether a template went out within a day. One that failed did not."""
    query = select(Message.id).where(
        Message.conversation_id == conversation.id,
        Message.key == INVITATION,
        Message.state.not_in(("failed", "dropped")),
        Message.created_at > now() - WINDOW,
    )
    return session.execute(query.limit(1)).first() is not None
