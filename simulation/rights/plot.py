"""Draws what seasons came to (SVG): for each way to decide, who was refused, and what was paid with nobody's money."""

from collections.abc import Mapping, Sequence
from typing import Final
from xml.sax.saxutils import escape

from simulation.rights.figures import Figures

_LINE: Final = 34
_LEFT: Final = 150
_BAR: Final = 220
_GAP: Final = 90
_TOP: Final = 64
_INK: Final = "#1f2937"
_FONT: Final = f'font-family="sans-serif" font-size="14" fill="{_INK}"'
_COLOURS: Final = ("#2563eb", "#b91c1c")
_TITLES: Final = (
    "払えるはずの人を断った割合（圏外の支払い） / refused out of reach though affordable, %",
    "誰のものでもないお金の支払い（円） / paid with money that nobody had, yen",
)


def draw(found: Mapping[str, Figures]) -> str:
    """Return a picture in SVG."""
    refused = [100 * one.false_away / max(1, one.away) for one in found.values()]
    overspent = [float(one.overspent_yen) for one in found.values()]
    width, height = _LEFT + 2 * (_BAR + _GAP), _TOP + _LINE * len(found) + 16
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" {_FONT}>',
        f"<title>{escape(' · '.join(_TITLES))}</title>",
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
    ]
    parts += [_text(_LEFT - 12, _middle(row), name, "end") for row, name in enumerate(found)]
    for column, values in enumerate((refused, overspent)):
        parts += _column(column, values, "{:.1f}" if column == 0 else "{:,.0f}")
    return "\n".join([*parts, "</svg>", ""])


def _column(column: int, values: Sequence[float], form: str) -> list[str]:
    left = _LEFT + column * (_BAR + _GAP)
    japanese, english = _TITLES[column].split(" / ")
    parts = [_text(left, 22, japanese, size=12), _text(left, 42, english, size=12)]
    most = max(max(values, default=0.0), 1.0)
    for row, value in enumerate(values):
        long = round(_BAR * value / most)
        y = _TOP + row * _LINE + 4
        parts.append(f'<rect x="{left}" y="{y}" width="{long}" height="{_LINE - 12}" fill="{_COLOURS[column]}"/>')
        parts.append(_text(left + long + 6, _middle(row), form.format(value)))
    return parts


def _middle(row: int) -> int:
    return _TOP + row * _LINE + 20


def _text(x: int, y: int, words: str, anchor: str = "start", size: int = 14) -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}" font-size="{size}">{escape(words)}</text>'
