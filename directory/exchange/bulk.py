"""Many entries at once."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from directory.records import ServiceRecord
from directory.writing import read_many, write


def read_bulk(session: Session, ids: Sequence[UUID]) -> list[ServiceRecord]:
    """The entries of these ids, in their order."""
    return read_many(session, ids)


def write_bulk(session: Session, group: Sequence[Any], *, by: str, source: str, at: datetime) -> None:
    """Write them."""
    for one in group:
        write(session, one.after, by=by, source=source, at=at)
