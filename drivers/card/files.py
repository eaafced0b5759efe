"""THE allow-list: every application and every file of a card that this project can touch, and nothing else.

What is not written here cannot be selected, read, verified against or signed with: `drivers.card.gate` refuses it
before a byte leaves. Above all this keeps the 12-digit 個人番号 out of reach. It lies in the input-support
application (券面事項入力補助, EF 0001), as a picture in the face application (券面事項確認, EF 0005), and is itself the
secret called 照合番号A (EF 0014 and EF 0013 there). None of these is below, nor is the residence registry's (住基).

File identifiers and what protects them are as the card's public readers and OpenSC's JPKI driver use them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType

AID_BYTES_MIN = 5  # ISO/IEC 7816-4, 8.2.1: a registered provider identifier alone
AID_BYTES_MAX = 16
_SFI_MAX = 30
_BYTE_MAX = 0xFF


class Use(Enum):
    """What a file is for, and so which commands may name it."""

    READ = "read"
    RECORD = "record"  # its record 1
    PIN = "pin"  # four digits
    BIRTH = "birth"  # six digits, YYMMDD
    SIGN = "sign"

    @property
    def digits(self) -> int:
        """The one length of secret that may be sent to it; 0 for what is no secret. Never 12: that is 照合番号A."""
        return {Use.PIN: 4, Use.BIRTH: 6}.get(self, 0)


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
    """

    name: str
    aid: bytes
    files: Mapping[int, Use] = field(default_factory=dict)
    signs_by_itself: bool = False
    answers_with: int | None = None


# 公的個人認証: the authentication half only. EF 0001, 001A and 001B (the signing certificate with name and address, its
# key and its password) are not needed to recognise a card.
TOKEN_INFO, CERTIFICATES_PRESENT, AUTH_CERTIFICATE = 0x0006, 0x0008, 0x000A
AUTH_KEY, AUTH_PIN = 0x0017, 0x0018
JPKI = Application(
    "jpki",
    bytes.fromhex("D392F000260100000001"),
    MappingProxyType(
        {
            TOKEN_INFO: Use.READ,
            CERTIFICATES_PRESENT: Use.READ,
            AUTH_CERTIFICATE: Use.READ,
            AUTH_KEY: Use.SIGN,
            AUTH_PIN: Use.PIN,
        }
    ),
)

# 券面事項確認: the age record, the certificate of its issuer, and the 生年月日 key. Not 0002 (pictures of the face
# side), not 0005 (picture of the 個人番号), not 0012 and 0013 (照合番号B and A).
AGE_RECORD, CV_CERTIFICATE, BIRTH_KEY = 0x0001, 0x0004, 0x0011
FACE = Application(
    "face",
    bytes.fromhex("D3921000310001010402"),
    MappingProxyType({AGE_RECORD: Use.READ, CV_CERTIFICATE: Use.READ, BIRTH_KEY: Use.BIRTH}),
    signs_by_itself=True,
)

# 共通カードAP: the card's own record, free to read.
CARD_RECORD = 0x0001
COMMON = Application("common", bytes.fromhex("D3921000310001010100"), MappingProxyType({CARD_RECORD: Use.RECORD}))

STANDARD = (JPKI, FACE, COMMON)

# Names that a town's own application may neither have, nor begin with, nor be the beginning of: a card may answer to
# a part of a name (ISO/IEC 7816-4, 8.2.1.2).
RESERVED_AIDS = (
    *(application.aid for application in STANDARD),
    bytes.fromhex("D3921000310001010401"),  # 住基
    bytes.fromhex("D3921000310001010408"),  # 券面事項入力補助
    bytes.fromhex("A0000001510000"),  # the card manager
)


class ReservedNameError(ValueError):
    """The configuration gives a town's application a name or a file that it cannot have."""


def free_area(aid: bytes, credential_file: int, key_reference: int) -> Application:
    """Return a town's application in the free area (条例等利用領域), as its configuration names it.

    Raises:
        ReservedNameError: the name belongs to, or could select, an application of the state.
    """
    if not AID_BYTES_MIN <= len(aid) <= AID_BYTES_MAX:
        raise ReservedNameError(f"an AID has {AID_BYTES_MIN} to {AID_BYTES_MAX} bytes, not {len(aid)}")
    for reserved in RESERVED_AIDS:
        if aid.startswith(reserved) or reserved.startswith(aid):
            raise ReservedNameError(f"AID {aid.hex().upper()} would reach the state's {reserved.hex().upper()}")
    if not 1 <= credential_file <= _SFI_MAX:
        raise ReservedNameError("the credential's file needs a short identifier: 1 to 30")
    if not 0 <= key_reference <= _BYTE_MAX:
        raise ReservedNameError("a key reference is one byte")
    return Application("pass", bytes(aid), MappingProxyType({credential_file: Use.READ}), answers_with=key_reference)
