"""Shops are paid for what was entered, each yen once: whatever is late, cut off, sent back or put back in time."""

import random
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from central import shelves
from central.centre import Centre
from central.store import reading
from drivers.clock.sim import Driver as Clock
from programs.coin.entries import Pay, Void
from programs.coin.settlement import bank, marking, tables
from programs.coin.settlement.accounts import BANK
from programs.coin.settlement.calendar import closing_after, day_of, iso
from programs.coin.settlement.counted import UNCOUNTED
from programs.coin.settlement.facts import Batch, Counted, Settled, State, Transfer, TransferBack
from programs.coin.settlement.plan import Why
from programs.coin.settlement.settle import SettleError, Wanted, batch, settle, shop_holds
from programs.coin.settlement.statement import Part
from programs.coin.zengin import reading as zengin
from simulation.cards import Mint
from simulation.centre import CentreCutError, name_place
from simulation.road import Road, Weather
from simulation.unit import SimUnit
from sync.messages import OFFICE_STREAM
from sync.segment import Segment, pack, to_text
from tests.central.beside import beside
from tests.central.street import CARD, DECEMBER, FISH, NOVEMBER, SETTLING, TOWN, Street, in_memory


@pytest.fixture
def url(shared_url: str) -> str:
    return shared_url


@pytest.fixture
def both(centre: Centre, clock: Clock) -> Street:
    """A street over each kind of database, for what hangs on it; elsewhere one in memory will do."""
    name_place(centre, "fish")
    name_place(centre, "bakery")
    return Street(centre, clock)


@pytest.fixture
def street() -> Street:
    return in_memory()[1]


def test_a_shop_is_paid_for_a_period_and_told_why(both: Street) -> None:
    both.sold("fish", 1280, 2500)
    last = both.sold("fish", 700)
    both.takes_back("fish", 700, last)
    both.on("2026-12-01")
    both.sold("fish", 4000, day=day_of("2026-12-01"))
    made = both.settle()
    (sent,) = made.book.transfers
    assert (sent.place, sent.yen, iso(made.book.said.pay_on)) == ("fish", 3780, "2026-12-15")
    assert (both.balance("shop/fish"), both.balance(BANK)) == (4000, 3780)
    told = both.statement("fish", 1)
    assert told.parts["payments"] == Part(3, 4480)
    assert told.parts["voids"] == Part(1, -700)
    assert (told.opening, told.paid, told.closing, told.late) == (0, 3780, 0, Part())
    now = both.statement("fish")
    assert (now.parts["payments"], now.closing) == (Part(1, 4000), 4000)


def test_the_file_says_what_the_books_say_and_is_written_again_byte_for_byte(street: Street) -> None:
    street.sold("fish", 3780)
    street.on("2026-12-01")
    made = street.settle()
    file = bank.again(made.book)
    read = zengin.read(file)
    (transfer,) = read.transfers
    assert (read.payer.name, transfer.name, transfer.yen) == ("ﾄｳﾀﾞｲﾁﾖｳ", "ｻｶﾅﾔ", 3780)
    assert (read.date.month, read.date.day, transfer.account.number) == (12, 15, "7654321")
    street.say(bank.shop("fish", "ホカノヒト", bank.account("0009", "001", "1", "1111111")))
    assert bank.again(batch(street.centre, 1)) == file, "what the office says later changes no batch"


def test_twice_for_one_period_pays_nobody_twice(street: Street) -> None:
    street.sold("fish", 3780)
    street.on("2026-12-01")
    street.settle()
    with pytest.raises(SettleError, match="everything up to 2026-11-30 is settled by batch 1"):
        street.settle()
    assert street.balance(BANK) == 3780


def test_two_treasurers_at_one_moment_pay_once(both: Street, url: str) -> None:
    both.sold("fish", 3780)
    both.on("2026-12-01")

    def tries(centre: Centre) -> int:
        try:
            return settle(centre, SETTLING, Wanted(NOVEMBER)).book.number
        except SettleError:
            return 0

    with beside(both.centre, url) as other, ThreadPoolExecutor(2) as threads:
        jobs = [threads.submit(tries, one) for one in (both.centre, other)]
        assert sorted(job.result(60) for job in jobs) == [0, 1]
    assert both.balance(BANK) == 3780


