from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.settings import Settings
from directory.confidential import ConfidentialAddress
from directory.errors import NotADemonstrationError
from directory.models import NEEDS, Organization, Phone, Service
from directory.search import SearchRequest, find
from directory.seed import seed_examples

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def count(session: Session, model: type) -> int:
    return session.scalar(select(func.count()).select_from(model)) or 0


def test_examples_are_refused_where_people_look_for_true_services(session: Session, settings: Settings) -> None:
    with pytest.raises(NotADemonstrationError):
        seed_examples(session, settings.model_copy(update={"demonstration": False}))
    assert count(session, Service) == 0


def test_the_second_start_writes_nothing(session: Session, settings: Settings) -> None:
    written = seed_examples(session, settings)
    assert written == count(session, Service) == 48
    assert seed_examples(session, settings) == 0
    assert count(session, Service) == 48


def test_every_row_says_that_it_is_an_example(session: Session, settings: Settings) -> None:
    seed_examples(session, settings)
    for model in (Organization, Service, Phone):
        assert session.scalars(select(model.is_example).distinct()).all() == [True]
    assert count(session, ConfidentialAddress) == 4


def test_only_the_countries_served_get_examples(session: Session, settings: Settings) -> None:
    seed_examples(session, settings.model_copy(update={"countries": ("BD", "LA")}))
    assert session.scalars(select(Service.country).distinct()).all() == ["BD"]


@pytest.mark.parametrize("country", ["BR", "ZA", "BD", "MA"])
def test_each_need_finds_something_in_each_country(session: Session, settings: Settings, country: str) -> None:
    seed_examples(session, settings)
    for need in NEEDS:
        request = SearchRequest(country, (need,), language="bn", demonstration=True)
        found = find(session, request, at=NOON).services
        assert found, need
        assert all(service.is_example and "(উদাহরণ)" in service.name and service.phones for service in found)
        assert find(session, SearchRequest(country, (need,)), at=NOON).services == ()
