"""What the channel notices about a message besides its words (protocol 2.5): many at once, a very long one, another language."""

from collections.abc import Sequence
from datetime import datetime

from cases.models import Conversation
from core.settings import Settings
from core.turns import Sign
from core.writing import tokens
from gateway.gateway import Gateway
from gateway.wording import Wording

ENOUGH_WORDS = 4
"""Words from which a language is told with certainty enough; a shorter text may be a loan word or a name."""


def signs_of(conversation: Conversation, text: str, times: Sequence[datetime], gateway: Gateway) -> tuple[Sign, ...]:
    """The signs of a message; `times` tells when it and those before it were written. The same again when its turn is run again."""
    found: list[Sign] = []
    if _bursts(times, gateway.settings):
        found.append("burst")
    if len(text) > gateway.settings.long_text:
        found.append("long_text")
    if _changes_language(conversation, text, gateway.wording):
        found.append("other_language")
    return tuple(found)


def _bursts(times: Sequence[datetime], settings: Settings) -> bool:
    """Whether a burst begins here to be one: the message before it must not have been in one already, so that it is noticed once."""
    many = settings.burst_messages
    now_many = len(times) >= many and times[0] - times[many - 1] < settings.burst_within
    before = len(times) > many and times[1] - times[many] < settings.burst_within
    return now_many and not before


def _changes_language(conversation: Conversation, text: str, wording: Wording) -> bool:
    if conversation.language is None or len(tokens(text)) < ENOUGH_WORDS:
        return False
    guess = wording.guess(text)
    return guess in wording.codes and guess != conversation.language
