"""Light and dark: every pair of words and ground that the sheets use can be read in both (WCAG 2.2, 1.4.3), by computing it."""

import re

import pytest

from desk.pages import HERE

SHEETS = ("desk.css", "directory.css", "administration.css")
PAIRS = [
    *((words, ground) for words in ("ink", "quiet", "brand", "danger", "urgent", "brand-deep") for ground in ("card", "paper", "field")),
    *(("on-strong", ground) for ground in ("brand", "brand-deep", "danger", "urgent", "priority")),
    *(("ink", ground) for ground in ("brand-soft", "danger-soft", "urgent-soft", "priority-soft", "routine-soft")),
    ("brand", "brand-soft"), ("danger", "danger-soft"), ("urgent", "urgent-soft"), ("priority", "priority-soft"), ("quiet", "routine-soft"),
    ("quiet", "brand-soft"),
]  # fmt: skip
"""Words on a ground; 4.5 is asked for."""
LINES = [("edge", "card"), ("edge", "field"), ("focus", "card"), ("focus", "paper")]
"""Borders of fields, and the mark of the focus; 3 is asked for."""


def palettes() -> dict[str, dict[str, str]]:
    sheet = (HERE / "static" / "desk.css").read_text(encoding="utf-8")
    blocks = [
        dict(re.findall(r"--([a-z-]+): (#[0-9a-f]+);", block))
        for block in re.findall(r":root \{(.*?)\}", sheet, re.DOTALL)
    ]
    light, dark = blocks
    return {"light": light, "dark": light | dark}


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_and_marks_can_be_read_on_every_ground(scheme: str) -> None:
    colours = palettes()[scheme]
    weak = {
        pair: round(contrast(colours[pair[0]], colours[pair[1]]), 2)
        for pairs, least in ((PAIRS, 4.5), (LINES, 3.0))
        for pair in pairs
        if contrast(colours[pair[0]], colours[pair[1]]) < least
    }
    assert weak == {}


def test_no_sheet_has_a_colour_that_the_dark_does_not_change() -> None:
    for name in SHEETS:
        sheet = (HERE / "static" / name).read_text(encoding="utf-8")
        rules = re.sub(r":root \{.*?\}", "", sheet, flags=re.DOTALL)
        fixed = [line.strip() for line in rules.splitlines() if re.search(r"#[0-9a-f]{3,6}\b", line)]
        # The dot that says "live": a sign beside its words.
        assert [line for line in fixed if "::before" not in line] == [], name
