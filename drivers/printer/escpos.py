"""A printer that speaks ESC/POS, on a serial line, on USB (`/dev/usb/lp0`) or into a file.

Slips are drawn here and sent as bands of dots. After each band the printer is asked to say when it got there, one band
ahead, so that it never stands still; that is how the driver knows how far a slip came. The line is opened for each slip
and let go of after it: a printer that was switched off and on in between is none the worse for it.
"""

import time
from collections import deque
from typing import Final

import msgspec

from drivers.check import Check, State
from drivers.printer import Look, Printed, Reach, Slip, Trouble
from drivers.printer import _commands as commands
from drivers.printer import _status as status
from drivers.printer._draw import NoFontError, draw
from drivers.printer._plain import Plain
from drivers.serial import Line, LineBusyError, LineError, found, tty

_AHEAD: Final = 2  # bands that are sent and not confirmed
_ANSWER_S: Final = 0.4  # to a real-time question
_BITS_A_BYTE: Final = 10
_REMEMBERED: Final = 500
_MS: Final = 1000


class Driver:
    """Capabilities: raster of any width, cut, confirmation; paper out, near end, cover, cutter, silence told apart."""

    class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        """What can be configured.

        Fields:
            path: as udev names it.
            baud: bits a second of a serial line; 0: no serial line but `/dev/usb/lp0`, or a file.
            dots: the width of the paper: 576 for 80 mm, 384 for 58 mm.
            font: a file with Japanese letters; empty: one of those that Debian has.
            answers: it answers questions; False for a file, and for printers that cannot.
            band_ms: how long one band may take to print.
        """

        path: str = "/dev/usb/lp0"
        baud: int = 0
        dots: int = 576
        font: str = ""
        answers: bool = True
        band_ms: int = 3000

    def __init__(self, options: Options | None = None, line: Line | None = None) -> None:
        self._options = options or self.Options()
        self._line = line or _line(self._options)
        self._begun: deque[str] = deque(maxlen=_REMEMBERED)  # slips of which a piece may be out

    def print(self, slip: Slip, *, again: bool = False) -> Printed:
        marked = again or slip.number in self._begun
        try:
            picture = draw(slip, self._options.dots, self._options.font, is_reprint=marked)
        except NoFontError:
            return Printed(Reach.NOTHING, 0, 0, marked, Trouble.FONT)
        bands = list(commands.bands(picture))
        talk = _Talk(self._line, self._options)
        try:
            self._line.open()
            printed = self._send(talk, bands, slip.number, marked=marked)
        except LineError as error:
            trouble = Trouble.BUSY if isinstance(error, LineBusyError) else Trouble.GONE
            printed = self._stopped(talk, len(bands), trouble, marked=marked)
        finally:
            self._line.close()
        return printed

    def look(self) -> Look:
        try:
            self._line.open()
            return _Talk(self._line, self._options).look()
        except LineError as error:
            return Look(Trouble.BUSY if isinstance(error, LineBusyError) else Trouble.GONE)
        finally:
            self._line.close()

    @classmethod
    def probe(cls, options: Options) -> Check:
        line = _line(options)
        try:
            line.open()
        except LineError as error:
            return found(options.path, error)
        line.close()
        try:
            draw(Slip("", ()), options.dots, options.font)
        except NoFontError:
            return _SAID[Trouble.FONT]
        seen = cls(options, line).look()
        if seen.trouble:
            return _SAID[seen.trouble]
        return _LOW if seen.low else Check(State.OK, "印刷できます", "ready to print")

    def _send(self, talk: "_Talk", bands: list[bytes], number: str, *, marked: bool) -> Printed:
        """Send everything, one band ahead of what is confirmed; stop for good at the first thing that is wrong."""
        seen = talk.look()
        if seen.trouble:
            return Printed(Reach.NOTHING, 0, len(bands), marked, seen.trouble)
        if number not in self._begun:
            self._begun.append(number)
        last = len(bands) - 1
        for place, band in enumerate(bands):
            before, after = commands.BEGIN if not place else b"", commands.CUT if place == last else b""
            if not talk.send(before + band + after) or not talk.confirmed_to(place + 1 - _AHEAD):
                return self._stopped(talk, len(bands), talk.why(), marked=marked)
        if not self._options.answers:
            return Printed(Reach.SENT, 0, len(bands), marked)
        if not talk.confirmed_to(len(bands)):
            return self._stopped(talk, len(bands), talk.why(), marked=marked)
        return Printed(Reach.WHOLE, len(bands), len(bands), marked)

    def _stopped(self, talk: "_Talk", of: int, trouble: Trouble, *, marked: bool) -> Printed:
        talk.forget()  # or the rest would come out by itself when paper is put in
        reach = Reach.PARTLY if talk.has_sent else Reach.NOTHING
        return Printed(reach, min(talk.confirmed, of), of, marked, trouble)


