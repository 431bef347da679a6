"""Inputs that are nearly right: examples, cut, repeated, mixed, and sprinkled with what parsers stumble over."""

import random

PIECES = (
    b"\x00", b"\xff", b"\xed\xa0\x80", b"%00", b"%F0%9F", b"%", b"&", b"=", b";", b",", b'"', b"'", b"\r\n", b"\n", b"{", b"}", b"[" * 50,
    b"]", b"-1", b"0", b"99999999999999999999", b"1e999", b"NaN", b"null", b"true", b"\\u0000", b"\\ud800",
    "\u202e".encode(), "\u200d".encode(),
    "\u0661\u0662".encode(), "\u09e7".encode(), "\u0130".encode(), "\ufdfa".encode(),
    b"=cmd|' /C calc'!A0", b"../../", b"{{7*7}}", b"%s%n", b"${x}",
    b"whatsapp:", b"+15005550006", b"2026-02-30", b"24:00-00:00", b"Mo-Su 00:00-24:00", b"9" * 400, b"a" * 2000, b"( " * 200,
)  # fmt: skip
MOST = 16 * 1024
"""Bytes of an input: what is larger is refused by size, which has tests of its own."""


def mutated(seeds: list[bytes], dice: random.Random) -> bytes:
    """One input."""
    data = bytearray(dice.choice(seeds))
    for _ in range(dice.choice((0, 1, 1, 2, 3, 5, 8))):
        at = dice.randint(0, len(data))
        what = dice.randrange(6)
        if what == 0:
            data[at:at] = dice.choice(PIECES)
        elif what == 1 and data:
            del data[at : at + dice.randint(1, 40)]
        elif what == 2 and at < len(data):
            data[at] = dice.randrange(256)
        elif what == 3:
            data[at:at] = data[at : at + dice.randint(1, 60)] * dice.randint(1, 8)
        elif what == 4:
            other = dice.choice(seeds)
            cut = dice.randint(0, len(other))
            data[at:] = other[cut:]
        else:
            data[at:at] = chr(
                dice.choice((dice.randrange(0x20, 0x250), dice.randrange(0x590, 0xD7FF), 0x1F600))
            ).encode()
    return bytes(data[:MOST])
