"""What a device says when somebody looks whether it is well: the one answer that `machi unit doctor` understands.

The convention, for whoever writes a make: give `Driver` a class method `probe(options) -> Check`. It looks, briefly
(two seconds at most), and disturbs nobody: no beep, no paper, no timer started, nothing taken from a unit that is at
work. A device that another program holds is `BUSY`; whether that is as it should be is for the doctor to say. It makes
no driver that begins to work by being made, it lets go of everything, and it never raises for what a device does. A
make without `probe` is reported as one that cannot be looked at, never as well.
"""

from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

import msgspec


class State(StrEnum):
    OK = "OK"
    WARN = "WARN"  # it works; somebody should see to it when there is time
    FAIL = "FAIL"  # it does not work, and a person is needed
    BUSY = "BUSY"  # another program holds it


class Check(msgspec.Struct, frozen=True):
    """What was found, and what a person should do about it (empty: nothing), in Japanese and in English."""

    state: State
    ja: str
    en: str
    do_ja: str = ""
    do_en: str = ""


@runtime_checkable
class Probed(Protocol):
    """A class `Driver` that brings its own check."""

    def probe(self, options: Any) -> Check: ...
