"""A small display that Linux shows as a framebuffer, `/dev/fb0`: SPI and DSI panels, composite, HDMI.

One thread draws; a tap only says what is to be seen. The device is opened for every picture, so one that was unplugged
needs no special care, and what was drawn once is kept.
"""

import contextlib
import fcntl
import logging
import os
import struct
import threading
from typing import Annotated, Final, Literal

import msgspec
from PIL import Image

from drivers.check import Check, State
from drivers.clock import Clock
from drivers.clock.system import Driver as SystemClock
from drivers.display import Picture
from drivers.display._drawing import NoFontError, draw, find_font
from drivers.display._pixels import Layout, LayoutError, pack
from drivers.slot import Slot

log = logging.getLogger("display")

AGAIN_S: Final = 5.0
_KEPT: Final = 24  # pictures of 300 kB each on a 3.5-inch display
_JOIN_S: Final = 1.0

# linux/fb.h: width and height seen and virtual, offsets, bits, grey, then the place of red.
_FBIOGET_VSCREENINFO: Final = 0x4600
_FBIOGET_FSCREENINFO: Final = 0x4602
_VAR: Final = struct.Struct("=9I")
_VAR_BYTES: Final = 160
_FIX: Final = struct.Struct("@16sL4I3HI")  # id, start, length, type, its second half, visual, three steps, stride
_FIX_BYTES: Final = 80
_FBIOBLANK: Final = 0x4611
_FB_BLANK_UNBLANK: Final = 0

_TURNS: Final = {90: Image.Transpose.ROTATE_90, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_270}
_Size = Annotated[int, msgspec.Meta(ge=0, le=4096)]
_Scene = tuple[Picture, Picture | None, float, float]


class Driver:
    """Capabilities: every picture in 16 or 32 bits a pixel, turned any way.

    A display that is missing stays dark, is tried again every few seconds, and holds up nobody.
    """

    class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        """What can be set.

        Attributes:
            device: the framebuffer.
            rotate: by how many degrees to turn the picture to the left.
            font: a font file; "" for the first Japanese one that is installed.
            width, height, bits, stride: for a device that does not tell; 0: ask it.
        """

        device: str = "/dev/fb0"
        rotate: Literal[0, 90, 180, 270] = 0
        font: str = ""
        width: _Size = 0
        height: _Size = 0
        bits: Literal[0, 16, 32] = 0
        stride: Annotated[int, msgspec.Meta(ge=0, le=16384)] = 0

    def __init__(self, options: Options | None = None, clock: Clock | None = None) -> None:
        """Begin with what the display showed before.

        Raises:
            NoFontError: no Japanese font is installed.
        """
        self._options = options or self.Options()
        self._clock = clock or SystemClock()
        find_font(self._options.font)
        self._kept: dict[tuple[Picture, Layout], bytes] = {}
        self._told = ""
        self._is_lit = False
        self._slot: Slot[_Scene] = Slot()
        self._thread = threading.Thread(target=self._run, name="display", daemon=True)
        self._thread.start()

    @classmethod
    def probe(cls, options: Options) -> Check:
        """Look whether the device and a font are there; nothing is drawn."""
        try:
            find_font(options.font)
            handle = os.open(options.device, os.O_RDWR)
            try:
                layout = _layout(handle, options)
            finally:
                os.close(handle)
            pack(Image.new("RGB", (layout.width, layout.height)), layout)
        except NoFontError as error:
            return Check(
                State.FAIL, "日本語の文字がありません", str(error), "fonts-vlgothic を入れてください", "install it"
            )
        except (OSError, LayoutError) as error:
            return Check(
                State.FAIL,
                f"表示器 {options.device} を使えません",
                str(error),
                "つながりと config.txt を見てください",
                "check its cable, its overlay in config.txt, and the group video",
            )
        size = f"{layout.width}×{layout.height}"
        return Check(State.OK, f"表示器を使えます({size})", f"{options.device}: {size}, {layout.bits} bits a pixel")

    def show(self, rest: Picture, result: Picture | None = None, seconds: float = 0) -> None:
        self._slot.put((rest, result, seconds, self._clock.mono()))

    def close(self) -> None:
        """End the thread; the last picture stays."""
        self._slot.end()
        self._thread.join(_JOIN_S)

    def _run(self) -> None:
        scene: _Scene | None = None
        while not self._slot.ended:
            pause = self._step(scene) if scene else None
            scene = self._slot.take(pause) or scene

    def _step(self, scene: _Scene) -> float | None:
        """Show what there is to see now; return how long it stays so, None for ever."""
        rest, result, seconds, since = scene
        left = since + seconds - self._clock.mono() if seconds else float("inf")
        now = result if result and left > 0 else rest
        fine = self._put(now)
        until = left if now is result else float("inf")
        if not fine:
            until = min(until, AGAIN_S)
        return None if until == float("inf") else max(0.0, until)

    def _put(self, picture: Picture) -> bool:
        try:
            handle = os.open(self._options.device, os.O_RDWR)
            try:
                layout = _layout(handle, self._options)
                os.pwrite(handle, self._drawn(picture, layout), layout.start)
                if not self._is_lit:
                    _light(handle)
            finally:
                os.close(handle)
        except Exception as error:  # noqa: BLE001 - a device, a font, a drawing: a display never stops a unit
            self._is_lit = False
            self._tell(str(error))
            return False
        self._is_lit = True
        self._tell("")
        return True

    def _drawn(self, picture: Picture, layout: Layout) -> bytes:
        key = picture, layout
        if key not in self._kept:
            turned = self._options.rotate in (90, 270)
            size = (layout.height, layout.width) if turned else (layout.width, layout.height)
            image = draw(picture, size, self._options.font)
            if self._options.rotate:
                image = image.transpose(_TURNS[self._options.rotate])
            if len(self._kept) >= _KEPT:
                self._kept.pop(next(iter(self._kept)))
            self._kept[key] = pack(image, layout)
        return self._kept[key]

    def _tell(self, trouble: str) -> None:
        """Log a trouble once, and its end."""
        if trouble and trouble != self._told:
            log.warning("the display does not work: %s", trouble)
        elif self._told and not trouble:
            log.info("the display is back")
        self._told = trouble


def _layout(handle: int, options: Driver.Options) -> Layout:
    if options.width and options.height and options.bits:
        stride = options.stride or options.width * options.bits // 8
        return Layout(options.width, options.height, options.bits, stride)
    var = fcntl.ioctl(handle, _FBIOGET_VSCREENINFO, bytes(_VAR_BYTES))
    fix = fcntl.ioctl(handle, _FBIOGET_FSCREENINFO, bytes(_FIX_BYTES))
    return parse_layout(var, fix)


def _light(handle: int) -> None:
    """Switch the display on: the kernel leaves that to its console, and a unit's is kept off it (fbcon=map:9)."""
    with contextlib.suppress(OSError):  # one that cannot be switched is on
        fcntl.ioctl(handle, _FBIOBLANK, _FB_BLANK_UNBLANK)


def parse_layout(var: bytes, fix: bytes) -> Layout:
    """Read what the kernel answered: `fb_var_screeninfo` and `fb_fix_screeninfo` (linux/fb.h)."""
    width, height, _, _, offset_x, offset_y, bits, _, red_at = _VAR.unpack_from(var)
    stride = _FIX.unpack_from(fix)[-1]
    start = offset_y * stride + offset_x * bits // 8
    return Layout(width, height, bits, stride, start, red_first=red_at == 0)
