"""A receiver that says NMEA 0183 sentences on a serial line, or on USB: nearly every one that there is.

When the receiver is pulled out, or falls silent, it is looked for again under the same name.
"""

import time
from typing import Final

import msgspec

from drivers.check import Check, State
from drivers.gps import Event, Fix, Fixed, GpsCame, GpsLeft, Listener
from drivers.gps._receiver import Receiver
from drivers.listening import Listening
from drivers.serial import Line, LineError, found, tty

_GAP_S: Final = 0.3
_PROBE_S: Final = 1.8  # a receiver speaks once a second


class Driver:
    """Capabilities: GGA and RMC of every system; no fix, jumps, damage, noise and silence are told apart."""

    class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        """What can be configured.

        Fields:
            path: as udev names it. `baud`: bits a second; NMEA 0183 says 4,800, and most receivers 9,600.
            speed_max_mps: nobody in this vehicle is ever faster, in metres a second.
            silent_s: a receiver that says nothing for so long is looked for anew.
        """

        path: str = "/dev/machitap/gps"
        baud: int = 9600
        speed_max_mps: float = 45.0
        silent_s: float = 5.0

    def __init__(self, options: Options | None = None, line: Line | None = None) -> None:
        self._options = options or self.Options()
        self._listening = Listening[Event](
            self._options.path,
            line or tty.Driver(tty.Driver.Options(self._options.path, self._options.baud)),
            Receiver(self._options.speed_max_mps),
            came=GpsCame(),
            left=GpsLeft,
            gap_s=_GAP_S,
            silent_s=self._options.silent_s,
        )

    def start(self, listener: Listener) -> None:
        self._listening.start(listener)

    def stop(self) -> None:
        self._listening.stop()

    @classmethod
    def probe(cls, options: Options) -> Check:
        line = tty.Driver(tty.Driver.Options(options.path, options.baud))
        try:
            line.open()
            heard = _overhear(line, options.speed_max_mps)
        except LineError as error:
            return found(options.path, error)
        finally:
            line.close()
        return _judge(options, heard)


class _Heard(msgspec.Struct, frozen=True):
    """What came in a short while. `size`: in bytes. `sentences`: how many of them were good."""

    size: int
    sentences: int
    fixes: list[Fix]


def _overhear(line: Line, speed_max_mps: float) -> _Heard:
    """Listen for as long as a look may take."""
    receiver = Receiver(speed_max_mps)
    until = time.monotonic() + _PROBE_S
    fixes: list[Fix] = []
    size = 0
    while not fixes and (now := time.monotonic()) < until:
        data = line.read(min(_GAP_S, until - now))
        size += len(data)
        events = receiver.hear(data, now) if data else receiver.silence(now)
        fixes += [event.fix for event in events if isinstance(event, Fixed)]
    return _Heard(size, receiver.read, fixes)


def _judge(options: Driver.Options, heard: _Heard) -> Check:
    path, baud = options.path, options.baud
    if not heard.size:
        return Check(
            State.FAIL, f"{path} は何も送ってきません", f"{path} says nothing",
            "受信機の電源とケーブルを確かめてください", "check the receiver's power and cable",
        )  # fmt: skip
    if heard.fixes:
        used = heard.fixes[-1].satellites
        return Check(State.OK, f"位置がわかります(衛星 {used})", f"position known ({used} satellites)")
    if not heard.sentences:
        return Check(
            State.FAIL, f"{path} の文字が読めません(速度 {baud})", f"what {path} says cannot be read at {baud} baud",
            "unit.toml の baud を 4800、9600、115200 の順に試してください", "try baud 4800, 9600, 115200 in unit.toml",
        )  # fmt: skip
    return Check(
        State.WARN, "まだ位置がわかりません", "no position yet",
        "空の見える所で数分待ってください", "wait some minutes where the sky can be seen",
    )  # fmt: skip
