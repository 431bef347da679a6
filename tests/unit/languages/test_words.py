import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from core.languages import (
    COMMANDS,
    LISTS,
    LOCALE,
    Language,
    LanguageError,
    load_language,
    load_languages,
    match_command,
    match_word,
)
from core.writing import loose, normalise, strip_hidden

Change = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize(
    ("code", "text", "meaning"),
    [
        ("en", "YES!!", "yes"), ("en", "yesss", "yes"), ("en", "Nooo", "no"),
        ("en", "I don’t know", "unsure"), ("en", "👍🏿", "yes"), ("en", "✔️", "yes"),
        ("fr", "Ouiii", "yes"), ("fr", "d’accord", "yes"), ("fr", "bien sur", "yes"),
        ("fr", "Peut-être…", "unsure"), ("fr", "DESABONNER", "stop"),
        ("ar", "نَعَمْ", "yes"), ("ar", "نعـــم", "yes"), ("ar", "موافقه", "yes"),
        ("ar", "أيوه", "yes"), ("ar", "ايوه", "yes"), ("ar", "لا!!", "no"), ("ar", "La.", "no"),
        ("ar", "\u200fلا أعرف\u200f", "unsure"), ("ar", "na3am", "yes"), ("ar", "امحو", None),
        ("ar", "أبدا", "no"), ("ar", "ابدأ", "start"), ("ar", "ابدا", None),
        ("ar", "محو", "erase"), ("ar", "إمسح", "erase"),
        ("ar", "ايه", None), ("ar", "إيه؟", None), ("ar", "ayeh", "yes"),
        ("bn", "হ্যাঁ", "yes"), ("bn", "হ্যা।", "yes"), ("bn", "হ্‌যাঁ", "yes"),
        ("bn", "না", "no"), ("bn", "জানি না", "unsure"), ("bn", "hyaa", "yes"),
        ("bn", "Na", "no"),
        ("bn", "এড়িয়ে যান", "skip"), ("bn", "মুছুন", "erase"),
        ("es", "SÍ!!", "yes"), ("es", "Nooo", "no"), ("es", "no se", "unsure"), ("es", "alluda", "help"),
        ("es", "BORREN TODO", "erase"), ("es", "chao", "leave"), ("es", "para", None), ("es", "Pará", None),
        ("es", "la", None),
        ("pt", "Siiim", "yes"), ("pt", "NAO", "no"), ("pt", "não sei…", "unsure"), ("pt", "próxima", "skip"),
        ("pt", "APAGA TUDO", "erase"), ("pt", "me liga", "call"), ("pt", "Pará", None), ("pt", "na", None),
        ("pt", "si", None),
        ("en", "yes I can", None), ("fr", "oui mais non", None), ("bn", "হ্যাঁ না", None),
        ("ar", "لا نعم", None), ("en", "", None), ("en", "...", None),
        ("fr", "la", None), ("en", "na", None), ("fr", "si", None),
    ],
)  # fmt: skip
def test_a_whole_message_is_found_in_the_word_lists(
    code: str, text: str, meaning: str | None, languages: Mapping[str, Language]
) -> None:
    assert match_word(text, languages[code]) == meaning


def test_every_word_of_every_list_is_found_again(languages: Mapping[str, Language]) -> None:
    for language in languages.values():
        for meaning in LISTS:
            assert language.words[meaning]
            for word in language.words[meaning]:
                assert match_word(word, language) == meaning, (language.code, word)
                assert match_word(f" {word.upper()}! ", language) == meaning, (language.code, word)


# A word of two languages with two meanings. Each is read in the conversation's language first; where neither is, it is no command.
KNOWN = {
    ("chao", "es:leave", "lo:yes"),  # goodbye in Venezuela and Colombia; yes, politely, on a Lao phone with Latin keys
    ("chao", "lo:yes", "es:leave"),
}


def test_no_word_means_one_thing_in_one_language_and_another_in_another(languages: Mapping[str, Language]) -> None:
    # A collision is not forbidden, but each must be known: add it to KNOWN only after reading core.languages.match_command.
    found = {
        (word, f"{one.code}:{meaning}", f"{other.code}:{there}")
        for one in languages.values()
        for meaning, words in one.words.items()
        for word in words
        for other in languages.values()
        if (there := match_word(word, other)) not in (None, meaning)
    }
    assert found == KNOWN