def test_what_comes_late_is_paid_next_time_and_named(both: Street) -> None:
    both.sold("fish", 1280)
    late = both.sells("fish", 2500, day=day_of("2026-11-29"))
    both.on("2026-12-01")
    both.settle()
    first = both.statement("fish", 1)
    both.deliver(late)
    both.sold("fish", 900, day=day_of("2026-12-03"))
    both.on("2026-12-16")
    both.sold("fish", 5000, day=day_of("2026-12-16"))
    assert both.settle(DECEMBER).book.transfers[0].yen == 3400
    told = both.statement("fish", 2)
    assert (told.late, told.parts["payments"]) == (Part(1, 2500), Part(1, 900))
    assert [(iso(line.day), line.yen) for line in told.lines if line.is_late] == [("2026-11-29", 2500)]
    assert both.statement("fish", 1) == first, "what was settled stays as it was told"


def test_less_than_the_minimum_waits(street: Street) -> None:
    street.sold("fish", 400)
    street.on("2026-12-01")
    made = street.settle()
    assert [(due.place, due.owed, due.why) for due in made.dues] == [("fish", 400, Why.MINIMUM)]
    assert (made.book.transfers, made.book.said.file) == ((), "")
    assert street.statement("fish", 1).closing == 400
    street.sold("fish", 600, day=day_of("2026-12-02"))
    street.on("2026-12-16")
    assert street.settle(DECEMBER).book.transfers[0].yen == 1000
    told = street.statement("fish", 2)
    assert (told.opening, told.parts["payments"].yen, told.late, told.closing) == (400, 600, Part(), 0)


def test_a_shop_without_an_account_waits_and_the_others_do_not(street: Street) -> None:
    street.sold("fish", 3000)
    street.sold("bakery", 2000)
    street.on("2026-12-01")
    made = street.settle()
    assert [sent.place for sent in made.book.transfers] == ["fish"]
    assert [(due.place, due.owed, due.why) for due in made.dues if due.why] == [("bakery", 2000, Why.NO_ACCOUNT)]
    street.say(bank.shop("bakery", "パンヤ", FISH))
    street.on("2026-12-16")
    assert [(sent.place, sent.yen) for sent in street.settle(DECEMBER).book.transfers] == [("bakery", 2000)]


def test_what_bounced_is_owed_again_and_paid_with_the_next(street: Street) -> None:
    street.sold("fish", 3000)
    street.on("2026-12-01")
    street.settle()
    with pytest.raises(SettleError, match="nothing of it was sent"):
        marking.bounce(street.centre, 1, "fish", "口座なし")
    assert marking.mark(street.centre, 1, State.SENT).state is State.SENT
    marking.mark(street.centre, 1, State.SENT)  # once more changes nothing
    with pytest.raises(SettleError, match="pays nothing to bakery"):
        marking.bounce(street.centre, 1, "bakery", "口座なし")
    marking.mark(street.centre, 1, State.ACCEPTED)
    marking.bounce(street.centre, 1, "fish", "口座なし")
    with pytest.raises(SettleError, match="has come back already"):
        marking.bounce(street.centre, 1, "fish", "口座なし")
    assert (street.owed("fish"), street.balance(BANK)) == (3000, 0)
    assert street.statement("fish", 1).bounced == "口座なし"
    street.on("2026-12-16")
    assert street.settle(DECEMBER).book.transfers[0].yen == 3000
    told = street.statement("fish", 2)
    assert (told.opening, told.returned, told.paid, told.closing) == (0, 3000, 3000, 0)


def test_a_batch_is_void_before_it_was_sent_and_its_shops_are_paid_by_another(both: Street) -> None:
    both.sold("fish", 3000)
    both.on("2026-12-01")
    both.settle()
    marking.mark(both.centre, 1, State.VOID, "another account")
    assert both.owed("fish") == 3000
    again = both.settle().book
    assert (again.number, again.transfers[0].yen) == (2, 3000)
    told = both.statement("fish", 2)
    assert (told.opening, told.parts["payments"], told.returned, told.paid) == (0, Part(1, 3000), 0, 3000)
    marking.mark(both.centre, 2, State.SENT)
    with pytest.raises(SettleError, match="batch 2 cannot be void now: it is sent"):
        marking.mark(both.centre, 2, State.VOID, "too late")


