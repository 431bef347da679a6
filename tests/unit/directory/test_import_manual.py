"""The manual names every column, and its example files are what the template is."""

from pathlib import Path

import pytest

from core.settings import PROJECT
from directory.exchange.columns import LOCATION, SERVICE
from directory.exchange.entries import Unreadable
from directory.exchange.formats import Source

HOW_TO = PROJECT / "docs/how-to/import-services.md"


def test_every_column_stands_in_the_manual_with_what_it_is_for() -> None:
    page = HOW_TO.read_text(encoding="utf-8")
    for header, column in (*SERVICE.items(), *LOCATION.items()):
        choices = f" One of: {', '.join(column.choices)}." if column.choices else ""
        assert f"| `{header}` | {(column.about + choices).strip()} |" in page


@pytest.mark.parametrize("name", ["services.csv", "services.xlsx"])
def test_the_example_files_are_read_without_a_word(name: str) -> None:
    path: Path = HOW_TO.parent / "examples" / name
    names = []
    for entry in Source.of(path).entries():
        assert not isinstance(entry, Unreadable)
        asked = entry.asks(None)
        assert (asked.errors, asked.warnings) == ([], [])
        assert asked.record is not None
        names.append(asked.record.name)
        assert len(asked.record.locations) in (0, 1, 2)
    assert names == ["Legal advice (example)", "Shelter for women (example)", "Night line (example)"]
