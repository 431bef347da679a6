"""Which language somebody asks for in a few words: "english pls", "en français", "испанский". Never a guess."""

from core.catalogues import Catalogues
from core.writing import loose, tokens

MOST_WORDS = 3
"""A longer text says more than a name: "I do not speak English" asks for another one."""


def named_language(text: str, catalogues: Catalogues) -> str | None:
    """The one enabled language that a short text names, in whatever enabled language; None for none, for two, or beside a "no"."""
    words = _words(text)
    refused = {tuple(_words(no)) for language in catalogues.languages.values() for no in language.words["no"]}
    if len(words) > MOST_WORDS or any((word,) in refused for word in words):
        return None
    found = {code for code in catalogues.languages if any(_stands(name, words) for name in _names(code, catalogues))}
    return found.pop() if len(found) == 1 else None


def _names(code: str, catalogues: Catalogues) -> set[tuple[str, ...]]:
    known = catalogues.languages[code]
    names = {known.name, known.english_name, *(catalogues.name_of(code, each) for each in catalogues.languages)}
    return {tuple(_words(name)) for name in names}


def _stands(name: tuple[str, ...], words: list[str]) -> bool:
    return any(tuple(words[start : start + len(name)]) == name for start in range(len(words) - len(name) + 1))


def _words(text: str) -> list[str]:
    return [loose(word, {}) for word in tokens(text)]
