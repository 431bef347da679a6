"""How often one address of the network may try to get in: whoever tries many names, or many links, waits although each name is fresh.

The limit is wide, because a whole office may share an address. Only a keyed hash of the address is kept, for ten minutes.
"""

from datetime import timedelta

from fastapi import Request
from sqlalchemy import case, delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core.database import Sessions, now
from core.encryption import cipher
from core.settings import Settings
from desk.models import AddressWindow

WINDOW = timedelta(minutes=10)


def wait_of(request: Request, sessions: Sessions, settings: Settings) -> timedelta:
    """Count this try; zero when it may be made, else how long to wait. In a transaction of its own: what follows may be undone."""
    with sessions.begin() as session:
        return _count(session, address_of(request), settings.sign_ins_per_address)


def address_of(request: Request) -> str:
    """Where a request comes from, as the network says it."""
    return request.client.host if request.client else ""


def _count(session: Session, address: str, most: int) -> timedelta:
    at = now()
    session.execute(delete(AddressWindow).where(AddressWindow.began_at < at - WINDOW))
    row = insert(AddressWindow).values(
        address_hash=cipher().find_hash(address, purpose="sign-in-address"), began_at=at, count=1
    )
    over = AddressWindow.began_at < at - WINDOW
    began, count = session.execute(
        row.on_conflict_do_update(
            index_elements=[AddressWindow.address_hash],
            set_={
                "count": case((over, 1), else_=AddressWindow.count + 1),
                "began_at": case((over, at), else_=AddressWindow.began_at),
            },
        ).returning(AddressWindow.began_at, AddressWindow.count)
    ).one()
    return began + WINDOW - at if count > most else timedelta(0)
