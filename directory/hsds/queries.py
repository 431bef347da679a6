"""The API's filters as conditions of the database: all hold together, and each begins at what may be told of."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import ColumnElement, SQLColumnExpression, and_, exists, false, func, literal, or_, select, true
from sqlalchemy.dialects.postgresql import JSONB

from directory.hsds.entries import published
from directory.hsds.parameters import Asked
from directory.hsds.taxonomies import CONDITIONS, NEEDS, taxonomies
from directory.models import (
    Attribute,
    Organization,
    Schedule,
    Service,
    ServiceAtLocation,
    ServiceNeed,
    Taxonomy,
    TaxonomyTerm,
)
from directory.text import normalise

_nationalities = Service.eligible_nationalities
_is_list = func.jsonb_typeof(_nationalities) == "array"
_NOBODY = literal([], JSONB)
_CONDITIONS: Mapping[str, SQLColumnExpression[bool]] = {
    "sex": Service.eligible_sex != "any",
    "nationality": and_(_is_list, _nationalities != _NOBODY),
    "any_nationality": and_(_is_list, _nationalities == _NOBODY),
    "legal_status": Service.legal_status != "unknown",
    "children_accompanying": Service.children_accompanying.is_not(None),
    "documents_required": Service.documents_required,
    "walk_in": true(),
    "referral_needed": true(),
    "hotline": Service.is_hotline,
    "confidential": Service.is_confidential,
    "country": true(),
    "timezone": exists().where(Schedule.service_id == Service.id),
    "closed_until": Service.closed_until.is_not(None),
    "closed_reason": Service.closed_reason.is_not(None),
    "alert_until": and_(Service.alert.is_not(None), Service.alert_until >= func.current_date()),
    "example": or_(
        Service.is_example, exists().where(Organization.id == Service.organization_id, Organization.is_example)
    ),
}
"""Which services have a condition as an attribute of their own. Those of locations and phones are not looked for."""


def services(asked: Asked, *, demonstration: bool) -> ColumnElement[bool]:
    """The services that the filters let through."""
    rules = [published(demonstration=demonstration), *_words(asked.search, Service.search_text)]
    if asked.organization_id is not None:
        rules.append(Service.organization_id == asked.organization_id)
    if asked.modified_after is not None:
        rules.append(Service.last_modified >= asked.modified_after)
    return and_(*rules, *_terms(asked))


def locations(asked: Asked, *, demonstration: bool) -> ColumnElement[bool]:
    """The services at locations whose service the filters let through (joined with Service)."""
    return and_(services(asked, demonstration=demonstration), ServiceAtLocation.service_id == Service.id)


def organizations(asked: Asked, *, demonstration: bool) -> ColumnElement[bool]:
    """The organizations with an entry that may be told of: who has none is nobody's business."""
    has = exists().where(
        Service.organization_id == Organization.id, published(demonstration=demonstration), *_terms(asked)
    )
    name = func.concat_ws(" ", Organization.name, Organization.alternate_name, Organization.description)
    return and_(has, *_likes(asked.search, name))


def listed_taxonomies(asked: Asked) -> ColumnElement[bool]:
    """The taxonomies with these words."""
    return and_(true(), *_likes(asked.search, func.concat_ws(" ", Taxonomy.name, Taxonomy.description)))


def terms(asked: Asked) -> ColumnElement[bool]:
    """The terms that the filters let through."""
    rules = _likes(asked.search, func.concat_ws(" ", TaxonomyTerm.code, TaxonomyTerm.name, TaxonomyTerm.description))
    if asked.taxonomy_id is not None:
        rules.append(TaxonomyTerm.taxonomy_id == asked.taxonomy_id)
    if asked.parent_id is not None:
        rules.append(TaxonomyTerm.parent_id == asked.parent_id)
    if asked.top_only:
        rules.append(TaxonomyTerm.parent_id.is_(None))
    return and_(true(), *rules)


def _terms(asked: Asked) -> list[ColumnElement[bool]]:
    rules = []
    if asked.taxonomy_term_id is not None:
        rules.append(_has_term(asked.taxonomy_term_id))
    if asked.taxonomy_id is not None:
        rules.append(_has_taxonomy(asked.taxonomy_id))
    return rules


def _has_term(term_id: UUID) -> ColumnElement[bool]:
    for code, term in taxonomies()[NEEDS].terms.items():
        if term.id == term_id:
            return exists().where(ServiceNeed.service_id == Service.id, ServiceNeed.need == code)
    for code, term in taxonomies()[CONDITIONS].terms.items():
        if term.id == term_id:
            return and_(true(), _CONDITIONS.get(code, false()))
    return exists().where(
        Attribute.link_entity == "service", Attribute.link_id == Service.id, Attribute.taxonomy_term_id == term_id
    )


def _has_taxonomy(taxonomy_id: UUID) -> ColumnElement[bool]:
    if taxonomy_id == taxonomies()[NEEDS].id:
        return exists().where(ServiceNeed.service_id == Service.id)
    if taxonomy_id == taxonomies()[CONDITIONS].id:
        return true()
    of = select(TaxonomyTerm.id).where(TaxonomyTerm.taxonomy_id == taxonomy_id)
    return exists().where(
        Attribute.link_entity == "service", Attribute.link_id == Service.id, Attribute.taxonomy_term_id.in_(of)
    )


def _words(search: str, column: SQLColumnExpression[str]) -> list[ColumnElement[bool]]:
    """Each word of the search in normalised text; signs without a word find nothing."""
    words = normalise(search).split()
    if search and not words:
        return [false()]
    return [column.contains(word, autoescape=True) for word in words]


def _likes(search: str, column: ColumnElement[str]) -> list[ColumnElement[bool]]:
    return [column.icontains(word, autoescape=True) for word in search.split()]
