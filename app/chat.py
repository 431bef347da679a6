"""`waymark chat`: the phone in a terminal. What is typed goes through the real webhook of a running demonstration."""

import json
import re
import secrets
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, TextIO

import httpx
import psycopg

from app.embedded import running
from app.scripts import WRITING, ScriptError, Steady, load, pass_time, play
from core.catalogues import CatalogueError, Catalogues
from core.languages import LanguageError, load_language
from core.settings import PROJECT, Settings

QUIET_SECONDS = 1.5
"""Nothing came for so long: the service has said all it says to one message."""
SILENCE_SECONDS = 8.0
"""How long a scripted conversation waits for an answer: silence is an answer too."""
PATIENCE_SECONDS = 20.0
"""How long a script waits for a first answer; a conversation that a person took over stays silent."""

_ATTACHMENTS = {f"/{name}": {"media": name} for name in ("voice", "photo", "document", "contact")}
_PLACE = {"location": {"latitude": -23.5503, "longitude": -46.634}}  # an example in São Paulo's centre
_HELP = "/voice /photo /document /contact /location send an example, /quit ends; anything else is sent as it is"
_NUMBERED = re.compile(r"^\s*(\d+)[.):\-]?\s+(.+?)\s*$")

Entry = dict[str, Any]


class ChatError(Exception):
    """The conversation cannot go on; the text is for the person at the terminal."""


