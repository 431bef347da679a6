"""Days at the desk in real browsers: a night with five people, a supervisor's evening, an auditor's search, two hands at once."""

import re
from collections.abc import Callable, Iterator
from datetime import time, timedelta
from urllib.parse import parse_qs
from uuid import UUID

import pytest
from playwright.sync_api import Browser, Locator, Page, Response, expect

from cases.models import CaseEvent, Duty
from cases.teams import default_team
from core.database import now
from desk import web_queue
from desk.words import words
from gateway.waiting import escalate
from tests.integration.desk.conftest import World
from tests.integration.desk.evening import real_desk

pytestmark = pytest.mark.browser

AMINA, BASHIR, SIRA, AUDE = (f"{name} Example" for name in ("Amina", "Bashir", "Sira", "Aude"))
TABS = 60
"""So many times Tab is pressed at most until something has the focus."""


@pytest.fixture
def world(world: World) -> World:
    return real_desk(world)


@pytest.fixture
def sit(world: World, base: str, chromium: Browser) -> Iterator[Callable[..., Page]]:
    """A browser of a colleague who has just signed in. Scripts that fail or are refused fail the test."""
    contexts, wrong = [], list[str]()

    def open_desk(name: str, *roles: str) -> Page:
        world.caseworker(name, *roles)
        context = chromium.new_context(viewport={"width": 1280, "height": 900}, base_url=base, locale="en")
        contexts.append(context)
        cookie = world.browser(name=name).cookies["waymark_desk"]
        context.add_cookies([{"name": "waymark_desk", "value": cookie, "url": base}])
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda said: wrong.append(said.text) if "Content Security Policy" in said.text else None)
        page.on("dialog", lambda dialog: dialog.accept())
        return page

    yield open_desk
    for context in contexts:
        context.close()
    assert wrong == []


def reference(world: World, case: UUID) -> str:
    return world.read(case)[0].reference


def written(world: World, case: UUID) -> list[str | None]:
    """What caseworkers wrote to the person."""
    return [row.body for row in world.messages(case) if row.author == "caseworker"]


def tab_to(page: Page, target: Locator) -> None:
    """Press Tab until the target has the focus, as somebody without a mouse does."""
    for _ in range(TABS):
        # Asked anew each time: a part of the page that was fetched meanwhile is another element, and has the focus again.
        if target.evaluate("one => document.activeElement === one"):
            return
        page.keyboard.press("Tab")
    pytest.fail(f"Tab does not lead to {target}")


def five_people(world: World) -> dict[str, UUID]:
    """Who waits tonight, the most urgent first, and in the same level who waits longest."""
    return {
        "emergency": world.case("E", rules=("E1",), reason="danger", language="ar", minutes_ago=2, number="+15005550141"),
        "mother": world.case("U", reason="medical", language="bn", minutes_ago=40, number="+15005550142"),
        "worker": world.case("U", reason="screening", language="fr", minutes_ago=20, number="+15005550143"),
        "papers": world.case("P", reason="asks_human", language="fr", minutes_ago=300, number="+15005550144"),
        "question": world.case("R", reason="asks_human", language="ar", minutes_ago=30, number="+15005550145"),
    }  # fmt: skip


def test_a_night_with_five_people_in_three_languages(
    world: World, sit: Callable[..., Page], monkeypatch: pytest.MonkeyPatch
) -> None:
    people = five_people(world)
    page = sit(AMINA)
    page.goto("/desk")
    rows = page.get_by_test_id("case-row")
    expect(rows.locator(".row-link")).to_have_text([reference(world, case) for case in people.values()])
    expect(page.locator("#filter-unassigned .count")).to_have_text("5")
    expect(page.locator("#live-state")).to_have_text("Live")
    emergency_by_keyboard(world, page, people["emergency"])
    page.goto("/desk")
    a_ready_sentence_in_her_language(world, page, people["mother"])
    a_text_that_tells_too_much(world, page, people["worker"])
    with monkeypatch.context() as short:
        # The stream of events that stands when the line is lost ends soon, as it does when a cable is pulled.
        short.setattr(web_queue, "LONGEST_STREAM_SECONDS", 0.7)
        a_lost_connection(world, page, people["worker"])
    page.goto("/desk")
    expect(page.locator("#filter-mine .count")).to_have_text("3")
    expect(page.locator("#filter-unassigned .count")).to_have_text("2")
    world.write(people["worker"], "Vous êtes là ?")
    expect(rows.filter(has_text=reference(world, people["worker"])).locator(".unanswered")).to_be_visible()
    its_end(world, page, people["mother"])


