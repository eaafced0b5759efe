"""Seals nothing: secrets lie in files that only their owner may read."""

import msgspec

from drivers.seal import Holder, SealError


class Driver:
    """Capabilities: none; whoever copies the disk has the secrets."""

    class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        pass

    def __init__(self, options: Options | None = None) -> None:
        self._options = options or self.Options()
        self.seals = False

    def ready(self, board_key: bytes | None) -> None:
        pass

    def seal(self, name: str, secret: bytes) -> bytes:
        raise SealError(f"{name}: this unit seals nothing ({len(secret)} bytes stay as they are)")

    def open(self, name: str, sealed: bytes) -> bytes:
        raise SealError(f"{name}: this unit opens nothing that is sealed ({len(sealed)} bytes)")

    def holder(self, _sealed: bytes) -> Holder:
        return Holder.UNKNOWN

    def forget(self) -> None:
        pass
