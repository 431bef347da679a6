"""The manual's pictures: every page of the desk in two languages, none missing, none left over, together small enough to be cloned."""

import re
from pathlib import Path

from core.settings import PROJECT
from tests.integration.desk.pages_of_the_desk import PAGES

DOCS = PROJECT / "docs"
PICTURES = DOCS / "pictures"
SHOWN = DOCS / "desk-pages.md"
MOST = 6_000_000
"""Bytes of all pictures together: whoever tries Waymark on a slow line downloads them."""


def named() -> dict[Path, set[str]]:
    """The pictures that each page of the manual shows."""
    manual = [PROJECT / "README.md", *DOCS.rglob("*.md")]
    return {
        path: set(re.findall(r"\]\((?:\.\./|docs/)*pictures/([^)]+)\)", path.read_text("utf-8"))) for path in manual
    }


def test_every_page_of_the_desk_is_shown_in_english_and_arabic_in_the_order_of_the_list() -> None:
    rows = re.findall(
        r"^\| `([^`]+)`<br>.+ \| !\[.+\]\(pictures/(.+)\.png\) \| !\[.+\]\(pictures/(.+)\.png\) \|$",
        SHOWN.read_text("utf-8"), re.MULTILINE,
    )  # fmt: skip
    assert rows == [(one.route, one.name, f"{one.name}-arabic") for one in PAGES]


def test_no_picture_is_missing_and_none_is_left_over() -> None:
    there = {path.name for path in PICTURES.iterdir()}
    shown = set[str]().union(*named().values())
    assert shown - there == set()
    assert there - shown == set()


def test_the_pictures_are_small() -> None:
    sizes = {path.name: path.stat().st_size for path in PICTURES.iterdir()}
    assert sum(sizes.values()) < MOST
    assert [name for name, size in sizes.items() if size > 200_000] == []
