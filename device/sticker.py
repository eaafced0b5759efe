"""The sticker for a unit's box: its name, the fingerprint of its journal's key, and both as a code to be scanned.

Whoever doubts a unit compares the fingerprint with what the centre and `machi device status` say of it.
"""

import io
from typing import Final

import segno
from PIL import Image, ImageDraw, ImageFont

from sync.technician import key_print

DPI: Final = 600
_WIDTH_MM, _HEIGHT_MM, _EDGE_MM = 70, 34, 2
_MM: Final = DPI / 25.4
_BLACK, _WHITE = 0, 1
_DARK, _LIGHT = 0, 255
_QUIET: Final = 4  # modules around a code (ISO/IEC 18004, 9.1)
_HALF: Final = 5  # groups of the fingerprint in a line


def said(town: str, unit: str, key: str) -> str:
    """Return what the code on a sticker says."""
    return f"machitap-unit 1 {town}/{unit} {key_print(key).replace(' ', '')}"


def draw(town: str, unit: str, key: str) -> bytes:
    """Return the sticker as a PDF of one page, 70 by 34 millimetres."""
    page = Image.new("1", (_px(_WIDTH_MM), _px(_HEIGHT_MM)), _WHITE)
    side = _HEIGHT_MM - 2 * _EDGE_MM
    page.paste(_code(said(town, unit, key), _px(side)), (_px(_EDGE_MM), _px(_EDGE_MM)))
    text = ImageDraw.Draw(page)
    left, room = _px(side + 2 * _EDGE_MM), _px(_WIDTH_MM - side - 3 * _EDGE_MM)
    groups = key_print(key).split()
    for at_mm, size_mm, line in (
        (4, 8, unit),
        (14, 3.4, town),
        (21, 3.2, " ".join(groups[:_HALF])),
        (25.5, 3.2, " ".join(groups[_HALF:])),
    ):
        font = _font(line, _px(size_mm), room)
        text.text((left, _px(at_mm)), line, _BLACK, font)
    out = io.BytesIO()
    page.save(out, "PDF", resolution=DPI, title=unit)
    return out.getvalue()


def _code(what: str, side: int) -> Image.Image:
    """Return a QR code with its quiet zone, as large as it fits with whole modules."""
    code = segno.make_qr(what, error="m")
    rows = list(code.matrix_iter(scale=side // code.symbol_size(border=_QUIET)[0], border=_QUIET))
    dots = bytes(_DARK if is_dark else _LIGHT for row in rows for is_dark in row)
    return Image.frombytes("L", (len(rows), len(rows)), dots).convert("1")


def _font(line: str, size: int, room: int) -> ImageFont.FreeTypeFont:
    """Return a font in which a line is no wider than there is room."""
    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont)
    return font if font.getlength(line) <= room else _font(line, size * 9 // 10, room)


def _px(mm: float) -> int:
    return round(mm * _MM)
