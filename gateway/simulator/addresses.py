"""Numbers: ours, the ones offered to people, and Twilio's test numbers that fail on purpose."""

import re
from dataclasses import dataclass
from typing import Literal

Channel = Literal["sms", "whatsapp"]

OUR_NUMBER = "+15005550006"
"""The one number of the demonstration, for SMS and WhatsApp. It lies in Twilio's test range: nobody has it."""

PEOPLE = ("+15005550101", "+15005550102", "+15005550103", "+15005550104")
"""Numbers the phone offers. Any other of the test range can be typed in."""

FAILING_TO: dict[str, int] = {
    "+15005550001": 21211,
    "+15005550002": 21612,
    "+15005550003": 21408,
    "+15005550004": 21610,
    "+15005550009": 21614,
}
FAILING_FROM: dict[str, int] = {"+15005550001": 21212, "+15005550007": 21606, "+15005550008": 21611}
"""Twilio's test numbers: a message to or from one of them is refused with this code."""

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_PREFIX = "whatsapp:"


@dataclass(frozen=True, slots=True)
class Address:
    """A number on a channel."""

    channel: Channel
    number: str

    def __str__(self) -> str:
        return f"{_PREFIX}{self.number}" if self.channel == "whatsapp" else self.number


def parse(text: str) -> Address | None:
    """The address Twilio would read in `+1500…` or `whatsapp:+1500…`, None when it would read none."""
    channel: Channel = "whatsapp" if text.startswith(_PREFIX) else "sms"
    number = text.removeprefix(_PREFIX)
    return Address(channel, number) if _E164.fullmatch(number) else None
