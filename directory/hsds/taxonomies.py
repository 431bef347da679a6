"""Our two taxonomies: needs, and conditions under which a service takes a person. Ids are made from codes, names from catalogues."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import yaml
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from core.catalogues import Catalogues
from directory.models import DataImport, Taxonomy, TaxonomyTerm

_DATA = Path(__file__).parent.parent / "data" / "taxonomies.yml"
_NAMESPACE = UUID("6f2f4a9e-0c2d-5b1e-9a43-0d9c1e7a6b52")
_LOCK = 7_390_118
NEEDS = "needs"
CONDITIONS = "conditions"


@dataclass(frozen=True, slots=True)
class Term:
    """A term of ours. `text`: key of its name in the catalogues; `kind`: what an attribute with it is about (`link_type`)."""

    id: UUID
    code: str
    name: str
    description: str
    kind: str
    text: str | None
    open_eligibility: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class OurTaxonomy:
    """A taxonomy of ours, with its terms by code."""

    id: UUID
    name: str
    description: str
    version: str
    terms: Mapping[str, Term]


def made_id(*parts: object) -> UUID:
    """The same id for the same thing, in every copy and every export: whoever reads an export twice finds what they had."""
    return uuid5(_NAMESPACE, ":".join(str(part) for part in parts))


@lru_cache(maxsize=1)
def taxonomies() -> Mapping[str, OurTaxonomy]:
    """Our taxonomies by their short names, `NEEDS` and `CONDITIONS`."""
    content = yaml.safe_load(_DATA.read_text(encoding="utf-8"))
    return {key: _taxonomy(key, entry) for key, entry in content.items()}


def _taxonomy(key: str, entry: dict[str, Any]) -> OurTaxonomy:
    terms = {term["code"]: _term(key, term) for term in entry["terms"]}
    return OurTaxonomy(made_id("taxonomy", key), entry["name"], entry["description"], entry["version"], terms)


def _term(key: str, term: dict[str, Any]) -> Term:
    return Term(
        id=made_id("term", key, term["code"]),
        code=term["code"],
        name=term.get("name", term["code"]),
        description=term["description"],
        kind=term.get("kind", "need"),
        text=term.get("text"),
        open_eligibility={str(code): name for code, name in term.get("open_eligibility", {}).items()},
    )


def name_of(term: Term, catalogues: Catalogues | None, language: str | None) -> str:
    """The name of a term in a language, English where there is no other. Conditions have English names only."""
    if term.text is None or catalogues is None:
        return term.name
    known = language if language is not None and language in catalogues.languages else "en"
    return catalogues.text(term.text, known) if known in catalogues.languages else term.name


@cache
def _digest() -> str:
    return sha256(_DATA.read_bytes()).hexdigest()


def load_taxonomies(session: Session, catalogues: Catalogues) -> int:
    """Bring the rows of our taxonomies up to the data; returns how many terms were written, nothing at the second start.

    What a partner's import made under the same name keeps its terms: only ours are touched. Does not commit.
    """
    session.execute(text("SELECT pg_advisory_xact_lock(:id)"), {"id": _LOCK})
    digest = sha256((_digest() + catalogues.version).encode()).hexdigest()
    marker = session.get(DataImport, "taxonomies")
    if marker is not None and marker.digest == digest:
        return 0
    written = 0
    for ours in taxonomies().values():
        row = session.scalars(select(Taxonomy).where(Taxonomy.name == ours.name)).first()
        if row is None:
            row = Taxonomy(id=ours.id, name=ours.name)
            session.add(row)
        row.description, row.version = ours.description, ours.version
        session.flush()
        for term in ours.terms.values():
            stored = session.scalars(
                select(TaxonomyTerm).where(TaxonomyTerm.taxonomy_id == row.id, TaxonomyTerm.code == term.code)
            ).first()
            if stored is None:
                stored = TaxonomyTerm(id=term.id, taxonomy_id=row.id, code=term.code)
                session.add(stored)
            stored.name, stored.description = name_of(term, catalogues, "en"), described(term)
            written += 1
    session.merge(DataImport(name="taxonomies", digest=digest, rows=written))
    session.flush()
    return written


def described(term: Term) -> str:
    """What a term means, with the terms of Open Eligibility that it covers."""
    if not term.open_eligibility:
        return term.description
    others = ", ".join(f"{code} {name}" for code, name in term.open_eligibility.items())
    return f"{term.description} Open Eligibility: {others}."
