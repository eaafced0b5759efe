"""What the daemon and the process that writes the journal's twin tell each other."""

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
