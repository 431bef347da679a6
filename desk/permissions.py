"""Who may do what at the desk: one table, from a permission to the roles that have it. Nothing else decides it.

Every route of the desk names the permission it needs, and one that names none does not start:

    @router.get("/directory")
    @needs("directory.read")
    def show_directory(request: Request) -> Response:
        with door.visit(request) as visit:
            ...

The door (desk/access.py) checks session and permission before a form is read. Inside a page, what to show is asked with
`may(visit.user, "directory.edit")`. A new permission is one row here; a page that belongs into the header is one row of `desk/frame.py`.
`docs/reference/permissions.md` is written from this table by `python -m app.reference`, and the test
tests/integration/desk/test_desk_permissions.py derives the matrix of all routes and roles from the application and asks for every cell.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from cases.models import ROLES

PUBLIC = "public"
"""The few pages for somebody who is not signed in yet. A name of its own: it must be written down, not forgotten."""
BEGIN = "account.begin"
"""Pages that finish a sign-in: whoever has a session, although password or second factor are still missing."""

_EVERYBODY = frozenset(ROLES)
_CASE_TEAM = frozenset({"caseworker", "supervisor"})

# A role that is not named may not. Administrators and auditors never read what a person wrote: no row that shows contents names them.
PERMISSIONS: Mapping[str, frozenset[str]] = {
    BEGIN: _EVERYBODY,
    "account.own": _EVERYBODY,
    "queue.read": _CASE_TEAM,
    "case.read": _CASE_TEAM,
    "case.work": _CASE_TEAM,
    "case.refer": _CASE_TEAM,
    "case.assign": frozenset({"supervisor"}),
    "number.reveal": _CASE_TEAM,
    "number.reveal_unheld": frozenset({"supervisor"}),
    "export.ask": _CASE_TEAM,
    "export.agree": frozenset({"supervisor"}),
    "practice.use": _CASE_TEAM,
    "directory.read": _CASE_TEAM | {"directory_editor", "directory_approver"},
    "directory.edit": frozenset({"directory_editor"}),
    "directory.approve": frozenset({"directory_approver"}),
    "directory.confidential": frozenset({"directory_approver"}),
    "directory.import": frozenset({"directory_editor"}),
    # Which of them it is, cases/complaints.py says: the named account, else the auditor.
    "complaint.read": frozenset({"supervisor", "administrator", "auditor"}),
    "rota.read": _CASE_TEAM | {"administrator"},
    "rota.edit": frozenset({"supervisor"}),
    "handover.read": _CASE_TEAM,
    "people.manage": frozenset({"administrator"}),
    "teams.manage": frozenset({"administrator"}),
    "settings.read": frozenset({"supervisor", "administrator", "auditor"}),
    "settings.edit": frozenset({"administrator"}),
    "settings.approve": frozenset({"supervisor", "administrator"}),
    "statistics.read": frozenset({"supervisor", "administrator", "auditor"}),
    "audit.read": frozenset({"auditor"}),
}

MEANINGS: Mapping[str, str] = {
    BEGIN: "finish signing in: set a password, give the second factor",
    "account.own": "one's own account",
    "queue.read": "the queue of one's own teams",
    "case.read": "the cases of one's own teams, with what people wrote",
    "case.work": "take, answer, note, close cases of one's own teams",
    "case.refer": "refer people of one's own teams to a service or another team, with their consent; only whoever holds the case sends",
    "case.assign": "give a case of one's own teams to a colleague, whoever holds it",
    "number.reveal": "see the number of a person whose case one holds, for a reason, after showing who one is; each time is logged",
    "number.reveal_unheld": "the same for a case that one does not hold",
    "export.ask": "ask that a case of one's own teams leaves the desk; with another person's consent it is shown once, and logged",
    "export.agree": "be that other person, never for what one asked oneself",
    "practice.use": "practise on invented cases; what one answers is for oneself alone",
    "directory.read": "the directory without confidential addresses",
    "directory.edit": "write and change entries of the directory",
    "directory.approve": "approve or reject what an editor wrote",
    "directory.confidential": "read true addresses of confidential places; each reading is logged",
    "directory.import": "bring entries into the directory from a file",
    "complaint.read": "read complaints about staff and places, for the one account that is their reader; each reading is logged",
    "rota.read": "see who is on duty, and when nobody is",
    "handover.read": "read and write the notes of one's own teams from one shift to the next",
    "rota.edit": "plan who is on duty in one's own teams",
    "people.manage": "invite colleagues, give roles and teams, end sessions and accounts",
    "teams.manage": "make teams and say which countries and languages they serve",
    "settings.read": "targets, retention, languages, texts of the notice and numbers, with their history",
    "settings.edit": "change them; some count only once a second person agrees",
    "settings.approve": "be that second person, never for a change of one's own",
    "statistics.read": "numbers of four weeks without small groups; nothing in them leads to a person",
    "audit.read": "search who did what when, without contents",
}
"""What each permission allows, for the reference page."""

_MARK = "_desk_permission"
_LOGS = "_desk_logs"
_FRESH = "_desk_fresh"


class HasRoles(Protocol):
    """Who is asked about: a user."""

    @property
    def roles(self) -> Iterable[str]:
        """The roles somebody holds; any of them is enough."""
        ...


def needs[Endpoint: Callable[..., Any]](
    permission: str, logs: str = "", *, fresh: bool = False
) -> Callable[[Endpoint], Endpoint]:
    """Declare what a route needs: a row of PERMISSIONS, or PUBLIC. Stands below the router's decorator. Raises KeyError.

    `logs` is what the audit log calls a change made through it, for a key `did_…` of the console's words; if empty, the permission's name.
    `fresh`: the route is dangerous, and must not open to whoever finds a desk unlocked: its user showed a password or a second factor
    within the last minutes (desk/access.py), or is asked for it first.
    """
    if permission != PUBLIC and permission not in PERMISSIONS:
        raise KeyError(permission)

    def mark(endpoint: Endpoint) -> Endpoint:
        setattr(endpoint, _MARK, permission)
        setattr(endpoint, _FRESH, fresh)
        setattr(endpoint, _LOGS, logs or permission.replace(".", "_"))
        return endpoint

    return mark


def permission_of(endpoint: Callable[..., Any]) -> str:
    """What a route needs. Raises TypeError for one that does not say: a page that everybody can open is a decision, not an oversight."""
    permission: str | None = getattr(endpoint, _MARK, None)
    if permission is None:
        name = getattr(endpoint, "__qualname__", repr(endpoint))
        raise TypeError(f"the route {name} declares no permission; see desk/permissions.py")
    return permission


def action_of(endpoint: Callable[..., Any]) -> str:
    """What the audit log calls a change made through this route."""
    return str(getattr(endpoint, _LOGS))


def is_dangerous(endpoint: Callable[..., Any]) -> bool:
    """Whether the route asks who its user is, shortly before."""
    return bool(getattr(endpoint, _FRESH))


def may(user: HasRoles, permission: str) -> bool:
    """Whether one of the user's roles has the permission. Raises KeyError for one that is not in the table."""
    return not PERMISSIONS[permission].isdisjoint(user.roles)
