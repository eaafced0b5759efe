"""What a number pad on USB says, read off the kernel's own bytes: which key went down and came up. Arithmetic only.

The format is `struct input_event` of linux/input.h: a time of two machine words, then type, code and value.
"""

import struct
from collections.abc import Iterator
from typing import Final

_EVENT: Final = struct.Struct("llHHi")
EVENT_BYTES: Final = _EVENT.size
_KEY: Final = 1  # EV_KEY
_UP: Final = 0
_DOWN: Final = 1

NAMES: Final = (
    {code: str((code - 1) % 10) for code in range(2, 12)}  # the row above the letters: 1 … 9, 0
    | dict(zip((82, 79, 80, 81, 75, 76, 77, 71, 72, 73), "0123456789", strict=True))  # the pad
    | {28: "enter", 96: "enter", 1: "cancel", 69: "cancel", 14: "clear", 111: "clear", 83: "00"}
)
"""Which key is which button (linux/input-event-codes.h). A small pad has no Escape: its Num Lock is "cancel"."""


class Keys:
    """The keys of one pad, as far as they are believed: what is down from the start counts only after it came up."""

    def __init__(self) -> None:
        self._down: set[int] = set()
        self._rest = b""

    def hear(self, data: bytes) -> Iterator[str]:
        """Take bytes as they come; yield the name of each key that was pressed and let go."""
        whole = self._rest + data
        end = len(whole) - len(whole) % EVENT_BYTES
        self._rest = whole[end:]
        for _, _, kind, code, value in _EVENT.iter_unpack(whole[:end]):
            if kind != _KEY or code not in NAMES:
                continue
            if value == _DOWN:
                self._down.add(code)
            elif value == _UP and code in self._down:
                self._down.discard(code)
                yield NAMES[code]
