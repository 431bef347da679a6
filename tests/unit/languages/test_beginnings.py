"""Answers with an explanation, as people write them."""

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.beginnings import read_beginning
from core.languages import Language, load_languages
from tests.unit.languages.conftest import CODES

SURE = [
    ("en", "yes my boss reads it", "yes"), ("en", "yes please help me i need work", "yes"), ("en", "no, i am at home", "no"),
    ("en", "No. my friend is here", "no"), ("en", "no because i am 20", "no"), ("en", "no im ok thanks god", "no"),
    ("en", "i dont know he is outside", "unsure"), ("fr", "oui mon patron le lit", "yes"), ("fr", "non je suis chez moi", "no"),
    ("fr", "je sais pas il dort", "unsure"), ("es", "sí mi jefe lo lee", "yes"), ("es", "si, mi hermano lo usa", "yes"),
    ("es", "no, estoy en casa", "no"), ("es", "no porque tengo 20", "no"), ("es", "sí, no tengo papeles", "yes"),
    ("pt", "sim meu patrão lê", "yes"), ("pt", "não, estou em casa", "no"), ("ar", "نعم صاحب العمل يقرأ", "yes"),
    ("ar", "لا، أنا في البيت", "no"), ("bn", "হ্যাঁ মালিক পড়ে", "yes"), ("bn", "না আমি ভালো আছি", "no"),
    ("bn", "na ami bhalo asi", "no"), ("ru", "да хозяин читает", "yes"), ("ru", "нет, я дома", "no"),
    ("lo", "ແມ່ນ ນາຍຈ້າງອ່ານ", "yes"), ("sw", "ndiyo bosi anasoma", "yes"), ("sw", "hapana, niko nyumbani", "no"),
]  # fmt: skip

DOUBTFUL = [
    ("en", "no way out"), ("en", "no one is here"), ("es", "no puedo salir"), ("es", "si me ven me pegan"),
    ("es", "no estoy bien"), ("pt", "não consigo respirar"), ("ar", "لا أستطيع الخروج"), ("bn", "না গেলে মারবে"),
    ("ru", "нет выхода"), ("en", "yes but dont tell my boss"), ("fr", "oui mais pas maintenant"), ("sw", "hapana chakula"),
]  # fmt: skip

NONE = [
    ("en", "my boss is here"), ("en", "yes"), ("en", "yesterday he came"), ("en", "nobody"), ("fr", "la nuit oui"), ("fr", ""),
    ("sw", "si wewe"), ("en", "..."), ("bn", "মালিক না"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "text", "meaning"), SURE)
def test_an_answer_is_heard_although_an_explanation_follows(
    languages: Mapping[str, Language], code: str, text: str, meaning: str
) -> None:
    found = read_beginning(text, languages[code])
    assert found is not None
    assert (found.meaning, found.sure, found.mixed) == (meaning, True, False)


@pytest.mark.parametrize(("code", "text"), DOUBTFUL)
def test_what_begins_like_an_answer_and_may_say_something_else_is_not_sure(
    languages: Mapping[str, Language], code: str, text: str
) -> None:
    found = read_beginning(text, languages[code])
    assert found is not None
    assert not found.sure


@pytest.mark.parametrize(("code", "text"), NONE)
def test_other_texts_begin_with_no_answer(languages: Mapping[str, Language], code: str, text: str) -> None:
    assert read_beginning(text, languages[code]) is None


@pytest.mark.parametrize(
    ("code", "text"), [("en", "yes no maybe"), ("es", "si no me pagan"), ("fr", "oui non je sais pas")]
)
def test_two_answers_at_once_are_none(languages: Mapping[str, Language], code: str, text: str) -> None:
    found = read_beginning(text, languages[code])
    assert found is not None
    assert found.mixed
    assert not found.sure


def test_every_language_says_what_surely_begins_an_answer_and_what_stands_everywhere(
    languages: Mapping[str, Language],
) -> None:
    for language in languages.values():
        assert set(language.begins) == {"yes", "no", "unsure"}, language.code
        for meaning, words in language.begins.items():
            for word in words:
                found = read_beginning(f"{word} xyzzy", language)
                assert found is not None, (language.code, word)
                assert found.meaning == meaning, (language.code, word)
        assert len(language.landmarks) >= 10, language.code


@settings(max_examples=60)
@given(st.text(max_size=60), st.sampled_from(CODES))
def test_any_text_is_read_without_a_fault(text: str, code: str) -> None:
    read_beginning(text, load_languages((code,))[code])


@pytest.mark.parametrize(
    ("code", "text", "core"), [("en", "ok what is this", False), ("en", "ok, what", False), ("es", "si me pegan", True)]
)
def test_a_word_for_all_right_is_no_yes_to_danger(
    languages: Mapping[str, Language],
    code: str,
    text: str,
    core: bool,  # noqa: FBT001
) -> None:
    found = read_beginning(text, languages[code])
    assert found is not None
    assert found.core is core
