"""A firmware in a folder: what is set lies in files, as on a card, and `start` does what a board does with power.

It can be told to fail as boards do: the power goes before a certain write, the flag of a trial is lost on the way to
the firmware, a slot does not come up.
"""

import contextlib
from enum import StrEnum
from pathlib import Path
from typing import Final

import msgspec

from drivers.boot import BootError, Boots, CannotTryError, Slot, _autoboot
from drivers.check import Check, State

_AUTOBOOT: Final = "autoboot.txt"
_BOOTED: Final = "booted"
_FLAG: Final = "flag"


class PowerCutError(Exception):
    """The power went; whoever was at work is no more."""


class Fault(StrEnum):
    """What goes wrong; lies as a file of that name in the folder, until it is taken away."""

    CUT_BEFORE_SET = "cut-before-set"
    CUT_BEFORE_POINT = "cut-before-point"
    CUT_BEFORE_ARM = "cut-before-arm"
    FLAG_LOST = "flag-lost"
    NO_TRIAL = "no-trial"
    A_DEAD = "a-dead"
    B_DEAD = "b-dead"


class Driver:
    """Capabilities: two slots and trials, each in its file; every fault in `Fault`."""

    class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        """What can be configured. `path`: the folder."""

        path: str = "firmware"

    def __init__(self, options: Options | None = None) -> None:
        self._folder = Path((options or self.Options()).path)
        self._folder.mkdir(parents=True, exist_ok=True)
        if not (self._folder / _AUTOBOOT).exists():
            self._write(_AUTOBOOT, _autoboot.text(Slot.A, Slot.A))
            self._write(_BOOTED, Slot.A.encode())

    @property
    def tries(self) -> bool:
        return not self._has(Fault.NO_TRIAL)

    def look(self) -> Boots:
        primary, tried = _autoboot.read((self._folder / _AUTOBOOT).read_bytes())
        return Boots(Slot((self._folder / _BOOTED).read_text()), primary, tried, self._is_armed)

    def set(self, primary: Slot, tried: Slot) -> None:
        self._cut(Fault.CUT_BEFORE_SET)
        self._write(_AUTOBOOT, _autoboot.text(primary, tried))

    def point(self, slot: Slot) -> None:
        self._cut(Fault.CUT_BEFORE_POINT)
        self._write(f"root-{slot}", slot.encode())

    def arm(self) -> None:
        self._cut(Fault.CUT_BEFORE_ARM)
        if not self.tries:
            raise CannotTryError("this simulated board cannot try a slot")
        self._write(_FLAG, b"tryboot")

    def disarm(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            (self._folder / _FLAG).unlink()

    @classmethod
    def probe(cls, _options: Options) -> Check:
        return Check(State.WARN, "模擬の起動装置です。本番では使えません", "a simulated firmware, which serves nobody")

    # ---- what only the world does

    def fail(self, fault: Fault, *, on: bool = True) -> None:
        """Let something go wrong from now on, or no more."""
        path = self._folder / fault
        path.touch() if on else path.unlink(missing_ok=True)

    def lose_power(self) -> None:
        """Take the power away: the flag lies in no memory that stays."""
        self.disarm()

    def start(self) -> Slot:
        """Start the board as its firmware does; return the slot that came up.

        Raises:
            BootError: none did.
        """
        boots = self.look()
        is_trial = boots.is_armed and not self._has(Fault.FLAG_LOST)
        self.disarm()
        for slot in (boots.tried, boots.primary) if is_trial else (boots.primary,):
            if not self._has(Fault(f"{slot}-dead")):
                self._write(_BOOTED, slot.encode())
                return slot
        raise BootError("no slot comes up")

    @property
    def _is_armed(self) -> bool:
        return (self._folder / _FLAG).exists()

    def _has(self, fault: Fault) -> bool:
        return (self._folder / fault).exists()

    def _cut(self, fault: Fault) -> None:
        if self._has(fault):
            self.lose_power()
            raise PowerCutError(fault)

    def _write(self, name: str, content: bytes) -> None:
        fresh = self._folder / f"{name}.new"
        fresh.write_bytes(content)
        fresh.replace(self._folder / name)
