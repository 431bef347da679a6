"""Who has read a text is written beside it, and a text that changed since is a draft again."""

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import polib
import pytest

from core.catalogues import Catalogues
from core.languages import LOCALE
from core.reviews import (
    SAFETY,
    Review,
    ReviewError,
    fingerprint,
    mark_reviewed,
    read_reviews,
    require_reviewed,
    unreviewed_safety,
)
from core.settings import SettingsError, read_settings

DAY = date(2026, 11, 1)
READER = "A. Person"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Two languages whose marks a test may write."""
    for code in ("en", "fr"):
        shutil.copytree(LOCALE / code, tmp_path / code)
        change(tmp_path, code, lambda catalogue: [entry.__setattr__("tcomment", "") for entry in catalogue])
    return tmp_path


def change(folder: Path, code: str, how: Callable[[polib.POFile], object]) -> None:
    path = folder / code / "messages.po"
    catalogue = polib.pofile(str(path), wrapwidth=0)
    how(catalogue)
    catalogue.save(str(path))


def test_every_safety_text_exists_and_the_questions_about_danger_and_consent_are_among_them(
    catalogues: Catalogues,
) -> None:
    assert set(SAFETY) <= catalogues.keys
    assert len(set(SAFETY)) == len(SAFETY)
    assert {
        "say_intro", "ask_safe", "ask_danger", "ask_consent", "say_notice_more", "say_emergency", "say_self_harm", "say_child",
        "say_person_coming", "say_neutral_goodbye", "say_cover", "say_decoy", "say_opted_out", "say_erased", "ask_under_18",
        "ask_medical", "ask_stranded", "ask_safe_word", "ask_duress_word",
    } <= set(SAFETY)  # fmt: skip


def test_a_text_without_a_mark_is_a_draft(copy: Path) -> None:
    assert set(read_reviews("fr", copy).values()) == {None}
    assert unreviewed_safety("fr", copy) == list(SAFETY)


def test_a_mark_says_who_read_the_text_and_when_and_leaves_the_rest_of_the_file_alone(copy: Path) -> None:
    path = copy / "fr" / "messages.po"
    before = path.read_text()
    mark_reviewed("fr", ["ask_safe"], by=READER, on=DAY, folder=copy)
    assert read_reviews("fr", copy)["ask_safe"] == Review(READER, DAY)
    assert read_reviews("fr", copy)["ask_danger"] is None
    text = polib.pofile(str(path)).find("ask_safe").msgstr
    mark = f"# reviewed: {READER} 2026-11-01 {fingerprint(text)}\n"
    assert path.read_text().replace(mark, "") == before
    assert not list(path.parent.glob("*.partial"))


def test_reading_again_replaces_the_mark_and_keeps_other_notes_of_translators(copy: Path) -> None:
    change(copy, "fr", lambda catalogue: catalogue.find("ask_safe").__setattr__("tcomment", "Not 'seul'."))
    mark_reviewed("fr", ["ask_safe"], by=READER, on=DAY, folder=copy)
    mark_reviewed("fr", ["ask_safe"], by="Another  Reader", on=DAY.replace(day=2), folder=copy)
    assert read_reviews("fr", copy)["ask_safe"] == Review("Another Reader", DAY.replace(day=2))
    comment = polib.pofile(str(copy / "fr" / "messages.po")).find("ask_safe").tcomment
    assert comment.startswith("Not 'seul'.\nreviewed: ")
    assert comment.count("reviewed:") == 1


def test_a_text_that_changed_after_it_was_read_is_a_draft_again(copy: Path) -> None:
    mark_reviewed("fr", ["ask_safe"], by=READER, on=DAY, folder=copy)
    change(copy, "fr", lambda catalogue: catalogue.find("ask_safe").__setattr__("msgstr", "Autre chose ?"))
    assert read_reviews("fr", copy)["ask_safe"] is None


@pytest.mark.parametrize(
    "mark",
    [
        "reviewed: A. Person 2026-11-01",
        "reviewed: A. Person 2026-11-01 00000000",
        "reviewed: 2026-11-01 {of}",
        "reviewed: A. Person 2026-13-01 {of}",
        "Reviewed by A. Person",
    ],
)
def test_a_mark_that_is_not_whole_counts_for_nothing(copy: Path, mark: str) -> None:
    def write(catalogue: polib.POFile) -> None:
        entry = catalogue.find("ask_safe")
        entry.tcomment = mark.format(of=fingerprint(entry.msgstr))

    change(copy, "fr", write)
    assert read_reviews("fr", copy)["ask_safe"] is None


def test_a_doubtful_text_is_no_reviewed_one(copy: Path) -> None:
    mark_reviewed("fr", ["ask_safe"], by=READER, on=DAY, folder=copy)
    change(copy, "fr", lambda catalogue: catalogue.find("ask_safe").flags.append("fuzzy"))
    assert "ask_safe" in unreviewed_safety("fr", copy)
    with pytest.raises(ReviewError, match="fr: no text to review: ask_safe"):
        mark_reviewed("fr", ["ask_danger", "ask_safe"], by=READER, on=DAY, folder=copy)
    assert read_reviews("fr", copy)["ask_danger"] is None, "all of them or none"


@pytest.mark.parametrize("name", ["", "  ", "x" * 81, "a\u202eb"])
def test_a_mark_needs_a_name(copy: Path, name: str) -> None:
    with pytest.raises(ReviewError, match="needs the name"):
        mark_reviewed("fr", ["ask_safe"], by=name, on=DAY, folder=copy)


def test_a_language_without_a_catalogue_is_named(copy: Path) -> None:
    with pytest.raises(ReviewError, match=r"xx: messages\.po cannot be read"):
        read_reviews("xx", copy)


def test_outside_a_demonstration_a_language_with_drafts_about_safety_is_refused_by_name_and_number(copy: Path) -> None:
    real = read_settings(demonstration=False, languages=("en", "fr"))
    mark_reviewed("en", SAFETY, by=READER, on=DAY, folder=copy)
    mark_reviewed("fr", SAFETY[3:], by=READER, on=DAY, folder=copy)
    with pytest.raises(SettingsError) as caught:
        require_reviewed(real, copy)
    said = str(caught.value)
    assert f"fr (3 of {len(SAFETY)} safety messages)" in said
    assert "en (" not in said
    assert "\n" not in said
    require_reviewed(real.model_copy(update={"demonstration": True}), copy)
    require_reviewed(real.model_copy(update={"languages": ("en",)}), copy)
    mark_reviewed("fr", SAFETY, by=READER, on=DAY, folder=copy)
    require_reviewed(real, copy)


def test_a_language_that_cannot_be_read_is_refused_too(copy: Path) -> None:
    (copy / "fr" / "messages.po").unlink()
    with pytest.raises(SettingsError, match=r"fr: messages\.po cannot be read"):
        require_reviewed(read_settings(demonstration=False, languages=("fr",)), copy)
