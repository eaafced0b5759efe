"""A board in memory: its bits go from 0 to 1 and never back, and a read may fail."""

import msgspec

from drivers.otp import KEY_BYTES, OtpError


class Driver:
    """Capabilities: a key of 32 bytes; fault: `is_broken` (its firmware does not answer)."""

    class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        """`burnt`: what is in it, hexadecimal."""

        burnt: str = "00" * KEY_BYTES

    def __init__(self, options: Options | None = None) -> None:
        self._rows = bytes.fromhex((options or self.Options()).burnt)
        self.is_broken = False

    def burn(self, key: bytes) -> None:
        """Burn a key, as a person may do once: what is 1 already stays so."""
        self._rows = bytes(old | new for old, new in zip(self._rows, key, strict=True))

    def key(self) -> bytes | None:
        if self.is_broken:
            raise OtpError("the firmware does not answer")
        return self._rows if any(self._rows) else None
