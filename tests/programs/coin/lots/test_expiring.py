"""What has run out goes, and nobody's money goes because a unit had no network."""

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from central import shelves, store
from central.history import begin_history
from programs.coin.entries import Pay, money
from programs.coin.lots.expiring import Holding, Outcome, TooEarlyError, expire, plan
from programs.coin.lots.facts import Given, Source
from programs.coin.lots.fold import EXPIRED, Lot, Purse
from programs.coin.lots.giving import give
from programs.coin.lots.statement import AtUnit
from sync.program import DAY_MS
from sync.rights import Recall, Returned
from sync.segment import Segment
from tests.programs.coin.lots.conftest import Hall, open_hall

DAY_S = DAY_MS / 1000
OTHER = money("0b" * 16)


def grant(hall: Hall, yen: int, days: int) -> None:
    """Give money that is good for so many days more."""
    give(hall.centre, [Given(hall.card, yen, Source.GRANT, "grant", "test", 0, hall.today + days)])


def at_shop(hall: Hall, yen: int) -> None:
    """Let the shop be heard, and then hold so much."""
    be_heard(hall, "shop01")
    hall.centre.granter.grant(hall.what, "shop01", yen)


def be_heard(hall: Hall, unit: str) -> None:
    """Let a unit bring something that has nothing to do with this card."""
    hall.write(unit, Returned(1, OTHER, 1))


def asked_of(hall: Hall, unit: str) -> list[int]:
    register = hall.centre.town.register
    with hall.centre.engine.begin() as connection:
        segments = list(shelves.take(connection, f"to-{unit}", [], shelves.EVERYTHING))
    facts = [entry.fact for segment in segments for entry in segment.entries(register)]
    return [fact.amount for fact in facts if isinstance(fact, Recall)]


def test_what_has_run_out_and_is_free_goes_once(hall: Hall) -> None:
    hall.charge(1000)
    grant(hall, 500, 1)
    hall.clock.advance(DAY_S)
    assert expire(hall.centre, hall.today) == Outcome(), "it is good on its last day"
    hall.clock.advance(DAY_S)
    assert expire(hall.centre, hall.today) == Outcome(0, 0, 500, 500), "the desk may have been paid in time"
    be_heard(hall, "desk01")
    assert expire(hall.centre, hall.today) == Outcome(1, 500, 0, 0)
    assert hall.left == {"cash": 1000, "grant": 0}
    assert hall.balance(EXPIRED) == 500
    assert expire(hall.centre, hall.today) == Outcome()
    before = hall.centre.reconciler.digest()
    hall.centre.reconciler.wipe()
    hall.centre.reconciler.catch_up()
    assert hall.centre.reconciler.digest() == before


def test_what_lies_at_a_unit_is_asked_for_once_and_goes_when_it_comes_back(hall: Hall) -> None:
    grant(hall, 1000, 1)
    at_shop(hall, 600)
    hall.clock.advance(2 * DAY_S)
    assert expire(hall.centre, hall.today) == Outcome(1, 400, 600, 600)
    assert expire(hall.centre, hall.today) == Outcome(waiting_yen=600)
    assert asked_of(hall, "shop01") == [600], "not once more before it was heard"
    hall.write("shop01", Returned(1, hall.what, 600))
    assert expire(hall.centre, hall.today) == Outcome(1, 600, 0, 0)
    assert hall.left == {"grant": 0}


def test_a_payment_of_the_last_day_counts_however_late_it_arrives(hall: Hall) -> None:
    hall.charge(1000)
    grant(hall, 1000, 1)
    at_shop(hall, 600)
    last_day = hall.today + 1
    hall.clock.advance(9 * DAY_S)
    be_heard(hall, "desk01")
    assert expire(hall.centre, hall.today).expired_yen == 400
    hall.pay(600, "shop01", day=last_day)
    assert expire(hall.centre, hall.today) == Outcome()
    assert hall.left == {"cash": 1000, "grant": 0}, "nothing of the money that is good for ever"


def test_a_payment_after_the_last_day_takes_what_is_still_good(hall: Hall) -> None:
    hall.charge(1000, "shop01")
    grant(hall, 1000, 1)
    hall.clock.advance(9 * DAY_S)
    hall.pay(600, "shop01")
    assert expire(hall.centre, hall.today).expired_yen == 1000
    assert hall.left == {"cash": 400, "grant": 0}


def test_a_unit_that_was_heard_since_keeps_nothing_waiting(hall: Hall) -> None:
    """Somebody charges cash at the shop every day; that it holds some does not keep his grant alive."""
    grant(hall, 1000, 1)
    hall.clock.advance(2 * DAY_S)
    hall.charge(3000, "shop01")
    assert expire(hall.centre, hall.today) == Outcome(1, 1000, 0, 0)
    assert hall.left == {"cash": 3000, "grant": 0}


def test_a_closed_unit_is_not_asked_and_what_it_held_waits(hall: Hall) -> None:
    grant(hall, 1000, 1)
    at_shop(hall, 600)
    hall.centre.enroller.close("shop01", "lost")
    hall.clock.advance(2 * DAY_S)
    assert expire(hall.centre, hall.today) == Outcome(1, 400, 0, 600)
    assert asked_of(hall, "shop01") == []


