"""The growth curve as an SVG, drawn from the results: both axes in powers of ten, a line for each thing measured."""

import math
from collections.abc import Mapping, Sequence
from html import escape

_WIDE, _HIGH = 720, 440
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 190, 30, 56
_COLOURS = ("#1b5e8c", "#b4461f", "#2d7a3e", "#6a3d8f")
_SLOWEST, _QUICKEST = 10_000.0, 0.1


def picture(curves: Mapping[str, Sequence[tuple[int, float]]], aims: Sequence[tuple[int, float]], title: str) -> str:
    """`curves`: by name, (services, milliseconds); `aims`: points that were to be reached."""
    sizes = sorted({size for points in curves.values() for size, _ in points})
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDE} {_HIGH}" font-family="sans-serif" font-size="12" role="img">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{_WIDE}" height="{_HIGH}" fill="#fff"/>',
        f'<text x="{_LEFT}" y="18" font-weight="bold">{escape(title)}</text>',
    ]
    for power in range(round(math.log10(_QUICKEST)), round(math.log10(_SLOWEST)) + 1):
        y = _y(10.0**power)
        parts.append(f'<line x1="{_LEFT}" x2="{_WIDE - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>')
        parts.append(f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{10.0**power:g} ms</text>')
    for size in sizes:
        x = _x(size)
        parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" y2="{_HIGH - _BOTTOM}" stroke="#ddd"/>')
        parts.append(f'<text x="{x:.1f}" y="{_HIGH - _BOTTOM + 18}" text-anchor="middle">{size:,}</text>')
    parts.append(
        f'<text x="{(_LEFT + _WIDE - _RIGHT) / 2}" y="{_HIGH - 14}" text-anchor="middle">services in the directory</text>'
    )
    for number, (name, points) in enumerate(curves.items()):
        colour, places = _COLOURS[number % len(_COLOURS)], [(_x(size), _y(spent)) for size, spent in points]
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>' for x, y in places]
        y = _TOP + 16 + number * 20
        parts.append(f'<rect x="{_WIDE - _RIGHT + 14}" y="{y - 9}" width="12" height="10" fill="{colour}"/>')
        parts.append(f'<text x="{_WIDE - _RIGHT + 32}" y="{y}">{escape(name)}</text>')
    for size, spent in aims:
        x, y = _x(size), _y(spent)
        parts.append(
            f'<path d="M{x - 6:.1f} {y:.1f} h12 M{x:.1f} {y - 6:.1f} v12" stroke="{_COLOURS[0]}" stroke-width="1.5"/>'
        )
    y = _TOP + 16 + len(curves) * 20
    parts.append(f'<text x="{_WIDE - _RIGHT + 14}" y="{y}">+ aim of the bot\'s search</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def _x(size: int) -> float:
    return _LEFT + (math.log10(size) - 2.7) / (6.2 - 2.7) * (_WIDE - _LEFT - _RIGHT)


def _y(milliseconds: float) -> float:
    share = (math.log10(max(_QUICKEST, min(_SLOWEST, milliseconds))) - math.log10(_QUICKEST)) / math.log10(
        _SLOWEST / _QUICKEST
    )
    return _HIGH - _BOTTOM - share * (_HIGH - _TOP - _BOTTOM)
