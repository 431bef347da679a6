"""Bars as SVG, drawn here: no script, no service that learns what is looked at. Beside each stands a table that says the same.

This module measures, `templates/_chart.html` draws.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from desk.words import Words

WIDTH, ROW, THICK, GAP = 640, 30, 18, 8
LABEL = 230
"""Width of the labels; the bars have the rest, less what a number needs."""
NUMBER = 60
LONGEST = 30
"""Characters of a label; the table has the whole of it."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar; `count` None: left out."""

    label: str
    count: int | None


@dataclass(frozen=True, slots=True)
class Drawn:
    """A bar in the units of the picture. `x`: its left edge; `label_x` and `said_x`: where those texts end and begin, as they are read."""

    label: str
    said: str
    gone: bool
    x: int
    y: int
    length: int
    label_x: int
    said_x: int
    text_y: int


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture: its size, its bars, and what it says to who does not see it."""

    name: str
    title: str
    told: str
    width: int
    height: int
    thick: int
    bars: list[Drawn]


def chart(name: str, title: str, rows: Sequence[Bar], words: Words) -> Chart:
    """A bar for each row, from the side where the page's language begins. `name` is unique on the page."""
    most = max([row.count or 0 for row in rows], default=0) or 1
    drawn = [_draw(number, row, most, words) for number, row in enumerate(rows)]
    told = words.say("list_separator").join(f"{row.label}: {_said(row.count, words)}" for row in rows)
    return Chart(name, title, told, WIDTH, ROW * max(1, len(rows)), THICK, drawn)


def _draw(number: int, row: Bar, most: int, words: Words) -> Drawn:
    room = WIDTH - LABEL - NUMBER - 2 * GAP
    length = room if row.count is None else max(1, round(room * row.count / most))
    start = LABEL + GAP
    said_x = start + (GAP if row.count is None else length + GAP)
    rtl = words.direction == "rtl"
    return Drawn(
        label=row.label if len(row.label) <= LONGEST else f"{row.label[: LONGEST - 1]}…",
        said=_said(row.count, words),
        gone=row.count is None,
        x=WIDTH - start - length if rtl else start,
        y=number * ROW + (ROW - THICK) // 2,
        length=length,
        label_x=WIDTH - LABEL if rtl else LABEL,
        said_x=WIDTH - said_x if rtl else said_x,
        text_y=number * ROW + ROW // 2 + 5,
    )


def _said(count: int | None, words: Words) -> str:
    return words.say("statistics_gone") if count is None else str(count)
