"""What can be wrong with a file or with an entry in it: where, what, and what to do. Nothing in a file ends an import by an exception.

The sentences are English and stand in one table, so that the desk can look each up in its catalogue and fill in the values itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

SAYS: Mapping[str, tuple[str, str]] = {
    "required": ("this must be filled in", "fill it in"),
    "choice": ("“{value}” is not one of the possible values", "write one of: {choices}"),
    "yes_no": ("“{value}” is neither yes nor no", "write yes or no"),
    "date": ("“{value}” is not a date", "write the date as 2026-12-31"),
    "date_order": ("“{value}” can be read in two ways", "write the date as 2026-12-31: year, month, day"),
    "number": ("“{value}” is not a number", "write digits only, with a point before the decimals"),
    "rounded": ("the spreadsheet has rounded this to “{value}”", "format the column as text and type the number again"),
    "eaten": (
        "the spreadsheet made a number out of “{value}”: a plus or zeros at its beginning may be lost",
        "format the column as text and type it again, with + before the country's code",
    ),
    "phone": ("“{value}” is not a telephone number", "write digits, with + before the country's code, such as +15005550100"),
    "no_country_code": ("“{value}” has no + and no country's code", "write +, the country's code and the number, if it has one"),
    "hours": ("the hours “{value}” cannot be read", "write them like: Mo-Fr 09:00-12:00, 13:00-17:00; closed 2026-12-25"),
    "zone": ("there are hours, but no time zone", "fill in the column “time zone”, such as Asia/Dhaka"),
    "area": ("the area “{value}” cannot be read", "write a country's code, or: BD Dhaka 23.8,90.4 25km"),
    "formula": ("this is a formula", "copy the cell and paste it as a value"),
    "cell_error": ("the spreadsheet shows an error here ({value})", "mend the cell in the spreadsheet"),
    "too_long": ("this is {length} characters long; at most {most} are taken", "shorten it"),
    "too_many_cells": ("this row has more cells than there are columns", "remove what stands right of the last column"),
    "invalid": ("{reason}", "correct the value"),
    "id": ("“{value}” is not an id of ours", "leave the id as it was exported, or leave the cell empty for a new entry"),
    "unknown_location": ("this location belongs to another service", "leave the location's id empty: a location is made"),
    "twice": ("this entry stands in the file a second time", "put all rows of one service below each other, and remove the rest"),
    "two_values": ("the first row of this service says something else", "write the same in each row of a service, or leave it empty"),
    "unknown_key": ("“{value}” is not known and was not read", "nothing, if it is not needed"),
    "pieces": ("“{value}” points to something that is not in the file", "add it to the file, or remove the reference"),
    "country": ("nothing says in which country this is", "give the country, or import with --country"),
    "alert_end": ("the notice has no last day and was not read: stale notices mislead for years", "give the last day on which it is shown"),
    "monthly": ("hours that come back monthly or irregularly were kept as a remark", "enter the hours on the page of the entry"),
    "future": ("{value} is in the future", "give the day on which somebody last confirmed the entry"),
    "own_verification": ("we have confirmed this entry ourselves on {value}; the date of the file was not read", "nothing"),
    "do_not_list": ("this entry must not be listed: {reason}", "take the row out of the file"),
    "do_not_list_like": (
        "this has the number or the name of an entry that must not be listed: {reason}",
        "take the row out of the file, or ask whoever put it on the list",
    ),
    "confidential_address": (
        "the entry is confidential: no import puts an address, a point or a number of its house into the directory",
        "empty the cells of the address, of the point and of the location's number",
    ),
    "confidential_words": (
        "this holds what is kept confidential",
        "remove it from the file; ask an approver of the directory if you do not know what is meant",
    ),
    "confidential_opened": (
        "the entry is confidential; an import cannot make it public",
        "change this on the page of the entry, if it is true",
    ),
    "exists": (
        "there is an entry of this name of this organization there already",
        "to change it, put its id ({id}) into the row; for another service, give it another name",
    ),
    "waiting": ("a change of this entry waits for approval", "approve or reject it, then import again"),
    "not_written": ("the database refused this entry ({reason})", "tell whoever runs this copy; the other entries are not touched"),
    "unreadable_item": ("this cannot be read: {reason}", "correct it at the source"),
    "encoding_guessed": ("the file is not UTF-8 and was read as {value}", "look at accented letters; if wrong, save it as “CSV UTF-8”"),
}  # fmt: skip
"""Code of each problem: what is wrong and what helps, with the values in braces."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong. `where`: a row or a pointer into the document; `column`: a column or a key, empty if none is meant."""

    where: str
    column: str
    code: str
    values: Mapping[str, str] = field(default_factory=dict)

    @property
    def says(self) -> str:
        """What is wrong, in English."""
        return SAYS[self.code][0].format(**self.values)

    @property
    def remedy(self) -> str:
        """What helps, in English."""
        return SAYS[self.code][1].format(**self.values)

    def as_json(self) -> dict[str, object]:
        """The problem with its sentences, as it is stored and printed."""
        return {
            "where": self.where,
            "column": self.column,
            "code": self.code,
            "values": dict(self.values),
            "says": self.says,
            "remedy": self.remedy,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, object]) -> "Problem":
        """A problem that was stored by `as_json`."""
        values = data["values"]
        return cls(
            str(data["where"]), str(data["column"]), str(data["code"]), dict(values) if isinstance(values, dict) else {}
        )


def shortened(value: object, most: int = 60) -> str:
    """A value as a problem quotes it: one line, not longer than a table can show."""
    text = " ".join(str(value).split())
    return text if len(text) <= most else text[: most - 1] + "…"
