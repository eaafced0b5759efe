"""The card's own record (共通カードAP, EF 0001, record 1): free to read, copied in a second, and so proof of nothing.

It is used to look a card up before the card proves that it is the one, and to see that a card has run out. Its number
never leaves this file: the index is a hash of it.
"""

import hashlib
from dataclasses import dataclass
from datetime import date

from drivers.card import commands, files, tlv
from drivers.card.apdu import Status
from drivers.card.channel import Channel
from drivers.card.errors import NotReadableError
from drivers.card.reading import select
from drivers.card.validity import parse_day

_RECORD = 1
_SERIAL_DIGITS = 15
_MUNICIPALITY_DIGITS = 5
_DIGITS = _SERIAL_DIGITS + _MUNICIPALITY_DIGITS + len("YYYYMMDD")
_TAG = 0x01
_PURPOSE = b"machitap/card-index/1\0"


@dataclass(frozen=True)
class CardRecord:
    """What the record says.

    Fields:
        index: SHA-256 over our purpose and the record, in hexadecimal; changes with the card. Key it before you store
            it: there are so few serial numbers that a bare hash can be undone by trying them all.
        municipality: its five-digit code (全国地方公共団体コード without the check digit).
        expires: the card's last day.
    """

    index: str
    municipality: str
    expires: date


def read(channel: Channel) -> CardRecord | None:
    """Select the common application and read the record; None if this card has no such application.

    Raises:
        NotReadableError: it is there but makes no sense.
    """
    if not select(channel, files.COMMON):
        return None
    response = channel.exchange(commands.read_record(files.CARD_RECORD, _RECORD))
    if response.sw != Status.OK:
        raise NotReadableError(f"reading the card's record: {response.sw:04X}")
    try:
        digits = tlv.parse_simple(response.data)[_TAG]
        if len(digits) != _DIGITS or not digits.isdigit():
            raise tlv.TlvError("not 28 digits")
        expires = parse_day(digits[-len("YYYYMMDD") :])
    except (KeyError, ValueError) as error:
        raise NotReadableError(f"the card's record: {error}") from error
    municipality = digits[_SERIAL_DIGITS : _SERIAL_DIGITS + _MUNICIPALITY_DIGITS].decode()
    return CardRecord(hashlib.sha256(_PURPOSE + digits).hexdigest(), municipality, expires)
