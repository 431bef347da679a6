"""Twilio's REST API as far as we use it: messages and contents, refused where Twilio refuses."""

import asyncio
import json
import secrets
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import date, datetime
from typing import Any
from urllib.parse import parse_qs

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware

from core.settings import Settings
from gateway.simulator import contract, control, phone
from gateway.simulator.contract import Api, Breach, parse_moment
from gateway.simulator.errors import TwilioError
from gateway.simulator.media import EXAMPLES
from gateway.simulator.resources import approval_json, approvals_json, content_json, message_json, page_json
from gateway.simulator.rules import read
from gateway.simulator.simulator import Simulator
from gateway.simulator.state import Message

MAX_BODY = 256 * 1024
_MESSAGES = "/2010-04-01/Accounts/{account}/Messages"
_MISSING = {"To": 21604, "types": 92001, "language": 92003}
_INVALID = {"ContentSid": 21655, "StatusCallback": 21609, "MediaUrl": 21620, "MessagingServiceSid": 21701}


def make_simulator(settings: Settings, **options: Any) -> FastAPI:
    """The stand-in of Twilio with the phone page. `options` go to `Simulator`; it is at `app.state.simulator`.

    Raises SettingsError when the account has no id or token.
    """
    simulator = Simulator(settings, **options)

    @asynccontextmanager
    async def life(_app: FastAPI) -> AsyncIterator[None]:
        contract.load()
        yield
        await simulator.close()

    app = FastAPI(title="Stand-in of Twilio", lifespan=life, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.simulator = simulator
    # A page of another site that makes its name point here must not write in people's names.
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost", "[::1]"])
    app.add_exception_handler(TwilioError, _refuse)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    _add_messages(app, simulator)
    _add_contents(app, simulator)
    app.include_router(phone.make_router(simulator))
    app.include_router(control.make_router(simulator))
    phone.add_static(app)
    return app


def _add_messages(app: FastAPI, simulator: Simulator) -> None:
    @app.post(_MESSAGES + ".json")
    async def create(request: Request, account: str) -> Response:
        body = await _checked(request, simulator, "messages", account)
        form = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
        order = read(form, simulator.state, simulator.contents)

        async def take() -> Response:
            return JSONResponse(message_json(simulator.accept(order), simulator.account), status_code=201)

        return await _faulty(simulator, take)

    @app.get(_MESSAGES + ".json")
    async def listing(request: Request, account: str) -> Response:
        await _checked(request, simulator, "messages", account)
        query = request.query_params
        filters = [(key, value) for key, value in query.multi_items() if key not in {"Page", "PageSize", "PageToken"}]
        found = [message for message in simulator.state.find() if _fits(message, filters)]
        size, page = int(query.get("PageSize", "50")), int(query.get("Page", "0"))
        return JSONResponse(page_json(found, simulator.account, page=page, size=size, filters=filters))

    @app.get(_MESSAGES + "/{sid}.json")
    async def fetch(request: Request, account: str, sid: str) -> Response:
        await _checked(request, simulator, "messages", account)
        return JSONResponse(message_json(_known(simulator, sid), simulator.account))

    @app.get(_MESSAGES + "/{sid}/Media/{media_sid}")
    async def media(request: Request, account: str, sid: str, media_sid: str) -> Response:
        _authenticate(request, simulator, account)
        for item in _known(simulator, sid).media:
            if item.sid == media_sid and item.name is not None:
                example = EXAMPLES[item.name]
                return Response(example.read(), media_type=example.content_type)
        raise TwilioError(20404)


def _add_contents(app: FastAPI, simulator: Simulator) -> None:
    @app.post("/v1/Content")
    async def create(request: Request) -> Response:
        body = await _checked(request, simulator, "content", None)

        async def take() -> Response:
            content = simulator.contents.create(json.loads(body), simulator.now())
            return JSONResponse(content_json(content, simulator.account), status_code=201)

        return await _faulty(simulator, take)

    @app.get("/v1/Content/{sid}")
    async def fetch(request: Request, sid: str) -> Response:
        await _checked(request, simulator, "content", None)
        content = simulator.contents.get(sid)
        if content is None:
            raise TwilioError(20404)
        return JSONResponse(content_json(content, simulator.account))

    @app.post("/v1/Content/{sid}/ApprovalRequests/whatsapp")
    async def submit(request: Request, sid: str) -> Response:
        wanted = json.loads(await _checked(request, simulator, "content", None))
        content = simulator.contents.submit(sid, wanted["name"], wanted["category"])
        return JSONResponse(approval_json(content), status_code=201)

    @app.get("/v1/Content/{sid}/ApprovalRequests")
    async def approvals(request: Request, sid: str) -> Response:
        await _checked(request, simulator, "content", None)
        return JSONResponse(approvals_json(simulator.contents.asked(sid), simulator.account))


async def _faulty(simulator: Simulator, take: Callable[[], Awaitable[Response]]) -> Response:
    """Answer, or fail as planned: before the message was taken, or after."""
    fault = simulator.faults.take("rate_limit", "server_error", "server_error_after", "timeout_before", "timeout_after")
    if fault is None:
        return await take()
    if fault.kind == "rate_limit":
        raise TwilioError(20429)
    if fault.kind in {"timeout_after", "server_error_after"}:
        await take()
    if not fault.kind.startswith("server_error"):
        await asyncio.sleep(fault.seconds)
    raise TwilioError(20500)


async def _checked(request: Request, simulator: Simulator, api: Api, account: str | None) -> bytes:
    """The body of a request that comes from our account and fits Twilio's description. Raises TwilioError."""
    _authenticate(request, simulator, account)
    body = await request.body()
    if len(body) > MAX_BODY:
        raise TwilioError(20422, "the body is too large")
    query = request.query_params.multi_items()
    try:
        contract.check_request(api, request.method, request.url.path, query=query, headers=request.headers, body=body)
    except Breach as breach:
        raise _error_of(breach) from None
    return body


def _error_of(breach: Breach) -> TwilioError:
    if breach.kind == "unknown":
        return TwilioError(20001, breach.name)
    if breach.kind == "missing" and breach.name in _MISSING:
        return TwilioError(_MISSING[breach.name])
    top = breach.name.partition(".")[0]
    if breach.name in _INVALID or top in _INVALID:
        return TwilioError(_INVALID[top])
    return TwilioError(20422, str(breach))


def _authenticate(request: Request, simulator: Simulator, account: str | None) -> None:
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    try:
        given = b64decode(encoded, validate=True)
    except (Base64Error, ValueError):
        raise TwilioError(20003) from None
    right = f"{simulator.account}:{simulator.token}".encode()
    if scheme.lower() != "basic" or not secrets.compare_digest(given, right):
        raise TwilioError(20003)
    if account is not None and account != simulator.account:
        raise TwilioError(20003)


def _known(simulator: Simulator, sid: str) -> Message:
    message = simulator.state.messages.get(sid)
    if message is None:
        raise TwilioError(20404)
    return message


def _fits(message: Message, filters: list[tuple[str, str]]) -> bool:
    sent = message.sent
    for name, value in filters:
        if name in {"To", "From"}:
            if str(message.recipient if name == "To" else message.sender) != value:
                return False
            continue
        moment = parse_moment(value)
        if sent is None or not _in_time(sent, name.removeprefix("DateSent"), moment, whole_day=len(value) <= 10):
            return False
    return True


def _in_time(sent: datetime, sign: str, moment: datetime, *, whole_day: bool) -> bool:
    # Twilio's `<` and `>` include the moment itself: they are written `<=` and `>=` in its documentation.
    left: date = sent.date() if whole_day else sent
    right: date = moment.date() if whole_day else moment if moment.tzinfo else moment.replace(tzinfo=sent.tzinfo)
    return left <= right if sign == "<" else left >= right if sign == ">" else left == right


async def _refuse(_request: Request, error: Exception) -> Response:
    assert isinstance(error, TwilioError)  # noqa: S101 (registered for nothing else)
    headers = {"WWW-Authenticate": 'Basic realm="Twilio API"'} if error.status == 401 else None
    return JSONResponse(error.as_json(), status_code=error.status, headers=headers)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101
    if request.url.path.startswith(("/2010-04-01/", "/v1/")):
        return await _refuse(request, TwilioError(20004 if error.status_code == 405 else 20404))
    return JSONResponse({"detail": error.detail}, status_code=error.status_code)


async def _invalid(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    # What was written is not repeated: it would end up in logs of whoever called.
    names = sorted({".".join(str(part) for part in fault["loc"][1:]) for fault in error.errors()})
    return JSONResponse({"detail": f"not valid: {', '.join(names) or 'the request'}"}, status_code=422)
