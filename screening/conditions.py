"""The small condition language of the two data files, so that a caseworker can read and review what a rule asks for.

    danger = yes                                        one value
    danger = yes|unsure                                 one of several values
    any of (held, removal_soon) = yes                   at least one of several facts
    two of (papers, debt_or_pay, promise_broken) = yes  at least two of them
    asks_human                                          a yes/no fact that is true, or a term named in the file
    child_path and (restricted = yes or danger = yes)   combined

There is no "not", on purpose: with it a worse answer could switch a rule off and lower a level.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from screening.errors import DataFileError

COUNTS = {"any": 1, "two": 2, "three": 3}
_TOKEN = re.compile(r"\s*(?:([a-z][a-z0-9_]*)|([=|(),]))")
_WORDS = {"and", "or", "of", *COUNTS}


@dataclass(frozen=True, slots=True)
class Among:
    """At least `count` of the named facts have one of the values."""

    count: int
    names: tuple[str, ...]
    values: frozenset[str]

    def holds(self, known: Mapping[str, Iterable[str]]) -> bool:
        return sum(not self.values.isdisjoint(known.get(name, ())) for name in self.names) >= self.count

    def mentions(self) -> frozenset[str]:
        return frozenset(self.names)


@dataclass(frozen=True, slots=True)
class Both:
    """Every part holds; of no parts at all: always."""

    parts: tuple["Condition", ...]

    def holds(self, known: Mapping[str, Iterable[str]]) -> bool:
        return all(part.holds(known) for part in self.parts)

    def mentions(self) -> frozenset[str]:
        return frozenset().union(*(part.mentions() for part in self.parts))


@dataclass(frozen=True, slots=True)
class Either:
    """One part holds."""

    parts: tuple["Condition", ...]

    def holds(self, known: Mapping[str, Iterable[str]]) -> bool:
        return any(part.holds(known) for part in self.parts)

    def mentions(self) -> frozenset[str]:
        return frozenset().union(*(part.mentions() for part in self.parts))


Condition = Among | Both | Either

ALWAYS: Condition = Both(())


def parse(
    text: str, *, where: str, vocabulary: Mapping[str, frozenset[str]], terms: Mapping[str, Condition] | None = None
) -> Condition:
    """Read a condition. Raises DataFileError naming `where` for anything that is not exactly a known name or value."""
    return _Parser(text, where, vocabulary, terms or {}).whole()


class _Parser:
    def __init__(
        self, text: str, where: str, vocabulary: Mapping[str, frozenset[str]], terms: Mapping[str, Condition]
    ) -> None:
        self._where = where
        self._vocabulary = vocabulary
        self._terms = terms
        self._tokens = self._split(text)
        self._at = 0

    def _split(self, text: str) -> list[str]:
        tokens, position = [], 0
        text = text.rstrip()
        while position < len(text):
            match = _TOKEN.match(text, position)
            if match is None:
                raise DataFileError(self._where, f"cannot read the condition from {text[position:]!r}")
            tokens.append(match[1] or match[2])
            position = match.end()
        return tokens

    def _next(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _take(self, expected: str | None = None) -> str:
        token = self._next()
        if not token or (expected is not None and token != expected):
            needed = expected or "more"
            raise DataFileError(self._where, f"the condition needs {needed!r} before {token or 'its end'!r}")
        self._at += 1
        return token

    def whole(self) -> Condition:
        condition = self._either()
        if self._next():
            raise DataFileError(self._where, f"the condition does not go on with {self._next()!r}")
        return condition

    def _either(self) -> Condition:
        parts = [self._both()]
        while self._next() == "or":
            self._take()
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def _both(self) -> Condition:
        parts = [self._single()]
        while self._next() == "and":
            self._take()
            parts.append(self._single())
        return parts[0] if len(parts) == 1 else Both(tuple(parts))

    def _single(self) -> Condition:
        if self._next() == "(":
            self._take()
            inside = self._either()
            self._take(")")
            return inside
        if self._next() in COUNTS:
            count = COUNTS[self._take()]
            self._take("of")
            self._take("(")
            names = [self._name()]
            while self._next() == ",":
                self._take()
                names.append(self._name())
            self._take(")")
            return Among(count, tuple(names), self._values(names))
        if self._next() in self._terms:
            return self._terms[self._take()]
        name = self._name()
        values = self._values([name]) if self._next() == "=" else frozenset({"yes"})
        if not values <= self._vocabulary[name]:
            raise DataFileError(self._where, f"{name} must be compared with a value")
        return Among(1, (name,), values)

    def _name(self) -> str:
        name = self._take()
        if name in _WORDS or name not in self._vocabulary:
            raise DataFileError(self._where, f"nothing is called {name!r}")
        return name

    def _values(self, names: Iterable[str]) -> frozenset[str]:
        self._take("=")
        values = {self._take()}
        while self._next() == "|":
            self._take()
            values.add(self._take())
        for name in names:
            for value in sorted(values - self._vocabulary[name]):
                raise DataFileError(self._where, f"{name} never is {value!r}")
        return frozenset(values)
