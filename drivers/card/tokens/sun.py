"""A child's tag that proves itself a little: NTAG 424 DNA with SUN messages (NXP NT4H2421Gx, 9.3; AN12196, 3.4).

Each time the tag's NDEF file is read, the tag writes into it a web address with its number and a counter, encrypted,
and a MAC over both, made with a key that never leaves it. The counter goes up by one with each reading. So whoever
shows an address has read this tag; each address counts once at each unit, which keeps the highest counter that it has
seen. It is not made for us: addresses can be collected in advance by holding a reader to the tag.

Both keys are secrets. The one that opens the number is the town's; the one that makes the MAC is the tag's own,
derived from a key that stays in the town's vault (`diversified`). A unit holds the keys of the tags that it serves, so
what is stolen with a unit are those tags, and no others.
"""

import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES128
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.cmac import CMAC

from drivers.card import commands, files
from drivers.card.apdu import SHORT_LE_MAX, Status
from drivers.card.channel import Channel
from drivers.card.errors import ForgedCardError, NotReadableError, UnknownCardError
from drivers.card.reading import select, select_file

KEY_BYTES = 16
UID_BYTES, COUNTER_BYTES, MAC_BYTES = 7, 3, 8
_PICC_BYTES = 16
_UID_AND_COUNTER = 0xC7  # both are mirrored, and the UID has 7 bytes (NT4H2421Gx, 9.3.4.1)
_MAC_SESSION = bytes.fromhex("3CC300010080")  # SV2 (9.3.9.1)
_DIVERSIFICATION_MIN, _DIVERSIFICATION_MAX = 17, 32  # AN10922, 2.2, where it is a plain CMAC


@dataclass(frozen=True)
class SunProfile:
    """How a town's tags are made.

    Fields:
        open_key: SDMMetaReadKey, 16 bytes: opens the number and the counter.
        mac_key: finds a tag's SDMFileReadKey by its number of 7 bytes, or None if it is no tag of ours.
        data_name, mac_name: the names of both in the address.
    """

    open_key: bytes = field(repr=False)
    mac_key: Callable[[bytes], bytes | None] = field(repr=False)
    data_name: str = "picc_data"
    mac_name: str = "cmac"


@dataclass(frozen=True)
class Sun:
    """An address that is genuine. `counter`: how often the tag was read, 24 bits."""

    uid: bytes
    counter: int


def read(channel: Channel) -> str | None:
    """Read the tag's NDEF file as text; None if this is no such tag.

    Raises:
        NotReadableError: it is one, but does not give its file.
    """
    if not select(channel, files.TAG):
        return None
    if not select_file(channel, files.NDEF):
        raise NotReadableError("a tag without an NDEF file")
    response = channel.exchange(commands.read_on(0, SHORT_LE_MAX))
    if response.sw not in {Status.OK, Status.END_OF_FILE}:
        raise NotReadableError(f"reading the tag: {response.sw:04X}")
    return response.data.decode("ascii", "replace")


def check(text: str, profile: SunProfile) -> Sun:
    """Believe what a tag has written.

    Raises:
        NotReadableError: there is no such address in it.
        UnknownCardError: no tag of ours: nothing was checked.
        ForgedCardError: the MAC was not made by this tag's key.
    """
    data, mac = (
        _hex(text, name, size) for name, size in ((profile.data_name, _PICC_BYTES), (profile.mac_name, MAC_BYTES))
    )
    decryptor = Cipher(AES128(profile.open_key), CBC(bytes(_PICC_BYTES))).decryptor()
    opened = decryptor.update(data) + decryptor.finalize()
    uid, counter = opened[1 : 1 + UID_BYTES], opened[1 + UID_BYTES : 1 + UID_BYTES + COUNTER_BYTES]
    key = profile.mac_key(uid) if opened[0] == _UID_AND_COUNTER else None
    if key is None:
        raise UnknownCardError
    if not hmac.compare_digest(mac_of(key, uid, counter), mac):
        raise ForgedCardError("this tag's key did not make this address")
    return Sun(uid, int.from_bytes(counter, "little"))


def mac_of(key: bytes, uid: bytes, counter: bytes) -> bytes:
    """Return the MAC of 8 bytes over nothing, under the key of this reading. `counter`: 3 bytes, lowest first."""
    session = _cmac(key, _MAC_SESSION + uid + counter)
    return _cmac(session, b"")[1::2]


def picc_data(open_key: bytes, uid: bytes, counter: bytes, padding: bytes) -> bytes:
    """Encrypt number and counter as the tag does; `padding`: 5 bytes drawn at random."""
    encryptor = Cipher(AES128(open_key), CBC(bytes(_PICC_BYTES))).encryptor()
    return encryptor.update(bytes((_UID_AND_COUNTER,)) + uid + counter + padding) + encryptor.finalize()


def diversified(master: bytes, uid: bytes, town: bytes) -> bytes:
    """Derive a tag's own key from one that stays in the vault (AN10922, 2.2). `town`: 9 to 24 bytes, for ever the same.

    Raises:
        ValueError: `town` is too short or too long.
    """
    said = b"\x01" + uid + town
    if not _DIVERSIFICATION_MIN <= len(said) <= _DIVERSIFICATION_MAX:
        raise ValueError("a town's word for its keys has 9 to 24 bytes")
    return _cmac(master, said)


def _cmac(key: bytes, data: bytes) -> bytes:
    mac = CMAC(AES128(key))
    mac.update(data)
    return mac.finalize()


def _hex(text: str, name: str, size: int) -> bytes:
    found = re.search(rf"[?&]{re.escape(name)}=([0-9A-Fa-f]{{{2 * size}}})(?![0-9A-Fa-f])", text)
    if found is None:
        raise NotReadableError("the tag does not say what it should")
    return bytes.fromhex(found[1])
