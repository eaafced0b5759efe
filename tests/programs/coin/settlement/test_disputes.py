"""Disputes are the same in whichever order they are heard, and only the office opens any."""

import itertools

from programs.coin.settlement.disputes import fold
from programs.coin.settlement.facts import DisputeClosed, DisputeOpened
from sync.entries import Entry, Fact

BOOT = "9f3c0a1b22d4e5f6"
ABOUT = f"fish01/{BOOT}/7"
SAID = (DisputeOpened(1, ABOUT, "paid twice"), DisputeOpened(2, ABOUT, "too much"), DisputeClosed(1, "two sales"))


def entries(*facts: Fact, writer: str = "office") -> list[Entry]:
    return [Entry(writer, BOOT, seq, 1000 + seq, fact) for seq, fact in enumerate(facts, 1)]


def test_in_whichever_order_they_are_heard_they_are_the_same() -> None:
    said = entries(*SAID, DisputeClosed(1, "closed once more"), DisputeClosed(9, "of nothing"))
    for order in itertools.permutations(said):
        disputes = fold(order)
        assert [(one.number, one.about, one.outcome) for one in disputes.values()] == [
            (1, ABOUT, "two sales"),
            (2, ABOUT, ""),
        ]


def test_a_unit_opens_none() -> None:
    assert fold(entries(*SAID, writer="fish01")) == {}
