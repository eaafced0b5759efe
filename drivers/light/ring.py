"""A ring of WS2812 pixels ("NeoPixel") on the SPI data pin; the same on every Raspberry Pi, and without root.

Such a pixel reads a bit from how long the line stays high. SPI sends three bits for each, at 2.4 MHz: 110 is a one
(0.83 µs high, 0.42 µs low), 100 a zero (0.42 µs high, 0.83 µs low). The data sheet asks for 0.8/0.45 and 0.4/0.85,
each ±0.15 µs, and for 280 µs of silence before the next frame (Worldsemi, WS2812B; 50 µs in its first edition).

Two system calls are all of SPI that this needs (linux/spi/spidev.h), so no package is asked for.
"""

import fcntl
import os
import struct
from typing import Annotated, Final, Protocol

import msgspec

from drivers.check import Check, State
from drivers.clock import Clock
from drivers.clock.system import Driver as SystemClock
from drivers.light import Colour, Pattern
from drivers.light._dimming import Dimming
from drivers.light._engine import Engine
from drivers.light._frames import Levels, linear

SPI_HZ: Final = 2_400_000
_SILENCE: Final = bytes(96)  # 320 µs at that pace
_ONE: Final = 0b110
_ZERO: Final = 0b100
_SPI_IOC_WR_MAX_SPEED_HZ: Final = 0x40046B04  # _IOW('k', 4, __u32)

_Count = Annotated[int, msgspec.Meta(ge=2, le=100)]  # 100 pixels are 900 bytes, well under spidev's 4096


def _stretch(value: int) -> bytes:
    """Return the three SPI bytes for one byte, highest bit first."""
    bits = 0
    for at in range(7, -1, -1):
        bits = bits << 3 | (_ONE if value >> at & 1 else _ZERO)
    return bits.to_bytes(3, "big")


_STRETCHED: Final = tuple(_stretch(value) for value in range(256))


def encode(pixels: list[tuple[int, int, int]]) -> bytes:
    """Return the SPI bytes of one frame; pixels are red, green, blue, the wire wants green first."""
    data = b"".join(_STRETCHED[part] for red, green, blue in pixels for part in (green, red, blue))
    return _SILENCE + data + _SILENCE


class Wire(Protocol):
    def open(self) -> None: ...
    def write(self, data: bytes) -> None: ...
    def close(self) -> None: ...


class Driver:
    """Capabilities: every pattern with its shape; day and night level.

    A missing or unplugged device is tried again every few seconds; a torn ring cannot be noticed, it sends nothing.
    """

    class Options(Dimming, frozen=True, forbid_unknown_fields=True):
        """`device`: the SPI bus. `pixels`: how many. `first`: which of them sits at the top. `backwards`: wired so."""

        device: str = "/dev/spidev0.0"
        pixels: _Count = 16
        first: int = 0
        backwards: bool = False

    def __init__(self, options: Options | None = None, clock: Clock | None = None, wire: Wire | None = None) -> None:
        options = options or self.Options()
        ring = _Ring(options, wire or SpiWire(options.device))
        self._engine = Engine(ring, options, clock or SystemClock())

    @classmethod
    def probe(cls, options: Options) -> Check:
        """Look whether the bus can be had; pixels answer nothing, so whether they are there only an eye can say."""
        wire = SpiWire(options.device)
        try:
            wire.open()
        except OSError as error:
            return Check(
                State.FAIL,
                f"{options.device} を開けません",
                f"{options.device}: {error}",
                "config.txt で SPI を入れ、spi グループの権限を見てください",
                "switch SPI on in config.txt, and run as a user in the group spi",
            )
        finally:
            wire.close()
        return Check(
            State.OK,
            f"{options.device} を使えます(輪は目で確かめます)",
            f"{options.device} can be used; look at the ring",
        )

    def show(self, patterns: tuple[Pattern, ...]) -> None:
        self._engine.show(patterns)

    def dim(self, *, on: bool) -> None:
        self._engine.dim(on=on)

    def close(self) -> None:
        """Go dark and let the bus go."""
        self._engine.close()


class _Ring:
    def __init__(self, options: Driver.Options, wire: Wire) -> None:
        self._options = options
        self._wire = wire
        self.count = options.pixels

    def open(self) -> None:
        self._wire.open()

    def put(self, colour: Colour, levels: Levels) -> None:
        self._wire.write(encode([_bytes(colour, level) for level in self._placed(levels)]))

    def close(self) -> None:
        try:
            self._wire.write(encode([(0, 0, 0)] * self.count))
        finally:
            self._wire.close()

    def _placed(self, levels: Levels) -> Levels:
        """Turn the picture so that its top is where the ring's top was mounted."""
        way = -1 if self._options.backwards else 1
        return tuple(levels[(way * (at - self._options.first)) % self.count] for at in range(self.count))


def _bytes(colour: Colour, level: float) -> tuple[int, int, int]:
    red, green, blue = (round(255 * part) for part in linear(colour, level))
    return red, green, blue


class SpiWire:
    """`/dev/spidevB.C`: one speed, and writes."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._handle: int | None = None

    def open(self) -> None:
        """Open the bus at the pace of the pixels.

        Raises:
            OSError: it is not there, not allowed, or no SPI.
        """
        handle = os.open(self._path, os.O_RDWR)
        try:
            fcntl.ioctl(handle, _SPI_IOC_WR_MAX_SPEED_HZ, struct.pack("=I", SPI_HZ))
        except OSError:
            os.close(handle)
            raise
        self._handle = handle

    def write(self, data: bytes) -> None:
        if self._handle is None:
            raise OSError(f"{self._path} is not open")
        os.write(self._handle, data)

    def close(self) -> None:
        handle, self._handle = self._handle, None
        if handle is not None:
            os.close(handle)
