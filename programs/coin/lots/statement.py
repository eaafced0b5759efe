"""What there is to say of one card's money: lot by lot, where it can be spent now, and how it came to be so."""

import msgspec
import sqlalchemy as sa

from central import ledger
from programs.coin.lots import books
from programs.coin.lots.fold import Purse


class UnequalError(Exception):
    """Lots and ledger do not say the same. One of the derived tables is damaged; a replay makes both anew."""


class AtUnit(msgspec.Struct, frozen=True):
    """What one life of a unit may give out of the money."""

    unit: str
    life: int
    yen: int


class Statement(msgspec.Struct, frozen=True):
    """A card's money.

    Attributes:
        free: what any unit can be granted.
        units: who may give out how much by itself.
        by_counter: what every unit may spend by the counter in the card.
        purse: the same money, lot by lot.
    """

    free: int
    units: tuple[AtUnit, ...]
    by_counter: int
    purse: Purse


def statement(connection: sa.Connection, what: str) -> Statement:
    """Return a card's money, by what was added up.

    Raises:
        UnequalError: the lots are not what the ledger says.
    """
    purse, worth = books.purse(connection, what), books.worth(connection, what)
    if purse.yen != worth:
        raise UnequalError(f"lots of {what}: ¥{purse.yen}; in the ledger: ¥{worth}")
    by_counter = ledger.balance(connection, f"{what}/counter")
    return Statement(ledger.balance(connection, ledger.free(what)), at_units(connection, what), by_counter, purse)


def at_units(connection: sa.Connection, what: str) -> tuple[AtUnit, ...]:
    """Return what units may give out, in the order of their names."""
    prefix = f"{what}/at/"
    name, balance = ledger.account.c.name, ledger.account.c.balance
    held = sa.select(name, balance).where(name.startswith(prefix, autoescape=True), balance > 0).order_by(name)
    found = []
    for account, yen in connection.execute(held):
        unit, _, life = account.removeprefix(prefix).partition("/")
        found.append(AtUnit(unit, int(life), yen))
    return tuple(found)
