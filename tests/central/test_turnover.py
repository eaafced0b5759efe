"""Who pays where and when, as the office sees it: over each kind of database the same, and to the yen the ledger's."""

import hashlib

import msgspec
import pytest
import sqlalchemy as sa

from central import ledger
from central.centre import Centre
from central.published import PublishError
from drivers.clock.sim import Driver as Clock
from programs.coin.lots.books import all_purses, purse
from programs.coin.publishing import FEED, publish
from programs.coin.settlement.tables import line, paid_out
from programs.coin.turnover.dominance import P
from programs.coin.turnover.tables import published
from sync.messages import Report
from sync.months import written
from tests.central.market import Market, autumn
from tests.programs.visits.hall import DECEMBER, NOVEMBER, OCTOBER, at, card


@pytest.fixture
def url(shared_url: str) -> str:
    return shared_url


@pytest.fixture
def clock() -> Clock:
    return Clock(Clock.Options(wall_ms=at("2026-10-01T09:00")))


@pytest.fixture
def town(centre: Centre, clock: Clock) -> Market:
    return Market(centre, clock)


def test_what_is_counted_is_the_ledgers_to_the_yen_month_by_month_and_in_all(town: Market) -> None:
    autumn(town)
    arrived, done, all_counted = town.books(OCTOBER, DECEMBER)
    assert [one.month for one in done] == [written(month) for month in range(OCTOBER, DECEMBER + 1)]
    for one, month in zip(done, range(OCTOBER, DECEMBER + 1), strict=True):
        assert one.paid == all_counted[month].yen, one.month
        assert one.charged == sum(desk.yen for desk in all_counted[month].desks.values()), one.month
        assert all_counted[month].yen == sum(shop.yen for shop in all_counted[month].shops.values())
    for figure in ("paid", "charged", "given", "between"):
        assert sum(getattr(one, figure) for one in arrived) == sum(getattr(one, figure) for one in done), figure
    assert (arrived[-1].circulating, arrived[-1].held) == (done[-1].circulating, done[-1].held)
    assert done[0].paid != arrived[0].paid, "some of it came late"
    assert {"coin.compensated", "coin.repaid", "coin.refund", "coin.insured", "coin.void"} <= kinds(town)


def test_what_lies_on_cards_and_with_shops_is_what_the_ledger_has(town: Market) -> None:
    autumn(town)
    _, done, all_counted = town.books(OCTOBER, DECEMBER)
    with town.centre.reconciler.counted() as connection:
        cards, shops = (balance(connection, *kinds) for kinds in (("coin/", "gift/", "suspense/coin"), ("shop/",)))
        settled = paid_out(connection)
        assert ledger.total(connection) == 0
    assert (done[-1].held, done[-1].circulating) == (cards, cards + shops)
    assert shops + settled == sum(month.yen for month in all_counted.values())


def balance(connection: sa.Connection, *kinds: str) -> int:
    account = ledger.account.c
    names = [f"{short}{kind}" for kind in kinds for short in ("", ledger.SHORT)]
    which = sa.or_(*(account.name.startswith(name) for name in names))
    summed = sa.select(sa.func.coalesce(sa.func.sum(account.balance), 0)).where(which)
    return int(connection.execute(summed).scalar_one())


def kinds(town: Market) -> set[str]:
    with town.centre.reconciler.counted() as connection:
        return set(connection.execute(sa.select(line.c.kind).distinct()).scalars())


