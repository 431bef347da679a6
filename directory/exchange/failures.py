"""Why a file as a whole came to nothing: a code with its values, so that it can be said in any language of the desk.

What is wrong with one entry is a `Problem`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

SAYS: dict[str, str] = {
    # The file
    "empty": "the file is empty",
    "too_large": "the file is larger than {most} MB; cut it into parts",
    "too_many_rows": "the file has more than {most} rows; cut it into parts",
    "not_readable": "the file cannot be read: {error}",
    "no_format": "there is no format “{format}”; there are {formats}",
    "damaged_zip": "the file is damaged: it begins like a zip archive and is none",
    "old_excel": "this is an old or a protected Excel file; save it as XLSX without a password",
    "damaged_line": "the file is damaged near line {line}: {error}",
    "not_text": "this is not a text file; save it as CSV UTF-8 or as XLSX",
    "not_utf8": "the file is not UTF-8; save it as “CSV UTF-8” or as XLSX, so that no letter is lost",
    "not_json": "this is not JSON ({error}, after {count} entries)",
    "grew": "the file grew while it was read",
    # Archives and workbooks
    "too_many_files": "the archive holds too many files",
    "unpacks_too_large": "the archive grows far too large when it is unpacked; it was not opened further",
    "damaged_archive": "the archive cannot be read ({error})",
    "not_workbook": "this is not an XLSX workbook that can be read ({error})",
    "damaged_workbook": "the workbook is damaged ({error})",
    # The tabular package
    "no_services": "the package has no table of services (services.csv)",
    "two_tables": "the package has two tables of the same kind: {first} and {second}",
    "table_column_twice": "{table}: a column is there twice",
    "table_too_long": "{table} has more than {most} rows",
    # The header of the template
    "column_twice": "the column “{column}” is there twice; remove one",
    "no_column": "the first row must be the header; there is no column “{column}”",
    "unknown_column": "there is no column “{column}”. Put # before the header of a column that is not to be read",
    "unknown_column_near": "there is no column “{column}”; “{near}” is meant? Put # before the header of a column that is not to be read",
    "unknown_header": "the header of column {position} is none of ours. Put # before the header of a column that is not to be read",
    "unknown_header_near": "the header of column {position} is none of ours; “{near}” is meant?"
    " Put # before the header of a column that is not to be read",
    # What was to be done with it
    "changed": "the file has changed since its dry run; look at it again before applying it",
    "outdated": "the directory has changed since the dry run; look at it again before applying it",
    "refused": "nothing was applied: {refused} refused",
    "not_looked_at": "the file could not be looked at",
    "not_applied": "the file could not be applied; nothing was written",
}


@dataclass(frozen=True, slots=True)
class Failure:
    """One of `SAYS`, with its values."""

    code: str
    values: Mapping[str, str] = field(default_factory=dict)

    @property
    def says(self) -> str:
        """In English."""
        return SAYS[self.code].format(**self.values)

    def stored(self) -> str:
        """As it lies in the database."""
        return json.dumps({"code": self.code, "values": dict(self.values)}, ensure_ascii=False)

    @classmethod
    def of_stored(cls, written: str) -> Self:
        """What `stored` wrote."""
        data = json.loads(written)
        return cls(str(data["code"]), {str(name): str(value) for name, value in data["values"].items()})
