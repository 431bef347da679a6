"""The page about what holds is what the last storm found, and a storm's promises are able to break."""

import json

from benchmarks.chaos.counting import PROMISES, Seen, count
from benchmarks.chaos.page import PAGE, RESULTS, found, page
from benchmarks.chaos.people import Person
from benchmarks.chaos.pieces import seeds, together
from benchmarks.chaos.run import broken

US = "whatever"


def seen(**other: object) -> Seen:
    """A person in danger and one answer, everything as it should be."""
    inbound = {
        "id": "m1", "seq": 1, "conversation_id": "c1", "direction": "inbound", "author": "person", "provider_sid": "SM1",
        "state": "handled", "status": None, "turn_id": None, "key": None, "question": None, "withheld": None, "attempts": 1,
    }  # fmt: skip
    ours = "0" * 8 + "-0000-0000-0000-" + "0" * 12
    outbound = inbound | {
        "id": ours, "seq": 2, "direction": "outbound", "author": "bot", "provider_sid": "SM2", "state": "sent",
        "status": "delivered", "turn_id": "m1", "question": "safe",
    }  # fmt: skip
    entry = {
        "sid": "SM2",
        "direction": "outbound",
        "person": "p",
        "callback": f"http://x/?message={ours}#",
        "hook": "pending",
    }
    values: dict[str, object] = {
        "people": [Person("p", "sms", [], ["SM1"], ["SM1"])],
        "journal": [entry],
        "messages": [inbound, outbound],
        "conversations": [{"id": "c1", "owner": "desk", "opted_out": False, "opt_out_pending": False}],
        "cases": [{"id": "k", "conversation_id": "c1", "level": "E", "state": "open"}],
        "history": [
            ("m1", "received", "handled", None, None),
            (ours, "queued", "sending", None, None),
            (ours, "sending", "sent", None, "sent"),
            (ours, "sent", "sent", "sent", "delivered"),
        ],
        "jobs": [],
    }  # fmt: skip
    return Seen(**(values | other))  # type: ignore[arg-type]


def wrong(now: Seen) -> set[str]:
    return {one.promise for one in count(now) if one.broken}


def test_the_page_says_what_the_results_say_and_nothing_was_broken_without_a_word_on_it() -> None:
    results = json.loads(RESULTS.read_text(encoding="utf-8"))
    assert PAGE.read_text(encoding="utf-8") == page(results)
    for result in results.values():
        assert len(broken(result)) <= sum(len(found(seed)) for seed in seeds(result))
        assert len(result["promises"]) == len(PROMISES)


def test_a_line_that_did_well_breaks_nothing() -> None:
    assert wrong(seen()) == set()


def test_each_promise_notices_when_it_is_broken() -> None:
    well = seen()
    inbound, outbound = well.messages
    history = well.history
    assert wrong(seen(people=[Person("p", "sms", [], ["SM1", "SM9"], ["SM1"])])) == {
        "every message that was written is stored once"
    }
    assert "every message is handled, exactly once" in wrong(seen(history=[history[0], *history]))
    assert "every reply is sent once, or shown as uncertain, or not sent" in wrong(seen(journal=well.journal * 2))
    assert "every reply is sent once, or shown as uncertain, or not sent" in wrong(seen(journal=[]))
    assert "a status only moves forward" in wrong(
        seen(history=[*history, (outbound["id"], "sent", "sent", "delivered", "sent")])
    )
    assert "a message takes only steps that exist" in wrong(
        seen(history=[*history, ("m1", "handled", "received", None, None)])
    )
    assert "no turn asks its question twice" in wrong(seen(messages=[inbound, outbound, outbound | {"seq": 3}]))
    assert wrong(seen(cases=[])) == {
        "whoever told of danger has an urgent case",
        "a conversation at the desk has one open case",
    }
    assert "no conversation is stuck" in wrong(seen(jobs=[(1, "gateway.turn", "doing")]))
    later = inbound | {"id": "m2", "seq": 3, "provider_sid": "SM3"}
    assert "messages of a conversation are handled in their order" in wrong(
        seen(messages=[inbound, outbound, later], history=[("m2", "received", "handled", None, None), *history])
    )
    bots = [{"id": "c1", "owner": "bot", "opted_out": False, "opt_out_pending": False}]
    assert "where the bot answers, the last message was answered" in wrong(
        seen(messages=[inbound], conversations=bots, journal=[])
    )
    given_back = inbound | {"id": "m2", "seq": 3, "author": "system", "provider_sid": None}
    assert "where the bot answers, the last message was answered" in wrong(
        seen(messages=[inbound, given_back], conversations=bots, journal=[])
    )
    assert "where the bot answers, the last message was answered" not in wrong(
        seen(messages=[inbound, outbound, given_back], conversations=bots)
    )
    second = outbound | {"id": outbound["id"].replace("0000-0000", "0000-0001", 1), "seq": 1}
    entry = well.journal[0] | {"callback": f"http://x/?message={second['id']}#"}
    assert "replies reach each phone in their order" in wrong(
        seen(messages=[inbound, outbound, second], journal=[well.journal[0], entry])
    )


def test_pieces_of_a_storm_are_added_up_and_what_was_broken_in_one_is_broken() -> None:
    one = json.loads(RESULTS.read_text(encoding="utf-8"))["Rasa"]
    other = {**one, "seed": 1, "promises": [{**each, "broken": ["x"]} for each in one["promises"]], "calm": False}
    whole = together(one, other)
    assert (whole["messages_written"], whole["kills"]) == (2 * one["messages_written"], 2 * one["kills"])
    assert whole["killed"] == {victim: 2 * number for victim, number in one["killed"].items()}
    assert whole["promises"][0]["looked_at"] == 2 * one["promises"][0]["looked_at"]
    assert len(broken(whole)) == len(PROMISES)
    assert not whole["calm"]
    assert seeds(together(whole, one)) == [one["seed"], 1, one["seed"]]
    assert f"in 2 pieces, seeds {one['seed']}, 1" in page({"Rasa": whole})
