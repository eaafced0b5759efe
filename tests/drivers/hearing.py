"""An ear: what a recording holds, in plain Python."""

import array
import math
import subprocess
import time
from pathlib import Path
from typing import Final

RATE: Final = 48_000


def samples(raw: bytes) -> "array.array[int]":
    return array.array("h", raw[: len(raw) // 2 * 2])


def strength(part: "array.array[int]", hz: float) -> float:
    """How much of this frequency is in it (Goertzel), as an amplitude."""
    turn = 2 * math.cos(2 * math.pi * hz / RATE)
    one = two = 0.0
    for sample in part:
        one, two = sample + turn * one - two, one
    power = max(0.0, one * one + two * two - turn * one * two)
    return 2 * math.sqrt(power) / max(1, len(part))


def pitch(part: "array.array[int]", low: int = 300, high: int = 2500, step: int = 10) -> int:
    """The strongest frequency, to within a step."""
    return max(range(low, high, step), key=lambda hz: strength(part, hz))


def sounding(heard: "array.array[int]", quiet: int = 300, gap_ms: int = 15) -> list[tuple[int, int]]:
    """Where something is heard: (first, last) sample of every stretch between gaps."""
    stretches: list[list[int]] = []
    gap = RATE * gap_ms // 1000
    for at, sample in enumerate(heard):
        if abs(sample) > quiet:
            if stretches and at - stretches[-1][1] <= gap:
                stretches[-1][1] = at
            else:
                stretches.append([at, at])
    return [(first, last) for first, last in stretches]


class SoundServer:
    """A PulseAudio of our own: an ALSA device that takes its time, and that can vanish and come back."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.recording = folder / "heard.raw"
        self._forgotten = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._ear: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        environment = {"HOME": str(self.folder), "XDG_RUNTIME_DIR": str(self.folder), "PATH": "/usr/bin:/bin"}
        door = self.folder / "pulse.sock"
        door.unlink(missing_ok=True)
        (self.folder / "pulse" / "pid").unlink(missing_ok=True)
        self._process = subprocess.Popen(
            ["pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--disable-shm=1", "--use-pid-file=no",
             "-L", f"module-null-sink sink_name=room rate={RATE} channels=1 format=s16le",
             "-L", f"module-native-protocol-unix auth-anonymous=1 socket={door}"],
            env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        until = time.monotonic() + 10
        while not door.exists():
            assert time.monotonic() < until, "pulseaudio does not start"
            time.sleep(0.02)
        self._forgotten = 0
        with self.recording.open("wb") as file:
            self._ear = subprocess.Popen(
                ["parec", "--server", f"unix:{door}", "--device=room.monitor", "--raw", f"--rate={RATE}",
                 "--channels=1", "--format=s16le", "--latency-msec=20"],
                env=environment, stdout=file, stderr=subprocess.DEVNULL,
            )  # fmt: skip
        while not self.recording.stat().st_size:
            assert time.monotonic() < until, "nothing is recorded"
            time.sleep(0.02)

    def stop(self) -> None:
        """Vanish, as when the cable is pulled."""
        for process in (self._ear, self._process):
            if process:
                process.kill()
                process.wait()
        self._ear = self._process = None

    def heard(self) -> "array.array[int]":
        return samples(self.recording.read_bytes()[self._forgotten :])

    def forget(self) -> None:
        """Listen as if nothing had been heard before."""
        self._forgotten = self.recording.stat().st_size // 2 * 2
