"""A private key in a file that only the daemon may read: the least that a unit must have.

It is copied with the SD card. Boards with a TPM, a secure element or a one-time programmable key do better.
"""

import os
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from drivers.keystore import KeystoreError


class Driver:
    """Capabilities: Ed25519 yes; survives a copied SD card no."""

    class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        path: str

    def __init__(self, options: Options) -> None:
        path = Path(options.path)
        try:
            if path.stat().st_mode & 0o077:
                raise KeystoreError(f"{path} can be read by others; say: chmod 600 {path}")
            key = load_pem_private_key(path.read_bytes(), password=None)
        except (OSError, ValueError) as error:
            raise KeystoreError(f"{path}: no usable private key ({error})") from error
        if not isinstance(key, Ed25519PrivateKey):
            raise KeystoreError(f"{path}: an Ed25519 key is needed")
        self._key = key
        self.alg = "ed25519"
        self.public = key.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        return self._key.sign(message)


def create(path: Path) -> bytes:
    """Make a new private key at `path`, readable by its owner only, and return the public half.

    Raises:
        FileExistsError: there is one already; a key is never overwritten.
    """
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(pem)
        file.flush()
        os.fsync(file.fileno())
    return key.public_key().public_bytes_raw()
