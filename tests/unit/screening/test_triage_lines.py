"""`waymark triage`: a line in, a line out, and never a traceback."""

import io
import json

from hypothesis import given
from hypothesis import strategies as st

from screening.cli import triage_lines


def run(*lines: str | bytes) -> tuple[int, list[dict[str, object]]]:
    out = io.StringIO()
    code = triage_lines(lines, out)
    return code, [json.loads(line) for line in out.getvalue().splitlines()]


def test_each_line_of_facts_is_answered_in_order() -> None:
    code, answers = run('{"danger": "yes"}\n', "{}\n", "\n", b'{"any_need": true}')
    assert code == 0
    assert answers == [{"level": "E", "rules": ["E1"]}, {"level": "I", "rules": ["I"]}, {"level": "R", "rules": ["R1"]}]


def test_a_bad_line_is_told_with_its_number_and_the_rest_is_still_answered() -> None:
    code, answers = run("[]", "{", '{"danger": "secret words"}', '{"held": "no", "held": "yes"}', b"\xff", "{}")
    assert code == 1
    assert [answer.get("line") for answer in answers] == [1, 2, 3, 4, 5, None]
    assert all("error" in answer for answer in answers[:-1])
    assert answers[-1] == {"level": "I", "rules": ["I"]}
    assert "secret" not in json.dumps(answers)


def test_a_text_stream_with_foreign_bytes_ends_with_an_error() -> None:
    out = io.StringIO()
    code = triage_lines(io.TextIOWrapper(io.BytesIO(b"\xff\xfe\n"), encoding="utf-8"), out)
    assert code == 1
    assert json.loads(out.getvalue())["line"] == 1


def test_a_very_deep_line_is_an_error_like_any_other() -> None:
    code, answers = run("[" * 200_000)
    assert code == 1
    assert answers[0]["line"] == 1


@given(st.lists(st.one_of(st.text(), st.binary())))
def test_nothing_makes_it_fall_over(lines: list[str | bytes]) -> None:
    code, _ = run(*lines)
    assert code in (0, 1)
