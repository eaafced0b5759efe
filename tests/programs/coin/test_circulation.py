"""How coin goes round: figures that a child could count, and that fit the books to the yen."""

import sqlalchemy as sa

from central import ledger
from programs.coin.lots.expiring import expire
from programs.coin.lots.facts import Given, Source
from programs.coin.lots.giving import give
from programs.coin.procedures.circulation import EXPLAINED, Month, months
from programs.coin.procedures.trading import pay
from programs.coin.settlement import bank, marking
from programs.coin.settlement.calendar import day_of
from programs.coin.settlement.facts import LocalBanks, State
from tests.central.street import FISH, NOVEMBER, Street, in_memory

OUTSIDE = bank.account("0009", "001", "1", "1111111")


def read(street: Street) -> list[Month]:
    with street.centre.reconciler.counted() as connection:
        found = months(connection)
        account = ledger.account.c
        held = sa.or_(*(account.name.startswith(kind) for kind in ("coin/", "shop/", "short/coin/", "short/shop/")))
        there = connection.execute(sa.select(sa.func.sum(account.balance)).where(held)).scalar_one()
    assert found[-1].circulating == there, "what circulates is what cards and shops hold"
    return found


def test_a_quarter_counted_by_hand() -> None:
    street = in_memory()[1]
    street.say(bank.shop("bakery", "パンヤ", OUTSIDE), LocalBanks((f"{FISH.bank}-{FISH.branch}",)))
    last = street.sold("fish", 30_000, 10_000)
    street.takes_back("fish", 30_000, last)
    street.sold("bakery", 20_000)
    street.on("2026-12-01")
    street.settle(NOVEMBER)
    marking.mark(street.centre, 1, State.SENT)
    marking.bounce(street.centre, 1, "bakery", "口座なし")
    street.on("2027-02-01")
    street.sold("fish", 5_000, day=day_of("2027-01-31"))
    pay(street.centre, "bakery", "fish", 8_000, "fish for sandwiches")
    november, december, january, february = read(street)
    assert (november.charged, november.given, november.paid, november.left) == (2_000_000, 0, 30_000, 0)
    assert (november.before, november.circulating, november.turns) == (0, 2_000_000, None)
    assert november.velocity == 0.03
    assert (december.to_banks, december.outside, december.paid) == (10_000, 0, 0), "what came back did not leave"
    assert (december.circulating, december.turns) == (1_990_000, 0.0)
    assert (january.turnover, january.circulating, january.velocity) == (0, 1_990_000, 0.0)
    assert (february.paid, february.between, february.turnover) == (5_000, 8_000, 13_000)
    assert (february.before, february.circulating) == (1_990_000, 1_990_000)


def test_what_goes_to_a_bank_that_nobody_named_leaves_the_town_and_so_does_what_runs_out() -> None:
    street = in_memory()[1]
    give(
        street.centre, [Given("0b" * 16, 700, Source.GRANT, "grant", "gift", 0, day_of("2026-11-30"))], to_anybody=True
    )
    street.sold("fish", 20_000)
    street.on("2026-12-01")
    street.settle(NOVEMBER)
    for place in street.pens:
        street.deliver(street.sells(place, 1, day=day_of("2026-12-01")))
    assert expire(street.centre, day_of("2026-12-01")).expired_yen == 700
    november, december = read(street)
    assert november.given == 700
    assert (december.outside, december.expired, december.leaked, december.left) == (20_000, 700, 20_700, 20_700)
    assert december.turns == 0.0
    assert december.circulating == november.circulating - 20_700


def test_a_month_in_which_nothing_moved_stands_there_and_every_figure_has_its_sentence() -> None:
    street = in_memory()[1]
    with street.centre.reconciler.counted() as connection:
        assert [one.month for one in months(connection)] == ["2026-11"]
    street.on("2027-01-15")
    street.sold("fish", 1, day=day_of("2027-01-15"))
    assert [one.month for one in read(street)] == ["2026-11", "2026-12", "2027-01"]
    shown = {of.name for of in EXPLAINED}
    assert set(Month.__struct_fields__) - {"month", "before", "held_before", "days"} <= shown
    assert all(of.why_ja and of.why_en for of in EXPLAINED)
