"""A client that sends forms as a browser does that was shown them: with the token of the page."""

from http.cookies import SimpleCookie

import httpx

from desk.form_tokens import HEADER, token_of

COOKIES = ("waymark_form", "__Host-waymark_form")


def fill_in_tokens[Client: httpx.Client](client: Client) -> Client:
    """Each form that the client sends carries its token: of its cookie, on pages behind a link of the link."""
    client.cookies.set(COOKIES[0], "a-secret-of-this-browser")
    client.event_hooks["request"].append(_fill_in)
    return client


def _fill_in(request: httpx.Request) -> None:
    # As a page would have it: what a test says itself stays.
    if request.method == "POST" and HEADER not in request.headers:
        request.headers[HEADER] = token_of(secret_of(request))


def secret_of(request: httpx.Request) -> str:
    """What the tokens of the page are made from."""
    if request.url.path.startswith(("/confirm/", "/referral/")):
        return request.url.path.rsplit("/", 1)[1]
    sent = SimpleCookie(request.headers.get("cookie", ""))
    return next((sent[name].value for name in COOKIES if name in sent), "")