class Talk:
    """One phone on one channel: sends, listens, prints."""

    def __init__(self, base_url: str, phone: str, channel: str, sink: TextIO) -> None:
        self._owner = {"phone": phone, "channel": channel}
        self._sink = sink
        self._client = httpx.Client(base_url=base_url, timeout=10, trust_env=False)
        self._changed = threading.Condition()
        self._shown: set[str] = set()
        self._troubled: set[str] = set()
        self._answers = 0
        self._last = 0.0
        self._open_choices: list[dict[str, str]] = []
        self._latest: list[str] = []
        self._ending = False
        self.texts: list[str] = []
        """Everything the service said, with the titles of its buttons."""
        self.last_sent: str | None = None
        thread = self._post("/phone/open", {})["thread"]
        self._stream = httpx.Client(base_url=base_url, timeout=httpx.Timeout(10, read=None), trust_env=False)
        self._listener = threading.Thread(target=self._listen, args=(thread,), daemon=True)
        self._ready = threading.Event()
        self._listener.start()
        if not self._ready.wait(10):
            raise ChatError("the phone does not answer")

    def close(self) -> None:
        self._ending = True
        self._client.close()
        self._stream.close()

    @property
    def answers(self) -> int:
        """How many messages of the service came so far."""
        return self._answers

    def say(self, line: str) -> None:
        """Send a line: a number picks a button that is shown, a command sends an example."""
        if line == "/location" and self._owner["channel"] == "sms":
            self._print("! an SMS carries no location; try --channel whatsapp")
        elif line in _ATTACHMENTS:
            self.sends(_ATTACHMENTS[line])
        elif line == "/location":
            self.sends(_PLACE)
        elif line.isdecimal() and 1 <= int(line) <= len(self._open_choices):
            self._tap(self._open_choices[int(line) - 1])
        else:
            self.sends({"text": line})

    def choose(self, name: str) -> bool:
        """Pick the option that reads `name`, by its button or its number. False when none is offered."""
        for choice in self._open_choices:
            if choice["title"] == name:
                self._tap(choice)
                return True
        for line in "\n".join(self._latest).splitlines():
            if (match := _NUMBERED.match(line)) and match[2] == name:
                self.sends({"text": match[1]})
                return True
        return False

    def wait(self, since: int, *, quiet: float, patience: float) -> bool:
        """Wait until the service has answered and is quiet. False: it did not answer."""
        deadline = time.monotonic() + patience
        with self._changed:
            while self._answers == since:
                left = deadline - time.monotonic()
                if left <= 0 or not self._changed.wait(left):
                    return self._answers != since
            while (left := self._last + quiet - time.monotonic()) > 0:
                self._changed.wait(left)
        return True

    def sends(self, what: dict[str, Any]) -> None:
        """Send a text, or what else the phone can send, as it is."""
        with self._changed:
            self._open_choices, self._latest = [], []
        self.last_sent = self._post("/phone/send", what).get("entry", {}).get("id")

    def _tap(self, choice: dict[str, str]) -> None:
        self.sends({"tap": {"payload": choice["id"], "text": choice["title"]}})

    def _post(self, path: str, what: dict[str, Any]) -> dict[str, Any]:
        try:
            answer = self._client.post(path, json=self._owner | what)
        except httpx.HTTPError:
            raise ChatError("nothing answers at the phone; start the demonstration first: `waymark up`") from None
        if answer.status_code == 422:
            raise ChatError(f"the phone cannot send that: {answer.json().get('detail', '')}")
        if not answer.is_success:
            raise ChatError(f"the phone answers {answer.status_code}; is another program on its port?")
        try:
            data: dict[str, Any] = answer.json()
        except ValueError:
            raise ChatError("another program answers on the phone's port") from None
        return data

    def _listen(self, thread: str) -> None:
        address = f"/phone/threads/{thread}/events"
        with suppress(httpx.HTTPError, OSError, RuntimeError), self._stream.stream("GET", address) as answer:
            for data in _events(answer.iter_lines()):
                for entry in data["entries"] if "entries" in data else [data["entry"]]:
                    self._take(entry)
                self._ready.set()
        if not self._ending:
            self._print("! the phone hung up; is the demonstration still running?")

    def _take(self, entry: Entry) -> None:
        if entry["from"] == "person" or entry["error"]:
            self._trouble(entry)
            return
        with self._changed:
            if entry["id"] in self._shown:
                return
            self._shown.add(entry["id"])
            self._print(_shown(entry))
            if entry["from"] == "service":
                self._latest.append(entry["text"])
                self.texts.append("\n".join([entry["text"], *(f"[{choice['title']}]" for choice in entry["choices"])]))
                if entry["choices"]:
                    self._open_choices = entry["choices"]
                self._answers += 1
                self._last = time.monotonic()
                self._changed.notify_all()

    def _trouble(self, entry: Entry) -> None:
        if entry["id"] in self._troubled:
            return
        if entry["error"]:
            text = f"! a message to you never arrived: {entry['error']['text']} ({entry['error']['code']})"
        elif entry["status"] in {"refused", "unreachable"}:
            text = f"! not delivered: Waymark {'refused it' if entry['status'] == 'refused' else 'was not reached'} ({entry['detail']})"
        else:
            return
        self._troubled.add(entry["id"])
        self._print(text)

    def _print(self, text: str) -> None:
        self._sink.write(text + "\n")
        self._sink.flush()


def chat(
    settings: Settings,
    *,
    language: str | None = None,
    channel: str = "sms",
    base_url: str | None = None,
    phone: str | None = None,
    source: TextIO | None = None,
    sink: TextIO | None = None,
    quiet: float = QUIET_SECONDS,
    patience: float = PATIENCE_SECONDS,
) -> int:
    """Talk until the input ends or says /quit. Returns the exit code; each run is a new person unless `phone` says whose it is."""
    source, sink = source or sys.stdin, sink or sys.stdout
    base = base_url or f"http://127.0.0.1:{settings.port_of('phone')}"
    number = phone or f"+1500555{1000 + secrets.randbelow(9000)}"
    try:
        name = load_language(language).name if language else None
        talk = Talk(base, number, channel, sink)
    except (ChatError, LanguageError) as error:
        print(f"waymark: {error}", file=sys.stderr)  # noqa: T201
        return 1
    scripted = not source.isatty()
    try:
        if name:
            _choose_language(talk, name, quiet=quiet, patience=patience)
        if not scripted:
            sink.write(f"(you are {number} on {channel}; {_HELP})\n")
            sink.flush()
        _converse(talk, source, _waiter(talk, sink, quiet, patience) if scripted else None)
    except ChatError as error:
        print(f"waymark: {error}", file=sys.stderr)  # noqa: T201
        return 1
    except KeyboardInterrupt:
        sink.write("\n")
    finally:
        talk.close()
    return 0


