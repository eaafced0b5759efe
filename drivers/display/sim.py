"""A display that remembers what it showed, and draws it into a file if it is told to."""

from collections import deque
from pathlib import Path

import msgspec

from drivers.display import Picture

_REMEMBERED = 64


class Shown(msgspec.Struct, frozen=True):
    rest: Picture
    result: Picture | None
    seconds: float


class Driver:
    """Capabilities: every picture; fault: `broken` (dark, as with a torn cable)."""

    class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        """`png`: where to draw what it shows now, beginning with the result; "" without."""

        png: str = ""
        width: int = 480
        height: int = 320
        font: str = ""

    def __init__(self, options: Options | None = None) -> None:
        self._options = options or self.Options()
        self.shown: deque[Shown] = deque(maxlen=_REMEMBERED)
        self.broken = False

    def show(self, rest: Picture, result: Picture | None = None, seconds: float = 0) -> None:
        if self.broken:
            return
        self.shown.append(Shown(rest, result, seconds))
        if self._options.png:
            self._draw(result or rest)

    def _draw(self, picture: Picture) -> None:
        from drivers.display._drawing import draw  # noqa: PLC0415 - Pillow only where something is drawn

        file = Path(self._options.png)
        fresh = file.with_suffix(".new")
        draw(picture, (self._options.width, self._options.height), self._options.font).save(fresh, format="PNG")
        fresh.replace(file)
