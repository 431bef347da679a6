"""Segments are counted as networks count them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.segments import count_segments


@pytest.mark.parametrize(
    ("text", "encoding", "units", "segments"),
    [
        ("", "GSM-7", 0, 1),
        ("a" * 160, "GSM-7", 160, 1),
        ("a" * 161, "GSM-7", 161, 2),
        ("a" * 306, "GSM-7", 306, 2),
        ("a" * 307, "GSM-7", 307, 3),
        ("é" * 160, "GSM-7", 160, 1),  # é, è, à, ù, ñ are in the basic table
        ("ê", "UCS-2", 1, 1),  # ê, ç, í, ã are not
        ("ç" * 71, "UCS-2", 71, 2),
        ("€" * 80, "GSM-7", 160, 1),  # the extension table costs two
        ("€" * 81, "GSM-7", 162, 2),
        ("a" * 152 + "€" + "a" * 150, "GSM-7", 304, 2),  # the escape pair moves whole to the second segment
        ("a" * 152 + "€" + "a" * 152, "GSM-7", 306, 3),  # which here costs a third
        ("ن" * 70, "UCS-2", 70, 1),
        ("ن" * 71, "UCS-2", 71, 2),
        ("ন" * 134, "UCS-2", 134, 2),
        ("😀" * 35, "UCS-2", 70, 1),  # a surrogate pair is two units
        ("😀" * 36, "UCS-2", 72, 2),
        ("😀" * 67, "UCS-2", 134, 3),  # 33 pairs fit in 67 units: pairs are not cut
        ("\u202f", "UCS-2", 1, 1),  # a narrow space from a formatted time
    ],
)
def test_units_and_segments_of_known_texts(text: str, encoding: str, units: int, segments: int) -> None:
    counted = count_segments(text)
    assert (counted.encoding, counted.units, counted.segments) == (encoding, units, segments)


@given(st.text(max_size=400), st.text(max_size=400))
def test_a_longer_text_never_costs_less(start: str, end: str) -> None:
    assert count_segments(start + end).segments >= count_segments(start).segments


@given(st.text(max_size=600))
def test_segments_can_hold_their_units(text: str) -> None:
    counted = count_segments(text)
    room = 160 if counted.encoding == "GSM-7" else 70
    joined = 153 if counted.encoding == "GSM-7" else 67
    assert counted.units <= (room if counted.segments == 1 else joined * counted.segments)
