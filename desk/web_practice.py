"""Practice: invented cases on the page of a real one. What is typed goes to nobody but the learner (desk/practice)."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response

from cases.models import LEVELS
from core.database import now
from core.settings import Settings
from desk.access import Door, Visit
from desk.bubbles import Meanings
from desk.errors import BadInput, NotFound
from desk.frame import frame
from desk.pages import go, page
from desk.permissions import needs
from desk.practice import results
from desk.practice.lessons import Lesson, lessons
from desk.practice.show import needs_of, view
from desk.words import words

PRACTICE = "/desk/practice"
Field = Annotated[str, Form()]


@dataclass(frozen=True, slots=True)
class PracticePages:
    """Shows practice cases. There is no gateway here: nothing that could send."""

    settings: Settings
    door: Door
    meanings: Meanings

    def listed(self, visit: Visit) -> Response:
        """All of them, with how far the learner is."""
        known = results.kept(visit.session, visit.user)
        rows = [
            (lesson, self._judged(known[lesson.id][0], lesson), known[lesson.id][1])
            if lesson.id in known
            else (lesson, None, None)
            for lesson in lessons().values()
        ]
        return page("practice_list.html", rows=rows, any_kept=bool(known), **frame(visit, current=PRACTICE))

    def one(
        self, visit: Visit, lesson: Lesson, *, answer: results.Answer | None = None, status: int = 200, error: str = "",
        **typed: Any,
    ) -> Response:  # fmt: skip
        """One case: to be answered, or with what the answer is compared with."""
        return page(
            "practice.html",
            status=status,
            view=view(lesson, self.meanings, now(), solved=answer is not None),
            lesson=lesson,
            levels=LEVELS,
            answer=answer,
            verdict=self._judged(answer, lesson) if answer else None,
            needs=needs_of(lesson, words()),
            error=error,
            typed={"level": "", "first": "", "text": ""} | typed,
            **frame(visit, current=PRACTICE),
        )

    def _judged(self, answer: results.Answer, lesson: Lesson) -> results.Verdict:
        return results.judge(answer, lesson, self.meanings.wording, self.settings, words())


def add_routes(router: APIRouter, pages: PracticePages) -> None:
    """The list, one case, its answer, and forgetting the answers."""

    @router.get("/practice")
    @needs("practice.use")
    def show_practice(request: Request) -> Response:
        with pages.door.visit(request) as visit:
            return pages.listed(visit)

    @router.post("/practice/results/forget")
    @needs("practice.use", logs="practice_forgotten")
    def forget(request: Request) -> Response:
        with pages.door.visit(request) as visit:
            results.forget(visit.session, visit.user)
        return go(PRACTICE)

    @router.get("/practice/{lesson}")
    @needs("practice.use")
    def show_lesson(request: Request, lesson: str, answered: str = "") -> Response:
        found = _found(lesson)
        with pages.door.visit(request) as visit:
            known = results.kept(visit.session, visit.user).get(lesson) if answered else None
            return pages.one(visit, found, answer=known[0] if known else None)

    @router.post("/practice/{lesson}")
    @needs("practice.use", logs="practised")
    def answer(request: Request, lesson: str, level: Field = "", first: Field = "", text: Field = "") -> Response:
        found = _found(lesson)
        with pages.door.visit(request) as visit:
            try:
                given = results.read(found, level, first, text)
            except BadInput as fault:
                said = words().say(fault.key)
                return pages.one(visit, found, status=422, error=said, level=level, first=first, text=text)
            results.keep(visit.session, visit.user, found, given)
        return go(f"{PRACTICE}/{lesson}?answered=yes")


def _found(lesson: str) -> Lesson:
    try:
        return lessons()[lesson]
    except KeyError:
        raise NotFound from None
