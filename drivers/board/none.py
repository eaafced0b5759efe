"""Nobody looks at the board."""

import msgspec

from drivers.board import Listener
from drivers.check import Check, State


class Driver:
    """Capabilities: none."""

    class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        pass

    def __init__(self, options: Options | None = None) -> None:
        self._options = options or self.Options()

    def start(self, listener: Listener) -> None:
        pass

    def stop(self) -> None:
        pass

    @classmethod
    def probe(cls, _options: Options) -> Check:
        return Check(
            State.WARN, "基板の様子を見ていません。熱や電圧、カードの寿命に気づけません",
            "nobody looks at the board: heat, low voltage and a worn card go unnoticed",
            'unit.toml に [drivers.board] make = "linux" と書いてください',
            'write [drivers.board] make = "linux" into unit.toml',
        )  # fmt: skip
