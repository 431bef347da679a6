"""The two addresses that Twilio calls: messages in, statuses of messages out. Check, store, answer; everything else is a job.

Twilio gives up after 15 seconds and, with `#rc=5&rp=all` behind the address, tries again on any failure: so a message that could not be
stored is answered 503, never 200, and one that was stored before is answered 200 again.
"""

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock

from fastapi import APIRouter, Request, Response
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from starlette.requests import ClientDisconnect

from core.gathering import Gathering
from core.hash_keys import HashKeyMissing
from core.logging import get_logger
from core.pace import Busy, Pace
from core.settings import Settings
from gateway import rejected
from gateway.addresses import Address
from gateway.errors import Unusable
from gateway.form import MAX_BYTES, Form
from gateway.gateway import Gateway
from gateway.receive import store, understand
from gateway.signature import HEADER, SignatureCheck
from gateway.statuses import Told, move_together, receive_status
from gateway.together import store_together

log = get_logger(__name__)

REFUSED_A_MINUTE = 120
"""Requests with a wrong signature that are kept from one address in a minute: beyond that they are answered without a word to the database.
What is signed is never counted: it is somebody who writes."""
MESSAGES, STATUS = "/twilio/messages", "/twilio/status"
TOGETHER = 100
"""Requests that one transaction takes in at most."""
AT_ONCE = {MESSAGES: 8, STATUS: 4}
"""Requests that are taken in alone at once, fewer than there are connections to the database. What somebody wrote has room of its own: a
status may wait for a conversation that is being answered, and would keep messages waiting with it."""
STATUS_PAUSE = 0.03
"""Seconds for which statuses gather: nobody waits for them, two come for each message, and each alone costs as much as all of a moment."""
_EMPTY_TWIML = '<?xml version="1.0" encoding="UTF-8"?><Response/>'

Answer = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Call:
    """A request to one of the two addresses, and who it came from."""

    request: rejected.Request
    address: str | None


