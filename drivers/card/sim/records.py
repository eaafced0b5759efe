"""What the card's issuer writes and signs: the age record, the front of the card, the attributes, and their keys."""

import base64
import hashlib
import struct
import zlib
from collections.abc import Sequence

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from drivers.card import tlv
from drivers.card.sim.pki import CvKey, public_key_objects, raw_rsa
from drivers.card.sim.plan import Plan

# A face as plain as can be, 24 by 30 grey pixels, JPEG 2000.
PHOTO = base64.b64decode(
    "AAAADGpQICANCocKAAAAFGZ0eXBqcDIgAAAAAGpwMiAAAAAtanAyaAAAABZpaGRyAAAAHgAAABgAAQcHAAAAAAAPY29scgEAAAAAABEAAACaanAyY"
    "/9P/1EAKQAAAAAAGAAAAB4AAAAAAAAAAAAAABgAAAAeAAAAAAAAAAAAAQcBAf9SAAwAAAABAAAEBAAB/1wABEBA/2QAJQABQ3JlYXRlZCBieSBPcG"
    "VuSlBFRyB2ZXJzaW9uIDIuNS4w/5AACgAAAAAAKAAB/5POWBFQU6MOsZmHM+DSejlb/3DXd6BbGNg3H//ZjP"
    "=="
)
NOBODYS_NUMBER = b"999999999990"
_DIGEST_INFO_THREE = bytes.fromhex("3071300d060960864801650304020105000460")
_OFFSET = struct.Struct(">H")
_SHORT_HEADER = 3  # FF20, and a length below 128


def number_file() -> bytes:
    """EF 0001 of the input-support application, 17 bytes with its filler: digits that are nobody's."""
    return tlv.write(0xFF10, NOBODYS_NUMBER) + b"\xff\xff"


def attributes(plan: Plan) -> bytes:
    """EF 0002 of the input-support application."""
    fields = [
        tlv.write(0xDF22, plan.name.encode()),
        tlv.write(0xDF23, plan.address.encode()),
        tlv.write(0xDF24, f"{plan.birth:%Y%m%d}".encode()),
        tlv.write(0xDF25, plan.sex.encode()),
    ]
    return _with_offsets(fields)


def attribute_signatures(record: bytes, issuer: CvKey) -> bytes:
    """EF 0003 of the input-support application, over both digests."""
    body = tlv.first(record)
    fields = body.value[len(body.child(0xDF21).raw) :]
    digests = tlv.write(0xDF31, hashlib.sha256(number_file()).digest()) + tlv.write(
        0xDF32, hashlib.sha256(fields).digest()
    )
    return tlv.write(0xFF30, digests + tlv.write(0xDF33, issuer.sign(digests), long=True), long=True)


def entry_key(key: RSAPublicKey, issuer: CvKey) -> bytes:
    """EF 0007 of the input-support application, 536 bytes."""
    signed = tlv.write(0xDF51, public_key_objects(key), long=True)
    return tlv.write(0xFF50, signed + tlv.write(0xDF52, issuer.sign(signed), long=True), long=True)


def age_record(plan: Plan, key: RSAPublicKey, issuer: CvKey) -> bytes:
    """EF 0001 of the face application, 547 bytes."""
    signed = tlv.write(0xDF11, f"{plan.birth:%Y%m%d}".encode()) + tlv.write(0xDF12, public_key_objects(key), long=True)
    return tlv.write(0xFF10, signed + tlv.write(0xDF13, issuer.sign(signed), long=True), long=True)


def front(plan: Plan, key: RSAPublicKey, issuer: CvKey) -> bytes:
    """EF 0002 of the face application: three digests under one signature."""
    texts = [
        tlv.write(0xDF22, f"{plan.birth:%Y%m%d}".encode()),
        tlv.write(0xDF23, plan.sex.encode()),
        tlv.write(0xDF24, public_key_objects(key), long=True),
    ]
    pictures = [
        tlv.write(tag, png(text.encode(), 12), long=True) for tag, text in ((0xDF25, plan.name), (0xDF26, plan.address))
    ]
    photo = [tlv.write(0xDF27, PHOTO, long=True)]
    digests = b"".join(hashlib.sha256(b"".join(group)).digest() for group in (texts, pictures, photo))
    signature = tlv.write(0xDF28, raw_rsa(issuer.key, _DIGEST_INFO_THREE + digests), long=True)
    expires = tlv.write(0xDF29, f"{plan.expires:%Y%m%d}".encode())
    code = tlv.write(0xDF2A, png(plan.security_code.encode(), 3), long=True)
    return _with_offsets([*texts, *pictures, *photo, signature, expires, code])


def png(seed: bytes, height: int) -> bytes:
    """A black and white picture that is different for different text; it is not writing, only a stand-in for it."""
    noise = hashlib.sha256(seed).digest()
    rows = b"".join(b"\0" + noise[i % 29 : i % 29 + 3] for i in range(height))
    header = struct.pack(">IIBBBBB", 24, height, 1, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


def _with_offsets(fields: Sequence[bytes]) -> bytes:
    """FF20 { DF21 offsets, fields }: offsets count from the first byte of the file."""
    table_bytes = len(tlv.write(0xDF21, bytes(_OFFSET.size * len(fields))))
    body_bytes = table_bytes + sum(map(len, fields))
    is_long = body_bytes > 0x7F  # noqa: PLR2004 - the longest that one length byte can say
    at = _SHORT_HEADER + (2 if is_long else 0) + table_bytes
    table = b""
    for each in fields:
        table += _OFFSET.pack(at)
        at += len(each)
    return tlv.write(0xFF20, tlv.write(0xDF21, table) + b"".join(fields), long=is_long)
