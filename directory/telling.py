"""A service as the values of `say_service`: names and numbers as they are, opening hours in the person's language.

For the bot, which says it, and for the desk, which shows an editor what the bot will say.
"""

from babel.dates import format_date

from core.catalogues import Catalogues
from directory.hours import Hours
from directory.search import FoundService

LONGEST = 300
"""Characters of a value that the gateway takes (core/turns.py)."""
LONGEST_ALERT = 100
"""A longer notice is left out and people are asked to ring: cut in the middle it may say the opposite."""
NOTES = (
    "reopens", "far", "ring_first", "referral_needed", "documents_needed", "no_papers_needed", "comes_to_you", "by_phone",
    "speaks_language",
)  # fmt: skip
"""Reasons that the other lines of a service do not say already, most important first."""
MOST_NOTES = 2
"""Of these: a longer message arrives in parts, or not at all."""


def values(found: FoundService, language: str, catalogues: Catalogues) -> dict[str, str | int | float]:
    """The values of the message `say_service`. Of a confidential address nothing is told but that it is given by phone."""
    told: dict[str, str | int | float] = {
        "name": found.name,
        "distance_km": "" if found.distance_km is None else round(found.distance_km, 1),
        "hours": hours(found.hours, language, catalogues),
        "notes": "\n".join(notes(found, language, catalogues)),
        "phones": "\n".join(found.phones),  # each on its own line, so that it reads well from right to left
        "address": catalogues.text("say_confidential_address", language)
        if found.confidential_address
        else found.address or "",
        "languages": _comma(language, catalogues).join(catalogues.name_of(code, language) for code in found.languages),
    }
    return {name: value[:LONGEST] if isinstance(value, str) else value for name, value in told.items()}


def notes(found: FoundService, language: str, catalogues: Catalogues) -> list[str]:
    """What to know before going, and a notice that holds today."""
    codes = [code for code in NOTES if code in found.reasons]
    alert = found.alert or ""
    if len(alert) > LONGEST_ALERT:
        codes, alert = ["ring_first", *(code for code in codes if code != "ring_first")], ""
    day = format_date(found.reopens, "d MMMM", locale=catalogues.languages[language].cldr) if found.reopens else ""
    said = [catalogues.text(f"reason_{code}", language, day=day) for code in codes[:MOST_NOTES]]
    return [*said, *([alert] if alert else [])]


def _comma(language: str, catalogues: Catalogues) -> str:
    """The Arabic comma where one reads from right to left: a Latin one between Arabic words is a slip that makes a text look foreign."""
    return "\u060c " if catalogues.languages[language].direction == "rtl" else ", "


def hours(known: Hours, language: str, catalogues: Catalogues) -> str:
    """Opening hours in words; times are those of the place."""
    match known.kind:
        case "open" if known.until:
            return catalogues.text("say_hours_open_now", language, until=known.until, zone=known.until.tzinfo)
        case "closed" if known.opens_at:
            day = f"day_{known.opens_at.strftime('%A').lower()}"
            time = known.opens_at.strftime("%H:%M")
            return catalogues.text("say_hours_opens", language, day=day, time=time)
        case "always":
            return catalogues.text("say_hours_always", language)
        case "appointment":
            return catalogues.text("say_hours_appointment", language)
    return catalogues.text("say_hours_unknown", language)
