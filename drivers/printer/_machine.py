"""A printer without a case: bytes in, answers out, dots on paper; with paper that ends and a cover that opens.

It understands what this house sends (ESC @, ESC d, GS v 0, GS V, GS r, DLE EOT, DLE DC4) and counts what it does not.
Like a real one it answers real-time commands as they arrive, also in the middle of a picture, stands still while
something is wrong and goes on by itself when that is over, with whatever is left in its buffer.
"""

from collections.abc import Callable
from typing import Final

from PIL import Image

from drivers.printer import _status as status

_ESC, _GS, _DLE, _EOT, _DC4 = 0x1B, 0x1D, 0x10, 0x04, 0x14
_FORGET: Final = bytes((_DLE, _DC4, 8, 1, 3, 20, 1, 6, 2, 8))
_ROWS_A_LINE: Final = 30  # what ESC d feeds: 1/6 inch, 3.75 mm
_FIXED: Final = 0x12
_NEAR_END_ROWS: Final = 800  # 10 cm
_ROLL_ROWS: Final = 400_000  # 50 m
_HEADER: Final = 8


class Machine:
    """One printer. Set the faults and call `work`; `rows_left` is the paper."""

    def __init__(self, dots: int) -> None:
        self._bytes_a_row = (dots + 7) // 8
        self._buffer = bytearray()
        self._tail = b""  # the last bytes that arrived, in which a real-time command may have begun
        self._answers = bytearray()
        self._rows: list[bytes] = []
        self._pending: list[bytes] = []  # rows of a picture that are not on paper yet
        self.slips: list[Image.Image] = []
        self.unknown = 0
        self.rows_left = _ROLL_ROWS
        self.rows_until_dark: int | None = None  # then the power goes
        self.is_on = True
        self.cover_open = False
        self.cutter_stuck = False

    def work(self, arrived: bytes = b"") -> bytes:
        """Take what arrived, do what can be done, return what it answers."""
        if not self.is_on:
            return b""
        for byte in arrived:
            self._tail = (self._tail + bytes((byte,)))[-len(_FORGET) :]
            self._buffer.append(byte)
            self._answers += self._at_once()
        while self._ready() and self._step():
            pass
        answers = bytes(self._answers)
        self._answers.clear()
        return answers

    def switch(self, *, on: bool) -> None:
        """Switch it off, which forgets everything but the dots on the paper, or on."""
        self.is_on = on
        self.rows_until_dark = None
        self._buffer.clear()
        self._pending.clear()
        self._answers.clear()
        self._tail = b""

    def on_paper(self) -> Image.Image:
        """Return what has come out and is not cut off yet."""
        width = self._bytes_a_row * 8
        return Image.frombytes("1", (width, len(self._rows)), bytes(255 - byte for row in self._rows for byte in row))

    def _ready(self) -> bool:
        return self.is_on and not self.cover_open and not self.cutter_stuck and self.rows_left > 0

    # ------------------------------------------------------------------------------------------ at once

    def _at_once(self) -> bytes:
        """Answer a real-time command whose last byte has just arrived."""
        if self._tail[-3:-1] == bytes((_DLE, _EOT)) and 1 <= self._tail[-1] <= status.PAPER:
            return bytes((self._status(self._tail[-1]),))
        if self._tail == _FORGET:
            self._buffer.clear()
            self._pending.clear()
        return b""

    def _status(self, n: int) -> int:
        has_paper = self.rows_left > 0
        bits = {
            status.PRINTER: 0 if self._ready() else 0x08,
            status.OFFLINE_CAUSE: (0x04 if self.cover_open else 0)
            | (0 if has_paper else 0x20)
            | (0x40 if self.cutter_stuck else 0),
            status.ERROR_CAUSE: 0x08 if self.cutter_stuck else 0,
            status.PAPER: (0 if has_paper else 0x60) | (0x0C if self.rows_left < _NEAR_END_ROWS else 0),
        }
        return _FIXED | bits[n]

    # ------------------------------------------------------------------------------------------ in its turn

    def _step(self) -> bool:
        """Do the next thing; False if there is nothing whole to do."""
        if self._pending:
            self._print(self._pending.pop(0))
            return True
        if not self._buffer:
            return False
        match self._buffer[0]:
            case int(lead) if lead == _DLE:
                return self._skip_real_time()
            case int(lead) if lead == _ESC:
                return self._after(2, {ord("@"): self._ignore(2), ord("d"): self._feed})
            case int(lead) if lead == _GS:
                return self._after(2, {ord("v"): self._picture, ord("V"): self._cut, ord("r"): self._confirm})
        self._drop(1, known=self._buffer[0] in b"\n\r")
        return True

    def _after(self, length: int, commands: dict[int, Callable[[], bool]]) -> bool:
        if len(self._buffer) < length:
            return False
        command = commands.get(self._buffer[1])
        if command:
            return command()
        self._drop(length, known=False)
        return True

    def _drop(self, length: int, *, known: bool = True) -> None:
        del self._buffer[:length]
        self.unknown += 0 if known else length

    def _ignore(self, length: int) -> Callable[[], bool]:
        def done() -> bool:
            self._drop(length)
            return True

        return done

    def _skip_real_time(self) -> bool:
        """It was answered when it came."""
        if len(self._buffer) < 2:  # noqa: PLR2004 - DLE and what follows
            return False
        length = {_EOT: 3, _DC4: len(_FORGET)}.get(self._buffer[1], 2)
        if len(self._buffer) < length:
            return False
        self._drop(length, known=self._buffer[1] in (_EOT, _DC4))
        return True

    def _feed(self) -> bool:
        if len(self._buffer) < 3:  # noqa: PLR2004 - ESC d n
            return False
        self._pending = [bytes(self._bytes_a_row)] * (self._buffer[2] * _ROWS_A_LINE)
        self._drop(3)
        return True

    def _picture(self) -> bool:
        """GS v 0 m xL xH yL yH, then x bytes for each of y rows."""
        if len(self._buffer) < _HEADER:
            return False
        x, y = int.from_bytes(self._buffer[4:6], "little"), int.from_bytes(self._buffer[6:8], "little")
        end = _HEADER + x * y
        if len(self._buffer) < end:
            return False
        body = bytes(self._buffer[_HEADER:end])
        rows = [body[place : place + x] for place in range(0, len(body), x)] if x else []
        self._pending = [row[: self._bytes_a_row].ljust(self._bytes_a_row, b"\0") for row in rows]
        self._drop(end)
        return True

    def _cut(self) -> bool:
        length = 4 if len(self._buffer) > 2 and self._buffer[2] in (65, 66) else 3  # noqa: PLR2004 - functions A and B
        if len(self._buffer) < length:
            return False
        self._drop(length)
        self.slips.append(self.on_paper())
        self._rows.clear()
        return True

    def _confirm(self) -> bool:
        if len(self._buffer) < 3:  # noqa: PLR2004 - GS r n
            return False
        self._drop(3)
        self._answers.append(0x03 if self.rows_left < _NEAR_END_ROWS else 0x00)
        return True

    def _print(self, row: bytes) -> None:
        self._rows.append(row)
        self.rows_left -= 1
        if self.rows_until_dark is not None:
            self.rows_until_dark -= 1
            if self.rows_until_dark <= 0:
                self.switch(on=False)
