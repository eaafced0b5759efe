"""The code that a phone shows and a shop's scanner reads, in the form that shops' tills know (CPM).

EMV QR Code Specification for Payment Systems, Consumer-Presented Mode, version 1.1 (EMVCo): BER-TLV in base64 (RFC
4648, section 4), in which each payment application of the phone has a template. What stands in ours is the code that
the town's phones show anyway (`drivers.card.tokens.phone`: a paper from the town, a time, the phone's signature), byte
for byte, so a phone has one credential and one key, and nothing here has to be believed.

    85  "CPV01"                       payload format indicator
    61  application template
        4F  F0 6D 61 63 68 69         our name, which no authority has given out (ISO/IEC 7816-4, 8.2.1.2): "machi"
        63  application specific transparent template
            C1  the phone's code      private class; 179 bytes and the issuer's reference, 3 to 24

A unit's scanner delivers it as text. `claims` knows it by its first ten characters, and `read` gives back the house's
own spelling, "MACHI1:…", which `drivers.card.identify_code` takes like any other code: same checks, same window of 60
seconds, same counter, same entry. Nobody can tell afterwards which of the two spellings was shown.

The house's own spelling is smaller: 286 characters of a QR code's alphanumeric mode for the town "asahi", version 10
(57 by 57 points) at level M, against 280 bytes, version 12 (65 by 65). The longest are versions 11 and 13. So show this
one only where a till asks for it.
"""

import base64
from typing import Final

from drivers.card import tlv
from drivers.card.errors import NotReadableError
from drivers.card.paper import Kind
from drivers.card.tlv import TlvError
from drivers.card.tokens import code
from programs.coin.codes.errors import CodeError, Why

APPLICATION: Final = b"\xf0machi"
CHARS_MAX: Final = 512

_BEGINNING: Final = "hQVDUFYwMW"  # 85 05 "CPV01" and half of 61, which is all that such codes have in common
_VERSION: Final = b"CPV01"
_FORMAT, _TEMPLATE, _NAME, _DATA, _SHOWN = 0x85, 0x61, 0x4F, 0x63, 0xC1


def claims(text: str) -> bool:
    """Tell whether this says that it is such a code."""
    return text.startswith(_BEGINNING)


def write(shown: str) -> str:
    """Put a phone's code into this form. `shown`: as `drivers.card.tokens.phone.make` gives it.

    Raises:
        CodeError: FORM: it is no phone's code.
    """
    try:
        data = code.from_text(shown)
    except NotReadableError as error:
        raise CodeError(Why.FORM, str(error)) from error
    own = tlv.write(_NAME, APPLICATION) + tlv.write(_DATA, tlv.write(_SHOWN, _phones(data)))
    return base64.b64encode(tlv.write(_FORMAT, _VERSION) + tlv.write(_TEMPLATE, own)).decode()


def read(text: str) -> str:
    """Return the phone's code in the house's own spelling; whether it is genuine and fresh, `identify_code` says.

    Applications of others, and what else they may say, are skipped.

    Raises:
        CodeError: it is not taken, for the reason in `why`. With FOREIGN it may be a good code, but not one of ours.
    """
    data = _bytes(text)
    try:
        templates = [each for each in tlv.parse(data) if each.tag == _TEMPLATE]
        own = [each for each in templates if each.child(_NAME).value == APPLICATION]
        if not own:
            raise CodeError(Why.FOREIGN, "this phone shows other payments, and not ours")
        if len(own) > 1:
            raise CodeError(Why.TWICE, "two codes of ours in one")
        shown = own[0].child(_DATA).child(_SHOWN).value
    except TlvError as error:
        raise CodeError(Why.LAYOUT, str(error)) from error
    return code.to_text(_phones(shown))


def _bytes(text: str) -> bytes:
    if not claims(text):
        raise CodeError(Why.FORM, "no payment code that a phone shows, or of a version that this reader does not know")
    if len(text) > CHARS_MAX:
        raise CodeError(Why.TOO_LONG, f"{len(text)} characters; {CHARS_MAX} is the most")
    try:
        data = base64.b64decode(text)
    except ValueError as error:
        raise CodeError(Why.CHARACTERS, "this is not base64") from error
    if base64.b64encode(data).decode() != text:
        raise CodeError(Why.CHARACTERS, "not the one spelling of these bytes in base64")
    return data


def _phones(data: bytes) -> bytes:
    """Let only a phone's code through: a printed one is no code that is good for a minute."""
    if data[:1] != bytes((Kind.PHONE,)):
        raise CodeError(Why.FORM, "this code is not one that a phone has made")
    return data
