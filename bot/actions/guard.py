"""Who is writing: nothing of before is shown after a pause, and a word that looks normal calls staff without a sign of it."""

from bot.actions.handover import raise_silently, to_person_silently
from bot.actions.output import Item, close, say
from bot.actions.state import Event, State
from bot.actions.world import World

SURE = 0.6
"""Below this "who is this?" is not taken for another person's words: the person is asked again whether it is OK to write."""

SEEN_THROUGH = frozenset(
    {"danger_now", "self_harm", "child_alone", "stop", "opt_out", "erase_data", "unlock", "duress", "wrong_word"}
)
"""What is followed even while the conversation is locked; it shows nothing of before."""

BEGIN_ANEW = frozenset({"help", "ask_human"})
"""What opens a new and empty conversation while the old one is locked: nobody is shut out, and nothing old is shown."""


def locked(state: State, event: Event) -> bool:
    """Whether the message gets the cover reply. A conversation that holds nothing has nothing to hide."""
    behind_lock = "locked" in event.signs and not state.is_empty
    if behind_lock and event.intent in BEGIN_ANEW:
        state.forget()
        behind_lock = False
    state.covered = behind_lock and event.intent not in SEEN_THROUGH
    return state.covered


def cover() -> list[Item]:
    """What anybody may read."""
    return [say("say_cover")]


def unlock(state: State, world: World) -> list[Item]:
    """The right word. What is safe changes: before anything else the person is asked again whether it is OK to write."""
    del world
    state.reopened.append("safe")
    state.urgent = None
    return [say("say_go_on")]


def duress(state: State, world: World) -> list[Item]:
    """The other word. The answer is the same as to the right one; staff are told, and told not to write."""
    state.watched = True
    # A session that has only begun goes on as plain information: a goodbye at once would be a sign too.
    state.answers.setdefault("consent", "no")
    state.signals["duress"] = True
    raise_silently(state, world, reason="duress")
    world.hold("duress")
    return unlock(state, world)


def wrong_word(state: State, world: World, count: str | None) -> list[Item]:
    """A wrong word: the cover reply. The second one brings a person, who knows that somebody else may be writing."""
    if count != "2":
        state.covered = True
        return cover()
    state.signals["bot_failure"] = True
    world.hold("other_person")
    return to_person_silently(state, world, reason="wrong_word", message="say_cover")


def other_person(state: State, world: World, *, sure: bool) -> list[Item]:
    """Somebody else seems to write. They read a dull answer, nothing is sent unasked, and a person looks at the case."""
    if not sure and not state.is_empty:
        state.reopened.append("safe")
        return []
    if not state.is_empty:
        world.hold("other_person")
        raise_silently(state, world, reason="other_person", at_least="U")
    state.finished = True
    state.question = None
    return [say("say_decoy"), close("other_person")]
