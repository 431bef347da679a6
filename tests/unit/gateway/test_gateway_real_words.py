"""The door with the words of every language there is: STOP stops, a word of the lists is nobody's secret, a safety phrase is an alarm."""

import pytest
import yaml

from core.catalogues import Catalogues
from core.languages import LISTS, LOCALE, load_language, load_languages
from core.settings import PROJECT
from gateway.door import REOPENING
from gateway.reading import Inbound, read
from gateway.secret_answers import may_be_word
from gateway.wording import CatalogueWording
from screening.patterns import plainest
from screening.phrases import find_alarm

CODES = tuple(sorted(path.parent.name for path in LOCALE.glob("*/language.yml")))
PHRASES = PROJECT / "screening" / "data" / "phrases"


@pytest.fixture(scope="module")
def everything() -> CatalogueWording:
    return CatalogueWording(load_languages(CODES), Catalogues.load(LOCALE, ("en",)))


@pytest.mark.parametrize("code", CODES)
def test_stop_in_every_language_stops_whatever_the_conversation_speaks(code: str, everything: CatalogueWording) -> None:
    for word in load_language(code).words["stop"]:
        for language in (None, *CODES):
            payload = read(Inbound("text", word), None, language, everything).payload
            assert payload is not None, (word, language)
            assert payload.intent == "opt_out", (word, language)


@pytest.mark.parametrize("code", CODES)
def test_no_word_of_a_list_is_anybodys_secret(code: str, everything: CatalogueWording) -> None:
    for name in LISTS:
        for word in load_language(code).words[name]:
            assert not may_be_word(word, everything), word
            assert not may_be_word(f" {word.upper()}! ", everything), word


@pytest.mark.parametrize("code", CODES)
def test_words_that_begin_anew_do_so_in_every_language(code: str, everything: CatalogueWording) -> None:
    for name in REOPENING:
        for word in load_language(code).words[name]:
            assert everything.meanings(word) & REOPENING, word


@pytest.mark.parametrize("path", sorted(PHRASES.glob("*.yml")), ids=lambda path: path.stem)
def test_every_safety_phrase_is_an_alarm_whatever_is_around_it(path: object, everything: CatalogueWording) -> None:
    data = yaml.safe_load(path.read_text(encoding="utf-8"))  # type: ignore[attr-defined]
    for meaning in ("danger_now", "self_harm", "child_alone", "ask_human"):
        for phrase in map(plainest, data[meaning]):
            assert everything.alarm(phrase) is not None, phrase
            assert everything.alarm(phrase) == find_alarm(phrase, CODES)
    assert everything.alarm("") is None
