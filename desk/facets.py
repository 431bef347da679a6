"""Country and needs of open cases, for the filters of the queue. They are encrypted and stand nowhere else: every case is opened for it.

So what was found is remembered for some minutes, as keys are (core/person_keys.py): a page that keeps itself fresh would open ten thousand
cases each time. It is found again by the seal of its envelope: what was told since, or erased, is another one or none.
"""

import json
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import batched
from threading import Lock
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from cases.models import Case, User
from cases.teams import in_teams_of
from core.encryption import cipher, fetch_keys

CHUNK = 1000
"""Cases opened with one query for their envelopes and one for their keys; fewer than keys that are remembered."""
SECONDS, REMEMBERED = 600.0, 50_000
_SEAL = 16
"""Bytes at the end of an envelope that no other envelope has."""


@dataclass(frozen=True, slots=True)
class Facets:
    """What a case can be filtered by. `seal`: of the envelope that it was read from."""

    seal: bytes
    since: float
    country: str | None
    needs: frozenset[str]


_known: OrderedDict[UUID, Facets] = OrderedDict()
_lock = Lock()


def open_cases(session: Session, user: User, *, need: str, country: str) -> list[UUID]:
    """Ids of the open cases of the user's teams that have both; an empty one asks for nothing."""
    return [
        case_id
        for case_id, facets in _all(session, user)
        if (not need or need in facets.needs) and (not country or country == facets.country)
    ]


def forget() -> None:
    """Remember nothing, as after a start."""
    with _lock:
        _known.clear()


def _all(session: Session, user: User) -> list[tuple[UUID, Facets]]:
    length = func.octet_length(Case.screening_encrypted)
    seal: ColumnElement[bytes] = func.substr(Case.screening_encrypted, length - (_SEAL - 1))
    rows = session.execute(
        select(Case.id, seal).where(Case.state == "open", in_teams_of(user.id), Case.screening_encrypted.is_not(None))
    ).all()
    now = time.monotonic()
    found: list[tuple[UUID, Facets]] = []
    new: list[UUID] = []
    with _lock:
        while _known and now - next(iter(_known.values())).since > SECONDS:
            _known.popitem(last=False)
        for case_id, mark in rows:
            facets = _known.get(case_id)
            if facets is not None and facets.seal == bytes(mark):
                found.append((case_id, facets))
            else:
                new.append(case_id)
    for ids in batched(new, CHUNK):
        found += _opened(session, ids, now)
    return found


def _opened(session: Session, ids: Sequence[UUID], now: float) -> list[tuple[UUID, Facets]]:
    rows = session.execute(select(Case.id, Case.screening_encrypted).where(Case.id.in_(ids))).all()
    envelopes = [(case_id, bytes(envelope)) for case_id, envelope in rows if envelope is not None]
    fetch_keys(session, [envelope for _, envelope in envelopes])
    found = []
    for case_id, envelope in envelopes:
        place = f"{Case.__tablename__}.{Case.screening.column}.{case_id}"
        told = json.loads(cipher().open(envelope, place=place))
        country = told.get("answers", {}).get("country")
        facets = Facets(envelope[-_SEAL:], now, country, frozenset(told.get("needs", ())))
        found.append((case_id, facets))
    with _lock:
        for case_id, facets in found:
            _known[case_id] = facets
            _known.move_to_end(case_id)
        while len(_known) > REMEMBERED:
            _known.popitem(last=False)
    return found
