"""Telling staff outside the desk that a case waits: no name, no level, no word of anybody, for a screen that others see.

Every minute: whoever is first on call for a case that nobody took, then, as it is escalated, the second and the duty manager. Each address
once a step. Quiet hours hold for everything but an emergency; what they kept back is told when they end, if the case still waits.
"""

import json
from collections.abc import Iterator
from datetime import datetime, time
from typing import Protocol
from urllib.parse import quote
from uuid import UUID
from zoneinfo import ZoneInfo

import apprise
import procrastinate
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, joinedload

from cases.models import Case
from cases.rota import called
from core.database import Sessions, now
from core.jobs import UPKEEP
from core.logging import get_logger
from core.settings import Settings
from desk import handover
from desk.models import StaffAddress, StaffNotice
from desk.push import AddressGoneError, Pusher
from desk.words import speaking, words

log = get_logger(__name__)

NOTIFY = "desk.notify"
MOST_TRIES = 5
BATCH = 200


class Teller(Protocol):
    """Sends one short text to one address."""

    def tell(self, channel: str, address: str, text: str) -> bool:
        """Whether it was taken. Raises AddressGoneError where nobody is told any more."""
        ...


class StaffTeller:
    """By mail through the mail server of the settings, by SMS through their account at Twilio (both Apprise), browsers (desk/push.py)."""

    def __init__(self, settings: Settings, pusher: Pusher | None = None) -> None:
        self._settings = settings
        self._pusher = pusher or Pusher(settings)

    def tell(self, channel: str, address: str, text: str) -> bool:
        if channel == "push":
            return self._pusher.push(address, text)
        url = self.url_of(channel, address)
        if url is None:
            return False
        sender = apprise.Apprise()
        return bool(sender.add(url) and sender.notify(body=text, title=""))

    def url_of(self, channel: str, address: str) -> str | None:
        """Apprise's address of a receiver: it holds passwords, and goes nowhere else."""
        settings = self._settings

        def safe(text: str | None) -> str:
            return quote(text or "", safe="")

        if channel == "email" and settings.smtp_host:
            password = settings.smtp_password.get_secret_value() if settings.smtp_password else ""
            who = f"{safe(settings.smtp_user)}:{safe(password)}@" if settings.smtp_user else ""
            scheme = "mailto" if settings.smtp_security == "none" else "mailtos"
            mode = {"tls": "&mode=ssl", "starttls": "&mode=starttls", "none": ""}[settings.smtp_security]
            return (
                f"{scheme}://{who}{settings.smtp_host}:{settings.smtp_port}/?from={safe(settings.smtp_from)}"
                f"&to={safe(address)}{mode}&format=text"
            )
        token = settings.twilio_auth_token
        if channel == "sms" and settings.twilio_account_sid and token and settings.staff_sms_from:
            return f"twilio://{safe(settings.twilio_account_sid)}:{safe(token.get_secret_value())}@{safe(settings.staff_sms_from)}/{safe(address)}"
        return None


def tell_waiting(sessions: Sessions, settings: Settings, teller: Teller, at: datetime | None = None) -> int:
    """Tell whoever is to be told now; how many were. Each in a transaction of its own: one that fails keeps nobody else waiting."""
    moment = at or now()
    with sessions.begin() as session:
        due = list(_due(session, moment))
    told = 0
    for case_id, step, address_id in due:
        with sessions.begin() as session:
            told += _tell(session, settings, teller, (case_id, step, address_id))
    return told


def _due(session: Session, at: datetime) -> Iterator[tuple[UUID, int, UUID]]:
    waiting = session.scalars(
        select(Case)
        .where(Case.state == "open", Case.taken_at.is_(None))
        .order_by(Case.due_at)
        .limit(BATCH)
        .options(joinedload(Case.conversation))
    ).all()
    for case in waiting:
        for step in range(case.escalated + 1):
            users = [user.id for user in called(session, case, step + 1, at)]
            for address in session.scalars(select(StaffAddress).where(StaffAddress.user_id.in_(users))):
                if case.level == "E" or not is_quiet(address, at):
                    yield case.id, step, address.id


def _tell(session: Session, settings: Settings, teller: Teller, key: tuple[UUID, int, UUID]) -> bool:
    case_id, step, address_id = key
    session.execute(
        insert(StaffNotice).values(case_id=case_id, step=step, address_id=address_id, tries=0).on_conflict_do_nothing()
    )
    # Locked: two workers at once must not call somebody twice at night.
    notice = session.get_one(StaffNotice, key, with_for_update=True)
    address = session.get_one(StaffAddress, address_id)
    if notice.sent_at is not None or notice.tries >= MOST_TRIES or address.address is None:
        return False
    notice.tries += 1
    with speaking(address.language):
        text = _text(address.channel, settings)
    try:
        told = teller.tell(address.channel, address.address, text)
    except AddressGoneError:
        log.info("a browser is told no more", user=str(address.user_id))
        session.execute(delete(StaffAddress).where(StaffAddress.id == address_id))
        return False
    if not told:
        log.warning("staff were not told", channel=address.channel, count=notice.tries)
        return False
    notice.sent_at = now()
    return True


def _text(channel: str, settings: Settings) -> str:
    """The same for every case and whoever it is of."""
    console = words()
    if channel == "push":
        told = {"say": console.say("notice_waits", address="").strip(), "lang": console.code, "dir": console.direction}
        return json.dumps(told, ensure_ascii=False)
    return console.say("notice_waits", address=f"{settings.public_base()}/desk")


def is_quiet(address: StaffAddress, at: datetime) -> bool:
    """Whether only an emergency is told at this moment."""
    if address.quiet_from is None or address.quiet_until is None:
        return False
    clock: time = at.astimezone(ZoneInfo(address.time_zone)).time()
    if address.quiet_from <= address.quiet_until:
        return address.quiet_from <= clock < address.quiet_until
    return clock >= address.quiet_from or clock < address.quiet_until


def add_tasks(app: procrastinate.App, sessions: Sessions, settings: Settings, teller: Teller) -> None:
    """Register the schedules with the worker's application."""

    @app.periodic(cron="* * * * *")
    @app.task(name=NOTIFY, queue=UPKEEP, queueing_lock=NOTIFY, lock=NOTIFY)
    def notify_staff(timestamp: int) -> None:  # noqa: ARG001 - a periodic job is given its time
        tell_waiting(sessions, settings, teller)
        with sessions.begin() as session:
            handover.forget(session)
