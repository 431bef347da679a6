"""The answers of the read API: pages, streams and single documents, made from what may be told of and nothing else."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import ceil
from typing import Any
from uuid import UUID

import structlog
from pydantic import ValidationError
from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from directory.hsds import queries
from directory.hsds.documents import (
    Document,
    Reader,
    language_of,
    moment,
    organization_document,
    our_term_document,
    service_at_location_documents,
    service_document,
    taxonomy_document,
    term_document,
)
from directory.hsds.entries import BATCH, Entry, all_entries, published, read_entries
from directory.hsds.parameters import Asked
from directory.hsds.schemas import Version
from directory.hsds.taxonomies import taxonomies
from directory.models import Organization, Service, ServiceAtLocation, Taxonomy, TaxonomyTerm
from directory.records import OrganizationRecord

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Answering:
    """One request being answered: on a session, for a reader, in a version."""

    session: Session
    reader: Reader
    version: Version

    def page(self, name: str, asked: Asked) -> Document:
        """A page of a list, in the standard's envelope."""
        if asked.minimal:
            return self._minimal(asked)
        ids, count = self._ids(name, asked)
        total = self.session.scalar(count) or 0
        chosen = self.session.scalars(ids.limit(asked.per_page).offset((asked.page - 1) * asked.per_page)).all()
        return envelope(self._documents(name, chosen, asked), total, asked.page, asked.per_page)

    def stream(self, name: str, asked: Asked) -> Iterator[Document]:
        """Everything that the filters let through, a batch in memory at a time."""
        if asked.minimal:
            yield from self._minimal(asked)["contents"]
            return
        ids, _ = self._ids(name, asked)
        column = _COLUMNS[name]
        last: UUID | None = None
        while chosen := self.session.scalars((ids.where(column > last) if last else ids).limit(BATCH)).all():
            yield from self._documents(name, chosen, asked)
            last = chosen[-1]
            self.session.expunge_all()

    def one(self, name: str, identifier: UUID, asked: Asked) -> tuple[Document, str | None] | None:
        """One document and the language it is in; None: there is no such thing that may be told of."""
        ids, _ = self._ids(name, Asked())
        if self.session.scalars(ids.where(_COLUMNS[name] == identifier)).first() is None:
            return None
        whole = Asked(full=True, full_service=asked.full_service)
        found = self._documents(name, [identifier], whole)
        if not found:
            return None
        return found[0], self._language(name, identifier)

    def _language(self, name: str, identifier: UUID) -> str | None:
        if name not in ("services", "service_at_locations"):
            return self.reader.language if name == "taxonomy_terms" else None
        service_id: UUID | None = identifier
        if name == "service_at_locations":
            service_id = self.session.scalar(
                select(ServiceAtLocation.service_id).where(ServiceAtLocation.id == identifier)
            )
        entries = read_entries(self.session, [service_id]) if service_id else []
        return language_of(entries[0].record, self.reader.languages) if entries else None

    def _ids(self, name: str, asked: Asked) -> tuple[Select[UUID], Select[int]]:
        """The ids of a list in their order, and how many there are."""
        shown = self.reader.demonstration
        rules: dict[str, Callable[[], ColumnElement[bool]]] = {
            "services": lambda: queries.services(asked, demonstration=shown),
            "service_at_locations": lambda: queries.locations(asked, demonstration=shown),
            "organizations": lambda: queries.organizations(asked, demonstration=shown),
            "taxonomies": lambda: queries.listed_taxonomies(asked),
            "taxonomy_terms": lambda: queries.terms(asked),
        }
        column, rule = _COLUMNS[name], rules[name]()
        return select(column).where(rule).order_by(column), select(func.count(column)).where(rule)

    def _minimal(self, asked: Asked) -> Document:
        rule = queries.services(asked, demonstration=self.reader.demonstration)
        rows = self.session.execute(select(Service.id, Service.last_modified).where(rule).order_by(Service.id))
        contents = [{"id": str(identifier), "last_modified": moment(modified)} for identifier, modified in rows]
        return envelope(contents, len(contents), 1, max(1, len(contents)))

    def _documents(self, name: str, ids: Any, asked: Asked) -> list[Document]:
        listed = not (asked.full or asked.full_service)
        if name == "services":
            entries = read_entries(self.session, list(ids))
            return [service_document(entry, self.reader, version=self.version, listed=listed) for entry in entries]
        if name == "service_at_locations":
            return self._at_locations(list(ids), listed=listed)
        if name == "organizations":
            return [
                document
                for identifier in ids
                if (document := self._organization(identifier, asked, listed=listed)) is not None
            ]
        if name == "taxonomies":
            rows = self.session.scalars(select(Taxonomy).where(Taxonomy.id.in_(ids)).order_by(Taxonomy.id))
            return [_taxonomy(row) for row in rows]
        return [_term(row, of, self.reader) for row, of in self._terms(ids)]

    def _at_locations(self, ids: list[UUID], *, listed: bool) -> list[Document]:
        rows = self.session.execute(
            select(ServiceAtLocation.id, ServiceAtLocation.service_id).where(ServiceAtLocation.id.in_(ids))
        )
        of = {identifier: service_id for identifier, service_id in rows}  # noqa: C416  a row is not a pair for the types
        entries = read_entries(self.session, list(dict.fromkeys(of[one] for one in ids)))
        documents = {
            document["id"]: document
            for entry in entries
            for document in service_at_location_documents(entry, self.reader, version=self.version, listed=listed)
        }
        return [documents[str(one)] for one in ids if str(one) in documents]

    def _organization(self, identifier: UUID, asked: Asked, *, listed: bool) -> Document | None:
        row = self.session.get_one(Organization, identifier)
        try:
            record = OrganizationRecord(**{name: getattr(row, name) for name in OrganizationRecord.model_fields})
        except ValidationError:
            _log.warning("directory_entry_breaks_rules", kind="organization")
            return None
        entries: list[Entry] = []
        if not listed:
            rule = published(demonstration=self.reader.demonstration) & (Service.organization_id == identifier)
            entries = list(all_entries(self.session, rule))
        return organization_document(
            record, identifier, entries, self.reader, version=self.version, listed=listed, with_services=asked.full_service,
        )  # fmt: skip

    def _terms(self, ids: Any) -> list[tuple[TaxonomyTerm, Taxonomy]]:
        rows = self.session.execute(
            select(TaxonomyTerm, Taxonomy)
            .join(Taxonomy, Taxonomy.id == TaxonomyTerm.taxonomy_id)
            .where(TaxonomyTerm.id.in_(ids))
            .order_by(TaxonomyTerm.id)
        )
        return [(term, of) for term, of in rows]


_COLUMNS: dict[str, Any] = {
    "services": Service.id,
    "service_at_locations": ServiceAtLocation.id,
    "organizations": Organization.id,
    "taxonomies": Taxonomy.id,
    "taxonomy_terms": TaxonomyTerm.id,
}


def envelope(contents: list[Document], total: int, page: int, per_page: int) -> Document:
    """A page of a list as the standard wants it."""
    pages = ceil(total / per_page)
    return {
        "total_items": total, "total_pages": pages, "page_number": page, "size": len(contents), "first_page": page == 1,
        "last_page": page >= pages, "empty": not contents, "contents": contents,
    }  # fmt: skip


def _taxonomy(row: Taxonomy) -> Document:
    return taxonomy_document(row.id, row.name, row.description, uri=row.uri, version=row.version)


def _term(row: TaxonomyTerm, of: Taxonomy, reader: Reader) -> Document:
    for ours in taxonomies().values():
        term = ours.terms.get(row.code)
        if of.id == ours.id and term is not None and term.id == row.id:
            return our_term_document(ours, term, reader)
    return term_document(
        {"id": row.id, "code": row.code, "name": row.name, "description": row.description, "term_uri": row.term_uri},
        _taxonomy(of),
        parent_id=row.parent_id,
    )
