"""What QEMU tells of a machine from outside, by its own protocol (QMP): pins of an emulated board, and its display."""

import json
import socket
from pathlib import Path
from typing import Any, Self

LEVELS = 0x3F20_0034  # GPLEV0 of a BCM2837: a bit for each of the pins 0 to 31


class Monitor:
    """A connection to a machine's monitor."""

    def __init__(self, path: Path) -> None:
        self._link = socket.socket(socket.AF_UNIX)
        self._link.settimeout(60)
        self._link.connect(str(path))
        self._lines = self._link.makefile("r")
        self._lines.readline()  # it says who it is
        self._ask("qmp_capabilities")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._lines.close()
        self._link.close()

    def pins(self) -> int:
        """Return the levels of all pins at this moment, the lowest bit for pin 0."""
        said = self._ask("human-monitor-command", {"command-line": f"xp /1wx {LEVELS:#x}"})
        return int(said.split(":")[1], 16)

    def photograph(self, file: Path) -> None:
        """Keep what is on its display at this moment (PPM)."""
        self._ask("screendump", {"filename": str(file)})

    def _ask(self, what: str, with_: dict[str, Any] | None = None) -> Any:
        self._link.sendall(json.dumps({"execute": what, "arguments": with_ or {}}).encode() + b"\n")
        while True:
            answer = json.loads(self._lines.readline())
            assert "error" not in answer, answer
            if "return" in answer:
                return answer["return"]
