"""How a reader and a contactless card pass whole commands to and fro in small blocks (ISO/IEC 14443-4, clause 7).

A block may be lost, and a card may ask for more time; this is the reader's side of putting that right. It knows
nothing of devices: it is given a function that sends one block and returns the next.
"""

import time
from collections.abc import Callable

_I, _I_MASK = 0x02, 0xE2  # bit 2 is always set; 000x xx1x
_R, _R_MASK = 0xA2, 0xE6
_S_WTX, _S_WTX_MASK = 0xF2, 0xF7
_CHAINED, _NAK, _WITH_CARD_NUMBER, _WITH_NODE_ADDRESS = 0x10, 0x10, 0x08, 0x04
_WTXM_MASK, _WTXM_MAX = 0x3F, 59
_WAIT_SECONDS_MAX = 4.949  # FWI 14
_OVERHEAD_BYTES = 3  # one byte of protocol control, two of check sum
_REPEATS = 2
_REPEAT_SECONDS = 0.1  # a card that has been silent for its whole waiting time has its answer ready
_ANSWER_BYTES_MAX = 65_536 + 2

Exchange = Callable[[bytes, float], bytes]


class NoAnswerError(Exception):
    """Nothing was heard from the card, however often it was asked."""


class GarbledError(Exception):
    """Something was heard, and it was no block of this protocol."""


class TooSlowError(Exception):
    """The card asks for more time than it is given."""


class IsoDep:
    """One activated card.

    Args:
        exchange: sends a block without its check sum, waits so many seconds, and returns the next one. Raises
            NoAnswerError or GarbledError.
        frame_max: the longest frame that the card takes, check sum included (FSC).
        wait_seconds: how long the card may think (FWT).
    """

    def __init__(self, exchange: Exchange, frame_max: int, wait_seconds: float) -> None:
        self._exchange = exchange
        self._part_max = frame_max - _OVERHEAD_BYTES
        self._wait_seconds = wait_seconds
        self._number = 0  # of the next block, 0 or 1
        self._until = 0.0

    def transmit(self, command: bytes, seconds: float) -> bytes:
        """Send a command of any length and return the whole answer.

        Raises:
            NoAnswerError, GarbledError: the card was not heard, or not understood.
            TooSlowError: it was not done in time.
        """
        self._until = time.monotonic() + seconds
        block = b""
        for at in range(0, max(1, len(command)), self._part_max):
            is_last = at + self._part_max >= len(command)
            sent = _pcb(_I | (0 if is_last else _CHAINED), self._number) + command[at : at + self._part_max]
            block = self._send(sent, is_last=is_last)
        answer = bytearray(block[1:])
        while block[0] & _CHAINED:
            acknowledgement = _pcb(_R, self._number)
            block = self._ask(acknowledgement, acknowledgement)
            if not self._is_next(block):
                raise GarbledError("the card has lost count")
            answer += block[1:]
            if len(answer) > _ANSWER_BYTES_MAX:
                raise GarbledError("the card talks without end")
            self._number ^= 1
        return bytes(answer)

    def is_there(self, seconds: float) -> bool:
        """Ask the card for nothing; it says that it has heard so (7.5.5.2, method 2)."""
        try:
            return bool(self._exchange(_pcb(_R | _NAK, self._number), seconds))
        except GarbledError:
            return True
        except NoAnswerError:
            return False

    def _send(self, sent: bytes, *, is_last: bool) -> bytes:
        """Send one part of a command and return what ends it: the begin of the answer, or an acknowledgement."""
        frame = sent
        for _ in range(_REPEATS + 1):
            block = self._ask(frame, _pcb(_R | _NAK, self._number))
            is_acknowledged = block[0] & _R_MASK == _R and not block[0] & _NAK
            if is_acknowledged and block[0] & 1 != self._number:
                frame = sent  # rule 6: it has never heard this part
                continue
            if self._is_next(block) if is_last else is_acknowledged:
                self._number ^= 1
                return block
            break
        raise GarbledError("the card has lost count")

    def _is_next(self, block: bytes) -> bool:
        return block[0] & _I_MASK == _I and block[0] & 1 == self._number

    def _ask(self, frame: bytes, again: bytes) -> bytes:
        """Send a block and return the next one that is no plea for time; send `again` if nothing sensible is heard."""
        repeats, wait = 0, self._wait_seconds
        while True:
            left = self._until - time.monotonic()
            if left <= 0:
                raise TooSlowError
            try:
                block = self._exchange(frame, min(wait, left))
                kind = _checked(block)
            except (NoAnswerError, GarbledError):
                repeats += 1
                if repeats > _REPEATS:
                    raise
                frame, wait = again, min(self._wait_seconds, _REPEAT_SECONDS)
                continue
            if kind != _S_WTX:
                return block
            times = min(max(block[1] & _WTXM_MASK, 1), _WTXM_MAX)
            frame, wait = bytes((_S_WTX, times)), min(times * self._wait_seconds, _WAIT_SECONDS_MAX)


def _pcb(kind: int, number: int) -> bytes:
    return bytes((kind | number,))


def _checked(block: bytes) -> int:
    """Return what kind of block this is: `_I`, `_R` or `_S_WTX`.

    Raises:
        GarbledError: it is none that a card may send to us, as we use neither card numbers nor node addresses.
    """
    if not block:
        raise GarbledError("an empty block")
    pcb = block[0]
    if pcb & _S_WTX_MASK == _S_WTX and len(block) == 2:  # noqa: PLR2004 - and one byte: how many times
        return _S_WTX
    if pcb & _R_MASK == _R and not pcb & _WITH_CARD_NUMBER and len(block) == 1:
        return _R
    if pcb & _I_MASK == _I and not pcb & (_WITH_CARD_NUMBER | _WITH_NODE_ADDRESS):
        return _I
    raise GarbledError(f"a block {pcb:02X} of {len(block)} bytes")
