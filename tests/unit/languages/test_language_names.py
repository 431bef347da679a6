"""A language asked for by its name: in its own words, in others', misspelt without accents; never guessed."""

import pytest

from core.catalogues import Catalogues
from core.language_names import named_language
from core.settings import PROJECT

CATALOGUES = Catalogues.load(PROJECT / "locale", ("en", "fr", "ar", "bn", "es", "pt", "ru", "lo"))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("english pls", "en"), ("English", "en"), ("inglês", "en"),
        ("en francais svp", "fr"), ("FRANÇAIS !", "fr"), ("español por favor", "es"),
        ("portugues", "pt"), ("العربية من فضلك", "ar"), ("বাংলা", "bn"), ("bangla please", "bn"),
        ("русский", "ru"), ("ລາວ", "lo"), ("arabe", "ar"),
    ],
)  # fmt: skip
def test_a_name_is_known_in_any_enabled_language(text: str, code: str) -> None:
    assert named_language(text, CATALOGUES) == code


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no english",
        "english not french",
        "i do not speak english",
        "hello",
        "não português",
        "нет русский",
        "swahili",
    ],
)
def test_two_names_or_a_refused_one_or_a_sentence_name_none(text: str) -> None:
    assert named_language(text, CATALOGUES) is None
