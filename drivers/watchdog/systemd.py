"""The service manager as watchdog: datagrams to the socket that systemd names (sd_notify(3), sd_watchdog_enabled(3)).

The protocol is one line of text in one datagram, and stable by systemd's own promise; a library for it would be longer
than this file and no better kept. systemd itself should sit before the board's watchdog (RuntimeWatchdogSec=), so
that a hang of either ends in a restart.
"""

import contextlib
import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from drivers.check import Check, State
from drivers.watchdog import KICKS_IN_A_PERIOD, WatchdogError

_SOCKET, _PERIOD, _FOR = "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"
_US: Final = 1_000_000
_READY_S: Final = 2.0
_BOOTED: Final = Path("/run/systemd/system")  # sd_booted(3)


class Driver:
    """Capabilities: tells systemd when the unit serves, that it is well, and when it ends in order."""

    class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        pass

    def __init__(self, options: Options | None = None, environ: Mapping[str, str] | None = None) -> None:
        self._options = options or self.Options()
        self._environ = os.environ if environ is None else environ
        self._socket: socket.socket | None = None

    def start(self) -> float | None:
        name = self._environ.get(_SOCKET, "")
        if not name:
            return None  # started by hand
        try:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
            self._socket.connect("\0" + name[1:] if name.startswith("@") else name)
            self._socket.settimeout(_READY_S)
            self._socket.send(b"READY=1")
            self._socket.settimeout(0)  # a kick is lost rather than waited for
        except OSError as error:
            self._close()
            raise WatchdogError(f"systemd does not listen at {name}: {error}") from error
        return self._interval_s()

    def kick(self) -> None:
        self._say(b"WATCHDOG=1")

    def stop(self) -> None:
        self._say(b"STOPPING=1")
        self._close()

    @classmethod
    def probe(cls, _options: Options) -> Check:
        """The period is in the daemon's environment, not in ours; what can be seen from here is systemd itself."""
        if _BOOTED.is_dir():
            return Check(State.OK, "systemd が見張ります", "systemd watches this unit")
        return Check(
            State.WARN, "systemd が動いていないので、見張りが働きません", "systemd is not running, so nobody watches",
            "イメージの標準の起動方法で動かしてください", "start this unit as its image does",
        )  # fmt: skip

    def _interval_s(self) -> float | None:
        period, pid = self._environ.get(_PERIOD, ""), self._environ.get(_FOR, "")
        is_ours = not pid or pid == str(os.getpid())
        if not (period.isdigit() and int(period) and is_ours):
            return None
        return int(period) / _US / KICKS_IN_A_PERIOD

    def _say(self, words: bytes) -> None:
        if self._socket:
            with contextlib.suppress(OSError):
                self._socket.send(words)

    def _close(self) -> None:
        if self._socket:
            self._socket.close()
            self._socket = None
