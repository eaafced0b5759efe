"""Every yen on a card is in one lot, and all lots together are what the ledger says, however the entries arrive."""

from collections.abc import Sequence

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from central import ledger, reconcile
from central.ledger import Booked, Move, free, held, short
from central.store import open_engine
from programs.coin.entries import Charge, Pay, Void, money
from programs.coin.lots import books
from programs.coin.lots.facts import Expired, Given, Source
from programs.coin.lots.flow import Detail, Flow, Posted, flows, in_order, purse_of
from programs.coin.lots.fold import Purse, fold
from programs.coin.lots.notes import detail_of
from programs.coin.office import OFFICE
from sync.entries import Entry, Fact
from sync.messages import OFFICE_STREAM
from sync.rights import Grant, Returned

CARD = "0a" * 16
OTHER = "0b" * 16
WHAT = money(CARD)
BOOT = "9f3c0a1b22d4e5f6"
DAY = 20_780
DAY_MS = 86_400_000


def entry(seq: int, fact: Fact, unit: str = "shop01", at: int | None = None, boot: str = BOOT) -> Entry:
    """Return an entry that was written at noon of its day, if it names no other time."""
    noon = getattr(fact, "day", DAY) * DAY_MS + seq
    return Entry(unit, boot, seq, noon if at is None else at, fact)


def charge(yen: int, day: int = DAY, expires: int = 0) -> Charge:
    return Charge(1, CARD, yen, "hall", day, "card", expires)


def pay(yen: int, day: int = DAY) -> Pay:
    return Pay(1, CARD, yen, "fish", day, "card")


def void(yen: int, of: int, day: int = DAY) -> Void:
    return Void(1, CARD, yen, "fish", day, f"{BOOT}/{of}")


def grant(yen: int, expires: int = 0, day: int = DAY, source: Source = Source.GRANT) -> Given:
    return Given(CARD, yen, source, "town", "test", day, expires)


def purse(*entries: Entry) -> Purse:
    """Return what is on the card by the fold alone."""
    return fold(flowing(*entries)).get(WHAT, Purse())


def flowing(*entries: Entry) -> list[Flow]:
    return [flow for one in entries for flow in moved(one, *OFFICE.moves(one))]


def moved(entry: Entry, *moves: Move) -> list[Flow]:
    """Return what flows by the lines that the ledger has of an entry."""
    place = entry.unit, entry.boot, entry.seq
    lines = enumerate(moves, 1)
    posted = [Posted(*place, line, entry.at, move.source, move.target, move.amount) for line, move in lines]
    return flows((line, detail_of(entry, line.source.partition("/")[0])) for line in posted)


def office(seq: int, yen: int, other: str) -> Flow:
    """Return a flow by what the office says that noon."""
    place = OFFICE_STREAM, BOOT, seq, 1, DAY * DAY_MS + seq
    return Flow(WHAT, f"{OFFICE_STREAM}/{BOOT}/{seq}", *place, yen, other, Detail(DAY, other.partition("/")[0]))


def left(purse: Purse) -> dict[str, int]:
    """Return what is left of each lot, by where it came from and until when it is good."""
    return {f"{lot.source} {lot.expires - DAY if lot.expires else ''}".strip(): lot.left for lot in purse.lots}


def test_what_runs_out_first_is_spent_first_and_then_the_oldest() -> None:
    money_in = [
        entry(1, charge(1000), "desk01"),
        entry(1, grant(500, DAY + 90), OFFICE_STREAM),
        entry(2, grant(300, DAY + 30, source=Source.PREMIUM), OFFICE_STREAM),
    ]
    assert left(purse(*money_in, entry(5, pay(200)))) == {"cash": 1000, "grant 90": 500, "premium 30": 100}
    assert left(purse(*money_in, entry(5, pay(700)))) == {"cash": 1000, "grant 90": 100, "premium 30": 0}
    assert left(purse(*money_in, entry(5, pay(900)))) == {"cash": 900, "grant 90": 0, "premium 30": 0}


