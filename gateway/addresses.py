"""Addresses as Twilio writes them: which channel, which number.

A number leaves this module only hashed, or on its way to an encrypted column or to Twilio.
"""

import re
from dataclasses import dataclass, field

from core.encryption import cipher
from gateway.errors import Unusable

PURPOSE = "phone"
_WHATSAPP = "whatsapp:"
_NUMBER = re.compile(r"\+?[0-9]{3,20}")
# WhatsApp may hide the number behind an id scoped to our business: a country code, a dot, letters and digits.
_SCOPED_ID = re.compile(r"[A-Za-z]{2}\.[A-Za-z0-9._-]{1,128}")


@dataclass(frozen=True, slots=True)
class Address:
    """One end of a conversation; its `repr` shows the channel only."""

    channel: str
    number: str = field(repr=False)

    def __str__(self) -> str:
        return f"Address({self.channel})"

    def for_twilio(self) -> str:
        """As Twilio wants it in `To` and `From`."""
        return f"{_WHATSAPP}{self.number}" if self.channel == "whatsapp" else self.number

    def find_hash(self, key: str | None = None) -> bytes:
        """Keyed hash that finds the person again; the same number is the same person on every channel. `key`: made with that one."""
        return cipher().hash_keys.make(self.number, PURPOSE, name=key)

    def find_hashes(self) -> list[bytes]:
        """Those under which the person may be stored while the key is exchanged."""
        return person_hashes(self.number)


def person_hashes(number: str) -> list[bytes]:
    """The keyed hashes under which a person with this number may be stored, that of the key that writes first."""
    return cipher().find_hashes(number, purpose=PURPOSE)


def parse_address(text: str | None, *, role: str) -> Address:
    """Read a `From` or `To`. Raises Unusable: `missing_<role>`, `unknown_channel`, `unusable_<role>`."""
    if not text or not text.strip():
        raise Unusable(f"missing_{role}")
    text = text.strip()
    if text.lower().startswith(_WHATSAPP):
        number = text[len(_WHATSAPP) :].strip()
        if _NUMBER.fullmatch(number) or _SCOPED_ID.fullmatch(number):
            return Address("whatsapp", number)
        raise Unusable(f"unusable_{role}")
    if _NUMBER.fullmatch(text):
        return Address("sms", text)
    # A name instead of a number (a bank, an advertisement) cannot be answered; another channel is none of ours.
    raise Unusable("unknown_channel" if ":" in text else f"unusable_{role}")
