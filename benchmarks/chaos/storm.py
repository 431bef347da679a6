"""The storm: people write, parts are killed, and the stand-in of Twilio misbehaves, all from one seed."""

import random
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field

import httpx
import psycopg

from benchmarks.chaos.caseworker import Caseworker
from benchmarks.chaos.line import VICTIMS, Line
from benchmarks.chaos.people import DANGER, Person

FAULTS = (
    "rate_limit", "server_error", "server_error_after", "timeout_before", "timeout_after", "undelivered", "duplicate_callbacks",
    "reversed_callbacks", "lost_callbacks", "duplicate_webhook", "delayed_webhook", "lost_webhook",
)  # fmt: skip
SLOW = 3.0
"""Seconds of a time-out or a delay; the line waits for Twilio for a shorter time (see `__main__`)."""
REST = 15.0
"""Seconds between two deaths of one part."""
BACKLOG = 40
"""People write no faster than so many messages wait, or one for every third of them: a line that never catches up would show nothing
but its queue."""


@dataclass(slots=True)
class Storm:
    """What is done to the line, and what of it was really done."""

    line: Line
    people: list[Person]
    kills: int
    dice: random.Random
    seconds: float
    killed: Counter[str] = field(default_factory=Counter)
    planned: Counter[str] = field(default_factory=Counter)
    written: int = 0
    given_back: int = 0
    _over: threading.Event = field(default_factory=threading.Event)

    def blow(self) -> None:
        """Let everybody write what they have to say, or until the time is over, and meanwhile kill and disturb."""
        total = sum(len(person.script) for person in self.people)
        threads = [
            threading.Thread(target=self._kill_all, args=(total, self._die()), daemon=True),
            threading.Thread(target=self._disturb, args=(self._die(),), daemon=True),
        ]
        if self.line.environment:
            threads.append(threading.Thread(target=self._work, args=(self._die(),), daemon=True))
        for thread in threads:
            thread.start()
        self._write(total)
        if self.written == total:
            threads[0].join(self.kills * REST)
        self._over.set()
        for thread in threads:
            thread.join(30)
        self._plan_nothing_more()

    def _die(self) -> random.Random:
        """A thread's own dice: shared ones would give other numbers at each run."""
        return random.Random(self.dice.random())  # noqa: S311 - a storm that can be repeated, not a secret

    def _write(self, total: int) -> None:
        deadline = time.monotonic() + self.seconds
        waiting, most = 0, max(BACKLOG, len(self.people) // 3)
        with httpx.Client(base_url=self.line.stand_in, timeout=30, trust_env=False) as phone:
            while self.written < total and time.monotonic() < deadline:
                if self.written % 10 == 0:
                    waiting = self._waiting(phone)
                if waiting > most:
                    time.sleep(0.2)
                    waiting = self._waiting(phone)
                    continue
                person = self.dice.choice([each for each in self.people if each.script])
                what = person.script.pop(0)
                answer = phone.post("/phone/send", json={"phone": person.number, "channel": person.channel, **what})
                answer.raise_for_status()
                sid = str(answer.json()["entry"]["id"])
                person.sent.append(sid)
                if what.get("text") == DANGER:
                    person.danger.append(sid)
                self.written += 1

    def _waiting(self, phone: httpx.Client) -> int:
        """Messages on their way to the line, and those that wait in it."""
        query = "SELECT count(*) FROM message WHERE state IN ('received', 'queued')"
        return int(phone.get("/simulator/pending").json()) + int(self.line.rows(query)[0][0])

    def _kill_all(self, total: int, dice: random.Random) -> None:
        """Kill at random moments, spread over what is written: each part at least once before chance alone decides."""
        first, died = list(VICTIMS), dict[str, float]()
        dice.shuffle(first)
        # Sooner than the last message: what dies after it is noticed by nobody.
        moments = sorted(dice.uniform(0.03, 0.97) * total for _ in range(self.kills))
        for done, moment in enumerate(moments):
            while self.written < moment and not self._over.is_set():
                time.sleep(0.02)
            victim = first[done] if done < len(first) else dice.choice(VICTIMS)
            # What is killed before it has come to life again is dead longer, and nothing else is learned.
            while time.monotonic() - died.get(victim, 0.0) < REST or not self.line.kill(victim, dice):
                if self._over.wait(0.1):
                    return
            died[victim] = time.monotonic()
            self.killed[victim] += 1

    def _disturb(self, dice: random.Random) -> None:
        """Plan one fault after the other, so that about one message in five meets one."""
        seen = 0
        with httpx.Client(base_url=self.line.stand_in, timeout=30, trust_env=False) as stand_in:
            while not self._over.wait(0.02):
                while seen < self.written:
                    seen += 1
                    if dice.random() < 0.4:
                        kind = dice.choice(FAULTS)
                        stand_in.post("/simulator/faults", json={"kind": kind, "seconds": SLOW}).raise_for_status()
                        self.planned[kind] += 1

    def _work(self, dice: random.Random) -> None:
        """A caseworker answers and gives back, so that conversations go to and fro between the bot and the desk."""
        caseworker = Caseworker(self.line)
        while not self._over.wait(0.5):
            with suppress(psycopg.Error, httpx.HTTPError, OSError):
                self.given_back += caseworker.work(dice)

    def _plan_nothing_more(self) -> None:
        httpx.delete(f"{self.line.stand_in}/simulator/faults", timeout=30, trust_env=False).raise_for_status()
