"""A practice case as the page of a real one shows it: the same view, filled from a file. No row of the database is read for it."""

import re
from datetime import datetime, timedelta
from uuid import NAMESPACE_URL, UUID, uuid5

from cases.service import Screening
from desk import plain
from desk.bubbles import Bubble, Meanings, Thread
from desk.casepage import CaseView
from desk.practice.lessons import Lesson
from desk.words import Words
from gateway.numerals import pick, read_numbers
from screening.questions import Question, questionnaire

_FIELD = re.compile(r"\{[^{}]*\}")
_OPTION = re.compile(r"^\d+ ", re.MULTILINE)
HIDDEN = "hidden"
"""Stands for the level and the rules until the learner has said what they think: a key `level_hidden` of the words."""
STEP = timedelta(minutes=1)


def view(lesson: Lesson, meanings: Meanings, at: datetime, *, solved: bool) -> CaseView:
    """The case as its holder sees it; level and rules are shown once it is solved."""
    words = meanings.words
    told = Screening(list(lesson.result.rules), list(lesson.result.needs), dict(lesson.answers))
    rules = plain.rules(told, words)
    began = at - STEP * (len(lesson.turns) + 5)
    allowed = lesson.answers.get("contact")
    return CaseView(
        id=_id(lesson, "case"),
        reference=words.say("practice_reference", number=lesson.number),
        level=lesson.result.level if solved else HIDDEN,
        reason=rules[0].words if solved else words.say("practice_reason"),
        facts=[words.language(lesson.language), words.say(f"channel_{lesson.channel}"), words.say("practice_nobody")],
        opened_at=at - STEP * 5,
        holding="me",
        held_by=words.say("held_by_you"),
        why_not="",
        target="",
        overdue=False,
        warnings=plain.warnings(lesson.answers, words),
        needs=plain.needs(told, words),
        country=plain.country(told, words),
        place=plain.place(told),
        answers=plain.answers(told, words),
        rules=rules if solved else [plain.FiredRule("?", HIDDEN, words.say("practice_rules"))],
        other_number="",
        consents=[],
        referrals=[],
        notes=[],
        events=[],
        thread=Thread(_bubbles(lesson, meanings, began), older=False, last_inbound="", version=""),
        paused="",
        plan=plain.contact_plan(allowed, lesson.language, told, words),
        hold="",
        reply_hint=words.say("reply_hint", language=words.language(lesson.language)),
        reply_warnings=[words.say(f"reply_contact_{allowed}")] if allowed in ("later", "no") else [],
        colleagues=[],
        practice=True,
    )


def _bubbles(lesson: Lesson, meanings: Meanings, began: datetime) -> list[Bubble]:
    found: list[Bubble] = []
    asked: tuple[Question, int] | None = None
    for place, turn in enumerate(lesson.turns):
        at = began + STEP * place
        if turn.person is not None:
            picked = _picked(turn.person, asked, meanings)
            found.append(_bubble(lesson, len(found), at, turn.person, meanings, picked=picked))
            asked = None
        for text in turn.bot:
            question = _question(lesson.language, text, meanings)
            asked = (question, len(_OPTION.findall(text))) if question else asked
            found.append(_bubble(lesson, len(found), at, text, meanings, question=question, theirs=False))
    return found


def _bubble(
    lesson: Lesson, number: int, at: datetime, text: str, meanings: Meanings, *,
    picked: str | None = None, question: Question | None = None, theirs: bool = True,
) -> Bubble:  # fmt: skip
    words = meanings.words
    foreign = question is not None and lesson.language != meanings.language
    return Bubble(
        id=_id(lesson, str(number)), author="person" if theirs else "bot", side="theirs" if theirs else "ours", name=None,
        at=at, language=words.language(lesson.language), lang=lesson.language, text=_FIELD.sub("…", text), choices=(),
        picked=picked, meaning=meanings.text(question.message) if question and foreign else None,
        meaning_lang=meanings.language, translation=None, attachment=None,
        status=None if theirs else words.say("status_delivered"), error=None, failed=False, resend="",
    )  # fmt: skip


def _question(language: str, text: str, meanings: Meanings) -> Question | None:
    """Which question a recorded text asks; what SMS cannot carry was left out of it."""
    wording = meanings.wording
    for question in questionnaire().questions:
        try:
            template = wording.template(language, question.message)
        except KeyError:
            continue
        if text.startswith((template, wording.plain(language, template))):
            return question
    return None


def _picked(text: str, asked: tuple[Question, int] | None, meanings: Meanings) -> str | None:
    """What digits picked, where the lines stand for the values of the questionnaire one by one."""
    if asked is None or asked[1] != len(asked[0].values):
        return None
    question, count = asked
    positions = pick(read_numbers(text), count, multiple=question.multiple)
    labels = [label for one in positions or [] if (label := meanings.text(question.values[one].label))]
    return meanings.words.say("list_separator").join(labels) or None


def _id(lesson: Lesson, part: str) -> UUID:
    return uuid5(NAMESPACE_URL, f"practice {lesson.id} {part}")


def needs_of(lesson: Lesson, words: Words) -> list[str]:
    """The needs by name: what to look for in the directory where the bot showed nothing."""
    told = Screening([], list(lesson.result.needs), {})
    return plain.needs(told, words)
