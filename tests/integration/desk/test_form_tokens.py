"""A change is made by a form that this browser was shown, or not at all: asked of every route that changes something."""

import re
import warnings
from typing import Any

import pytest
from fastapi import FastAPI

from cases.models import ROLES
from desk.form_tokens import FIELD, HEADER, TokenInForms, token_of
from desk.pages import HERE, _environment
from desk.web_confirm import make_confirm_router
from desk.web_partner import make_partner_router
from tests.integration.desk.conftest import PASSWORD, World, flat

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

OURS = {"Sec-Fetch-Site": "same-origin"}
OTHER = token_of("a secret of another browser")


def field_of(page: str) -> str:
    """The token of a page's form."""
    found = re.search(rf'<input type="hidden" name="{FIELD}" value="(\w+)">', page)
    assert found is not None
    return found[1]


def test_every_route_that_changes_something_refuses_a_form_without_token_and_with_another_browsers(
    world: World,
) -> None:
    world.caseworker("Amina Example", *ROLES)
    case_id = world.case()
    browser = world.browser(name="Amina Example")
    browser.event_hooks["request"].clear()
    asked = 0
    for method, route in world.routes():
        if method != "POST":
            continue
        path = re.sub(r"\{\w+\}", str(case_id), route.path)
        kinds: tuple[dict[str, Any], ...] = (
            {},
            {"data": {FIELD: OTHER}},
            {"data": {FIELD: OTHER}, "files": {"file": ("a.csv", b"x")}},
            {"headers": {HEADER: OTHER}},
        )
        for sent in kinds if asked == 0 else kinds[:2]:
            answer = browser.post(path, **sent)
            assert answer.status_code == 403, (path, sent, answer.status_code)
            assert "older than your last sign-out" in answer.text, path
        asked += 1
    assert asked > 60
    assert world.read(case_id)[0].assignee_id is None


@pytest.mark.parametrize("make", [make_confirm_router, make_partner_router])
def test_a_page_behind_a_link_takes_a_form_of_this_link_only(world: World, make: Any) -> None:
    web = FastAPI()
    web.include_router(make(world.settings, world.sessions))
    browser = TestClient(web, headers=OURS)
    asked = 0
    for route in flat(web.routes):
        for token in ("", OTHER):
            if "POST" in route.methods:
                path = route.path.replace("{token}", "A" * 32)
                assert browser.post(path, data={"answer": "confirm", FIELD: token}).status_code == 403
                asked += 1
        # The right token of a link that opens nothing gets no further than the link.
        if "POST" in route.methods:
            assert browser.post(path, data={FIELD: token_of("A" * 32)}).status_code == 404
    assert asked


def test_a_browser_signs_in_and_works_with_the_fields_it_was_shown_until_it_signs_out(world: World) -> None:
    world.caseworker()
    case_id = world.case()
    browser = TestClient(world.web, base_url="http://testserver", headers=OURS, follow_redirects=False)
    token = field_of(browser.get("/desk/sign-in").text)
    sent = {"name": "Amina Example", "password": PASSWORD, FIELD: token}
    assert browser.post("/desk/sign-in", data=sent).status_code == 303
    shown = browser.get(f"/desk/cases/{case_id}").text
    assert field_of(shown) == token
    assert shown.count(f'name="{FIELD}"') == shown.count('method="post"')
    assert f'hx-headers=\'{{"{HEADER}":"{token}"}}\'' in shown
    # Somebody who signs in anew in another tab goes on with what they had typed here.
    assert browser.post("/desk/sign-in", data=sent).status_code == 303
    assert browser.post(f"/desk/cases/{case_id}/take", data={FIELD: token}).status_code == 303
    assert browser.post("/desk/sign-out", data={FIELD: token}).status_code == 303
    assert field_of(browser.get("/desk/sign-in").text) != token
    assert browser.post("/desk/sign-in", data=sent).status_code == 403


def test_the_cookie_is_for_this_host_alone_and_no_script_reads_it(world: World) -> None:
    safe = world.with_settings(world.settings.model_copy(update={"public_url": "https://desk.example"}))
    browser = TestClient(safe.web, base_url="https://desk.example", headers=OURS)
    (said,) = browser.get("/desk/sign-in").headers.get_list("set-cookie")
    assert said.startswith("__Host-waymark_form=")
    assert {"HttpOnly", "Path=/", "SameSite=lax", "Secure"} <= set(said.split("; "))
    assert "set-cookie" not in browser.get("/desk/sign-in").headers


def test_no_template_has_a_form_that_changes_something_without_the_field() -> None:
    extension = TokenInForms(_environment())
    forms = 0
    for path in (HERE / "templates").iterdir():
        source = path.read_text(encoding="utf-8")
        posts = source.lower().count('method="post"')
        assert extension.preprocess(source, path.name).count("{{ form_field() }}") == posts, path.name
        forms += posts
    assert forms > 80
    for written in ("<form data-a=\"{{ t('>') }}\" method=post>", "<FORM\n method='POST'>".lower()):
        assert extension.preprocess(written, None).endswith("{{ form_field() }}")
