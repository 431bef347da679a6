"""Writes docs/reference/messages.md from the English catalogue: `.venv/bin/python tests/unit/languages/messages_page.py`."""

from pathlib import Path

import polib

PROJECT = Path(__file__).resolve().parents[3]
PAGE = PROJECT / "docs" / "reference" / "messages.md"

HEAD = """# Messages

Every text that people can receive, by its key, in English. The other languages are in `locale/<code>/messages.po`; a field in `{braces}` is
filled when the text is sent. This page is made from `locale/en/messages.po` by `tests/unit/languages/messages_page.py`,
and a test holds the two together.

| key | text | what it is for |
|---|---|---|
"""


def page() -> str:
    """The page as it should be."""
    rows = []
    for entry in polib.pofile(str(PROJECT / "locale" / "en" / "messages.po")):
        text = entry.msgstr.replace("\n", "<br>").replace("|", "\\|")
        rows.append(f"| `{entry.msgid}` | {text} | {entry.comment.replace(chr(10), ' ')} |")
    return HEAD + "\n".join(rows) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
