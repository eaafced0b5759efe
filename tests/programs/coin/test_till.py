"""A till's day: what it has taken, its closings by hand and by the clock, and the cash in its drawer."""

from collections.abc import Iterator
from typing import Any, Final

import pytest

from programs.coin.entries import Charge
from programs.coin.rules import CHARGE, PAY, VOID
from programs.coin.terminal import Sheet
from programs.coin.terms import Agreed, Terms
from programs.coin.till.acts import CLOSE, CLOSE_DUE, COUNT_DRAWER, OPEN_DRAWER, SPANS_MAX, due
from programs.coin.till.facts import Closing, DrawerCounted, DrawerOpened, Span, Sums
from programs.coin.till.fold import LINES_KEPT, TILL, Closed, Till
from sync.entries import Entry
from sync.facts import Order, UnitState
from sync.program import DAY_MS, MINUTE_MS, Act, ActError, Moment, Result, Wish, WishError
from tests.programs.coin.street import Street

BOOT: Final = "9f3c0a1b22d4e5f6"
NO_CASH: Final = (0,) * 10
CHANGE: Final = (0, 2, 0, 20, 0, 20, 0, 0, 0, 0)  # 32,000 yen
HOUR_MS: Final = 60 * MINUTE_MS
CLOSE_AT: Final = 22 * 60
AGREED: Final = Agreed(Terms(close_minute=CLOSE_AT))


@pytest.fixture
def street() -> Iterator[Street]:
    """A street in which the resident's 20,000 yen are at the desk and at the fishmonger's, one half each."""
    street = Street()
    street.hold("desk01", Wish(CHARGE, 20_000))
    street.talk("desk01")
    street.centre.centre.granter.recall(street.what, "desk01", 10_000)
    street.talk("desk01")
    street.centre.centre.granter.grant(street.what, "shop01", 10_000)
    street.talk("shop01")
    yield street
    for unit in street.units.values():
        unit.stop()


def do(street: Street, unit: str, act: Act) -> str:
    """Do something behind a counter; return the id of the words that the unit says."""
    return street.units[unit].running.staff.do(act).message


def sheet(street: Street, unit: str) -> Sheet:
    found = street.units[unit].running.staff.sheet().counter
    assert isinstance(found, Sheet)
    return found


def written(street: Street, unit: str, *kinds: type[Any]) -> list[Any]:
    """Return the facts of these kinds in a unit's journal, in order."""
    opened, register = street.units[unit].running.opened, street.centre.centre.town.register
    bodies = [
        row[0]
        for begun in opened.history.boots
        for row in opened.journal.select("SELECT CAST(body AS BLOB) FROM entry WHERE boot = ? ORDER BY seq", begun.boot)
    ]
    return [fact for fact in (register.decode(body).fact for body in bodies) if isinstance(fact, kinds)]


def test_reading_changes_nothing_and_closing_begins_anew(street: Street) -> None:
    for yen in (1280, 800, 300):
        street.hold("shop01", Wish(PAY, yen))
    street.hold("shop01", Wish(VOID, about=street.last))
    taken = Sums(payments=3, paid=2380, voids=1, voided=300)
    assert sheet(street, "shop01").sums == sheet(street, "shop01").sums == taken
    assert do(street, "shop01", Act(CLOSE)) == "COI-050"
    assert sheet(street, "shop01").sums == Sums()
    street.hold("shop01", Wish(PAY, 500))
    assert do(street, "shop01", Act(CLOSE)) == "COI-050"
    first, second = written(street, "shop01", Closing)
    assert (first.number, first.sums, first.is_automatic) == (1, taken, False)
    assert (second.number, second.sums) == (2, Sums(payments=1, paid=500))
    (covered,), (after,) = first.covers, second.covers
    assert (covered.boot, covered.last - covered.first) == (after.boot, 3)
    assert after.first == after.last == covered.last + 2, "between them stands the first closing"


def test_a_closing_covers_what_was_taken_before_the_power_went(street: Street) -> None:
    street.hold("shop01", Wish(PAY, 1280))
    street.units["shop01"].crash()
    street.units["shop01"].start()
    assert street.hold("shop01", Wish(PAY, 800)) == "COI-021", "nobody knows whether it was heard"
    street.hold("shop01", Wish(PAY, 800))
    do(street, "shop01", Act(CLOSE))
    (closing,) = written(street, "shop01", Closing)
    assert closing.sums == Sums(payments=2, paid=2080)
    assert len({span.boot for span in closing.covers}) == 2


