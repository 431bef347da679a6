"""Which language a message is taken for, when nothing else is known: right, wrong, or undecided (the menu of languages follows)."""

from collections import Counter
from collections.abc import Sequence

from benchmarks.figures import share, table
from benchmarks.messages import Message
from benchmarks.parts import Run
from core.language_identification import LanguageIdentifier
from core.languages import load_languages
from core.settings import read_settings
from core.writing import letters, tokens
from screening.folding import unspaced

SHORT = 3  # words; from here on a message is long enough to tell
LETTERS_A_WORD = 4  # where words have no spaces between them


def identification(run: Run) -> list[str]:
    """By language and length, among the offered languages; one that is not offered is measured as if it were."""
    offered = read_settings().languages
    messages = [answer.message for answer in run.development]
    developed = {message.language for message in messages}
    messages += [answer.message for answer in run.evaluation if answer.message.language not in developed]
    rows = []
    for code in sorted({message.language for message in messages}):
        identifier = LanguageIdentifier(load_languages(dict.fromkeys((*offered, code))))
        mine = [message for message in messages if message.language == code]
        for name, some in (
            (f"{SHORT} words or more", [message for message in mine if _words(message.text) >= SHORT]),
            ("shorter", [message for message in mine if _words(message.text) < SHORT]),
        ):
            rows.append((code, name, len(some), *_cells(identifier, some)))
    return [
        "## Language of a first message",
        "",
        f"Development split (where a language has none, the other), among {', '.join(offered)}. *undecided* is no mistake: the menu of",
        "languages follows. Messages that mix two languages count with the language they were written for.",
        "",
        *table(("language", "length", "messages", "right", "wrong", "undecided", "wrong: taken for"), rows),
    ]


def _cells(identifier: LanguageIdentifier, messages: Sequence[Message]) -> tuple[str, str, str, str]:
    guesses = [identifier.identify(message.text)[0] for message in messages]
    own = [message.language for message in messages]
    pairs = list(zip(guesses, own, strict=True))
    wrong = Counter(guess for guess, code in pairs if guess not in (None, code))
    return (
        share(guess == code for guess, code in pairs),
        share(guess not in (None, code) for guess, code in pairs),
        share(guess is None for guess in guesses),
        ", ".join(f"{code} {count}" for code, count in wrong.most_common()) or "-",
    )


def _words(text: str) -> int:
    return len(letters(text)) // LETTERS_A_WORD if unspaced(text) else len(tokens(text))
