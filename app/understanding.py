"""`waymark understand`: what the bot makes of messages: the trained model, the safety phrases, and what holds of the two."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from app.training import ENGINE_PYTHON, engine_environment
from bot.engine.nlu.decide import Decision, heed
from core.language_identification import LanguageIdentifier
from core.languages import load_languages
from core.settings import PROJECT, Settings
from screening.phrases import find_alarm


class UnderstandingError(Exception):
    """The engine did not answer; the text says what to do."""


def understand(settings: Settings, lines: Iterator[str], out: TextIO) -> int:
    """Read JSON lines `{"text", "language"?}`, write JSON lines `{"language", "intent", "confidence", "classifier", "alarm"}`.

    `classifier` is what the model alone makes of it, `alarm` what the phrases find; `intent` is what holds of the two.
    A line that cannot be read gives `{"error", "line"}` in its place, and the exit code is 1: no line is passed over in silence.
    """
    identifier = LanguageIdentifier(load_languages(settings.languages))
    requests = [_request(line, identifier) for line in lines if line.strip()]
    good = [request for request in requests if isinstance(request, dict)]
    replies = iter(ask(settings.model, good) if good else [])
    failed = False
    for number, request in enumerate(requests, start=1):
        if isinstance(request, str):
            failed = True
            answer: dict[str, Any] = {"error": request, "line": number}
        else:
            reply = next(replies)
            answer = {"language": request["language"], **_both(request["text"], reply, settings.languages)}
        out.write(json.dumps(answer, ensure_ascii=False) + "\n")
    return 1 if failed else 0


def _both(text: str, reply: dict[str, Any], codes: tuple[str, ...]) -> dict[str, Any]:
    """The model's answer beside that of the phrases, and the one that holds."""
    alarm = find_alarm(text, codes)
    held = heed(Decision(reply["intent"], reply["confidence"], ()), alarm)
    classifier = {"intent": reply["intent"], "confidence": reply["confidence"]}
    return {"intent": held.intent, "confidence": held.confidence, "classifier": classifier, "alarm": alarm}


def _request(line: str, identifier: LanguageIdentifier) -> dict[str, Any] | str:
    try:
        given = json.loads(line)
    except ValueError:
        return "this is not JSON"
    if not isinstance(given, dict) or not isinstance(given.get("text"), str):
        return 'an object with a "text" is needed'
    language = given.get("language")
    if language is not None and not isinstance(language, str):
        return '"language" must be a code, such as "fr"'
    return {"text": given["text"], "language": language or identifier.identify(given["text"])[0]}


def ask(model: Path, requests: list[dict[str, Any]], *options: str) -> list[dict[str, Any]]:
    """What the model alone answers; with "--details" every probability too. Raises UnderstandingError."""
    if not model.is_file():
        raise UnderstandingError("there is no model; `waymark train` makes it")
    done = subprocess.run(  # noqa: S603 (our own interpreter and module)
        [str(ENGINE_PYTHON), "-m", "bot.engine.understand", *options],
        cwd=PROJECT,
        env=engine_environment() | {"WAYMARK_MODEL": str(model)},
        input="\n".join(json.dumps(request) for request in requests) + "\n",
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        tail = "\n  ".join(done.stderr.strip().splitlines()[-5:])
        raise UnderstandingError(f"the engine stopped:\n  {tail}")
    replies = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    if len(replies) != len(requests):
        raise UnderstandingError(f"the engine answered {len(replies)} of {len(requests)} messages")
    return replies
