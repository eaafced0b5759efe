"""What the office says of neighbours: which unit keeps the twin of another one's journal, and where it is found.

Each is said to one unit alone, in that unit's own journal at the centre; so nobody else learns who stands near whom.
Both name the other unit's key: by that they know each other, whatever stands between them on the way.
"""

from typing import Annotated

import msgspec

from sync.entries import Count, Fact, KeyText, UnitName

Address = Annotated[str, msgspec.Meta(max_length=100)]


class Party(msgspec.Struct, frozen=True):
    """A unit in one of its lives, and the key of its journal (Ed25519, raw, base64)."""

    unit: UnitName
    epoch: Count
    key: KeyText


class NeighbourSet(Fact, frozen=True, tag="neighbour"):
    """Who keeps the twin of `of`, said to `of` alone; null: nobody does. `address`: where, as `192.0.2.7:4710`."""

    of: UnitName
    keeper: Party | None
    address: Address = ""


class KeepSet(Fact, frozen=True, tag="keep"):
    """Whose twin `keeper` keeps, said to `keeper` alone.

    `mib`: how much room all lives of that unit may take there; 0: nothing more is taken, and what is there is kept.
    `forget`: the lives up to this one are at the centre; what is kept of them may be deleted.
    """

    keeper: UnitName
    of: Party
    mib: Count
    forget: Count = 0


KINDS: tuple[type[Fact], ...] = (NeighbourSet, KeepSet)
