"""The seal port: a secret is laid on the disk so that the disk alone does not open it.

What opens it is outside the disk, where a board has such a thing: a TPM, or a key burnt into its processor. A board
without either seals with a key beside the secret, which keeps nobody out who copies all of the disk.
"""

from enum import StrEnum
from typing import Protocol


class Holder(StrEnum):
    """What a secret was sealed by."""

    TPM = "tpm"
    HOST = "host"  # a key of this system: on its disk, or made at each start from one that is burnt into the board
    UNKNOWN = "unknown"


class SealError(Exception):
    """A secret cannot be sealed or opened here; the message says why."""


class Seal(Protocol):
    @property
    def seals(self) -> bool:
        """Whether this make seals at all; if not, secrets stay as they are."""

    def ready(self, board_key: bytes | None) -> None:
        """Bring what it seals by into place, at each start; `board_key`: what is burnt into the board, if anything is.

        Raises:
            SealError: that cannot be done.
        """

    def seal(self, name: str, secret: bytes) -> bytes:
        """Return a secret sealed under its name.

        Raises:
            SealError: it cannot be sealed; nothing has changed.
        """

    def open(self, name: str, sealed: bytes) -> bytes:
        """Undo `seal`.

        Raises:
            SealError: it was sealed on another board, under another name, or what it was sealed by is gone.
        """

    def holder(self, sealed: bytes) -> Holder:
        """Tell what a secret was sealed by."""

    def forget(self) -> None:
        """Forget for good the key that lies on the disk, if one does: what was sealed by it opens no more."""
