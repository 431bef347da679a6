"""The lists of words that must never be sent catch what each language does to a word, and leave harmless neighbours alone."""

import unicodedata
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.languages import LOCALE, Language, find_forbidden, find_words, load_language

CAUGHT = {
    # Letters joined in front (and, so, with, the, to), plurals, feminine and possessive endings, without hamza, with vowel signs.
    "ar": [
        "شرطة", "والشرطة", "فالشرطة", "بالشرطة", "للشرطة", "شرطتهم", "الشرطي", "شُرْطَة", "الشرطه", "البوليس",
        "ضحية", "الضحايا", "للضحية", "ضحيتها", "وضحاياهم", "لاجئ", "اللاجئين", "لاجئة", "واللاجئات", "لللاجئين",
        "ملجأ", "الملجا", "بالملاجئ", "منظمة", "المنظمات", "ومنظمتنا", "جمعيات", "للجمعية", "مهاجرون", "المهاجرات",
        "بالهجرة", "هجرتك", "استغلال", "يستغلونك", "مستغلة", "إنقاذ", "الانقاذ", "إيواء", "الايواء", "المأوى", "عنـــف",
        "تهريب", "المهربين", "الاتجار", "اغتصاب", "مغتصبة", "ترحيلهم",
    ],
    "ru": [
        "полиция", "полиции", "полицию", "полицией", "полицейский", "полицейских", "жертва", "жертв", "жертвой", "жертвам",
        "беженец", "беженца", "беженке", "беженцами", "беженок", "убежище", "убежища", "убежищу", "приют", "приюте", "приютов",
        "насилие", "насилия", "насильника", "мигрантам", "мигранткой", "спасём", "спасем", "спасателей", "спасут",
        "торговля людьми", "торговлей людьми", "торговли людьми", "рабством", "ЖЕРТВЫ",
    ],
    "bn": [
        "পুলিশ", "পুলিশকে", "পুলিশের", "পুলিশেরা", "পুলিশটি", "পাচার", "পাচারের", "পাচারকারী", "পাচারকারীদের", "মানবপাচার",
        "শরণার্থীকে", "শরণার্থীদের", "নির্যাতনের", "নির্যাতিত", "নির্যাতিতাকে", "ধর্ষণের", "ধর্ষিতা", "সহিংসতায়", "আশ্রয়কেন্দ্রে",
        "আশ্রয়ের", "উদ্ধারকারী", "সংস্থাগুলো", "সংস্থার", "ভুক্তভোগীদের", "শিকারদের", "অভিবাসীরা", "পু\u200cলিশ",
    ],
    # No spaces between words; one sign or two for the same sound; either way of writing "l" under "h".
    "lo": [
        "ໂທຫາຕຳຫຼວດດຽວນີ້", "ໂທຫາຕໍາຫຼວດດຽວນີ້", "ຕຳຫລວດມາແລ້ວ", "ເຈົ້າແມ່ນຜູ້ເຄາະຮ້າຍຂອງການຄ້າມະນຸດ", "ບ້ານພັກພິງຢູ່ໃກ້", "ຄວາມຮຸນແຮງໃນຄອບຄົວ",
        "ຄົນລີ້ໄພຫຼາຍຄົນ",
    ],
    "fr": [
        "réfugié", "réfugiée", "réfugiés", "réfugiées", "refugiees", "victime", "victimes", "policier", "policière", "policières",
        "violences", "violent", "violentes", "violée", "violés", "viol", "viols", "trafiquant", "trafiquantes", "expulsée", "migrantes",
        "migration", "foyers", "l'asile", "secours", "maltraitées",
    ],
    "es": [
        "víctima", "víctimas", "victimas", "policía", "policías", "policial", "refugiado", "refugiada", "refugiados", "refugiadas",
        "traficante", "tráfico", "violencia", "violentas", "violada", "abusada", "abusos", "migrante", "migrantes", "inmigración",
        "deportadas", "albergues", "secuestrada", "indocumentadas", "explotación", "explotadas",
    ],
    "pt": [
        "vítima", "vítimas", "vitimas", "polícia", "policiais", "refugiado", "refugiada", "refugiados", "refugiadas", "tráfico",
        "traficantes", "violência", "violentas", "estuprada", "abusos", "abusada", "migrante", "migrantes", "imigração", "deportadas",
        "abrigos", "sequestradas", "exploração", "exploradas", "resgatada",
    ],
    "en": [
        "victim", "victims", "Victim's", "police", "policing", "trafficked", "traffickers", "smuggled", "abused", "abusive", "raped",
        "raping", "rapist", "rescued", "rescuers", "refugees", "asylum", "deported", "deportation", "migrants", "migration",
        "immigration", "shelters", "sheltered", "violence", "violently", "illegally",
    ],
}  # fmt: skip

