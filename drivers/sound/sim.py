"""A loudspeaker with an ear beside it: what was played, and about what, is what a person heard.

With `heard` set, every sound is also a line in that file, written when it starts; the line outlives a daemon that is
killed right after the beep. Tests and the demo hold these lines against the town's books.
"""

import os
from collections import deque
from pathlib import Path

import msgspec

_REMEMBERED = 256


class Heard(msgspec.Struct, frozen=True):
    earcon: str
    about: str
    say: str = ""


class Driver:
    """Capabilities: every earcon; fault: `broken` (silent, as with a torn cable)."""

    class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        heard: str = ""

    def __init__(self, options: Options | None = None) -> None:
        self._heard = Path(options.heard) if options and options.heard else None
        self.played: deque[Heard] = deque(maxlen=_REMEMBERED)
        self.broken = False

    def play(self, earcon: str, about: str = "", say: str = "") -> None:
        if self.broken:
            return
        sound = Heard(earcon, about, say)
        self.played.append(sound)
        if self._heard:
            handle = os.open(self._heard, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
            try:
                os.write(handle, msgspec.json.encode(sound) + b"\n")
            finally:
                os.close(handle)
