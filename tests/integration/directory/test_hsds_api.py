"""The read API: what a reader of the standard gets, and what nobody gets, in both versions."""

import asyncio
import json
import warnings
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis.errors import Unsatisfiable
from schemathesis.generation import GenerationMode

from core.catalogues import Catalogues
from core.database import Sessions, make_engine
from core.encryption import Cipher
from core.settings import PROJECT
from directory.hsds.openapi import KIND_OF, describe
from directory.hsds.parameters import LISTS
from directory.hsds.schemas import VERSIONS, Version
from directory.hsds.taxonomies import CONDITIONS, NEEDS, load_taxonomies, taxonomies
from directory.hsds.validation import errors, page_errors
from directory.hsds.web import Api, make_router
from directory.models import Service
from directory.records import LocationRecord, ServiceRecord
from directory.writing import write
from tests.databases import with_database
from tests.integration.directory.test_writing import everything

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # Starlette would rather have a successor of httpx
    from starlette.testclient import TestClient

BASE = "http://testserver"
NUMBER = 7
HIDDEN = LocationRecord(
    name="Rose house", country="BD", latitude=23.8, longitude=90.4, city="Dhaka", is_confidential=True,
    description="Behind the mosque",
)  # fmt: skip


def records() -> list[ServiceRecord]:
    """Seven entries that may be told of, one of them hidden, and three that may not (see `filled`)."""
    plain = [
        everything().model_copy(update={"name": f"Service {number} (example)", "needs": ("health",) if number % 2 else ("shelter", "talk")})
        for number in range(NUMBER - 1)
    ]  # fmt: skip
    hidden = everything().model_copy(
        update={"name": "House (example)", "is_confidential": True, "locations": (HIDDEN,)}
    )
    return [*plain, hidden]


@pytest.fixture(scope="module")
def filled(postgres: str, template_database: str, module_cipher: Cipher) -> Iterator[Sessions]:
    """One database for all tests here: none of them leaves it changed."""
    name = f"hsds_{uuid4().hex[:8]}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template_database}"')
    engine = make_engine(with_database(postgres, name))
    sessions = Sessions(engine)
    with sessions.begin() as session:
        load_taxonomies(session, Catalogues.load(PROJECT / "locale", ("en", "ar")))
        for record in records():
            write(session, record, by="t", source="form").service.listing = "published"
        secrets = [
            write(session, everything().model_copy(update={"name": f"Secret {number}"}), by="t", source="form").service
            for number in range(4)
        ]
        for service, listing in zip(secrets, ("draft", "suspended", "do_not_list", "published"), strict=True):
            service.listing = listing
        secrets[-1].is_example = True
    yield sessions
    engine.dispose()
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(scope="module")
def api(filled: Sessions) -> Api:
    return Api(filled, Catalogues.load(PROJECT / "locale", ("en", "ar", "bn")), BASE, demonstration=False)


def application(api: Api) -> FastAPI:
    web = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    web.include_router(make_router(api))
    return web


@pytest.fixture(scope="module")
def client(api: Api) -> Iterator[TestClient]:
    with TestClient(application(api), base_url=BASE) as client:
        yield client


def root(version: Version) -> str:
    return "/hsds" if version == VERSIONS[0] else f"/hsds/{version}"


@pytest.mark.parametrize("version", VERSIONS)
def test_the_first_page_says_version_profile_and_description(client: TestClient, version: Version) -> None:
    about = client.get(f"{root(version)}/").json()
    assert about["version"] == version
    assert client.get(about["profile"]).json()["name"] == "Waymark"
    assert client.get(about["openapi_url"]).json()["info"]["version"] == version


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", KIND_OF)
def test_every_page_and_every_document_is_valid_in_strict_mode(client: TestClient, name: str, version: Version) -> None:
    kind = KIND_OF[name]
    page = client.get(f"{root(version)}/{name}", params={"per_page": 100}).json()
    assert page_errors(page, kind, version) == []
    assert not page["empty"]
    if "full" in LISTS[name]:
        whole = client.get(f"{root(version)}/{name}", params={"per_page": 100, "full": "true"}).json()
        assert page_errors(whole, kind, version, full=True) == []
    document = client.get(f"{root(version)}/{name}/{page['contents'][0]['id']}").json()
    assert errors(document, kind, version) == []
    lines = client.get(f"{root(version)}/{name}", params={"format": "ndjson"}).text.splitlines()
    assert [json.loads(line)["id"] for line in lines] == [item["id"] for item in page["contents"]]


def test_nothing_that_may_not_be_told_of_is_in_any_answer(client: TestClient) -> None:
    for name in KIND_OF:
        text = client.get(f"/hsds/{name}", params={"format": "ndjson"}).text
        text += client.get(f"/hsds/{name}", params={"full": "true"} if "full" in LISTS[name] else {}).text
        if name == "organizations":
            text += client.get(f"/hsds/{name}", params={"full_service": "true"}).text
        for secret in ("Secret", "Rose house", "mosque", "+15005550101"):
            assert secret not in text, (name, secret)