def test_whoever_needs_a_person_or_wants_out_is_understood_in_any_language(languages: Mapping[str, Language]) -> None:
    for language in languages.values():
        for meaning in COMMANDS:
            for word in language.words[meaning]:
                shared = any(word == known for known, _, _ in KNOWN)
                for current in (language,) if shared else (None, *languages.values()):
                    assert match_command(word, languages.values(), current) == meaning, (word, current)


def test_yes_and_no_are_read_in_the_language_of_the_conversation_only(languages: Mapping[str, Language]) -> None:
    assert match_command("la", languages.values(), languages["fr"]) is None
    assert match_word("la", languages["fr"]) is None
    assert match_word("la", languages["ar"]) == "no"


def test_a_word_that_means_something_else_in_the_conversation_is_no_foreign_command(tmp_path: Path) -> None:
    languages = load_languages(("en", "fr"))
    strange = copy_with(tmp_path, lambda data: data["words"]["yes"].append("quitter"))
    assert match_command("quitter", [strange, languages["fr"]], strange) is None
    assert match_command("quitter", [strange, languages["fr"]]) is None
    assert match_command("quitter", [languages["en"], languages["fr"]], languages["en"]) == "leave"


def copy_with(folder: Path, change: Change) -> Language:
    shutil.copytree(LOCALE / "en", folder / "en", dirs_exist_ok=True)
    path = folder / "en" / "language.yml"
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    change(data)
    path.write_text(yaml.safe_dump(data, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return load_language("en", folder)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda data: data["words"]["no"].append("Yes!"), "stands in 'yes' and in 'no'"),
        (lambda data: data["numbers"][2].append("yes"), "stands in 'yes' and in '2'"),
        (lambda data: data["words"].pop("leave"), "a list is missing: leave"),
        (lambda data: data["words"].update({"maybe": ["hm"]}), "an unknown list: maybe"),
        (lambda data: data["words"]["no"].append("?!"), "holds nothing to compare"),
        (lambda data: data.update(digits="0123456798"), "digits"),
        (lambda data: data.update(direction="up"), "direction"),
        (lambda data: data.update(scripts=["latin"]), "scripts"),
        (lambda data: data["numbers"].update({10: ["ten"]}), "numbers"),
        (lambda data: data.pop("forbidden"), "forbidden"),
        (lambda data: data.update(extra=1), "extra"),
    ],
)
def test_a_wrong_folder_is_named_with_its_fault(tmp_path: Path, change: Change, says: str) -> None:
    with pytest.raises(LanguageError, match=says) as caught:
        copy_with(tmp_path, change)
    assert str(caught.value).startswith("en/language.yml: ")


def test_a_missing_or_broken_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(LanguageError, match=r"xx/language\.yml: there is no such file"):
        load_language("xx")
    (tmp_path / "en").mkdir()
    (tmp_path / "en" / "language.yml").write_text("words: [", encoding="utf-8")
    with pytest.raises(LanguageError, match=r"en/language\.yml"):
        load_language("en", tmp_path)


def test_plain_sms_gets_signs_that_it_has(languages: Mapping[str, Language]) -> None:
    assert languages["fr"].for_sms("Ça va, où êtes-vous ? L’hôtel…") == "Ça va, où etes-vous ? L'hotel..."
    assert languages["fr"].for_sms("e\u0302tre") == "etre"
    assert languages["bn"].for_sms("হ্যাঁ") == "হ্যাঁ"


@given(st.text(max_size=60))
def test_normalising_twice_changes_nothing_and_any_text_is_taken(text: str) -> None:
    for form in (strip_hidden(text), normalise(text), loose(text, {})):
        assert normalise(form) == normalise(normalise(form))
    assert normalise(normalise(text)) == normalise(text)


@given(st.text(alphabet="হ্যাঁন\u200c\u200dজিকষয়ড়", max_size=20))
def test_joiners_stay_where_they_change_a_word(text: str) -> None:
    assert [sign for sign in strip_hidden(text) if sign in "\u200c\u200d"] == [
        sign for sign in text if sign in "\u200c\u200d"
    ]