def test_nothing_is_closed_once_more_only_if_somebody_means_it(street: Street) -> None:
    street.hold("shop01", Wish(PAY, 1280))
    assert do(street, "shop01", Act(CLOSE)) == "COI-050"
    assert do(street, "shop01", Act(CLOSE)) == "COI-051"
    assert len(written(street, "shop01", Closing)) == 1
    assert do(street, "shop01", Act(CLOSE, is_sure=True)) == "COI-050"
    assert [closing.number for closing in written(street, "shop01", Closing)] == [1, 2]


def test_a_unit_that_serves_nobody_closes_nothing(street: Street) -> None:
    street.hold("shop01", Wish(PAY, 1280))
    unit = street.units["shop01"].running
    unit.hatch.standing.frozen = "the disk was put back in time"
    assert do(street, "shop01", Act(CLOSE)) == "TAP-045"
    unit.hatch.standing.frozen = ""
    street.centre.centre.registrar.say([Order("shop01", 1, UnitState.SUSPENDED, "reported stolen")])
    street.talk("shop01")
    assert do(street, "shop01", Act(CLOSE)) == "TAP-044"
    assert written(street, "shop01", Closing) == []


@pytest.mark.parametrize("what", [OPEN_DRAWER, COUNT_DRAWER, CLOSE_DUE, "", "pay"])
def test_a_shop_does_only_what_it_offers(street: Street, what: str) -> None:
    with pytest.raises(ActError):
        do(street, "shop01", Act(what, CHANGE, is_sure=True))


def test_the_clock_closes_what_nobody_closed_and_says_so_to_the_office(street: Street) -> None:
    street.centre.centre.registrar.say([Terms(close_minute=CLOSE_AT)])
    street.talk("shop01")
    staff = street.units["shop01"].running.staff
    street.hold("shop01", Wish(PAY, 1280))
    assert staff.look_after() is None, "it is not time yet"
    street.clock.advance(24 * 3600)
    assert sheet(street, "shop01").is_late
    street.units["shop01"].running.tap.set(Wish(PAY, 500))
    assert staff.look_after() is None, "somebody is being served"
    street.units["shop01"].running.tap.set(Wish())
    shown = staff.look_after()
    assert shown is not None
    assert shown.message == "COI-052"
    assert staff.look_after() is None
    (closing,) = written(street, "shop01", Closing)
    assert (closing.is_automatic, closing.sums.paid) == (True, 1280)
    assert not sheet(street, "shop01").is_late


def moment(hours: float, day: int = 0) -> Moment:
    """Return a time on a day, whose midnight is at 0."""
    minutes = round(hours * 60)
    return Moment("shop01", "fish", day * DAY_MS + minutes * MINUTE_MS + 17, day, minutes)


def open_since(hours: float, day: int = 0) -> Till:
    return Till(Sums(payments=1), (Span(BOOT, 2, 2),), moment(hours, day).at_ms, day)


def closed_at(hours: float, day: int = 0) -> Till:
    return Till(last=Closed(1, moment(hours, day).at_ms, day, Sums(), is_automatic=False))


@pytest.mark.parametrize(
    ("till", "now", "is_due", "why"),
    [
        (open_since(10), moment(21.9), False, "the day goes on"),
        (open_since(10), moment(22), True, "the hour has come"),
        (open_since(10), moment(9, 1), True, "it was switched off at night"),
        (open_since(23), moment(9, 1), False, "of the evening, for the day that follows"),
        (open_since(10), moment(9, -1), False, "a clock that was set back"),
        (closed_at(18), moment(22), False, "by hand, and nothing since"),
        (closed_at(22.1), moment(22, 1), True, "a day on which nothing was taken"),
        (closed_at(22.1), moment(21.9, 1), False, "its day is not over"),
        (closed_at(9, 1), moment(22, 5), True, "some days without power: one closing"),
        (closed_at(10, 9), moment(22), True, "closed by a clock that ran ahead"),
        (Till(), moment(22), False, "never used"),
    ],
)
def test_when_the_clock_closes(till: Till, now: Moment, is_due: bool, why: str) -> None:
    assert (due(till, AGREED, now) is not None) is is_due, why
    assert due(till, Agreed(), now) is None, "the town has named no hour"


