"""What ends an import as a whole. What is wrong with one entry is a `Problem`."""

from directory.errors import DirectoryError
from directory.exchange.failures import Failure


class FailedError(DirectoryError):
    """An import that came to nothing, and why, as something that can be said in any language.

    `kept`: the same without a word of the file, where the text quotes it; what is stored and shown later. A file without a header has data
    where its columns should be named.
    """

    def __init__(self, failure: Failure, *, kept: Failure | None = None) -> None:
        super().__init__(failure.says)
        self.failure = failure
        self.kept = kept or failure


class UnreadableError(FailedError):
    """The file is not what it should be: another format, no header, too large, damaged. Nothing of it was read."""

    def __init__(self, code: str, *, kept: Failure | None = None, **values: str | int) -> None:
        super().__init__(Failure(code, {name: str(value) for name, value in values.items()}), kept=kept)


class ChangedFileError(FailedError):
    """The file is not the one that the dry run looked at."""

    def __init__(self) -> None:
        super().__init__(Failure("changed"))


class OutdatedPlanError(FailedError):
    """The directory changed since the dry run, so that applying would do something nobody has seen."""

    def __init__(self) -> None:
        super().__init__(Failure("outdated"))


class RefusedEntriesError(FailedError):
    """All or nothing was asked for, and some entries are refused."""

    def __init__(self, refused: int) -> None:
        super().__init__(Failure("refused", {"refused": str(refused)}))
        self.refused = refused


class UnknownBatchError(DirectoryError):
    """There is no such batch, or it was undone already."""


class UploadStateError(DirectoryError):
    """An uploaded file is not at the point at which it can be applied. `state`: where it is."""

    def __init__(self, state: str) -> None:
        super().__init__(f"the file cannot be applied now ({state})")
        self.state = state
