"""The two addresses that Twilio calls: messages in, statuses of messages out. Check, store, answer; everything else is a job.

Twilio gives up after 15 seconds and, with `#rc=5&rp=all` behind the address, tries again on any failure: so a message that could not be
stored is answered 503, never 200, and one that was stored before is answered 200 again.
"""

import time
from collections.abc import Callable

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Request, Response
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from starlette.requests import ClientDisconnect

from core.hash_keys import HashKeyMissing
from core.logging import get_logger
from core.pace import Busy, Pace
from core.settings import Settings
from gateway import rejected
from gateway.errors import Unusable
from gateway.form import MAX_BYTES, Form
from gateway.gateway import Gateway
from gateway.receive import store, understand
from gateway.signature import HEADER, SignatureCheck
from gateway.statuses import receive_status

log = get_logger(__name__)

REFUSED_A_MINUTE = 120
"""Requests with a wrong signature that are kept from one address in a minute: beyond that they are answered without a word to the database.
What is signed is never counted: it is somebody who writes."""
MESSAGES, STATUS = "/twilio/messages", "/twilio/status"
AT_ONCE = {MESSAGES: 8, STATUS: 4}
"""Requests that are worked on at once, fewer than there are connections to the database. What somebody wrote has room of its own: a status
may wait for a conversation that is being answered, and would keep a whole flood of messages waiting with it."""
_EMPTY_TWIML = '<?xml version="1.0" encoding="UTF-8"?><Response/>'

Answer = tuple[int, str]


def make_router(gateway: Gateway) -> APIRouter:
    """The routes, for the application that the composition root builds."""
    router = APIRouter()
    check = SignatureCheck(gateway.settings)
    pace = Pace(REFUSED_A_MINUTE)
    rooms = {path: CapacityLimiter(size) for path, size in AT_ONCE.items()}

    def taken(request: Request) -> Callable[[rejected.Request], Answer]:
        address = request.client.host if request.client else None
        return lambda seen: handle(gateway, check, seen, pace=pace, address=address)

    # The path is the route's, not the request's: PUBLIC_URL is what stands before it, whatever a proxy adds or takes away.
    @router.post(MESSAGES, include_in_schema=False)
    async def messages(request: Request) -> Response:
        return await _answer(request, MESSAGES, taken(request), rooms[MESSAGES])

    @router.post(STATUS, include_in_schema=False)
    async def status(request: Request) -> Response:
        return await _answer(request, STATUS, taken(request), rooms[STATUS])

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
        ours = Form.parse(request.query.encode("latin-1", "replace")).text("message")
        return "status" if receive_status(session, ours, form) else "no_change"
    try:
        arrival = understand(form)
    except Unusable as fault:
        rejected.reject(session, request, fault.reason)
        return fault.reason
    return "stored" if store(session, arrival, settings) else "duplicate"


async def _answer(
    request: Request, path: str, work: Callable[[rejected.Request], Answer], room: CapacityLimiter
) -> Response:
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
    code, outcome = await to_thread.run_sync(work, seen, limiter=room)
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
