"""`waymark languages`: how far each language is: its texts, who has read them, and what they cost as SMS."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from core.catalogues import Catalogues
from core.database import now
from core.languages import LOCALE, Language, load_language
from core.reviews import SAFETY, ReviewError, mark_reviewed, read_reviews
from core.settings import Settings
from gateway.budgets import budget_of
from gateway.rendering import numbered
from gateway.segments import count_segments
from screening.errors import DataFileError
from screening.phrase_lists import read_list
from screening.questions import questionnaire

EXAMPLES: Mapping[str, str | float] = {
    "reference": "K4711",
    "time": "2026-11-22T18:05:00+00:00",
    "until": "2026-11-22T18:05:00+00:00",
    "day": "day_wednesday",
    "number": "112",
    "name": "Casa Exemplo",
    "distance_km": 3.5,
    "hours": "09:00",
    "notes": "",
    "phones": "+15005550006",
    "address": "Rua Exemplo 1",
    "languages": "English",
}
"""Values of the length that real ones have."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How far one language is. The two figures of segments are None while a text is missing."""

    code: str
    name: str
    offered: bool
    texts: int
    all_texts: int
    reviewed: int
    safety_reviewed: int
    phrases: str
    mean_segments: float | None
    over_budget: int | None


def standings(settings: Settings, folder: Path = LOCALE) -> list[Standing]:
    """Every language that has a folder, the offered ones first. Raises ReviewError, LanguageError."""
    known = sorted(path.parent.name for path in folder.glob("*/language.yml"))
    offered = [code for code in settings.languages if code in known]
    reviews = {code: read_reviews(code, folder) for code in known}
    everything = frozenset(reviews.get("en", ())).union(*(reviews[code] for code in offered))
    found = []
    for code in [*offered, *(code for code in known if code not in offered)]:
        texts = reviews[code]
        costs = None if everything - texts.keys() else _costs(code, settings, folder)
        found.append(
            Standing(
                code=code,
                name=load_language(code, folder).english_name,
                offered=code in offered,
                texts=len(everything & texts.keys()),
                all_texts=len(everything),
                reviewed=sum(review is not None for review in texts.values()),
                safety_reviewed=sum(texts.get(key) is not None for key in SAFETY),
                phrases=_phrases(code),
                mean_segments=sum(segments for segments, _ in costs) / len(costs) if costs else None,
                over_budget=sum(segments > budget for segments, budget in costs) if costs is not None else None,
            )
        )
    return found


def table(found: list[Standing]) -> str:
    """The standings for the terminal."""
    rows = [("language", "offered", "texts", "reviewed", "safety", "phrases", "segments", "too long")]
    rows += [
        (
            f"{each.code} {each.name}",
            "yes" if each.offered else "no",
            f"{each.texts}/{each.all_texts}",
            f"{each.reviewed}/{each.texts}",
            f"{each.safety_reviewed}/{len(SAFETY)}",
            each.phrases,
            "-" if each.mean_segments is None else f"{each.mean_segments:.2f}",
            "-" if each.over_budget is None else str(each.over_budget),
        )
        for each in found
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def mark(code: str, keys: list[str], *, by: str, folder: Path = LOCALE) -> int:
    """Marks texts of a language as read by this person today; how many. `safety` and `all` stand for many keys. Raises ReviewError."""
    if not keys:
        raise ReviewError(f"{code}: name the texts that were read, or `safety`, or `all`")
    groups = {"safety": list(SAFETY), "all": list(read_reviews(code, folder))}
    chosen = list(dict.fromkeys(each for key in keys for each in groups.get(key, [key])))
    mark_reviewed(code, chosen, by=by, on=now().date(), folder=folder)
    return len(chosen)


def _phrases(code: str) -> str:
    try:
        found = read_list(code)
    except DataFileError:
        return "missing"
    return f"{found.reviewed_by} {found.reviewed_on}" if found.reviewed_by and found.reviewed_on else "draft"


def _costs(code: str, settings: Settings, folder: Path) -> list[tuple[int, int]]:
    """(segments, budget) of each message as plain SMS carries it, a question with its numbered choices."""
    catalogues = Catalogues.load(folder, (code,))
    language = catalogues.languages[code]
    choices = dict(_choices(catalogues, language, settings))
    today = datetime.fromisoformat(str(EXAMPLES["time"]))
    costs = []
    for key in sorted(catalogues.keys):
        if key.startswith(("say_", "ask_")):
            values: dict[str, Any] = {name: EXAMPLES.get(name, "") for name in catalogues.fields(key)}
            text = catalogues.text(key, code, today=today, **values) + choices.get(key, "")
            costs.append((count_segments(language.for_sms(text)).segments, budget_of(key, settings)))
    return costs


def _choices(catalogues: Catalogues, language: Language, settings: Settings) -> Iterator[tuple[str, str]]:
    """The numbered lines of every question that has some, by the question's text."""
    for question in questionnaire().questions:
        labels = [catalogues.template(value.label, language.code) for value in question.values]
        if question.values_from == "languages":
            labels = [load_language(code).name for code in settings.languages]
        if question.values_from == "countries":
            labels = [catalogues.template(f"country_{each}", language.code) for each in settings.countries] + labels
        yield question.message, numbered(tuple(labels))