def test_an_entry_that_is_not_published_is_not_found_by_its_id_either(client: TestClient, filled: Sessions) -> None:
    with filled.begin() as session:
        hidden = session.query(Service).where(Service.listing != "published").all()
        ids = [service.id for service in hidden] + [at.id for service in hidden for at in service.at_locations]
    for identifier in ids:
        for name in ("services", "service_at_locations"):
            assert client.get(f"/hsds/{name}/{identifier}").status_code == 404


def test_pages_hold_everything_once(client: TestClient) -> None:
    seen: list[str] = []
    for number in range(1, 5):
        page = client.get("/hsds/services", params={"page": number, "per_page": 2}).json()
        assert (page["page_number"], page["total_items"], page["total_pages"]) == (number, NUMBER, 4)
        assert (page["first_page"], page["last_page"]) == (number == 1, number == 4)
        seen += [item["id"] for item in page["contents"]]
    assert len(set(seen)) == len(seen) == NUMBER
    beyond = client.get("/hsds/services", params={"page": 99, "per_page": 2}).json()
    assert (beyond["empty"], beyond["contents"]) == (True, [])


def test_filters_hold_together(client: TestClient) -> None:
    terms = taxonomies()[NEEDS].terms

    def found(**values: Any) -> set[str]:
        page = client.get("/hsds/services", params=values).json()
        return {item["name"].split(" (")[0] for item in page["contents"]}

    assert found(taxonomy_term_id=str(terms["health"].id)) == {"Service 1", "Service 3", "Service 5", "House"}
    assert found(taxonomy_term_id=str(terms["health"].id), search="service") == {"Service 1", "Service 3", "Service 5"}
    assert found(search="SÉRVICE 3") == {"Service 3"}
    assert found(search="রাতের শয্যা 3") == {"Service 3"}, "words of two languages of one entry"
    assert found(search="!!") == set()
    assert found(search="100%_") == set()
    assert found(taxonomy_id=str(taxonomies()[NEEDS].id), search="house") >= {"House"}
    confidential = taxonomies()[CONDITIONS].terms["confidential"].id
    assert found(taxonomy_term_id=str(confidential)) == {"House"}
    assert found(taxonomy_term_id=str(uuid4())) == set()
    assert found(organization_id=str(uuid4())) == set()
    assert found(modified_after=(datetime.now(UTC) + timedelta(hours=1)).isoformat()) == set()
    assert len(found(modified_after=(datetime.now(UTC) - timedelta(hours=1)).isoformat())) == NUMBER


def test_each_condition_that_a_document_shows_finds_it_by_its_term(client: TestClient) -> None:
    document = client.get("/hsds/services", params={"full": "true", "search": "service 2"}).json()["contents"][0]
    for attribute in document["attributes"]:
        page = client.get("/hsds/services", params={"taxonomy_term_id": attribute["taxonomy_term_id"]}).json()
        assert document["id"] in {item["id"] for item in page["contents"]}, attribute["taxonomy_term"]["code"]
        assert client.get(f"/hsds/taxonomy_terms/{attribute['taxonomy_term_id']}").status_code == 200


def test_a_search_in_the_body_finds_what_a_search_in_the_url_finds(client: TestClient) -> None:
    for name in LISTS:
        url = client.get(f"/hsds/{name}", params={"search": "house", "per_page": 3}).json()
        assert client.post(f"/hsds/{name}", json={"search": "house", "per_page": 3}).json() == url
        assert client.post(f"/hsds/{name}", data={"search": "house", "per_page": "3"}).json() == url
    assert client.post("/hsds/services").json()["total_items"] == NUMBER
    for wrong in ({"search": 5}, {"search": -1.5}, {"per_page": "3"}, {"minimal": "true"}, {"page": True}):
        assert client.post("/hsds/services", json=wrong).status_code == 400, wrong
    answer = client.post("/hsds/services", json={"format": "ndjson", "minimal": True})
    assert len(answer.text.splitlines()) == NUMBER


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("serch=bed", "serch"), ("page=0", "page"), ("page=x", "page"), ("per_page=101", "per_page"), ("per_page=1&per_page=2", "per_page"),
        ("taxonomy_id=17", "taxonomy_id"), ("modified_after=yesterday", "modified_after"), ("full=yes", "full"), ("format=xml", "format"),
        ("proximity=1000", "proximity"), ("postcode=1207", "postcode"), (f"search={'x' * 201}", "search"), ("page=٣", "page"),
    ],
)  # fmt: skip
def test_what_is_not_understood_or_not_supported_is_refused_by_name(client: TestClient, query: str, named: str) -> None:
    answer = client.get(f"/hsds/services?{query}")
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    assert answer.json()["detail"].startswith(f"{named}: ")


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"{", "application/json", 400), (b"[]", "application/json", 400), (b'{"search": null}', "application/json", 400),
        (b'{"search": {"a": 1}}', "application/json", 400), (b"[" * 9000, "application/json", 400), (b"\xff", "application/json", 400),
        (b"a=b", "text/plain", 415), (b"x" * 20_000, "application/json", 413), (b"&" * 60, "application/x-www-form-urlencoded", 400),
        (b'{"search": "\\ud800\\u0000"}', "application/json", 200),
    ],
)  # fmt: skip
def test_a_body_that_cannot_be_read_is_refused(client: TestClient, content: bytes, kind: str, status: int) -> None:
    answer = client.post("/hsds/services", content=content, headers={"Content-Type": kind})
    assert answer.status_code == status


