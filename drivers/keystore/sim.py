"""A key grown from a seed: for simulated units only; a production centre refuses to enrol it."""

import hashlib

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from drivers.keystore import KeystoreError


class Driver:
    """Capabilities: Ed25519; fault: `lock` (a secure element that refuses to sign)."""

    class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        seed: str = "machitap"

    def __init__(self, options: Options | None = None) -> None:
        seed = (options or self.Options()).seed
        self._key = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(seed.encode()).digest())
        self.alg = "ed25519"
        self.public = self._key.public_key().public_bytes_raw()
        self._locked = False

    def lock(self) -> None:
        self._locked = True

    def sign(self, message: bytes) -> bytes:
        if self._locked:
            raise KeystoreError("the simulated secure element refuses to sign")
        return self._key.sign(message)