def test_nothing_runs_out_before_its_time_or_before_a_restored_centre_has_heard_everybody(hall: Hall) -> None:
    hall.charge(1000)
    grant(hall, 500, 1)
    with pytest.raises(TooEarlyError, match="still to come"):
        expire(hall.centre, hall.today + 2)
    hall.clock.advance(2 * DAY_S)
    begin_history(hall.centre.engine, hall.centre.town.entropy)
    with hall.centre.engine.begin() as connection:
        assert connection.execute(sa.select(store.unit.c.unheard)).scalars().all() == [1]
    with pytest.raises(TooEarlyError, match="desk01 has not been heard since"):
        expire(hall.centre, hall.today)
    assert hall.left == {"cash": 1000, "grant": 500}


@pytest.mark.parametrize(("heard", "going"), [(19, 300), (20, 300), (21, 900)])
def test_a_unit_must_have_been_heard_after_the_last_day(heard: int, going: int) -> None:
    purse = Purse((Lot("a", "grant", 0, 20, 900, 900), Lot("b", "cash", 0, 0, 600, 600)))
    found = plan("coin/x", purse, 22, 900, [Holding(AtUnit("shop01", 1, 600), heard, answers=True, is_asked=False)])
    assert [fact.yen for fact in found.expired] == [going]
    assert [recall.amount for recall in found.recalls] == [600] * (going < 900)


# ---- any purse, whoever holds whatever


def holdings() -> st.SearchStrategy[list[Holding]]:
    one = st.builds(
        lambda yen, heard, answers, is_asked: (yen, heard if answers else 0, answers, is_asked),
        *(st.integers(1, 900), st.integers(0, 60), st.booleans(), st.booleans()),
    )
    return st.lists(one, max_size=4).map(
        lambda drawn: [Holding(AtUnit(f"unit{at}", 1, yen), *rest) for at, (yen, *rest) in enumerate(drawn)]
    )


@given(
    drawn=st.lists(st.tuples(st.integers(0, 60), st.integers(0, 900)), max_size=6),
    holdings=holdings(),
    day=st.integers(1, 60),
)
def test_no_more_goes_than_has_run_out_and_can_have_been_spent_by_nobody(
    drawn: list[tuple[int, int]], holdings: list[Holding], day: int
) -> None:
    lots = tuple(Lot(str(at), "grant", 0, expires, 900, left) for at, (expires, left) in enumerate(drawn))
    held = sum(holding.at.yen for holding in holdings)
    free = max(0, sum(lot.left for lot in lots) - held)
    found = plan("coin/x", Purse(lots), day, free, holdings)
    late = {lot.id: lot for lot in lots if lot.has_run_out(day)}
    going = sum(fact.yen for fact in found.expired)
    assert going <= free
    assert going + found.waiting == sum(lot.left for lot in late.values())
    assert all(fact.yen <= late[fact.of].left for fact in found.expired)
    if holdings and all(holding.heard == 0 for holding in holdings):
        assert going <= max(0, sum(lot.left for lot in late.values()) - held)
    if not holdings:
        assert found.waiting == 0 or free < sum(lot.left for lot in late.values())
    asked = {recall.of: recall.amount for recall in found.recalls}
    for holding in holdings:
        assert asked.get(holding.at.unit, 0) <= holding.at.yen * (holding.answers and not holding.is_asked)
    assert sum(asked.values()) <= found.waiting


def played(lots: list[tuple[int, int]], held: int, pays: list[tuple[int, int]], *, is_offline: bool) -> list[int]:
    """Let a shop be paid now and then while lots run out; return what is left of each lot in the end.

    Args:
        lots: amounts, and for how many days they are good; 0: for ever.
        pays: on which day how much is paid, if the shop still may give out so much.
    """
    hall = open_hall()
    for yen, days in lots:
        give(hall.centre, [Given(hall.card, yen, Source.GRANT, "grant", "test", 0, days and hall.today + days)])
    at_shop(hall, left := min(held, sum(yen for yen, _ in lots)))
    waiting: list[Segment] = []
    for day in range(10):
        for yen in (min(yen, left) for on, yen in pays if on == day):
            left -= yen
            if yen:
                waiting.append(hall.sealed("shop01", Pay(1, hall.card, yen, "fish", hall.today, "card")))
        if not is_offline:
            waiting.append(hall.sealed("shop01", Returned(1, OTHER, 1)))
            deliver(hall, waiting)
        hall.clock.advance(DAY_S)
        expire(hall.centre, hall.today)
    deliver(hall, waiting)
    if left:
        hall.write("shop01", Returned(1, hall.what, left))
    expire(hall.centre, hall.today)
    found = [lot.left for lot in hall.purse.lots]
    hall.centre.engine.dispose()
    return found


def deliver(hall: Hall, waiting: list[Segment]) -> None:
    for segment in waiting:
        hall.pens["shop01"].send(segment)
    waiting.clear()


@settings(max_examples=6, deadline=None)
@given(
    lots=st.lists(st.tuples(st.integers(1, 900), st.integers(0, 6)), min_size=1, max_size=4),
    held=st.integers(1, 900),
    pays=st.lists(st.tuples(st.integers(0, 8), st.integers(1, 400)), max_size=4),
)
def test_it_makes_no_difference_how_late_a_shop_is_heard(
    lots: list[tuple[int, int]], held: int, pays: list[tuple[int, int]]
) -> None:
    online, offline = (played(lots, held, pays, is_offline=is_offline) for is_offline in (False, True))
    assert online == offline
    assert all(not left for (_, days), left in zip(lots, online, strict=True) if days), "it has all run out"
