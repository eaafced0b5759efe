"""The port of a key that is burnt into the board: once and for all, and read by whoever is root on that very board."""

from typing import Final, Protocol

KEY_BYTES: Final = 32


class OtpError(Exception):
    """The board has a place for such a key, and it cannot be read."""


class Otp(Protocol):
    def key(self) -> bytes | None:
        """Return the key (32 bytes); None where the board has no place for one, or none was burnt.

        Raises:
            OtpError: it cannot be told.
        """
