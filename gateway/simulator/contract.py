"""Twilio's own descriptions of its API: what a request may hold, and what an answer must look like."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qsl

import yaml
from openapi_core import Config, OpenAPI
from openapi_core.datatypes import RequestParameters
from openapi_core.exceptions import OpenAPIError
from werkzeug.datastructures import Headers, ImmutableMultiDict

FOLDER = Path(__file__).parent / "twilio_openapi"

Api = Literal["messages", "content"]
_HOSTS: dict[Api, str] = {"messages": "https://api.twilio.com", "content": "https://content.twilio.com"}


class Breach(Exception):  # noqa: N818 (it is what it says)
    """A request or an answer is not what the description says. `name` is a parameter's name, never its value."""

    def __init__(self, kind: Literal["unknown", "missing", "invalid"], name: str) -> None:
        self.kind = kind
        self.name = name
        super().__init__(f"{name} is {kind}")


@dataclass(slots=True)
class Call:
    """A request in the shape openapi-core reads."""

    host_url: str
    path: str
    method: str
    parameters: RequestParameters
    content_type: str
    body: bytes | None


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer in the shape openapi-core reads."""

    status_code: int
    data: bytes
    content_type: str
    headers: Headers


def parse_moment(value: str) -> datetime:
    """A moment as Twilio's list filters take it: a date, ISO 8601 or RFC 2822. Raises ValueError."""
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return parsedate_to_datetime(value)


def _is_moment(value: object) -> bool:
    # The description says date-time, its own examples are plain dates too.
    try:
        parse_moment(str(value))
    except ValueError:
        return False
    return True


@lru_cache(maxsize=1)
def _raw() -> dict[Api, dict[str, Any]]:
    return {
        "messages": json.loads((FOLDER / "api_v2010_messages.json").read_text("utf-8")),
        "content": yaml.safe_load((FOLDER / "content_v1.yaml").read_text("utf-8")),
    }


@lru_cache(maxsize=2)
def _openapi(api: Api) -> OpenAPI:
    return OpenAPI.from_dict(
        _raw()[api], config=Config(extra_format_validators={"date-time": _is_moment, "uri": _is_reference})
    )


def _is_reference(value: object) -> bool:
    """What Twilio's description calls a URI is in its own answers a path; which addresses it refuses in requests is in `rules`."""
    return not isinstance(value, str) or not any(sign.isspace() for sign in value)


def load() -> None:
    """Read both descriptions now: the first request should not wait a second for them."""
    _openapi("messages")
    _openapi("content")


def check_request(
    api: Api,
    method: str,
    path: str,
    *,
    query: Sequence[tuple[str, str]] = (),
    headers: Mapping[str, str],
    body: bytes = b"",
) -> None:
    """Hold a request against the description. Raises Breach."""
    content_type = headers.get("content-type", "").partition(";")[0].strip()
    call = Call(
        host_url=_HOSTS[api],
        path=path,
        method=method.lower(),
        parameters=RequestParameters(query=ImmutableMultiDict(query), header=Headers(dict(headers))),
        content_type=content_type,
        body=body or None,
    )
    operation = _operation(api, method.lower(), path)
    _check_names(
        [name for name, _ in query], {item["name"]: item["schema"] for item in operation.get("parameters", ())}
    )
    if content_type == "application/x-www-form-urlencoded":
        form = operation.get("requestBody", {}).get("content", {}).get(content_type, {}).get("schema", {})
        names = [name for name, _ in parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)]
        _check_names(names, form.get("properties", {}))
    try:
        _openapi(api).validate_request(call)
    except OpenAPIError as error:
        raise _breach(error) from None


def check_answer(api: Api, method: str, path: str, status: int, body: bytes, *, content_type: str) -> None:
    """Hold an answer against the description. Raises Breach."""
    call = Call(_HOSTS[api], path, method.lower(), RequestParameters(), "", None)
    try:
        _openapi(api).validate_response(call, Answer(status, body, content_type, Headers()))
    except OpenAPIError as error:
        raise _breach(error) from None


def _operation(api: Api, method: str, path: str) -> dict[str, Any]:
    parts = path.split("/")
    for template, item in _raw()[api]["paths"].items():
        pattern = template.split("/")
        if len(pattern) == len(parts) and all(_fits(*pair) for pair in zip(pattern, parts, strict=True)):
            operation: dict[str, Any] = item.get(method, {})
            return operation
    return {}


def _fits(pattern: str, part: str) -> bool:
    head, _, tail = pattern.partition("{")
    if not tail:
        return pattern == part
    return part.startswith(head) and part.endswith(tail.partition("}")[2])


def _check_names(names: list[str], known: Mapping[str, Mapping[str, Any]]) -> None:
    for name in names:
        if name not in known:
            raise Breach("unknown", "a parameter")
        if names.count(name) > 1 and known[name].get("type") != "array":
            raise Breach("invalid", name)


def _breach(error: Exception) -> Breach:
    """The parameter a refusal of openapi-core is about. Its texts quote values, so nothing of them is kept."""
    name = getattr(error, "name", None)
    if isinstance(name, str):
        return Breach("missing" if type(error).__name__.startswith("Missing") else "invalid", name)
    for fault in getattr(error.__cause__, "schema_errors", ()):
        if fault.validator == "required":
            missing = [item for item in fault.validator_value if item not in fault.instance]
            return Breach("missing", str(missing[0]))
        if fault.validator == "additionalProperties":
            return Breach("unknown", ".".join(str(part) for part in fault.absolute_path) or "a parameter")
        if fault.absolute_path:
            return Breach("invalid", ".".join(str(part) for part in fault.absolute_path))
    return Breach("invalid", "the request")
