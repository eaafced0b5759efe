"""THE allow-list: every application and every file of a card that this project can touch, and nothing else.

What is not written here cannot be selected, read, verified against or signed with: `drivers.card.gate` refuses it
before a byte leaves. Above all this keeps the 12-digit 個人番号 out of reach. It lies in the input-support
application (券面事項入力補助, EF 0001), as a picture in the face application (券面事項確認, EF 0005), and is itself the
secret called 照合番号A (EF 0014 and EF 0013 there). `NEVER` names these four, and the residence registry (住基); this
module does not load if one of them gets onto the list.

There are two lists. `STANDARD` is what a touch needs. `DESK` is what a person may do on purpose at a desk, with the
holder and a secret that the holder types: read the four attributes and the photo, sign a document.
"""

import functools
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from types import MappingProxyType

AID_BYTES_MIN = 5  # ISO/IEC 7816-4, 8.2.1: a registered provider identifier alone
AID_BYTES_MAX = 16
_SFI_MAX = 30
_BYTE_MAX = 0xFF
_DIGITS = frozenset(b"0123456789")
_PASSWORD = re.compile(rb"(?=.*[A-Z])(?=.*[0-9])[A-Z0-9]{6,16}")


class Use(Enum):
    """What a file is for, and so which commands may name it."""

    READ = "read"
    RECORD = "record"  # its record 1
    PIN = "pin"  # four digits
    BIRTH = "birth"  # six digits, YYMMDD
    CODE = "code"  # 照合番号B: fourteen digits, birthday, year of expiry, security code
    PASSWORD = "password"  # noqa: S105 - 署名用パスワード: 6 to 16 capitals and digits, at least one of each
    SIGN = "sign"

    @property
    def digits(self) -> int:
        """The one length of digits that may be sent to it; 0 for what takes none. Never 12: that is 照合番号A."""
        return {Use.PIN: 4, Use.BIRTH: 6, Use.CODE: 14}.get(self, 0)

    @property
    def is_secret(self) -> bool:
        return bool(self.digits) or self is Use.PASSWORD

    def takes(self, secret: bytes) -> bool:
        """Tell whether this is a secret that may be sent to such a file."""
        if self is Use.PASSWORD:
            return _PASSWORD.fullmatch(secret) is not None
        return bool(self.digits) and len(secret) == self.digits and _DIGITS.issuperset(secret)


@dataclass(frozen=True)
class Application:
    """One application of a card.

    Fields:
        name: for people and traces.
        aid: its full name; a part of a name could select something else.
        files: what may be named in it, by file identifier. Files 0001 to 001E have a short identifier of the same
            number.
        signs_by_itself: it has a key that signs a digest without any secret (`80 2A 00 00`).
        answers_with: the key reference of INTERNAL AUTHENTICATE, or None.
        asks_terminal: the key reference by which it has the terminal prove itself (MUTUAL AUTHENTICATE), or None.
        objects: tags that GET DATA may ask for.
        counts: it signs with a counter that rises by it, for the town's own parameter and for no other.
        registers: it may be asked to make the key that does so.
    """

    name: str
    aid: bytes
    files: Mapping[int, Use] = field(default_factory=dict)
    signs_by_itself: bool = False
    answers_with: int | None = None
    asks_terminal: int | None = None
    objects: frozenset[int] = frozenset()
    counts: bool = False
    registers: bool = False


# 公的個人認証. At a touch only its authentication half: EF 0001, 001A and 001B (the signing certificate with name
# and address, its key and its password) are not needed to recognise a card.
TOKEN_INFO, CERTIFICATES_PRESENT, AUTH_CERTIFICATE = 0x0006, 0x0008, 0x000A
AUTH_KEY, AUTH_PIN = 0x0017, 0x0018
SIGN_CERTIFICATE, SIGN_AUTHORITY, AUTH_AUTHORITY = 0x0001, 0x0002, 0x000B
SIGN_KEY, SIGN_PASSWORD = 0x001A, 0x001B
_AUTHENTICATION = {
    TOKEN_INFO: Use.READ,
    CERTIFICATES_PRESENT: Use.READ,
    AUTH_CERTIFICATE: Use.READ,
    AUTH_KEY: Use.SIGN,
    AUTH_PIN: Use.PIN,
}
_SIGNING = {
    SIGN_CERTIFICATE: Use.READ,
    SIGN_AUTHORITY: Use.READ,
    AUTH_AUTHORITY: Use.READ,
    SIGN_KEY: Use.SIGN,
    SIGN_PASSWORD: Use.PASSWORD,
}
JPKI = Application("jpki", bytes.fromhex("D392F000260100000001"), MappingProxyType(_AUTHENTICATION))
JPKI_DESK = replace(JPKI, files=MappingProxyType(_AUTHENTICATION | _SIGNING))

# 券面事項確認. At a touch: the age record, its issuer's certificate, and the 生年月日 key. At a desk also 0002 (what
# is printed on the front) with 照合番号B. Never 0005 (picture of the 個人番号), never 0013 (照合番号A).
AGE_RECORD, FRONT, CV_CERTIFICATE, BIRTH_KEY, FACE_CODE = 0x0001, 0x0002, 0x0004, 0x0011, 0x0012
_AGE = {AGE_RECORD: Use.READ, CV_CERTIFICATE: Use.READ, BIRTH_KEY: Use.BIRTH}
FACE = Application("face", bytes.fromhex("D3921000310001010402"), MappingProxyType(_AGE), signs_by_itself=True)
FACE_DESK = replace(FACE, files=MappingProxyType(_AGE | {FRONT: Use.READ, FACE_CODE: Use.CODE}))

