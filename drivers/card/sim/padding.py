"""What a key of this card pads and signs, by P1 of its signature command: who hashes, and who writes the DigestInfo."""

import hashlib

from drivers.card.apdu import Status
from drivers.card.proofs import digest_info
from drivers.card.sim.layout import StatusError

_DIGEST_BYTES = range(1, 246)  # what a 2048-bit key can pad
_GIVEN_HASH, _HASH_BYTES = 2, 32
_DIGEST_INFO_SHA256 = bytes.fromhex("3031300d060960864801650304020105000420")


def to_pad(scheme: int, data: bytes) -> bytes:
    """Return what the key pads and signs: P1 says who hashes, and who writes the DigestInfo."""
    if len(data) not in _DIGEST_BYTES or (scheme == _GIVEN_HASH and len(data) != _HASH_BYTES):
        raise StatusError(Status.CONDITIONS_NOT_MET)
    match scheme:
        case 0:
            return data
        case 1:
            return hashlib.sha256(data).digest()
        case 2:
            return _DIGEST_INFO_SHA256 + data
        case 3:
            return digest_info(data)
    raise StatusError(Status.CONDITIONS_NOT_MET)  # 04 and 05, PSS, are not made here
