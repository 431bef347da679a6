"""What those who run the service own: changed with history and, where it hurts, by two people; every process follows without a restart."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from cases.models import OwnedChange
from cases.owned import Follower
from core.catalogues import CatalogueError
from directory import emergency
from gateway.wording import CatalogueWording
from tests.integration.desk.conftest import loaded

TODAY = datetime.now(UTC).date()
NUMBER = {"number": "112", "verified_by": "Duty officer (example)", "verified_on": TODAY.isoformat(), "save": "1"}


@pytest.fixture(autouse=True)
def _numbers_of_the_file() -> Any:
    yield
    emergency.adopt({})


@pytest.fixture
def root(world: Any) -> Any:
    world.caseworker("Root Example", "administrator")
    return world.browser(name="Root Example")


@pytest.fixture
def second(world: Any) -> Any:
    world.caseworker("Sira Example", "supervisor")
    return world.browser(name="Sira Example")


@pytest.fixture
def elsewhere(world: Any) -> Any:
    """Another process: its own settings, its own texts."""
    settings = world.settings.model_copy()
    texts = loaded(settings.languages)
    return Follower(settings, texts, world.sessions), settings, texts


def waiting(world: Any) -> OwnedChange:
    with world.sessions.begin() as session:
        return session.execute(select(OwnedChange).where(OwnedChange.state == "waiting")).scalar_one()


def agree(browser: Any, world: Any, decision: str = "agree") -> Any:
    return browser.post(f"/desk/settings/changes/{waiting(world).id}/decisions/{decision}")


def test_a_target_is_looked_at_then_changed_and_every_process_follows(world: Any, root: Any, elsewhere: Any) -> None:
    follower, settings, _ = elsewhere
    follower.refresh()
    asked = root.post("/desk/settings/setting/target_u", data={"amount": "45", "unit": "minutes"})
    assert asked.status_code == 200
    assert "45 minutes" in asked.text
    assert world.settings.target_u == timedelta(hours=1), "looking changes nothing"
    done = root.post("/desk/settings/setting/target_u", data={"amount": "45", "unit": "minutes", "save": "1"})
    assert done.headers["location"] == "/desk/settings?done=owned_in_force"
    assert world.settings.target("U") == timedelta(minutes=45)
    assert follower.refresh()
    assert settings.target("U") == timedelta(minutes=45)
    assert not follower.refresh()
    page = root.get("/desk/settings").text
    assert page.count('data-testid="owned-history"') == 1
    assert "as installed" in page
    root.post("/desk/settings/setting/target_u", data={"back_to_default": "1", "save": "1"})
    assert world.settings.target_u == timedelta(hours=1)
    with world.sessions.begin() as session:
        first, last = session.execute(select(OwnedChange).order_by(OwnedChange.number)).scalars()
        assert (first.before, first.value, last.before, last.value) == (
            None,
            {"value": 2700.0},
            {"value": 2700.0},
            None,
        )
        assert first.by.name == "Root Example"


@pytest.mark.parametrize(
    ("path", "form", "says"),
    [
        ("setting/target_u", {"amount": "0", "unit": "hours"}, "one minute to ten years"),
        ("setting/target_u", {"amount": "nan", "unit": "hours"}, "one minute to ten years"),
        ("setting/target_u", {"amount": "5", "unit": "years"}, "one minute to ten years"),
        ("setting/escalate_manager", {"amount": "2", "unit": "minutes"}, "not before"),
        ("setting/languages", {}, "at least one language"),
        ("setting/languages", {"languages": "tlh"}, "not part of this installation"),
        ("number/MA", NUMBER | {"number": "19a"}, "2 to 15 digits"),
        ("number/MA", NUMBER | {"number": "١٩"}, "2 to 15 digits"),
        ("number/MA", NUMBER | {"verified_by": " "}, "Who rang"),
        ("number/MA", NUMBER | {"verified_on": (TODAY + timedelta(days=2)).isoformat()}, "lies ahead"),
        ("number/MA", NUMBER | {"verified_on": (TODAY - timedelta(days=91)).isoformat()}, "ninety days"),
        ("text/en:say_nobody_now", {"text": "Hello {name}"}, "exactly these fields"),
        ("text/en:say_nobody_now", {"text": ""}, "exactly these fields"),
        ("text/en:say_nobody_now", {"text": "word " * 150}, "too_long"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_refused_by_the_rules_the_settings_obey_and_stays_typed(
    world: Any, root: Any, path: str, form: Any, says: str
) -> None:
    answer = root.post(f"/desk/settings/{path}", data={**form, "save": "1"})
    assert answer.status_code == 422
    assert says in answer.text
    with world.sessions.begin() as session:
        assert session.execute(select(OwnedChange)).first() is None


def test_what_is_not_owned_is_not_found(root: Any) -> None:
    for path in (
        "setting/twilio_auth_token",
        "setting/demonstration",
        "text/en:ask_danger",
        "text/tlh:say_intro",
        "number/XX",
        "x/y",
    ):
        assert root.post(f"/desk/settings/{path}", data={"back_to_default": "1", "save": "1"}).status_code == 404, path


def test_a_number_counts_only_when_somebody_else_agrees(world: Any, root: Any, second: Any) -> None:
    shown = root.post("/desk/settings/number/MA", data={key: value for key, value in NUMBER.items() if key != "save"})
    assert "112" in shown.text
    assert "1 of at most" in shown.text
    root.post("/desk/settings/number/MA", data=NUMBER)
    assert emergency.number_for("MA", demonstration=False) is None
    assert root.post("/desk/settings/number/MA", data=NUMBER | {"number": "113"}).status_code == 422, "one waits"
    assert agree(root, world).status_code == 422, "nobody agrees with themselves"
    assert agree(second, world).headers["location"] == "/desk/settings?done=owned_in_force"
    assert emergency.number_for("MA", demonstration=False) == "112"
    later = TODAY + emergency.VERIFIED_FOR + timedelta(days=1)
    assert emergency.number_for("MA", demonstration=False, today=later) is None
    assert second.post("/desk/settings/number/MA", data=NUMBER).status_code == 403


def test_a_notice_text_is_said_in_its_new_version_after_a_second_person_read_it(
    world: Any, root: Any, second: Any, elsewhere: Any
) -> None:
    follower, _, texts = elsewhere
    follower.refresh()
    version = texts.version
    wording = CatalogueWording(texts.languages, texts)
    words = "Nobody reads here before tomorrow."
    root.post("/desk/settings/text/en:say_nobody_now", data={"text": words, "save": "1"})
    follower.refresh()
    assert texts.version == version
    assert words in second.get("/desk/settings").text
    agree(second, world)
    follower.refresh()
    assert wording.say("en", "say_nobody_now", {}, zone=None, today=None) == words
    assert texts.version != version, "a consent keeps which version was read"
    root.post("/desk/settings/text/en:say_nobody_now", data={"back_to_default": "1", "save": "1"})
    agree(second, world)
    follower.refresh()
    assert texts.version == version


def test_what_was_refused_or_taken_back_changes_nothing(world: Any, root: Any, second: Any) -> None:
    form = {"amount": "1", "unit": "days", "save": "1"}
    for browser in (root, second):
        root.post("/desk/settings/setting/retention", data=form)
        agree(browser, world, "refuse")
        assert world.settings.retention == timedelta(days=90)
    root.post("/desk/settings/setting/retention", data=form)
    agree(second, world)
    assert world.settings.retention == timedelta(days=1)


def test_real_people_are_offered_no_language_whose_safety_messages_nobody_read(world: Any, elsewhere: Any) -> None:
    strict = world.with_settings(
        world.settings.model_copy(update={"demonstration": False, "second_factor": "optional"})
    )
    strict.caseworker("Root Example", "administrator")
    browser = strict.browser(name="Root Example")
    answer = browser.post("/desk/settings/setting/languages", data={"languages": ["en", "fr"], "save": "1"})
    assert answer.status_code == 422
    assert "has read its safety messages" in answer.text
    world.browser(name="Root Example").post(
        "/desk/settings/setting/languages", data={"languages": ["en", "fr"], "save": "1"}
    )
    # Written while this copy was a demonstration: what no longer holds is left out, and the environment's value counts.
    follower = Follower(strict.settings, elsewhere[2], world.sessions)
    follower.refresh()
    assert len(strict.settings.languages) == 8


def test_a_language_that_is_switched_off_is_not_offered_but_still_understood(
    world: Any, root: Any, elsewhere: Any
) -> None:
    follower, settings, texts = elsewhere
    wording = CatalogueWording(texts.languages, texts)
    root.post("/desk/settings/setting/languages", data={"languages": ["fr", "ar"], "save": "1"})
    follower.refresh()
    assert settings.languages == wording.codes == texts.offered == ("fr", "ar")
    assert wording.alarm("he has a knife and will kill me") is not None
    assert wording.say("en", "choice_yes", {}, zone=None, today=None)
    with pytest.raises(CatalogueError):
        texts.adopt({}, ("tlh",))