def test_only_the_last_batch_can_be_made_void(street: Street) -> None:
    street.sold("fish", 3000)
    street.on("2026-12-16")
    street.settle(NOVEMBER, pay_on=day_of("2026-12-17"))
    street.settle(DECEMBER)
    with pytest.raises(SettleError, match="not the last"):
        marking.mark(street.centre, 1, State.VOID, "no")


def test_what_was_taken_back_after_the_period_is_not_paid_first(street: Street) -> None:
    last = street.sold("fish", 3000)
    street.on("2026-12-01")
    street.takes_back("fish", 3000, last, day=day_of("2026-12-01"))
    made = street.settle()
    assert [(due.owed, due.pays, due.why) for due in made.dues] == [(3000, 0, Why.NOTHING)]
    assert street.statement("fish", 1).closing == 3000
    assert street.statement("fish").closing == 0


def test_a_unit_whose_clock_is_years_ahead_does_not_keep_its_shop_waiting(street: Street) -> None:
    street.sold("fish", 3000, day=day_of("2099-01-01"))
    street.sold("fish", 500, day=10**12)
    street.on("2026-12-01")
    assert street.settle().book.transfers[0].yen == 3500


@pytest.mark.parametrize(
    ("date", "upto", "more", "why"),
    [
        ("2026-12-01", "2026-11-29", {}, "no period ends on 2026-11-29; 2026-11-15 and 2026-11-30"),
        ("2026-11-30", "2026-11-30", {}, "2026-11-30 is not over"),
        ("2026-12-15", "2026-11-30", {}, "the pay day 2026-12-15 has come or is over"),
        ("2026-12-01", "2026-11-30", {"pay_on": day_of("2026-12-12")}, "banks are closed on 2026-12-12"),
    ],
)
def test_a_day_on_which_nobody_can_be_paid_is_refused(
    street: Street, date: str, upto: str, more: dict[str, int], why: str
) -> None:
    street.sold("fish", 3000)
    street.on(date)
    with pytest.raises(SettleError, match=why):
        street.settle(day_of(upto), **more)
    assert street.balance(BANK) == 0


def test_while_the_books_lack_something_a_person_has_to_say_why(street: Street) -> None:
    street.sold("fish", 1_000_000, 5_000)
    street.on("2026-12-01")
    with pytest.raises(SettleError, match=f"more was spent than there was: short/coin/{CARD}/at/fish01/1 .5000 yen"):
        street.settle()
    assert street.settle(although="the fund pays").book.said.although == "the fund pays"


def test_what_a_unit_says_of_batches_moves_nothing(street: Street) -> None:
    payer = bank.payer("1234567890", "ワルイヒト", TOWN)
    pen = street.pens["fish"]
    street.sold("bakery", 2000)
    bakery = f"bakery01/{street.pens['bakery'].boot}/1-99"
    street.deliver(
        pen.write(
            *(payer, bank.shop("fish", "ワルイヒト", TOWN), Batch(1, NOVEMBER, NOVEMBER, payer, 1, 900, "")),
            *(Transfer(1, "fish", 900, "ﾜﾙｲﾋﾄ", TOWN), TransferBack(1, "fish", 900, "more")),
            *(Counted(7, "bakery", (bakery,)), Settled(9, NOVEMBER, NOVEMBER)),
        )
    )
    assert (street.balance(BANK), street.owed("fish")) == (0, 0)
    with street.centre.reconciler.counted() as connection:
        books = tables.office_books(connection)
    assert (books.batches, books.announced) == ({}, 0)
    street.say(bank.shop("bakery", "パンヤ", FISH))
    street.on("2026-12-01")
    assert [(sent.place, sent.yen) for sent in street.settle().book.transfers] == [("bakery", 2000)]
    assert street.statement("bakery", 1).parts["payments"] == Part(1, 2000)
    assert (books.payer.name if books.payer else "", books.shops["fish"].name) == ("ﾄｳﾀﾞｲﾁﾖｳ", "ｻｶﾅﾔ")


