"""Only the model that was trained is opened; log lines of others are withheld."""

import io
import logging
from pathlib import Path

import pytest

from bot.engine.logs import SafeFormatter, describe
from bot.engine.model import ModelError, checked, seal, sum_file


def test_a_sealed_model_is_accepted_until_a_byte_changes(tmp_path: Path) -> None:
    model = tmp_path / "model.tar.gz"
    model.write_bytes(b"weights")
    value = seal(model)
    assert checked(model) == value
    model.write_bytes(b"weightz")
    with pytest.raises(ModelError, match="not the one"):
        checked(model)


def test_a_missing_model_and_a_missing_sum_are_told_apart(tmp_path: Path) -> None:
    model = tmp_path / "model.tar.gz"
    with pytest.raises(ModelError, match="no model"):
        checked(model)
    model.write_bytes(b"weights")
    with pytest.raises(ModelError, match="no sum"):
        checked(model)
    sum_file(model).write_text("")
    with pytest.raises(ModelError, match="no sum"):
        checked(model)


def printed(name: str, message: str, *, error: bool = False) -> str:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(SafeFormatter())
    logger = logging.Logger(name)  # noqa: LOG001 (not registered: other tests keep their logging)
    logger.addHandler(handler)
    if error:
        try:
            try:
                raise KeyError("her words")
            except KeyError as cause:
                raise RuntimeError("his words") from cause
        except RuntimeError:
            logger.exception(message)
    else:
        logger.warning(message)
    return stream.getvalue()


def test_lines_of_other_libraries_are_withheld_and_their_place_is_told() -> None:
    line = printed("rasa.core.processor", "Received user message 'her words'")
    assert "her words" not in line
    assert "rasa.core.processor" in line
    assert "test_engine_model:" in line


def test_our_lines_are_printed() -> None:
    assert "turn 5 failed: action" in printed("waymark.engine", "turn 5 failed: action")
    assert "withheld" in printed("waymarkers", "looks like ours")


def test_an_exception_is_told_as_types_and_places() -> None:
    line = printed("waymark.engine", "failed", error=True)
    assert "words" not in line
    assert "RuntimeError at test_engine_model.py:" in line
    assert "< KeyError at test_engine_model.py:" in line


def test_an_exception_that_was_never_raised_has_no_place() -> None:
    assert describe(ValueError("her words")) == "ValueError"
