"""What can go wrong at the desk. Attributes carry the facts; sentences come from the console's words."""

from collections.abc import Iterable
from uuid import UUID


class DeskError(Exception):
    """Base of the errors of this room."""


class AccountError(DeskError):
    """An account cannot be made or changed so. The text is for the terminal, `key` for a page; neither holds a secret."""

    def __init__(self, text: str, key: str) -> None:
        super().__init__(text)
        self.key = key


class SignInNeeded(DeskError):  # noqa: N818
    """Nobody is signed in, or the session has ended."""


class PasswordNeeded(DeskError):  # noqa: N818
    """The account has no password yet: nothing else is shown before it has one."""


class NotAllowed(DeskError):  # noqa: N818
    """None of the user's roles has the permission the page needs."""

    def __init__(self, roles: Iterable[str]) -> None:
        super().__init__("not allowed")
        self.roles = frozenset(roles)


class FactorNeeded(DeskError):  # noqa: N818
    """The second factor of this session is missing; `new`: the account has none yet and must get one."""

    def __init__(self, *, new: bool) -> None:
        super().__init__("second factor needed")
        self.new = new


class ConfirmationNeeded(DeskError):  # noqa: N818
    """What is asked for is dangerous, and it is a while since the user showed who they are. `back` is the page to return to."""

    def __init__(self, back: str) -> None:
        super().__init__("confirmation needed")
        self.back = back


class ForeignRequest(DeskError):  # noqa: N818
    """A change was asked for by a page that is not ours."""


class FormTokenWrong(ForeignRequest):
    """A form carries no token, or not the one its browser was given: it is not ours, or the page is older than the sign-out."""


class TooLong(ForeignRequest):
    """A form or a file is larger than the page takes, or does not say how large it is."""


class NotFound(DeskError):  # noqa: N818
    """There is no such case."""


class BadInput(DeskError):  # noqa: N818
    """A form was filled in so that nothing can be done with it: `key` names the sentence to show, `draft` is what must not be lost."""

    def __init__(self, key: str, **values: object) -> None:
        super().__init__(key)
        self.key = key
        self.values = values


class Held(DeskError):  # noqa: N818
    """Somebody else holds the case."""

    def __init__(self, case_id: UUID, holder: str | None) -> None:
        super().__init__("the case is held by somebody else")
        self.case_id = case_id
        self.holder = holder
