"""Answers that only the gateway keeps: a word to go on with after a pause, one for a bad time, a number to be called on.

Neither Rasa nor the desk sees a word, and nobody can read it here: a keyed hash, bound to the conversation, finds it again.
"""

import unicodedata

from cases.models import Conversation
from core.digits import to_ascii_digits
from core.encryption import cipher
from core.logging import get_logger
from core.turns import Alarm
from core.writing import normalise, strip_hidden, tokens
from gateway.reading import Question
from gateway.wording import Wording

log = get_logger(__name__)

SAFE, DURESS, NUMBER = "safe_word", "duress_word", "other_number"
PURPOSE = "word"
SHORTEST, LONGEST = 4, 24
"""Signs of a word."""
MOST_WORDS = 3
"""A longer answer is a sentence: it is meant for somebody to read."""
LONGEST_TEXT = 40
"""The same for scripts without spaces between words."""
_UNMARKED = ("LATIN", "ARABIC")  # scripts whose marks are often left out; in others they are the vowels


def word_form(text: str) -> str:
    """The form of a word that is hashed: letters and digits alone, in one case, without accents, digits of every script as 0-9.

    Stored hashes depend on it: who changes it locks people out.
    """
    kept: list[str] = []
    script = ""
    for sign in unicodedata.normalize("NFD", normalise(to_ascii_digits(strip_hidden(text)))):
        kind = unicodedata.category(sign)
        if kind == "Mn" and script in _UNMARKED:
            continue
        if kind[0] in "LN":
            script = unicodedata.name(sign, "").split(" ")[0]
        if kind[0] in "LMN":
            kept.append(sign)
    return unicodedata.normalize("NFC", "".join(kept))


def number_form(text: str) -> str | None:
    """A telephone number as digits, with its plus sign if it has one; None for anything else."""
    plain = to_ascii_digits(strip_hidden(text)).strip().lstrip("(")
    plus = "+" if plain.startswith("+") else ""
    plain = plain.removeprefix("+")
    digits = "".join(sign for sign in plain if sign in "0123456789")
    rest = {sign for sign in plain if sign not in "0123456789"}
    fits = 6 <= len(digits) <= 15 and all(sign.isspace() or sign in "()./-\u2010\u2011\u2012\u2013" for sign in rest)
    return plus + digits if fits else None


def is_number(question: Question | None, text: str) -> bool:
    """Whether a text is the number that was asked for; "00 33 …" is then no zero for a person."""
    return question is not None and question.secret and question.id == NUMBER and number_form(text) is not None


def is_answer(
    question: Question | None, text: str, language: str | None, alarm: Alarm | None, wording: Wording
) -> bool:
    """Whether a text, in which no option and no command was found, answers a question for a secret."""
    if question is None or not question.secret or alarm is not None:
        return False
    if len(tokens(text)) > MOST_WORDS or len(text) > LONGEST_TEXT:
        return False
    return language is None or wording.word(language, text) is None


def keep(conversation: Conversation, question: str, text: str, wording: Wording) -> str:
    """Keep an answer: `set`, or `unusable` when it is not kept."""
    if question == NUMBER:
        number = number_form(text)
        if number is not None:
            conversation.other_number = number
        return "set" if number else "unusable"
    if question not in (SAFE, DURESS) or not may_be_word(text, wording):
        return "unusable"
    other = conversation.duress_word_hash if question == SAFE else conversation.safe_word_hash
    if _is(conversation, text, other):
        return "unusable"
    made = cipher().hash_keys.keep(_bound(conversation, text), PURPOSE)
    if question == SAFE:
        conversation.safe_word_hash = made
    else:
        conversation.duress_word_hash = made
    return "set"


def may_be_word(text: str, wording: Wording) -> bool:
    """Whether a text could be somebody's word: long enough, and no word that means something here."""
    form = word_form(text)
    return SHORTEST <= len(form) <= LONGEST and not wording.meanings(text) and not wording.meanings(form)


def looks_like_a_try(text: str, wording: Wording) -> bool:
    """Whether somebody seems to be trying a word."""
    return 1 <= len(tokens(text)) <= 2 and may_be_word(text, wording)


def recognise(conversation: Conversation, text: str) -> str | None:
    """The intent of a word of this conversation: `unlock`, `duress`, or None."""
    if len(text) > LONGEST_TEXT or not (conversation.safe_word_hash or conversation.duress_word_hash):
        return None
    if _is(conversation, text, conversation.duress_word_hash):
        conversation.duress_word_hash = _moved(conversation, text, conversation.duress_word_hash)
        return "duress"
    if _is(conversation, text, conversation.safe_word_hash):
        conversation.safe_word_hash = _moved(conversation, text, conversation.safe_word_hash)
        return "unlock"
    return None


def _is(conversation: Conversation, text: str, kept: bytes | None) -> bool:
    if kept is None:
        return False
    if cipher().hash_keys.is_foreign(bytes(kept)):
        log.error("a word needs a key that is not there", conversation=str(conversation.id))
    return cipher().hash_keys.fits(bytes(kept), _bound(conversation, text), PURPOSE)


def _moved(conversation: Conversation, text: str, kept: bytes | None) -> bytes | None:
    """Nobody but the person can say the word again: when they do, it comes under the key that writes now."""
    keys = cipher().hash_keys
    return kept if kept is None or keys.is_current(bytes(kept)) else keys.keep(_bound(conversation, text), PURPOSE)


def _bound(conversation: Conversation, text: str) -> str:
    return f"{conversation.id}\x00{word_form(text)}"