def test_thrown_away_and_added_up_again_it_is_the_same(both: Street) -> None:
    both.sold("fish", 1280, 2500)
    both.on("2026-12-01")
    both.settle()
    marking.mark(both.centre, 1, State.SENT)
    marking.bounce(both.centre, 1, "fish", "口座なし")
    reconciler = both.centre.reconciler
    reconciler.catch_up()
    before, told = reconciler.digest(), both.statement("fish", 1)
    assert {"coin_shop_line", "coin_shop_run", "coin_settlement"} <= set(before)
    reconciler.wipe()
    reconciler.catch_up(segments=1)
    assert reconciler.digest() == before
    assert both.statement("fish", 1) == told


def test_of_bank_accounts_no_unit_hears(street: Street) -> None:
    street.sold("fish", 3000)
    street.on("2026-12-01")
    street.settle()
    with reading(street.centre.engine) as connection:
        for writer in ("town", "to-fish01"):
            for segment in shelves.take(connection, writer, [], shelves.EVERYTHING):
                assert FISH.number not in to_text(segment).decode()


def test_wherever_the_centre_dies_a_batch_is_whole_or_not_there() -> None:
    reached = 0
    for statements in range(1, 200, 3):
        sim, street = in_memory()
        street.sold("fish", 3000)
        street.on("2026-12-01")
        sim.cut_after(statements)
        try:
            street.settle()
        except CentreCutError:
            reached += 1
        else:
            break
        finally:
            sim.cut_after(None)
        sim.restart()
        street.centre = sim.centre
        try:
            street.settle()
        except SettleError as error:
            assert "settled by batch 1" in str(error)  # noqa: PT017 - either is right, by where it died
        assert bank.again(batch(sim.centre, 1))
        assert street.balance(BANK) == 3000
    assert 10 < reached < 60, "it was cut here and there, and then not at all"


def test_a_batch_that_was_made_twice_because_nobody_knew_of_the_first_is_seen_in_the_books() -> None:
    """The disk died before any unit was in contact, and the file came to light only later."""
    sim, street = in_memory()
    street.sold("fish", 3000)
    street.on("2026-12-01")
    sim.back_up()
    sim.restart()
    street.centre = sim.centre
    street.settle()
    with reading(sim.centre.engine) as connection:
        kept = list(shelves.take(connection, OFFICE_STREAM, [], shelves.EVERYTHING))
    sim.restore()
    street.centre = sim.centre
    for pen in street.pens.values():
        sim.centre.enroller.close(pen.unit, "gone")
    street.settle()
    for segment in kept:
        sim.centre.intake.carry_in(pack(to_text(segment)))
    assert street.balance(BANK) == 6000
    assert street.owed("fish") == -3000, "what it got too much is kept back from what comes"


def test_a_restored_centre_pays_nobody_before_it_has_heard_all_and_got_its_batches_back() -> None:
    sim, street = in_memory()
    unit = SimUnit(sim.centre, "hall01", "hall", street.clock, Mint("settle").trust(), "settle")
    road = Road(sim, unit.peer, Weather(), random.Random(1))  # noqa: S311 - a good road throws no dice
    street.sold("fish", 3000)
    street.on("2026-12-01")
    unit.sync(road)
    sim.back_up()
    sim.restart()
    street.centre = sim.centre
    street.settle()
    unit.sync(road)
    with reading(sim.centre.engine) as connection:
        kept = list(shelves.take(connection, OFFICE_STREAM, [], shelves.EVERYTHING))
    sim.restore()
    street.centre = sim.centre
    with pytest.raises(SettleError, match="bakery01, fish01, hall01 has not been heard"):
        street.settle()
    for pen in street.pens.values():
        sim.centre.enroller.close(pen.unit, "gone")
    for _ in range(3):
        unit.sync(road)
    with pytest.raises(SettleError, match="has lost batch 1, which may be paid already"):
        street.settle()
    for segment in kept:
        sim.centre.intake.carry_in(pack(to_text(segment)))
    with pytest.raises(SettleError, match="settled by batch 1"):
        street.settle()
    assert street.balance(BANK) == 3000
    unit.stop()


