"""A desk in the middle of an evening: something to see on every page, in several languages. Everybody and everything is invented."""

import base64
import io
from dataclasses import dataclass, field, replace
from datetime import time, timedelta
from typing import Any
from uuid import UUID, uuid4

from fastapi import FastAPI
from pydantic import SecretStr

from cases import complaints
from cases.models import Conversation, Duty, Team
from cases.referrals import links
from cases.referrals.models import Referral
from cases.teams import default_team
from core.database import now
from core.settings import PROJECT
from desk import accounts, handover
from desk.web import make_router, mount_static
from desk.web_confirm import make_confirm_router
from desk.web_partner import make_partner_router
from directory.exchange import uploads
from directory.records import ServiceRecord
from directory.review import drafts, listing
from directory.review.asking import ask, token_of
from directory.review.feedback import report
from directory.review.policy import read_policy
from directory.review.todo import open_task
from directory.writing import read, write
from gateway.wording import CatalogueWording
from tests.integration.desk.conftest import World, loaded, make_desk
from tests.integration.desk.test_desk_factor import set_up
from tests.integration.desk.test_desk_referral import AMINA, BASHIR, Scene
from tests.integration.desk.test_desk_statistics import mixed, publish

SIRA, ROOT, AUDE, EDDA, DORA, FARID = (f"{name} Example" for name in ("Sira", "Root", "Aude", "Edda", "Dora", "Farid"))
"""Supervisor, administrator, auditor, editor and approver at once, another editor, somebody with a second factor."""
POLICY = read_policy(PROJECT / "directory" / "data" / "review.yml")
FILE = "organization,country,name,needs,phones\nExample House (example),BD,Soup (example),food_cash,+15005550100\n,BD,,rescue,call us\n"
ARABIC = {
    "name": "أسرّة ليلية (مثال)", "description": "سرير لليلة واحدة، للنساء والأطفال.", "state": "approved",
}  # fmt: skip


def real_desk(world: World) -> World:
    """The same database behind a desk as in service: the real texts, every page, every way to be told."""
    settings = world.settings.model_copy(
        update={
            "languages": ("en", "fr", "ar", "bn", "pt"), "countries": ("MA", "BD", "BR"),
            "push_key": SecretStr(base64.b64encode(bytes(range(32))).decode()),
            "smtp_host": "mail.example", "smtp_from": "desk@mail.example",
            "staff_sms_from": "+15005550006", "oidc_issuer": "https://id.example", "oidc_client_id": "desk",
            "oidc_client_secret": SecretStr("secret"), "complaints_address": "psea@example.org",
        }
    )  # fmt: skip
    desk, _ = make_desk(settings, world.sessions)
    wording = CatalogueWording(desk.catalogues.languages, loaded(settings.languages))
    desk = replace(desk, gateway=replace(desk.gateway, wording=wording))
    web = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    for router in (
        make_router(desk),
        make_partner_router(settings, world.sessions),
        make_confirm_router(settings, world.sessions),
    ):
        web.include_router(router)
    mount_static(web)
    return World(settings, world.sessions, desk, web)


@dataclass
class Evening:
    """Who works, who wrote, and the ids that stand in addresses."""

    world: World
    ids: dict[str, Any] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)
    """Sessions, by a name for who has them."""

    def say(self, case: UUID, language: str, key: str, answer: str | None) -> None:
        """The bot asks with the real text, the person answers."""
        text = self.world.desk.gateway.wording.template(language, key)
        self.world.bot_says(case, text, key=key)
        if answer is not None:
            self.world.write(case, answer)

    def browser(self, who: str) -> Any:
        """A browser of somebody who signed in already."""
        made = self.world.browser()
        made.cookies.set("waymark_desk", self.cookies[who])
        return made

    def emergency(self) -> None:
        """An emergency that nobody has taken: it stands on every page of the case team until somebody does."""
        case = self.world.case(
            "E", rules=("E1",), reason="danger", language="bn", minutes_ago=12, answers={"country": "BD", "danger": "yes"}
        )  # fmt: skip
        self.say(case, "bn", "ask_danger", "হ্যাঁ, এখনই")
        self.ids["emergency"] = case

    def settle(self) -> None:
        """Bashir takes the emergency."""
        self.take(BASHIR, self.ids["emergency"])

    def take(self, who: str, case: UUID) -> None:
        """Somebody takes a case, as from its page."""
        assert self.browser(who).post(f"/desk/cases/{case}/take").status_code == 303

    def agreed_export(self) -> None:
        """Amina asked for the export of her case, Sira agreed: it can be shown, once."""
        here = f"/desk/cases/{self.ids['arabic']}/export"
        amina, sira = self.browser(AMINA), self.browser(SIRA)
        assert amina.post(here, data={"reason": "person_asks"}).status_code == 303
        path = sira.get(here).text.split('/agree"', maxsplit=1)[0].rsplit('action="', 1)[1]
        assert sira.post(f"{path}/agree").status_code == 303