def test_the_language_is_chosen_by_the_header_and_told(client: TestClient) -> None:
    identifier = client.get("/hsds/services", params={"search": "service 1"}).json()["contents"][0]["id"]
    answer = client.get(f"/hsds/services/{identifier}", headers={"Accept-Language": "fr;q=0.9, bn-BD"})
    assert (answer.headers["content-language"], answer.json()["name"]) == ("bn", "রাতের শয্যা (উদাহরণ)")
    other = client.get(f"/hsds/services/{identifier}", headers={"Accept-Language": "fr, *;q=0.1, ;;q=x, 1"})
    assert other.json()["name"] == "Service 1 (example)"
    assert "content-language" not in other.headers
    shelter = taxonomies()[NEEDS].terms["shelter"].id
    term = client.get(f"/hsds/taxonomy_terms/{shelter}", headers={"Accept-Language": "ar"}).json()
    assert (term["language"], term["name"]) == ("ar", "مكان للنوم")


def test_an_answer_that_did_not_change_is_not_sent_again_and_one_that_did_is(
    client: TestClient, filled: Sessions
) -> None:
    first = client.get("/hsds/services")
    assert first.headers["cache-control"] == "no-cache", "a suspended entry must be gone from every cache at once"
    again = client.get("/hsds/services", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    with filled.begin() as session:
        session.get_one(Service, UUID(first.json()["contents"][0]["id"])).listing = "suspended"
    changed = client.get("/hsds/services", headers={"If-None-Match": first.headers["etag"]})
    with filled.begin() as session:
        session.get_one(Service, UUID(first.json()["contents"][0]["id"])).listing = "published"
    assert (changed.status_code, changed.json()["total_items"]) == (200, NUMBER - 1)


def test_minimal_tells_of_everything_in_one_page(client: TestClient) -> None:
    page = client.get("/hsds/services", params={"minimal": "true"}).json()
    assert page["size"] == page["total_items"] == NUMBER
    assert {frozenset(item) for item in page["contents"]} == {frozenset({"id", "last_modified"})}


def test_who_asks_while_all_places_are_taken_is_told_to_come_again(api: Api) -> None:
    full = replace(api, slots=asyncio.Semaphore(0), wait_seconds=0.01)
    with TestClient(application(full), base_url=BASE) as client:
        for query in ("", "?format=ndjson"):
            answer = client.get(f"/hsds/services{query}")
            assert (answer.status_code, answer.headers["retry-after"]) == (429, "5")


def test_a_place_is_given_back_after_every_kind_of_answer(api: Api) -> None:
    one = replace(api, slots=asyncio.Semaphore(1), wait_seconds=0.5)
    with TestClient(application(one), base_url=BASE) as client:
        for query in ("", "?format=ndjson", "?page=0", "/17", "?format=ndjson"):
            assert client.get(f"/hsds/services{query}").status_code in (200, 400, 404)


def test_the_description_names_exactly_the_routes_there_are(api: Api) -> None:
    described = {
        (path, method.upper()) for path, methods in describe("3.1", BASE)["paths"].items() for method in methods
    }
    served = {
        (route.path.removeprefix("/hsds").replace("{identifier}", "{id}"), method)
        for route in make_router(api).routes
        for method in route.methods  # type: ignore[attr-defined]
        if not route.path.startswith(("/hsds/3.0", "/hsds/profile", "/hsds/openapi"))  # type: ignore[attr-defined]
    }
    assert described == served


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_whatever_is_asked_the_api_answers_as_its_description_says(api: Api, mode: GenerationMode) -> None:
    """Right and wrong requests made from the description: no 5xx, right ones accepted, wrong ones refused, answers as described."""
    schema = schemathesis.openapi.from_dict(describe("3.1", f"{BASE}/hsds"))
    schema.app = application(api)
    asked = sum(_ask(result.ok(), mode) for result in schema.get_all_operations())
    assert asked > 100


def _ask(operation: Any, mode: GenerationMode) -> int:
    asked = 0

    @hypothesis_settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        nonlocal asked
        asked += 1
        case.call_and_validate()

    try:
        ask()
    except Unsatisfiable:
        return 0  # nothing wrong can be asked of a route without parameters
    return asked
