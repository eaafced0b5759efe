"""What the daemon tells the processes that write and keep twins, and they the daemon."""

import msgspec


class Owner(msgspec.Struct, frozen=True):
    """Whose twin it is, and the key of the town for which it is sealed (base64; "" before the town has said it)."""

    unit: str
    epoch: int
    key: str


class Told(msgspec.Struct, frozen=True):
    """What the process says of the twin.

    `upto`: for each boot, up to which entry it goes; empty if that cannot be read now. `trouble`: why nothing can be
    written, or "". `broken`: how many spots of it are not whole.
    """

    upto: dict[str, int] | None = None
    trouble: str = ""
    broken: int = 0


class Lodging(msgspec.Struct, frozen=True):
    """What the keeper's process says of the twins that it keeps for others.

    `trouble`: why it takes nothing more, or "". `bytes`: how long what it has of each unit is.
    """

    trouble: str = ""
    bytes: dict[str, int] = msgspec.field(default_factory=dict)
