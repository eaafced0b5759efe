"""How long bytes take through the air between a reader and a card (ISO/IEC 14443-3 and -4, type B)."""

_FRAME_OVERHEAD_BYTES = 3  # block number and checksum (ISO/IEC 14443-4, 7.1)
_FRAME_OVERHEAD_BITS = 60  # start and end of frame, and the pause before it, about (ISO/IEC 14443-3, 7.1 and 7.10)
_BITS_PER_BYTE = 10  # with start and stop bit


def air_ms(count: int, kbit: int = 106, frame: int = 256) -> float:
    """Return about how long `count` bytes take, in milliseconds, without the card's own time.

    Args:
        count: bytes of a command or a response, header and status included.
        kbit: the bit rate: 106, 212 or 424.
        frame: the longest frame in bytes.
    """
    frames = -(-count // (frame - _FRAME_OVERHEAD_BYTES))
    bits = (count + frames * _FRAME_OVERHEAD_BYTES) * _BITS_PER_BYTE + frames * _FRAME_OVERHEAD_BITS
    return bits / kbit
