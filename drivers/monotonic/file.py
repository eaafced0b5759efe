"""A counter in a file on another medium than the journal: for development, and for boards with a second flash.

The file grows by eight bytes a step and starts anew when it has become long, so that one torn write can never take
the whole counter away.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from drivers.monotonic import MonotonicError

_STEP_BYTES = 8
_STEPS_MAX = 4096


class Driver:
    """Capabilities: yes, as far as the other medium is honest; a copy of both media goes unseen."""

    class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        path: str

    def __init__(self, options: Options) -> None:
        self._path = Path(options.path)
        with self._plainly():
            self._value, self._steps = self._load()

    def read(self) -> int | None:
        return self._value

    def raise_to(self, value: int) -> None:
        if value <= self._value:
            return
        with self._plainly():
            if self._steps >= _STEPS_MAX:
                self._start_anew(value)
            else:
                self._step(value)
        self._value = value

    def _step(self, value: int) -> None:
        with self._path.open("ab") as file:
            file.write(value.to_bytes(_STEP_BYTES, "big"))
            file.flush()
            os.fdatasync(file.fileno())
        self._steps += 1

    @contextmanager
    def _plainly(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise MonotonicError(f"{self._path}: {error.strerror or error}") from error

    def _load(self) -> tuple[int, int]:
        raw = self._path.read_bytes() if self._path.exists() else b""
        steps = len(raw) // _STEP_BYTES  # a torn last step was never confirmed
        if len(raw) % _STEP_BYTES:
            os.truncate(self._path, steps * _STEP_BYTES)
        values = (
            int.from_bytes(raw[at : at + _STEP_BYTES], "big") for at in range(0, steps * _STEP_BYTES, _STEP_BYTES)
        )
        return max(values, default=0), steps

    def _start_anew(self, value: int) -> None:
        fresh = self._path.with_suffix(".new")
        with fresh.open("wb") as file:
            file.write(value.to_bytes(_STEP_BYTES, "big"))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        self._steps = 1
