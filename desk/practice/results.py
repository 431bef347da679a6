"""What a learner answered, kept encrypted for them alone, and how it compares with what a supervisor would look for."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from cases.models import LEVELS, User
from core.settings import Settings
from desk.errors import BadInput
from desk.models import PracticeResult
from desk.practice.lessons import Lesson
from desk.warned import Warned, warn
from desk.words import Words
from gateway.check import Draft, check
from gateway.segments import count_segments
from gateway.wording import Wording

LONGEST = 4000


@dataclass(frozen=True, slots=True)
class Answer:
    """How urgent somebody thought it was, what they would do first, what they would write."""

    level: str
    first: str
    text: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """The comparison. `level` is right, low or high; `found` is what the check of outgoing texts says, `segments` 0 outside SMS."""

    level: str
    first: bool
    found: list[Warned]
    segments: int


def read(lesson: Lesson, level: str, first: str, text: str) -> Answer:
    """What a form says. Raises BadInput."""
    text = text.replace("\r\n", "\n").strip()
    if level not in LEVELS or first not in lesson.choices or not 0 < len(text) <= LONGEST:
        raise BadInput("practice_incomplete")
    return Answer(level, first, text)


def judge(answer: Answer, lesson: Lesson, wording: Wording, settings: Settings, words: Words) -> Verdict:
    """Compare; nothing is kept of it."""
    by_sms = lesson.channel == "sms"
    findings = check(Draft(answer.text, sms=by_sms, said=lesson.said), wording, settings)
    given, right = LEVELS.index(answer.level), LEVELS.index(lesson.result.level)
    return Verdict(
        level="right" if given == right else "low" if given > right else "high",
        first=answer.first in lesson.right,
        found=warn(findings, answer.text, words).found,
        segments=count_segments(answer.text).segments if by_sms else 0,
    )


def keep(session: Session, user: User, lesson: Lesson, answer: Answer) -> None:
    """The last answer to each case stands; the one before is gone."""
    session.execute(delete(PracticeResult).where(PracticeResult.user_id == user.id, PracticeResult.lesson == lesson.id))
    row = PracticeResult(user_id=user.id, lesson=lesson.id)
    row.answer = json.dumps(asdict(answer), ensure_ascii=False)
    session.add(row)
    session.flush()


def kept(session: Session, user: User) -> dict[str, tuple[Answer, datetime]]:
    """The user's own answers, by practice case. There is no other way to read them."""
    rows = session.execute(select(PracticeResult).where(PracticeResult.user_id == user.id)).scalars()
    return {row.lesson: (Answer(**json.loads(row.answer)), row.at) for row in rows if row.answer}


def forget(session: Session, user: User) -> None:
    """The learner wants none of it kept."""
    session.execute(delete(PracticeResult).where(PracticeResult.user_id == user.id))
