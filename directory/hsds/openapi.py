"""The API's description of itself, made from the same tables that read requests and check documents."""

from collections.abc import Iterable
from typing import Any

from directory.hsds.parameters import ITEMS, LISTS, PARAMETERS, UNSUPPORTED
from directory.hsds.schemas import Kind, Version, compiled

KIND_OF: dict[str, Kind] = {
    "services": "service",
    "service_at_locations": "service_at_location",
    "organizations": "organization",
    "taxonomies": "taxonomy",
    "taxonomy_terms": "taxonomy_term",
}
PAGE = {
    "total_items": {"type": "integer", "minimum": 0},
    "total_pages": {"type": "integer", "minimum": 0},
    "page_number": {"type": "integer", "minimum": 1},
    "size": {"type": "integer", "minimum": 0},
    "first_page": {"type": "boolean"},
    "last_page": {"type": "boolean"},
    "empty": {"type": "boolean"},
}
_PROBLEM = {
    "type": "object",
    "required": ["title", "status", "detail"],
    "properties": {"title": {"type": "string"}, "status": {"type": "integer"}, "detail": {"type": "string"}},
    "additionalProperties": False,
}
_ABOUT = {
    "type": "object",
    "required": ["version", "profile", "openapi_url"],
    "properties": {
        "version": {"type": "string"},
        "profile": {"type": "string", "format": "uri"},
        "openapi_url": {"type": "string", "format": "uri"},
    },
    "additionalProperties": False,
}
_LANGUAGE = {
    "name": "Accept-Language", "in": "header", "required": False, "schema": {"type": "string"},
    "description": "Languages wanted. Approved translations only; the organization's own words where there is none.",
}  # fmt: skip
_MINIMAL = {
    "type": "object",
    "required": ["id", "last_modified"],
    "properties": {
        "id": {"type": "string", "format": "uuid"},
        "last_modified": {"type": "string", "format": "date-time"},
    },
    "additionalProperties": False,
}


def describe(version: Version, base: str) -> dict[str, Any]:
    """The OpenAPI document of the API of a version. `base`: its address, without a slash at the end."""
    paths: dict[str, Any] = {
        "/": {
            "get": {
                "operationId": "about",
                "summary": "Version, profile and description",
                "responses": {"200": _json("What this is", {"$ref": "#/components/schemas/About"}), **_refusals("429")},
            }
        }
    }
    for name in LISTS:
        paths[f"/{name}"] = {"get": _list(name, "get"), "post": _list(name, "post")}
        paths[f"/{name}/{{id}}"] = {"get": _item(name)}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Waymark directory",
            "version": version,
            "description": (
                f"Read API of HSDS {version}. Published entries only, no confidential address, no unverified number. "
                "Filters are cumulative. "
                "An unknown parameter is refused. "
                + " ".join(f"`{name}` is {why}." for name, why in UNSUPPORTED.items())
            ),
        },
        "servers": [{"url": base}],
        "paths": paths,
        "components": {"schemas": dict(_schemas(version))},
    }  # fmt: skip


def _schemas(version: Version) -> Iterable[tuple[str, Any]]:
    yield "About", _ABOUT
    yield "Problem", _PROBLEM
    yield "Minimal", _MINIMAL
    for name, kind in KIND_OF.items():
        for form in ("full", "listed"):
            schema = compiled(kind, version, listed=form == "listed")
            for inner, definition in schema["$defs"].items():
                yield f"{form}.{inner}", _local(definition, form)
            root = {key: value for key, value in schema.items() if key not in ("$defs", "$schema")}
            yield f"{name}.{form}", _local(root, form)
        forms: list[dict[str, Any]] = [{"$ref": f"#/components/schemas/{name}.{form}"} for form in ("full", "listed")]
        if "minimal" in LISTS[name]:
            forms.append({"$ref": "#/components/schemas/Minimal"})
        yield (
            f"{name}.page",
            {
                "type": "object",
                "required": [*PAGE, "contents"],
                "properties": {**PAGE, "contents": {"type": "array", "items": {"anyOf": forms}}},
                "additionalProperties": False,
            },
        )


def _local(schema: Any, form: str) -> Any:
    """References of the form's own components; the standard's texts stay in its own schemas."""
    if isinstance(schema, dict):
        return {
            key: value.replace("#/$defs/", f"#/components/schemas/{form}.") if key == "$ref" else _local(value, form)
            for key, value in schema.items()
            if not (key in ("description", "title") and isinstance(value, str))
        }
    return [_local(item, form) for item in schema] if isinstance(schema, list) else schema


def _list(name: str, method: str) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": f"{method}_{name}",
        "summary": f"{name.replace('_', ' ').capitalize()} that the filters let through",
        "parameters": [*_parameters(LISTS[name]), _LANGUAGE],
        "responses": {
            "200": {
                "description": "A page, or everything as lines",
                "content": {
                    "application/json": {"schema": {"$ref": f"#/components/schemas/{name}.page"}},
                    "application/x-ndjson": {"schema": {"type": "string"}},
                },
            },
            **_refusals("400", "429", *(("413", "415") if method == "post" else ())),
        },
    }
    if method == "post":
        body = {
            "type": "object",
            "properties": {one: PARAMETERS[one].schema for one in LISTS[name]},
            "additionalProperties": False,
        }
        operation["parameters"] = [_LANGUAGE]
        operation["summary"] += "; what is looked for stays out of the URL and so out of logs"
        operation["requestBody"] = {
            "required": False,
            "content": {
                "application/json": {"schema": body},
                "application/x-www-form-urlencoded": {"schema": body},
            },
        }
    return operation


def _item(name: str) -> dict[str, Any]:
    identifier = {"name": "id", "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}}
    return {
        "operationId": f"get_{KIND_OF[name]}",
        "summary": f"One {KIND_OF[name].replace('_', ' ')}",
        "parameters": [identifier, *_parameters(ITEMS[name]), _LANGUAGE],
        "responses": {
            "200": _json("The document", {"$ref": f"#/components/schemas/{name}.full"}),
            **_refusals("400", "404", "429"),
        },
    }


def _parameters(names: Iterable[str]) -> list[dict[str, Any]]:
    return [
        {
            "name": name, "in": "query", "required": False, "schema": PARAMETERS[name].schema,
            "description": PARAMETERS[name].description,
        }
        for name in names
    ]  # fmt: skip


def _json(description: str, schema: Any) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


_REFUSED = {
    "400": "A parameter is unknown, not understood or not supported",
    "404": "There is no such published entry",
    "413": "The body is too long",
    "415": "The body is neither JSON nor a form",
    "429": "Too many at once: try again after the seconds of Retry-After",
}


def _refusals(*codes: str) -> dict[str, Any]:
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {code: {"description": _REFUSED[code], "content": content} for code in codes}
