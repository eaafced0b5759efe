"""The keystore port: it signs, and never hands the private key out."""

from typing import Protocol


class KeystoreError(Exception):
    """The key cannot be read or used; a person must look at this unit."""


class Keystore(Protocol):
    @property
    def alg(self) -> str:
        """The signature algorithm, as the boot entry names it: "ed25519"."""

    @property
    def public(self) -> bytes:
        """The raw public key (Ed25519: 32 bytes)."""

    def sign(self, message: bytes) -> bytes:
        """Return the signature (Ed25519: 64 bytes, RFC 8032).

        Raises:
            KeystoreError: the key is gone or locked.
        """
