"""The read API of HSDS: for anybody, without an account, when the setting says so. It can read only what `entries.published` lets through.

It shares a process with the webhooks, so it may never take all of it: a few requests at once, the others wait a moment and are then told to
come again. Answers are checked anew at every reading (ETag, no-cache): an entry that was suspended as not safe must be gone at once.
"""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response, StreamingResponse
from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send

from core.catalogues import Catalogues
from core.database import Sessions
from directory.hsds.documents import Reader
from directory.hsds.openapi import KIND_OF, describe
from directory.hsds.parameters import (
    ITEMS,
    LISTS,
    PARAMETERS,
    Asked,
    ParameterError,
    accepted_languages,
    read_parameters,
)
from directory.hsds.reading import Answering
from directory.hsds.schemas import VERSIONS, Version, profile

AT_ONCE = 4
WAIT_SECONDS = 2.0
LONGEST_BODY = 16_384
PREFIX = "/hsds"


class _BusyError(Exception):
    """Too many requests at once."""


class _BodyError(Exception):
    """The body of a request cannot be read. `status`: what to answer."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


@dataclass(frozen=True, slots=True)
class Api:
    """What the API works with. `base`: the address of this copy; `slots`: how many requests are answered at once."""

    sessions: Sessions
    catalogues: Catalogues
    base: str
    demonstration: bool = False
    slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    wait_seconds: float = WAIT_SECONDS

    def address(self, version: Version) -> str:
        """Where a version is: the newest at the prefix itself."""
        return f"{self.base}{PREFIX}" if version == VERSIONS[0] else f"{self.base}{PREFIX}/{version}"

    def reader(self, request: Request) -> Reader:
        """Who reads, by their Accept-Language."""
        return Reader(
            accepted_languages(request.headers.get("accept-language", "")), self.demonstration, self.catalogues
        )

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """A place among those that are answered. Raises _BusyError when none is free in time."""
        await self.take()
        try:
            yield
        finally:
            self.slots.release()

    async def take(self) -> None:
        """Wait for a place, which the caller gives back. Raises _BusyError."""
        try:
            async with asyncio.timeout(self.wait_seconds):
                await self.slots.acquire()
        except TimeoutError:
            raise _BusyError from None


class _Stream(StreamingResponse):
    """A stream that gives its place back however it ends, also when the reader went away before the first line."""

    def __init__(self, lines: Iterator[bytes], api: Api) -> None:
        super().__init__(
            lines, media_type="application/x-ndjson", headers={"Cache-Control": "no-store", "Vary": "Accept-Language"}
        )
        self._api = api

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._api.slots.release()


def make_router(api: Api) -> APIRouter:
    """The routes of every version; `/hsds/profile` is what the profile's URI leads to."""
    router = APIRouter()

    async def declared(_request: Request) -> Response:
        return _json(profile())

    _route(router, f"{PREFIX}/profile", declared)
    for version in VERSIONS:
        _add(router, api, version)
    return router


def _add(router: APIRouter, api: Api, version: Version) -> None:
    root = api.address(version).removeprefix(api.base)
    address = api.address(version)
    description = describe(version, address)
    about = {"version": version, "profile": f"{api.base}{PREFIX}/profile", "openapi_url": f"{address}/openapi.json"}

    async def first(_request: Request) -> Response:
        return _json(about)

    async def described(_request: Request) -> Response:
        return _json(description)

    _route(router, f"{root}/", first)
    _route(router, f"{root}/openapi.json", described)
    for name in KIND_OF:
        _route(router, f"{root}/{name}", _lister(api, version, name), "GET", "POST")
        _route(router, f"{root}/{name}/{{identifier}}", _giver(api, version, name))


def _route(router: APIRouter, path: str, answer: Any, *methods: str) -> None:
    router.add_api_route(path, answer, methods=list(methods or ("GET",)), response_model=None, include_in_schema=False)


def _lister(api: Api, version: Version, name: str) -> Any:
    async def answer(request: Request) -> Response:
        try:
            pairs = [*request.query_params.multi_items(), *(await _body(request) if request.method == "POST" else [])]
            asked = read_parameters(pairs, LISTS[name])
            if asked.format == "ndjson":
                await api.take()
                return _Stream(_lines(api, version, name, asked, api.reader(request)), api)
            async with api.slot():
                page = await run_in_threadpool(_page, api, version, name, asked, api.reader(request))
        except ParameterError as error:
            return _problem(400, str(error))
        except _BodyError as error:
            return _problem(error.status, str(error))
        except _BusyError:
            return _busy()
        return _json(page, request)

    return answer


