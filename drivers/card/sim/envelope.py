"""How commands come in and answers go out: classes, chains of parts, data that is announced and fetched later.

ISO/IEC 7816-4, 5.3.3 (chaining), 5.3.4 (GET RESPONSE) and 5.4.1 (classes). What a whole command does is in `iso.py`.
"""

from collections.abc import Callable
from dataclasses import replace

from drivers.card.apdu import SHORT_LE_MAX, Command, Ins, Response, Status
from drivers.card.sim.layout import Quirk, StatusError

PROPRIETARY = 0x80
_CHAINED = 0x10
_CHANNEL_BITS, _SECURE_BITS, _FURTHER_CLASSES = 0x03, 0x0C, 0x40
_MORE_WAITS = 0x6100


class Envelope:
    """One card's, from power-up to power-down."""

    def __init__(self, quirks: frozenset[Quirk]) -> None:
        self._quirks = quirks
        self._parts: tuple[tuple[int, int, int], bytes] | None = None
        self._waiting = b""

    def answer(self, command: Command, carry_out: Callable[[Command], bytes]) -> Response:
        """Answer a command. `carry_out`: does a whole one, its class without the bit for chains, and returns its data.

        Raises:
            StatusError: it ends with another status word.
        """
        _check_class(command)
        if command.ins == Ins.GET_RESPONSE and self._waiting:
            return self._announced(self._waiting, command.le)
        self._waiting = b""
        whole = self._gathered(command)
        if whole is None:
            return Response(b"", Status.OK)
        data = carry_out(replace(whole, cla=whole.cla & ~_CHAINED))
        if data and Quirk.ANNOUNCES in self._quirks:
            return self._announced(data, 0)
        is_too_much = len(data) > max(whole.le, SHORT_LE_MAX)  # as what a card says of a key that it has made
        return self._announced(data, whole.le) if is_too_much else Response(data, Status.OK)

    def _gathered(self, command: Command) -> Command | None:
        """Put the parts of a chained command together; None while more must follow."""
        header = (command.ins, command.p1, command.p2)
        parts, self._parts = self._parts, None
        data = parts[1] if parts and parts[0] == header else b""
        if command.cla & _CHAINED:
            if Quirk.NO_CHAINING in self._quirks:
                raise StatusError(Status.CHAINING_NOT_SUPPORTED)
            self._parts = (header, data + command.data)
            return None
        return replace(command, data=data + command.data)

    def _announced(self, data: bytes, le: int) -> Response:
        """Give out `le` bytes, and announce the rest."""
        out, self._waiting = data[:le], data[le:]
        more = min(len(self._waiting), SHORT_LE_MAX)
        return Response(out, _MORE_WAITS | more & 0xFF if more else Status.OK)


def _check_class(command: Command) -> None:
    base = command.cla & ~_CHAINED
    if base in {0, PROPRIETARY}:
        return
    if base & _FURTHER_CLASSES or (base & _CHANNEL_BITS and not base & PROPRIETARY):
        raise StatusError(Status.CHANNEL_NOT_SUPPORTED)
    if base & _SECURE_BITS and not base & PROPRIETARY:
        is_select = command.ins == Ins.SELECT
        raise StatusError(Status.SECURE_MESSAGING_NOT_SUPPORTED if is_select else Status.SECURE_MESSAGING_WRONG)
    raise StatusError(Status.CLASS_UNKNOWN)
