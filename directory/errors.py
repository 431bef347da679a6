"""What can go wrong in the directory."""


class DirectoryError(Exception):
    """Base of the directory's errors."""


class NotADemonstrationError(DirectoryError):
    """Invented services were to be loaded where people look for true ones."""

    def __init__(self) -> None:
        super().__init__("example services belong in a demonstration only (WAYMARK_DEMONSTRATION)")