def _line(options: Driver.Options) -> Line:
    return tty.Driver(tty.Driver.Options(options.path, options.baud)) if options.baud else Plain(options.path)


class _Talk:
    """One conversation with the printer. What it says at once and what it says in its turn are kept apart."""

    def __init__(self, line: Line, options: Driver.Options) -> None:
        self._line = line
        self._answers = options.answers
        self._band_s = options.band_ms / _MS
        self._byte_s = _BITS_A_BYTE / options.baud if options.baud else 0.0
        self._at_once: deque[int] = deque(maxlen=64)
        self.confirmed = 0
        self.has_sent = False

    def look(self) -> Look:
        if not self._answers:
            return Look()
        answers: dict[int, int] = {}
        for n in (status.PRINTER, status.OFFLINE_CAUSE, status.ERROR_CAUSE, status.PAPER):
            answer = self._ask(n)
            if answer is None:
                break  # a printer that is off would keep us waiting four times
            answers[n] = answer
        return status.read(answers)

    def send(self, data: bytes) -> bool:
        """Send a part and the wish to hear when it is done; False if the printer does not take it."""
        self.has_sent = True
        data += commands.CONFIRM if self._answers else b""
        return self._line.write(data, self._band_s + 2 * len(data) * self._byte_s) == len(data)

    def confirmed_to(self, count: int) -> bool:
        """Wait until so many parts are done."""
        deadline = time.monotonic() + self._band_s
        while self._answers and self.confirmed < count:
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            self._hear(left)
        return True

    def why(self) -> Trouble:
        """Find out why nothing moves."""
        return self.look().trouble or Trouble.SILENT

    def forget(self) -> None:
        """Let the printer forget what it has not printed yet."""
        if self.has_sent and self._answers:
            try:
                self._line.write(commands.FORGET, _ANSWER_S)
            except LineError:
                return

    def _ask(self, n: int) -> int | None:
        self._hear(0)  # dots can look like a question, and are answered too
        self._at_once.clear()
        if self._line.write(commands.ASK[n], _ANSWER_S) < len(commands.ASK[n]):
            return None
        deadline = time.monotonic() + _ANSWER_S
        while not self._at_once and (left := deadline - time.monotonic()) > 0:
            self._hear(left)
        return self._at_once[-1] if self._at_once else None

    def _hear(self, seconds: float) -> None:
        for byte in self._line.read(seconds):
            if status.is_real_time(byte):
                self._at_once.append(byte)
            elif status.is_in_turn(byte):
                self.confirmed += 1


_LOW: Final = Check(
    State.WARN, "紙がもうすぐ切れます", "paper is running out", "替えの紙を用意してください", "have a new roll ready"
)
_SAID: Final = {
    Trouble.GONE: Check(
        State.FAIL,
        "プリンターがありません",
        "no printer",
        "電源とUSBケーブルを確かめてください",
        "check power and cable",
    ),
    Trouble.BUSY: Check(State.BUSY, "プリンターは使用中です", "the printer is in use"),
    Trouble.SILENT: Check(
        State.FAIL,
        "プリンターが返事をしません",
        "the printer does not answer",
        "電源を入れてください。入っていれば unit.toml の baud を確かめてください",
        "switch it on; if it is on, check baud in unit.toml",
    ),
    Trouble.COVER: Check(
        State.FAIL, "プリンターのふたが開いています", "its cover is open", "ふたを閉めてください", "close the cover"
    ),
    Trouble.PAPER: Check(
        State.FAIL, "プリンターの紙がありません", "out of paper", "新しい紙を入れてください", "put in a new roll"
    ),
    Trouble.CUTTER: Check(
        State.FAIL,
        "カッターが止まっています",
        "the cutter is stuck",
        "電源を切り、つまった紙を取ってください",
        "switch it off and take out the paper that is stuck",
    ),
    Trouble.ERROR: Check(
        State.FAIL,
        "プリンターが異常を知らせています",
        "the printer reports an error",
        "電源を切って入れ直してください",
        "switch it off and on again",
    ),
    Trouble.FONT: Check(
        State.FAIL,
        "日本語の文字がこの機械にありません",
        "no Japanese letters on this machine",
        "言ってください: sudo apt-get install fonts-noto-cjk",
        "say: sudo apt-get install fonts-noto-cjk",
    ),
}
