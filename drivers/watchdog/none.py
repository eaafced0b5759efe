"""Nobody watches."""

import msgspec

from drivers.check import Check, State


class Driver:
    """Capabilities: none."""

    class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        pass

    def __init__(self, options: Options | None = None) -> None:
        self._options = options or self.Options()

    def start(self) -> float | None:
        return None

    def kick(self) -> None:
        pass

    def stop(self) -> None:
        pass

    @classmethod
    def probe(cls, _options: Options) -> Check:
        return Check(
            State.WARN, "見張りがありません。止まっても自動では起動しません", "nobody restarts this unit if it hangs",
            'unit.toml に [drivers.watchdog] make = "systemd" と書いてください',
            'write [drivers.watchdog] make = "systemd" into unit.toml',
        )  # fmt: skip
