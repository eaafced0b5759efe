"""Reads the code in a picture, for phones whose browsers cannot; the picture is looked at and forgotten."""

from math import isqrt
from typing import Final

import zxingcpp

SIDE_MAX: Final = 600
PIXELS_MAX: Final = SIDE_MAX**2
_QR: Final = zxingcpp.barcode_formats_from_str("QRCode")


def read_code(pixels: bytes) -> str:
    """Return what the first QR code in a picture says, or "" if there is none.

    Args:
        pixels: a square of shades of grey, a byte each, from the upper left.

    Raises:
        ValueError: this is no square, or a large one.
    """
    side = isqrt(len(pixels))
    if not 1 <= side <= SIDE_MAX or side**2 != len(pixels):
        raise ValueError(f"a square of at most {SIDE_MAX} pixels a side was expected, not {len(pixels)} pixels")
    picture = memoryview(pixels).cast("B", (side, side))
    found = zxingcpp.read_barcodes(picture, formats=_QR)
    return found[0].text if found else ""
