"""A resident's PIN for large payments: the town's own, never one of the card's. What is written of it, and what counts.

It is chosen at a desk with the card on the reader, and kept in a form that takes the card's own identifier to try: a
stolen disk holds no identifiers. The desk's entry goes up, and the centre tells every unit; only the centre's word
counts. Arithmetic only.
"""

from typing import Annotated, Final

import msgspec

from sync.entries import AtMs, Card, Count, Entry, Fact, Ref
from sync.pins import Hex16, KeptPin
from sync.program import Fold

PINS_READER: Final = "coin-pins"
TRIES: Final = 3
BY_PIN: Final = "pin"
BY_SIGNATURE: Final = "signature"


class PinChosen(Fact, frozen=True, tag="coin.pin-chosen"):
    """Somebody chose a PIN at this desk. `proof`: what their card proved."""

    life: Count
    card: Card
    place: Ref
    day: int
    proof: str
    kept: KeptPin
    operator: Count = 0


class PinWrong(Fact, frozen=True, tag="coin.pin-wrong"):
    """A wrong PIN was typed for this card. `of`: the salt of the one that counted."""

    life: Count
    card: Card
    place: Ref
    day: int
    of: Hex16


class PinSet(Fact, frozen=True, tag="coin.pin"):
    """The centre says which PIN counts for a card, if any: of two, the one that was chosen later.

    `chosen`: when that was, by the clock of the desk, which may have been away since; 0: as the centre says it.
    """

    card: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{32}$")]
    kept: KeptPin | None = None
    chosen: AtMs = 0


class Pin(msgspec.Struct, frozen=True):
    """What counts of a card's PIN; None if it has none.

    `when`: (when it was chosen, time by the centre, boot, seq); nothing was chosen after the centre heard of it.
    """

    kept: KeptPin | None = None
    when: tuple[int, int, str, int] | None = None


def _key(entry: Entry) -> str:
    return entry.fact.card if isinstance(entry.fact, PinSet) else ""


def _fold(pin: Pin, entry: Entry) -> Pin:
    if not isinstance(entry.fact, PinSet):
        return pin
    when = (min(entry.fact.chosen or entry.at, entry.at), entry.at, entry.boot, entry.seq)
    return pin if pin.when and when < pin.when else Pin(entry.fact.kept, when)


_KEPT: Final = KeptPin("0a" * 16, "0b" * 32)

PINS: Final[Fold[Pin]] = Fold(
    name=PINS_READER,
    kinds=(PinSet,),
    state=Pin,
    empty=Pin(),
    key=_key,
    fold=_fold,
    samples=(PinSet("0a" * 16, _KEPT, 1_795_392_000_000), PinSet("0a" * 16)),
)

KINDS: Final = (PinChosen, PinWrong, PinSet)
