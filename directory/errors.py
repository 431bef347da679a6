"""What can go wrong in the directory."""

from datetime import date
from typing import Any
from uuid import UUID


class DirectoryError(Exception):
    """Base of the directory's errors."""


class NotADemonstrationError(DirectoryError):
    """Invented services were to be loaded where people look for true ones."""

    def __init__(self) -> None:
        super().__init__("example services belong in a demonstration only (WAYMARK_DEMONSTRATION)")


class UnknownEntryError(DirectoryError):
    """There is no entry of this id."""

    def __init__(self, service_id: UUID) -> None:
        super().__init__("no such entry")
        self.service_id = service_id


class RevisionStateError(DirectoryError):
    """The change is not in a state in which this can be done: it was decided already, or not submitted yet."""

    def __init__(self, revision_id: UUID, state: str | None) -> None:
        super().__init__(f"not possible with a change that is {state or 'not there'}")
        self.revision_id = revision_id
        self.state = state


class OpenRevisionError(DirectoryError):
    """Somebody else's change of this entry is open: a second one would silently overwrite it."""

    def __init__(self, revision_id: UUID, author: str) -> None:
        super().__init__("another change of this entry is open")
        self.revision_id = revision_id
        self.author = author


class FourEyesError(DirectoryError):
    """Whoever wrote a change may not approve it (WAYMARK_DIRECTORY_FOUR_EYES)."""

    def __init__(self, revision_id: UUID) -> None:
        super().__init__("a second person approves")
        self.revision_id = revision_id


class ConflictError(DirectoryError):
    """The entry changed since the author saw it. `theirs`: what changed meanwhile; `both`: paths that both change.

    Without `both` the change can be laid on top of the entry as it is now (`drafts.rebase`).
    """

    def __init__(self, service_id: UUID, theirs: list[Any], both: list[str]) -> None:
        super().__init__("the entry changed meanwhile")
        self.service_id = service_id
        self.theirs = theirs
        self.both = both


class DoNotListError(DirectoryError):
    """The entry is one that must never be listed again, or carries its number or its name. `reason` is why, for staff."""

    def __init__(self, service_id: UUID, reason: str) -> None:
        super().__init__("never to be listed")
        self.service_id = service_id
        self.reason = reason


class ListingError(DirectoryError):
    """An entry cannot go from one listing to the other."""

    def __init__(self, service_id: UUID, listing: str, wanted: str) -> None:
        super().__init__(f"an entry that is {listing} cannot become {wanted}")
        self.service_id = service_id
        self.listing = listing
        self.wanted = wanted


class ReasonNeededError(DirectoryError):
    """Colleagues must be able to read why: this is not done without a reason."""

    def __init__(self) -> None:
        super().__init__("a reason is needed")


class VerificationDateError(DirectoryError):
    """An entry cannot have been confirmed on a day that has not come."""

    def __init__(self, day: date) -> None:
        super().__init__("the day has not come")
        self.day = day


class UnknownTaskError(DirectoryError):
    """There is no task of this id."""

    def __init__(self, task_id: UUID) -> None:
        super().__init__("no such task")
        self.task_id = task_id


class NoFocalPointError(DirectoryError):
    """The organization has named nobody who could be asked about the entry."""

    def __init__(self, service_id: UUID) -> None:
        super().__init__("nobody to ask")
        self.service_id = service_id


class DeadLinkError(DirectoryError):
    """The link is unknown, was used, or its time is over. Which of these is told to nobody."""

    def __init__(self) -> None:
        super().__init__("the link does not work")


class NothingConfidentialError(DirectoryError):
    """The location is not confidential, or nobody has entered its true details."""

    def __init__(self, location_id: UUID) -> None:
        super().__init__("nothing confidential there")
        self.location_id = location_id


class UnhideError(DirectoryError):
    """Something that is hidden would become public. Only somebody who may read true addresses may decide that."""

    def __init__(self, service_id: UUID | None) -> None:
        super().__init__("a hidden entry stays hidden")
        self.service_id = service_id


class SecretInPublicError(DirectoryError):
    """A public field says what must stay hidden: a true address, a number inside the house, a point. `path` names the field."""

    def __init__(self, path: str) -> None:
        super().__init__("a public field says something confidential")
        self.path = path
