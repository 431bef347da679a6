"""Run by Rasa's interpreter for `test_inside_rasa.py`: looks at the parts that exist only there, prints what it saw as JSON."""

# ruff: noqa: UP006, UP035, BLE001, I001 (Python 3.10; what went wrong is the result)
from bot.engine import quiet  # noqa: F401

import asyncio
import copy
import json
import os
import sys
import threading
import time
from typing import Any, Dict, List

import psycopg2
from jsonschema import ValidationError, validate
from rasa.core.actions.action import RemoteAction
from rasa.core.actions.forms import FormAction
from rasa.core.tracker_store import TrackerStore
from rasa.core.utils import AvailableEndpoints
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, ActiveLoop, BotUttered, SessionStarted, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from bot.engine import remote_action
from bot.engine.tracker_store import EncryptedTrackerStore, Overtaken

REPLIES: List[Any] = [
    {"events": [], "responses": []},
    {},
    {"events": [{"event": "slot", "name": "a", "value": 1, "timestamp": None}], "responses": [{"custom": {}}]},
    {"events": [{"event": "slot", "value": 1}]},
    {"events": [{"event": "slot", "name": 5, "value": 1}]},
    {"events": [{"event": "nonsense"}]},
    {"events": [{}]},
    {"events": [{"event": None}]},
    {"events": {"event": "slot"}},
    {"events": [5]},
    {"events": None},
    {"responses": ["text"]},
    {"responses": {}},
    [],
    None,
    "text",
    {"events": [{"event": "followup", "name": "action_listen", "timestamp": "now"}]},
    {"events": [{"event": "followup", "name": "action_listen", "metadata": []}]},
    {"events": [{"event": "action", "name": None}]},
    {"events": [{"event": "action", "policy": "x", "confidence": "high", "name": "a"}]},
    {"events": [{"event": "user", "text": None, "parse_data": {"entities": [{"entity": 5, "value": 1}]}}]},
    {"events": [{"event": "user", "text": "a", "parse_data": {"entities": [{"entity": "a", "value": 1}]}}]},
    {"events": [{"event": "entities", "entities": [{}]}]},
    {"events": [{"event": "active_loop", "name": "form"}, {"event": "reset_slots"}, {"event": "bot", "text": "a"}]},
]


def verdicts() -> Dict[str, List[bool]]:
    """For each reply: what Rasa's own schema says and what ours says."""
    ours: List[bool] = []
    theirs: List[bool] = []
    for reply in REPLIES:
        for check, verdict in ((_theirs, theirs), (remote_action.check_reply, ours)):
            try:
                check(copy.deepcopy(reply))
                verdict.append(True)
            except ValidationError:
                verdict.append(False)
    return {"ours": ours, "theirs": theirs}


def _theirs(reply: Any) -> None:
    validate(reply, RemoteAction.action_response_format_spec())


def installed() -> bool:
    """Whether a form's call to its validation action goes through our check."""
    remote_action.install()
    form_globals = FormAction.validate.__globals__
    try:
        form_globals["RemoteAction"]("validate_x", None)._validate_action_result({"events": [{"event": "nonsense"}]})
    except ValidationError:
        return bool(RemoteAction._validate_action_result.__module__ == "bot.engine.remote_action")
    return False


async def two_processes(trackers: EncryptedTrackerStore, other: EncryptedTrackerStore, seen: Dict[str, Any]) -> None:
    """Two Rasa processes with one turn of one conversation: the second to finish must not take the first one's turn away."""
    await trackers.save(trackers.init_tracker("c"))
    for store in (trackers, other):
        await store.retrieve("c")
    await other.save(tracker_of(other, "c", "later"))
    try:
        await trackers.save(tracker_of(trackers, "c", "earlier"))
        seen["overtaken"] = "saved"
    except Overtaken:
        seen["overtaken"] = "refused"
    seen["kept"] = [event.as_dict().get("text") for event in (await other.retrieve("c")).events]
    # The connection broke after the statement was done: it is run again, and that is no overtaking.
    mine = tracker_of(other, "c", "again")
    sealing = other._seal
    other._seal = SameSeal(sealing)
    await other.save(mine)
    other._seen["c"] = None
    await other.save(mine)
    other._seal = sealing
    await other.retrieve("c")
    other.let_go("c")
    seen["forgets_what_it_read"] = not other._seen
    await other.delete("c")


async def a_long_conversation(
    trackers: EncryptedTrackerStore, tracker: DialogueStateTracker, seen: Dict[str, Any]
) -> None:
    """What is kept of 400 turns, and how long it takes."""
    for number in range(400):
        tracker.update(ActionExecuted("action_listen"))
        tracker.update(UserUttered(f"some words of turn {number}", {"name": "greet", "confidence": 1.0}))
        tracker.update(ActionExecuted("action_reply"))
        tracker.update(SlotSet("answers", {"turn": number}))
        tracker.update(ActiveLoop("a form" if number % 2 == 0 else None))
    await trackers.save(tracker)
    back = await trackers.retrieve("a")
    seen["words_kept"] = [event.text for event in back.events if isinstance(event, UserUttered)]
    seen["events_kept"] = len(back.events)
    await trackers.save(back)
    again = await trackers.retrieve("a")
    seen["keeps_the_same_again"] = [event.as_dict() for event in again.events] == [
        event.as_dict() for event in back.events
    ]
    seen["counts_on"] = (back.current_slot_values(), back.active_loop_name, back.latest_action_name) == (
        tracker.current_slot_values(),
        tracker.active_loop_name,
        tracker.latest_action_name,
    )
    started = time.perf_counter()
    for _ in range(20):
        await trackers.save(tracker)
    seen["save_ms"] = (time.perf_counter() - started) * 50
    started = time.perf_counter()
    for _ in range(20):
        await trackers.retrieve("a")
    seen["retrieve_ms"] = (time.perf_counter() - started) * 50