def test_a_unit_that_starts_again_and_again_closes_before_the_list_grows_too_long() -> None:
    covers = tuple(Span(f"{n:016x}", 2, 2) for n in range(SPANS_MAX))
    assert due(Till(covers=covers), Agreed(), moment(10)) == Act(CLOSE_DUE)
    assert due(Till(covers=covers[1:]), Agreed(), moment(10)) is None


def test_the_last_lines_are_kept_newest_first_and_say_what_was_taken_back(street: Street) -> None:
    street.hold("shop01", Wish(PAY, 1280))
    sale = street.last.removeprefix("shop01/")
    street.hold("shop01", Wish(PAY, 800))
    street.hold("shop01", Wish(VOID, about=sale))
    lines = sheet(street, "shop01").lines
    assert [(line.yen, line.is_void) for line in lines] == [(800, False), (1280, True)]
    do(street, "shop01", Act(CLOSE))
    assert all(line.is_closed for line in sheet(street, "shop01").lines), "they can still be taken back today"
    street.clock.advance(24 * 3600)
    assert sheet(street, "shop01").lines == ()


def test_no_more_lines_are_kept_than_somebody_reads() -> None:
    till = Till()
    for seq in range(2, LINES_KEPT + 12):
        till = TILL.fold(till, Entry("desk01", BOOT, seq, 0, Charge(1, "0a" * 16, 1000, "hall", 0, "card")))
    assert (len(till.lines), till.lines[-1].entry) == (LINES_KEPT, f"{BOOT}/{LINES_KEPT + 11}")
    assert till.covers == (Span(BOOT, 2, LINES_KEPT + 11),)


def test_a_payment_is_taken_back_by_its_own_card_only(street: Street) -> None:
    street.hold("shop01", Wish(PAY, 1280))
    sale = street.last
    street.card, mine = street.mint.resident(1), street.card
    assert street.hold("shop01", Wish(VOID, about=sale)) == "COI-045"
    street.card = mine
    assert street.hold("shop01", Wish(VOID, about=sale)) == "COI-043"


def test_what_waits_for_the_centre_is_counted_in_yen(street: Street) -> None:
    assert (sheet(street, "shop01").waiting, sheet(street, "shop01").waiting_yen) == (0, 0)
    street.hold("shop01", Wish(PAY, 1280))
    street.hold("shop01", Wish(PAY, 800))
    assert (sheet(street, "shop01").waiting, sheet(street, "shop01").waiting_yen) == (2, 2080)
    street.talk("shop01")
    assert (sheet(street, "shop01").waiting, sheet(street, "shop01").waiting_yen) == (0, 0)
    street.clock.advance(7)
    assert street.units["shop01"].running.staff.sheet().heard_s == 7


# ---- the desk


def test_a_desks_day_from_its_float_to_its_count(street: Street) -> None:
    assert do(street, "desk01", Act(CLOSE)) == "COI-053", "there is cash to be counted first"
    assert do(street, "desk01", Act(OPEN_DRAWER, CHANGE)) == "COI-064", "20,000 yen of before lie in it"
    before = (2, *NO_CASH[1:])
    assert do(street, "desk01", Act(COUNT_DRAWER, before, is_sure=True)) == "COI-067"
    assert do(street, "desk01", Act(OPEN_DRAWER, CHANGE)) == "COI-063"
    street.hold("desk01", Wish(CHARGE, 3_000))
    street.hold("desk01", Wish(PAY, 500))
    assert sheet(street, "desk01").drawer.expected == 35_000, "a payment in coin is no cash"
    counted = (0, 2, 0, 22, 0, 20, 0, 0, 0, 0)
    assert do(street, "desk01", Act(COUNT_DRAWER, counted)) == "COI-062"
    assert do(street, "desk01", Act(COUNT_DRAWER, counted, is_sure=True)) == "COI-062", "another figure than was shown"
    assert do(street, "desk01", Act(COUNT_DRAWER, counted, -1_000, is_sure=True)) == "COI-066", "why?"
    assert do(street, "desk01", Act(COUNT_DRAWER, counted, -1_000, "because", is_sure=True)) == "COI-066"
    assert len(written(street, "desk01", DrawerCounted)) == 1, "nothing of this was written"
    assert do(street, "desk01", Act(COUNT_DRAWER, counted, -1_000, "change", is_sure=True)) == "COI-067"
    drawer = written(street, "desk01", DrawerCounted)[-1]
    assert (drawer.expected, drawer.difference, drawer.reason) == (35_000, -1_000, "change")
    assert written(street, "desk01", Closing)[-1].number == 2
    assert written(street, "desk01", Closing)[-1].sums == Sums(payments=1, paid=500, charges=1, charged=3_000)
    assert do(street, "desk01", Act(COUNT_DRAWER, NO_CASH)) == "COI-065"


