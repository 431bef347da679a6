"""Pages and fragments from templates: escaped always, undefined names are errors, static files carry the hash of what they hold."""

import hashlib
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import FileResponse

from desk.access import HEADERS, asked_path
from desk.form_tokens import TokenInForms, form_field, form_token
from desk.words import LANGUAGES, words

HERE = Path(__file__).parent


@cache
def static_files() -> dict[str, Path]:
    """The files a page may load, by name. htmx is served by us: no foreign address sees who works here."""
    spec = find_spec("django_htmx")
    if spec is None or spec.origin is None:
        raise RuntimeError("the package django-htmx, which carries htmx, is not installed")
    htmx = Path(spec.origin).parent / "static" / "django_htmx" / "htmx-2.min.js"
    return {path.name: path for path in sorted((HERE / "static").iterdir())} | {"htmx.js": htmx}


@cache
def static_url(name: str) -> str:
    """Address of a static file; it changes with its content, so that nobody works with yesterday's script."""
    digest = hashlib.sha256(static_files()[name].read_bytes()).hexdigest()[:12]
    return f"/desk/static/{digest}/{name}"


def mount_static(web: FastAPI) -> None:
    """Serve the static files. They hold nothing of anybody and need no sign-in."""

    @web.get(PUSH_WORKER, include_in_schema=False)
    def push_worker() -> Response:
        # Without the header it could only be asked about static files: a touch on a notice finds the page of the desk that is open.
        headers = {**HEADERS, "Cache-Control": "no-cache", "Service-Worker-Allowed": "/desk/"}
        return FileResponse(static_files()["push-worker.js"], headers=headers, media_type="text/javascript")

    @web.get("/desk/static/{digest}/{name}", include_in_schema=False)
    def static(digest: str, name: str) -> Response:
        path = static_files().get(name)
        if path is None:
            return Response(status_code=404)
        fresh = static_url(name).split("/")[3] == digest
        caching = "public, max-age=31536000, immutable" if fresh else "no-cache"
        return FileResponse(path, headers={**HEADERS, "Cache-Control": caching})


PUSH_WORKER = "/desk/static/push-worker.js"
"""Where the worker of notices is served: always the same address, or a browser would keep the old one beside the new."""


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=[TokenInForms],
    )
    environment.globals |= {"static": static_url, "page_languages": LANGUAGES, "sso": False}
    environment.globals |= {"form_field": form_field, "form_token": form_token}
    return environment


FAULT = 400


def page(template: str, *, status: int = 200, headers: dict[str, str] | None = None, **values: Any) -> HTMLResponse:
    """A page or a fragment of one, in the language of whoever asks (desk/words.py)."""
    console = words()
    # What was asked in vain is not repeated: somebody may have typed a name into the address.
    here = asked_path() if status < FAULT else "/desk"
    shown = {"t": console.say, "words": console, "here": here, **values}
    return HTMLResponse(_environment().get_template(template).render(**shown), status_code=status, headers=headers)


def go(path: str) -> RedirectResponse:
    """After a change: to a page that can be reloaded without doing it again."""
    return RedirectResponse(path, status_code=303)


def wants_fragment(request: Request) -> bool:
    """Whether htmx asks, and a part of the page is enough."""
    return request.headers.get("hx-request") == "true"
