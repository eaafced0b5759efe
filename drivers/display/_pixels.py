"""From a picture to the bytes that a Linux framebuffer wants. The packing is done by Pillow, not pixel by pixel."""

import msgspec
from PIL import Image, ImageChops


class Layout(msgspec.Struct, frozen=True):
    """How a framebuffer lays out its pixels.

    Attributes:
        width, height: in pixels, as the device counts them.
        bits: of one pixel: 16 (RGB565) or 32 (XRGB8888).
        stride: bytes from one row to the next.
        start: bytes before the first pixel that is seen.
        red_first: red has the lowest bits; else blue has.
    """

    width: int
    height: int
    bits: int
    stride: int
    start: int = 0
    red_first: bool = False


class LayoutError(Exception):
    """A framebuffer that cannot be served; the message says why."""


def pack(image: Image.Image, layout: Layout) -> bytes:
    """Return all rows, each filled up to the stride.

    Raises:
        LayoutError: pixels of another kind, or a picture of another size.
    """
    if image.size != (layout.width, layout.height):
        raise LayoutError(f"a picture of {image.size} for {layout.width} by {layout.height} pixels")
    if layout.bits == 32:  # noqa: PLR2004 - bits
        data = image.tobytes("raw", "RGBX" if layout.red_first else "BGRX")
    elif layout.bits == 16:  # noqa: PLR2004 - bits
        data = _rgb565(image, red_first=layout.red_first)
    else:
        raise LayoutError(f"{layout.bits} bits a pixel; 16 and 32 can be served")
    row = layout.width * layout.bits // 8
    if layout.stride < row:
        raise LayoutError(f"rows of {row} bytes do not fit into {layout.stride}")
    if layout.stride == row:
        return data
    gap = bytes(layout.stride - row)
    return b"".join(data[at : at + row] + gap for at in range(0, len(data), row))


def _rgb565(image: Image.Image, *, red_first: bool) -> bytes:
    """Return RRRRRGGG GGGBBBBB, the low byte first; the bits of the parts do not overlap, so they can be added."""
    red, green, blue = image.split()
    if red_first:
        red, blue = blue, red
    high = ImageChops.add(red.point(lambda part: part & 0xF8), green.point(lambda part: part >> 5))
    low = ImageChops.add(green.point(lambda part: part << 3 & 0xE0), blue.point(lambda part: part >> 3))
    return Image.merge("LA", (low, high)).tobytes()
