"""Who gets what, and by which runs of entries it is said what was counted."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from programs.coin.settlement import plan
from programs.coin.settlement.facts import Account, Counted, PayerSet, ShopSet
from programs.coin.settlement.plan import RUNS_IN_ONE, Due, Why
from programs.coin.settlement.tables import Line
from sync.entries import BODY_MAX_BYTES, Entry, encode

BOOT = "9f3c0a1b22d4e5f6"
SHOP = ShopSet("fish", "ｻｶﾅﾔ", Account("0001", "001", "1", "0123456"))
PAYER = PayerSet("1234567890", "ﾄｳﾀﾞｲﾁﾖｳ", SHOP.account)


@pytest.mark.parametrize(
    ("owed", "in_books", "account", "pays", "why"),
    [
        (3000, 3000, SHOP, 3000, None),
        (3000, 9000, SHOP, 3000, None),  # more came after the period
        (3000, 2500, SHOP, 2500, None),  # some of it was taken back after the period
        (999, 999, SHOP, 0, Why.MINIMUM),
        (3000, 999, SHOP, 0, Why.MINIMUM),
        (1000, 1000, SHOP, 1000, None),
        (3000, 3000, None, 0, Why.NO_ACCOUNT),
        (0, 0, SHOP, 0, Why.NOTHING),
        (-500, -500, None, 0, Why.NOTHING),
        (500, -500, SHOP, 0, Why.NOTHING),
    ],
)
def test_a_shop_gets_what_it_has_to_get_or_waits(
    owed: int, in_books: int, account: ShopSet | None, pays: int, why: Why | None
) -> None:
    assert plan.due("fish", owed, in_books, account, 1000, ()) == Due("fish", owed, pays, why, ())


def line(seq: int, boot: str = BOOT, writer: str = "fish01") -> Line:
    return Line(writer, boot, seq, "fish", "coin.pay", 100, 0, 0, 0)


def runs(seqs: list[int], left: set[int], gaps: list[int]) -> tuple[str, ...]:
    lines = [line(seq) for seq in seqs]
    return plan.runs(lines, {one.id: one.seq not in left for one in lines}, {("fish01", BOOT): gaps})


def test_runs_go_round_what_is_left_for_later_and_what_is_missing() -> None:
    assert runs([2, 3, 9, 12], set(), []) == (f"fish01/{BOOT}/2-12",)
    assert runs([2, 3, 9, 12], {9}, []) == (f"fish01/{BOOT}/2-3", f"fish01/{BOOT}/12-12")
    assert runs([2, 3, 9, 12], set(), [5]) == (f"fish01/{BOOT}/2-3", f"fish01/{BOOT}/9-12")
    assert runs([2, 3, 9, 12], {2, 3, 9, 12}, []) == ()
    two = [line(7, "0" * 16), line(2), line(5, writer="fish02")]
    assert plan.runs(two, {one.id: True for one in two}, {}) == (
        *(f"fish01/{'0' * 16}/7-7", f"fish01/{BOOT}/2-2"),
        f"fish02/{BOOT}/5-5",
    )


@given(
    seqs=st.sets(st.integers(1, 60)).map(sorted), left=st.sets(st.integers(1, 60)), missing=st.sets(st.integers(1, 60))
)
def test_what_is_in_a_run_was_there_and_was_taken(seqs: list[int], left: set[int], missing: set[int]) -> None:
    here = [seq for seq in seqs if seq not in missing]
    held = sorted(set(range(1, 61)) - missing)
    gaps = [seq for seq, after in pairwise(held) if after != seq + 1]
    covered: set[int] = set()
    for text in runs(here, left, gaps):
        first, last = map(int, text.rsplit("/", 1)[1].split("-"))
        covered |= set(range(first, last + 1))
    assert not covered & missing, "what comes there later is late"
    assert {seq for seq in here if seq in covered} == {seq for seq in here if seq not in left}


def test_the_longest_names_fit_in_one_entry() -> None:
    run = f"{'u' * 32}/{'f' * 16}/{10**15}-{10**15 + 1}"
    due = Due("p" * 32, 5000, 0, Why.MINIMUM, (run,) * (RUNS_IN_ONE + 1))
    batch, *counted = plan.facts(1, 20_787, 20_802, PAYER, [due], {}, "", "")
    assert [len(fact.runs) for fact in counted if isinstance(fact, Counted)] == [RUNS_IN_ONE, 1]
    for fact in (batch, *counted):
        assert len(encode(Entry("office", BOOT, 1, 0, fact))) < BODY_MAX_BYTES


def test_the_facts_name_the_sum_and_whom_it_is_paid_to() -> None:
    dues = [Due("fish", 3000, 3000, None, ()), Due("bakery", 2000, 2000, None, ())]
    shops = {"fish": SHOP, "bakery": ShopSet("bakery", "ﾊﾟﾝﾔ", SHOP.account)}
    batch, *rest = plan.facts(7, 20_787, 20_802, PAYER, dues, shops, "ab" * 32, "because")
    assert (batch.transfers, batch.yen, batch.number, batch.although) == (2, 5000, 7, "because")  # type: ignore[attr-defined]
    assert rest == plan.transfers(7, dues, shops)
    assert [one.place for one in plan.transfers(7, dues, shops)] == ["bakery", "fish"]