PLACES = st.sampled_from(["fish", "bakery"])
DEEDS = st.one_of(
    st.tuples(st.just("sells"), PLACES, st.integers(1, 5000), st.integers(-3, 2)),
    st.tuples(st.just("takes back"), PLACES, st.integers(0, 5), st.integers(-3, 2)),
    st.tuples(st.just("delivers"), PLACES, st.just(0), st.just(0)),
    st.tuples(st.just("settle"), PLACES, st.integers(0, 3), st.just(0)),
)


class Year:
    """Shops that sell, take back and deliver when they like, and a treasurer whom all sorts of things happen to.

    Attributes:
        due: what each shop is to get, by everything that it has delivered.
    """

    def __init__(self) -> None:
        self.sim, self.street = in_memory()
        self.street.say(bank.shop("bakery", "パンヤ", FISH))
        self.waiting: dict[str, list[Segment]] = {"fish": [], "bakery": []}
        self.sales: dict[str, list[tuple[int, str]]] = {"fish": [], "bakery": []}
        self.due = {"fish": 0, "bakery": 0}
        self.upto = NOVEMBER

    def do(self, what: str, place: str, number: int, off: int) -> None:
        day = self.street.clock.wall_ms() // 86_400_000 + off
        match what:
            case "sells":
                segment = self.street.sells(place, number, day=day)
                self.waiting[place].append(segment)
                self.sales[place].append((number, f"{segment.boot}/{segment.first}"))
            case "takes back" if self.sales[place]:
                yen, of = self.sales[place].pop(number % len(self.sales[place]))
                self.waiting[place].append(self.street.pens[place].write(Void(1, CARD, yen, place, day, of)))
            case "delivers":
                self.deliver(place)
            case "settle":
                self.settle(number)

    def deliver(self, place: str) -> None:
        for segment in self.waiting[place]:
            self.street.deliver(segment)
            for body in segment.bodies:
                fact = self.sim.centre.town.register.decode(body).fact
                assert isinstance(fact, Pay | Void)
                self.due[place] += fact.yen if isinstance(fact, Pay) else -fact.yen
        self.waiting[place] = []

    def settle(self, then: int) -> None:
        """Settle a period; then one bounces (0), the batch is void (1), or nothing happens."""
        self.street.on(iso(self.upto + 1))
        made = self.street.settle(self.upto).book
        if then == 1:
            marking.mark(self.sim.centre, made.number, State.VOID, "no")
            return
        self.upto = closing_after(SETTLING, self.upto)
        if then == 0:
            marking.mark(self.sim.centre, made.number, State.SENT)
            for sent in made.transfers[:1]:
                marking.bounce(self.sim.centre, made.number, sent.place, "no")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(deeds=st.lists(DEEDS, min_size=4, max_size=30))
def test_whatever_is_paid_out_and_still_owed_is_what_was_paid_less_what_was_taken_back(
    deeds: list[tuple[str, str, int, int]],
) -> None:
    year = Year()
    for deed in [*deeds, ("delivers", "fish", 0, 0), ("delivers", "bakery", 0, 0)]:
        year.do(*deed)
    with year.sim.centre.reconciler.counted() as connection:
        books = tables.office_books(connection)
        owed = {place: shop_holds(connection, place) for place in year.due}
    for place, due in year.due.items():
        sent = [sent for book in books.batches.values() for sent in book.transfers if sent.place == place]
        assert sum(one.yen for one in sent if one.back is None) + owed[place] == due
        closing = 0
        for number in [*(book.number for book in books.standing), UNCOUNTED]:
            told = year.street.statement(place, number)
            added = sum(part.yen for part in told.parts.values()) + told.late.yen
            assert told.opening == closing
            assert told.closing == told.opening + added + told.returned - told.paid
            assert sum(line.yen for line in told.lines) == added
            assert not told.paid or told.closing >= 0, "nobody gets more than was counted"
            closing = told.closing
        assert closing == owed[place]
    assert year.street.balance(BANK) == sum(book.paid_yen for book in books.batches.values())
