"""The fields of a sent form by their paths: `phones.0.number` is the field `number` of the first of `phones`."""

from collections.abc import Iterable
from typing import Any

MOST_ROWS = 100
"""Rows of one list that a form may have: more is no form of ours."""


class Fields:
    """A part of a form: its texts, its lists of rows, its parts by name."""

    def __init__(self, tree: dict[str, Any]) -> None:
        self._tree = tree

    @classmethod
    def of(cls, items: Iterable[tuple[str, Any]]) -> "Fields":
        """From the pairs of a form. Several values of one name stay together."""
        tree: dict[str, Any] = {}
        for name, value in items:
            if not isinstance(value, str):
                continue
            *path, last = name.split(".")
            inner = tree
            for part in path:
                below = inner.setdefault(part, {})
                if not isinstance(below, dict):
                    break
                inner = below
            else:
                before = inner.get(last)
                if not isinstance(before, dict):
                    inner[last] = [*(before or []), value.replace("\r\n", "\n")]
        return cls(tree)

    def __contains__(self, name: str) -> bool:
        return name in self._tree

    def text(self, name: str) -> str:
        """The value of a field, without blanks around it; empty when it was not sent."""
        found = self._tree.get(name)
        return found[-1].strip() if isinstance(found, list) else ""

    def texts(self, name: str) -> list[str]:
        """Every value of a field that may have several, empty ones left out."""
        found = self._tree.get(name)
        return [value.strip() for value in found if value.strip()] if isinstance(found, list) else []

    def on(self, name: str) -> bool:
        """Whether a box is ticked."""
        return self.text(name) == "on"

    def part(self, name: str) -> "Fields":
        """The fields below a name."""
        found = self._tree.get(name)
        return Fields(found if isinstance(found, dict) else {})

    def rows(self, name: str) -> list["Fields"]:
        """The rows of a list, in the order of their numbers; at most MOST_ROWS."""
        found = self._tree.get(name)
        if not isinstance(found, dict):
            return []
        numbers = sorted((int(key), key) for key in found if key.isascii() and key.isdecimal())
        return [self.part(name).part(key) for _, key in numbers[:MOST_ROWS]]


def text_of(value: Any) -> str:
    """A value as it stands in a field; nothing is empty."""
    return "" if value is None else value.isoformat() if hasattr(value, "isoformat") else str(value)
