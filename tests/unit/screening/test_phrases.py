"""The second line of defence: a phrase is heard however it is typed and wherever it stands, an idiom takes back only itself."""

import json
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.settings import read_settings
from screening.errors import DataFileError
from screening.patterns import plainest
from screening.phrase_lists import ALARMS, FOLDER, read_list, read_now
from screening.phrases import check, find_alarm, self_harm_is_now
from screening.runs import Runs

CODES = tuple(sorted(path.stem for path in FOLDER.glob("*.yml")))
PHRASES = [(alarm, entry) for code in CODES for alarm in ALARMS for entry in read_list(code).phrases[alarm]]
EMPTY = {"reviewed_by": None, "reviewed_on": None, "harmless": []}


def write(folder: Path, **lists: list[str]) -> Path:
    """A folder with one list `xx`; the names of the alarms are the keys."""
    data = EMPTY | {alarm: [f"{alarm} phrase"] for alarm in ALARMS} | lists
    (folder / "xx.yml").write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
    return folder


@given(st.text(alphabet=st.characters(), max_size=300))
def test_no_text_breaks_it(text: str) -> None:
    assert find_alarm(text, CODES) in (None, *ALARMS)


@given(
    st.sampled_from(PHRASES),
    st.text(alphabet=" .!?،।…\n\u200b\u202e", max_size=5),
    st.sampled_from(["", "zqx", "৪৫", "👍", "щъ"]),
    st.sampled_from([str, str.upper, str.title]),
)
def test_a_phrase_is_heard_wherever_it_stands(
    phrase: tuple[str, str], around: str, other: str, case: type[str]
) -> None:
    alarm, entry = phrase
    text = case(plainest(entry))
    heard = find_alarm(f"{other} {around}{text}{around} {other}", CODES)
    assert heard is not None
    assert ALARMS.index(heard) <= ALARMS.index(alarm)


@given(st.sampled_from(PHRASES), st.integers(min_value=0), st.integers(min_value=2, max_value=9))
def test_a_stretched_letter_changes_nothing(phrase: tuple[str, str], place: int, times: int) -> None:
    alarm, entry = phrase
    text = plainest(entry)
    at = place % len(text)
    if text[at].isdigit():
        times = 1
    heard = find_alarm(text[:at] + text[at] * times + text[at + 1 :], CODES)
    assert heard is not None
    assert ALARMS.index(heard) <= ALARMS.index(alarm)


@pytest.mark.parametrize("sign", ["ຳ", "ໝ", "ໜ", "ำ"])
def test_a_stretched_letter_that_is_folded_into_two_changes_nothing(sign: str) -> None:
    phrases = [(alarm, plainest(entry)) for alarm, entry in PHRASES if sign in plainest(entry)]
    assert phrases
    for alarm, text in phrases:
        heard = find_alarm(text.replace(sign, sign * 3), CODES)
        assert heard is not None, text
        assert ALARMS.index(heard) <= ALARMS.index(alarm), text


@pytest.mark.parametrize("code", CODES)
def test_every_harmless_run_takes_something_back(code: str) -> None:
    """One that covers no phrase of any language is a mistake in the list, and one that is still heard does not do its work."""
    phrases = Runs((entry, alarm) for alarm, entry in PHRASES)
    harmless = [plainest(entry) for entry in read_list(code).harmless]
    assert [entry for entry in harmless if not phrases.found(entry)] == []
    assert [entry for entry in harmless if find_alarm(entry, CODES) is not None] == []


def test_an_idiom_takes_back_only_the_words_it_covers(tmp_path: Path) -> None:
    found = read_list("xx", write(tmp_path, danger_now=["kill me", "a knife*"], harmless=["mum will kill me"]))
    phrases, harmless = Runs((entry, "d") for entry in found.phrases["danger_now"]), Runs([("mum will kill me", "h")])

    def heard(text: str) -> bool:
        idioms = harmless.found(text)
        return any(not any(idiom.covers(run) for idiom in idioms) for run in phrases.found(text))

    assert not heard("my mum will KILL me, lol")
    assert heard("my mum will kill me, they kill me")
    assert heard("mum will kill me with a knife")
    assert heard("she has a knifes")
    assert not heard("skill me")


