"""What ends an import as a whole. What is wrong with one entry is a `Problem`."""

from directory.errors import DirectoryError


class UnreadableError(DirectoryError):
    """The file is not what it should be: another format, no header, too large, damaged. Nothing of it was read.

    `kept`: the same without a word of the file, where the text quotes it; what is stored and shown later. A file without a header has data
    where its columns should be named.
    """

    def __init__(self, reason: str, *, kept: str | None = None) -> None:
        super().__init__(reason)
        self.kept = kept or reason


class ChangedFileError(DirectoryError):
    """The file is not the one that the dry run looked at."""

    def __init__(self) -> None:
        super().__init__("the file has changed since its dry run; look at it again before applying it")


class OutdatedPlanError(DirectoryError):
    """The directory changed since the dry run, so that applying would do something nobody has seen."""

    def __init__(self) -> None:
        super().__init__("the directory has changed since the dry run; look at it again before applying it")


class RefusedEntriesError(DirectoryError):
    """All or nothing was asked for, and some entries are refused."""

    def __init__(self, refused: int) -> None:
        super().__init__(f"nothing was applied: {refused} refused")
        self.refused = refused


class UnknownBatchError(DirectoryError):
    """There is no such batch, or it was undone already."""


class UploadStateError(DirectoryError):
    """An uploaded file is not at the point at which it can be applied. `state`: where it is."""

    def __init__(self, state: str) -> None:
        super().__init__(f"the file cannot be applied now ({state})")
        self.state = state