LEFT_ALONE = {
    "ar": ["ثامن", "تجارة", "عيد الأضحى", "أدركت الأمر", "نظام", "جمع", "هاجر اسم", "غل"],
    "ru": ["спасибо", "полис", "полицевать", "мигрень", "статья", "приятно"],
    "bn": ["স্বীকার", "আশা", "পুল", "উদ্যান", "সংখ্যা"],
    "lo": ["ຂໍຂອບໃຈ", "ຕຳແໜ່ງ", "ຕຳລາ", "ໂທຫາຄົນ", "ຄ້າຂາຍ"],
    "fr": ["violet", "violette", "violon", "migraine", "traité", "traitement"],
    "es": ["migraña", "violeta", "violín", "trata de llamar", "tratamiento", "seguir", "acogida"],
    "pt": ["violeta", "violão", "tratar", "explicar", "abril", "seguinte", "enxaqueca"],
    "en": ["migraine", "rapid", "abundant", "statue"],
}


@pytest.fixture(scope="module")
def every() -> Mapping[str, Language]:
    return {path.parent.name: load_language(path.parent.name) for path in sorted(LOCALE.glob("*/language.yml"))}


@pytest.mark.parametrize(("code", "word"), [(code, word) for code, words in CAUGHT.items() for word in words])
def test_every_form_of_a_forbidden_word_is_found(every: Mapping[str, Language], code: str, word: str) -> None:
    assert find_words(word, every[code].forbidden), (code, word)


@pytest.mark.parametrize(("code", "word"), [(code, word) for code, words in LEFT_ALONE.items() for word in words])
def test_a_harmless_neighbour_is_left_alone(every: Mapping[str, Language], code: str, word: str) -> None:
    # Of the language itself and of every other: who has many languages must not be warned all the time.
    assert find_forbidden(word, every.values()) is None


@pytest.mark.parametrize("code", list(CAUGHT))
def test_it_is_found_in_the_middle_of_a_text_and_whatever_the_script_around_it(
    every: Mapping[str, Language], code: str
) -> None:
    for word in CAUGHT[code]:
        assert find_words(f"Hello, {word}! 1 ok", every[code].forbidden), word
        assert find_words(f"«{word}»\n2. ...", every[code].forbidden), word


@given(st.sampled_from([(code, word) for code, words in CAUGHT.items() for word in words]), st.data())
def test_hidden_marks_and_composition_change_nothing(pair: tuple[str, str], data: st.DataObject) -> None:
    code, word = pair
    form = data.draw(st.sampled_from(["NFC", "NFD"]))
    spelled = unicodedata.normalize(form, word)
    place = data.draw(st.integers(0, len(spelled)))
    mark = data.draw(st.sampled_from(["\u200b", "\u200f", "\u2066", "\ufeff", ""]))
    assert find_words(spelled[:place] + mark + spelled[place:], load_language(code).forbidden)


@given(st.text(max_size=200))
def test_any_text_can_be_searched_and_what_is_found_stands_in_it(text: str) -> None:
    language = load_language("en")
    for found in find_words(text, (*language.forbidden, *language.promises)):
        assert found.split()[0][:3] in text.casefold() or found
