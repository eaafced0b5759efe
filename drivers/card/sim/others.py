"""Cards of other kinds, as residents hold them to a reader all day, and cards that misbehave."""

import hashlib
from collections.abc import Callable
from typing import Protocol

from drivers.card.apdu import Command, Ins, Response, Status
from drivers.card.sim.iso import IsoCard
from drivers.card.sim.layout import Application
from drivers.card.sim.plan import Kind

_ATR_FELICA = bytes.fromhex("3B8F8001804F0CA0000003061100 3B00000000 42")  # PC/SC part 3, 3.1.3.2.3: FeliCa
_ATR_BANK = bytes.fromhex("3B6500002063CB6800")
_ATR_PLAIN = bytes.fromhex("3B80800101")
_PAYMENT_SYSTEM = b"2PAY.SYS.DDF01"  # EMV Contactless Book B, 3.3.2
_TOO_LONG_BYTES = 4096


class VirtualCard(Protocol):
    """Anything that can lie on a virtual reader."""

    def power_on(self) -> bytes:
        """Return the answer to reset; empty: no answer."""

    def reset(self) -> bytes:
        """The same, without the power going off in between."""

    def power_off(self) -> None: ...

    def transmit(self, raw: bytes) -> bytes:
        """Answer one command."""


class OddCard:
    """A chip with one answer to everything."""

    def __init__(self, atr: bytes, answer: Callable[[bytes], bytes]) -> None:
        self._atr = atr
        self._answer = answer

    def power_on(self) -> bytes:
        return self._atr

    def reset(self) -> bytes:
        return self._atr

    def power_off(self) -> None:
        pass

    def transmit(self, raw: bytes) -> bytes:
        return self._answer(raw)


def _status(sw: int) -> Callable[[bytes], bytes]:
    return lambda _: Response(b"", sw).encode()


def _garbage(raw: bytes) -> bytes:
    """Noise that is the same for the same command, and never one of the usual status words."""
    noise = hashlib.sha512(raw).digest()
    return noise[: 2 + noise[0] % 60] + b"\x37\x13"


def _endless(raw: bytes) -> bytes:
    """Announce 256 more bytes, whatever was asked, for ever."""
    return (bytes(256) if Command.parse(raw).ins == Ins.GET_RESPONSE else b"") + b"\x61\x00"


_MAKERS: dict[Kind, Callable[[], VirtualCard]] = {
    Kind.TRANSIT: lambda: OddCard(_ATR_FELICA, _status(Status.INSTRUCTION_UNKNOWN)),
    Kind.BANK: lambda: IsoCard(_ATR_BANK, [Application("payment", _PAYMENT_SYSTEM)]),
    Kind.EMPTY: lambda: OddCard(_ATR_PLAIN, _status(Status.FILE_NOT_FOUND)),
    Kind.GARBAGE: lambda: OddCard(_ATR_PLAIN, _garbage),
    Kind.TOO_LONG: lambda: OddCard(_ATR_PLAIN, lambda _: Response(bytes(_TOO_LONG_BYTES), Status.OK).encode()),
    Kind.ENDLESS: lambda: OddCard(_ATR_PLAIN, _endless),
}
KINDS = frozenset(_MAKERS)


def make(kind: Kind) -> VirtualCard:
    return _MAKERS[kind]()
