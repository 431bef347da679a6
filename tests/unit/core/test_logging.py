"""A log line holds allowed fields only: neither what a person wrote nor a number can get into one."""

import json
import logging

import pytest
import structlog

from core.logging import get_logger, set_up_logging

SECRET = "+15005550123 they keep my passport"


@pytest.fixture(autouse=True)
def _restore_logging() -> object:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def lines(captured: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in captured.splitlines()]


def test_a_field_that_is_not_on_the_list_is_dropped(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging("test")
    get_logger("t").info("stored", message="1", body=SECRET, phone=SECRET)
    (line,) = lines(capsys.readouterr().err)
    assert line["message"] == "1"
    assert SECRET not in json.dumps(line)
    assert "body" not in line


def test_an_exception_is_logged_by_type_and_place_never_by_its_text(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging("test")
    try:
        raise ValueError(SECRET)
    except ValueError:
        get_logger("t").exception("failed")
    (line,) = lines(capsys.readouterr().err)
    assert line["error"] == "ValueError"
    assert "test_an_exception" in str(line["where"])
    assert SECRET not in json.dumps(line)


def test_a_library_cannot_log_its_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging("test")
    logging.getLogger("some.library").warning("sending %s", SECRET)
    try:
        raise RuntimeError(SECRET)
    except RuntimeError:
        logging.getLogger("some.library").exception(SECRET)
    printed = capsys.readouterr().err
    assert SECRET not in printed
    assert [line["logger"] for line in lines(printed)] == ["some.library", "some.library"]
