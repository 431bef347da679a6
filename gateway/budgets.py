"""How many SMS segments each message may take: one table, for the gateway and for the tests of the translations.

A long message arrives in parts on poor networks, and costs whoever pays for the line. WhatsApp has no segments.
"""

from core.settings import Settings

SHORT = frozenset({"ask_safe", "ask_danger"})
"""Questions on safety and danger: they must arrive whole, and be read at a glance."""
NOTICE = frozenset({"say_notice_more"})
DIRECTORY = frozenset({"say_service", "say_hotline", "say_emergency_number"})
"""What the directory says: names and numbers of places that are there to be called."""
LONG = DIRECTORY | {"ask_place_confirm", "ask_place_confirm_one", "ask_referral", "ask_which_place"}
"""Messages that carry names from the directory or the gazetteer, as long as these are."""


def budget_of(key: str | None, settings: Settings) -> int:
    """Segments that a message of this key may take; without a key it is a caseworker's."""
    if key is None or key in LONG:
        return settings.segments_long
    if key in SHORT:
        return settings.segments_short
    return settings.segments_notice if key in NOTICE else settings.segments
