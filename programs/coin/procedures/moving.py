"""A lost card's money goes over to a new card, all of it and once.

What is free goes over at once. What units hold stays with the old card until each of them has given it back, and is the
new card's from that moment on; so no yen can be spent with both. Until a unit has heard that the old card was stopped,
whoever holds it can spend there what that unit may give out, and no more.
"""

import msgspec
import sqlalchemy as sa

from central import heirs, ledger, store
from central.centre import Centre
from central.ledger import points
from central.reconcile import statement
from programs.coin.counter.facts import counted
from programs.coin.entries import money
from programs.coin.remedies import CardMoved
from sync.directory import card_key
from sync.facts import CardSet, CardState, UnitState
from sync.messages import OFFICE_STREAM, TOWN_STREAM
from sync.rights import AMOUNT_MAX, Recall


class NotMovableError(Exception):
    """This card's money cannot go there; the message says why. Nothing was moved."""


class AtUnit(msgspec.Struct, frozen=True):
    """What a life of a unit may give out of the old card's money.

    Attributes:
        state: of the unit; "over" if it lives another life now. Only an active one gives anything back by itself.
        contact_ms: when it was last heard of, by the centre.
    """

    unit: str
    life: int
    yen: int
    state: str
    contact_ms: int | None


class Held(msgspec.Struct, frozen=True):
    """What a card has: free, as points, at units, and by its own counter. All of the last two can still be spent."""

    free: int
    points: int
    at_units: tuple[AtUnit, ...]
    by_counter: int

    @property
    def at_most(self) -> int:
        return sum(one.yen for one in self.at_units) + self.by_counter


class Moving(msgspec.Struct, frozen=True):
    """What goes over from one card to another.

    Attributes:
        free, points: goes over at once.
        at_units: goes over as it comes back.
        by_counter: goes over once every unit has heard so. All of both is the most that the old card can still spend.
        has_moved: it was said before; then only what is still at units is asked for once more.
        was_stopped: the old card was stopped before.
    """

    old: str
    new: str
    free: int
    points: int
    at_units: tuple[AtUnit, ...]
    by_counter: int
    has_moved: bool
    was_stopped: bool

    @property
    def at_most(self) -> int:
        return sum(one.yen for one in self.at_units) + self.by_counter


def held(connection: sa.Connection, card: str) -> Held:
    """Return what a card has, wherever it would go."""
    return Held(
        ledger.balance(connection, ledger.free(money(card))),
        ledger.balance(connection, points(card)),
        tuple(_at_units(connection, card)),
        ledger.balance(connection, counted(card)),
    )


def look(centre: Centre, old: str, new: str) -> Moving:
    """Return what would go over.

    Raises:
        NotMovableError: the new card is unknown, stopped or the same, or one of them was moved elsewhere before.
    """
    with centre.reconciler.counted() as connection:
        return _look(connection, old, new)


def move(centre: Centre, old: str, new: str) -> Moving:
    """Stop a card, and let all its money and points be another's; ask every unit for what it holds of it.

    Doing it again asks once more for what has not come back.

    Raises:
        NotMovableError: as `look`.
    """
    with centre.reconciler.counted() as connection:
        moving = _look(connection, old, new)
        if not moving.was_stopped:
            centre.streams.append(connection, TOWN_STREAM, [CardSet(old, CardState.STOPPED)])
        if not moving.has_moved:
            centre.streams.append(connection, OFFICE_STREAM, [CardMoved(old, new)])
        asked = sa.select(store.unit.c.name, store.unit.c.epoch).where(store.unit.c.state == UnitState.ACTIVE)
        for unit, life in connection.execute(asked.order_by(store.unit.c.name)).all():
            # Everything, and every unit: one may have charged the card and not have said so yet.
            centre.streams.append_for(connection, unit, [Recall(unit, life, money(old), AMOUNT_MAX)])
        return moving


def _look(connection: sa.Connection, old: str, new: str) -> Moving:
    olds, news = ledger.free(money(old)), ledger.free(money(new))
    known, wanted = (statement(connection, card_key(card)).fact for card in (old, new))
    if old == new or not isinstance(known, CardSet):
        raise NotMovableError("name a card that is registered, and another one to which its money goes")
    if not isinstance(wanted, CardSet) or wanted.state is CardState.STOPPED:
        raise NotMovableError("register the new card first (`machi central card add`); a stopped card gets nothing")
    whose = heirs.follow(connection, [olds, news])
    if whose[news] != news:
        raise NotMovableError("the money of the new card was moved elsewhere itself; register another card")
    if whose[olds] not in (olds, news):
        raise NotMovableError("the money of the old card was moved to another card before")
    has = held(connection, old)
    return Moving(
        *(old, new, has.free, has.points, has.at_units, has.by_counter),
        *(whose[olds] == news, known.state is CardState.STOPPED),
    )


def _at_units(connection: sa.Connection, card: str) -> list[AtUnit]:
    before = f"{money(card)}/at/"
    table = ledger.account
    mine = table.c.name.startswith(before, autoescape=True), table.c.balance > 0
    found = []
    for name, yen in connection.execute(sa.select(table.c.name, table.c.balance).where(*mine).order_by(table.c.name)):
        unit, _, life = name.removeprefix(before).partition("/")
        row = connection.execute(sa.select(store.unit).where(store.unit.c.name == unit)).mappings().one_or_none()
        is_present = row is not None and str(row["epoch"]) == life
        state, contact = (row["state"] if row and is_present else "over"), row["contact_ms"] if row else None
        found.append(AtUnit(unit, int(life), yen, state, contact))
    return found