def evening(world: World) -> Evening:
    """Everything at once; a second or two."""
    scene = Scene(world)
    made = Evening(world)
    _people(made)
    _cases(made, scene)
    _referral(made, scene)
    _directory(made, scene)
    _administration(made)
    return made


def _people(made: Evening) -> None:
    world = made.world
    roles: dict[str, tuple[str, ...]] = {
        SIRA: ("supervisor",), ROOT: ("administrator",), AUDE: ("auditor",), DORA: ("directory_editor",),
        EDDA: ("directory_editor", "directory_approver"), FARID: ("caseworker",),
    }  # fmt: skip
    for name, some in roles.items():
        world.caseworker(name, *some)
    for name in (AMINA, BASHIR, *roles):
        made.cookies[name] = world.browser(name=name).cookies["waymark_desk"]
    made.cookies[FARID] = set_up(world, FARID)[0].cookies["waymark_desk"]
    # Signed in with name and password; the second factor is asked for next.
    made.cookies["half"] = world.browser(name=FARID).cookies["waymark_desk"]
    made.ids["user_id"] = world.user(BASHIR).id
    invited = world.caseworker("New Example", password=None)
    with world.sessions.begin() as session:
        made.ids["token"] = accounts.create_sign_in_link(session, invited)


def _cases(made: Evening, scene: Scene) -> None:
    world = made.world
    arabic = world.case(
        "U", rules=("U2", "P1"), needs=("shelter", "food_cash"), language="ar", channel="whatsapp", minutes_ago=25,
        reason="screening",
        answers={
            "safe": "unsure", "danger": "unsure", "shared_phone": "yes", "under_18": "no", "country": "MA",
            "place": "الدار البيضاء", "can_leave": "yes", "papers_kept": "yes", "contact_time": "evening",
        },
    )  # fmt: skip
    made.say(arabic, "ar", "ask_safe", "نعم، لكن ليس طويلا")
    made.say(arabic, "ar", "ask_danger", "لست متأكدة")
    made.take(AMINA, arabic)
    amina = made.browser(AMINA)
    said = "أنا هنا معك. هل لديك مكان تنامين فيه الليلة؟"
    assert amina.post(f"/desk/cases/{arabic}/reply", data={"text": said, "client_id": str(uuid4())}).status_code == 303
    world.bot_says(arabic, "رقم المأوى", state="failed", status="failed", error="30003")
    world.write(arabic, "لا. صاحب العمل أخذ جواز سفري.")
    world.write(arabic, None, kind="media", media=["audio/ogg"])
    note = f"She can write after 20:00 only. @{BASHIR}: please look for a bed."
    assert amina.post(f"/desk/cases/{arabic}/notes", data={"text": note}).status_code == 303
    french = world.case(
        "P", language="fr", reason="asks_human", minutes_ago=240, answers={"country": "MA", "place": "Tanger"},
        needs=("legal",), rules=("P1",),
    )  # fmt: skip
    made.say(french, "fr", "ask_safe", "Oui. Je voudrais parler à quelqu'un.")
    bangla = world.case("U", language="bn", reason="medical", minutes_ago=50, answers={"country": "BD"}, rules=("U6",))
    made.say(bangla, "bn", "ask_medical", "আমার ছেলের জ্বর")
    world.write(bangla, "averylongwordwithoutaspace" * 5)
    made.take(BASHIR, bangla)
    assert made.browser(BASHIR).post(f"/desk/cases/{bangla}/pause", data={"hours": "2"}).status_code in {200, 303}
    world.case("R", language="en", reason="asks_human", minutes_ago=600, answers={"country": "BD"}, rules=())
    assert made.browser(AMINA).post("/desk/views", data={"name": "MA, fr", "query": "show=all&language=fr"})
    made.ids |= {"case_id": french, "arabic": arabic, "bangla": bangla, "english": scene.case}


