"""Words that Twilio itself acts on when they are the whole of an SMS: after STOP it lets nothing through until START."""

from typing import Literal

Keyword = Literal["STOP", "START", "HELP"]

_WORDS: dict[str, Keyword] = {
    **dict.fromkeys(("STOP", "UNSUBSCRIBE", "END", "QUIT", "STOPALL", "REVOKE", "OPTOUT", "CANCEL"), "STOP"),
    **dict.fromkeys(("START", "UNSTOP", "YES"), "START"),
    **dict.fromkeys(("HELP", "INFO"), "HELP"),
}

REPLIES: dict[Keyword, str] = {
    "STOP": "You are unsubscribed and will get no more messages from this number. Reply START to resubscribe.",
    "START": "You are subscribed to messages from this number again. Reply HELP for help, STOP to unsubscribe.",
    "HELP": "Reply STOP to unsubscribe. Msg&Data rates may apply.",
}
"""What the network answers by itself, in English only, whatever the person's language."""


def keyword(text: str) -> Keyword | None:
    """The keyword a message is. `Stop please` is none: the whole body must match, in any case."""
    return _WORDS.get(text.strip().upper())
