"""What the search reads: a row for each need that a published service answers at each of its doors. Triggers keep it true (migration 0014).

Everything that decides whom a service takes, and everything that orders, stands in one row: one query finds the nearest among a million.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, Float, ForeignKey, Identity, Index, String, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.database import Base

DOORS = ("place", "circle", "country", "hotline")
"""How it is reached: somebody goes there; it comes to a circle; by telephone from the whole country; a hotline of the whole country."""


class Findable(Base):
    """One need that one service answers at one door. Never written by hand. Columns as in `Service`, where not said otherwise."""

    __tablename__ = "findable"
    __table_args__ = (
        CheckConstraint(f"door IN ({', '.join(repr(door) for door in DOORS)})", name="door"),
        Index(
            "ix_findable_near",
            "country",
            "need",
            text("on_map(latitude, longitude)"),
            postgresql_using="gist",
            postgresql_where=text("door = 'place'"),
        ),
        Index(
            "ix_findable_reach",
            "country",
            "need",
            text("around_on_map(latitude, longitude, radius_km)"),
            postgresql_using="gist",
            postgresql_where=text("door = 'circle'"),
        ),
        Index("ix_findable_fresh", "country", "need", "door", text("assured_date DESC NULLS LAST"), "service_id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    service_id: Mapped[UUID] = mapped_column(ForeignKey("service.id", ondelete="CASCADE"), index=True)
    location_id: Mapped[UUID | None]
    country: Mapped[str] = mapped_column(String(2))
    need: Mapped[str]
    door: Mapped[str]
    latitude: Mapped[float | None] = mapped_column(Float)
    longitude: Mapped[float | None] = mapped_column(Float)
    """Of the public row of the location: of a confidential one the middle of its area."""
    radius_km: Mapped[float | None] = mapped_column(Float)
    is_confidential: Mapped[bool]
    is_example: Mapped[bool]
    """The service or its organization is invented."""
    reopens: Mapped[date | None]
    """The day on which a temporarily closed service is expected to open again."""
    minimum_age: Mapped[float | None] = mapped_column(Float)
    maximum_age: Mapped[float | None] = mapped_column(Float)
    eligible_sex: Mapped[str]
    eligible_nationalities: Mapped[list[str] | None] = mapped_column(ARRAY(String))
    """Those it is for; None: for every nationality, or not known."""
    legal_status: Mapped[str]
    children_accompanying: Mapped[bool | None]
    languages: Mapped[list[str]] = mapped_column(ARRAY(String))
    hours: Mapped[str]
    """The rules of opening that hold at this door, as `hours.parse` reads them."""
    always: Mapped[bool]
    """Whether one of them is "day and night"."""
    assured_date: Mapped[date | None]


@contextmanager
def filled_once(session: Session) -> Iterator[None]:
    """For the load of thousands of entries: the triggers rest, and everything is filled anew at the end of the block, once.

    Nobody else may change entries meanwhile: the tables of the entries are locked against other writers until the transaction ends.
    """
    session.execute(text("LOCK TABLE service, service_need, service_at_location, location IN SHARE ROW EXCLUSIVE MODE"))
    session.execute(text("SELECT set_config('waymark.findable', 'later', true)"))
    yield
    session.flush()
    rebuild(session)
    session.execute(text("SELECT set_config('waymark.findable', '', true)"))


def rebuild(session: Session) -> None:
    """Every row anew. For a big load, and for whoever has written past the triggers."""
    session.execute(text("DELETE FROM findable"))
    session.execute(text("SELECT fill_findable(ARRAY(SELECT id FROM service))"))
    session.execute(text("ANALYZE findable"))
