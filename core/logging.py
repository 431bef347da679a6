"""Structured logs that cannot carry what a person wrote: only the fields named here pass, everything else is dropped.

One JSON object a line on standard error. An exception is logged as its type and the places it passed through, never its
text: texts of exceptions quote values, and values here are people's words and numbers.
"""

import logging
import sys
import traceback
from collections.abc import MutableMapping
from typing import Any, cast

import structlog

ALLOWED = frozenset({
    "event", "level", "timestamp", "logger", "room", "process", "version",
    "conversation", "message", "turn", "case", "job", "task", "user", "service",
    "kind", "channel", "direction", "author", "status", "state", "reason", "error", "error_code", "where", "key", "language",
    "count", "seconds", "milliseconds", "attempt", "attempts", "port", "path", "method", "owner", "epoch", "segments", "step",
    "complaint", "referral", "remedy", "part", "signal", "exit_code", "country", "question", "rule", "rules", "intent", "lines",
})  # fmt: skip
"""The fields that may appear in a log line. `path` is a route's template, never a URL with its query."""

Event = MutableMapping[str, Any]


def _allow(_logger: object, _method: str, event: Event) -> Event:
    dropped = [key for key in event if key not in ALLOWED]
    for key in dropped:
        del event[key]
    return event


def describe(error: BaseException) -> tuple[str, str]:
    """Type of an exception and where it was raised, without its text."""
    frames = traceback.extract_tb(error.__traceback__)
    where = " < ".join(f"{frame.name}:{frame.lineno}" for frame in reversed(frames[-4:]))
    return type(error).__name__, where


def _exception(_logger: object, _method: str, event: Event) -> Event:
    info = event.pop("exc_info", None)
    error = info if isinstance(info, BaseException) else (sys.exc_info()[1] if info else None)
    if error is not None:
        event["error"], event["where"] = describe(error)
    return event


class _Foreign(logging.Formatter):
    """Lines of libraries: their name, level and, from a warning on, the unformatted message; never their arguments."""

    def format(self, record: logging.LogRecord) -> str:
        event: Event = {"event": "library", "logger": record.name, "level": record.levelname.lower()}
        if record.exc_info and record.exc_info[1] is not None:
            event["error"], event["where"] = describe(record.exc_info[1])
        event = structlog.processors.TimeStamper(fmt="iso", utc=True)(None, "", event)
        return cast("str", structlog.processors.JSONRenderer()(None, "", event))


def set_up_logging(process: str, level: str = "info") -> None:
    """Configure structlog and the standard library's loggers of this process."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _exception,
            _allow,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    structlog.contextvars.bind_contextvars(process=process)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Foreign())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """A logger whose lines hold allowed fields only."""
    return cast("structlog.stdlib.BoundLogger", structlog.get_logger(room=name))
