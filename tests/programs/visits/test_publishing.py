"""A month is published once, with what had arrived; commands and page say the same; coverage says what is missing."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from central.centre import Centre, open_centre
from central.change import change
from central.peers import Peer
from central.published import PublishError
from central.world import SystemEntropy
from drivers.clock.sim import Driver as Clock
from programs.visits.insight import covered_of
from programs.visits.publishing import FEED, feed, publish
from simulation.centre import open_sim_centre
from sync.entries import Fact
from sync.messages import Report
from sync.months import month_named
from tests.central.pen import Pen
from tests.central.test_commands import NAMES, NOT_FOUND, REFUSED, USAGE, document, machi
from tests.programs.visits.hall import DECEMBER, NOVEMBER, OCTOBER, OFFSET, at, came

NOW = at("2026-12-01T09:00")


def facts(text: str, people: range) -> list[Fact]:
    return [entry.fact for entry in came(text, people)]


@pytest.fixture
def clock() -> Clock:
    return Clock(Clock.Options(wall_ms=NOW))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    machi("init", tmp_path / "town", *NAMES)
    machi("place", tmp_path / "town", "library", "--name", "図書館", "--kana", "としょかん", "--name-en", "Library")
    return tmp_path / "town"


@pytest.fixture
def centre(folder: Path, clock: Clock) -> Iterator[Centre]:
    opened = open_centre(folder, clock, SystemEntropy())
    opened.reconciler.prepare()
    yield opened
    opened.engine.dispose()


def files(centre: Centre) -> dict[str, bytes]:
    with centre.reconciler.counted() as connection:
        return feed(connection)


@pytest.mark.threat("somebody told from published figures")
def test_what_is_published_stays_as_it_was_also_after_a_replay(centre: Centre, folder: Path, tmp_path: Path) -> None:
    pen = Pen.enrolled(centre)
    pen.send(pen.begin(*facts("2026-11-02T10:00", range(20))))
    said = publish(centre, NOVEMBER, "sato")
    assert (said.units, said.complete) == (1, 0), "the unit was not heard since"
    before = files(centre)
    pen.send(pen.write(*facts("2026-11-03T10:00", range(21))))
    with pytest.raises(PublishError, match="公開ずみ"):
        publish(centre, NOVEMBER, "sato")
    with pytest.raises(PublishError, match="まだ終わって"):
        publish(centre, DECEMBER, "sato")
    assert files(centre) == before, "who came in between cannot be told"
    assert document("visits", "show", folder, "--month", "2026-11")["spots"][0]["visits"] == 41
    machi("replay", folder)
    assert document("visits", "feed", folder, tmp_path / "www")["files"] == 2
    assert {path.name: path.read_bytes() for path in (tmp_path / "www").iterdir()} == before
    lines = list(csv.DictReader(io.StringIO(before["visits-2026-11.csv"].decode())))
    assert {line["figure"]: line["value"] for line in lines if not line["hour"]} == {
        "visits": "20", "people": "20", "touches": "20", "new": "20", "returning": "0"
    }  # fmt: skip
    about = msgspec.json.decode(before[FEED])
    assert about["months"][0]["sha256"] == said.sha256
    assert about["places"] == [{"place": "library", "ja": "図書館", "en": "Library"}]


def test_small_months_leave_no_number_in_any_table(centre: Centre, folder: Path) -> None:
    pen = Pen.enrolled(centre)
    pen.send(pen.begin(*facts("2026-11-02T10:00", range(4))))
    centre.reconciler.catch_up()
    table = machi("visits", "show", folder, "--month", "2026-11", "--csv")
    assert {row[-1] for row in list(csv.reader(io.StringIO(table)))[1:]} == {"*"}
    (spot,) = document("visits", "show", folder, "--month", "2026-11")["spots"]
    assert (spot["visits"], spot["people"]) == (None, None)


def test_the_commands_refuse_what_is_not_there(folder: Path) -> None:
    assert "2026-11" in machi("visits", "show", folder, "--month", "11/2026", ends=USAGE)
    assert "hall" in machi("visits", "show", folder, "--place", "hall", ends=NOT_FOUND)
    assert "公開" in machi("visits", "publish", folder, "2999-01", ends=REFUSED)
    assert [month_named(text) for text in ("2026-11", "2026-13", "2026-1", "1969-12", "２０２６-11", "x")] == [
        NOVEMBER, None, None, None, None, None
    ]  # fmt: skip


def test_silence_is_not_read_as_absence(clock: Clock) -> None:
    """One unit has told everything, one has entries waiting, and one was not heard since before the month's end."""
    centre = open_sim_centre(clock, "visits")
    pens = {name: Pen.enrolled(centre, name, name) for name in ("lib01", "lib02", "lib03")}

    def covered(month: int) -> tuple[int, int, int, tuple[str, ...]]:
        with centre.reconciler.counted() as connection:
            found = covered_of(connection, month, NOW, OFFSET)
        return found.units, found.complete, found.missing, found.silent

    for name, report in (("lib01", Report()), ("lib02", Report(unsent=61, oldest_ms=at("2026-11-20T10:00")))):
        centre.intake.holdings(Peer(name, pens[name].epoch), report, "07")
    assert covered(NOVEMBER) == (3, 1, 61, ("lib02", "lib03"))
    assert covered(OCTOBER) == (3, 2, 0, ("lib03",)), "what is waiting is of November"


def test_before_and_after_a_change_stand_as_many_months() -> None:
    totals = {OCTOBER - 1: 150, OCTOBER: 310, NOVEMBER: 600}
    found = change(totals, NOVEMBER, 3)
    assert found is not None
    assert (found.months, found.before, found.after, found.percent) == (1, (310, 31), (600, 30), 100)
    assert change(totals | {NOVEMBER: None}, NOVEMBER, 3) is None, "a hidden month is compared with nothing"
    assert change({OCTOBER: 0, NOVEMBER: 310}, NOVEMBER, 3).percent is None  # type: ignore[union-attr]
