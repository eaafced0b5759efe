"""The code on a receipt: which entry it was, its hash, and the unit's signature over that hash.

    MACHIR1:LIB01/9F3C0A1B22D4E5F6/4/E0B2980D…1FA3/571C621C…500A

Entry id, 32 bytes of hash and 64 bytes of seal in hexadecimal, between slashes, all in capitals: these are letters of a
QR code's alphanumeric mode, so a receipt has 222 characters at least and 268 at most, versions 9 and 10 at level M (53
and 57 points wide).

Anybody can check it, offline, with the unit's public key and docs/journal-format.md, section 3: the seal is Ed25519
(RFC 8032) over "machitap/head/1", one zero byte, and the hash. A unit signs the last entry of every commit, which is
the one that a receipt is about. So whoever holds the paper can prove that the unit has written an entry with this hash,
even if the unit is gone, and the town cannot deny it.

What it does not prove: how much was paid, and when. That stands in the entry, and whoever has that as well (the town's
books, the unit's journal) can hold it against the paper: `check_entry`. The id is there to find the entry by; `check`
alone would not notice if somebody had altered it. And a photograph of a receipt is as good as the receipt.
"""

import re
from typing import Final

import msgspec

from programs.coin.codes.errors import CodeError, Why
from sync.chain import PublicKey, link
from sync.entries import EntryError, EntryId, place_of

HASH_BYTES: Final = 32
SEAL_BYTES: Final = 64

_PREFIX: Final = "MACHIR1:"
_CHARS_MAX: Final = 268
_CHARACTERS: Final = re.compile(r"[A-Z0-9:/-]+")


class Receipt(msgspec.Struct, frozen=True):
    """What a receipt says of its entry. `hash`: 32 bytes. `seal`: 64, over the hash."""

    entry: EntryId
    hash: bytes
    seal: bytes


def write(receipt: Receipt) -> str:
    """Return the text of the code to print.

    Raises:
        CodeError: LENGTH: this is no hash or no seal. LAYOUT, CHARACTERS: this is no entry id.
    """
    if (len(receipt.hash), len(receipt.seal)) != (HASH_BYTES, SEAL_BYTES):
        raise CodeError(Why.LENGTH, f"a hash has {HASH_BYTES} bytes, a seal {SEAL_BYTES}")
    text = f"{_PREFIX}{_entry(str(receipt.entry))}/{receipt.hash.hex()}/{receipt.seal.hex()}".upper()
    if not _CHARACTERS.fullmatch(text):
        raise CodeError(Why.CHARACTERS, "a receipt has capitals, digits and slashes only")
    return text


def read(text: str) -> Receipt:
    """Read the code of a receipt; it is believed only once `check` has been at it.

    Raises:
        CodeError: FORM, TOO_LONG, LAYOUT, LENGTH, CHARACTERS: this is no such code, or it was read wrong.
    """
    if not text.startswith(_PREFIX):
        raise CodeError(Why.FORM, "no code of a receipt, or of a version that this reader does not know")
    if len(text) > _CHARS_MAX:
        raise CodeError(Why.TOO_LONG, f"{len(text)} characters; {_CHARS_MAX} is the most")
    try:
        *entry, hash_text, seal_text = text.removeprefix(_PREFIX).split("/")
        receipt = Receipt(_entry("/".join(entry).lower()), bytes.fromhex(hash_text), bytes.fromhex(seal_text))
    except ValueError as error:
        raise CodeError(Why.LAYOUT, "a receipt is unit, boot, number, hash and seal") from error
    if write(receipt) != text:
        raise CodeError(Why.LAYOUT, "not the one spelling of this receipt")
    return receipt


def check(receipt: Receipt, public_key: PublicKey) -> None:
    """Check that the unit with this key has signed an entry with this hash.

    Args:
        receipt: as it was read.
        public_key: of the unit that the entry names, in the life in which it was written.

    Raises:
        CodeError: SEAL: it has not, or the receipt was altered, or this is another unit's key.
    """
    if not public_key.signed(receipt.hash, receipt.seal):
        raise CodeError(Why.SEAL, f"the key of {receipt.entry.unit} has not signed this hash")


def check_entry(receipt: Receipt, prev: bytes, body: bytes) -> None:
    """Check that a receipt is about this entry, and so about the money and the moment that stand in it.

    Args:
        receipt: as it was read; `check` it too.
        prev: the hash before the entry, as docs/journal-format.md, section 3, has it.
        body: the entry, as it is stored.

    Raises:
        CodeError: ENTRY: it is about another one.
    """
    if link(prev, body) != receipt.hash:
        raise CodeError(Why.ENTRY, "the receipt was given for another entry than this one")
    if place_of(body) != receipt.entry:
        raise CodeError(Why.ENTRY, f"the entry is not {receipt.entry}: somebody has altered the receipt")


def _entry(text: str) -> EntryId:
    try:
        return EntryId.parse(text)
    except EntryError as error:
        raise CodeError(Why.LAYOUT, str(error)) from error
