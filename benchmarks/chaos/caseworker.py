"""A caseworker during the storm: without one every conversation would end at the desk, and the bot would have nothing more to do."""

import random
import re
import subprocess
import sys
from uuid import uuid4

import httpx

from benchmarks.chaos.line import Line
from core.settings import PROJECT
from desk.form_tokens import FIELD

WAITING = """
    SELECT c.id FROM "case" c JOIN conversation v ON v.id = c.conversation_id
    WHERE c.state = 'open' AND v.owner = 'desk' AND c.opened_at < now() - interval '5 seconds'
"""


class Caseworker:
    """Signed in at the desk of a line whose web processes die: whatever breaks is tried again with the next case."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._client = httpx.Client(
            base_url=line.web, timeout=30, headers={"Sec-Fetch-Site": "same-origin"}, trust_env=False
        )
        self._token = ""

    def work(self, dice: random.Random) -> int:
        """Take a case that waits, answer sometimes, and give it back; whether it went back (1 or 0). Raises what a broken line raises."""
        if not self._token:
            self._sign_in()
        waiting = self._line.rows(WAITING)
        if not waiting:
            return 0
        case = dice.choice(waiting)[0]
        if not self._post(f"/desk/cases/{case}/take"):
            return 0
        if dice.random() < 0.3:
            self._post(f"/desk/cases/{case}/reply", text="I am here and read what you write.", client_id=str(uuid4()))
        return int(self._post(f"/desk/cases/{case}/give-back"))

    def _sign_in(self) -> None:
        command = [
            sys.executable,
            "-m",
            "app.cli",
            "create-user",
            f"Caseworker {uuid4().hex[:6]}",
            "--role",
            "caseworker",
        ]
        made = subprocess.run(  # noqa: S603 - our own command
            command, cwd=PROJECT, env=self._line.environment, capture_output=True, text=True, check=False
        )
        if made.returncode:
            return
        link = made.stdout.split()[-1].removeprefix(self._line.web)
        found = re.search(rf'name="{FIELD}" value="(\w+)"', self._client.get(link).text)
        self._token = found[1] if found else ""
        self._post(link)
        word = uuid4().hex
        if not self._post("/desk/password", new=word, again=word):
            self._token = ""

    def _post(self, path: str, **form: str) -> bool:
        return self._client.post(path, data={FIELD: self._token, **form}).status_code == httpx.codes.SEE_OTHER
