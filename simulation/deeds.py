"""What may happen in a simulated town, as data: a plan is a list of deeds, and a run does nothing that is not in one.

Every deed brings its own dice, so leaving one out changes nothing about the others. That is what lets a failing plan
be cut down to the few deeds that matter, kept in a file, and told again word for word.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

import msgspec

DAY_MS: Final = 86_400_000
HOUR_MS: Final = 3_600_000


FACILITY: Final = "facility"
SHOP: Final = "shop"
DESK: Final = "desk"


class What(StrEnum):
    """The vocabulary. A fault that is not in it is not found."""

    TOUCH = "touch"  # a resident holds a card to a unit
    CROWD = "crowd"  # more residents than one segment holds, one after the other
    TORN = "torn"  # the same, and takes it away in the middle
    CHARGE = "charge"  # cash is taken in at a desk
    PAY = "pay"  # something is paid at a shop
    VOID = "void"  # the last payment of a card at a shop is taken back
    REFUND = "refund"  # a supervisor gives some of an earlier payment back at the shop
    DEAL = "deal"  # the centre grants some of a card's money to a unit, or asks for it back
    ROUND = "round"  # the uplink goes to the centre and back
    STICK = "stick"  # a technician carries the journal to the centre on a USB stick
    TIDY = "tidy"  # a quiet moment: the log is folded back, the disk looked at
    RESTART = "restart"  # the daemon is stopped in order and started again
    CUT = "cut"  # the power goes, at some disk operation from now
    BAD_BOOTS = "bad boots"  # the power goes, and again while the unit starts
    CLOSE = "close"  # no road between this unit and the centre for a while
    STORM = "storm"  # no road for anybody for a while
    LIE = "lie"  # from now on the disk claims to have synced what it has not
    EIO = "eio"  # every sync fails until the machine is switched off and on
    FULL = "full"  # something else fills the disk for a while
    ROT = "rot"  # a bit of the journal file flips
    JUMP = "jump"  # the wall clock is set wrong, by seconds or days
    SEVENTY = "1970"  # a clock without a battery starts anew
    STOP_CLOCK = "stop clock"  # the wall clock stands still for a while
    DRIFT = "drift"  # the wall clock runs at a wrong pace
    BACKUP = "backup"  # a copy of the card (SD) is made, of a unit that runs or that was stopped for it
    ROLLBACK = "rollback"  # that copy is put back
    CLONE = "clone"  # that copy runs in a second box, beside the first
    REPLACE = "replace"  # the unit's card has died; the office lets a new one in
    STEAL = "steal"  # the unit is stolen and goes on; the office closes it and lets a new one in
    KEY_THEFT = "key theft"  # somebody signs elsewhere with the unit's key
    MISCHIEF = "mischief"  # a unit sends altered, cut, repeated and foreign segments
    STRANGER = "stranger"  # a forged, copied, expired or senseless card is held to the unit
    STOP_CARD = "stop card"  # the office stops a card
    FREE_CARD = "free card"  # and lets it be used again
    ADD_UP = "add up"  # the centre adds up what has come in
    CENTRE_CUT = "centre cut"  # the centre's process dies at some statement from now
    CENTRE_JUMP = "centre jump"  # its wall clock is set wrong
    CENTRE_BACKUP = "centre backup"
    CENTRE_RESTORE = "centre restore"  # the centre's disk is gone; the backup is put back


class Deed(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that happens.

    Attributes:
        at: milliseconds since the town began.
        slot: which unit, or -1.
        card: which card, or -1.
        dice: seeds whatever is left to chance in it.
    """

    at: int
    what: What
    slot: int = -1
    card: int = -1
    dice: int = 0


class Setting(msgspec.Struct, frozen=True):
    """What a plan is played in.

    Attributes:
        seed: grows keys and numbers.
        shops: how many units take coin, one of them a desk.
        insured: a fund stands in where the town cannot be asked.
        counters: many hold cards with a counter of their own, and are paid with by it.
    """

    seed: str
    days: int = 1
    units: int = 3
    cards: int = 8
    faults: str = "ordinary"
    shops: int = 0
    insured: bool = False
    counters: bool = False

    def counter(self, slot: int) -> str:
        """Return which counter a unit serves."""
        if slot < self.units - self.shops:
            return FACILITY
        return DESK if slot == self.units - 1 else SHOP


def to_lines(setting: Setting, deeds: Iterable[Deed]) -> bytes:
    """Write a plan as lines of JSON: the setting, then a deed a line."""
    lines = [msgspec.json.encode(setting), *(msgspec.json.encode(deed) for deed in deeds)]
    return b"\n".join(lines) + b"\n"


def from_lines(raw: bytes) -> tuple[Setting, tuple[Deed, ...]]:
    """Undo `to_lines`.

    Raises:
        ValueError: it is no saved plan.
    """
    lines = raw.splitlines()
    try:
        setting = msgspec.json.decode(lines[0], type=Setting)
        return setting, tuple(msgspec.json.decode(line, type=Deed) for line in lines[1:] if line)
    except (IndexError, msgspec.MsgspecError) as error:
        raise ValueError(f"not a saved plan: {error}") from error
