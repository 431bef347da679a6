"""Whether a document is what the standard says, strictly: a misspelt field, a null or a word outside its list is named, not let through."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from directory.hsds.schemas import KINDS, VERSIONS, Version, compiled

PAGE = ("total_items", "total_pages", "page_number", "size", "first_page", "last_page", "empty", "contents")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong in a document. `path`: where, as a JSON pointer; `rule`: the word of the schema that was broken."""

    path: str
    rule: str
    message: str


def errors(
    document: Any, kind: str, version: Version = "3.1", *, listed: bool = False, with_profile: bool = False
) -> list[Problem]:
    """Everything wrong in a document of a kind (`schemas.KINDS`, or any other object of the standard); empty: it is valid.

    `listed`: it is an item of a list. `with_profile`: what our profile allows is allowed too; without it the standard alone counts.
    The message names the value's place and the rule, and holds no more than eighty signs of the value.
    """
    found = _validator(kind, version, listed, with_profile).iter_errors(document)
    return sorted((_problem(error) for error in found), key=lambda problem: (problem.path, problem.rule))


def page_errors(page: Any, kind: str, version: Version = "3.1", *, full: bool = False) -> list[Problem]:
    """Everything wrong in a page of a list: its envelope, and each of its items."""
    if not isinstance(page, dict):
        return [Problem("", "type", "a page is an object")]
    problems = [
        Problem(f"/{name}", "required", f"the page lacks {name!r}")
        for name in PAGE
        if name not in page
    ]  # fmt: skip
    problems += [
        Problem(f"/{name}", "additionalProperties", f"the page has an unknown {name!r}")
        for name in page
        if name not in PAGE
    ]
    contents = page.get("contents", [])
    if page.get("size") != len(contents) or page.get("empty") != (not contents):
        problems.append(Problem("/size", "size", "size or empty do not agree with the contents"))
    for position, item in enumerate(contents):
        problems += [
            Problem(f"/contents/{position}{one.path}", one.rule, one.message)
            for one in errors(item, kind, version, listed=not full)
        ]
    return problems


def kinds(version: Version) -> Iterable[str]:
    """The kinds of documents that are served in a version."""
    if version not in VERSIONS:
        raise ValueError(f"HSDS {version} is not known; there are {', '.join(VERSIONS)}")
    return KINDS


@lru_cache(maxsize=32)
def _validator(kind: str, version: Version, listed: bool, with_profile: bool) -> Draft202012Validator:  # noqa: FBT001
    schema = compiled(kind, version, listed=listed, with_profile=with_profile)
    registry: Registry[Any] = Registry().with_resource("", Resource.from_contents(schema, DRAFT202012))
    return Draft202012Validator(schema, registry=registry, format_checker=Draft202012Validator.FORMAT_CHECKER)


def _problem(error: ValidationError) -> Problem:
    path = "".join(f"/{part}" for part in error.absolute_path)
    message = error.message if len(error.message) <= 160 else f"{error.message[:80]} … {error.message[-60:]}"
    return Problem(path, str(error.validator), message)
