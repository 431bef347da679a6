"""Reading the data files strictly: a misspelt key or a doubled id stops the start, it never silently weakens a rule."""

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from screening.errors import DataFileError


class _Loader(yaml.BaseLoader):
    """Every scalar stays text ("yes" is an answer here, not a truth value), and a doubled key is an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002, ARG002
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise DataFileError(str(key.value), "is written twice in one place")
            seen.add(key.value)
        return super().construct_mapping(node, deep=True)


def read(path: Path) -> object:
    """The content of a YAML file, all scalars as text. Raises DataFileError."""
    try:
        with path.open(encoding="utf-8") as file:
            return yaml.load(file, Loader=_Loader)  # noqa: S506 - BaseLoader builds only text, lists and mappings
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise DataFileError(path.name, f"cannot be read: {error}") from None


def mapping(value: object, *, where: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise DataFileError(where, "must be a mapping")
    return value


def text(value: object, *, where: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise DataFileError(where, "must be a text")
    return value.strip()


def only(entry: Mapping[str, object], needed: Collection[str], *, where: str, optional: Collection[str] = ()) -> None:
    """The entry has all the needed keys and none but these and the optional ones."""
    for key in needed:
        if key not in entry:
            raise DataFileError(where, f"lacks {key!r}")
    for key in entry:
        if key not in needed and key not in optional:
            raise DataFileError(where, f"has the unknown key {key!r}")


def records(value: object, *, where: str, key: str = "id") -> Iterator[tuple[str, Mapping[str, object]]]:
    """The entries of a list, each with its id; ids are unique."""
    if not isinstance(value, list) or not value:
        raise DataFileError(where, "must be a list with entries")
    seen: set[str] = set()
    for number, raw in enumerate(value, start=1):
        entry = mapping(raw, where=f"{where}, entry {number}")
        identifier = text(entry.get(key), where=f"{where}, entry {number}, {key}")
        if identifier in seen:
            raise DataFileError(identifier, f"stands twice in {where}")
        seen.add(identifier)
        yield identifier, entry