async def store() -> Dict[str, Any]:
    url, key = os.environ["WAYMARK_ENGINE_DATABASE_URL"], os.environ["WAYMARK_ENGINE_KEY"]
    seen: Dict[str, Any] = {}

    # Four engines that start together on an empty database create one table and no error.
    errors: List[str] = []

    def first() -> None:
        try:
            assert EncryptedTrackerStore(Domain.empty(), url, key=key).ready()
        except BaseException as error:
            errors.append(repr(error))

    threads = [threading.Thread(target=first) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seen["errors_of_a_race"] = errors

    domain = Domain.from_dict({"slots": {"answers": {"type": "any", "mappings": [{"type": "custom"}]}}})
    trackers = EncryptedTrackerStore(domain, url, key=key, keep_days=1)
    tracker = await trackers.get_or_create_tracker("a", append_action_listen=False)
    seen["not_stored_before_it_is_saved"] = not await trackers.exists("a")
    for session in range(2):
        tracker.update(ActionExecuted("action_session_start"))
        tracker.update(SessionStarted())
        tracker.update(
            UserUttered(
                f"words {session} আমি \ud800", {"name": "greet", "confidence": 1.0}, metadata={"turn_id": str(session)}
            )
        )
        tracker.update(BotUttered(None, {"custom": {"say": "hello"}}))
        tracker.update(SlotSet("answers", {"safe": ["yes", 1, None]}))
    await trackers.save(tracker)
    back = await trackers.retrieve("a")
    half = len(tracker.events) // 2
    seen["same_events"] = [event.as_dict() for event in back.events] == [
        event.as_dict() for event in list(tracker.events)[half:]
    ]
    seen["same_slots"] = back.get_slot("answers") == {"safe": ["yes", 1, None]}

    with psycopg2.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("UPDATE engine.tracker SET updated_at = now() - interval '25 hours' WHERE conversation_id = 'a'")
    await trackers.save(trackers.init_tracker("b"))
    seen["forgotten"] = [await trackers.forget_old(), await trackers.forget_old()]
    seen["left"] = sorted(await trackers.keys())
    await trackers.delete("b")
    seen["deleted"] = not await trackers.exists("b")

    await a_long_conversation(trackers, tracker, seen)
    await trackers.delete("a")

    newest, older = key.split(",")
    await EncryptedTrackerStore(domain, url, key=older).save(trackers.init_tracker("d"))
    await trackers.save(await trackers.retrieve("d"))
    seen["sealed_with_the_newest"] = await EncryptedTrackerStore(domain, url, key=newest).retrieve("d") is not None
    await trackers.delete("d")

    await two_processes(EncryptedTrackerStore(domain, url, key=key), EncryptedTrackerStore(domain, url, key=key), seen)
    try:
        await EncryptedTrackerStore(domain, "postgresql://nobody@127.0.0.1:1/nothing", key=key).retrieve("a")
        seen["unreachable"] = "answered"
    except psycopg2.OperationalError:
        seen["unreachable"] = "refused"
    return seen


def endpoints() -> Dict[str, Any]:
    read = AvailableEndpoints.read_endpoints("endpoints.yml")
    seen = {
        "url": read.action.url,
        "headers": read.action.headers,
        "store": type(TrackerStore.create(read.tracker_store)).__name__,
        "keys": len(TrackerStore.create(read.tracker_store)._seal._keys),
        "keep_days": read.tracker_store.kwargs["keep_days"],
    }
    del os.environ["WAYMARK_ACTIONS_SECRET"]
    try:
        AvailableEndpoints.read_endpoints("endpoints.yml")
        seen["unset"] = "accepted"
    except Exception as error:
        seen["unset"] = type(error).__name__
    return seen


class SameSeal:
    """A seal that gives the same bytes each time, as a statement that is run again does."""

    def __init__(self, seal: Any) -> None:
        kept = seal.close("c", b"[]")
        self.close = lambda _id, _plain: kept
        self.open = seal.open


def tracker_of(store: EncryptedTrackerStore, conversation: str, text: str) -> Any:
    """A conversation of one message."""
    tracker = store.init_tracker(conversation)
    tracker.update(UserUttered(text, {"name": "greet", "confidence": 1.0}))
    return tracker


async def fail_over() -> Dict[str, Any]:
    """Of two action servers one is dead: every call is answered. Both dead: the turn fails."""
    message = {"text": "hello", "intent": {"name": "greet"}, "entities": [], "metadata": {}}
    call = {"next_action": "action_reply", "tracker": {"latest_message": message, "events": []}}
    headers = {"X-Waymark-Secret": os.environ["WAYMARK_ACTIONS_SECRET"]}
    dead, alive = "http://127.0.0.1:1/webhook", os.environ["WAYMARK_ACTIONS_URL"]
    server = remote_action.ActionServer(f"{dead},{alive}", headers=headers)
    said = [(await server.request(json=call))["responses"][0]["custom"]["say"] for _ in range(4)]
    await server.close()
    gone = remote_action.ActionServer(f"{dead},{dead}", headers=headers)
    try:
        await gone.request(json=call)
        both = "answered"
    except OSError as error:
        both = type(error).__name__
    await gone.close()
    return {"said": said, "both_dead": both}


if __name__ == "__main__":
    # The look at the endpoints comes last: it takes the environment away.
    result = {"verdicts": verdicts(), "installed": installed(), "store": asyncio.run(store())}
    result.update({"fail_over": asyncio.run(fail_over()), "endpoints": endpoints()})
    sys.stdout.write(json.dumps(result) + "\n")
