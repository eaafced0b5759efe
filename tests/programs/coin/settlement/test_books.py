"""What the office said adds up to the same, in whichever order it is heard; and whose word does not count."""

import itertools

import msgspec

from programs.coin.settlement.books import BatchBook, fold
from programs.coin.settlement.facts import (
    Account,
    Batch,
    BatchMarked,
    PayerSet,
    Settled,
    ShopSet,
    State,
    Transfer,
    TransferBack,
)
from sync.entries import Entry, Fact

BOOT = "9f3c0a1b22d4e5f6"
ACCOUNT = Account("0001", "001", "1", "0123456")
PAYER = PayerSet("1234567890", "ﾄｳﾀﾞｲﾁﾖｳ", ACCOUNT)
SAID = (
    PAYER,
    ShopSet("fish", "ｻｶﾅﾔ", ACCOUNT),
    Batch(1, 20_787, 20_802, PAYER, 2, 5000, "ab" * 32),
    Transfer(1, "fish", 3000, "ｻｶﾅﾔ", ACCOUNT),
    Transfer(1, "bakery", 2000, "ﾊﾟﾝﾔ", ACCOUNT),
    BatchMarked(1, State.SENT),
    TransferBack(1, "fish", 3000, "closed"),
)


def entries(*facts: Fact, writer: str = "office") -> list[Entry]:
    return [Entry(writer, BOOT, seq, 1000 + seq, fact) for seq, fact in enumerate(facts, 1)]


def test_in_whichever_order_it_is_heard_it_is_the_same() -> None:
    said = entries(*SAID)
    folded = fold(said)
    for order in itertools.permutations(said):
        assert fold(order) == folded
    (book,) = folded.standing
    assert (book.state, book.paid_yen, [sent.place for sent in book.transfers]) == (
        State.SENT,
        2000,
        ["bakery", "fish"],
    )


def test_of_others_than_the_centre_it_says_nothing() -> None:
    for writer in ("shop01", "town", "to-shop01"):
        assert fold(entries(*SAID, writer=writer)) == fold([])
    assert fold(entries(Settled(3, 20_787, 20_802), writer="office")).announced == 0


def test_a_batch_only_goes_forward() -> None:
    def state(*marks: State) -> State:
        return fold(entries(*SAID[:5], *(BatchMarked(1, mark) for mark in marks))).batches[1].state

    assert state(State.SENT, State.ACCEPTED, State.SENT) is State.ACCEPTED
    assert state() is State.MADE
    assert state(State.VOID) is State.VOID


def test_batches_that_units_know_of_and_nobody_else_are_lost() -> None:
    books = fold([*entries(*SAID), *entries(Settled(1, 20_787, 20_802), Settled(3, 20_818, 20_833), writer="town")])
    assert (books.lost, books.next_number, books.upto) == ([2, 3], 4, 20_787)


def test_of_two_statements_about_a_shop_the_later_one_counts() -> None:
    later = msgspec.structs.replace(SAID[1], name="ｱﾀﾗｼｲ")
    assert fold(entries(*SAID, later)[::-1]).shops["fish"] == later


def test_what_belongs_to_no_batch_makes_none() -> None:
    assert fold(entries(*SAID[3:])).batches == {}
    assert isinstance(fold(entries(*SAID)).batches[1], BatchBook)