def emergency_by_keyboard(world: World, page: Page, case: UUID) -> None:
    """From the queue to a sent answer without a mouse."""
    links = page.locator(".row-link")
    tab_to(page, links.first)
    page.keyboard.press("ArrowDown")
    expect(links.nth(1)).to_be_focused()
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    expect(page.locator("#case-title")).to_have_text(reference(world, case))
    tab_to(page, page.get_by_test_id("take"))
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("held-by")).to_have_text("You hold this case")
    tab_to(page, page.get_by_test_id("reply-text"))
    page.keyboard.insert_text("أنا معك الآن. هل أنت في مكان آمن؟")
    page.keyboard.press("Control+Enter")
    answer = page.locator(".bubble.caseworker .said")
    expect(answer).to_have_text("أنا معك الآن. هل أنت في مكان آمن؟")
    expect(answer).to_have_css("direction", "rtl")
    assert len(written(world, case)) == 1
    first = world.messages(case)[0]
    assert (first.key, first.language) == ("say_human_takes_over", "ar"), (
        "the person hears in their language that somebody is there"
    )


def a_ready_sentence_in_her_language(world: World, page: Page, case: UUID) -> None:
    """Shown as she will read it, with what it costs; two clicks send it once; a draft outlives a reload."""
    page.get_by_role("link", name=reference(world, case), exact=True).first.click()
    page.get_by_test_id("take").click()
    page.get_by_test_id("canned").click()
    page.get_by_test_id("canned-key").select_option("ask_medical")
    shown = page.get_by_test_id("canned-text")
    expect(shown).to_have_attribute("lang", "bn")
    expect(page.locator("#canned-preview")).to_contain_text("SMS")
    page.get_by_test_id("canned-insert").click()
    box = page.get_by_test_id("reply-text")
    ready = world.desk.gateway.wording.template("bn", "ask_medical")
    expect(box).to_have_value(ready)
    page.get_by_test_id("reply-send").dblclick()
    expect(page.locator(".bubble.caseworker")).to_have_count(1)
    expect(box).to_have_value("")
    assert written(world, case) == [ready]
    type_and_keep(page, "ডাক্তার কাল সকালে")
    page.reload()
    expect(box).to_have_value("ডাক্তার কাল সকালে")
    type_and_keep(page, "")


def type_and_keep(page: Page, text: str) -> None:
    """Type, and wait until the desk has kept just this."""

    def kept(answer: Response) -> bool:
        sent = parse_qs(answer.request.post_data or "", keep_blank_values=True)
        return answer.url.endswith("/measure") and sent.get("text") == [text]

    with page.expect_response(kept):
        page.get_by_test_id("reply-text").fill(text)


def a_text_that_tells_too_much(world: World, page: Page, case: UUID) -> None:
    """It is sent when she says that she saw why it should not be, and the case remembers that she did."""
    page.goto(f"/desk/cases/{case}")
    page.get_by_test_id("take").click()
    text = "Regardez evil.example.com"
    page.get_by_test_id("reply-text").fill(text)
    page.get_by_test_id("reply-send").click()
    expect(page.get_by_test_id("reply-check")).to_contain_text("an internet address")
    assert written(world, case) == []
    page.get_by_test_id("reply-anyway").click()
    expect(page.locator(".bubble.caseworker")).to_contain_text(text)
    expect(page.locator("#events")).to_contain_text("Sent although the check warned")
    assert written(world, case) == [text]


