"""A conversation with one card: every command of this project goes through `Channel.exchange`, and so through the gate.

It hides what ISO/IEC 7816-4 leaves to the transport: GET RESPONSE (5.3.4), a wrong Le, command chaining (5.3.3), and a
card that stumbles over its first command. It caps how long and how much a card may talk, and it counts.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from drivers.card import commands, files
from drivers.card.apdu import SHORT_DATA_MAX, SHORT_LE_MAX, Command, Ins, Response, Status
from drivers.card.errors import NotReadableError
from drivers.card.files import Application
from drivers.card.gate import Gate
from drivers.reader import CardGoneError, Field

ANSWER_BYTES_MAX = 65_536
ANSWER_SECONDS_MAX = 2.0
_ANSWER_ROUNDS_MAX = ANSWER_BYTES_MAX // SHORT_LE_MAX
_STATUS_BYTES = 2
_MORE_WAITS, _WRONG_LE = 0x61, 0x6C  # SW1; SW2 then is how many bytes wait, or what Le should have been
_MORE_FOLLOWS = 0x10  # in CLA: this command is a part, and not the last one
_SECRETS = {Ins.VERIFY, Ins.CHANGE_REFERENCE_DATA}
_MS = 1000


@dataclass(frozen=True, slots=True)
class Exchange:
    """One APDU for a trace. `sent` is in hexadecimal with secrets masked; of the answer only length and status."""

    sent: str
    sent_bytes: int
    received_bytes: int
    sw: int
    ms: float


@dataclass(slots=True)
class Totals:
    """What a conversation has cost so far; bytes count commands and responses with their headers and status."""

    apdus: int = 0
    sent_bytes: int = 0
    received_bytes: int = 0
    ms: float = 0.0


class Channel:
    """One presence of one card, from power-up on.

    Args:
        field: where the card lies.
        town: the town's own application in the free area, if it has one.
        allowed: which of the two lists of `drivers.card.files`: what a touch needs, or what a desk may do.
        mono: a monotonic clock in seconds.
        trace: called after every APDU.
    """

    def __init__(
        self,
        field: Field,
        town: Application | None = None,
        *,
        allowed: tuple[Application, ...] = files.STANDARD,
        mono: Callable[[], float] = time.monotonic,
        trace: Callable[[Exchange], None] | None = None,
    ) -> None:
        self._field = field
        self._gate = Gate((*allowed, town) if town else allowed)
        self._mono = mono
        self._trace = trace
        self.totals = Totals()
        self.atr = field.atr

    def exchange(self, command: Command) -> Response:
        """Send a command and return the whole answer, whatever its status word.

        Raises:
            NotAllowedError: it is not on the allow-list; nothing was sent.
            CardGoneError, CardMuteError, ReaderError: from the reader.
            NotReadableError: the card talks without end, or far more than it was asked.
        """
        self._gate.check(command)
        try:
            response = self._whole(command)
        except BaseException:
            self._gate.forget()  # whether the card has carried it out, nobody knows
            raise
        self._gate.after(command, response.sw)
        return response

    def _whole(self, command: Command) -> Response:
        is_first = self.totals.apdus == 0
        response = self._send_whole(command)
        if is_first and response.sw == Status.INTERNAL:  # seen on real cards right after power-up; always a SELECT
            response = self._send_whole(command)
        if response.sw >> 8 == _WRONG_LE and command.le:
            response = self._send_whole(replace(command, le=response.sw & 0xFF or SHORT_LE_MAX))
        if response.sw >> 8 == _MORE_WAITS:
            response = self._rest(response)
        return response

    def _send_whole(self, command: Command) -> Response:
        """Send a command in one piece where the reader and the card take it, else in a chain."""
        if len(command.data) <= SHORT_DATA_MAX:
            return self._send(command)
        if len(command.encode()) <= self._field.command_max:
            response = self._send(command)
            if response.sw != Status.WRONG_LENGTH:
                return response  # a card that knows no extended length has carried nothing out
        return self._chain(command)

    def _chain(self, command: Command) -> Response:
        parts = [command.data[at : at + SHORT_DATA_MAX] for at in range(0, len(command.data), SHORT_DATA_MAX)]
        for part in parts[:-1]:
            response = self._send(replace(command, cla=command.cla | _MORE_FOLLOWS, data=part, le=0))
            if not response.ok:
                return response
        return self._send(replace(command, data=parts[-1], le=min(command.le, SHORT_LE_MAX)))

    def _rest(self, response: Response) -> Response:
        """Fetch what the card has announced with 61xx, within bounds."""
        data = bytearray(response.data)
        until = self._mono() + ANSWER_SECONDS_MAX
        for _ in range(_ANSWER_ROUNDS_MAX):
            le = response.sw & 0xFF or SHORT_LE_MAX
            response = self._send(commands.get_response(le))
            data += response.data
            if response.sw >> 8 != _MORE_WAITS:
                return Response(bytes(data), response.sw)
            if not response.data or len(data) > ANSWER_BYTES_MAX or self._mono() > until:
                break
        raise NotReadableError("the card announces data without end")

    def _send(self, command: Command) -> Response:
        raw = command.encode()
        begun = self._mono()
        answer = self._field.transmit(raw)
        self._count(command, raw, answer, (self._mono() - begun) * _MS)
        if len(answer) < _STATUS_BYTES:
            raise CardGoneError("the answer was cut short")
        response = Response.parse(answer)
        if len(response.data) > max(command.le, SHORT_LE_MAX):
            raise NotReadableError(f"{len(response.data)} bytes where {command.le} were asked for")
        return response

    def _count(self, command: Command, raw: bytes, answer: bytes, ms: float) -> None:
        totals = self.totals
        totals.apdus += 1
        totals.sent_bytes += len(raw)
        totals.received_bytes += len(answer)
        totals.ms += ms
        if self._trace:
            sw = int.from_bytes(answer[-_STATUS_BYTES:], "big")
            self._trace(Exchange(_shown(command), len(raw), len(answer), sw, ms))


def _shown(command: Command) -> str:
    """Return a command for people, without any secret in it."""
    header = f"{command.cla:02X} {command.ins:02X} {command.p1:02X} {command.p2:02X}"
    if not command.data:
        return header
    data = "** masked **" if command.ins in _SECRETS else command.data.hex().upper()
    return f"{header} [{len(command.data)}] {data}"
