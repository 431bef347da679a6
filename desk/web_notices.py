"""Where one is told outside the desk that a case waits: one's own addresses and quiet hours."""

import re
from datetime import time
from typing import Annotated
from uuid import UUID
from zoneinfo import available_timezones

from fastapi import APIRouter, Form, Request, Response
from sqlalchemy import delete, func, select

from cases.models import User
from core.encryption import cipher
from core.settings import Settings
from desk.access import Door, Visit
from desk.browsers import name_of
from desk.errors import BadInput
from desk.frame import frame
from desk.models import StaffAddress
from desk.pages import PUSH_WORKER, go, page
from desk.permissions import needs
from desk.push import HASHED, LONGEST, public_key, read_subscription, vapid_key
from desk.words import words

NOTICES = "/desk/account/notices"
Field = Annotated[str, Form()]
MOST_BROWSERS = 10
CHANNELS = {
    "email": re.compile(r"[^@\s,;<>]{1,64}@[^@\s,;<>]{1,180}\.[^@\s,;<>.]{2,}"),
    "sms": re.compile(r"\+[1-9][0-9]{6,14}"),
}


def add_routes(router: APIRouter, settings: Settings, door: Door) -> None:
    """The page, saving and removing."""

    def show(visit: Visit, *, status: int = 200, error: str = "") -> Response:
        mine = visit.session.execute(select(StaffAddress).where(StaffAddress.user_id == visit.user.id)).scalars().all()
        key = vapid_key(settings)
        possible = {"email": bool(settings.smtp_host), "sms": bool(settings.staff_sms_from)}
        return page(
            "notices.html", status=status, **frame(visit, current="/desk/account"), error=error,
            mine={one.channel: one for one in mine}, possible=possible, zones=sorted(available_timezones()),
            browsers=[one for one in mine if one.channel == "push"], push_key=public_key(key) if key else "",
            push_worker=PUSH_WORKER,
        )  # fmt: skip

    @router.get("/account/notices")
    @needs("account.own")
    def show_notices(request: Request) -> Response:
        with door.visit(request) as visit:
            return show(visit)

    @router.post("/account/notices/push")
    @needs("account.own", logs="notices_set", fresh=True)
    def save_push(
        request: Request, subscription: Field = "", quiet_from: Field = "", quiet_until: Field = "",
        time_zone: Field = "UTC",
    ) -> Response:  # fmt: skip
        """This browser wants to be told."""
        try:
            with door.visit(request) as visit:
                browser = name_of(request.headers.get("user-agent", ""))
                _save_push(visit, settings, subscription, browser, (quiet_from, quiet_until, time_zone))
        except BadInput as fault:
            with door.visit(request) as visit:
                return show(visit, status=422, error=words().say(fault.key, **fault.values))
        return go(NOTICES)

    @router.post("/account/notices/push/{address_id}/remove")
    @needs("account.own", logs="notices_set")
    def remove_push(request: Request, address_id: UUID) -> Response:
        with door.visit(request) as visit:
            visit.session.execute(
                delete(StaffAddress).where(StaffAddress.id == address_id, StaffAddress.user_id == visit.user.id)
            )
        return go(NOTICES)

    @router.post("/account/notices/{channel}")
    @needs("account.own", logs="notices_set", fresh=True)
    def save(  # noqa: PLR0917 - a parameter is a field of the form
        request: Request, channel: str, address: Field = "", quiet_from: Field = "", quiet_until: Field = "",
        time_zone: Field = "UTC",
    ) -> Response:  # fmt: skip
        try:
            with door.visit(request) as visit:
                _save(visit, channel, "".join(address.split()), (quiet_from, quiet_until, time_zone))
        except BadInput as fault:
            with door.visit(request) as visit:
                return show(visit, status=422, error=words().say(fault.key))
        return go(NOTICES)


def _save(visit: Visit, channel: str, address: str, quiet: tuple[str, str, str]) -> None:
    if channel not in CHANNELS:
        raise BadInput("error_input")
    _remove(visit, visit.user, channel)
    if not address:
        return
    if not CHANNELS[channel].fullmatch(address):
        raise BadInput(f"notices_wrong_{channel}")
    _add(visit, StaffAddress(user_id=visit.user.id, channel=channel), address, quiet)


def _save_push(visit: Visit, settings: Settings, text: str, browser: str, quiet: tuple[str, str, str]) -> None:
    endpoint = read_subscription(text, settings).endpoint
    session, user = visit.session, visit.user
    known = cipher().find_hashes(endpoint, purpose=HASHED)
    # Whoever asked in this browser last is told here, and nobody else any more.
    session.execute(delete(StaffAddress).where(StaffAddress.endpoint_hash.in_(known)))
    own = StaffAddress.user_id == user.id, StaffAddress.channel == "push"
    if session.execute(select(func.count()).where(*own)).scalar_one() >= MOST_BROWSERS:
        raise BadInput("notices_many_browsers", limit=MOST_BROWSERS)
    row = StaffAddress(user_id=user.id, channel="push", endpoint_hash=known[0], browser=browser)
    _add(visit, row, text[:LONGEST], quiet)


def _add(visit: Visit, row: StaffAddress, address: str, quiet: tuple[str, str, str]) -> None:
    start, end, zone = quiet
    if zone not in available_timezones() or bool(start) != bool(end):
        raise BadInput("notices_quiet_wrong")
    row.quiet_from, row.quiet_until, row.time_zone = _time(start), _time(end), zone
    row.address, row.language = address, words().code
    visit.session.add(row)


def _remove(visit: Visit, user: User, channel: str) -> None:
    visit.session.execute(delete(StaffAddress).where(StaffAddress.user_id == user.id, StaffAddress.channel == channel))


def _time(text: str) -> time | None:
    try:
        return time.fromisoformat(text[:5]) if text else None
    except ValueError:
        raise BadInput("notices_quiet_wrong") from None