class Intake:
    """Takes in what Twilio calls with: what comes at the same moment by one transaction, what is not plain by one of its own."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._check = SignatureCheck(gateway.settings)
        self._pace = Pace(REFUSED_A_MINUTE)
        self._gathering = {
            MESSAGES: Gathering(self._messages, self._alone, most=TOGETHER, at_once=AT_ONCE[MESSAGES]),
            STATUS: Gathering(self._statuses, self._alone, most=TOGETHER, at_once=AT_ONCE[STATUS], pause=STATUS_PAUSE),
        }
        self._by_themselves: dict[int, Address] = {}
        self._lock = Lock()

    async def take(self, call: Call) -> Answer:
        """The answer to a request."""
        return await self._gathering[call.request.path].ask(call)

    def _alone(self, call: Call) -> Answer:
        try:
            return handle(self._gateway, self._check, call.request, pace=self._pace, address=call.address)
        finally:
            with self._lock:
                self._by_themselves.pop(id(call), None)

    def _messages(self, calls: Sequence[Call]) -> list[Answer | None]:
        arrivals = {}
        for n, call in enumerate(calls):
            form = self._signed(call.request)
            with suppress(Unusable):
                if form is not None:
                    arrivals[n] = understand(form)
        with self._lock:
            # Whose last message still waits for their conversation: the next one must not overtake it.
            waiting = set(self._by_themselves.values())
        ready = {n: one for n, one in arrivals.items() if one.sender not in waiting}
        answers: list[Answer | None] = [None] * len(calls)
        if ready:
            with self._gateway.sessions.begin() as session:
                outcomes = store_together(session, list(ready.values()), self._gateway.settings)
            for n, outcome in zip(ready, outcomes, strict=True):
                if outcome is not None:
                    answers[n] = 200, "duplicate" if outcome == "duplicate" else "stored"
        with self._lock:
            self._by_themselves |= {id(calls[n]): one.sender for n, one in arrivals.items() if answers[n] is None}
        return answers

    def _statuses(self, calls: Sequence[Call]) -> list[Answer | None]:
        told = {}
        for n, call in enumerate(calls):
            form = self._signed(call.request)
            if form is not None:
                told[n] = Told.read(message_of(call.request), form)
        answers: list[Answer | None] = [None] * len(calls)
        if told:
            with self._gateway.sessions.begin() as session:
                moved = move_together(session, list(told.values()))
            for n, has_moved in zip(told, moved, strict=True):
                if has_moved:
                    answers[n] = 200, "status"
        return answers

    def _signed(self, request: rejected.Request) -> Form | None:
        """The form, if its signature is right: what is refused is refused alone."""
        form = Form.parse(request.body)
        valid = self._check.check(request.path, request.query, form, request.signature) == "valid"
        return form if valid else None


def make_router(gateway: Gateway) -> APIRouter:
    """The routes, for the application that the composition root builds."""
    router = APIRouter()
    intake = Intake(gateway)

    # The path is the route's, not the request's: PUBLIC_URL is what stands before it, whatever a proxy adds or takes away.
    @router.post(MESSAGES, include_in_schema=False)
    async def messages(request: Request) -> Response:
        return await _answer(request, MESSAGES, intake)

    @router.post(STATUS, include_in_schema=False)
    async def status(request: Request) -> Response:
        return await _answer(request, STATUS, intake)

    return router


def handle(
    gateway: Gateway, check: SignatureCheck, request: rejected.Request, *, pace: Pace, address: str | None
) -> Answer:
    """Check a request and take it in; the status code and what happened. Runs in a thread: it talks to the database."""
    form = Form.parse(request.body)
    verdict = check.check(request.path, request.query, form, request.signature)
    if verdict != "valid":
        try:
            pace.now(address)
        except Busy:
            return 429, "too_often"

    def keep(session: Session) -> Answer:
        if verdict == "valid":
            return 200, take_in(session, request, form, gateway.settings)
        rejected.reject(session, request, verdict)
        return 403, verdict

    try:
        return gateway.sessions.run(keep)
    except SQLAlchemyError as error:
        log.error("the database did not take a request", path=request.path, error=type(error).__name__)  # noqa: TRY400
        if verdict == "valid":
            return 503, "not_stored"
    except HashKeyMissing as error:
        # Not stored as somebody new: Twilio asks again, and the comparison with its list brings in what it gave up on.
        log.error("a message was not taken in", reason=str(error))  # noqa: TRY400
        return 503, "key_missing"
    return 403, verdict


def take_in(session: Session, request: rejected.Request, form: Form, settings: Settings) -> str:
    """Do what a signed request asks for; what happened, in a word. A request that cannot be used is kept, and not asked for again."""
    if request.path == STATUS:
        return "status" if receive_status(session, message_of(request), form) else "no_change"
    try:
        arrival = understand(form)
    except Unusable as fault:
        rejected.reject(session, request, fault.reason)
        return fault.reason
    return "stored" if store(session, arrival, settings) else "duplicate"


def message_of(request: rejected.Request) -> str | None:
    """The id of our message, which stands in the address of its callbacks."""
    return Form.parse(request.query.encode("latin-1", "replace")).text("message")


async def _answer(request: Request, path: str, intake: Intake) -> Response:
    started = time.monotonic()
    try:
        body = await _bounded(request)
    except ClientDisconnect:
        return Response(status_code=400)
    if body is None:
        log.warning("a request was too long", path=path)
        return Response(status_code=413)
    query = request.scope["query_string"].decode("latin-1")
    seen = rejected.Request(path=path, query=query, body=body, signature=request.headers.get(HEADER))
    code, outcome = await intake.take(Call(seen, request.client.host if request.client else None))
    milliseconds = round((time.monotonic() - started) * 1000, 1)
    log.info("a webhook was answered", path=path, status=code, reason=outcome, milliseconds=milliseconds)
    if code != 200:
        return Response(status_code=code, headers={"Retry-After": "5"} if code in {429, 503} else None)
    return Response(_EMPTY_TWIML, media_type="text/xml")


async def _bounded(request: Request) -> bytes | None:
    """The body, or None when it is longer than any message: it is not read further."""
    received = bytearray()
    async for chunk in request.stream():
        received += chunk
        if len(received) > MAX_BYTES:
            return None
    return bytes(received)
