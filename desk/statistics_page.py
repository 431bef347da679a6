"""The page of the statistics: tables with their words and charts, and the same as CSV."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from cases.models import LEVELS
from core.settings import Settings
from desk.charts import Bar, Chart, chart
from desk.counting import ASKED, BY, HEARD, LEFT, NOT_HEARD, OTHER, REFERRAL_ROWS, TOTAL
from desk.releases import Release
from desk.words import Words
from directory.exchange.cells import neutralise
from directory.models import NEEDS

EVERYBODY = ""


@dataclass(frozen=True, slots=True)
class Table:
    """One table: its rows with their counts, and the bars that show them. `kinds` names the columns where there are several."""

    name: str
    title: str
    rows: list[tuple[str, list[int | None]]]
    kinds: list[str]
    chart: Chart


def tables(release: Release, level: str, words: Words) -> list[Table]:
    """What a page shows of everybody, or of those of one level. Every number of it stands in the release already."""
    found = []
    for name, counts in _counts(release, level):
        rows = [(label(name, row, words), [count]) for row, count in counts.items()]
        found.append(_table(name, rows, [words.say("statistics_people")], words))
    if level == EVERYBODY:
        found += [
            _referrals(release, words),
            _parts(release, "question", (ASKED, LEFT), words),
            _parts(release, "understanding", (HEARD, NOT_HEARD), words),
        ]
    return found


def total(release: Release, level: str) -> int | None:
    """How many people the page is about."""
    return release.cells.get(("level", level, "") if level else TOTAL)


def _counts(release: Release, level: str) -> Iterator[tuple[str, dict[str, int | None]]]:
    if level == EVERYBODY:
        yield "level", release.rows("level")
    for name in ("need", *BY):
        yield name, release.columns(f"level:{name}", level) if level else release.rows(name)


def _parts(release: Release, table: str, kinds: tuple[str, str], words: Words) -> Table:
    names = dict.fromkeys(row for name, row, _ in release.cells if name == table)
    rows = [
        (label(table, row, words), [release.cells[table, row, kind] for kind in kinds])
        for row in names
        if any(release.cells[table, row, kind] is not None for kind in kinds)
    ]
    return _table(table, rows, [words.say(f"statistics_kind_{kind}") for kind in kinds], words)


def _referrals(release: Release, words: Words) -> Table:
    """Each need with how far the referrals of those who have it came."""
    by_need = {need: release.columns_of("referral:need", need) for need in NEEDS}
    rows = [
        (label("need", need, words), [stands.get(one) for one in REFERRAL_ROWS])
        for need, stands in by_need.items()
        if any(count is not None for count in stands.values())
    ]
    kinds = [label("referral", one, words) for one in REFERRAL_ROWS]
    return _table("referral_need", rows, kinds, words)


def _table(name: str, rows: list[tuple[str, list[int | None]]], kinds: list[str], words: Words) -> Table:
    title = words.say(f"statistics_by_{name}")
    drawn = [Bar(said, counts[-1]) for said, counts in rows]
    return Table(name, title, rows, kinds, chart(f"chart-{name}", title, drawn, words))


def label(table: str, row: str, words: Words) -> str:
    """What a row is called."""
    if row == OTHER:
        return words.say("statistics_other")
    if table in ("language", "understanding"):
        return words.language(row)
    if table == "country":
        return words.country(row)
    if table == "week":
        return words.day(date.fromisoformat(row))
    named = {
        "answer": "statistics_answer_",
        "outcome": "statistics_still_" if row == "open" else "outcome_",
        "referral": "statistics_referral_",
        "follow_up": "statistics_follow_up_",
    }
    return words.find(f"{named.get(table, f'{table}_')}{row}", row)


def as_csv(release: Release, words: Words) -> str:
    """Every published number, one a line. What is left out has no number; no cell begins like a formula."""
    sheet = io.StringIO()
    writer = csv.writer(sheet, lineterminator="\r\n")
    head = ("first", "last", "table", "level", "row", "kind", "count", "note")
    writer.writerow([words.say(f"statistics_csv_{name}") for name in head])
    days = [release.first_day.isoformat(), release.last_day.isoformat()]
    gone = words.say("statistics_gone")

    def line(table: str, level: str, row: str, kind: str, count: int | None) -> None:
        writer.writerow(
            [
                *days,
                *map(neutralise, (table, level, row, kind)),
                "" if count is None else count,
                gone if count is None else "",
            ]
        )

    for level in (EVERYBODY, *LEVELS):
        said = label("level", level, words) if level else words.say("statistics_all_levels")
        line(words.say("statistics_people"), said, "", "", total(release, level))
        for table in tables(release, level, words):
            for row, counts in table.rows:
                for kind, count in zip(table.kinds, counts, strict=True):
                    line(table.title, said, row, kind, count)
    return sheet.getvalue()


def trend(past: list[Release], level: str, words: Words) -> Table:
    """The totals of every four weeks that were published, the oldest first."""
    rows = [(words.day(one.first_day), [total(one, level)]) for one in reversed(past)]
    return _table("span", rows, [words.say("statistics_people")], words)


def targets(settings: Settings, words: Words) -> list[tuple[str, str]]:
    """Each level with the time in which a person answers."""
    return [(label("level", level, words), words.duration(settings.target(level))) for level in LEVELS]  # type: ignore[arg-type]  # LEVELS are the words of Level
