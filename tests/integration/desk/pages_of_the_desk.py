"""Every page that somebody sees: the desk's, the partner's, the focal point's. One row each, with what it takes to come there.

Looked at by test_desk_every_page.py, which asks the application for its routes and templates: a page that has no row here fails it.
`docs/desk-pages.md` shows each row's picture (tests/unit/desk/test_desk_pages_shown.py).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Page, expect

AMINA, BASHIR, SIRA, ROOT, AUDE, EDDA, DORA, FARID = (
    f"{name} Example" for name in ("Amina", "Bashir", "Sira", "Root", "Aude", "Edda", "Dora", "Farid")
)
UNKNOWN = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True, slots=True)
class Shown:
    """One page. `name`: of its picture. `route`: as the application declares it."""

    name: str
    route: str
    who: str | None = None
    """Whose session; None: nobody signed in."""
    ids: Mapping[str, str] = field(default_factory=dict)
    """Fields of the route that are not the evening's of the same name: a name in the evening's ids, or `=` and a value."""
    query: str = ""
    before: Callable[[Any], object] | None = None
    """What must be so first, done to the evening."""
    then: Callable[[Page], object] | None = None
    """What is clicked once the page is open; where the page is answered to a form, this sends it."""
    status: int = 200
    """What the address answers."""
    phone: bool = False
    """Whoever reads it has a phone: the picture is one of a phone."""

    def address(self, ids: Mapping[str, Any], language: str) -> str:
        """The path with the evening's ids. Pages without the desk's cookie are told the language in the address."""
        path = self.route
        for name in [part.split("}")[0] for part in self.route.split("{")[1:]]:
            wanted = self.ids.get(name, name)
            path = path.replace(f"{{{name}}}", wanted[1:] if wanted.startswith("=") else str(ids[wanted]))
        query = self.query if path.startswith("/desk") else f"lang={language}"
        return f"{path}?{query}" if query else path


def _write_reply(page: Page) -> None:
    page.get_by_test_id("canned").click()
    page.get_by_test_id("canned-key").select_option("ask_danger")
    expect(page.get_by_test_id("canned-text")).to_be_visible()
    page.get_by_test_id("reply-text").fill("انظري evil.example.com")
    page.get_by_test_id("reply-send").click()
    expect(page.get_by_test_id("reply-check")).to_be_visible()
    # What is typed is kept: the next visitor of the page finds an empty field again.
    page.get_by_test_id("reply-text").scroll_into_view_if_needed()


def _change_target(page: Page) -> None:
    row = page.get_by_test_id("owned-setting-target_u")
    row.locator("summary").click()
    row.locator("[name=amount]").fill("30")
    row.locator("[name=unit]").select_option("minutes")
    row.locator("button[type=submit]").first.click()
    expect(page.get_by_test_id("owned-preview")).to_be_visible()


def _invite(page: Page) -> None:
    page.fill("#name", f"Bilal Example {page.locator('html').get_attribute('lang')}")
    page.get_by_test_id("invite").click()
    expect(page.get_by_test_id("invitation-link")).to_be_visible()


def _see_number(page: Page) -> None:
    page.locator("#reason").select_option("call_asked")
    page.get_by_test_id("show-number").click()
    expect(page.get_by_test_id("number")).to_be_visible()


def _open_export(page: Page) -> None:
    page.get_by_test_id("export-open").click()
    page.wait_for_url("**/open")


def _new_codes(page: Page) -> None:
    page.get_by_test_id("new-codes").click()
    expect(page.get_by_test_id("recovery-codes")).to_be_visible()


def _read(page: Page) -> None:
    page.get_by_test_id("read").click()
    expect(page.locator("dl")).to_be_visible()


def _unfold(page: Page) -> None:
    for summary in page.locator("summary").all():
        summary.click()


def _practise(page: Page) -> None:
    page.get_by_test_id("practice-level").select_option("P")
    page.locator("[name=first]").first.check()
    page.get_by_test_id("practice-text").fill("Can you write now? Yes or no.")
    page.get_by_test_id("practice-answer").click()
    expect(page.get_by_test_id("verdict")).to_be_visible()


def _plan(page: Page) -> None:
    page.get_by_test_id("plan-shift").first.click()


PAGES = (
    # Coming in
    Shown("sign-in", "/desk/sign-in"),
    Shown("sign-in-link", "/desk/sign-in/{token}"),
    Shown("sign-in-link-old", "/desk/sign-in/{token}", ids={"token": "=wrong"}, status=410),
    Shown("password", "/desk/password", AMINA),
    Shown("second-factor-new", "/desk/second-factor/new", BASHIR),
    Shown("second-factor", "/desk/second-factor", "half"),
    Shown("recovery-codes", "/desk/account", FARID, then=_new_codes),
    Shown("passkey-new", "/desk/passkeys/new", FARID),
    Shown("account", "/desk/account", FARID),
    Shown("account-notices", "/desk/account/notices", AMINA),
    Shown("confirm", "/desk/confirm", FARID),
    Shown("error", "/desk/cases/{case_id}", AMINA, ids={"case_id": f"={UNKNOWN}"}, status=404),
    # Cases
    Shown("queue", "/desk", AMINA, before=lambda it: it.emergency(), query="show=all"),
    Shown("queue-narrowed", "/desk", AMINA, before=lambda it: it.settle(), query="show=all&language=fr"),
    Shown("case", "/desk/cases/{case_id}", AMINA),
    Shown("case-held", "/desk/cases/{case_id}", AMINA, ids={"case_id": "arabic"}, then=_write_reply),
    Shown("case-of-another", "/desk/cases/{case_id}", SIRA, ids={"case_id": "bangla"}),
    Shown("number", "/desk/cases/{case_id}/number", AMINA, ids={"case_id": "arabic"}),
    Shown("number-shown", "/desk/cases/{case_id}/number", AMINA, ids={"case_id": "arabic"}, then=_see_number),
    Shown("export", "/desk/cases/{case_id}/export", AMINA, ids={"case_id": "arabic"}, before=lambda it: it.agreed_export()),
    Shown("export-shown", "/desk/cases/{case_id}/export", AMINA, ids={"case_id": "arabic"}, then=_open_export),
    Shown("referral-search", "/desk/cases/{case_id}/referrals/new", AMINA, ids={"case_id": "english"}),
    Shown("referral", "/desk/cases/{case_id}/referrals/{referral_id}", AMINA, ids={"case_id": "english", "referral_id": "begun"}),
    Shown("referral-sent", "/desk/cases/{case_id}/referrals/{referral_id}", AMINA, ids={"case_id": "english"}),
    # Practice
    Shown("practice", "/desk/practice", AMINA),
    Shown("practice-case", "/desk/practice/{lesson}", AMINA, ids={"lesson": "=cook-without-pay"}),
    Shown("practice-compared", "/desk/practice/{lesson}", AMINA, ids={"lesson": "=cook-without-pay"}, then=_practise),
    # What a partner and a focal point see
    Shown("partner-door", "/referral/{token}", ids={"token": "partner"}, phone=True),
    Shown("partner-referral", "/referral/{token}", ids={"token": "partner"}, then=_read, phone=True),
    Shown("partner-done", "/referral/done/{what}", ids={"what": "=accepted"}, phone=True),
    Shown("entry-check", "/confirm/{token}", ids={"token": "focal"}, then=_unfold, phone=True),
    Shown("entry-check-done", "/confirm/done/{what}", ids={"what": "=confirmed"}, phone=True),
    # The team
    Shown("rota", "/desk/rota", SIRA, then=_plan),
    Shown("statistics", "/desk/statistics", SIRA),
    Shown("people", "/desk/people", ROOT),
    Shown("invitation", "/desk/people", ROOT, then=_invite),
    Shown("person", "/desk/people/{user_id}", ROOT),
    Shown("teams", "/desk/teams", ROOT),
    Shown("team", "/desk/teams/{team_id}", ROOT),
    Shown("settings", "/desk/settings", ROOT, then=_change_target),
    Shown("settings-waiting", "/desk/settings", SIRA),
    Shown("audit", "/desk/audit", AUDE),
    Shown("complaints", "/desk/complaints", AUDE),
    Shown("complaint", "/desk/complaints/{complaint_id}", AUDE),
    # The directory
    Shown("directory-list", "/desk/directory", EDDA),
    Shown("directory-new", "/desk/directory/new", EDDA),
    Shown("directory-entry", "/desk/directory/{service_id}", EDDA),
    Shown("directory-form", "/desk/directory/{service_id}/edit", EDDA),
    Shown("directory-taken", "/desk/directory/{service_id}/edit", DORA, status=409),
    Shown("directory-preview", "/desk/directory/{service_id}/preview", EDDA),
    Shown("directory-review", "/desk/directory/{service_id}/review", EDDA),
    Shown("directory-history", "/desk/directory/{service_id}/history", EDDA),
    Shown("directory-state", "/desk/directory/{service_id}/state", EDDA),
    Shown("directory-confidential", "/desk/directory/{service_id}/confidential/{location_id}", EDDA),
    Shown("directory-changes", "/desk/directory/changes", EDDA),
    Shown("directory-work", "/desk/directory/work", EDDA),
    Shown("directory-twins", "/desk/directory/duplicates", EDDA),
    Shown("directory-imports", "/desk/directory/imports", EDDA),
    Shown("directory-import", "/desk/directory/imports/{upload_id}", EDDA),
)  # fmt: skip

NO_PAGES = {
    "/desk/queue": "a part of the queue, fetched by it",
    "/desk/alerts": "a part of every page of the case team",
    "/desk/live": "the stream of events",
    "/desk/cases/{case_id}/parts": "parts of the case",
    "/desk/cases/{case_id}/here": "a part of the case",
    "/desk/cases/{case_id}/canned": "a part of the case",
    "/desk/cases/{case_id}/referrals/{referral_id}/form": "a PDF",
    "/desk/statistics/{first_day}.csv": "a file",
    "/desk/directory/export": "a file",
    "/desk/sso": "leads to the provider",
    "/desk/sso/back": "comes from the provider and leads on; what fails shows the sign-in",
}
"""Routes that are asked with GET and show nobody a page, and what they are."""

NO_TEMPLATES = {"sso_done.html": "leads on by itself at once"}
"""Templates of whole pages that nobody looks at."""