def test_of_two_that_never_run_out_the_older_is_spent_first() -> None:
    found = purse(
        entry(1, charge(1000), "desk01"), entry(1, charge(2000, DAY - 1), "desk02"), entry(3, pay(1500, DAY + 1))
    )
    assert [(lot.id[:6], lot.left) for lot in found.lots] == [("desk02", 500), ("desk01", 1000)]


def test_what_comes_later_is_not_spent_by_what_was_paid_before() -> None:
    """Or a grant of today would be used up at once by the payments of years."""
    found = purse(
        entry(1, charge(3000), "desk01"), entry(2, pay(1000)), entry(1, grant(500, DAY + 9, DAY + 1), OFFICE_STREAM)
    )
    assert left(found) == {"cash": 2000, "grant 9": 500}


def test_a_void_puts_back_into_the_lots_that_were_taken() -> None:
    before = [entry(1, charge(1000), "desk01"), entry(1, grant(300, DAY + 30), OFFICE_STREAM), entry(1, pay(700))]
    assert left(purse(*before)) == {"cash": 600, "grant 30": 0}
    found = purse(*before, entry(2, void(700, of=1)))
    assert left(found) == {"cash": 1000, "grant 30": 300}
    assert [line.parts for line in found.history[2:]] == [
        (("office/9f3c0a1b22d4e5f6/1", -300), ("desk01/9f3c0a1b22d4e5f6/1", -400)),
        (("desk01/9f3c0a1b22d4e5f6/1", 400), ("office/9f3c0a1b22d4e5f6/1", 300)),
    ]


def test_what_is_taken_back_in_parts_lies_where_it_was_and_no_more_than_was_taken() -> None:
    before = [entry(1, charge(1000), "desk01"), entry(1, grant(300, DAY + 30), OFFICE_STREAM), entry(5, pay(700))]
    parts = [entry(seq, void(250, of=5)) for seq in (6, 7, 8)]
    assert left(purse(*before, *parts[:1])) == {"cash": 850, "grant 30": 0}
    assert left(purse(*before, *parts[:2])) == {"cash": 1000, "grant 30": 100}
    assert left(purse(*before, *parts)) == {"cash": 1000, "grant 30": 300, "shop": 50}


def test_a_clock_that_was_set_back_turns_no_void_round() -> None:
    """The unit was started anew in between, and its clock had lost a day."""
    back = Entry("shop01", "04c1d2e3f4a5b697", 2, (DAY - 1) * DAY_MS, void(700, of=1))
    found = purse(entry(1, charge(1000), "desk01"), entry(1, pay(700)), back)
    assert left(found) == {"cash": 1000}


def test_within_one_run_of_a_unit_its_own_order_counts() -> None:
    shop = [entry(seq, pay(1), at=at) for seq, at in ((1, 50), (2, 10), (3, 60))]
    found = in_order(flowing(*shop[::-1], entry(9, charge(1), "desk01", at=55)))
    assert [flow.seq for flow in found] == [1, 2, 9, 3]


def test_what_had_run_out_on_the_day_of_a_payment_comes_last_and_yet_it_comes() -> None:
    before = [entry(1, charge(1000), "desk01"), entry(1, grant(300, DAY), OFFICE_STREAM)]
    assert left(purse(*before, entry(1, pay(100, DAY)))) == {"cash": 1000, "grant 0": 200}, "good on its last day"
    assert left(purse(*before, entry(1, pay(100, DAY + 1)))) == {"cash": 900, "grant 0": 300}
    late = purse(*before, entry(1, pay(1100, DAY + 1)))
    assert left(late) == {"cash": 0, "grant 0": 200}
    assert late.owed == 0


def test_what_runs_out_takes_from_its_own_lot() -> None:
    two = [entry(1, grant(300, DAY), OFFICE_STREAM), entry(2, grant(400, DAY), OFFICE_STREAM)]
    gone = Expired(WHAT, 150, f"{OFFICE_STREAM}/{BOOT}/2", DAY + 1)
    assert [lot.left for lot in purse(*two, entry(3, gone, OFFICE_STREAM)).lots] == [300, 250]


