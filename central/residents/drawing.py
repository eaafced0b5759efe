"""Draws what the desk prints, as a PDF in A4: black dots, so that every letter of a name is on it as it was drawn here.

A name may have letters that hardly a printer has; the font of this machine (Noto CJK) knows their variants.
"""

import io
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from central.residents.papers import Paper, Row

_DPI: Final = 200
_MM: Final = _DPI / 25.4
_WIDTH_MM, _HEIGHT_MM, _EDGE_MM, _BESIDE_MM = 210, 297, 18, 74
_TITLE_MM, _TEXT_MM, _LEADING = 6.5, 4.0, 1.5
_BLACK, _WHITE = 0, 1
_FONTS: Final = (  # fonts-noto-cjk, fonts-ipafont-gothic, and whatever Debian's alternatives chose
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/opentype/ipafont-gothic/ipag.ttf",
    "/usr/share/fonts/truetype/fonts-japanese-gothic.ttf",
)
_NOT_FIRST: Final = "、。,.)」』】・ーァィゥェォッャュョ\ufe00\ufe01\U000e0100\U000e0101\U000e0102"  # JIS X 4051
_SIGNED: Final = "上のとおり確認しました。   年   月   日   氏名 ____________________"


class NoFontError(Exception):
    """There are no Japanese letters on this machine; the message says what to install."""


def draw(paper: Paper, font: str = "") -> bytes:
    """Return a paper as a PDF, as many pages as it takes.

    Raises:
        NoFontError: no Japanese font was found.
    """
    pen = _Pen(_font_file(font))
    pen.words(paper.title, _TITLE_MM)
    for row in paper.rows:
        pen.row(row)
    if paper.is_signed:
        pen.row(Row("", ""))
        pen.row(Row("", _SIGNED))
    out = io.BytesIO()
    first, *others = pen.pages
    first.save(out, "PDF", resolution=_DPI, save_all=True, append_images=others)
    return out.getvalue()


def _font_file(font: str) -> str:
    for path in (font,) if font else _FONTS:
        if Path(path).exists():
            return path
    raise NoFontError("日本語の字体がありません。\nno Japanese font is here; say: apt-get install fonts-noto-cjk")


class _Pen:
    """Writes line after line, and begins a page where one is full."""

    def __init__(self, font: str) -> None:
        self._file = font
        self._text = ImageFont.truetype(font, _px(_TEXT_MM))
        self.pages: list[Image.Image] = []
        self._turn()

    def _turn(self) -> None:
        self.pages.append(Image.new("1", (_px(_WIDTH_MM), _px(_HEIGHT_MM)), _WHITE))
        self._draw = ImageDraw.Draw(self.pages[-1])
        self._top = _px(_EDGE_MM)

    def words(self, text: str, size_mm: float) -> None:
        self._draw.text((_px(_EDGE_MM), self._top), text, _BLACK, ImageFont.truetype(self._file, _px(size_mm)))
        self._top += _px(size_mm * 2)

    def row(self, row: Row) -> None:
        """Write a label and, beside it, what it is the label of."""
        left = _px(_EDGE_MM + _BESIDE_MM) if row.label else _px(_EDGE_MM)
        room = _px(_WIDTH_MM - _EDGE_MM) - left
        labels = self._lines(row.label, _px(_BESIDE_MM - 3))
        values = self._lines(row.value, room)
        step = _px(_TEXT_MM * _LEADING)
        for number in range(max(len(labels), len(values), 1)):
            if self._top + step > _px(_HEIGHT_MM - _EDGE_MM):
                self._turn()
            for at, lines in ((_px(_EDGE_MM), labels), (left, values)):
                if number < len(lines):
                    self._draw.text((at, self._top), lines[number], _BLACK, self._text)
            self._top += step
        self._top += step // 3

    def _lines(self, text: str, room: int) -> list[str]:
        """Divide a text into lines that fit; none begins with what may not stand there."""
        lines = [""]
        for letter in text:
            if self._text.getlength(lines[-1] + letter) > room and letter not in _NOT_FIRST:
                lines.append("")
            lines[-1] += letter
        return lines if text else []


def _px(mm: float) -> int:
    return round(mm * _MM)