def _referral(made: Evening, scene: Scene) -> None:
    begun = scene.begin()
    assert scene.choose(begun) == 303
    made.ids["begun"] = begun.rsplit("/", 1)[1]
    made.ids["referral_id"] = scene.sent().rsplit("/", 1)[1]
    with made.world.sessions.begin() as session:
        made.ids["partner"] = links.token_of(session.get_one(Referral, UUID(made.ids["referral_id"])))
        made.ids["focal"] = token_of(ask(session, scene.house, policy=POLICY)[0])


def _directory(made: Evening, scene: Scene) -> None:
    record = ServiceRecord.model_validate(
        {
            "organization": {"name": "Example Shelter (example)"}, "country": "MA", "name": "Beds for women (example)",
            "description": "A bed for a night, for women and children.", "needs": ("shelter",), "languages": ("ar", "fr"),
            "phones": ({"number": "+15005550100"},), "texts": {"ar": ARABIC}, "is_confidential": True,
            "schedules": (
                {"kind": "weekly", "timezone": "Africa/Casablanca", "byday": "MO,TU,FR", "opens_at": "09:00", "closes_at": "17:00"},
            ),
            "locations": ({"country": "MA", "city": "Casablanca", "latitude": 33.6, "longitude": -7.6, "is_confidential": True},),
        }
    )  # fmt: skip
    with made.world.sessions.begin() as session:
        service = write(session, record, by="tester", source="form").service
        listing.publish(session, service.id, by="tester")
        write(session, record, by="tester", source="form")  # a second one of the same name and number
        edda = str(made.world.user(EDDA).id)
        for description in ("A bed for two nights.", "A bed for up to three nights, for women and children."):
            changed = record.model_copy(update={"id": service.id, "description": description})
            revision = drafts.submit(session, drafts.save_draft(session, changed, by=edda).id, by=edda)
            if description.endswith("nights."):
                drafts.approve(session, revision.id, by=str(made.world.user(DORA).id), four_eyes=True)
        for kind, key in (("closed", "one"), ("no_answer", "two")):
            report(session, service.id, kind, reporter="person", reporter_key=key, suspend_after=9)
        open_task(session, service.id, "duplicate", note="Two numbers are the same.")
        upload = uploads.receive(session, io.BytesIO(FILE.encode()), file_name="services.csv", by=edda, review=True)
        made.ids |= {
            "service_id": service.id, "location_id": read(session, service.id).locations[0].id, "upload_id": upload.id,
            "house": scene.house,
        }  # fmt: skip
    uploads.examine(made.world.sessions, made.ids["upload_id"])


def _administration(made: Evening) -> None:
    world, root = made.world, made.browser(ROOT)
    answer = root.post("/desk/teams", data={"name": "Brazil (example)", "languages": "pt", "countries": "BR"})
    made.ids["team_id"] = answer.headers["location"].split("?")[0].rsplit("/", 1)[1]
    root.post("/desk/settings/setting/target_u", data={"amount": "45", "unit": "minutes", "save": "1"})
    root.post("/desk/settings/number/MA", data={
        "number": "19", "verified_by": "Duty officer (example)", "verified_on": now().date().isoformat(), "save": "1",
    })  # fmt: skip
    with world.sessions.begin() as session:
        session.get_one(Team, default_team(session).id).name = "Night line (example)"
        team = default_team(session).id
        for name, rank, starts, ends in (
            (AMINA, 1, "20:00", "08:00"),
            (BASHIR, 1, "08:00", "14:00"),
            (SIRA, 3, "00:00", "00:00"),
        ):
            session.add(
                Duty(
                    user_id=world.user(name).id, team_id=team, weekdays=list(range(7)), rank=rank, languages=["ar", "fr"],
                    starts=time.fromisoformat(starts), ends=time.fromisoformat(ends), time_zone="Africa/Casablanca",
                    first_day=now().date() - timedelta(days=2),
                )
            )  # fmt: skip
        handover.write(session, world.user(SIRA), str(team), "K2 waits for a bed; the shelter rings back at 21:00.")
        conversation = session.get_one(Conversation, world.conversation(language="ar"))
        complaint = complaints.add(session, conversation, uuid4(), "طلب مني رجل في المكتب نقودا مقابل المساعدة.")
        made.ids["complaint_id"] = complaint.id
    mixed(world)
    publish(world)
