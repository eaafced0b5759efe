"""Command and response APDUs: the short sentences in which a terminal and a smart card speak (ISO/IEC 7816-3, 12.1)."""

from dataclasses import dataclass
from enum import IntEnum

SHORT_DATA_MAX = 255
SHORT_LE_MAX = 256
DATA_MAX = 65_535
LE_MAX = 65_536
_HEADER_BYTES = 4
_TRIES_LEFT = 0x63C0
_EXTENDED_LENGTH_BYTES = 3  # a zero, then two bytes


class Status(IntEnum):
    """The status words that this project acts on (ISO/IEC 7816-4, 5.6); a card may send any other."""

    OK = 0x9000
    END_OF_FILE = 0x6282
    WRONG_SECRET = 0x6300  # 63Cx: x tries are left
    WRONG_LENGTH = 0x6700
    CHANNEL_NOT_SUPPORTED = 0x6881
    SECURE_MESSAGING_NOT_SUPPORTED = 0x6882
    CHAINING_NOT_SUPPORTED = 0x6884
    WRONG_FILE_TYPE = 0x6981
    NOT_ALLOWED = 0x6982
    BLOCKED = 0x6983
    REFERENCE_UNUSABLE = 0x6984  # this card's word for a blocked PIN
    CONDITIONS_NOT_MET = 0x6985
    NO_FILE_SELECTED = 0x6986
    SECURE_MESSAGING_WRONG = 0x69FC
    WRONG_DATA = 0x6A80  # of a counter: this key handle is not of this card
    FUNCTION_NOT_SUPPORTED = 0x6A81
    FILE_NOT_FOUND = 0x6A82
    RECORD_NOT_FOUND = 0x6A83
    WRONG_P1P2 = 0x6A86
    REFERENCE_NOT_FOUND = 0x6A88
    WRONG_OFFSET = 0x6B00
    INSTRUCTION_UNKNOWN = 0x6D00
    CLASS_UNKNOWN = 0x6E00
    INTERNAL = 0x6F00


class Ins(IntEnum):
    """Instruction bytes (ISO/IEC 7816-4, table 5, and 7816-8; the first two: FIDO U2F raw messages 1.2, 3.3)."""

    U2F_REGISTER = 0x01
    U2F_AUTHENTICATE = 0x02
    VERIFY = 0x20
    CHANGE_REFERENCE_DATA = 0x24
    PERFORM_SECURITY_OPERATION = 0x2A
    MUTUAL_AUTHENTICATE = 0x82
    GET_CHALLENGE = 0x84
    INTERNAL_AUTHENTICATE = 0x88
    SELECT = 0xA4
    READ_BINARY = 0xB0
    READ_RECORD = 0xB2
    GET_RESPONSE = 0xC0
    GET_DATA = 0xCA


@dataclass(frozen=True, slots=True)
class Command:
    """One command. `le`: how many bytes are expected back at most (0: none, 1 to 65,536)."""

    cla: int
    ins: int
    p1: int
    p2: int
    data: bytes = b""
    le: int = 0

    @property
    def extended(self) -> bool:
        return len(self.data) > SHORT_DATA_MAX or self.le > SHORT_LE_MAX

    def encode(self) -> bytes:
        """Return the bytes to send; the short form wherever it can hold the command.

        Raises:
            ValueError: a field is out of range.
        """
        if len(self.data) > DATA_MAX or not 0 <= self.le <= LE_MAX:
            raise ValueError("a command carries up to 65,535 bytes and asks for up to 65,536")
        header = bytes((self.cla, self.ins, self.p1, self.p2))
        if not self.extended:
            lc = bytes((len(self.data),)) if self.data else b""
            return header + lc + self.data + (bytes((self.le & 0xFF,)) if self.le else b"")
        lc = b"\0" + len(self.data).to_bytes(2, "big") if self.data else b""
        le = (self.le & 0xFFFF).to_bytes(2, "big") if self.le else b""
        return header + lc + self.data + (le if lc or not le else b"\0" + le)

    @classmethod
    def parse(cls, raw: bytes) -> "Command":
        """Read a command as a card does: cases 1 to 4, short and extended.

        Raises:
            ValueError: the lengths do not add up.
        """
        if len(raw) < _HEADER_BYTES:
            raise ValueError("shorter than a header")
        header, body = raw[:_HEADER_BYTES], raw[_HEADER_BYTES:]
        data, le = _body(body)
        cla, ins, p1, p2 = header
        return cls(cla, ins, p1, p2, data, le)


def _body(body: bytes) -> tuple[bytes, int]:
    """Split what follows the header into data and Le."""
    if not body:
        return b"", 0
    if len(body) == 1:
        return b"", body[0] or SHORT_LE_MAX
    if body[0]:  # short, with data
        return _split(body[1:], body[0], le_bytes=1)
    if len(body) < _EXTENDED_LENGTH_BYTES:
        raise ValueError("the length bytes are cut short")
    length = int.from_bytes(body[1:_EXTENDED_LENGTH_BYTES], "big")
    if len(body) == _EXTENDED_LENGTH_BYTES:
        return b"", length or LE_MAX
    return _split(body[_EXTENDED_LENGTH_BYTES:], length, le_bytes=2)


def _split(rest: bytes, lc: int, le_bytes: int) -> tuple[bytes, int]:
    data, tail = rest[:lc], rest[lc:]
    if lc == 0 or len(data) != lc or len(tail) not in {0, le_bytes}:
        raise ValueError("the length bytes do not fit the data")
    return data, (int.from_bytes(tail, "big") or 256**le_bytes) if tail else 0


@dataclass(frozen=True, slots=True)
class Response:
    """One answer: its data, and the two status bytes as a number."""

    data: bytes
    sw: int

    @property
    def ok(self) -> bool:
        return self.sw == Status.OK

    @classmethod
    def parse(cls, raw: bytes) -> "Response":
        """Split off the status word. `raw` has two bytes or more: the reader port promises it."""
        return cls(raw[:-2], int.from_bytes(raw[-2:], "big"))

    def encode(self) -> bytes:
        return self.data + self.sw.to_bytes(2, "big")


def tries_left(sw: int) -> int | None:
    """Return how many tries of a PIN remain (0 to 15), or None if `sw` does not say.

    Source: ISO/IEC 7816-4, status 63Cx; this card says 6984 once the PIN is blocked.
    """
    if sw in {Status.BLOCKED, Status.REFERENCE_UNUSABLE}:
        return 0
    return sw & 0xF if sw & 0xFFF0 == _TRIES_LEFT else None
