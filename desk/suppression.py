"""Which cells of published tables are left out, so that no number under ten can be worked out from all the others together.

Cells and the sums that tie them are one system: margins, tables that share a margin, and every filter, which is a table by itself.
A cell under LEAST is left out; then others beside it, until nobody can tell any of them: neither by adding and subtracting (no cell follows
from the published ones) nor by bounds (no cell is known to within SPAN, knowing only that people are counted, never less than none).
A zero is left out too: "nobody of these was referred" is about somebody as soon as one of them is known.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

LEAST = 10
"""Groups under this size are not shown (protocol 3.2)."""
SPAN = LEAST + 1
"""A cell that is left out could hold at least so many different numbers, for all that the published ones tell."""
_PRIME = (1 << 61) - 1
"""Sums are solved modulo a prime: exact, and small enough for whole tables."""

UNKNOWN = 1 << 40
"""Stands for a cell of which nothing is known: more than there are people."""


@dataclass(frozen=True, slots=True)
class Sum[Cell: Hashable]:
    """What every reader may take for granted: `total` is the sum of `parts`."""

    total: Cell
    parts: tuple[Cell, ...]

    @property
    def cells(self) -> tuple[Cell, ...]:
        """The cells that it ties together."""
        return (self.total, *self.parts)


type Network[Cell] = Mapping[Cell, tuple[str, str]]
"""A table of two ways with its margins, as people who flow: each cell from one point to another, as many into a point as out of it."""


def suppress[Cell: Hashable](
    counts: Mapping[Cell, int], sums: Sequence[Sum[Cell]], networks: Sequence[Network[Cell]] = ()
) -> dict[Cell, int | None]:
    """The cells as they are published: a count, or None for what is left out. Raises ValueError where a sum does not hold.

    `networks` are the tables of two ways among them: of these it is made sure exactly that every hidden cell could be another number.
    """
    for one in sums:
        if counts[one.total] != sum(counts[part] for part in one.parts):
            raise ValueError("the tables do not add up")
    hidden = {cell for cell, count in counts.items() if count < LEAST}
    while told := _told(counts, sums, hidden) or _stuck(counts, networks, hidden):
        hidden |= _beside(told, counts, sums, hidden)
    return {cell: None if cell in hidden else count for cell, count in counts.items()}


def _told[Cell: Hashable](counts: Mapping[Cell, int], sums: Sequence[Sum[Cell]], hidden: set[Cell]) -> list[Cell]:
    """The hidden cells that the published ones tell, exactly or nearly."""
    published = {cell: count for cell, count in counts.items() if cell not in hidden}
    low, high = bounds(published, sums, hidden)
    near = {cell for cell in hidden if high[cell] - low[cell] + 1 < SPAN} or solved(published, sums, hidden)
    near |= {cell for one in sums for cell in _guessable(one, counts, hidden)}
    return [cell for cell in counts if cell in near]


def _stuck[Cell: Hashable](
    counts: Mapping[Cell, int], networks: Sequence[Network[Cell]], hidden: set[Cell]
) -> list[Cell]:
    """Hidden cells of a table that can be no other number: nobody can go round a circle of hidden cells through them, nor back."""
    found: list[Cell] = []
    for network in networks:
        ways: dict[str, dict[str, int]] = {}
        for cell, (start, end) in network.items():
            if cell in hidden:
                forward, back = ways.setdefault(start, {}), ways.setdefault(end, {})
                forward[end] = forward.get(end, 0) + 1
                # Whoever is not there cannot be taken away.
                back[start] = back.get(start, 0) + (counts[cell] > 0)
        reached = {point: _reached(ways, point) for point in ways}
        for cell, (start, end) in network.items():
            if cell in hidden and not _turns(ways, reached, start, end, counts[cell]):
                found.append(cell)
    return found


def _turns(
    ways: Mapping[str, Mapping[str, int]], reached: Mapping[str, set[str]], start: str, end: str, count: int
) -> bool:
    """Whether one more can flow from start to end and return by other cells, or one less."""
    # The cell's own way back is not another cell: two points are tied by one cell each.
    more = any(start in reached[point] for point, free in ways[end].items() if free and point != start)
    less = count > 0 and any(end in reached[point] for point, free in ways[start].items() if free and point != end)
    return more or less


def _reached(ways: Mapping[str, Mapping[str, int]], start: str) -> set[str]:
    found, waiting = {start}, [start]
    while waiting:
        for point, free in ways.get(waiting.pop(), {}).items():
            if free and point not in found:
                found.add(point)
                waiting.append(point)
    return found


def _guessable[Cell: Hashable](one: Sum[Cell], counts: Mapping[Cell, int], hidden: set[Cell]) -> list[Cell]:
    """The small parts of a sum that are told to who knows this module: what was hidden beside them is no larger than what is shown.

    Of 9, 10 and 10 the first two are hidden: 19 together, none above the ten that is shown.
    """
    holes = [part for part in one.parts if part in hidden]
    shown = [counts[part] for part in one.parts if part not in hidden]
    if one.total in hidden or not shown or not holes:
        return []
    left, most = sum(counts[part] for part in holes), min(shown)
    at_least = max(0, left - most * (len(holes) - 1))
    near = min(most, left) - at_least + 1 < SPAN // 2
    return [part for part in holes if near and counts[part] < LEAST]


def _beside[Cell: Hashable](
    told: Iterable[Cell], counts: Mapping[Cell, int], sums: Sequence[Sum[Cell]], hidden: set[Cell]
) -> set[Cell]:
    """For each cell that is told the smallest one beside it."""
    more: set[Cell] = set()
    for cell in told:
        reach = {cell}
        while not (beside := _shown_beside(reach, sums, hidden)):
            # Everything beside it is hidden already: what those hang on is what tells it.
            reach |= {other for one in sums if reach & set(one.cells) for other in one.cells}
        parts, totals = beside
        among = parts or totals
        more.add(min((other for other in counts if other in among), key=lambda other: counts[other]))
    return more


def _shown_beside[Cell: Hashable](
    reach: set[Cell], sums: Sequence[Sum[Cell]], hidden: set[Cell]
) -> tuple[set[Cell], set[Cell]] | None:
    """The shown parts of sums that these cells are in, and their shown totals, which are hidden last: more people want to know them."""
    near = [one for one in sums if reach & set(one.cells)]
    totals = {one.total for one in near} - hidden
    parts = {part for one in near for part in one.parts} - hidden - totals
    return (parts, totals) if parts or totals else None


def bounds[Cell: Hashable](
    published: Mapping[Cell, int], sums: Sequence[Sum[Cell]], hidden: Iterable[Cell]
) -> tuple[dict[Cell, int], dict[Cell, int]]:
    """What each cell can be at least and at most: a sum is never less than its parts, a part never less than nobody."""
    low: dict[Cell, int] = dict.fromkeys(hidden, 0) | dict(published)
    high: dict[Cell, int] = dict.fromkeys(hidden, UNKNOWN) | dict(published)
    beside: dict[Cell, list[int]] = {}
    for number, one in enumerate(sums):
        for cell in one.cells:
            beside.setdefault(cell, []).append(number)
    waiting = dict.fromkeys(range(len(sums)))
    while waiting:
        number = next(iter(waiting))
        del waiting[number]
        one = sums[number]
        least, most = sum(low[part] for part in one.parts), sum(high[part] for part in one.parts)
        found = {one.total: (least, most)}
        found |= {
            part: (low[one.total] - (most - high[part]), high[one.total] - (least - low[part])) for part in one.parts
        }
        for cell, (at_least, at_most) in found.items():
            # A sum with an unknown part is unknown: counts are far smaller than what stands for that.
            if at_least > low[cell] or at_most < min(high[cell], UNKNOWN // 2):
                low[cell], high[cell] = max(low[cell], at_least), min(high[cell], at_most)
                waiting |= dict.fromkeys(beside[cell])
    return low, high


def solved[Cell: Hashable](
    published: Mapping[Cell, int], sums: Sequence[Sum[Cell]], hidden: Iterable[Cell]
) -> set[Cell]:
    """The hidden cells that follow from the published ones by adding and subtracting alone (Gauss and Jordan)."""
    rows: dict[Cell, dict[Cell, int]] = {}
    for one in sums:
        row: dict[Cell, int] = {}
        for cell, factor in ((one.total, -1), *((part, 1) for part in one.parts)):
            if cell not in published:
                row[cell] = (row.get(cell, 0) + factor) % _PRIME
        row = _reduced({cell: factor for cell, factor in row.items() if factor}, rows)
        if not row:
            continue
        pivot = next(iter(row))
        inverse = pow(row[pivot], -1, _PRIME)
        row = {cell: factor * inverse % _PRIME for cell, factor in row.items()}
        for other, entries in rows.items():
            if pivot in entries:
                rows[other] = _minus(entries, row, entries[pivot])
        rows[pivot] = row
    return {pivot for pivot, row in rows.items() if len(row) == 1} & set(hidden)


def _reduced[Cell: Hashable](row: dict[Cell, int], rows: Mapping[Cell, dict[Cell, int]]) -> dict[Cell, int]:
    for cell in list(row):
        if cell in row and cell in rows:
            row = _minus(row, rows[cell], row[cell])
    return row


def _minus[Cell: Hashable](row: Mapping[Cell, int], other: Mapping[Cell, int], times: int) -> dict[Cell, int]:
    result = dict(row)
    for cell, factor in other.items():
        left = (result.get(cell, 0) - times * factor) % _PRIME
        if left:
            result[cell] = left
        else:
            result.pop(cell, None)
    return result
