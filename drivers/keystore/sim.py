"""A key grown from a seed: for simulated units only; a production centre refuses to enrol it.

Most of a long simulation would be elliptic curves. Where they are not what is being tried, a key may *mark* instead of
sign: the same sizes, and a mark fits only its key and its message, but whoever knows the public key could make one.
"""

import hashlib

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from drivers.keystore import KeystoreError


class Driver:
    """Capabilities: Ed25519; fault: `lock` (a secure element that refuses to sign)."""

    class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        """`marks`: mark instead of sign."""

        seed: str = "machitap"
        marks: bool = False

    def __init__(self, options: Options | None = None) -> None:
        options = options or self.Options()
        self._key = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(options.seed.encode()).digest())
        self._marks = options.marks
        self.alg = "ed25519"
        self.public = self._key.public_key().public_bytes_raw()
        self._locked = False

    def lock(self) -> None:
        self._locked = True

    def sign(self, message: bytes) -> bytes:
        if self._locked:
            raise KeystoreError("the simulated secure element refuses to sign")
        return mark(self.public, message) if self._marks else self._key.sign(message)


def mark(public: bytes, message: bytes) -> bytes:
    """Return what a key that marks puts under a message (64 bytes)."""
    return hashlib.blake2b(message, key=public).digest()
