"""Organizations, programmes and taxonomy terms of a group of records: found by the rules of `writing`, or made, with few queries."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select, tuple_
from sqlalchemy.orm import Session

from directory.exchange.bulk_rows import Owned
from directory.models import Organization, Program, Taxonomy, TaxonomyTerm
from directory.records import OrganizationRecord, ProgramRecord, ServiceRecord


class Owners:
    """Finds or makes what several records share."""

    def __init__(self, session: Session, records: Sequence[ServiceRecord], at: datetime) -> None:
        self._session, self._at = session, at
        self._organizations: dict[UUID, Organization] = {}
        self._by_name: dict[str, Organization] = {}
        self._programs: dict[UUID, Program] = {}
        self._program_names: dict[tuple[UUID, str], Program] = {}
        self._terms: dict[tuple[str, str], TaxonomyTerm] = {}
        self._taxonomies: dict[str, Taxonomy] = {}
        self._load(records)

    def _load(self, records: Sequence[ServiceRecord]) -> None:
        session = self._session
        wanted = [record.organization for record in records]
        ids = {one.id for one in wanted if one.id}
        names = {one.name for one in wanted}
        rows = session.scalars(
            select(Organization)
            .where(or_(Organization.id.in_(ids), Organization.name.in_(names)))
            .order_by(Organization.id)
        )
        for row in rows:
            self._organizations[row.id] = row
            self._by_name.setdefault(row.name, row)
        programs = [record.program for record in records if record.program]
        if programs:
            found = session.scalars(
                select(Program).where(
                    or_(
                        Program.id.in_([one.id for one in programs if one.id]),
                        Program.name.in_([one.name for one in programs]),
                    )
                )
            )
            for program in found:
                self._programs[program.id] = program
                self._program_names[program.organization_id, program.name] = program
        keys = {(one.taxonomy, one.code) for record in records for one in record.attributes}
        if keys:
            taxonomies = select(Taxonomy).where(Taxonomy.name.in_({taxonomy for taxonomy, _ in keys}))
            self._taxonomies = {one.name: one for one in session.scalars(taxonomies)}
            terms = session.execute(
                select(Taxonomy.name, TaxonomyTerm)
                .join(Taxonomy, Taxonomy.id == TaxonomyTerm.taxonomy_id)
                .where(tuple_(Taxonomy.name, TaxonomyTerm.code).in_(keys))
            )
            self._terms = {(name, term.code): term for name, term in terms}

    def placed(self, record: ServiceRecord) -> tuple[ServiceRecord, Owned]:
        """The record with the ids of what owns it, and these ids."""
        organization = self._organization(record.organization)
        program = self._program(record.program, organization) if record.program else None
        attributes = sorted(record.attributes, key=lambda one: (one.taxonomy, one.code))
        terms = tuple(self._term(one.taxonomy, one.code, one.label).id for one in attributes)
        update: dict[str, Any] = {
            "organization": record.organization.model_copy(update={"id": organization.id}),
            "attributes": tuple(attributes),
        }
        if record.program and program:
            update["program"] = record.program.model_copy(update={"id": program.id})
        return record.model_copy(update=update), Owned(organization.id, program.id if program else None, terms)

    def write(self) -> None:
        """Put what was made or changed into the database, before the rows that point to it."""
        self._session.flush()

    def _organization(self, record: OrganizationRecord) -> Organization:
        row = self._organizations.get(record.id) if record.id else self._by_name.get(record.name)
        if row is None:
            row = Organization(**({"id": record.id} if record.id else {}), name=record.name, created_at=self._at)
            self._session.add(row)
            self._organizations[row.id] = row
            self._by_name.setdefault(row.name, row)
        _set(row, record)
        return row

    def _program(self, record: ProgramRecord, organization: Organization) -> Program:
        row = self._programs.get(record.id) if record.id else None
        row = row or self._program_names.get((organization.id, record.name))
        if row is None:
            row = Program(**({"id": record.id} if record.id else {}), organization_id=organization.id, name=record.name)
            self._session.add(row)
            self._programs[row.id] = row
            self._program_names[organization.id, row.name] = row
        _set(row, record)
        return row

    def _term(self, taxonomy: str, code: str, label: str | None) -> TaxonomyTerm:
        term = self._terms.get((taxonomy, code))
        if term is None:
            owner = self._taxonomies.get(taxonomy)
            if owner is None:
                owner = self._taxonomies[taxonomy] = Taxonomy(name=taxonomy)
                self._session.add(owner)
                self._session.flush()
            term = self._terms[taxonomy, code] = TaxonomyTerm(taxonomy_id=owner.id, code=code, name=label or code)
            self._session.add(term)
            self._session.flush()
        return term


def _set(row: Any, record: OrganizationRecord | ProgramRecord) -> None:
    for name in type(record).model_fields:
        value = getattr(record, name)
        if name != "id" and getattr(row, name) != value:
            setattr(row, name, value)