def test_what_runs_out_takes_nothing_that_is_still_good_as_long_as_anything_else_has_run_out() -> None:
    """A payment that arrived since has taken of the lot that was to go."""
    two = [entry(1, grant(300, DAY), OFFICE_STREAM), entry(2, grant(400, DAY), OFFICE_STREAM)]
    good = entry(3, grant(500, DAY + 30), OFFICE_STREAM)
    gone = Expired(WHAT, 350, f"{OFFICE_STREAM}/{BOOT}/1", DAY + 1)
    assert [lot.left for lot in purse(*two, good, entry(4, gone, OFFICE_STREAM)).lots] == [0, 350, 500]


def test_who_forges_a_fact_of_the_office_moves_nothing() -> None:
    for fact in (grant(500), Expired(WHAT, 150, "", DAY)):
        assert OFFICE.moves(entry(1, fact, "shop01")) == ()


def test_a_payment_that_nobody_had_money_for_is_owed_until_money_comes() -> None:
    copied = [entry(1, charge(1000), "desk01"), entry(1, pay(800)), entry(2, pay(800))]
    found = purse(*copied)
    assert (found.owed, found.yen) == (600, -600)
    found = purse(*copied, entry(9, charge(2000, DAY + 1), "desk01"))
    assert (found.owed, [lot.left for lot in found.lots]) == (0, [0, 1400])
    found = purse(*copied, entry(3, void(800, of=2)))
    assert (found.owed, found.yen) == (0, 200)


def test_what_was_set_aside_comes_back_as_the_lots_that_it_was() -> None:
    lost = office(7, -800, "suspense/shop01/1")
    made_good = office(8, 1000, "fund/guarantee")
    before = [entry(1, charge(1000), "desk01"), entry(1, grant(300, DAY + 30), OFFICE_STREAM)]
    there = flowing(*before)
    assert left(fold([*there, lost])[WHAT]) == {"cash": 500, "grant 30": 0}
    assert left(fold([*there, lost, made_good])[WHAT]) == {"cash": 1000, "grant 30": 300, "fund": 200}


def test_money_that_goes_back_in_cash_is_money_that_came_in_cash() -> None:
    refund = office(7, -800, "cash/desk01")
    before = [entry(1, charge(1000), "desk01"), entry(1, grant(300, DAY + 30), OFFICE_STREAM)]
    there = flowing(*before)
    assert left(fold([*there, refund])[WHAT]) == {"cash": 200, "grant 30": 300}


def test_money_that_moves_to_another_card_stays_the_lots_that_it_was() -> None:
    """A holder's renewed card: what came from where, and until when it is good, goes along."""
    to_other = moved(entry(5, grant(1), OFFICE_STREAM), Move(free(WHAT), free(money(OTHER)), 1100))
    before = [entry(1, charge(1000), "desk01"), entry(1, grant(300, DAY + 30), OFFICE_STREAM)]
    there = flowing(*before)
    purses = fold([*there, *to_other])
    assert left(purses[WHAT]) == {"cash": 200, "grant 30": 0}
    assert left(purses[money(OTHER)]) == {"cash": 800, "grant 30": 300}


# ---- in any order

DESK, SHOP = "desk01", "shop01"
YEN = st.integers(1, 3000)
DAYS = st.integers(DAY, DAY + 40)
EXPIRES = st.one_of(st.just(0), st.integers(DAY - 5, DAY + 45))


def facts() -> st.SearchStrategy[tuple[str, Fact]]:
    """Invent what may happen to the card; what a void or an expiry is about may not be there at all."""
    seqs = st.integers(1, 12)
    lots = st.builds(lambda unit, seq: f"{unit}/{BOOT}/{seq}", st.sampled_from([DESK, OFFICE_STREAM]), seqs)
    return st.one_of(
        st.tuples(st.just(DESK), st.builds(charge, YEN, DAYS, EXPIRES)),
        st.tuples(st.just(OFFICE_STREAM), st.builds(grant, YEN, EXPIRES, DAYS)),
        st.tuples(st.sampled_from([SHOP, DESK]), st.builds(pay, YEN, DAYS)),
        st.tuples(st.just(SHOP), st.builds(void, YEN, seqs, DAYS)),
        st.tuples(st.just(OFFICE_STREAM), st.builds(Expired, st.just(WHAT), YEN, lots, DAYS)),
        st.tuples(st.just("to-shop01"), st.builds(Grant, st.just(SHOP), st.just(1), st.just(WHAT), YEN)),
        st.tuples(st.just(DESK), st.builds(Returned, st.just(1), st.just(WHAT), YEN)),
    )


