"""After a unit was lost: cards are made whole, shops are compensated, and what is found later is trued up.

What a lost life could give out is in suspense, card by card. Whatever its journal shows later is taken from there. So a
card is due what was left for it at the unit, less what it was given for it; and once that is done, all that is still in
suspense is the fund's, which gets back what it paid too early, or bears what was spent there after all.
"""

from typing import Final

import msgspec
import sqlalchemy as sa

from central import ledger, lost
from central.centre import Centre
from central.granting import unheard, waits_for
from central.losses import NotLostError, known
from central.lost import LostLife
from central.places import named, unnamed
from central.reconcile import statement
from programs.coin import cases
from programs.coin.agreed import agreed_in
from programs.coin.cases import CardCase, ShopCase
from programs.coin.entries import money
from programs.coin.insured.facts import FUND, FundCleared
from programs.coin.postings import shop
from programs.coin.remedies import Cleared, Compensated, MadeWhole, Repaid
from sync.directory import card_key
from sync.facts import CardSet
from sync.messages import OFFICE_STREAM
from sync.program import DAY_MS

_MONEY: Final = money("")


class NotDueError(Exception):
    """That is not due, or not yet; the message says why. Nothing was moved."""


class AtCard(msgspec.Struct, frozen=True):
    """What a lost life held of a card's money.

    Attributes:
        in_suspense: what is there now; less than nothing where more was spent there than there was.
        done: what was done about it so far.
    """

    card: str
    in_suspense: int
    done: CardCase

    @property
    def left(self) -> int:
        """What was left for the card at the unit, by all that has arrived."""
        return self.in_suspense + self.done.to_card + self.done.to_fund

    @property
    def due(self) -> int:
        """What the card still has to get."""
        return max(0, self.left - self.done.given)


class AtShop(msgspec.Struct, frozen=True):
    """What a shop took at a lost life and was found later, and what was done about it before.

    `found`: by entries that arrived after the unit was given up.
    """

    place: str
    found: int
    done: ShopCase

    @property
    def repays(self) -> int:
        """What the shop has now been paid twice."""
        return max(0, min(self.found, self.done.compensated) - self.done.repaid)


class Loss(msgspec.Struct, frozen=True):
    """How a lost life stands. `due_ms`: from when on the fund may pay, by the centre."""

    unit: str
    life: int
    given_up: LostLife
    due_ms: int
    cards: tuple[AtCard, ...]
    shops: tuple[AtShop, ...]

    @property
    def left(self) -> int:
        return sum(max(0, card.left) for card in self.cards)

    @property
    def due(self) -> int:
        return sum(card.due for card in self.cards)

    @property
    def compensated(self) -> int:
        return sum(one.done.compensated for one in self.shops)


def look(centre: Centre, unit: str, life: int | None = None) -> Loss:
    """Return how a lost life stands.

    Raises:
        NotLostError: there is no such life, or the office has not given it up.
    """
    with centre.reconciler.counted() as connection:
        return _look(connection, unit, life)


def make_whole(centre: Centre, unit: str, life: int | None = None) -> list[MadeWhole]:
    """Let the fund give each card what a lost life held of its money, and it has not got yet.

    Raises:
        NotLostError: as `look`.
        NotDueError: its journal may still turn up, or nothing is due.
    """
    with centre.reconciler.counted() as connection:
        loss = _look(connection, unit, life)
        _check_moment(centre, connection, loss)
        facts = [MadeWhole(loss.unit, loss.life, card.card, card.due) for card in loss.cards if card.due]
        if not facts:
            raise NotDueError(f"nobody is due anything for life {loss.life} of {unit}")
        centre.streams.append(connection, OFFICE_STREAM, facts)
        return facts


def believe_receipt(centre: Centre, unit: str, life: int | None, card: str, yen: int, because: str) -> MadeWhole:
    """Let the fund give a card cash that a lost desk took in and never sent: its holder has the receipt.

    If the charge is found later, the card is not given it again.

    Raises:
        NotLostError: as `look`.
        NotDueError: no such card is registered.
    """
    with centre.reconciler.counted() as connection:
        loss = _look(connection, unit, life)
        if not isinstance(statement(connection, card_key(card)).fact, CardSet):
            raise NotDueError(f"no card {card} is registered")
        fact = MadeWhole(loss.unit, loss.life, card, yen, because)
        centre.streams.append(connection, OFFICE_STREAM, [fact])
        return fact


def compensate(
    centre: Centre, unit: str, life: int | None, place: str, yen: int, because: str, *, beyond: bool = False
) -> Compensated:
    """Let the fund pay a shop what it has shown to have taken at a lost unit.

    Args:
        beyond: also more than the unit could give out by all that has arrived: it had taken in cash that it never sent.

    Raises:
        NotLostError: as `look`.
        NotDueError: there is no such place, or the unit could not give out so much.
    """
    with centre.reconciler.counted() as connection:
        loss = _look(connection, unit, life)
        if not named(connection, place):
            raise NotDueError(unnamed(place))
        most = loss.left + max(0, _promised(connection, loss)) - loss.compensated
        if most < yen and not beyond:
            raise NotDueError(f"by all that has arrived no more than {most} yen can have been spent there unheard")
        fact = Compensated(loss.unit, loss.life, place, yen, because)
        centre.streams.append(connection, OFFICE_STREAM, [fact])
        return fact


