"""`machi central pull`: what arrived in some days, and what each program hands over for them."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from central.pulled import PulledError, Span
from central.pulling import gather
from drivers.clock.sim import Driver as Clock
from programs.coin.publishing import publish as publish_turnover
from programs.coin.settlement import marking
from programs.coin.settlement.calendar import day_of
from programs.coin.settlement.facts import State
from programs.visits import publishing
from programs.visits.tables import published
from simulation.centre import name_place, open_sim_centre
from sync.months import month_of
from sync.segment import from_text, split
from tests.central.backups.backed_up import Town, small_town
from tests.central.pen import Pen, touch
from tests.central.street import Street
from tests.central.test_commands import EXISTS, NOT_FOUND, USAGE, document, machi

JAPAN = 540
NOVEMBER = ("2026-11-01", "2026-11-30")


@pytest.fixture
def street() -> Iterator[Street]:
    clock = Clock()
    centre = open_sim_centre(clock, "pull")
    for place in ("fish", "bakery"):
        name_place(centre, place)
    yield Street(centre, clock)
    centre.engine.dispose()


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    made = small_town(tmp_path)
    yield made
    made.centre.engine.dispose()


def pulled(street: Street, first: str, last: str) -> dict[str, bytes]:
    with street.centre.reconciler.counted() as connection:
        return gather(connection, Span(day_of(first), day_of(last), JAPAN))


def entries(files: dict[str, bytes], writer: str) -> int:
    return sum(len(from_text(text).bodies) for text in split(files[f"journals/{writer}.segments"]))


def test_a_journal_has_what_arrived_on_these_days_of_the_towns_calendar(street: Street) -> None:
    street.on("2026-11-24")
    street.clock.advance(11 * 3600 + 3599)  # 23:59:59 in Japan
    street.sold("fish", 100)
    street.clock.advance(2)
    street.sold("fish", 200, 300)
    assert entries(pulled(street, "2026-11-24", "2026-11-24"), "fish01") == 1
    assert entries(pulled(street, "2026-11-25", "2026-11-25"), "fish01") == 2
    assert entries(pulled(street, "2026-11-24", "2026-11-25"), "fish01") == 3
    assert pulled(street, "2026-11-26", "2026-12-26") == {}


def test_batches_that_were_paid_in_it_and_months_that_lie_in_it(street: Street) -> None:
    street.sold("fish", 4000, 500)
    street.on("2026-12-01")
    made = street.settle()
    paid_on = made.book.said.pay_on
    assert day_of("2026-12-01") < paid_on <= day_of("2026-12-31")
    assert "coin/statements-0001.csv" not in pulled(street, *NOVEMBER)
    files = pulled(street, "2026-11-02", "2026-12-31")
    rows = list(csv.DictReader(io.StringIO(files["coin/statements-0001.csv"].decode("utf-8-sig"))))
    assert [(row["place"], row["yen"]) for row in rows] == [("fish", "4000"), ("fish", "500")]
    marking.mark(street.centre, 1, State.VOID, "a wrong day")
    assert "coin/statements-0001.csv" not in pulled(street, "2026-11-02", "2026-12-31"), "it paid nobody"
    assert "\n2026-11," not in files["coin/circulation.csv"].decode(), "it does not begin with its first day"
    november = list(csv.DictReader(io.StringIO(pulled(street, *NOVEMBER)["coin/circulation.csv"].decode())))
    assert [(row["month"], row["paid"]) for row in november] == [("2026-11", "4500")]
    assert "coin/turnover-2026-11.csv" not in pulled(street, *NOVEMBER)
    publish_turnover(street.centre, month_of(day_of("2026-11-01")))
    assert b"2026-11,yen,,,*" in pulled(street, *NOVEMBER)["coin/turnover-2026-11.csv"], "one person's"


def test_of_visits_only_what_was_published_as_it_was(street: Street) -> None:
    pen = Pen.enrolled(street.centre, "lib01", "lib01")
    pen.send(pen.begin(*(touch(day_of("2026-11-20"), f"{card:032x}") for card in range(20))))
    street.on("2026-12-01")
    assert "visits/visits-2026-11.csv" not in pulled(street, *NOVEMBER)
    publishing.publish(street.centre, month_of(day_of("2026-11-01")), "sato")
    before = pulled(street, *NOVEMBER)["visits/visits-2026-11.csv"]
    assert b"library" in before
    pen.send(pen.write(touch(day_of("2026-11-21"), "5e" * 16)))
    assert pulled(street, *NOVEMBER)["visits/visits-2026-11.csv"] == before
    with street.centre.engine.begin() as connection:
        connection.execute(sa.update(published.table).values(document="otherwise"))
    with pytest.raises(PulledError, match="not those that were published"):
        pulled(street, *NOVEMBER)


def test_another_centre_of_the_town_takes_the_journals_in(town: Town, tmp_path: Path) -> None:
    kept = town.back_up(tmp_path / "usb")
    town.pen.send(town.pen.write(touch(7)))
    document("restore", kept, "--keys", town.keys, "--to", tmp_path / "again")
    to = tmp_path / "pulled"
    said = document("pull", town.folder, "--from", "2026-01-01", "--upto", "2099-12-31", "--output", to)
    journal = to / "journals" / "lib01.segments"
    assert said["files"]["journals/lib01.segments"] == journal.stat().st_size
    assert all(path.stat().st_mode & 0o077 == 0 for path in [to, *to.rglob("*")])
    assert document("import", tmp_path / "again", journal)["new"] == 1
    assert document("import", tmp_path / "again", journal)["new"] == 0


def test_nothing_is_written_over_or_left_half(town: Town, tmp_path: Path) -> None:
    words = ("pull", town.folder, "--from", "2026-11-01", "--upto")
    machi(*words, "2026-10-31", "--output", tmp_path / "pulled", ends=USAGE)
    machi(*words, "tomorrow", "--output", tmp_path / "pulled", ends=USAGE)
    (tmp_path / "pulled").mkdir()
    assert "もうあります" in machi(*words, "2026-11-30", "--output", tmp_path / "pulled", ends=EXISTS)
    machi(*words, "2026-11-30", "--output", tmp_path / "nowhere" / "pulled", ends=NOT_FOUND)
    (tmp_path / ".november.part").mkdir()
    machi(*words, "2099-12-31", "--output", tmp_path / "november")
    assert not (tmp_path / ".november.part").exists()
    assert (tmp_path / "november" / "journals" / "desk01.segments").is_file()
