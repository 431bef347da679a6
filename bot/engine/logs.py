"""Logs that cannot repeat a person. Rasa writes messages, slots and events into its log lines and its exceptions.

So nothing that another library formats is printed: of its records we print level, logger and the line of source that spoke, of its
exceptions the type. That is enough to find the place in Rasa's source. Our own lines (`waymark.*`) carry ids and codes only.
"""

# ruff: noqa: PLC0415 (structlog exists in Rasa's interpreter only; the formatter is tested in both)

import logging
import sys
import traceback
from typing import Any, Dict, Optional, TextIO

OURS = "waymark"


class SafeFormatter(logging.Formatter):
    """Formats our records whole and anybody else's without their message."""

    def format(self, record: logging.LogRecord) -> str:
        ours = record.name == OURS or record.name.startswith(OURS + ".")
        message = record.getMessage() if ours else f"(message withheld) {record.module}:{record.lineno}"
        line = f"{self.formatTime(record)} {record.levelname.lower()} {record.name} {message}"
        error = record.exc_info[1] if record.exc_info else None
        return line if error is None else f"{line} | {describe(error)}"


def describe(error: BaseException) -> str:
    """An exception as types and places, the cause last: `TurnFailed at processor.py:70 < KeyError at form.py:12`."""
    parts = []
    seen: Optional[BaseException] = error
    while seen is not None and len(parts) < 5:
        frames = traceback.extract_tb(seen.__traceback__)
        place = f" at {frames[-1].filename.rsplit('/', 1)[-1]}:{frames[-1].lineno}" if frames else ""
        parts.append(f"{type(seen).__name__}{place}")
        seen = seen.__cause__ or seen.__context__
    return " < ".join(parts)


def _drop(_: Any, __: str, ___: Dict[str, Any]) -> Dict[str, Any]:
    import structlog

    raise structlog.DropEvent


def configure(level: int = logging.INFO, stream: Optional[TextIO] = None) -> None:
    """Takes over the root logger, structlog and warnings. Call after Rasa is imported, before it speaks."""
    import structlog

    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(SafeFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger(OURS).setLevel(level)
    for name in list(logging.root.manager.loggerDict):
        other = logging.getLogger(name)
        if not (name == OURS or name.startswith(OURS + ".")):
            other.handlers[:] = []
            other.propagate = True
            other.setLevel(logging.NOTSET)
    # Rasa's structured logger is used for debugging only, prints by itself and names whole messages: it says nothing here.
    structlog.configure(processors=[_drop], cache_logger_on_first_use=False)
    logging.captureWarnings(True)
    logging.getLogger("py.warnings").setLevel(
        logging.ERROR
    )  # their text is withheld anyway, and without it they are noise
