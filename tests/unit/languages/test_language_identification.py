from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.language_identification import ENOUGH, LanguageIdentifier
from core.languages import Language, load_languages


@pytest.fixture(scope="module")
def identifier(languages: Mapping[str, Language]) -> LanguageIdentifier:
    return LanguageIdentifier({code: languages[code] for code in ("en", "fr", "ar", "bn")})


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("pls i need place to sleep", "en"), ("I dey here dem no gree pay me", "en"),
        ("i no get food", "en"), ("Hello", "en"), ("help", "en"),
        ("mon patron me menace", "fr"), ("on est bloqué ici svp", "fr"),
        ("jai besoin daide svp", "fr"), ("bonjour", "fr"), ("je sais pas", "fr"), ("OUI", "fr"),
        ("مرحبا", "ar"), ("عافاك بغيت نهضر مع شي واحد", "ar"),
        ("مول الخدمة ما بغاش يخلصني", "ar"), ("سلام", "ar"), ("انا خايف", "ar"),
        ("labas khoya 3afak", "ar"), ("la khoya", "ar"), ("bghit nhdar m3a chi wahed", "ar"),
        ("fin kayn sbitar", "ar"), ("khasni tabib daba", "ar"),
        ("urid musa3ada min fadlik", "ar"),
        ("আমার সাহায্য লাগবে", "bn"), ("আমি", "bn"), ("bhai sahajjo lagbe", "bn"),
        ("amar malik taka dey na", "bn"), ("ami kothay achi jani na", "bn"), ("thik ache", "bn"),
    ],
)  # fmt: skip
def test_a_short_message_is_recognised(text: str, code: str, identifier: LanguageIdentifier) -> None:
    found, confidence = identifier.identify(text)
    assert found == code
    assert ENOUGH <= confidence <= 1


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "12", "👍", "?!", "ok", "no", "salam", "bghit", "ami", "Mohamed", "Casablanca",
        "help me svp", "thanks bhai", "kayna l anglais", "مرحبا bonjour", "Sao Paulo Brasil", "Cox's Bazar",
        "preciso de ajuda por favor", "estou com medo", "necesito ayuda por favor",
        "tengo miedo de mi jefe", "mi nombre es Ana", "ninahitaji msaada tafadhali",
        "ich brauche Hilfe", "mwen bezwen èd", "naciin caawimo baan u baahanahay",
        "ki moun ou ye", "کمک می خواهم لطفا", "پاسپورت مرا گرفته اند", "مجھے مدد چاہیے",
        "زه مرستې ته اړتیا لرم", "помогите мне", "ຊ່ວຍແດ່", "እርዳኝ",
    ],
)  # fmt: skip
def test_what_is_unclear_or_of_no_enabled_language_is_not_guessed(text: str, identifier: LanguageIdentifier) -> None:
    found, confidence = identifier.identify(text)
    assert found is None
    assert 0 <= confidence < ENOUGH


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("hola", "es"), ("necesito ayuda por favor", "es"), ("tengo hambre y no tengo plata", "es"),
        ("kiero hablar con alguien", "es"), ("no se donde estoy", "es"), ("el patron no me paga hace tres meses", "es"),
        ("oi", "pt"), ("preciso de ajuda por favor", "pt"), ("to com fome", "pt"),
        ("kero falar com alguem", "pt"), ("não sei onde estou", "pt"), ("o patrao nao me paga faz tres meses", "pt"),
        ("mon patron me menace", "fr"), ("my boss dont pay me", "en"), ("amar malik taka dey na", "bn"),
    ],
)  # fmt: skip
def test_neighbours_are_told_apart_where_both_are_enabled(
    text: str, code: str, languages: Mapping[str, Language]
) -> None:
    assert LanguageIdentifier(languages).identify(text)[0] == code


@pytest.mark.parametrize("text", ["no puedo", "como funciona", "por favor", "Boa", "gracias obrigado", "bom dia hola"])
def test_what_two_neighbours_share_is_not_guessed(text: str, languages: Mapping[str, Language]) -> None:
    assert LanguageIdentifier(languages).identify(text)[0] is None


def test_only_enabled_languages_are_named() -> None:
    identifier = LanguageIdentifier(load_languages(("fr", "bn")))
    assert identifier.identify("je suis dans la rue")[0] == "fr"
    assert identifier.identify("I need a doctor now please")[0] is None
    assert identifier.identify("مرحبا بك يا أخي")[0] is None
    assert LanguageIdentifier({}).identify("hello")[0] is None


def test_two_identifiers_do_not_share_their_languages(identifier: LanguageIdentifier) -> None:
    LanguageIdentifier(load_languages(("fr",))).identify("je suis dans la rue")
    assert identifier.identify("I need a doctor now please")[0] == "en"


@given(st.text(max_size=80))
def test_any_text_gives_an_enabled_language_or_none(identifier: LanguageIdentifier, text: str) -> None:
    code, confidence = identifier.identify(text)
    assert code in {None, "en", "fr", "ar", "bn"}
    assert 0 <= confidence <= 1


@pytest.mark.parametrize(("text", "code"), [("Olá", "pt"), ("ola", None), ("hola", "es"), ("Sí", "es"), ("oi", "pt")])
def test_an_accent_tells_a_word_from_its_neighbour(
    languages: Mapping[str, Language], text: str, code: str | None
) -> None:
    identifier = LanguageIdentifier({each: languages[each] for each in ("en", "fr", "es", "pt")})
    assert identifier.identify(text)[0] == code


@pytest.mark.parametrize(
    "text", ["салом менга ёрдам керак", "мага жардам керек", "паспортим йук", "айлык бербейт", "рахмат"]
)
def test_short_uzbek_and_kyrgyz_are_not_taken_for_russian(text: str) -> None:
    assert LanguageIdentifier(load_languages(("en", "ru"))).identify(text)[0] is None


@pytest.mark.parametrize("text", ["салам, мне негде спать", "рахмат большое вам", "да", "где я"])
def test_a_word_of_home_makes_no_other_language_of_russian(text: str) -> None:
    assert LanguageIdentifier(load_languages(("en", "ru"))).identify(text)[0] == "ru"
