"""For how much the fund still stands in for a card at a unit: what the centre said, less what was promised since."""

from typing import Final

import msgspec

from programs.coin.entries import Insured, InsuredVoid
from programs.coin.insured.facts import Backed
from sync.entries import Entry
from sync.program import Fold

BACKED_READER: Final = "coin-backed"


class Backing(msgspec.Struct, frozen=True):
    """Of one card at one life of a unit.

    Attributes:
        yen, counted: as the centre said last. `when`: (time by the centre, boot, seq), which orders what it said.
        used: what this life has promised for the card in all, without what was made void.
    """

    yen: int = 0
    counted: int = 0
    used: int = 0
    when: tuple[int, str, int] | None = None

    @property
    def left(self) -> int:
        return self.yen - (self.used - self.counted)


def backed_key(unit: str, life: int, card: str) -> str:
    return f"{unit}/{life}/{card}"


def _key(entry: Entry) -> str:
    match entry.fact:
        case Backed(to=unit, life=life, card=card):
            return backed_key(unit, life, card)
        case Insured(life=life, card=card) | InsuredVoid(life=life, card=card):
            return backed_key(entry.unit, life, card)
        case _:
            return ""


def _fold(backing: Backing, entry: Entry) -> Backing:
    match entry.fact:
        case Backed(yen=yen, counted=counted):
            when = (entry.at, entry.boot, entry.seq)
            if backing.when and when < backing.when:
                return backing
            return Backing(yen, counted, backing.used, when)
        case Insured(yen=yen):
            return msgspec.structs.replace(backing, used=backing.used + yen)
        case InsuredVoid(yen=yen):
            return msgspec.structs.replace(backing, used=backing.used - yen)
        case _:
            return backing


_CARD: Final = "0a" * 16

BACKED: Final[Fold[Backing]] = Fold(
    name=BACKED_READER,
    kinds=(Backed, Insured, InsuredVoid),
    state=Backing,
    empty=Backing(),
    key=_key,
    fold=_fold,
    samples=(
        Backed("lib01", 1, _CARD, 2_000, 500),
        Insured(1, _CARD, 1_280, "fish", 20_780, "card", 120),
        InsuredVoid(1, _CARD, 1_280, "fish", 20_780, "9f3c0a1b22d4e5f6/1", 120),
    ),
)
