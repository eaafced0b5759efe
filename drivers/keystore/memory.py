"""A key that is gone with the process: for what nobody may take for a unit's own word, such as practice at a till."""

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


class Driver:
    """Capabilities: Ed25519; never on a disk, and another one at every start."""

    class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        pass

    def __init__(self, options: Options | None = None, seed: bytes = b"") -> None:
        """Make a key; `seed`: from 32 bytes that nobody knows, if there are dice to throw."""
        self._options = options or self.Options()
        self._key = Ed25519PrivateKey.from_private_bytes(seed) if seed else Ed25519PrivateKey.generate()
        self.alg = "ed25519"
        self.public = self._key.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        return self._key.sign(message)