def a_lost_connection(world: World, page: Page, case: UUID) -> None:
    """The page says so, keeps what was typed, and shows what was missed when the line is back."""
    page.reload()
    box = page.get_by_test_id("reply-text")
    expect(page.locator("#live-state")).to_have_text("Live")
    box.fill("Je cherche une place pour vous.")
    page.context.set_offline(True)
    page.get_by_test_id("reply-send").click()
    expect(page.locator("#reply-result")).to_contain_text("No connection to the desk. Nothing was lost")
    expect(page.locator("#live-state")).to_have_text("Not live. Trying to reconnect…")
    world.write(case, "Merci, j'attends.")
    page.context.set_offline(False)
    expect(page.locator("#live-state")).to_have_text("Live")
    expect(page.get_by_test_id("thread-message").last).to_contain_text("Merci, j'attends.")
    expect(box).to_have_value("Je cherche une place pour vous.")
    page.get_by_test_id("reply-send").click()
    expect(page.locator(".bubble.caseworker").last).to_contain_text("Je cherche une place")
    assert len(written(world, case)) == 2, "what was tried without a line is sent once"


def its_end(world: World, page: Page, case: UUID) -> None:
    """How it ended and whether it helped; she hears it in her language, and the case leaves the queue."""
    page.get_by_role("link", name=reference(world, case), exact=True).first.click()
    page.get_by_test_id("outcome").select_option("helped")
    page.get_by_test_id("needs-met").select_option("yes")
    page.get_by_test_id("close-case").click()
    expect(page.get_by_test_id("held-by")).to_have_text("Closed: Helped")
    last = world.messages(case)[-1]
    assert (last.key, last.language) == ("say_case_closed", "bn")
    page.goto("/desk")
    expect(page.get_by_test_id("case-row")).to_have_count(4)


def test_a_supervisor_gives_on_what_nobody_took_and_what_somebody_held(world: World, sit: Callable[..., Page]) -> None:
    amina, bashir, sira = sit(AMINA), sit(BASHIR), sit(SIRA, "supervisor")
    with world.sessions.begin() as session:
        session.add(
            Duty(
                user_id=world.user(BASHIR).id, team_id=default_team(session).id, weekdays=list(range(7)), rank=2, languages=[],
                starts=time(0), ends=time(0), time_zone="UTC", first_day=now().date() - timedelta(days=2),
            )
        )  # fmt: skip
    waits, held = world.case("E", reason="danger", language="fr"), world.case("U", language="ar")
    sira.goto(f"/desk/cases/{waits}")
    assert escalate(world.desk.gateway, at=now() + timedelta(minutes=11)) == 1
    world.write(waits, "Il y a quelqu'un ?")  # the page hears of it, and of the call with it
    events = sira.locator("#events")
    expect(events).to_contain_text(f"Nobody took it in time: {words('en').say('escalation_second')}")
    expect(events).to_contain_text(BASHIR)
    give(sira, BASHIR, "She is alone. Please write now.")
    expect(sira.locator("#message")).to_contain_text(words("en").say("hand_on_done"))
    bashir.goto("/desk?show=mine")
    expect(bashir.get_by_test_id("case-row").locator(".row-link")).to_have_text(reference(world, waits))
    bashir.get_by_test_id("case-row").locator(".row-link").click()
    expect(bashir.locator("#notes")).to_contain_text("She is alone. Please write now.")
    expect(bashir.get_by_test_id("held-by")).to_have_text("You hold this case")
    assert world.messages(waits)[-1].key == "say_human_takes_over"

    amina.goto(f"/desk/cases/{held}")
    amina.get_by_test_id("take").click()
    amina.get_by_test_id("reply-text").fill("أنا هنا")
    sira.goto(f"/desk/cases/{held}")
    give(sira, BASHIR, "Amina goes home at ten.")
    expect(amina.locator("#not-mine")).to_be_visible()
    expect(amina.get_by_test_id("reply-send")).to_be_disabled()
    expect(amina.get_by_test_id("reply-text")).to_have_value("أنا هنا")
    assert world.read(held)[0].assignee_id == world.user(BASHIR).id


def give(page: Page, to: str, note: str) -> None:
    page.get_by_test_id("hand-on-to").select_option(label=to)
    page.get_by_test_id("hand-on-note").fill(note)
    page.get_by_test_id("hand-on").click()


