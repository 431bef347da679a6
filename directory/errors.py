"""What can go wrong in the directory."""

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
