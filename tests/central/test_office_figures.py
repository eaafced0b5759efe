"""What the office asks of the books of coin and visits is the same over each kind of database."""

from datetime import date

import msgspec
import pytest

from central import retention
from central.centre import Centre
from central.residents import books as residents
from drivers.clock.sim import Driver as Clock
from programs.coin.entries import Insured, InsuredVoid
from programs.coin.insured import books as insured
from programs.coin.insured.facts import FundSet
from programs.coin.procedures.circulation import months
from programs.coin.procedures.months import charged_in
from programs.coin.procedures.trading import draw, set_card
from programs.coin.till import books as till
from programs.visits.publishing import feed, publish
from simulation.centre import name_place
from sync.facts import CardState
from sync.months import month_of
from tests.central.pen import Pen
from tests.central.street import CARD, TODAY, Street
from tests.programs.visits.hall import OLD, YOUNG, came, register

OTHER = "0b" * 16


@pytest.fixture
def url(shared_url: str) -> str:
    return shared_url


@pytest.fixture
def street(centre: Centre, clock: Clock) -> Street:
    for place in ("fish", "bakery"):
        name_place(centre, place)
    centre.registrar.set_card(OTHER, CardState.ACTIVE)
    return Street(centre, clock)


def test_figures_are_the_same_over_each_kind_of_database(street: Street) -> None:
    centre = street.centre
    street.sold("fish", 3_000)
    promised = street.deliver(street.pens["fish"].write(Insured(1, CARD, 900, "fish", TODAY, "card")))
    with centre.reconciler.counted() as connection:
        assert insured.is_owed(connection)
        assert not insured.is_promised(connection)
        assert (insured.recoverable(connection, CARD), insured.unbacked(connection)) == (0, {"fish01": 900})
    street.deliver(street.pens["fish"].write(InsuredVoid(1, CARD, 900, "fish", TODAY, promised)))
    street.say(FundSet(5_000, "budget"))
    street.on("2026-12-01")
    set_card(centre, "fish", OTHER)
    draw(centre, "fish", 1_000)
    with centre.reconciler.counted() as connection:
        assert not insured.is_owed(connection)
        assert (insured.standing(connection).worth, insured.unbacked(connection)) == (5_000, {})
        november, december = months(connection)
        assert (november.charged, november.paid, november.given) == (2_000_000, 3_000, 0)
        assert (december.paid, december.circulating) == (0, 2_000_000)
        assert [one.yen for one in charged_in(connection, month_of(TODAY))] == [2_000_000]
        assert [one.is_missed for one in till.standings(connection, TODAY + 1, is_by_clock=False)] == [True, True]
        (year,) = retention.years(connection, date(2026, 12, 1))
        assert retention.compare(connection, year.year, retention.archive(connection, year.year)).is_whole


def test_a_month_by_age_is_the_same_over_each_kind_of_database(centre: Centre, clock: Clock) -> None:
    centre.letterhead = msgspec.structs.replace(centre.letterhead, counts_ages=True)
    pen = Pen.enrolled(centre)
    pen.send(pen.begin(*(entry.fact for entry in came("2026-11-02T10:00", range(30)))))
    for who in range(24):
        register(centre, who, OLD if who < 14 else YOUNG)
    clock.advance(30 * 86_400)
    publish(centre, month_of(TODAY), "sato")
    centre.reconciler.wipe()
    with centre.reconciler.counted() as connection:
        text = feed(connection)["visits-2026-11.csv"].decode()
        (looked,) = residents.readings(connection, residents.Wanted(by="sato"), 9)
    shown = {line.split(",")[3]: line.split(",")[-1] for line in text.split("\r\n") if line.split(",")[3:4]}
    assert [shown[f"people_{band}"] for band in ("75up", "15to39", "unknown", "under15")] == ["14", "10", "6", "0"]
    assert looked.why.endswith(": 24件")


def test_a_month_of_visits_is_the_same_over_each_kind_of_database(centre: Centre, clock: Clock) -> None:
    pen = Pen.enrolled(centre)
    touches = (
        came("2026-11-02T10:00", range(20)),
        came("2026-11-02T11:00", range(20)),
        came("2026-10-02T10:00", range(9)),
    )
    pen.send(pen.begin(*(entry.fact for some in touches for entry in some)))
    clock.advance(30 * 86_400)
    publish(centre, month_of(TODAY), "sato")
    with centre.reconciler.counted() as connection:
        lines = feed(connection)["visits-2026-11.csv"].decode().split("\r\n")
    assert [line.split(",", 2)[2] for line in lines[1:6]] == [
        f"visits,{figure},,,,,{number}"
        for figure, number in (("visits", 20), ("people", 20), ("touches", 40), ("new", 11), ("returning", 9))
    ]