@pytest.mark.parametrize(
    ("entry", "text", "found"),
    [
        ("don't touch", "dont touch me", True),
        ("dont touch", "don\u2019t touch me", True),
        ("il m a frappé", "il m'a frappe", True),
        ("انقذوني", "أَنقِذوني", True),
        ("ຂ້າຂ້ອຍ", "ລາວຈະຂ້າ ຂ້ອຍມື້ນີ້", True),
        ("আটকে রাখ*", "আমাদের আটকে রাখছে", True),
        ("আটকে রাখ", "আমাদের আটকে রাখছে", False),
        ("11 years", "1 years", False),
        ("11 years", "١١ years", True),
        ("🆘", "pls🆘🆘", True),
        ("ёлка", "елка", True),
        ("they .. kill/shoot me/us", "they said they will shoot us", True),
        ("they .. kill/shoot me/us", "they and all of them would surely kill me", False),
        ("they .. kill/shoot me/us", "kill me they say", False),
        ("he/she .. beat* me", "she always beats me", True),
        ("ເຂົາ .. ຊິ/ຈະ ຂ້າ ຂ້ອຍ", "ເຂົາ ບອກວ່າ ຈະຂ້າຂ້ອຍ", True),
        ("ເຂົາ .. ຊິ/ຈະ ຂ້າ ຂ້ອຍ", "ຈະຂ້າຂ້ອຍ ເຂົາ", False),
    ],
)
def test_one_phrase_has_many_spellings(entry: str, text: str, found: bool) -> None:  # noqa: FBT001
    assert bool(Runs([(entry, "x")]).found(text)) is found


def test_a_language_without_a_list_is_named() -> None:
    with pytest.raises(DataFileError, match=r"phrases/zz\.yml: is missing"):
        find_alarm("hello", ("en", "zz"))
    with pytest.raises(DataFileError, match=r"\.\./data"):
        check(["../data"])


@pytest.mark.parametrize(
    ("lists", "fault"),
    [
        ({"danger_now": []}, "must be a list"),
        ({"danger_now": ["kill me", "Kill me"]}, "stands twice"),
        ({"danger_now": ["kill me"], "self_harm": ["kìll me"]}, "stands twice"),
        ({"danger_now": ["..."]}, "has no words"),
        ({"danger_now": ["kill *"]}, "stands alone"),
        ({"danger_now": ["ຂ້າຂ້ອຍ*"]}, "no star"),
        ({"danger_now": ["kill me"], "harmless": ["kill me"]}, "stands twice"),
        ({"danger_now": ["kills me now"], "harmless": ["kill* me now"]}, "taken back whole"),
        ({"danger": ["kill me"]}, "unknown key"),
        ({"danger_now": ["kill .."]}, "two dots that have no words"),
        ({"danger_now": ["kill .. .. me"]}, "two dots that have no words"),
        ({"danger_now": ["kill/ me"]}, "stands alone"),
        ({"danger_now": ["don't/will kill"]}, "apostrophe"),
        ({"danger_now": ["ki*ll me"]}, "inside a word"),
    ],
)
def test_a_list_with_a_fault_is_refused(lists: dict[str, list[str]], fault: str, tmp_path: Path) -> None:
    with pytest.raises(DataFileError, match=fault):
        read_list("xx", write(tmp_path, **lists))


def test_a_message_costs_less_than_a_millisecond() -> None:
    """Measured 0.02 ms for 28 letters with five languages; it runs for every message before anything else."""
    check(CODES)
    text = "good morning, we came by boat last week and my little brother needs a doctor please " * 3
    find_alarm(text, CODES)
    started = time.process_time()  # what other processes of the machine do says nothing about ours
    for _ in range(50):
        find_alarm(text, CODES)
    assert (time.process_time() - started) / 50 < 0.005


@pytest.mark.parametrize("code", read_settings().languages)
def test_what_happens_now_is_heard_as_self_harm_and_as_now(code: str) -> None:
    for phrase in read_now(code):
        assert self_harm_is_now(f"... {phrase} ...", (code,)), phrase
        assert find_alarm(phrase, (code,)) in ("self_harm", "danger_now"), phrase


def test_thoughts_of_dying_are_not_now() -> None:
    assert not self_harm_is_now("i do not want to wake up tomorrow", read_settings().languages)
    assert not self_harm_is_now("i took my medicine and now i sleep", read_settings().languages)
