"""What the frame around every page shows: who is signed in, where they may go, emergencies of their teams."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from desk.access import Visit
from desk.permissions import HasRoles, may
from desk.queue import untaken_emergencies


@dataclass(frozen=True, slots=True)
class Entry:
    """A page that the header leads to."""

    path: str
    word: str
    """Key of its name."""
    permission: str
    """What the page needs: whoever lacks it is not led there."""


ENTRIES = (
    Entry("/desk", "nav_queue", "queue.read"),
    Entry("/desk/directory", "nav_directory", "directory.read"),
    Entry("/desk/people", "nav_people", "people.manage"),
    Entry("/desk/teams", "nav_teams", "teams.manage"),
    Entry("/desk/rota", "nav_rota", "rota.read"),
    Entry("/desk/practice", "nav_practice", "practice.use"),
    Entry("/desk/audit", "nav_audit", "audit.read"),
    Entry("/desk/complaints", "nav_complaints", "complaint.read"),
    Entry("/desk/settings", "nav_settings", "settings.read"),
    Entry("/desk/statistics", "nav_statistics", "statistics.read"),
)
"""In the order of the header. The first that a user may open is where they land after signing in."""


def entries(user: HasRoles) -> list[Entry]:
    """The pages this user may open."""
    return [entry for entry in ENTRIES if may(user, entry.permission)]


def home(user: HasRoles) -> str:
    """Where the user lands: their first page."""
    return next((entry.path for entry in entries(user)), "/desk/account")


def frame(visit: Visit, case_id: UUID | None = None, *, current: str = "") -> dict[str, Any]:
    """Values for `signed_in.html`; `current` is the path of the header's entry that the page belongs to."""
    reads_queue = may(visit.user, "queue.read")
    return {
        "user": visit.user,
        "entries": entries(visit.user),
        "current": current,
        "emergencies": untaken_emergencies(visit.session, visit.user) if reads_queue else [],
        # Whoever reads no case hears of none, not even that something happened.
        "live_url": (f"/desk/live?case={case_id}" if case_id else "/desk/live") if reads_queue else None,
    }
