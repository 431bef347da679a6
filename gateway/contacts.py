"""Addresses and numbers in a text: what leads somewhere when it is tapped, and tells where it was meant to lead when it is read."""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache

from babel import Locale

from core.digits import to_ascii_digits

_WIDE = {
    "com", "org", "net", "info", "biz", "int", "gov", "edu", "mil", "app", "dev", "io", "ai", "me", "co", "ly", "gl",
    "gd", "to", "cc", "tv", "ws", "xyz", "top", "site", "online", "link", "click", "live", "page", "shop", "store",
    "club", "pro", "name", "mobi", "asia", "tel", "help", "ngo", "ong", "foundation", "charity", "social", "chat",
    "news", "blog", "web", "cloud", "tech", "space", "world", "today", "wiki", "bio", "рф", "бел", "укр", "қаз",
    "بھارت", "عرب", "المغرب", "السعودية", "مصر", "موقع", "شبكة", "বাংলা", "ভারত", "ລາວ", "ไทย", "中国", "eu", "uk",
    "su", "ac",
}  # fmt: skip
"""Endings of names on the internet beside those of the countries."""
_LABEL = r"[^\W_](?:[\w\u0900-\u0dff\u0e80-\u0eff-]{0,61})"
_DOMAIN = re.compile(rf"(?<![\w.])((?:{_LABEL}\.)+)([^\W\d_][\w\u0900-\u0dff\u0e80-\u0eff-]{{1,23}})")
_SCHEME = re.compile(r"(?i)\b(?:[a-z][a-z0-9+.-]{1,15}://|www\.|mailto:|tel:|sms:)\S+")
_FOUR_NUMBERS = re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])(?:[:/]\S*)?")
_DATE = re.compile(
    r"(?<!\d)(?<!\d[-./])"
    r"(?:\d{4}[-./]\d{1,2}[-./]\d{1,2}|\d{1,2}[-./]\d{1,2}[-./]\d{2,4}|\d{1,2}[.:h]\d{2}\s?[-\u2013]\s?\d{1,2}[.:h]\d{2})"
    r"(?![-./]?\d)"
)
"""Days, and spans of time such as 09.00-12.30."""
_NUMBER = re.compile(r"(?<![\w])\+?\(?\d(?:[ .()/\u2010-\u2013-]{0,2}\d)+")
PHONE_DIGITS = 7
"""A number of so many digits can be called from afar; what is shorter is a time, an amount, a year."""


def find_links(text: str, allowed: Iterable[str] = ()) -> list[str]:
    """Addresses in a text that are not on the list, with or without `https://` before them."""
    allowed = tuple(entry.lower().split("://")[-1].rstrip("/") for entry in allowed)
    found = []
    for chunk in unicodedata.normalize("NFKC", text).split():
        hosts = [match for match in _DOMAIN.finditer(chunk) if _is_domain(match)]
        if hosts:
            # Every name in the address must be allowed: "https://ours.example@theirs.example" leads to theirs.
            if not all(_allowed(chunk[match.start() :], match[0], allowed) for match in hosts):
                found.append(chunk)
        elif _SCHEME.search(chunk) or _FOUR_NUMBERS.search(to_ascii_digits(chunk)):
            found.append(chunk)
    return found


def find_phone_numbers(text: str) -> list[str]:
    """Runs of digits, in any script, that are long enough to be called. Dates are none."""
    plain = _DATE.sub(" ", to_ascii_digits(unicodedata.normalize("NFKC", text)))
    return [found for found in numbers_in(plain) if len(found) >= PHONE_DIGITS]


MASK = "#"
"""What stands in place of a number that could be called."""


def without_numbers(text: str) -> str:
    """The text with a mark in place of each number that is long enough to be called. Dates stay."""
    kept: list[str] = []
    end = 0
    for start, stop in _called(text):
        kept += [text[end:start], MASK]
        end = stop
    return "".join([*kept, text[end:]])


def numbers_to_call(text: str) -> list[str]:
    """The numbers that can be called, as they were written."""
    return [text[start:stop] for start, stop in _called(text)]


def _called(text: str) -> list[tuple[int, int]]:
    plain = to_ascii_digits(text)
    if len(plain) != len(text):  # a digit is one sign in every script; were it not, the places would be wrong
        return []
    dates = [match.span() for match in _DATE.finditer(plain)]
    return [
        match.span()
        for match in _NUMBER.finditer(plain)
        if sum(sign.isdigit() for sign in match[0]) >= PHONE_DIGITS
        and not any(start < match.end() and match.start() < stop for start, stop in dates)
    ]


def numbers_in(text: str) -> list[str]:
    """The numbers of a text as bare digits: `+1 (500) 555-0101` is `15005550101`."""
    plain = to_ascii_digits(unicodedata.normalize("NFKC", text))
    lines = (match[0] for line in plain.splitlines() for match in _NUMBER.finditer(line))
    return ["".join(sign for sign in each if sign.isdigit()) for each in lines]


def _is_domain(match: re.Match[str]) -> bool:
    ending = match[2]
    # "I am here.It is fine": a sentence begins behind the dot, no address.
    if ending[0].isupper() and ending[1:].islower() and ending.lower() not in _WIDE:
        return False
    return ending.lower() in _endings() or ending.lower().startswith("xn--")


def _allowed(address: str, host: str, allowed: tuple[str, ...]) -> bool:
    host, rest = host.lower(), address[len(host) :].lower()
    for entry in allowed:
        name, _, path = entry.partition("/")
        if host != name and not host.endswith(f".{name}"):
            continue
        if rest[:1] not in ("", "/", "?", "#", ".", ",", ";", "!", ")", "؟", "،", "।"):
            continue
        if not path or re.match(rf"/{re.escape(path)}(?![\w-])", rest):
            return True
    return False


@cache
def _endings() -> frozenset[str]:
    known = map(str, Locale("en").territories)
    countries = (code.lower() for code in known if len(code) == 2 and code.isalpha())
    return frozenset([*countries, *_WIDE])
