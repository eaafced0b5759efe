"""The bytes that make a printer do something: the commands of ESC/POS that a slip needs (Epson's command reference).

Japanese goes out as dots, so no printer's code pages are needed; what is left is five commands, fewer than a library
would bring packages.
"""

from collections.abc import Iterator
from typing import Final

from PIL import Image

BAND_ROWS: Final = 48  # 6 mm; small, so that little is in doubt when the paper ends

ASK: Final = tuple(bytes((0x10, 0x04, n)) for n in range(5))  # DLE EOT n
CONFIRM: Final = b"\x1dr\x01"  # GS r 1
FORGET: Final = bytes((0x10, 0x14, 8, 1, 3, 20, 1, 6, 2, 8))  # DLE DC4, function 8: clear the buffer
BEGIN: Final = b"\x1b@"  # ESC @: as it was when it was switched on
CUT: Final = b"\x1bd\x06\x1dV\x01"  # ESC d 6: out from under the head; GS V 1: cut, leaving a corner
_INK: Final = (255, *bytes(255))  # a printer's 1 is black, a picture's is white
_RASTER: Final = b"\x1dv0\x00"  # GS v 0, normal size: then width in bytes, height in dots, and the rows


def bands(picture: Image.Image) -> Iterator[bytes]:
    """Return a picture of black and white (mode "1") in bands, from the top, each as one command."""
    for top in range(0, picture.height, BAND_ROWS):
        band = picture.crop((0, top, picture.width, min(top + BAND_ROWS, picture.height)))
        ink = band.point(_INK)
        size = ((band.width + 7) // 8).to_bytes(2, "little") + band.height.to_bytes(2, "little")
        yield _RASTER + size + ink.tobytes()