@pytest.mark.parametrize("counts", [(), NO_CASH[1:], (*NO_CASH[1:], -1), (*NO_CASH[1:], 10_000)])
def test_a_count_that_is_none_is_asked_for_again(street: Street, counts: tuple[int, ...]) -> None:
    assert do(street, "desk01", Act(OPEN_DRAWER, counts)) == "COI-060"
    assert do(street, "desk01", Act(COUNT_DRAWER, counts, is_sure=True)) == "COI-060"
    assert written(street, "desk01", DrawerOpened, DrawerCounted) == []


def test_the_clock_closes_a_desks_sums_and_leaves_its_cash_to_be_counted(street: Street) -> None:
    street.centre.centre.registrar.say([Terms(close_minute=CLOSE_AT)])
    street.talk("desk01")
    street.clock.advance(24 * 3600)
    assert street.units["desk01"].running.staff.look_after() is not None
    assert sheet(street, "desk01").drawer.expected == 20_000
    assert do(street, "desk01", Act(COUNT_DRAWER, (2, *NO_CASH[1:]), is_sure=True)) == "COI-067"


def test_a_charge_is_for_the_card_that_was_held_first(street: Street) -> None:
    tap = street.units["desk01"].running.tap
    assert street.hold("desk01", Wish()) == "COI-001"
    hanako, taro = street.card, street.mint.resident(1)
    street.card = taro
    assert street.hold("desk01", Wish(CHARGE, 3_000, is_for_same=True)) == "COI-034"
    street.units["desk01"].tap(hanako)
    assert street.units["desk01"].shown[-1].message == "COI-031", "the counter was still set"
    assert [charge.yen for charge in written(street, "desk01", Charge)] == [20_000, 3_000]
    with pytest.raises(WishError):
        tap.set(Wish(CHARGE, 3_000, is_for_same=True))
    street.hold("desk01", Wish())
    street.clock.advance(91)
    with pytest.raises(WishError):
        tap.set(Wish(CHARGE, 3_000, is_for_same=True))


def test_a_charge_is_undone_as_long_as_its_money_is_here(street: Street) -> None:
    street.hold("desk01", Wish(CHARGE, 5_000))
    charge = street.last
    assert street.rights("desk01") == 15_000
    assert street.hold("desk01", Wish(VOID, about=charge)) == "COI-047"
    assert street.hold("desk01", Wish(VOID, about=charge)) == "COI-041"
    assert (street.rights("desk01"), sheet(street, "desk01").drawer.taken) == (10_000, 20_000)
    first = sheet(street, "desk01").lines[-1]
    assert first.yen == 20_000
    assert street.hold("desk01", Wish(VOID, about=first.entry)) == "COI-046", "one half of it is at the fishmonger's"
    street.talk("desk01")
    assert street.balance("cash/desk01") == -20_000
    street.clock.advance(24 * 3600)
    assert street.hold("desk01", Wish(VOID, about=charge)) == "COI-041"
    assert street.hold("desk01", Wish(VOID, about=first.entry)) == "COI-042"


def test_what_a_page_needs_to_go_on_with_is_said_with_the_words(street: Street) -> None:
    shown = street.units["shop01"].running
    shown.tap.set(Wish(PAY, 12_000))
    said = street.units["shop01"].tap(street.card)
    assert said is not None
    assert (said.result, said.message) == (Result.REFUSED, "COI-011")
    assert said.values == {"yen": 12_000, "rights": 10_000}
