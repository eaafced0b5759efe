"""How long a command a PC/SC reader passes on whole, from what it says about itself (PC/SC part 10). Pure.

A reader's buffer (dwMaxCCIDMessageLength) holds ten bytes of header besides: 271 bytes are for short commands only, 522
for commands of up to 512 bytes, 65,554 for any.
"""

SHORT_COMMAND_MAX = 261  # four bytes of header, one of length, 255 of data, one of expected length
COMMAND_MAX = 65_544
FEATURE_PROPERTIES, PROPERTY_DATA_MAX = 0x12, 0x0A  # GET_TLV_PROPERTIES, dwMaxAPDUDataSize
_SHORT_DATA_MAX = 256
_EXTENDED_OVERHEAD = 9  # header and both lengths of an extended command
_SHORT_ONLY = ("ACR122",)  # libccid announces any length for it, and its firmware loses what is longer than its buffer


def properties(data: bytes) -> dict[int, bytes]:
    """Read one-byte tags with one-byte lengths (PC/SC part 10, 2.2 and 2.6.14)."""
    found: dict[int, bytes] = {}
    at = 0
    while at + 2 <= len(data):
        length = data[at + 1]
        found[data[at]] = data[at + 2 : at + 2 + length]
        at += 2 + length
    return found


def command_max(reader: str, announced: bytes) -> int:
    """Return the longest command in bytes, or 0 if the reader does not say; `announced`: its TLV properties."""
    if any(name in reader for name in _SHORT_ONLY):
        return SHORT_COMMAND_MAX
    data_max = int.from_bytes(properties(announced).get(PROPERTY_DATA_MAX, b""), "little")
    if data_max <= _SHORT_DATA_MAX:
        return SHORT_COMMAND_MAX if data_max else 0
    return min(data_max + _EXTENDED_OVERHEAD, COMMAND_MAX)
