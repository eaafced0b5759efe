"""Draws a picture: the sign above, the word below, for any size and either way up. Arithmetic and Pillow, no device."""

import math
from functools import cache
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from drivers.display import FACES, Picture, Sign

# Debian's Japanese fonts, the boldest first; the smallest package that will do is fonts-vlgothic, with 8 MB.
FONTS: Final = (
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Bold.ttc",
    "/usr/share/fonts/truetype/vlgothic/VL-PGothic-Regular.ttf",
    "/usr/share/fonts/opentype/ipaexfont-gothic/ipaexg.ttf",
)

_FINE: Final = 4  # signs are drawn so many times larger, and made smaller: smooth edges
_SIGN: Final = 0.60  # of the height
_WORD: Final = 0.245  # of the height: 78 px of 320
_WIDEST: Final = 0.95  # of the width
_MIDDLE_OF_WORD: Final = 0.815
_MIDDLE_OF_SIGN: Final = 0.355
_BAND: Final = 0.028
_BOLDER: Final = 0.018  # of the size; for fonts that come in one weight
_CARD_PAPER: Final = "#ffffff"
_CARD_PRINT: Final = "#0017c1"


class NoFontError(FileNotFoundError):
    """There is no Japanese font on this unit; the message says what to install."""


@cache
def find_font(wanted: str) -> Path:
    """Return the file of the font to use: the one that was asked for, or the first that is there.

    Raises:
        NoFontError: there is none.
    """
    found = next((Path(name) for name in ([wanted] if wanted else FONTS) if Path(name).is_file()), None)
    if found is None:
        raise NoFontError(f"{wanted or 'a Japanese font'} is missing: install fonts-vlgothic, or set font = a file")
    return found


def draw(picture: Picture, size: tuple[int, int], font: str = "") -> Image.Image:
    """Return the picture in colour; an unknown face is drawn as a closed unit.

    Raises:
        NoFontError: see `find_font`.
    """
    width, height = size
    face = FACES.get(picture.face, FACES["closed"])
    image = Image.new("RGB", size, face.paper)
    pencil = ImageDraw.Draw(image)
    if face.band:
        pencil.rectangle((0, 0, width - 1, height - 1), outline=face.band, width=round(_BAND * min(size)))
    across = round(min(_SIGN * height, 0.8 * width))
    sign = _sign(face.sign, across, face.ink)
    image.paste(sign, ((width - across) // 2, round(_MIDDLE_OF_SIGN * height - across / 2)), sign)
    letters, bolder = _letters(find_font(font), picture.word, size)
    middle = width / 2, _MIDDLE_OF_WORD * height
    pencil.text(middle, picture.word, font=letters, fill=face.ink, anchor="mm", stroke_width=bolder)
    return image


def _letters(file: Path, word: str, size: tuple[int, int]) -> tuple[ImageFont.FreeTypeFont, int]:
    """Return the font in the size in which the word fits, and by how many pixels to thicken it."""
    width, height = size
    points = round(_WORD * height)
    wide = _font(file, points).getlength(word)
    points = min(points, int(points * _WIDEST * width / max(wide, 1)))
    return _font(file, points), 0 if "Bold" in file.name else round(_BOLDER * points)


@cache
def _font(file: Path, points: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(file), max(1, points))


@cache
def _sign(sign: Sign, across: int, ink: str) -> Image.Image:
    """Return a sign as a square with a transparent ground; it is drawn in a square of 100 by 100."""
    image = Image.new("RGBA", (across * _FINE, across * _FINE), (0, 0, 0, 0))
    pen = _Pen(ImageDraw.Draw(image), across * _FINE / 100, ink)
    match sign:
        case Sign.TOUCH:
            pen.touch()
        case Sign.WORKING:
            pen.dots()
        case Sign.GOOD:
            pen.ring(39, 14)
        case Sign.LOW:
            pen.ring(43, 9)
            pen.line((50, 28), (50, 52), 11)
            pen.dot((50, 70), 6)
        case Sign.SAME:
            pen.line((18, 37), (82, 37), 13)
            pen.line((18, 63), (82, 63), 13)
        case Sign.MARK:
            pen.line((50, 12), (50, 58), 14)
            pen.dot((50, 83), 8.5)
        case Sign.CROSS:
            pen.line((20, 20), (80, 80), 14)
            pen.line((80, 20), (20, 80), 14)
        case Sign.PAUSE:
            pen.line((22, 50), (78, 50), 14)
    return image.resize((across, across), Image.Resampling.LANCZOS)


class _Pen:
    """Draws with round ends, in hundredths of the square."""

    def __init__(self, pencil: ImageDraw.ImageDraw, scale: float, ink: str) -> None:
        self._pencil = pencil
        self._scale = scale
        self._ink = ink

    def line(self, start: tuple[float, float], end: tuple[float, float], width: float, ink: str = "") -> None:
        s, (x, y), (to_x, to_y) = self._scale, start, end
        share = width / 2 / math.dist(start, end)
        off_x, off_y = (y - to_y) * share, (to_x - x) * share  # at right angles to the line
        corners = [
            (x + off_x, y + off_y),
            (to_x + off_x, to_y + off_y),
            (to_x - off_x, to_y - off_y),
            (x - off_x, y - off_y),
        ]
        self._pencil.polygon([(a * s, b * s) for a, b in corners], fill=ink or self._ink)
        self.dot(start, width / 2, ink)
        self.dot(end, width / 2, ink)

    def dot(self, at: tuple[float, float], radius: float, ink: str = "") -> None:
        self._pencil.ellipse(self._box(at, radius), fill=ink or self._ink)

    def ring(self, radius: float, width: float) -> None:
        """Draw a ring; `radius` reaches to the middle of the line."""
        box = self._box((50, 50), radius + width / 2)
        self._pencil.ellipse(box, outline=self._ink, width=round(width * self._scale))

    def dots(self) -> None:
        """Draw nine dots in a ring."""
        turned = (
            (50, 15),
            (72.5, 23.2),
            (84.5, 43.9),
            (80.3, 67.5),
            (62, 82.9),
            (38, 82.9),
            (19.7, 67.5),
            (15.5, 43.9),
        )
        for at in (*turned, (27.5, 23.2)):
            self.dot(at, 6.5)

    def touch(self) -> None:
        """Draw a card that sends waves upwards."""
        s = self._scale
        for radius in (17, 31, 45):
            box = self._box((50, 48), radius)
            self._pencil.arc(box, 222, 318, fill=_CARD_PRINT, width=round(5 * s))
        card = (10 * s, 44 * s, 90 * s, 96 * s)
        self._pencil.rounded_rectangle(card, 6 * s, fill=_CARD_PAPER, outline=self._ink, width=round(4.5 * s))
        self._pencil.rectangle((21 * s, 57 * s, 42 * s, 74 * s), fill=_CARD_PRINT)
        self.line((54, 60), (78, 60), 3.5, _CARD_PRINT)
        self.line((54, 71), (78, 71), 3.5, _CARD_PRINT)
        self.line((23, 85), (78, 85), 3.5, _CARD_PRINT)

    def _box(self, middle: tuple[float, float], radius: float) -> tuple[float, float, float, float]:
        s, (x, y) = self._scale, middle
        return (x - radius) * s, (y - radius) * s, (x + radius) * s, (y + radius) * s
