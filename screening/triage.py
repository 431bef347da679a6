"""Triage: which rules hold for what is known, and the level that orders the queue. It never says what a person is."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, get_args

from screening.conditions import Condition, parse
from screening.datafile import mapping, only, read, records, text
from screening.errors import DataFileError, FactError

Level = Literal["E", "U", "P", "R", "I"]
Grade = Literal["no", "skip", "unsure", "yes"]

LEVELS: tuple[Level, ...] = get_args(Level)
"""From the most to the least urgent."""
GRADES: tuple[Grade, ...] = get_args(Grade)
"""Answers from the least to the most severe."""

RULES_FILE = Path(__file__).parent / "data" / "rules.yml"
NO_RULE = "I"


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the rules file. `condition` is None for the rule that holds when no other does."""

    id: str
    level: Level
    condition: Condition | None
    words: str
    source: str


@dataclass(frozen=True, slots=True)
class RuleBook:
    """The rules in the file's order, and the names and meanings of the facts they read."""

    version: str
    graded: Mapping[str, str]
    yes_no: Mapping[str, str]
    terms: Mapping[str, Condition]
    rules: tuple[Rule, ...]

    def rule(self, rule_id: str) -> Rule:
        """The rule of this id. Raises KeyError."""
        for rule in self.rules:
            if rule.id == rule_id:
                return rule
        raise KeyError(rule_id)


@dataclass(frozen=True, slots=True)
class Result:
    """The level, every rule that holds in the file's order, and the needs the person named."""

    level: Level
    rules: tuple[str, ...]
    needs: tuple[str, ...] = ()


def worst(levels: Iterable[Level]) -> Level:
    """The most urgent of some levels; of none, I."""
    return min(levels, key=LEVELS.index, default="I")


def triage(facts: Mapping[str, object], needs: Iterable[str] = (), *, book: RuleBook | None = None) -> Result:
    """Level and rules for some facts (protocol, section 2.4); absent facts count as "no" or false.

    Graded facts are "no", "skip", "unsure" or "yes", the others True or False. Raises FactError for anything else: a
    misspelt fact that was silently dropped would hide a person in danger.
    """
    book = book or rule_book()
    known = _checked(facts, book)
    fired = [rule for rule in book.rules if rule.condition is not None and rule.condition.holds(known)]
    return Result(
        level=worst(rule.level for rule in fired),
        rules=tuple(rule.id for rule in fired) or (NO_RULE,),
        needs=tuple(dict.fromkeys(needs)),
    )


def _checked(facts: Mapping[str, object], book: RuleBook) -> dict[str, tuple[str]]:
    known: dict[str, tuple[str]] = {}
    for name, value in facts.items():
        if name in book.graded:
            if not isinstance(value, str) or value not in GRADES:
                raise FactError(name, f"must be one of {', '.join(GRADES)}")
            known[name] = (value,)
        elif name in book.yes_no:
            if not isinstance(value, bool):
                raise FactError(name, "must be true or false")
            known[name] = ("yes" if value else "no",)
        else:
            raise FactError(str(name), "is not a known fact")
    return known


@cache
def rule_book() -> RuleBook:
    """The rules this copy ships with."""
    return load_rules(RULES_FILE)


def load_rules(path: Path) -> RuleBook:
    """Read and check a rules file. Raises DataFileError naming the rule or fact at fault."""
    data = mapping(read(path), where=path.name)
    only(data, {"version", "graded_facts", "yes_no_facts", "terms", "rules"}, where=path.name)
    graded, yes_no = (
        {name: text(meaning, where=name) for name, meaning in mapping(data[kind], where=kind).items()}
        for kind in ("graded_facts", "yes_no_facts")
    )
    vocabulary = {name: frozenset[str](GRADES) for name in graded} | {name: frozenset({"yes", "no"}) for name in yes_no}
    terms: dict[str, Condition] = {}
    for name, value in mapping(data["terms"], where="terms").items():
        terms[name] = parse(text(value, where=name), where=name, vocabulary=vocabulary, terms=dict(terms))
    rules = tuple(_rule(entry, rule_id, vocabulary, terms) for rule_id, entry in records(data["rules"], where="rules"))
    if [rule.id for rule in rules if rule.condition is None] != [NO_RULE]:
        raise DataFileError(NO_RULE, "exactly this rule has no condition: it stands for no other rule at all")
    return RuleBook(text(data["version"], where="version"), graded, yes_no, terms, rules)


def _rule(
    entry: Mapping[str, object], rule_id: str, vocabulary: Mapping[str, frozenset[str]], terms: Mapping[str, Condition]
) -> Rule:
    only(entry, {"id", "level", "words", "source"}, where=rule_id, optional={"when"})
    level = text(entry["level"], where=rule_id)
    if level not in LEVELS or not rule_id.startswith(level):
        raise DataFileError(rule_id, f"has the level {level!r}; its id must begin with one of {', '.join(LEVELS)}")
    when = entry.get("when")
    condition = parse(text(when, where=rule_id), where=rule_id, vocabulary=vocabulary, terms=terms) if when else None
    words, source = (text(entry[key], where=rule_id) for key in ("words", "source"))
    return Rule(rule_id, level, condition, words, source)
