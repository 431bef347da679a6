"""What the focal point's page shows of an entry, and what its form says. The public entry only: a hidden address has no way onto it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time

from babel.core import get_global

from directory.records import ScheduleRecord, ServiceRecord
from directory.review.answering import Asked, Corrections
from directory.review.words import FocalWords

DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
LONGEST = 2000


class Misread(Exception):  # noqa: N818
    """The form cannot be taken as it is; `key` names the sentence that says why."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


@dataclass(frozen=True, slots=True)
class Shown:
    """An entry as the page shows it; `grid` holds (opens, closes) of each day, None when a week cannot be written so."""

    name: str
    organization: str
    description: str
    text_language: str | None
    phones: tuple[str, ...]
    hours: tuple[str, ...]
    places: tuple[str, ...]
    hidden: bool
    languages: tuple[str, ...]
    status: str
    closed: bool
    confirmed: str
    grid: dict[str, tuple[str, str]] | None


def shown(asked: Asked, words: FocalWords) -> Shown:
    """The entry in the words' language where it has an approved text, else as it was written."""
    record = asked.record
    text = record.texts.get(words.code)
    text = text if text and text.state == "approved" else None
    zone = _zone(record)
    assured = asked.service.assured_date
    return Shown(
        name=text.name if text else record.name,
        organization=record.organization.name,
        description=text.description if text else record.description,
        text_language=words.code if text else None,
        phones=tuple(phone.number for phone in record.phones),
        hours=tuple(_line(rule, words) for rule in _rules(record)),
        places=_places(record),
        hidden=record.is_confidential or any(one.is_confidential for one in record.locations),
        languages=tuple(words.language(code) for code in record.languages),
        status=_status(record, words),
        closed=record.status == "temporarily_closed",
        confirmed=words.say("last_confirmed", date=words.date(assured)) if assured else words.say("never_confirmed"),
        grid=_grid(record) if zone else None,
    )


def corrections(form: Mapping[str, str], asked: Asked, seen: Shown) -> Corrections:
    """What the form says that differs from what was shown. Raises Misread."""
    phones = tuple(line.strip() for line in form.get("phones", "").splitlines() if line.strip())[:20]
    description = form.get("description", seen.description).replace("\r\n", "\n").strip()[:LONGEST]
    message = form.get("message", "").strip()[:LONGEST]
    changed = Corrections(
        phones=phones if "phones" in form and phones != seen.phones else None,
        description=description if description != seen.description.strip() else None,
        language=seen.text_language,
        hours=_hours(form, asked.record),
        reopened=form.get("reopened") == "yes" and seen.closed,
        message=message,
    )
    if changed == Corrections(language=seen.text_language):
        raise Misread("error_nothing")
    return changed


def closed_until(form: Mapping[str, str], today: date) -> date | None:
    """The day of reopening, if one was written. Raises Misread for a day that is none or has passed."""
    written = form.get("until", "").strip()
    if not written:
        return None
    try:
        day = date.fromisoformat(written)
    except ValueError:
        raise Misread("error_date") from None
    if day <= today:
        raise Misread("error_date")
    return day


def _hours(form: Mapping[str, str], record: ServiceRecord) -> tuple[ScheduleRecord, ...] | None:
    how, zone = form.get("hours", "keep"), _zone(record)
    if how == "keep" or zone is None:
        return None
    if how in ("always", "appointment"):
        return (ScheduleRecord(kind="always" if how == "always" else "appointment", timezone=zone),)
    if how != "weekly":
        raise Misread("error_input")
    days: dict[tuple[time, time], list[str]] = {}
    for day in DAYS:
        opens, closes = form.get(f"opens_{day}", "").strip(), form.get(f"closes_{day}", "").strip()
        if not opens and not closes:
            continue
        try:
            span = time.fromisoformat(opens), time.fromisoformat(closes)
        except ValueError:
            raise Misread("error_hours") from None
        days.setdefault(span, []).append(day)
    if not days:
        raise Misread("error_hours")
    return tuple(
        ScheduleRecord(kind="weekly", timezone=zone, byday=",".join(on), opens_at=opens, closes_at=closes)
        for (opens, closes), on in days.items()
    )


def _rules(record: ServiceRecord) -> tuple[ScheduleRecord, ...]:
    """A service is at its location's hours unless it has its own."""
    return record.schedules or tuple(rule for one in record.locations for rule in one.schedules)


def _zone(record: ServiceRecord) -> str | None:
    """The zone of the hours it has, else that of a country with a single one."""
    zones = {rule.timezone for rule in _rules(record)} or set(get_global("territory_zones").get(record.country, ()))
    return zones.pop() if len(zones) == 1 else None


def _grid(record: ServiceRecord) -> dict[str, tuple[str, str]] | None:
    grid = dict.fromkeys(DAYS, ("", ""))
    for rule in _rules(record):
        if rule.kind != "weekly":
            continue
        if rule.valid_from or rule.valid_to or rule.opens_at is None or rule.closes_at is None:
            return None
        for day in (rule.byday or "").split(","):
            if grid[day] != ("", ""):
                return None  # a pause at noon: two spans a day are told in words instead
            grid[day] = rule.opens_at.strftime("%H:%M"), rule.closes_at.strftime("%H:%M")
    return grid


def _line(rule: ScheduleRecord, words: FocalWords) -> str:
    match rule.kind:
        case "weekly" if rule.opens_at and rule.closes_at:
            days = (", " if words.direction == "ltr" else "\u060c ").join(
                words.day(day) for day in (rule.byday or "").split(",")
            )
            # The span keeps its order in a line that is read from the right.
            return f"{days}: \u2066{rule.opens_at:%H:%M}\u2013{rule.closes_at:%H:%M}\u2069"
        case "closure" if rule.valid_from and rule.valid_to:
            return words.say("hours_closure", first=words.date(rule.valid_from), last=words.date(rule.valid_to))
        case "always" | "appointment":
            return words.say(f"hours_{rule.kind}")
    return words.say("hours_unknown")


def _places(record: ServiceRecord) -> tuple[str, ...]:
    lines = []
    for one in record.locations:
        if one.is_confidential or record.is_confidential:
            lines.append(", ".join(part for part in (one.city, one.state_province) if part))
        for address in one.addresses:
            parts = (address.address_1, address.address_2, address.city or one.city)
            lines.append(", ".join(part for part in parts if part))
    return tuple(line for line in dict.fromkeys(lines) if line)


def _status(record: ServiceRecord, words: FocalWords) -> str:
    if record.status != "temporarily_closed":
        return words.say("status_open" if record.status == "active" else "status_closed")
    if record.closed_until:
        return words.say("status_closed_until", date=words.date(record.closed_until))
    return words.say("status_closed")
