"""Private test keys in a folder of PEM files: a key that is not there yet is made, and stays the same from then on."""

import os
import threading
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

_RSA_EXPONENT, _RSA_BITS = 65_537, 2048  # as on the card


class WrongKeyError(TypeError):
    """The folder holds a key of another kind under this name."""


class KeyFolder:
    """Several processes may use one folder at the same time: whoever makes a key first has made it for all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def rsa(self, name: str) -> rsa.RSAPrivateKey:
        key = self._key(name, lambda: rsa.generate_private_key(_RSA_EXPONENT, _RSA_BITS))
        if not isinstance(key, rsa.RSAPrivateKey):
            raise WrongKeyError(name)
        return key

    def p256(self, name: str) -> ec.EllipticCurvePrivateKey:
        key = self._key(name, lambda: ec.generate_private_key(ec.SECP256R1()))
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise WrongKeyError(name)
        return key

    def ed25519(self, name: str) -> ed25519.Ed25519PrivateKey:
        key = self._key(name, ed25519.Ed25519PrivateKey.generate)
        if not isinstance(key, ed25519.Ed25519PrivateKey):
            raise WrongKeyError(name)
        return key

    def _key(self, name: str, make: Callable[[], PrivateKeyTypes]) -> PrivateKeyTypes:
        path = self._folder / f"{name}.pem"
        if not path.exists():
            _store(path, make().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        # Checking that the primes are prime takes most of the time; we made them ourselves.
        return load_pem_private_key(path.read_bytes(), password=None, unsafe_skip_rsa_key_validation=True)


def _store(path: Path, pem: bytes) -> None:
    """Put a file there whole, unless somebody was faster."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{os.getpid()}-{threading.get_ident()}")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(pem)
    try:
        os.link(fresh, path)
    except FileExistsError:
        pass
    finally:
        fresh.unlink()
