# ruff: noqa: E501 - examples stand on their own lines
"""Every parser of outside input, with examples of what it reads and the errors that it may answer with."""

import io
import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from unittest.mock import patch
from uuid import UUID

from pydantic import ValidationError

from app import sealed_files
from app.sealed_files import SealedFileError, SealedReader
from core.catalogues import Catalogues
from core.digits import read_numbers
from core.encryption import Cipher, DecryptionError, StaticKeys
from core.languages import load_languages
from core.settings import PROJECT, SettingsError, read_settings
from core.turns import Choice, TurnReply
from core.writing import tokens
from desk.access import safe_next
from directory.errors import DirectoryError
from directory.exchange import from_hsds, template
from directory.exchange.hours_grammar import HoursError, parse
from directory.hsds.parameters import accepted_languages
from gateway.addresses import parse_address
from gateway.check import Draft, check
from gateway.errors import Unusable
from gateway.form import Form
from gateway.reading import Inbound, Question, read
from gateway.receive import understand
from gateway.rejected import Request
from gateway.signature import SignatureCheck
from gateway.wording import CatalogueWording
from screening.errors import FactError
from screening.phrases import find_alarm
from screening.triage import triage

LANGUAGES = ("en", "fr", "ar", "bn", "es", "pt", "ru", "lo")


@dataclass(frozen=True, slots=True)
class Target:
    """One parser: what it is given, examples, and the errors that are an answer."""

    name: str
    run: Callable[[bytes], object]
    seeds: tuple[bytes, ...]
    answers: tuple[type[BaseException], ...] = ()


def text(data: bytes) -> str:
    """As it would come in a form: bytes that are no UTF-8 become lone surrogates."""
    return data.decode("utf-8", "surrogateescape")


@lru_cache(maxsize=1)
def _settings() -> Any:
    return read_settings(twilio_auth_token="token", public_url="https://line.example", languages=LANGUAGES)  # noqa: S106 - nobody's


@lru_cache(maxsize=1)
def _wording() -> Any:
    return CatalogueWording(load_languages(LANGUAGES), Catalogues.load(PROJECT / "locale", LANGUAGES))


def _webhook(data: bytes) -> object:
    form = Form.parse(data)
    SignatureCheck(_settings()).check("/twilio/messages", "", form, "x")
    return understand(form)


def _reading(data: bytes) -> object:
    body = text(data)
    question = Question(
        "safe", (Choice(value="yes", label="choice_yes"), Choice(value="no", label="choice_no")), multiple=False
    )
    meaning = read(Inbound("text", body), question, "en", _wording())
    return meaning, find_alarm(body, LANGUAGES), read_numbers(body), tokens(body)


def _check(data: bytes) -> object:
    return check(Draft(text(data), sms=True), _wording(), _settings())


def _file(read_path: Callable[[Path], Any]) -> Callable[[bytes], object]:
    def run(data: bytes) -> object:
        with tempfile.NamedTemporaryFile() as file:
            file.write(data)
            file.flush()
            return sum(1 for _ in read_path(Path(file.name)))

    return run


def _backup(data: bytes) -> object:
    # What a guess at the passphrase costs would be all that is measured here.
    with patch.object(sealed_files, "_SCRYPT_N", 16):
        return [
            (name, sum(map(len, pieces))) for name, pieces in SealedReader(io.BytesIO(data), "passphrase").sections()
        ]


def _triage(data: bytes) -> object:
    answers = json.loads(data)
    return triage(answers) if isinstance(answers, dict) else None