def replay(
    settings: Settings,
    path: Path,
    *,
    base_url: str | None = None,
    sink: TextIO | None = None,
    quiet: float = QUIET_SECONDS,
) -> int:
    """Play a scripted conversation on the running demonstration and say what differs from the file. Exit code 1 when something does."""
    sink = sink or sys.stdout
    try:
        script = load(path)
        steady = Steady(Catalogues.load(PROJECT / "locale", settings.languages))
        number = f"+1500555{1000 + secrets.randbelow(9000)}"
        talk = Talk(base_url or f"http://127.0.0.1:{settings.port_of('phone')}", number, script.channel, sink)
    except (ScriptError, CatalogueError, ChatError) as error:
        print(f"waymark: {error}", file=sys.stderr)  # noqa: T201
        return 1
    sink.write(f"{script.title}\n")
    differing = 0
    try:
        for played in play(script, _Scripted(talk, settings, sink, quiet), steady):
            if not played.is_as_written:
                differing += 1
                sink.write("! the file has: " + " / ".join(played.turn.bot or ("(silence)",)) + "\n")
    except (ChatError, psycopg.Error) as error:
        print(f"waymark: {error}", file=sys.stderr)  # noqa: T201
        return 1
    finally:
        talk.close()
    sink.write(f"({len(script.turns)} turns, {differing} not as written)\n")
    return 1 if differing else 0


class _Scripted:
    """A terminal phone that a script holds."""

    def __init__(self, talk: Talk, settings: Settings, sink: TextIO, quiet: float) -> None:
        self._talk, self._settings, self._sink, self._quiet = talk, settings, sink, quiet

    def does(self, what: str | Mapping[str, Any]) -> list[str]:
        before, seen = self._talk.answers, len(self._talk.texts)
        self._sink.write(
            f"> {what if isinstance(what, str) else ', '.join(f'{key}: {value}' for key, value in what.items())}\n"
        )
        self._talk.sends({"text": what} if isinstance(what, str) else dict(what))
        self._talk.wait(before, quiet=self._quiet, patience=SILENCE_SECONDS)
        return self._talk.texts[seen:]

    def waits(self, silence: timedelta) -> None:
        if silence > WRITING:
            self._sink.write(f"... {silence} later\n")
        url = self._settings.database_url or running(self._settings.data_dir)
        if url is None or not self._settings.demonstration or self._talk.last_sent is None:
            raise ChatError("time passes only in a running demonstration")
        with psycopg.connect(url) as connection:
            pass_time(connection, self._talk.last_sent, silence)


def _converse(talk: Talk, source: TextIO, wait: Callable[[int], None] | None) -> None:
    for raw in source:
        line = raw.strip()
        if line == "/quit":
            return
        if not line:
            continue
        before = talk.answers
        talk.say(line)
        if wait:
            wait(before)


def _waiter(talk: Talk, sink: TextIO, quiet: float, patience: float) -> Callable[[int], None]:
    def wait(before: int) -> None:
        if not talk.wait(before, quiet=quiet, patience=patience):
            sink.write(f"(no answer within {patience:.0f} s)\n")
            sink.flush()

    return wait


def _choose_language(talk: Talk, name: str, *, quiet: float, patience: float) -> None:
    before = talk.answers
    talk.say(name)
    if not talk.wait(before, quiet=quiet, patience=patience):
        return
    before = talk.answers
    if talk.choose(name):
        talk.wait(before, quiet=quiet, patience=patience)


def _shown(entry: Entry) -> str:
    mark = "  " if entry["from"] == "service" else "~ "
    lines = entry["text"].splitlines() or [""]
    lines += [f"  {number} {choice['title']}" for number, choice in enumerate(entry["choices"], 1)]
    return "\n".join(mark + line for line in lines)


def _events(lines: Iterator[str]) -> Iterator[dict[str, Any]]:
    for line in lines:
        if line.startswith("data: "):
            yield json.loads(line.removeprefix("data: "))