# 券面事項入力補助, at a desk only: four attributes, what signs them, and the application's public key, behind its PIN
# or 照合番号B. Never 0001 (個人番号), never 0014 (照合番号A).
ATTRIBUTES, ATTRIBUTE_SIGNATURES, ENTRY_PUBLIC_KEY, ENTRY_PIN, ENTRY_CODE = 0x0002, 0x0003, 0x0007, 0x0011, 0x0015
ENTRY = Application(
    "entry",
    bytes.fromhex("D3921000310001010408"),
    MappingProxyType(
        {
            ATTRIBUTES: Use.READ,
            ATTRIBUTE_SIGNATURES: Use.READ,
            CV_CERTIFICATE: Use.READ,
            ENTRY_PUBLIC_KEY: Use.READ,
            ENTRY_PIN: Use.PIN,
            ENTRY_CODE: Use.CODE,
        }
    ),
    signs_by_itself=True,
)

# 共通カードAP: the card's own record, free to read.
CARD_RECORD = 0x0001
COMMON = Application("common", bytes.fromhex("D3921000310001010100"), MappingProxyType({CARD_RECORD: Use.RECORD}))

# The card manager (GlobalPlatform's issuer security domain), at a desk only: three free data objects.
CARD_NUMBER, MUNICIPALITY, EXPIRY = 0x0045, 0x00F0, 0x00F2
MANAGER = Application(
    "manager", bytes.fromhex("A0000001510000"), objects=frozenset({CARD_NUMBER, MUNICIPALITY, EXPIRY})
)

# A child's tag: the NDEF application and file of an NTAG 424 DNA (NXP NT4H2421Gx, 8.2 and 9.3), free to read.
NDEF = 0xE104
TAG = Application("tag", bytes.fromhex("D2760000850101"), MappingProxyType({NDEF: Use.READ}))

# A card with a counter of its own: FIDO U2F raw messages over ISO 7816 (FIDO U2F NFC protocol, 5). Who else has a key
# in it (a bank, a mailbox) is told apart by the application parameter, and the gate knows the town's alone.
U2F = Application("u2f", bytes.fromhex("A0000006472F0001"), counts=True)
U2F_DESK = replace(U2F, registers=True)
U2F_PARAMETER = hashlib.sha256(b"machitap/counter/1").digest()

# Cards of other kinds, by name only, so that they can be called by their name: nothing in them can be read.
OTHERS = (
    Application("bank", b"2PAY.SYS.DDF01"),  # EMV Contactless, Book B, 3.3.2
    Application(
        "licence", bytes.fromhex("A0000002310100000000000000000000")
    ),  # 運転免許証及び運転免許証作成システム等仕様書
    Application("residence", bytes.fromhex("D392F0004F0200000000000000000000")),  # 在留カード等仕様書
    Application("passport", bytes.fromhex("A0000002471001")),  # ICAO Doc 9303, part 10, 3.6
)

STANDARD = (JPKI, FACE, COMMON, TAG, U2F, *OTHERS)
DESK = (JPKI_DESK, FACE_DESK, ENTRY, COMMON, MANAGER, U2F_DESK)

_REGISTRY = bytes.fromhex("D3921000310001010401")  # 住基

# What no list may ever hold: the 個人番号, as text and as a picture, and the two secrets that are the number itself.
NEVER: Mapping[bytes, frozenset[int]] = MappingProxyType(
    {ENTRY.aid: frozenset({0x0001, 0x0014}), FACE.aid: frozenset({0x0005, 0x0013})}
)

# Names that a town's own application may neither have, nor begin with, nor be the beginning of: a card may answer to
# a part of a name (ISO/IEC 7816-4, 8.2.1.2).
RESERVED_AIDS = (*dict.fromkeys(application.aid for application in (*STANDARD, *DESK)), _REGISTRY)


class ReservedNameError(ValueError):
    """The configuration gives a town's application a name or a file that it cannot have."""


@functools.lru_cache(maxsize=8)  # asked for at every touch, and a town has one
def free_area(aid: bytes, credential_file: int, key_reference: int, terminal_key: int | None = None) -> Application:
    """Return a town's application in the free area (条例等利用領域), as its configuration names it.

    Raises:
        ReservedNameError: the name belongs to, or could select, an application of the state.
    """
    if not AID_BYTES_MIN <= len(aid) <= AID_BYTES_MAX:
        raise ReservedNameError(f"an AID has {AID_BYTES_MIN} to {AID_BYTES_MAX} bytes, not {len(aid)}")
    for reserved in RESERVED_AIDS:
        if aid.startswith(reserved) or reserved.startswith(aid):
            raise ReservedNameError(f"AID {aid.hex().upper()} would reach {reserved.hex().upper()}, which is another's")
    if not 1 <= credential_file <= _SFI_MAX:
        raise ReservedNameError("the credential's file needs a short identifier: 1 to 30")
    for reference in (key_reference, 0 if terminal_key is None else terminal_key):
        if not 0 <= reference <= _BYTE_MAX:
            raise ReservedNameError("a key reference is one byte")
    credential = MappingProxyType({credential_file: Use.READ})
    return Application("pass", bytes(aid), credential, answers_with=key_reference, asks_terminal=terminal_key)


def _refuse_the_number(listed: tuple[Application, ...]) -> None:
    """Refuse to load at all if the 個人番号 could be named.

    Raises:
        ReservedNameError: somebody has put it on a list.
    """
    for application in listed:
        if application.aid == _REGISTRY or not NEVER.get(application.aid, frozenset()).isdisjoint(application.files):
            raise ReservedNameError(f"{application.name}: the personal number is on no list")


_refuse_the_number((*STANDARD, *DESK))
