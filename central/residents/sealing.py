"""Closes and opens what stands in residents' files: AES-256-GCM, with a key that the database does not hold.

A sealed file is `key id (8 bytes) ‖ nonce (12) ‖ ciphertext and tag`. What it is bound to (whose file, which version)
is authenticated with it, so that nobody can lay one file in another's place, or an older one in a newer's. Its length
says nothing: it is padded to multiples of 512 bytes.
"""

import hashlib
from collections.abc import Mapping
from typing import Final, Protocol

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from central.residents.person import Person
from sync.entries import BAD_JSON

KEY_BYTES: Final = 32
_ID_BYTES, _NONCE_BYTES = 8, 12
_PURPOSE: Final = b"machitap/resident/1\0"
_STEP: Final = 512  # multiples of it; hardly a file needs more than one
_PAD: Final = b" "  # JSON does not mind
_READ: Final = msgspec.json.Decoder(Person)
msgspec.json.encode(Person("", "", "", _READ.decode(b'{"name":"","kana":"","address":"","birth":"2000-01-01"}').birth))


class SealingError(Exception):
    """A file does not open; the message says what to do."""


class Entropy(Protocol):
    def bytes(self, count: int) -> bytes:
        """Return random bytes."""


def key_id(key: bytes) -> bytes:
    """Return the name of a key, which gives nothing of it away."""
    return hashlib.sha256(b"machitap/resident-key/1\0" + key).digest()[:_ID_BYTES]


class Keyring:
    """The keys of residents' files.

    Args:
        keys: by number; with the one of the highest number files are sealed, the others only open older ones.
    """

    def __init__(self, keys: Mapping[int, bytes]) -> None:
        self._keys = {key_id(key): AESGCM(key) for key in keys.values()}
        self._newest = key_id(keys[max(keys)]) if keys else None

    @property
    def newest(self) -> bytes:
        """The id of the key with which files are sealed.

        Raises:
            SealingError: there is no key.
        """
        if self._newest is None:
            raise SealingError(
                "住民ファイルの鍵 (keys/residents-….key) がありません。バックアップから戻してください。\n"
                "there is no key for residents' files (keys/residents-….key): put it back from its backup; a new centre"
                " makes one by itself: machi central init"
            )
        return self._newest

    def seal(self, holder: str, version: int, person: Person, entropy: Entropy) -> bytes:
        """Close a file.

        Raises:
            SealingError: there is no key.
        """
        nonce = entropy.bytes(_NONCE_BYTES)
        plain = msgspec.json.encode(person)
        plain += _PAD * (-len(plain) % _STEP)
        return self.newest + nonce + self._keys[self.newest].encrypt(nonce, plain, _bound(holder, version))

    def unseal(self, holder: str, version: int, sealed: bytes) -> Person:
        """Open a file.

        Raises:
            SealingError: its key is not here, or it is not the file that was sealed.
        """
        used, nonce, body = sealed[:_ID_BYTES], sealed[_ID_BYTES:][:_NONCE_BYTES], sealed[_ID_BYTES + _NONCE_BYTES :]
        key = self._keys.get(used)
        if key is None:
            raise SealingError(
                f"住民ファイルの鍵 {used.hex()} がありません。この データベースと同じ日の keys/ を戻してください。\n"
                f"the key {used.hex()} of residents' files is not in keys/: put back the keys/ of this database"
            )
        try:
            return _READ.decode(key.decrypt(nonce, body, _bound(holder, version)))
        except (InvalidTag, ValueError, *BAD_JSON) as error:
            raise SealingError(
                f"住民ファイル {holder} は 封をしたときのものではありません。バックアップと比べてください。\n"
                f"the file {holder} is not what was sealed; hold the database against its backup"
            ) from error


def used_key(sealed: bytes) -> str:
    """Return the id of the key with which a file was sealed."""
    return sealed[:_ID_BYTES].hex()


def digest(sealed: bytes) -> str:
    """Return what the journal says of a sealed file."""
    return hashlib.sha256(sealed).hexdigest()


def _bound(holder: str, version: int) -> bytes:
    return _PURPOSE + f"{holder}/{version}".encode()
