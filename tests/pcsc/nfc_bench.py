"""Two hands for the nfcpy driver: one before nfcpy's simulated radio, one before an RC-S380 made of bytes."""

import json
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from drivers.card.sim.issue import make
from drivers.card.sim.pki import TestPki
from drivers.card.sim.plan import Plan
from drivers.reader import CardLeft, ReaderCame, ReaderLeft
from drivers.reader.nfc import Driver
from tests.pcsc.picc import Picc
from tests.pcsc.rcs380 import Rcs380
from tests.pcsc.usb import plug
from tests.ports import free_port

ROOT = Path(__file__).parents[2]


class Rcs380Bench:
    """nfcpy's code down to its USB transport is real; libusb and the device are not."""

    patience, deadline_ms = 3.0, 800
    losing, returning = (CardLeft, ReaderLeft), (ReaderCame,)  # there is no service below; the cable is pulled

    def __init__(self, pki: TestPki, patch: pytest.MonkeyPatch) -> None:
        self.chip = Rcs380()
        plug(self.chip, patch)
        self.reader = Driver(Driver.Options(path="usb:054c:06c3", deadline_ms=self.deadline_ms))
        self.name = "SONY RC-S380/P"
        self._pki = pki

    def present(self, plan: Plan) -> None:
        self.remove()
        self.chip.picc = Picc(make(plan, self._pki))

    def remove(self) -> None:
        if self.chip.picc:
            self.chip.picc.field_off()
        self.chip.picc = None

    def remove_after(self, apdus: int) -> None:
        assert self.chip.picc
        self.chip.picc.exchanges_left = apdus

    def slow(self, ms: int) -> None:
        if self.chip.picc:
            self.chip.picc.delay_ms = ms

    def lose(self) -> None:
        self.chip.pull()

    def bring_back(self) -> None:
        self.chip.is_plugged = True

    def end(self) -> None:
        self.reader.stop()


class UdpBench:
    """nfcpy on both sides, each in its own process, with its simulated radio between them."""

    patience, deadline_ms = 6.0, 3_000  # nfcpy waits a whole second for each kind of card that does not answer here

    def __init__(self) -> None:
        port = free_port()
        self.name = "udp card"
        options = Driver.Options(path=f"udp:localhost:{port}", name=self.name, kinds="B", deadline_ms=self.deadline_ms)
        self.reader = Driver(options)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.pcsc.udp_card", str(port)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._answered()

    def _answered(self) -> None:
        assert self._process.stdout
        assert self._process.stdout.readline() == "ok\n"

    def _tell(self, do: str, **more: object) -> None:
        assert self._process.stdin
        self._process.stdin.write(json.dumps({"do": do} | more) + "\n")
        self._process.stdin.flush()
        self._answered()

    def present(self, plan: Plan) -> None:
        self._tell("present", plan=msgspec.to_builtins(plan))

    def remove(self) -> None:
        self._tell("remove")

    def remove_after(self, apdus: int) -> None:
        self._tell("remove_after", number=apdus)

    def slow(self, ms: int) -> None:
        self._tell("slow", number=ms)

    def end(self) -> None:
        self.reader.stop()
        self._process.communicate()
