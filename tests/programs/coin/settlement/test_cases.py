"""Cases are the same in whichever order they are heard, and only the office opens any."""

import itertools

from programs.coin.settlement.cases import fold
from programs.coin.settlement.facts import CaseClosed, CaseOpened
from sync.entries import Entry, Fact

BOOT = "9f3c0a1b22d4e5f6"
ABOUT = f"fish01/{BOOT}/7"
SAID = (CaseOpened(1, ABOUT, "paid twice"), CaseOpened(2, ABOUT, "too much"), CaseClosed(1, "two sales"))


def entries(*facts: Fact, writer: str = "office") -> list[Entry]:
    return [Entry(writer, BOOT, seq, 1000 + seq, fact) for seq, fact in enumerate(facts, 1)]


def test_in_whichever_order_they_are_heard_they_are_the_same() -> None:
    said = entries(*SAID, CaseClosed(1, "closed once more"), CaseClosed(9, "of nothing"))
    for order in itertools.permutations(said):
        cases = fold(order)
        assert [(one.number, one.about, one.outcome) for one in cases.values()] == [
            (1, ABOUT, "two sales"),
            (2, ABOUT, ""),
        ]


def test_a_unit_opens_none() -> None:
    assert fold(entries(*SAID, writer="fish01")) == {}
