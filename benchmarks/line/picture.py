"""Bars side by side as an SVG, drawn from the results."""

from collections.abc import Sequence
from html import escape

_WIDE, _HIGH, _LEFT, _RIGHT, _TOP, _BOTTOM = 720, 320, 56, 150, 36, 44
_COLOURS = ("#1b5e8c", "#b4461f")


def bars(title: str, series: Sequence[tuple[str, Sequence[tuple[str, float]]]]) -> str:
    """`series`: a name each, with (label, value) in the same order."""
    most = max(value for _, values in series for _, value in values) or 1.0
    labels = [label for label, _ in series[0][1]]
    group = (_WIDE - _LEFT - _RIGHT) / len(labels)
    bar = group / (len(series) + 1)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDE} {_HIGH}" font-family="sans-serif" font-size="12" role="img">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{_WIDE}" height="{_HIGH}" fill="#fff"/>',
        f'<text x="{_LEFT}" y="20" font-weight="bold">{escape(title)}</text>',
        f'<line x1="{_LEFT}" x2="{_WIDE - _RIGHT}" y1="{_HIGH - _BOTTOM}" y2="{_HIGH - _BOTTOM}" stroke="#888"/>',
    ]
    for position, label in enumerate(labels):
        middle = _LEFT + (position + 0.5) * group
        parts.append(f'<text x="{middle:.1f}" y="{_HIGH - _BOTTOM + 18}" text-anchor="middle">{escape(label)}</text>')
    for number, (name, values) in enumerate(series):
        colour = _COLOURS[number % len(_COLOURS)]
        for position, (_, value) in enumerate(values):
            high = value / most * (_HIGH - _TOP - _BOTTOM - 16)
            x, y = _LEFT + position * group + (number + 0.5) * bar, _HIGH - _BOTTOM - high
            parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{bar:.1f}" height="{high:.1f}" fill="{colour}"/>')
            parts.append(f'<text x="{x + bar / 2:.1f}" y="{y - 4:.1f}" text-anchor="middle">{value:.1f}</text>')
        parts.append(
            f'<rect x="{_WIDE - _RIGHT + 14}" y="{_TOP + number * 20}" width="12" height="10" fill="{colour}"/>'
        )
        parts.append(f'<text x="{_WIDE - _RIGHT + 32}" y="{_TOP + 9 + number * 20}">{escape(name)}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"
