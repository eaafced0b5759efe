"""A board that seals, in memory: what one has sealed no other opens, nor does this one while its chip is gone."""

import hashlib

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from drivers.seal import Holder, SealError

_NONCE_BYTES = 12


class Driver:
    """Capabilities: as a board with a TPM; faults: `is_gone` (no chip answers), another `board`."""

    class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        """`board`: which one this is."""

        board: str = "machitap"

    def __init__(self, options: Options | None = None) -> None:
        options = options or self.Options()
        self._key = hashlib.sha256(f"seal {options.board}".encode()).digest()
        self.seals = True
        self.is_gone = False

    def ready(self, board_key: bytes | None) -> None:
        pass

    def seal(self, name: str, secret: bytes) -> bytes:
        nonce = hashlib.sha256(self._key + secret).digest()[:_NONCE_BYTES]
        return nonce + self._chip(name).encrypt(nonce, secret, name.encode())

    def open(self, name: str, sealed: bytes) -> bytes:
        try:
            return self._chip(name).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], name.encode())
        except (InvalidTag, ValueError) as error:
            raise SealError(f"{name}: it was not sealed on this board") from error

    def holder(self, sealed: bytes) -> Holder:
        return Holder.TPM if sealed else Holder.UNKNOWN

    def forget(self) -> None:
        pass

    def _chip(self, name: str) -> ChaCha20Poly1305:
        if self.is_gone:
            raise SealError(f"{name}: no TPM answers")
        return ChaCha20Poly1305(self._key)