TARGETS: tuple[Target, ...] = (
    Target(
        "webhook",
        _webhook,
        (
            b"MessageSid=SM1&From=%2B15005550010&To=%2B15005550006&Body=hello&NumMedia=0",
            b"MessageSid=SM2&From=whatsapp%3A%2B15005550010&To=whatsapp%3A%2B15005550006&ButtonPayload=safe:yes&ButtonText=Yes",
            b"MessageSid=MM3&From=%2B15005550010&To=%2B15005550006&NumMedia=2&MediaContentType0=image/jpeg&Latitude=1&Longitude=2",
            b"MessageSid=SM4&From=MYBANK&To=%2B15005550006&OptOutType=STOP&Body=%D9%85%D8%B1%D8%AD%D8%A8%D8%A7",
        ),
        (Unusable,),
    ),
    Target("address", lambda data: parse_address(text(data), role="from"), (b"+15005550010", b"whatsapp:+15005550010", b"MYBANK", b"12345"), (Unusable,)),
    Target("reading", _reading, (b"1", "১ and ٢".encode(), b"yes please", "он убьёт меня".encode(), b"he has a knife", b"2, 3", b"0", b"call me on 0612345678")),
    Target("check", _check, (b"Call 112 now", b"https://example.org/x", b"You will get papers", "٠٦١٢٣٤٥٦٧٨".encode())),
    Target("reply", lambda data: TurnReply.model_validate(json.loads(data)), (
        b'{"turn_id": "00000000-0000-0000-0000-000000000000", "understood": {"intent": "x", "confidence": 0.5}, "output": [{"say": "say_intro", "values": {"a": 1}}]}',
        b'{"turn_id": "00000000-0000-0000-0000-000000000000", "understood": {"intent": "x", "confidence": 1}, "output": [{"do": "hand_over", "reason": "danger", "level": "E"}]}',
    ), (ValidationError, ValueError, RecursionError)),
    Target("triage", _triage, (b'{"danger": "yes", "papers": "no"}', b'{"child_alone": "unsure"}'), (ValueError, RecursionError, FactError)),
    Target("hours", lambda data: parse(text(data), "Africa/Casablanca"), (
        b"Mo-Fr 09:00-17:00; Sa 10:00-12:00,14:00-16:00", b"2026-12-25 off; Mo 22:00-02:00 [Europe/Paris]", b"24/7", b"1st Mo 09:00-10:00 from 2026-01-01",
    ), (HoursError,)),
    Target("import csv", _file(lambda path: template.read(path, "csv")), (
        b"name,organization,country,hours\nClinic,Org,MA,Mo-Fr 09:00-17:00\n", "name;organization\nÉcole;Org\n".encode("cp1252"),
        b"\xef\xbb\xbfname\torganization\n=1+1\tOrg\n",
    ), (DirectoryError,)),
    Target("import xlsx", _file(lambda path: template.read(path, "xlsx")), (), (DirectoryError,)),
    Target("import hsds", _file(from_hsds.read), (
        b'[{"id": "x", "name": "Clinic", "organization": {"name": "Org"}, "schedules": [{"byday": "MO", "opens_at": "09:00"}]}]',
        b'{"contents": [{"name": "Clinic", "phones": [{"number": "+212"}]}]}', b'{"name": "a"}\n{"name": "b"}\n',
    ), (DirectoryError,)),
    Target("languages asked for", lambda data: accepted_languages(text(data)), (b"fr-CH, fr;q=0.9, en;q=0.8, *;q=0.5",)),
    Target("where next", lambda data: _inside(text(data)), (b"/desk/cases/1", b"//evil.example", b"https://evil.example/desk", b"/desk/../x", b"/desk\\evil")),
    Target("kept request", lambda data: Request.load(text(data)), (b'{"path": "/x", "query": "", "body": "a", "signature": null}',), (ValueError, KeyError, TypeError, AttributeError, RecursionError)),
    Target("envelope", lambda data: _CIPHER.open(data, place="t.c.1"), (), (DecryptionError, UnicodeDecodeError)),
    Target("backup file", _backup, (b"WMB1" + bytes(16) + b"\x00\x00\x00\x20" + bytes(32),), (SealedFileError,)),
    Target("keys", lambda data: StaticKeys.parse(text(data)), (b"k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",), (SettingsError,)),
)  # fmt: skip

_CIPHER = Cipher(StaticKeys({"k": bytes(32)}, "k"), bytes(32))


def _inside(target: str) -> str:
    """Wherever one is sent after signing in, it is a page of the console."""
    found = safe_next(target)
    if not found.startswith("/desk") or found.startswith("//"):
        raise AssertionError("led outside the console")
    return found


def seeds_of(target: Target) -> list[bytes]:
    """Its examples; for sealed and packed formats, made ones."""
    if target.name == "envelope":
        return [_CIPHER.seal("hello", place="t.c.1"), bytes([2]) + UUID(int=1).bytes + bytes(40)]
    if target.name == "import xlsx":
        from openpyxl import Workbook  # noqa: PLC0415 - only this target needs it

        book = Workbook()
        book.active.append(["name", "organization", "hours"])
        book.active.append(["Clinic", "Org", "Mo 09:00-10:00"])
        out = io.BytesIO()
        book.save(out)
        return [out.getvalue()]
    return list(target.seeds)
