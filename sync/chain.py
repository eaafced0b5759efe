"""The chain: each entry's hash covers all entries before it, and a seal is a signature over one such hash.

Arithmetic only. The format is for ever: docs/journal-format.md describes it for other languages, and
docs/verify_journal.py is a second implementation that shares no line with this one.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

ORIGIN = bytes(32)
"""What the first entry of the first boot ever is chained to."""

_ENTRY = b"machitap/entry/1\0"
_HEAD = b"machitap/head/1\0"

ALG = "ed25519"


class SealError(ValueError):
    """A signature is not by the key it should be by, or not over this hash."""


class Signer(Protocol):
    @property
    def public(self) -> bytes:
        """The raw public key, 32 bytes."""

    def sign(self, message: bytes) -> bytes:
        """Return the signature, 64 bytes (RFC 8032)."""


def link(prev: bytes, body: bytes) -> bytes:
    """Return the hash of an entry (32 bytes), given the hash before it and its own bytes."""
    return hashlib.sha256(_ENTRY + prev + body).digest()


def links(prev: bytes, bodies: Iterable[bytes]) -> list[bytes]:
    """Return the hash of each of a run of entries."""
    hashes = []
    for body in bodies:
        prev = hashlib.sha256(_ENTRY + prev + body).digest()
        hashes.append(prev)
    return hashes


def seal(signer: Signer, entry_hash: bytes) -> bytes:
    """Sign the hash of an entry, and with it every entry before (64 bytes)."""
    return signer.sign(_HEAD + entry_hash)


def check_signature(public: bytes, message: bytes, signature: bytes) -> None:
    """Check an Ed25519 signature; every kind of misfit is a SealError."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError) as error:
        raise SealError("the signature is not by this key over these bytes") from error


Check = Callable[[bytes, bytes, bytes], None]
"""Checks a signature: raw public key, message, signature. Raises SealError."""


def check_seal(public: bytes, entry_hash: bytes, signature: bytes, check: Check = check_signature) -> None:
    """Check a seal against a raw public key.

    Raises:
        SealError: it does not verify.
    """
    check(public, _HEAD + entry_hash, signature)


@dataclass(frozen=True)
class PublicKey:
    """A raw public key (32 bytes), and how its signatures are checked; a simulated town may do that at less cost."""

    raw: bytes
    check: Check = check_signature

    def signed(self, entry_hash: bytes, seal: bytes) -> bool:
        """Tell whether a seal over this hash is by this key."""
        try:
            check_seal(self.raw, entry_hash, seal, self.check)
        except SealError:
            return False
        return True
