"""No number under ten can be worked out from the published tables, however they are added, subtracted, compared or filtered."""

from collections import deque
from collections.abc import Hashable, Mapping

from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from cases.models import LEVELS
from desk import counting
from desk.counting import BY, CellKey, Counted, Rows, of_people
from desk.suppression import LEAST, SPAN, Sum, bounds, solved, suppress

Cell = Hashable
ROWS = Rows(languages=("en", "fr", "ar", "other"), countries=("BD", "MA", "other"), weeks=("1", "2", "3", "4"))
PEOPLE = st.builds(
    Counted,
    level=st.sampled_from(LEVELS), language=st.sampled_from(("en", "en", "fr", "ar")), country=st.sampled_from(("BD", "MA", "PL")),
    week=st.sampled_from(ROWS.weeks), answer=st.sampled_from(counting.ANSWERS), outcome=st.sampled_from(("helped", "referred", "open")),
    needs=st.frozensets(st.sampled_from(("shelter", "health")), max_size=2),
    referral=st.sampled_from(("none", "none", "refused", "declined", "accepted")), follow_up=st.sampled_from(("yes", "no", "none")),
)  # fmt: skip
CROWDS = st.lists(st.tuples(PEOPLE, st.integers(1, 60)), max_size=12).map(
    lambda groups: [person for person, number in groups for _ in range(number)]
)


def published[C: Hashable](cells: Mapping[C, int | None]) -> dict[C, int]:
    return {cell: count for cell, count in cells.items() if count is not None}


@given(CROWDS)
@settings(max_examples=25, phases=(Phase.explicit, Phase.generate))  # what shrinks here takes minutes
def test_nothing_small_is_published_and_nothing_left_out_can_be_recovered(people: list[Counted]) -> None:
    tables = of_people(people, ROWS)
    cells = suppress(tables.counts, tables.sums, tables.networks)
    shown = published(cells)
    hidden = cells.keys() - shown.keys()
    assert all(count >= LEAST for count in shown.values())
    assert all(tables.counts[cell] == count for cell, count in shown.items())
    # Adding and subtracting margins, other tables and one filter after the other is solving this system.
    assert solved(shown, tables.sums, hidden) == set()
    low, high = bounds(shown, tables.sums, hidden)
    assert all(high[cell] - low[cell] + 1 >= SPAN for cell in hidden)
    for name in BY:
        attack_table(tables.counts, shown, name)


@given(CROWDS)
@settings(max_examples=10, phases=(Phase.explicit, Phase.generate))
def test_answers_days_later_tell_nothing_of_how_many_were_referred(people: list[Counted]) -> None:
    """A reader knows that only who was referred is asked: that knowledge is a sum like any other."""
    tables = of_people(people, ROWS)
    sent = sum(
        tables.counts["referral", stand, ""] for stand in ("withdrawn", "expired", "declined", "waiting", "accepted")
    )
    asked = sum(tables.counts["follow_up", said, ""] for said in ("yes", "not_yet", "no", "not_reached", "none"))
    assert sent == asked
    assert any(one.total == ("follow_up", "unsent", "") for one in tables.sums)


def attack_table(counts: Mapping[CellKey, int], shown: Mapping[CellKey, int], name: str) -> None:
    """Another kind of attacker: whatever whole numbers fit. A cell is safe if people could be moved around a circle of hidden cells.

    Rows, columns and margins of a table are a network: a published cell is a pipe that carries a known number. A hidden one can carry one
    more if that can flow back through others, and then its number is not what it was although every published number is.
    """
    edges: dict[CellKey, tuple[str, str]] = {}
    for table, row, column in counts:
        if table == f"level:{name}":
            edges[table, row, column] = f"level {row}", f"{name} {column}"
        elif table == "level":
            edges[table, row, column] = "all", f"level {row}"
        elif table == name:
            edges[table, row, column] = f"{name} {row}", "back"
    edges["people", "", ""] = "back", "all"
    free = {cell for cell in edges if cell not in shown}
    for cell in free:
        start, end = edges[cell]
        more = circles(edges, counts, free - {cell}, end, start)
        assert more or (counts[cell] and circles(edges, counts, free - {cell}, start, end)), (name, cell)


def circles(
    edges: Mapping[CellKey, tuple[str, str]], counts: Mapping[CellKey, int], free: set[CellKey], start: str, goal: str
) -> bool:
    """Whether one person more can flow from `start` to `goal`: forward anywhere, backward only where somebody is."""
    ways: dict[str, list[str]] = {}
    for cell in free:
        tail, head = edges[cell]
        ways.setdefault(tail, []).append(head)
        if counts[cell]:
            ways.setdefault(head, []).append(tail)
    found, queue = {start}, deque([start])
    while queue:
        for step in ways.get(queue.popleft(), ()):
            if step not in found:
                found.add(step)
                queue.append(step)
    return goal in found


def test_a_hole_between_two_shown_numbers_is_not_left_alone() -> None:
    counts = {"all": 103, "a": 3, "b": 40, "c": 60}
    assert suppress(counts, [Sum("all", ("a", "b", "c"))]) == {"all": 103, "a": None, "b": None, "c": 60}


def test_two_equal_nines_beside_a_ten_are_not_told_by_their_sum() -> None:
    counts = {"all": 48, "a": 9, "b": 9, "c": 10, "d": 20}
    cells = suppress(counts, [Sum("all", ("a", "b", "c", "d"))])
    assert cells["c"] is None


def test_two_tables_do_not_tell_together_what_neither_tells() -> None:
    """A bridge: each row and column has two holes, and the sums of two halves still give the cell between them."""
    cells = {"r1a": 4, "r1b": 30, "r2a": 30, "r2b": 30, "r2c": 5, "r3c": 30, "r3d": 40, "r4c": 35, "r4d": 3}
    sums = [
        Sum("r1", ("r1a", "r1b")), Sum("r2", ("r2a", "r2b", "r2c")), Sum("r3", ("r3c", "r3d")), Sum("r4", ("r4c", "r4d")),
        Sum("a", ("r1a", "r2a")), Sum("b", ("r1b", "r2b")), Sum("c", ("r2c", "r3c", "r4c")), Sum("d", ("r3d", "r4d")),
    ]  # fmt: skip
    counts = cells | {one.total: sum(cells[part] for part in one.parts) for one in sums}
    shown = published(suppress(counts, sums))
    assert "r2c" not in shown
    assert solved(shown, sums, counts.keys() - shown.keys()) == set()


@given(st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 40), min_size=2))
@example({"a": 9, "b": 10, "c": 10})
def test_of_one_table_nothing_is_known_to_within_ten(counts: dict[str, int]) -> None:
    total = Sum("all", tuple(counts))
    everything = {**counts, "all": sum(counts.values())}
    shown = published(suppress(everything, [total]))
    hidden = [cell for cell in counts if cell not in shown]
    if hidden and "all" in shown:
        left = shown["all"] - sum(count for cell, count in shown.items() if cell != "all")
        assert len(hidden) >= 2
        assert left >= LEAST


def test_a_table_with_nobody_shows_nothing() -> None:
    tables = of_people([], ROWS)
    assert published(suppress(tables.counts, tables.sums, tables.networks)) == {}
