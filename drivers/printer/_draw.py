"""Draws a slip as a picture of black dots, so that the printer needs no Japanese letters of its own."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import segno
from PIL import Image, ImageDraw, ImageFont

from drivers.printer import Amount, Code, Line, Rule, Side, Size, Slip, Words

REPRINT: Final = "再発行 / Reprint"

_FONTS: Final = (  # fonts-noto-cjk, fonts-ipafont-gothic, fonts-vlgothic, and whatever Debian's alternatives chose
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/opentype/ipafont-gothic/ipag.ttf",
    "/usr/share/fonts/truetype/vlgothic/VL-Gothic-Regular.ttf",
    "/usr/share/fonts/truetype/fonts-japanese-gothic.ttf",
)
_DOTS: Final = {Size.SMALL: 22, Size.NORMAL: 28, Size.LARGE: 48}  # 203 dots an inch: 2.8, 3.5 and 6 mm
_LETTERS_MIN: Final = 10  # so many large ones fit on narrow paper too
_LEADING: Final = 1.35
_MARGIN: Final = 8
_CODE_SHARE: Final = 0.55  # of the paper's width
_QUIET: Final = 4  # modules around a code (ISO/IEC 18004, 9.1)
_NOT_FIRST: Final = "、。，．・:;?!」』)）】〉》ー々ぁぃぅぇぉっゃゅょァィゥェォッャュョ円,.:%"  # JIS X 4051, kinsoku
_WHITE, _BLACK = 1, 0


class NoFontError(Exception):
    """There are no Japanese letters on this machine."""


def draw(slip: Slip, width: int, font: str = "", *, is_reprint: bool = False) -> Image.Image:
    """Return the slip as a picture of black and white dots, `width` wide.

    Raises:
        NoFontError: there is no such font, or none was found.
    """
    lines = (_MARK, *slip.lines, _MARK) if is_reprint else slip.lines
    pen = _Pen(width, _font_file(font))
    parts = [part for line in lines for part in pen.parts(line)]
    sheet = Image.new("1", (width, max(1, sum(part.height for part in parts))), _WHITE)
    top = 0
    for part in parts:
        sheet.paste(part, (0, top))
        top += part.height
    return sheet


_MARK: Final = Words(REPRINT, Size.LARGE, Side.MIDDLE)


def _font_file(font: str) -> str:
    for path in (font,) if font else _FONTS:
        if Path(path).exists():
            return path
    raise NoFontError(font or "no Japanese font; apt-get install fonts-noto-cjk or fonts-ipafont-gothic")


class _Pen:
    """Draws line after line, each as a picture as wide as the paper."""

    def __init__(self, width: int, font: str) -> None:
        self._width = width
        self._inner = width - 2 * _MARGIN
        self._dots = {size: min(dots, width // _LETTERS_MIN) for size, dots in _DOTS.items()}
        try:
            self._fonts = {size: ImageFont.truetype(font, dots) for size, dots in self._dots.items()}
        except OSError as error:
            raise NoFontError(f"{font}: {error}") from error

    def parts(self, line: Line) -> Iterator[Image.Image]:
        match line:
            case Words(text, size, side):
                for row in self._rows(text, size):
                    yield self._row(size, ((row, side),))
            case Amount(what, yen, size):
                yield from self._amount(what, in_yen(yen), size)
            case Rule():
                yield self._rule()
            case Code(says, below):
                yield self._code(says)
                for row in self._rows(below, Size.SMALL) if below else ():
                    yield self._row(Size.SMALL, ((row, Side.MIDDLE),))

    def _amount(self, what: str, yen: str, size: Size) -> Iterator[Image.Image]:
        """Both on one row; where they do not fit there together, the amount below."""
        if self._long(f"{what}  {yen}", size) <= self._inner:
            yield self._row(size, ((what, Side.LEFT), (yen, Side.RIGHT)))
            return
        for row in self._rows(what, size):
            yield self._row(size, ((row, Side.LEFT),))
        yield self._row(size, ((yen, Side.RIGHT),))

    def _long(self, text: str, size: Size) -> float:
        return self._fonts[size].getlength(text)

    def _rows(self, text: str, size: Size) -> list[str]:
        """Break text where it does not fit: not inside a word in Latin letters, not before a closing mark."""
        rows: list[str] = []
        for paragraph in text.splitlines() or [""]:
            row = ""
            for unit in self._units(paragraph, size):
                if row and self._long(row + unit, size) > self._inner:
                    keep = row[-1] if unit in _NOT_FIRST and len(row) > 1 else ""
                    rows.append(row[: len(row) - len(keep)])
                    row = keep
                row += unit if row or not unit.isspace() else ""
            rows.append(row)
        return rows

    def _units(self, paragraph: str, size: Size) -> Iterator[str]:
        """Return what stays together: words in Latin letters that fit on a row, and every other letter."""
        for unit in re.findall(r"[!-~]+|.", paragraph):
            if self._long(unit, size) <= self._inner:
                yield unit
            else:
                yield from unit

    def _row(self, size: Size, texts: tuple[tuple[str, Side], ...]) -> Image.Image:
        picture = Image.new("1", (self._width, round(self._dots[size] * _LEADING)), _WHITE)
        ink = ImageDraw.Draw(picture)
        for text, side in texts:
            room = self._inner - self._long(text, size)
            left = _MARGIN + {Side.LEFT: 0.0, Side.MIDDLE: room / 2, Side.RIGHT: room}[side]
            ink.text((left, picture.height / 2), text, fill=_BLACK, font=self._fonts[size], anchor="lm")
        return picture

    def _rule(self) -> Image.Image:
        picture = Image.new("1", (self._width, 17), _WHITE)
        ImageDraw.Draw(picture).line((_MARGIN, 8, self._width - _MARGIN, 8), fill=_BLACK, width=2)
        return picture

    def _code(self, says: str) -> Image.Image:
        rows = [bytes(row) for row in segno.make_qr(says, error="m").matrix]
        modules = len(rows) + 2 * _QUIET
        dots = max(2, int(self._width * _CODE_SHARE) // modules)
        picture = Image.new("1", (self._width, modules * dots), _WHITE)
        left = (self._width - modules * dots) // 2 + _QUIET * dots
        ink = ImageDraw.Draw(picture)
        for y, row in enumerate(rows):
            for x, module in enumerate(row):
                if module:
                    corner = (left + x * dots, (y + _QUIET) * dots)
                    ink.rectangle((*corner, corner[0] + dots - 1, corner[1] + dots - 1), fill=_BLACK)
        return picture


def in_yen(yen: int) -> str:
    """Write an amount as people read it: 1,280円, −1,280円."""
    return f"{'−' if yen < 0 else ''}{abs(yen):,}円"
