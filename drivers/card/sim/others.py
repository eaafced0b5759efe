"""Cards of other kinds, as residents hold them to a reader all day, tags, and cards that misbehave."""

import hashlib
from collections.abc import Callable
from typing import Protocol

from drivers.card import files
from drivers.card.apdu import Command, Ins, Response, Status
from drivers.card.sim import tags
from drivers.card.sim.iso import IsoCard
from drivers.card.sim.layout import Application
from drivers.card.sim.plan import Kind, Plan
from drivers.card.sim.tags import noise, uid_of

_ATR_FELICA = bytes.fromhex("3B8F8001804F0CA0000003061100 3B00000000 42")  # PC/SC part 3, 3.1.3.2.3: FeliCa
_ATR_TYPE_A = bytes.fromhex("3B8F8001804F0CA0000003060300030000000068")  # the same: Ultralight and its kin
_ATR_BANK = bytes.fromhex("3B6500002063CB6800")
_ATR_PLAIN = bytes.fromhex("3B80800101")
_ATR_TYPE_B = bytes.fromhex("3B888001000000003381810093")
_PASSPORT_ATR = bytes.fromhex("3B8880014A434F503431563207")
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
    """A chip with one answer to everything; `number`: what the reader says when it is asked for it (UID, IDm)."""

    def __init__(self, atr: bytes, answer: Callable[[bytes], bytes], number: bytes = b"") -> None:
        self._atr = atr
        self._answer = answer
        self._number = number

    def power_on(self) -> bytes:
        return self._atr

    def reset(self) -> bytes:
        return self._atr

    def power_off(self) -> None:
        pass

    def transmit(self, raw: bytes) -> bytes:
        if self._number and raw[:4] == bytes.fromhex("FFCA0000"):
            return Response(self._number, Status.OK).encode()
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


def _named(name: str, atr: bytes) -> Callable[[Plan], VirtualCard]:
    """A card that knows one name."""
    (aid,) = (each.aid for each in files.OTHERS if each.name == name)
    return lambda _: IsoCard(atr, [Application(name, aid)])


_MAKERS: dict[Kind, Callable[[Plan], VirtualCard]] = {
    Kind.TRANSIT: lambda plan: OddCard(
        _ATR_FELICA, _status(Status.INSTRUCTION_UNKNOWN), b"\x01\x16" + noise(plan, "felica", 6)
    ),
    Kind.TAG: lambda plan: OddCard(_ATR_TYPE_A, _status(Status.INSTRUCTION_UNKNOWN), uid_of(plan)),
    Kind.SUN_TAG: tags.make,
    Kind.BANK: _named("bank", _ATR_BANK),
    Kind.LICENCE: _named("licence", _ATR_TYPE_B),
    Kind.RESIDENCE: _named("residence", _ATR_TYPE_B),
    Kind.PASSPORT: _named("passport", _PASSPORT_ATR),
    Kind.EMPTY: lambda _: OddCard(_ATR_PLAIN, _status(Status.FILE_NOT_FOUND)),
    Kind.GARBAGE: lambda _: OddCard(_ATR_PLAIN, _garbage),
    Kind.TOO_LONG: lambda _: OddCard(_ATR_PLAIN, lambda _: Response(bytes(_TOO_LONG_BYTES), Status.OK).encode()),
    Kind.ENDLESS: lambda _: OddCard(_ATR_PLAIN, _endless),
}
KINDS = frozenset(_MAKERS)


def make(plan: Plan) -> VirtualCard:
    return _MAKERS[plan.kind](plan)
