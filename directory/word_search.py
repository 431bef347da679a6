"""Finds entries by words, for the people at the desk: whole words first, then parts of words, then words that are nearly these.

Everything is compared on `Service.search_text`, as `text.normalise` writes it. Scripts without spaces have no words to compare, so a
part is enough to be found, and being a whole word only counts for the order.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from directory.text import normalise

_MOST_WORDS = 8
_LOOKED_AT = 500
"""Entries that are put in order: of a word that half of the directory holds, the first of them will do."""
_ALIKE = 0.5
"""Share of three-letter pieces that a misspelt word and one of the entry have in common."""
_SHORT = 3
"""Words shorter than this have no trigram inside a word: they are looked for at the beginning of one."""


@dataclass(frozen=True, slots=True)
class TextFilters:
    """What the entries must be beside their words; None: anything."""

    country: str | None = None
    need: str | None = None
    language: str | None = None
    listing: str | None = None
    status: str | None = None
    organization_id: UUID | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class TextHit:
    """An entry that was found. `how`: it holds the words, or parts that begin or contain them; or words much like them."""

    service_id: UUID
    name: str
    organization: str
    country: str
    listing: str
    status: str
    assured_date: date | None
    how: Literal["words", "parts", "similar"]


def text_search(session: Session, words: str, filters: TextFilters | None = None) -> list[TextHit]:
    """Entries that hold every one of the words, most whole words first; if there is none, those with words much like them.

    Entries of every listing, published or not: who may see which is decided by the caller. Empty for a text without a letter or digit.
    """
    chosen = filters or TextFilters()
    tokens = list(dict.fromkeys(normalise(words).split()))[:_MOST_WORDS]
    if not tokens or chosen.limit < 1:
        return []
    rules, values = _filters(chosen)
    found = _holding(session, tokens, rules, values)
    return found or _alike(session, tokens, rules, values)


def _filters(chosen: TextFilters) -> tuple[str, dict[str, Any]]:
    columns = {
        "country": chosen.country,
        "listing": chosen.listing,
        "status": chosen.status,
        "organization_id": chosen.organization_id,
    }
    values: dict[str, Any] = {name: value for name, value in columns.items() if value is not None}
    rules = [f"s.{name} = :{name}" for name in values]
    for name, table in (("need", "service_need"), ("language", "service_language")):
        if (value := getattr(chosen, name)) is not None:
            values[name] = value
            rules.append(f"EXISTS (SELECT FROM {table} AS x WHERE x.service_id = s.id AND x.{name} = :{name})")
    return "".join(f" AND {rule}" for rule in rules), values | {"limit": chosen.limit}


def _holding(session: Session, tokens: list[str], rules: str, values: dict[str, Any]) -> list[TextHit]:
    conditions, whole = [], []
    given = dict(values)
    for number, token in enumerate(tokens):
        plain = token.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
        given |= {
            f"begins_{number}": f"{plain}%",
            f"inside_{number}": f"% {plain}%",
            f"part_{number}": f"%{plain}%",
            f"word_{number}": f"% {plain} %",
        }
        conditions.append(
            f"s.search_text LIKE :part_{number}" if len(token) >= _SHORT
            else f"(s.search_text LIKE :begins_{number} OR s.search_text LIKE :inside_{number})"
        )  # fmt: skip
        whole.append(f"((' ' || search_text || ' ') LIKE :word_{number})::int")
    query = f"""
        SELECT few.id, few.name, o.name AS organization, few.country, few.listing, few.status, few.assured_date,
            whole = {len(tokens)} AS all_whole
        FROM (SELECT *, {" + ".join(whole)} AS whole FROM (
            SELECT * FROM service AS s WHERE {" AND ".join(conditions)}{rules} LIMIT {_LOOKED_AT}) AS holding) AS few
        JOIN organization AS o ON o.id = few.organization_id
        ORDER BY whole DESC, few.assured_date DESC NULLS LAST, few.id LIMIT :limit
    """  # noqa: S608  put together from the names of this module only
    statement = text(query)
    return [
        _hit(row, "words" if row.all_whole else "parts")
        for row in session.connection().execute(statement, {name: given[name] for name in statement.compile().params})
    ]


def _alike(session: Session, tokens: list[str], rules: str, values: dict[str, Any]) -> list[TextHit]:
    long = [token for token in tokens if len(token) > _SHORT]
    if not long:
        return []
    session.execute(
        text("SELECT set_config('pg_trgm.word_similarity_threshold', :least, true)"), {"least": str(_ALIKE)}
    )
    given = dict(values) | {f"word_{number}": token for number, token in enumerate(long)}
    conditions = " AND ".join(f":word_{number} <% s.search_text" for number in range(len(long)))
    likeness = " + ".join(f"word_similarity(:word_{number}, search_text)" for number in range(len(long)))
    query = f"""
        SELECT few.id, few.name, o.name AS organization, few.country, few.listing, few.status, few.assured_date
        FROM (SELECT *, {likeness} AS likeness FROM (
            SELECT * FROM service AS s WHERE {conditions}{rules} LIMIT {_LOOKED_AT}) AS resembling) AS few
        JOIN organization AS o ON o.id = few.organization_id
        ORDER BY likeness DESC, few.assured_date DESC NULLS LAST, few.id LIMIT :limit
    """  # noqa: S608  put together from the names of this module only
    return [_hit(row, "similar") for row in session.connection().execute(text(query), given)]


def _hit(row: Any, how: Literal["words", "parts", "similar"]) -> TextHit:
    return TextHit(row.id, row.name, row.organization, row.country, row.listing, row.status, row.assured_date, how)