def test_a_month_is_read_as_an_officer_asks_for_it(town: Market) -> None:
    autumn(town)
    for place, pen in town.pens.items():
        waiting = Report(unsent=61, oldest_ms=at("2026-10-31T10:00")) if place == "tea" else Report()
        town.centre.intake.holdings(pen.peer, waiting, "07")
    found = town.asked(OCTOBER)
    seen = found.seen
    assert (found.is_over, found.covered.ja, found.coverage.silent) == (True, "4/5台、未着 61件", ("tea01",))
    assert (seen.payments, seen.people, seen.all_shops, seen.late) == (48, 30, 3, 8)
    assert seen.at[0, 10] == 20, "on Monday the fifth, at ten"
    assert seen.at[1, 12] == 20, "on Tuesday at noon"
    assert seen.at[2, 12] == 0, "what was made void is as if it had not been"
    assert (seen.new, seen.returning) == (30, 0)
    assert {place: shop.yen for place, shop in seen.shops.items()} == {"fish": 6_000, "bakery": 9_000, "tea": 1_600}
    assert (seen.desks["hall"].yen, seen.desks["hall"].people_at_least) == (150_000, 30)
    assert seen.together["hall", "fish"] == 20
    said = " ".join(one.ja for one in found.findings)
    assert "支払いは16,600円、チャージは150,000円" in said
    assert "30人以上が3店で48回払いました(うち30人以上がはじめて)" in said
    assert "火曜12時台の支払いがいちばん多い(1回あたり5.0件)" in said
    assert "8件は、月が終わってから届きました" in said
    november = town.asked().seen
    assert (november.payments, list(november.shops)) == (7, []), "one shop had few people, and no month is told"


def test_before_and_after_a_change(town: Market) -> None:
    autumn(town)
    found = town.asked(NOVEMBER, NOVEMBER)
    assert found.change is not None
    assert found.change.before == (16_600, 31)
    assert found.change.after[1] == 30
    assert "2026-11の前1か月は1日535円" in found.findings[-1].ja


def test_a_replay_gives_the_same_and_a_clock_that_is_ahead_waits_for_its_month(town: Market) -> None:
    autumn(town)
    town.paid("2027-05-01T10:00", range(6), "rice", 100)
    before = [town.asked(month) for month in (OCTOBER, NOVEMBER, DECEMBER)]
    digest = town.centre.reconciler.digest()
    assert before[-1].series[-1].month == "2026-12"
    assert town.asked(DECEMBER + 5).seen.payments == 6
    town.centre.reconciler.wipe()
    assert [town.asked(month) for month in (OCTOBER, NOVEMBER, DECEMBER)] == before
    assert town.centre.reconciler.digest() == digest


def test_nothing_at_all_is_said_of_a_town_without_coin(town: Market) -> None:
    found = town.asked()
    assert (found.series, found.flow, found.seen.payments) == ([], None, 0)
    assert [one.ja for one in found.findings] == ["この月の支払いは届いていません。"]


@pytest.mark.threat("somebody told from published figures")
def test_what_is_published_stays_as_it_was_also_after_a_replay(town: Market) -> None:
    autumn(town)
    with pytest.raises(PublishError, match="まだ終わって"):
        publish(town.centre, DECEMBER)
    said = publish(town.centre, OCTOBER)
    assert (said.units, said.complete, said.percent) == (5, 0, P)
    before = town.feed()
    assert set(before) == {"turnover-2026-10.csv", FEED}
    assert hashlib.sha256(before["turnover-2026-10.csv"]).hexdigest() == said.sha256
    town.paid("2026-10-20T10:00", range(6), "rice", 1_000)
    with pytest.raises(PublishError, match="公開ずみ"):
        publish(town.centre, OCTOBER)
    assert town.feed() == before, "who came late cannot be told"
    assert town.asked(OCTOBER).seen.yen == 22_600
    assert (town.asked(OCTOBER).is_published, town.asked(NOVEMBER).is_published) == (True, False)
    publish(town.centre, NOVEMBER)
    before = town.feed()
    town.centre.reconciler.wipe()
    town.centre.reconciler.catch_up(segments=3)
    assert town.feed() == before, "however many segments are added up at once"
    about = msgspec.json.decode(before[FEED])
    assert [(one["month"], one["units"]) for one in about["months"]] == [("2026-10", 5), ("2026-11", 5)]
    with town.centre.engine.begin() as connection:
        connection.execute(sa.update(published.table).values(document="otherwise"))
    with pytest.raises(PublishError, match="not those that were published"):
        town.feed()


def test_the_lots_of_all_cards_are_what_the_ledger_has_on_them(town: Market) -> None:
    autumn(town)
    with town.centre.reconciler.counted() as connection:
        purses = all_purses(connection)
        there = balance(connection, "coin/", "gift/")
        assert purses[f"coin/{card(3)}"] == purse(connection, f"coin/{card(3)}")
    assert sum(one.yen for one in purses.values()) == there
