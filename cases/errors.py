"""What can go wrong with a case, as attributes rather than sentences."""

from uuid import UUID


class CaseError(Exception):
    """Base of the errors of this room."""


class NotTheOwner(CaseError):  # noqa: N818
    """Somebody else holds the case, or nobody does."""

    def __init__(self, case_id: UUID, holder: str | None) -> None:
        super().__init__("the case is held by somebody else" if holder else "the case is not taken")
        self.case_id = case_id
        self.holder = holder


class CaseClosed(CaseError):  # noqa: N818
    """The case is closed already."""

    def __init__(self, case_id: UUID) -> None:
        super().__init__("the case is closed")
        self.case_id = case_id


class NotTheReader(CaseError):  # noqa: N818
    """Complaints are for one named reader: this member of staff is not that one."""

    def __init__(self, name: str) -> None:
        super().__init__("complaints are read by their reader only")
        self.name = name


class WrongState(CaseError):  # noqa: N818
    """A referral is not in a state in which this can be done: somebody else, the person or the clock was faster."""

    def __init__(self, state: str) -> None:
        super().__init__(f"not from {state}")
        self.state = state


class NoConsent(CaseError):  # noqa: N818
    """The person has not agreed, or has taken it back."""


class NothingChosen(CaseError):  # noqa: N818
    """A referral that tells nothing."""


class DeadLink(CaseError):  # noqa: N818
    """A link that never was, is too old, or was taken back. The same for each: the difference would tell whoever guesses."""


class LevelFalls(CaseError):  # noqa: N818
    """Only a person lowers a level, and only with a reason."""


class Refused(ValueError):  # noqa: N818 - what happened, as elsewhere in this module
    """A value that cannot be; `key` is the reason's key in the console's words."""

    def __init__(self, key: str, **values: str) -> None:
        super().__init__(key)
        self.key = key
        self.values = values
