"""`waymark triage FILE`: facts in, level and rules out, one JSON object a line, for people who review the rules."""

import json
from collections.abc import Iterable
from typing import IO

from screening.errors import FactError
from screening.triage import triage


def triage_lines(stream_in: Iterable[str | bytes], stream_out: IO[str]) -> int:
    """Answer each line of facts with {"level", "rules"}; a bad line with {"error", "line"}. 0, or 1 if a line was bad.

    Empty lines are passed over. The error never repeats a value: the file may hold what a person said.
    """
    exit_code = 0
    lines = iter(stream_in)
    number = 0
    while True:
        number += 1
        try:
            line = next(lines)
            answer = _answer(line)
        except StopIteration:
            return exit_code
        except UnicodeDecodeError:
            # A text stream cannot go on after bytes it cannot read.
            _write(stream_out, {"error": "the file is not UTF-8", "line": number})
            return 1
        except _BadLineError as error:
            exit_code = 1
            answer = {"error": str(error), "line": number}
        if answer is not None:
            _write(stream_out, answer)


class _BadLineError(Exception):
    pass


def _answer(line: str | bytes) -> dict[str, object] | None:
    if isinstance(line, bytes):
        try:
            line = line.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise _BadLineError("not UTF-8") from None
    line = line.removeprefix("\ufeff").strip()
    if not line:
        return None
    try:
        facts = json.loads(line, object_pairs_hook=_no_doubles)
    except (ValueError, RecursionError):
        raise _BadLineError("not JSON") from None
    if not isinstance(facts, dict):
        raise _BadLineError("must be a JSON object of facts")
    try:
        result = triage(facts)
    except FactError as error:
        raise _BadLineError(str(error)) from None
    return {"level": result.level, "rules": list(result.rules)}


def _no_doubles(pairs: list[tuple[str, object]]) -> dict[str, object]:
    facts = dict(pairs)
    if len(facts) != len(pairs):
        raise _BadLineError("a fact is given twice")
    return facts


def _write(stream: IO[str], answer: dict[str, object]) -> None:
    stream.write(json.dumps(answer, ensure_ascii=True) + "\n")
