"""What is measured on a copy: the bot's search, the desk's search by words, the look-up of a place, import and export."""

import random
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from benchmarks.directory.data import SPOKEN
from directory.models import NEEDS, Place
from directory.places import look_up
from directory.search import SearchRequest, TextFilters, find, text_search

ROUNDS = 3
"""The figure is the middle one of so many rounds: the machine has other work."""
_NOON = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)

SENTENCES: list[tuple[str | None, str]] = [
    ("BD", "Dhaka"), ("BD", "ঢাকায় আছি"), ("BD", "I am in Dhaka"), ("BD", "কক্সবাজার"), ("BD", "coxbazar"), ("BD", "ami khulna theke"),
    ("BD", "Rampur"), ("MA", "à Casablanca"), ("MA", "في طنجة"), ("MA", "الدار البيضاء"), ("MA", "je suis à casa"), ("ZA", "Joburg"),
    ("ZA", "please help, I stay in Cape Town"), ("ZA", "Middelburg"), ("BR", "São Paulo"), ("BR", "estou em sao paulo agora"),
    ("BR", "Santa Maria"), ("BR", "Bonito, Campo Grande"), ("LA", "ຂ້ອຍຢູ່ວຽງຈັນ"), ("LA", "Viangchan"), ("BY", "я в Минске"), ("BY", "Гомель"),
    ("ML", "je suis à Bamako"), (None, "Dhaka"),
    # misspelt: every one of these is looked for among similar names
    ("BD", "dhakka"), ("BD", "chitagng"), ("BD", "কক্সবাজর"), ("MA", "Oudja"), ("MA", "casablanka centre ville"), ("MA", "الدار البيظاء"),
    ("ZA", "Johanesburg"), ("ZA", "Pretorria"), ("BR", "Curitba"), ("BR", "Florianopoils"), ("LA", "Savannaket"), ("BY", "Минкс"),
    ("ML", "Bamakko"),
    ("BD", "Ramprr"), ("MA", "Ait Ouribel"),
    # no place at all
    ("ZA", "please help me I am in trouble near the station"), (None, "xyzzy qwerty asdf"), ("MA", "j'ai besoin d'aide"),
]  # fmt: skip
WORDS = (
    "nurse", "doctor", "legal", "jurídica", "bed night", "House women", "bebida", "Invented 12", "আইনি", "নারী ঘর", "বিছানা", "ກົດໝາຍ",
    "ແມ່ຍິງ", "سرير",
    "ممرضة وطبيب", "женский дом", "ночлега", "medicn", "alojamento", "dhaka", "casablanca nurse",
)  # fmt: skip
"""Of every entry, of many, of few, of none; whole, in part, misspelt."""


@dataclass(frozen=True, slots=True)
class Figure:
    """Milliseconds: the middle call and the one that nineteen of twenty are faster than, each the middle of `ROUNDS` rounds."""

    p50: float
    p95: float
    best_p95: float
    """Of the quietest round."""
    processor_p95: float
    """Time that the processors worked on it, here and in the server: what is left when nobody else wants them."""
    calls: int


def middle_and_slow(calls: Sequence[Callable[[], object]]) -> tuple[float, float]:
    """The middle and the 95th percentile, in milliseconds."""
    return _spread([spent for spent, _ in _times(calls, lambda: 0)])


def measured(session: Session, calls: Sequence[Callable[[], object]]) -> Figure:
    """The calls in several rounds, after one that nobody counts."""
    file = Path(f"/proc/{session.scalar(text('SELECT pg_backend_pid()'))}/schedstat")
    working = (lambda: int(file.read_text(encoding="ascii").split()[0])) if file.exists() else (lambda: 0)
    middle_and_slow(calls)
    rounds = [_times(calls, working) for _ in range(ROUNDS)]
    whole = [_spread([spent for spent, _ in each]) for each in rounds]
    worked = [_spread([work for _, work in each])[1] for each in rounds]
    slow = [each[1] for each in whole]
    figures = (
        statistics.median(each[0] for each in whole),
        statistics.median(slow),
        min(slow),
        statistics.median(worked),
    )
    return Figure(*(round(figure, 2) for figure in figures), len(calls))


def _times(calls: Sequence[Callable[[], object]], working: Callable[[], int]) -> list[tuple[float, float]]:
    """Of each call how long it took, and how long the processors worked on it; milliseconds. `working`: nanoseconds of the server."""
    times = []
    for call in calls:
        server, here, start = working(), time.process_time(), time.perf_counter()
        call()
        spent, worked = time.perf_counter() - start, time.process_time() - here
        times.append((spent * 1000, worked * 1000 + (working() - server) / 1e6))
    return times


def _spread(spent: list[float]) -> tuple[float, float]:
    ordered = sorted(spent)
    return ordered[len(ordered) // 2], ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]


def requests(session: Session, count: int = 200) -> list[SearchRequest]:
    """What people ask: half of them where most people live, half anywhere; every need, some with age, sex, papers and children."""
    rows = session.execute(
        select(Place.id, Place.country, Place.population)
        .where(Place.place_type == "locality", Place.country.in_(SPOKEN))
        .order_by(Place.id)
    ).all()
    chance = random.Random(11)  # noqa: S311  the same questions in every run
    weights = [row.population + 1 for row in rows]
    asked = [*chance.choices(rows, k=count // 2), *chance.choices(rows, weights=weights, k=count - count // 2)]
    return [
        SearchRequest(
            row.country, (chance.choice(NEEDS),), row.id if chance.random() < 0.95 else None, chance.choice(SPOKEN[row.country]),
            under_18=chance.choice((None, True, False, False)), sex=chance.choice((None, "female", "male")),
            has_papers=chance.choice((None, None, False)), with_children=chance.choice((None, None, True)),
        )
        for row in asked
    ]  # fmt: skip


def bot(session: Session) -> Figure:
    """A search of the bot from the request to what is told."""
    return measured(session, [lambda request=one: find(session, request, at=_NOON) for one in requests(session)])  # type: ignore[misc]


def desk(session: Session) -> Figure:
    """A search by words at the desk, in the whole directory and in one country."""
    filters = (TextFilters(), TextFilters(country="BD", listing="published"))
    return measured(
        session,
        [
            lambda words=words, chosen=chosen: text_search(session, words, chosen)
            for words in WORDS
            for chosen in filters
        ],
    )  # type: ignore[misc]


def place(session: Session) -> Figure:
    """The look-up of a place, in sentences, in five scripts, misspelt ones included."""
    return measured(
        session, [lambda country=country, said=said: look_up(session, said, country) for country, said in SENTENCES]
    )  # type: ignore[misc]
