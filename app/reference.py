"""Writes the reference page of the settings from the settings themselves; a test holds the page to this."""

from datetime import timedelta
from pathlib import Path

from core.settings import PROJECT, Settings, variable_of

PAGE = PROJECT / "docs" / "reference" / "settings.md"

_HEAD = """# Settings

Every setting is an environment variable, read once at the start. A wrong one stops the start with one line that says which and why;
an empty one counts as absent.
This page is written by `python -m app.reference` from `core/settings.py`; a test fails when they differ.

| variable | default | meaning |
|---|---|---|
"""


def page() -> str:
    """The page as it must be."""
    rows = []
    for name, field in Settings.model_fields.items():
        rows.append(f"| `{variable_of(name)}` | {_default(field.default)} | {field.description} |")
    return _HEAD + "\n".join(rows) + "\n"


def _default(value: object) -> str:
    match value:
        case None:
            return "none"
        case bool():
            return f"`{str(value).lower()}`"
        case timedelta():
            return f"`{value.total_seconds():.0f}`"
        case tuple():
            return f"`{','.join(value)}`"
        case Path():
            return f"`{value.relative_to(PROJECT)}`"
        case _:
            return f"`{value}`"


if __name__ == "__main__":
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page())
