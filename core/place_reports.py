"""What plain words say was wrong at a place that was named to a person: "it was closed", "nobody answers". Pure.

Only for a conversation in which places were named, and only a question follows: "the door was closed" may be told of something else.
"""

from core.languages import Language, find_words
from core.writing import normalise

LONGEST = 10
"""Words. Who writes more tells a story, and a story is not read for one word."""


def read_report(text: str, language: Language) -> str | None:
    """The kind of report that a text is, by the language's list `reports`; None for everything else."""
    whole = normalise(text)
    if not whole or len(whole.split()) > LONGEST:
        return None
    for kind, entries in language.reports.items():
        # One word alone is a report only by itself: "closed" stands in many sentences.
        many = [entry for entry in entries if " " in entry or "*" in entry]
        if whole in {normalise(entry) for entry in entries} or find_words(text, many):
            return kind
    return None
