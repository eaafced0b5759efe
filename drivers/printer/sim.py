"""A printer at the other end of a pseudo-terminal, printed to by the real driver: its paper is a picture.

What a slip looks like can be seen (`slips`, `save`), and everything that a printer does to people can be done to it.
"""

import contextlib
import os
import select
import tempfile
import threading
import tty
from pathlib import Path
from typing import Final

import msgspec
from PIL import Image

from drivers.check import Check, State
from drivers.printer import Look, Printed, Slip, escpos
from drivers.printer._machine import Machine

_LOOK_S: Final = 0.02
_READ_MAX: Final = 4096
_BAUD: Final = 115_200


class Driver:
    """Capabilities: as `escpos`; faults: paper, cover, cutter, power (also in mid-slip), `unplug`."""

    class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        """`dots`: width of the paper. `save`: a folder into which each slip is put as a PNG; empty: none."""

        dots: int = 576
        font: str = ""
        band_ms: int = 1000
        save: str = ""

    def __init__(self, options: Options | None = None) -> None:
        self._options = options = options or self.Options()
        self.machine = Machine(options.dots)
        self._lock = threading.Lock()
        self._folder = tempfile.TemporaryDirectory(prefix="printer-")
        self.path = Path(self._folder.name) / "printer"  # keeps its name, as udev does it
        self._real = escpos.Driver(
            escpos.Driver.Options(str(self.path), _BAUD, dots=options.dots, font=options.font, band_ms=options.band_ms)
        )
        self._cable: _Cable | None = None
        self._saved = 0
        self.plug()

    # ------------------------------------------------------------------------------------------ the port

    def print(self, slip: Slip, *, again: bool = False) -> Printed:
        printed = self._real.print(slip, again=again)
        self._save()
        return printed

    def look(self) -> Look:
        return self._real.look()

    @classmethod
    def probe(cls, _options: Options) -> Check:
        return Check(State.WARN, "模擬のプリンターです。本番では使えません", "a simulated printer, which serves nobody")

    # ------------------------------------------------------------------------------------------ the doors

    @property
    def slips(self) -> list[Image.Image]:
        """What came out and was cut off, the oldest first."""
        return self.machine.slips

    def plug(self) -> None:
        if self._cable is None:
            self._cable = _Cable(self.machine, self._lock)
            self.path.unlink(missing_ok=True)
            self.path.symlink_to(self._cable.far_end)

    def unplug(self) -> None:
        cable, self._cable = self._cable, None
        if cable:
            self.path.unlink(missing_ok=True)
            cable.pull()

    def paper(self, rows: int) -> None:
        """Leave so many rows of paper on the roll (203 to the inch)."""
        with self._lock:
            self.machine.rows_left = rows

    def cover(self, *, open: bool) -> None:  # noqa: A002 - as a clerk would say it
        with self._lock:
            self.machine.cover_open = open

    def cutter(self, *, stuck: bool) -> None:
        with self._lock:
            self.machine.cutter_stuck = stuck

    def power(self, *, on: bool) -> None:
        with self._lock:
            self.machine.switch(on=on)

    def power_fails_after(self, rows: int) -> None:
        with self._lock:
            self.machine.rows_until_dark = rows

    def close(self) -> None:
        """Throw the printer away."""
        self.unplug()
        self._folder.cleanup()

    def _save(self) -> None:
        if self._options.save:
            for slip in self.slips[self._saved :]:
                self._saved += 1
                slip.save(Path(self._options.save) / f"slip-{self._saved:04d}.png")


class _Cable:
    """A pseudo-terminal, and a thread at its far end that moves bytes between it and the machine."""

    def __init__(self, machine: Machine, lock: threading.Lock) -> None:
        self._machine, self._lock = machine, lock
        self._ours, self._kept = os.openpty()  # the second stays open, so that closing a slip is no unplugging
        tty.setraw(self._kept)
        os.set_blocking(self._ours, False)
        self.far_end = os.ttyname(self._kept)
        self._pulled = threading.Event()
        self._thread = threading.Thread(target=self._run, name="printer sim", daemon=True)
        self._thread.start()

    def pull(self) -> None:
        self._pulled.set()
        self._thread.join()
        os.close(self._kept)
        os.close(self._ours)

    def _run(self) -> None:
        while not self._pulled.is_set():
            ready, _, _ = select.select([self._ours], [], [], _LOOK_S)
            with self._lock, contextlib.suppress(BlockingIOError):
                answer = self._machine.work(os.read(self._ours, _READ_MAX) if ready else b"")
                os.write(self._ours, answer)
