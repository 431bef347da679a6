"""Which format a file is in, and its entries: the one place that knows all readers."""

import hashlib
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from directory.exchange import from_hsds, tabular, template
from directory.exchange.entries import Entry, Unreadable
from directory.exchange.errors import UnreadableError
from directory.exchange.spreadsheets import MOST_BYTES, check_size

FORMATS = ("csv", "xlsx", "hsds-json", "tabular")
_PIECE = 1 << 20


class Stream(Protocol):
    """What bytes are read from: a pipe, an upload, the pieces of a stored file."""

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes; none at the end."""
        ...


@dataclass(frozen=True, slots=True)
class Source:
    """A file (or the folder of a tabular package) to be imported. `country`: of entries that do not say theirs. `name`: as it is shown."""

    path: Path
    format: str
    name: str
    country: str | None = None

    @classmethod
    def of(
        cls, path: Path, format_: str | None = None, *, name: str | None = None, country: str | None = None
    ) -> "Source":
        """The file, its format told from its content if it is not given. Raises UnreadableError."""
        check_size(path)
        return cls(path, format_ or told_by(path), name or path.name, country)

    def entries(self) -> Iterator[Entry | Unreadable]:
        """The entries in their order. Raises UnreadableError, also while they are read."""
        if self.format in ("csv", "xlsx"):
            return template.read(self.path, self.format)
        if self.format == "hsds-json":
            return from_hsds.read(self.path, self.country)
        if self.format == "tabular":
            return tabular.read(self.path, self.country)
        raise UnreadableError("no_format", format=self.format, formats=", ".join(FORMATS))

    def digest(self) -> str:
        """SHA-256 of the content: a file that changed since its dry run is another file."""
        found = hashlib.sha256()
        if self.path.is_dir():
            for part in sorted(self.path.glob("*.csv")):
                found.update(part.name.encode())
                _digest(part, found)
        else:
            _digest(self.path, found)
        return found.hexdigest()


def _digest(path: Path, into: "hashlib._Hash") -> None:
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            into.update(piece)


def told_by(path: Path) -> str:
    """The format, by the first bytes: names of files lie. Raises UnreadableError."""
    if path.is_dir():
        return "tabular"
    with path.open("rb") as file:
        head = file.read(4096)
    if head.startswith(b"PK"):
        try:
            with zipfile.ZipFile(path) as archive:
                names = archive.namelist()[:1000]
        except zipfile.BadZipFile:
            raise UnreadableError("damaged_zip") from None
        return "xlsx" if any(name.startswith("xl/") for name in names) else "tabular"
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise UnreadableError("old_excel")
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    return "hsds-json" if text[:1] in (b"{", b"[") else "csv"


@contextmanager
def spooled(stream: Stream, name: str, format_: str | None = None, country: str | None = None) -> Iterator[Source]:
    """A file that comes through a pipe or out of the database, on the disk as long as the block lasts. Raises UnreadableError."""
    with tempfile.TemporaryDirectory(prefix="waymark-import-") as folder:
        path = Path(folder) / "file"
        size = 0
        with path.open("wb") as file:
            while piece := stream.read(_PIECE):
                size += len(piece)
                if size > MOST_BYTES:
                    raise UnreadableError("too_large", most=MOST_BYTES // 1024 // 1024)
                file.write(piece)
        yield Source.of(path, format_, name=name, country=country)
