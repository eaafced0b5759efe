"""Through a real pcscd, with a virtual reader that says how much it carries and can stop to answer.

A program of its own, because the PC/SC library finds its pcscd once in the life of a process: it prints what it found
as JSON. The reader is vpcd behind `shim.c`, which is compiled here.
"""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from drivers.card.channel import Channel
from drivers.card.commands import internal_authenticate
from drivers.card.reading import select
from drivers.card.service_pass import PassProfile
from drivers.card.sim import pcscd as pcscd_module
from drivers.card.sim.pcscd import PrivatePcscd
from drivers.card.sim.pki import TestPki
from drivers.card.sim.plan import Plan
from drivers.reader import CardLeft, Field, ReaderError
from tests.pcsc.bench import Ear

NAME = "labelled"
BUFFERS = {271: 0, 522: 503, 65_554: 65_536}  # and what a reader with such a buffer announces
SELECT = bytes.fromhex("00A4040C0AD392F000260100000001")


class Counting:
    """A field that remembers how long the commands were."""

    def __init__(self, field: Field) -> None:
        self._field = field
        self.reader, self.atr, self.command_max, self.close = field.reader, field.atr, field.command_max, field.close
        self.lengths: list[int] = []

    def transmit(self, command: bytes) -> bytes:
        self.lengths.append(len(command))
        return self._field.transmit(command)


class Bench:
    def __init__(self, folder: Path) -> None:
        self._state = folder / "state"
        self.say()
        vpcd = shutil.copy(pcscd_module._DRIVER, folder / "vpcd.so")
        defines = [f'-DVPCD="{vpcd}"', f'-DSTATE="{self._state}"']
        source = Path(__file__).with_name("shim.c")
        library = folder / "shim.so"
        compiler = ["gcc", "-shared", "-fPIC", "-Wall", "-Werror", "-I/usr/include/PCSC", *defines]
        subprocess.run([*compiler, str(source), "-o", str(library), "-ldl"], check=True)
        pcscd_module._DRIVER = library
        self.private = PrivatePcscd([NAME])
        self.plan = Plan(pki=str(TestPki(folder / "pki").folder))

    def say(self, announced: int = 0, buffer: int = 271, *, gone: bool = False) -> None:
        """Tell the reader what to be; a rename, so that it never reads half of it."""
        new = self._state.with_suffix(".new")
        new.write_text(f"{announced} {buffer} {int(gone)}\n")
        new.rename(self._state)


def buffers(bench: Bench) -> dict[str, Any]:
    """Send 700 bytes through each of the readers; return the longest command, and how many it took."""
    town = PassProfile().application()
    found = {}
    for buffer, announced in BUFFERS.items():
        bench.say(announced, buffer)
        ear = Ear(name=NAME)
        bench.private.table.present(NAME, bench.plan)
        counting = Counting(ear.card())
        channel = Channel(counting, town)
        assert select(channel, town)
        lengths: dict[str, object] = {"max": counting.command_max}
        for size in (300, 700):
            counting.lengths.clear()
            response = channel.exchange(internal_authenticate(1, bytes(size)))
            lengths[str(size)] = [response.sw, len(response.data), list(counting.lengths)]
        found[str(buffer)] = lengths
        ear.driver.stop()
        bench.private.table.remove(NAME)
        time.sleep(0.6)
    bench.say(0, 271)
    return found


def dead_and_back(bench: Bench) -> list[float]:
    """Let the reader stop answering pcscd and begin again, five times; return the seconds until a tap works."""
    ear = Ear(name=NAME)
    bench.private.table.present(NAME, bench.plan)
    field = ear.card()
    took = []
    for _ in range(5):
        bench.say(gone=True)
        with contextlib.suppress(ReaderError):
            field.transmit(SELECT)
        ear.next(CardLeft)
        field.close()
        bench.say()
        begun = time.monotonic()
        field = ear.card()
        assert field.transmit(SELECT) == b"\x90\x00"
        took.append(time.monotonic() - begun)
    ear.driver.stop()
    return took


def main(folder: Path) -> dict[str, Any]:
    bench = Bench(folder)
    with bench.private as private:
        os.environ.update(private.environment)
        return {"buffers": buffers(bench), "dead_and_back": dead_and_back(bench)}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(Path(sys.argv[1]))))
