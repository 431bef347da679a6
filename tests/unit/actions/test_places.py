"""A town that is not the right one: the person can name another, and no two choices read alike."""

from bot.actions.world import Place
from tests.unit.actions.conversation import SMALLVILLE, Conversation, world

BEGUN = {"safe": "yes", "danger": "no", "consent": "agree", "shared_phone": "no", "for_whom": "me", "under_18": "no",
         "medical": "no", "country": "BR"}  # fmt: skip


def asked_for_the_place(**known: object) -> Conversation:
    conversation = Conversation(world(**known))
    conversation.write("hello", "greet")
    return conversation.answer(**BEGUN)


def test_another_place_can_be_written_once_then_the_search_goes_without_one() -> None:
    conversation = asked_for_the_place()
    conversation.write("smallville")
    conversation.pick("none")
    assert conversation.question == "place"
    conversation.write("stop", "stop", confidence=0.85)
    assert conversation.last[-1]["say"] == "ask_place_confirm_one"
    conversation.pick("none")
    assert conversation.question == "needs"
    assert conversation.state.place() is None


def test_of_two_places_that_read_alike_only_the_likelier_is_offered() -> None:
    twin = Place("p7", SMALLVILLE.label, "BR", -1.0, -50.0)
    other = Place("p8", "Smallville, West", "BR", -9.0, -60.0)
    conversation = asked_for_the_place(places={"smallville": [SMALLVILLE, twin, other]})
    conversation.write("smallville")
    assert [choice["value"] for choice in conversation.last[-1]["choices"]] == ["p1", "p8", "none"]
