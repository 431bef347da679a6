"""The language of the console's pages, chosen on any of them and before signing in: kept in the browser, not in the account."""

from datetime import timedelta
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Response

from desk.access import Door, safe_next
from desk.pages import go
from desk.permissions import PUBLIC, needs
from desk.words import COOKIE, LANGUAGES

Field = Annotated[str, Form()]
KEPT = timedelta(days=365)


def add_routes(router: APIRouter, door: Door) -> None:
    """Choosing a language; it leads back to the page it was chosen on."""

    @router.post("/language")
    @needs(PUBLIC)
    def choose_language(language: Field = "", back: Field = "/desk") -> Response:
        answer = go(_back(back))
        if language in LANGUAGES:
            answer.set_cookie(
                COOKIE, language, max_age=int(KEPT.total_seconds()), path="/desk", secure=door.secure, httponly=True,
                samesite="strict",
            )  # fmt: skip
        return answer


def _back(target: str) -> str:
    parts = urlsplit(target)
    if parts.path == "/desk/sign-in":
        return parts.path
    path = safe_next(target)
    if parts.scheme or parts.netloc:
        return path
    return f"{path}?{parts.query}" if path == parts.path and parts.query else path