def written(drawn: Sequence[tuple[str, Fact]], jitter: Sequence[int]) -> list[Entry]:
    """Let each writer write what it has, by a clock that goes as it likes."""
    count: dict[str, int] = {}
    entries = []
    for (unit, fact), off in zip(drawn, jitter, strict=True):
        count[unit] = seq = count.get(unit, 0) + 1
        entries.append(entry(seq, fact, unit, at=getattr(fact, "day", DAY) * DAY_MS + off))
    return entries


def _index(connection: sa.Connection, entries: Sequence[Entry]) -> None:
    place = [{"writer": one.unit, "boot": one.boot, "seq": one.seq, "at": one.at} for one in entries]
    if place:
        connection.execute(sa.insert(reconcile.entry), [{**one, "n": 1, "kind": "", "hash": b""} for one in place])


def arrived(entries: Sequence[Entry], cut: int) -> tuple[Purse, int]:
    """Let entries arrive, some today and the others tomorrow; return the purse, and what the ledger says is in it."""
    engine = open_engine("sqlite://")
    with engine.begin() as connection:
        for made in (ledger.metadata, reconcile.metadata, OFFICE.metadata):
            made.create_all(connection)
        for some in (entries[:cut], entries[cut:]):
            _index(connection, some)
            ledger.book(connection, [Booked(one, (*ledger.of_rights(one), *OFFICE.moves(one))) for one in some])
            OFFICE.record(connection, some)
        found = books.purse(connection, WHAT), books.worth(connection, WHAT)
    engine.dispose()
    return found


@settings(max_examples=50, deadline=None)
@given(data=st.data(), drawn=st.lists(facts(), max_size=14))
def test_however_entries_arrive_every_yen_of_the_balance_is_in_one_lot(
    data: st.DataObject, drawn: list[tuple[str, Fact]]
) -> None:
    jitter = data.draw(st.lists(st.integers(-DAY_MS, DAY_MS), min_size=len(drawn), max_size=len(drawn)))
    entries = written(drawn, jitter)
    found, worth = arrived(entries, len(entries))
    other, _ = arrived(data.draw(st.permutations(entries)), data.draw(st.integers(0, len(entries))))
    assert other == found
    assert found.yen == worth
    assert not (found.owed and any(lot.left for lot in found.lots))
    for lot in found.lots:
        touched = sum(yen for line in found.history for of, yen in line.parts if of == lot.id)
        assert 0 <= lot.left <= lot.yen
        assert touched == lot.left or found.owed or _was_owed(found), "the history accounts for every yen of a lot"


def _was_owed(found: Purse) -> bool:
    """Whether something was paid before there was money for it; lots then paid for it later, out of the history."""
    return any(line.flow.yen < 0 and sum(yen for _, yen in line.parts) != line.flow.yen for line in found.history)


def test_a_purse_is_of_one_card_only() -> None:
    assert purse_of(free(WHAT)) == purse_of(held(WHAT, "shop01", 2)) == purse_of(short(free(WHAT))) == WHAT
    for account in ("shop/fish", "cash/desk01", f"points/{CARD}", "fund/grant", f"suspense/shop01/1/{WHAT}"):
        assert purse_of(account) == ""


@pytest.mark.parametrize("expires", [DAY - 1, DAY, DAY + 1])
def test_a_lot_is_good_up_to_and_with_its_last_day(expires: int) -> None:
    (lot,) = purse(entry(1, grant(100, expires), OFFICE_STREAM)).lots
    assert lot.has_run_out(DAY) == (expires < DAY)
