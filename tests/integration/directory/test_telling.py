"""A preview shows what a search would tell: the same service, found and previewed, is told alike in every language."""

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.settings import Settings
from directory.models import Service
from directory.search import SearchRequest, find, told
from directory.seed import seed_examples

AT = datetime(2026, 11, 25, 11, 0, tzinfo=ZoneInfo("Asia/Dhaka"))


def test_every_example_is_previewed_as_a_search_tells_it(session: Session, settings: Settings) -> None:
    seed_examples(session, settings)
    compared = 0
    for service in session.scalars(select(Service)):
        for language in ("en", "bn", "lo"):
            request = SearchRequest(
                country=service.country, needs=tuple(need.need for need in service.needs), language=language,
                demonstration=True, limit=500,
            )  # fmt: skip
            for found in find(session, request, at=AT).services:
                if found.id == service.id:
                    preview = told(session, service.id, language, demonstration=True, at=AT)
                    assert preview is not None
                    assert replace(preview, reasons=()) == replace(found, reasons=())
                    compared += 1
    assert compared > 20


def test_what_nobody_can_find_has_no_preview(session: Session, settings: Settings) -> None:
    seed_examples(session, settings)
    service = session.scalars(select(Service)).first()
    assert service is not None
    service.listing = "suspended"
    session.flush()
    assert told(session, service.id, "en", demonstration=True, at=AT) is None
