"""A receiver in memory that drives along a track: it says the sentences of a real one, and reads them as a real one.

Time passes when `advance` is called, so a simulated town stays repeatable; with `pace` it also drives by itself.
"""

import itertools
import threading
import time
from typing import Final

import msgspec

from drivers.check import Check, State
from drivers.gps import Event, GpsCame, GpsLeft, Listener
from drivers.gps._nmea import checksum_of
from drivers.gps._receiver import Receiver
from drivers.serial.sim import misread

_BAUD: Final = 9600
_METRES_A_DEGREE: Final = 111_195.0  # of latitude
_MPS_KNOTS: Final = 3600 / 1852
_EPOCH_S: Final = 1_795_392_000  # 2026-11-23 00:00 UTC

Point = tuple[float, float, float]  # seconds, degrees north, degrees east


class Driver:
    """Capabilities: a track; faults: `lose`, `jump_m`, `damage`, `tear`, `far_baud`, `unplug`."""

    class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        """`track`: where it is when; the last place is kept. `pace`: seconds of the track a second; 0: by hand."""

        track: tuple[Point, ...] = ((0.0, 36.95, 137.55), (600.0, 36.96, 137.57))
        speed_max_mps: float = 45.0
        pace: float = 0.0

    def __init__(self, options: Options | None = None) -> None:
        self._options = options or self.Options()
        self._receiver = Receiver(self._options.speed_max_mps)
        self._listener: Listener | None = None
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._at = 0
        self._plugged = True
        self.has_sky = True
        self.jump_m = 0.0
        self.damage = False
        self.tear = False
        self.far_baud = _BAUD

    def start(self, listener: Listener) -> None:
        self._listener = listener
        self._report([GpsCame() if self._plugged else GpsLeft("unplugged")])
        if self._options.pace > 0:
            self._stopping.clear()
            self._thread = threading.Thread(target=self._drive, name="gps sim", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        self._listener = None
        self._stopping.set()
        thread, self._thread = self._thread, None
        if thread:
            thread.join(2)

    @classmethod
    def probe(cls, _options: Options) -> Check:
        return Check(
            State.WARN, "模擬の位置受信機です。本番では使えません", "a simulated receiver, which serves nobody"
        )

    def advance(self, seconds: int) -> None:
        """Drive on; the receiver speaks once a second."""
        for _ in range(seconds):
            self._at += 1
            if self._plugged:
                self._report(self._receiver.hear(self._heard(), float(self._at)))

    def lose(self) -> None:
        """Drive into a tunnel."""
        self.has_sky = False

    def unplug(self) -> None:
        self._plugged = False
        self._receiver.cut()
        self._report([GpsLeft("unplugged")])

    def plug(self) -> None:
        self._plugged = True
        self._report([GpsCame()])

    def _drive(self) -> None:
        while not self._stopping.wait(1 / self._options.pace):
            self.advance(1)

    def _heard(self) -> bytes:
        said = sentences(self._at, self._options.track, has_sky=self.has_sky, north_m=self.jump_m)
        if self.damage:
            said = said.replace(b",N,", b",S,")  # the checksum stays
        if self.tear:
            said = said[: len(said) // 3]
        if self.far_baud != _BAUD:
            said, _ = misread(said, self.far_baud, _BAUD)
        return said

    def _report(self, events: list[Event]) -> None:
        if self._listener:
            for event in events:
                self._listener(event)


def sentences(at: int, track: tuple[Point, ...], *, has_sky: bool = True, north_m: float = 0.0) -> bytes:
    """Return what a receiver says in one second of the track: GGA, then RMC."""
    lat, lon = _between(at, track)
    next_lat, _ = _between(at + 1, track)
    knots = abs(next_lat - lat) * _METRES_A_DEGREE * _MPS_KNOTS
    lat += north_m / _METRES_A_DEGREE
    moment = time.gmtime(_EPOCH_S + at)
    clock, day = time.strftime("%H%M%S.00", moment), time.strftime("%d%m%y", moment)
    place = f"{_written(lat, 2)},{'N' if lat >= 0 else 'S'},{_written(lon, 3)},{'E' if lon >= 0 else 'W'}"
    gga = f"GPGGA,{clock},{place},1,08,0.9,12.0,M,36.0,M,," if has_sky else f"GPGGA,{clock},,,,,0,00,99.9,,M,,M,,"
    rmc = f"GPRMC,{clock},A,{place},{knots:.2f},0.0,{day},,,A" if has_sky else f"GPRMC,{clock},V,,,,,,,{day},,,N"
    return b"".join(f"${body}*{checksum_of(body.encode()):02X}\r\n".encode() for body in (gga, rmc))


def _written(degrees: float, digits: int) -> str:
    """Write degrees as ddmm.mmmm."""
    whole, minutes = divmod(round(abs(degrees) * 60, 5), 60)
    return f"{int(whole):0{digits}d}{minutes:08.5f}"


def _between(at: float, track: tuple[Point, ...]) -> tuple[float, float]:
    for (t_0, lat_0, lon_0), (t_1, lat_1, lon_1) in itertools.pairwise(track):
        if t_0 <= at < t_1:
            share = (at - t_0) / (t_1 - t_0)
            return lat_0 + share * (lat_1 - lat_0), lon_0 + share * (lon_1 - lon_0)
    _, lat, lon = track[-1] if at > track[0][0] else track[0]
    return lat, lon
