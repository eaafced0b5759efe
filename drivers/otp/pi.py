"""The private key in a Raspberry Pi's processor: 256 bits, burnt once, which its firmware gives to the kernel.

Debian's kernel does not ask for them; a module of ours does (image-build/module/machitap_otp.c), and root reads the
file that it makes. Nobody burns a key from here: bits never go back. The maker's `rpi-otp-private-key -w` does it.
"""

from pathlib import Path

import msgspec

from drivers.check import Check, State
from drivers.otp import KEY_BYTES, OtpError


class Driver:
    """Capabilities: a key of 32 bytes, where one was burnt; it stays with the board, not with the card."""

    class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        """`path`: the file of the kernel's."""

        path: str = "/sys/firmware/machitap/board_key"

    def __init__(self, options: Options | None = None) -> None:
        self._path = Path((options or self.Options()).path)

    def key(self) -> bytes | None:
        try:
            found = self._path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise OtpError(f"{self._path}: {error.strerror}") from error
        if len(found) != KEY_BYTES:
            raise OtpError(f"{self._path}: {len(found)} bytes, where {KEY_BYTES} are burnt")
        return found if any(found) else None

    @classmethod
    def probe(cls, options: Options) -> Check:
        """Say whether one was burnt, and nothing of it."""
        try:
            found = cls(options).key()
        except OtpError as error:
            return Check(
                State.WARN,
                "基板の鍵が読めません",
                f"the key in this board cannot be read: {error}",
                "一度電源を切って、入れ直してください",
                "switch it off and on once",
            )
        if found is None:
            return Check(State.OK, "基板に鍵は焼かれていません", "no key is burnt into this board")
        return Check(State.OK, "基板に鍵が焼かれています", "a key is burnt into this board")
