"""What can be wrong in screening: with the facts a caller hands in, or with the two data files."""


class ScreeningError(Exception):
    """Base of the errors of this room."""


class FactError(ScreeningError):
    """A fact has an unknown name or value. A typo must never be read as "no risk"."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"{name}: {problem}")
        self.name = name
        self.problem = problem


class DataFileError(ScreeningError):
    """A data file of this room is wrong. `where` names the rule, question or value at fault."""

    def __init__(self, where: str, problem: str) -> None:
        super().__init__(f"{where}: {problem}")
        self.where = where
        self.problem = problem
