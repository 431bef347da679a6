"""Our terms are there from the first start, named in every language, and keep their ids."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.catalogues import Catalogues
from core.settings import PROJECT, Settings
from directory.hsds.documents import Reader, our_term_document
from directory.hsds.taxonomies import CONDITIONS, NEEDS, load_taxonomies, name_of, taxonomies
from directory.hsds.validation import errors
from directory.models import NEEDS as CODES
from directory.models import Taxonomy, TaxonomyTerm


def catalogues() -> Catalogues:
    return Catalogues.load(PROJECT / "locale", Settings.model_fields["languages"].default)


def test_there_is_a_term_for_each_need_and_no_other() -> None:
    assert set(taxonomies()[NEEDS].terms) == set(CODES)


def test_every_need_is_named_in_every_language_and_no_two_are_alike() -> None:
    texts = catalogues()
    for language in texts.languages:
        names = [name_of(term, texts, language) for term in taxonomies()[NEEDS].terms.values()]
        assert len(set(names)) == len(CODES), language
        assert language == "en" or not set(names) & {
            name_of(term, texts, "en") for term in taxonomies()[NEEDS].terms.values()
        }


def test_every_term_is_a_valid_document_in_every_language() -> None:
    texts = catalogues()
    for key in (NEEDS, CONDITIONS):
        for term in taxonomies()[key].terms.values():
            for language in texts.languages:
                document = our_term_document(taxonomies()[key], term, Reader((language,), catalogues=texts))
                assert errors(document, "taxonomy_term", "3.1") == errors(document, "taxonomy_term", "3.0") == []


def test_the_second_start_loads_nothing_and_ids_are_made_from_codes(session: Session) -> None:
    texts = catalogues()
    wanted = sum(len(ours.terms) for ours in taxonomies().values())
    assert load_taxonomies(session, texts) == wanted
    assert load_taxonomies(session, texts) == 0
    rows = {row.code: row for row in session.scalars(select(TaxonomyTerm))}
    assert rows["shelter"].id == taxonomies()[NEEDS].terms["shelter"].id
    assert rows["shelter"].name == texts.text("choice_shelter", "en")
    assert "1121 Emergency Shelter" in rows["shelter"].description


def test_a_changed_text_is_loaded_without_a_second_row(session: Session) -> None:
    load_taxonomies(session, catalogues())
    before = session.scalar(select(func.count()).select_from(TaxonomyTerm))
    load_taxonomies(session, Catalogues.load(PROJECT / "locale", ("en",)))
    assert session.scalar(select(func.count()).select_from(TaxonomyTerm)) == before
    assert session.scalar(select(func.count()).select_from(Taxonomy)) == 2
