"""Whether the money under cards' counters is right: nobody may spend more than is there, whatever he has heard last."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from central import ledger, store
from programs.coin.counter.deciding import CardCounter, asks
from programs.coin.counter.facts import USE, counted
from programs.coin.entries import money
from sync.rights import RIGHTS, right_key

if TYPE_CHECKING:
    from simulation.books import Books
    from simulation.box import Box
    from simulation.town import SimTown


def put_right(written: "Books") -> dict[str, int]:
    """Return what the office gave to each card's money because of its counter."""
    given: dict[str, int] = {}
    for fact in written.office:
        given[money(fact.card)] = given.get(money(fact.card), 0) + fact.yen
    return given


def wrong(town: "SimTown", written: "Books") -> Iterator[tuple[str, str]]:
    """Nothing had to be put right; and what each unit would let somebody spend, by the card's next step, is there."""
    yield from (("overspent", f"the office had to put right {fact}") for fact in written.office)
    counting = [number for number in range(town.setting.cards) if town.mint.counts(number)]
    with store.reading(town.centre.centre.engine) as connection:
        there = {card: ledger.true_sum(connection, counted(town.name_of(card))) for card in counting}
    for box in town.boxes:
        if not box.is_on or box.is_retired:
            continue
        for card in counting:
            if (yen := _spendable(town, box, card)) > there[card]:
                yield "overspent", f"{box.name} would let card {card} spend {yen} yen, and {there[card]} are there"


def _spendable(town: "SimTown", box: "Box", card: int) -> int:
    """Return what a unit would let somebody spend who came now, with what it has heard."""
    unit, name = box.unit.running, town.name_of(card)
    state = unit.opened.shelf.state_of
    known, gate, seated, touches = (state(reader, key) for reader, key in asks(unit.name, unit.epoch, name))
    use = state(RIGHTS, right_key(unit.name, unit.epoch, USE))
    return CardCounter(known, gate, seated, touches, use).spendable((town.mint.counter_of(card) + 1,))