def test_an_auditor_finds_who_did_what_with_a_case_and_reads_nothing_of_it(
    world: World, sit: Callable[..., Page]
) -> None:
    secret, answer = "My employer keeps my passport", "We can get it back together"
    case = world.case(language="en", needs=("legal",))
    world.write(case, secret)
    amina, aude = sit(AMINA), sit(AUDE, "auditor")
    amina.goto(f"/desk/cases/{case}")
    amina.get_by_test_id("take").click()
    amina.get_by_test_id("reply-text").fill(answer)
    amina.get_by_test_id("reply-send").click()
    expect(amina.locator(".bubble.caseworker")).to_contain_text(answer)
    amina.get_by_test_id("note-text").fill("He rings tomorrow")
    amina.get_by_test_id("note-save").click()
    aude.goto("/desk")
    expect(aude).to_have_url(re.compile("/desk/audit$"))
    tab_to(aude, aude.locator("#subject"))
    aude.keyboard.type(reference(world, case))
    aude.keyboard.press("Enter")
    lines = aude.get_by_test_id("audit-line")
    done = [words("en").say(f"did_{action}") for action in ("case_read", "case_taken", "case_answered", "case_noted")]
    for what in done:
        expect(lines.filter(has_text=AMINA).filter(has_text=what).first).to_be_visible()
    everything = aude.content()
    assert not [text for text in (secret, answer, "He rings tomorrow") if text in everything]
    expect(aude.get_by_role("link", name=reference(world, case))).to_have_count(0)
    aude.goto(f"/desk/cases/{case}")
    expect(aude.get_by_text("Your role does not include this page")).to_be_visible()
    aude.goto("/desk/audit")
    expect(lines.filter(has_text=AUDE).filter(has_text=words("en").say("did_audit_read")).first).to_be_visible()


def at_the_same_moment(*clicks: tuple[Page, str]) -> None:
    """Let several pages click, each its own button, in the same millisecond of one clock."""
    at = int(now().timestamp() * 1000) + 400
    for page, button in clicks:
        page.evaluate(
            "([button, at]) => setTimeout(() => document.querySelector(button).click(), Math.max(0, at - Date.now()))",
            [button, at],
        )


def test_two_caseworkers_press_take_in_the_same_second_and_one_of_them_writes(
    world: World, sit: Callable[..., Page]
) -> None:
    names = (AMINA, BASHIR)
    pages = [sit(name) for name in names]
    case = world.case(language="fr")
    for page in pages:
        page.goto(f"/desk/cases/{case}")
    at_the_same_moment(*((page, "[data-testid=take]") for page in pages))
    for page in pages:
        expect(page.locator("#message")).to_be_visible()
    holds = [page.get_by_test_id("reply-text").count() for page in pages]
    assert sorted(holds) == [0, 1]
    winner = holds.index(1)
    first, second = pages[winner], pages[1 - winner]
    expect(second.locator("#message")).to_contain_text(f"{names[winner]} took this case a moment ago")
    assert [row.key for row in world.messages(case)] == ["say_human_takes_over"], (
        "the person hears once that somebody is there"
    )

    # The second takes over while the first presses send: the text goes out before it, or stays with who wrote it.
    first.get_by_test_id("reply-text").fill("Je vous écris.")
    second.get_by_test_id("take-over-reason").fill("She speaks no French")
    at_the_same_moment((first, "#reply-send"), (second, "[data-testid=take-over]"))
    expect(second.get_by_test_id("held-by")).to_have_text("You hold this case")
    expect(first.locator("#not-mine")).to_be_visible()
    expect(first.get_by_test_id("reply-send")).to_be_disabled()
    sent = written(world, case)
    assert sent in ([], ["Je vous écris."])
    expect(first.get_by_test_id("reply-text")).to_have_value("" if sent else "Je vous écris.")
    with world.sessions.begin() as session:
        events = [row.kind for row in session.query(CaseEvent).filter_by(case_id=case)]
    assert (events.count("taken"), events.count("taken_over")) == (1, 1)