def clear(centre: Centre, unit: str, life: int | None = None, *, found: bool) -> list[Cleared | Repaid | FundCleared]:
    """End the suspense: cards get what is still due to them, the fund the rest; nothing more is expected.

    If something comes in all the same, this can be done again.

    Args:
        found: its whole journal was brought in, so there is nothing to wait for.

    Raises:
        NotLostError: as `look`.
        NotDueError: its journal may still turn up, or nothing is in suspense.
    """
    with centre.reconciler.counted() as connection:
        loss = _look(connection, unit, life)
        _check_moment(centre, connection, loss, found=found)
        facts: list[Cleared | Repaid | FundCleared] = [
            Cleared(loss.unit, loss.life, card.card, card.due, card.in_suspense - card.due)
            for card in loss.cards
            if card.in_suspense
        ]
        facts += [Repaid(loss.unit, loss.life, one.place, one.repays) for one in loss.shops if one.repays]
        if promised := _promised(connection, loss):
            facts.append(FundCleared(loss.unit, loss.life, promised))
        if not facts:
            raise NotDueError(f"nothing is in suspense for life {loss.life} of {unit}")
        centre.streams.append(connection, OFFICE_STREAM, facts)
        return facts


def _promised(connection: sa.Connection, loss: Loss) -> int:
    """Return what a lost life might have promised of the fund that stands in where the town cannot be asked."""
    return ledger.true_sum(connection, f"{ledger.suspense(loss.unit, loss.life)}/{FUND}")


def _check_moment(centre: Centre, connection: sa.Connection, loss: Loss, *, found: bool = False) -> None:
    if silent := unheard(connection):
        raise NotDueError(waits_for(silent))
    if not found and (left_ms := loss.due_ms - centre.town.clock.wall_ms()) > 0:
        days = -(-left_ms // DAY_MS)
        raise NotDueError(f"its journal may still turn up: {days} more days, by the terms (`coin after-loss`)")


def _look(connection: sa.Connection, unit: str, life: int | None) -> Loss:
    _, of = known(connection, unit, life)
    given_up = lost.find(connection, unit, of)
    if given_up is None:
        raise NotLostError(f"life {of} of {unit} was not given up; say: machi central coin lost FOLDER {unit}")
    due_ms = given_up.at_ms + agreed_in(connection).terms.after_loss.wait_days * DAY_MS
    return Loss(unit, of, given_up, due_ms, _at_cards(connection, unit, of), _at_shops(connection, unit, of))


def _at_cards(connection: sa.Connection, unit: str, life: int) -> tuple[AtCard, ...]:
    before = f"{ledger.suspense(unit, life)}/{_MONEY}"
    table = ledger.account
    theirs = sa.or_(*(table.c.name.startswith(start, autoescape=True) for start in (before, ledger.short(before))))
    there: dict[str, int] = {}
    for name, balance in connection.execute(sa.select(table.c.name, table.c.balance).where(theirs)):
        card = name.removeprefix(ledger.SHORT).removeprefix(before)
        there[card] = there.get(card, 0) + balance
    done = cases.of_cards(connection, unit, life)
    return tuple(
        AtCard(card, there.get(card, 0), done.get(card, CardCase())) for card in sorted(there.keys() | done.keys())
    )


def _at_shops(connection: sa.Connection, unit: str, life: int) -> tuple[AtShop, ...]:
    """Return what shops took at a life by entries that arrived after it was given up, and what they got before."""
    found: dict[str, int] = {}
    ours, theirs = f"{ledger.suspense(unit, life)}/", shop("")
    table = ledger.posting
    asked = sa.select(table.c.source, table.c.target, table.c.amount).where(table.c.writer == unit)
    either = sa.or_(*(side.contains(ours, autoescape=True) for side in (table.c.source, table.c.target)))
    for row in connection.execute(asked.where(either)):
        source, target = (name.removeprefix(ledger.SHORT) for name in (row.source, row.target))
        if source.startswith(ours) and target.startswith(theirs):
            place, yen = target.removeprefix(theirs), row.amount
        elif target.startswith(ours) and source.startswith(theirs):
            place, yen = source.removeprefix(theirs), -row.amount
        else:
            continue
        found[place] = found.get(place, 0) + yen
    done = cases.of_shops(connection, unit, life)
    return tuple(
        AtShop(place, found.get(place, 0), done.get(place, ShopCase())) for place in sorted(found.keys() | done.keys())
    )
