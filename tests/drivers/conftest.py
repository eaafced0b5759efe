"""A hand that lays virtual cards on a reader in memory."""

from collections.abc import Callable

import pytest

from drivers.card.sim.iso import IsoCard
from drivers.card.sim.issue import make
from drivers.card.sim.pki import TestPki
from drivers.card.sim.plan import Plan
from drivers.reader import CardCame, Event, Field, sim

Lay = Callable[..., Field]


@pytest.fixture
def hanako(pki: TestPki) -> IsoCard:
    """A My Number Card with everything on it."""
    card = make(Plan(), pki)
    assert isinstance(card, IsoCard)
    return card


@pytest.fixture
def lay() -> Lay:
    """Lay a card on a reader and return the field; options are the reader's."""

    def hand(card: sim.Card, **options: int) -> Field:
        events: list[Event] = []
        reader = sim.Driver(sim.Driver.Options(**options))  # type: ignore[arg-type]
        reader.start(events.append)
        reader.present(card)
        came = events[-1]
        assert isinstance(came, CardCame)
        return came.field

    return hand
