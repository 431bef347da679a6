"""Writes the reference pages of the settings and of the permissions from the code itself; tests hold the pages to this."""

from datetime import timedelta
from pathlib import Path

from cases.models import ROLES
from core.settings import PROJECT, Settings, variable_of
from desk.permissions import MEANINGS, PERMISSIONS

PAGE = PROJECT / "docs" / "reference" / "settings.md"
PERMISSIONS_PAGE = PROJECT / "docs" / "reference" / "permissions.md"

_HEAD = """# Settings

Every setting is an environment variable, read once at the start. A wrong one stops the start with one line that says which and why;
an empty one counts as absent.
This page is written by `python -m app.reference` from `core/settings.py`; a test fails when they differ.

| variable | default | meaning |
|---|---|---|
"""

_PERMISSIONS_HEAD = """# Permissions

Who may do what at the desk. Somebody with several roles may do what any of them may. A role that is not ticked gets an answer
that says so; a case of another team is "not found" for everybody, whatever their role.
This page is written by `python -m app.reference` from `desk/permissions.py`; a test fails when they differ, and another asks
every route of the desk in the name of every role.

"""


def permissions_page() -> str:
    """The page of the permissions as it must be."""
    names = [role.replace("_", " ") for role in ROLES]
    rows = [f"| permission | allows | {' | '.join(names)} |", "|---|---|" + ":-:|" * len(ROLES)]
    for permission, roles in PERMISSIONS.items():
        ticks = " | ".join("✓" if role in roles else "" for role in ROLES)
        rows.append(f"| `{permission}` | {MEANINGS[permission]} | {ticks} |")
    return _PERMISSIONS_HEAD + "\n".join(rows) + "\n"


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
    PERMISSIONS_PAGE.write_text(permissions_page())
