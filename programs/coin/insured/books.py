"""The fund at the centre: what every unit was told about cards, and how the fund stands by the ledger."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec
import sqlalchemy as sa
from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, Table, Text

from central import ledger
from central.kept import Kept
from programs.coin.insured.facts import FUND, Backed
from programs.coin.insured.fold import BACKED, Backing
from programs.coin.postings import DEBTS, debt
from sync.entries import Entry
from sync.messages import ONE_UNIT

metadata = MetaData()

backed = Table(
    "coin_backed",
    metadata,
    Column("key", Text, primary_key=True),
    Column("unit", Text, nullable=False),
    Column("card", Text, nullable=False),
    Column("is_told", Integer, nullable=False),  # 1: the centre has said something about this card to this unit
    Column("used", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Index("coin_backed_by_card", "card"),
    Index("coin_backed_by_telling", "is_told"),
)


class Standing(msgspec.Struct, frozen=True):
    """How the fund stands (yen).

    Attributes:
        free: what nobody may promise yet.
        at_units: what each life of a unit may still promise, by "unit/life".
        lost: what lost units might have promised.
        owed: what each card owes; below zero: it gets so much back.
        short: what units promised beyond their rights, because a disk was copied; the fund bears it.
        unbacked: what each unit promised for cards about which the centre never told it anything: a unit that was
            tampered with. It is not taken from the cards, and the unit is granted no more.
    """

    free: int
    at_units: dict[str, int]
    lost: int
    owed: dict[str, int]
    short: int
    unbacked: dict[str, int]

    @property
    def worth(self) -> int:
        """Return what the fund has, promised or not, owed to it or not."""
        return self.free + sum(self.at_units.values()) + self.lost + sum(self.owed.values()) - self.short


def _columns(key: str, state: Backing) -> dict[str, str | int]:
    unit, _, card = key.split("/")
    return {"unit": unit, "card": card, "is_told": int(state.when is not None), "used": state.used}


_KEPT: Final = Kept(backed, BACKED, _columns)


def record(connection: sa.Connection, entries: Iterable[Entry]) -> None:
    """Fold what units were told and what they promised, as they do; nobody else's word about it counts."""
    _KEPT.note(connection, [entry for entry in entries if _counts(entry)])


def _counts(entry: Entry) -> bool:
    return not isinstance(fact := entry.fact, Backed) or entry.unit == ONE_UNIT + fact.to


def backings(connection: sa.Connection, keys: Sequence[str]) -> Mapping[str, Backing]:
    """Return for how much the fund stands in, of those keys of which anything was heard."""
    return _KEPT.states(connection, keys)


def standing(connection: sa.Connection) -> Standing:
    """Return how the fund stands by what was added up."""
    table = ledger.account.c
    owing, held, free = debt(""), f"{FUND}/at/", ledger.free(FUND)
    theirs = sa.or_(table.name.contains(FUND, autoescape=True), table.name.contains(owing, autoescape=True))
    units: dict[str, int] = {}
    owed: dict[str, int] = {}
    lost = short = at_hand = 0
    for name, balance in connection.execute(sa.select(table.name, table.balance).where(theirs, table.balance != 0)):
        plain = name.removeprefix(ledger.SHORT)
        if plain.startswith(owing):
            card = plain.removeprefix(owing)
            owed[card] = owed.get(card, 0) + int(balance)
        elif name != plain:
            short -= int(balance)
        elif name == free:
            at_hand = int(balance)
        elif name.startswith(held):
            units[name.removeprefix(held)] = int(balance)
        elif name.startswith("suspense/"):
            lost += int(balance)
    return Standing(at_hand, units, lost, owed, short, unbacked(connection))


def owed_by(connection: sa.Connection, card: str) -> int:
    """Return what a card owes the fund; below zero: it gets so much back."""
    return ledger.true_sum(connection, debt(card))


def unbacked(connection: sa.Connection) -> dict[str, int]:
    """Return what units promised for cards about which the centre never told them anything."""
    is_made_up = (backed.c.is_told == 0, backed.c.used > 0)
    asked = sa.select(backed.c.unit, sa.func.sum(backed.c.used)).where(*is_made_up).group_by(backed.c.unit)
    return {unit: int(yen) for unit, yen in connection.execute(asked.order_by(backed.c.unit))}


def recoverable(connection: sa.Connection, card: str) -> int:
    """Return what a card owes and may be taken from it: what a unit made up is not its holder's to pay."""
    made_up = sa.select(sa.func.coalesce(sa.func.sum(backed.c.used), 0))
    made_up = made_up.where(backed.c.card == card, backed.c.is_told == 0, backed.c.used > 0)
    owed = owed_by(connection, card)
    return owed if owed < 0 else max(0, owed - int(connection.execute(made_up).scalar_one()))


def is_owed(connection: sa.Connection) -> bool:
    """Tell whether any card owes the fund, or the fund a card."""
    return _was_ever(connection, DEBTS) and _is_any(connection, debt(""), ledger.short(debt("")))


def is_promised(connection: sa.Connection) -> bool:
    """Tell whether any unit may promise something."""
    return _was_ever(connection, ledger.free(FUND)) and _is_any(connection, f"{FUND}/at/")


def _was_ever(connection: sa.Connection, name: str) -> bool:
    """Tell whether anything was ever booked on an account: where there never was a fund, nothing more is looked at."""
    return connection.execute(sa.select(ledger.account.c.name).where(ledger.account.c.name == name)).first() is not None


def _is_any(connection: sa.Connection, *starts: str) -> bool:
    """Tell whether an account holds something whose name begins so."""
    name = ledger.account.c.name
    begins = sa.or_(*(name.startswith(start, autoescape=True) for start in starts))
    return connection.execute(sa.select(name).where(begins, ledger.account.c.balance != 0).limit(1)).first() is not None
