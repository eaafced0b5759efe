"""Nobody can take the power off a device."""

import msgspec

from drivers.check import Check, State


class Driver:
    """Capabilities: none."""

    class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        pass

    def __init__(self, options: Options | None = None) -> None:
        self._options = options or self.Options()

    def cycle(self) -> None:
        pass

    @classmethod
    def probe(cls, _options: Options) -> Check:
        return Check(State.OK, "リーダーの電源は人が入れ直します", "a reader that hangs has to be unplugged by hand")