def _giver(api: Api, version: Version, name: str) -> Any:
    async def answer(request: Request, identifier: str) -> Response:
        try:
            async with api.slot():
                found = await run_in_threadpool(_one, api, version, name, identifier, request)
        except ParameterError as error:
            return _problem(400, str(error))
        except _BusyError:
            return _busy()
        if found is None:
            return _problem(404, f"there is no published {KIND_OF[name].replace('_', ' ')} of this id")
        document, language = found
        return _json(document, request, language=language)

    return answer


def _page(api: Api, version: Version, name: str, asked: Asked, reader: Reader) -> dict[str, Any]:
    with api.sessions.begin() as session:
        return Answering(session, reader, version).page(name, asked)


def _one(
    api: Api, version: Version, name: str, identifier: str, request: Request
) -> tuple[dict[str, Any], str | None] | None:
    asked = read_parameters(request.query_params.multi_items(), ITEMS[name])
    try:
        wanted = UUID(identifier)
    except ValueError:
        return None
    with api.sessions.begin() as session:
        return Answering(session, api.reader(request), version).one(name, wanted, asked)


def _lines(api: Api, version: Version, name: str, asked: Asked, reader: Reader) -> Iterator[bytes]:
    with api.sessions.begin() as session:
        for document in Answering(session, reader, version).stream(name, asked):
            yield _encoded(document) + b"\n"


async def _body(request: Request) -> list[tuple[str, str]]:
    """The parameters of a POST: an object of JSON, or a form. Raises _BodyError."""
    parts = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > LONGEST_BODY:
            raise _BodyError(413, f"at most {LONGEST_BODY} bytes")
        parts.append(part)
    content = b"".join(parts)
    if not content:
        return []
    kind = request.headers.get("content-type", "").split(";", 1)[0].strip().lower()
    try:
        if kind == "application/x-www-form-urlencoded":
            return parse_qsl(content.decode(), keep_blank_values=True, max_num_fields=50)
        if kind == "application/json":
            return _members(json.loads(content))
    except (ValueError, RecursionError):
        raise _BodyError(400, "the body cannot be read") from None
    raise _BodyError(415, "a body is application/json or application/x-www-form-urlencoded")


def _members(body: Any) -> list[tuple[str, str]]:
    """Parameters of a JSON object, each as the text it would be in a URL. Raises _BodyError, also for a number where a text belongs."""
    if not isinstance(body, dict):
        raise _BodyError(400, "the body is an object of parameters")
    return [(name, _member(name, value)) for name, value in body.items()]


def _member(name: str, value: Any) -> str:
    wanted = PARAMETERS[name].schema["type"] if name in PARAMETERS else None
    if isinstance(value, bool):
        written, kind = str(value).lower(), "boolean"
    elif isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        written, kind = str(int(value)), "integer"  # 57.0 is a whole number in JSON
    elif isinstance(value, str):
        written, kind = value, "string"
    else:
        raise _BodyError(400, "a parameter is a text, a whole number, true or false")
    if wanted is not None and kind != wanted:
        raise _BodyError(400, f"{name}: {kind} instead of {wanted}")
    return written


def _encoded(document: Any) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def _json(document: Any, request: Request | None = None, *, language: str | None = None) -> Response:
    content = _encoded(document)
    if request is not None and request.method == "POST":
        return Response(content, media_type="application/json", headers={"Cache-Control": "no-store"})
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache", "Vary": "Accept-Language"}
    if language:
        headers["Content-Language"] = language
    known = request.headers.get("if-none-match", "") if request is not None else ""
    if tag in [one.strip().removeprefix("W/") for one in known.split(",")]:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type="application/json", headers=headers)


def _problem(status: int, detail: str, **headers: str) -> Response:
    titles = {
        400: "Bad Request",
        404: "Not Found",
        413: "Content Too Large",
        415: "Unsupported Media Type",
        429: "Too Many Requests",
    }
    body = {"title": titles[status], "status": status, "detail": detail}
    return Response(_encoded(body), status, {"Cache-Control": "no-store", **headers}, "application/problem+json")


def _busy() -> Response:
    return _problem(429, "too many requests at once; try again", **{"Retry-After": "5"})
