"""A month by age: counted once, as it is published, of those who agreed, and noted before a file is opened."""

import csv
import io
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa

from central import store
from central.centre import Centre, open_centre
from central.published import PublishError
from central.residents import books, papers
from central.residents.ages import BANDS, band_of, year_began
from central.residents.books import Wanted
from central.residents.person import Person
from central.residents.standing import Standing
from central.world import SystemEntropy
from drivers.clock.sim import Driver as Clock
from programs.visits.books import Spot, read_month, spots
from programs.visits.entries import AgeBand, Aged
from programs.visits.publishing import FEED, feed, publish
from programs.visits.tables import visit
from sync.entries import Fact
from sync.messages import OFFICE_STREAM
from sync.residents import CardBound, Form, Leaving
from sync.segment import from_text, unpack
from tests.central.pen import Pen
from tests.central.test_commands import NAMES, document, machi
from tests.programs.visits.hall import BY, MIDDLE, NOVEMBER, OCTOBER, OFFSET, OLD, YOUNG, at, came, card, register

LIBRARY = Spot("library", "visits")
SWITCHED_ON = '\n[registration]\noffice = "町民課"\naddress = "上町1"\npurposes = ["登録"]\ncounts_ages = true\n'


def facts(text: str, people: range) -> list[Fact]:
    return [entry.fact for entry in came(text, people)]


def opened(folder: Path) -> Centre:
    centre = open_centre(folder, Clock(Clock.Options(wall_ms=at("2026-12-01T09:00"))), SystemEntropy())
    centre.reconciler.prepare()
    return centre


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    machi("init", tmp_path / "town", *NAMES)
    with (tmp_path / "town" / "central.toml").open("a") as config:
        config.write(SWITCHED_ON)
    return tmp_path / "town"


@pytest.fixture
def centre(folder: Path) -> Iterator[Centre]:
    centre = opened(folder)
    yield centre
    centre.engine.dispose()


def by_age(centre: Centre) -> dict[str, str]:
    with centre.reconciler.counted() as connection:
        lines = csv.DictReader(io.StringIO(feed(connection)["visits-2026-11.csv"].decode()))
    names = {f"{part}_{band.name}" for part in ("people", "visits") for band in BANDS}
    return {line["figure"]: line["value"] for line in lines if line["figure"] in names}


# ---- who is in which band


def test_a_band_is_that_of_the_first_of_april_for_a_whole_year() -> None:
    on = year_began(NOVEMBER)
    assert on == date(2026, 4, 1)
    assert [year_began(2026 * 12 + month) for month in (2, 3)] == [date(2025, 4, 1), date(2026, 4, 1)]
    born = {"1951-04-01": "75up", "1951-04-02": "65to74", "1961-04-01": "65to74", "1986-04-01": "40to64"}
    born |= {"2011-04-01": "15to39", "2011-04-02": "under15", "2026-11-03": "under15"}
    assert {day: band_of(Person("", "", "", date.fromisoformat(day)), on) for day in born} == born


def test_bands_follow_each_other_without_a_gap() -> None:
    """Whatever the age, somebody is in one band, and it is the oldest that has begun."""
    seen = [band_of(Person("", "", "", date(2026 - age, 4, 1)), date(2026, 4, 1)) for age in range(120)]
    assert [seen.index(band.name) for band in BANDS[:-1]] == [0, 15, 40, 65, 75]
    assert sorted(seen, key=[band.name for band in BANDS].index) == seen


# ---- who is counted


def test_of_those_who_agreed_the_band_is_counted_and_of_others_it_is_not_known(centre: Centre) -> None:
    pen = Pen.enrolled(centre)
    pen.send(pen.begin(*facts("2026-11-02T10:00", range(40)), *facts("2026-11-03T10:00", range(10))))
    holders = [register(centre, who, OLD if who < 12 else MIDDLE) for who in range(24)]
    for who in range(24, 30):
        register(centre, who, YOUNG, consents=("coin",))
    centre.registration.consent(holders[0], "visits", BY, given=False)
    centre.registration.leave(holders[1], Leaving.MOVED, None, BY)
    said = publish(centre, NOVEMBER, BY)
    assert said.files == 22
    found = by_age(centre)
    assert {name: number for name, number in found.items() if number != "0"} == {
        "people_75up": "10", "people_40to64": "12", "people_unknown": "18",
    }  # fmt: skip
    assert len(found) == len(BANDS)


def test_a_child_is_counted_where_its_guardian_agreed(centre: Centre) -> None:
    pen = Pen.enrolled(centre)
    pen.send(pen.begin(*facts("2026-11-02T10:00", range(1, 12))))
    guardian = register(centre, 0, MIDDLE)
    for who in range(1, 7):
        register(centre, who, date(2018, 1, 1), guardian=guardian)
    publish(centre, NOVEMBER, BY)
    assert {name: number for name, number in by_age(centre).items() if name.startswith("people") and number != "0"} == {
        "people_under15": "6",
        "people_unknown": "5",
    }


def test_every_card_of_somebody_counts_also_one_that_was_replaced(centre: Centre) -> None:
    pen = Pen.enrolled(centre)
    pen.send(pen.begin(*facts("2026-11-02T10:00", range(10))))
    holder = register(centre, 0, OLD)
    with centre.reconciler.counted() as connection:
        more = [CardBound(holder, card(who), Form.CARD, BY) for who in range(1, 5)]
        centre.streams.append(connection, OFFICE_STREAM, more)
    other = register(centre, 5, OLD)
    centre.registration.merge(other, holder, BY)
    publish(centre, NOVEMBER, BY)
    assert (by_age(centre)["people_75up"], by_age(centre)["people_unknown"]) == ("*", "*"), "six and four"
    with centre.reconciler.counted() as connection:
        known = centre.ages.of_cards(connection, "visits", year_began(NOVEMBER), BY, "counting")
    assert known.files == 1
    assert known.bands == dict.fromkeys(map(card, range(6)), "75up")
    assert "75up" not in repr(known)


def test_a_town_that_has_not_said_so_counts_no_ages_and_opens_nothing(centre: Centre) -> None:
    pen = Pen.enrolled(centre)
    pen.send(pen.begin(*facts("2026-11-02T10:00", range(20))))
    for who in range(10):
        register(centre, who, OLD)
    centre.letterhead = msgspec.structs.replace(centre.letterhead, counts_ages=False)
    assert publish(centre, NOVEMBER, BY).files is None
    assert by_age(centre) == {}
    with centre.reconciler.counted() as connection:
        assert not [one for one in books.readings(connection, Wanted(), 100) if "年代" in one.why]


# ---- what is promised of it


@pytest.mark.threat("a clerk who is curious about somebody")
def test_that_files_are_opened_to_count_is_noted(centre: Centre) -> None:
    pen = Pen.enrolled(centre)
    pen.send(pen.begin(*facts("2026-11-02T10:00", range(20))))
    for who in range(10):
        register(centre, who, OLD)
    publish(centre, NOVEMBER, BY)
    with centre.reconciler.counted() as connection:
        (noted,) = [one for one in books.readings(connection, Wanted(), 100) if not one.holder]
    assert (noted.by, noted.why) == (BY, "2026-11 の利用を年代ごとに数えるため(名前は出ません): 10件")


def test_where_a_file_does_not_open_nothing_is_published_and_nothing_noted(centre: Centre, folder: Path) -> None:
    pen = Pen.enrolled(centre)
    pen.send(pen.begin(*facts("2026-11-02T10:00", range(20))))
    register(centre, 0, OLD)
    centre.engine.dispose()
    (folder / "keys" / "residents-0001.key").rename(folder / "elsewhere.key")
    keyless = opened(folder)
    with pytest.raises(PublishError, match=r"keys/"):
        publish(keyless, NOVEMBER, BY)
    with keyless.reconciler.counted() as connection:
        assert feed(connection).keys() == {FEED}
        assert books.readings(connection, Wanted(), 100) == []
    keyless.engine.dispose()


@pytest.mark.threat("somebody told from published figures")
def test_what_was_published_by_age_stays_whoever_goes_and_after_a_replay(centre: Centre, folder: Path) -> None:
    """Files are erased, consents withdrawn, the keys are gone: the same bytes come out, from the journals alone."""
    pen = Pen.enrolled(centre)
    pen.send(pen.begin(*facts("2026-11-02T10:00", range(30))))
    holders = [register(centre, who, OLD if who < 20 else MIDDLE) for who in range(30)]
    publish(centre, NOVEMBER, BY)
    with centre.reconciler.counted() as connection:
        before = feed(connection)
    for holder in holders[:15]:
        centre.registration.leave(holder, Leaving.DIED, None, BY)
        centre.registration.erase(holder, "死亡", BY)
    with pytest.raises(PublishError, match="公開ずみ"):
        publish(centre, NOVEMBER, BY)
    centre.engine.dispose()
    for key in (folder / "keys").glob("residents-*.key"):
        key.unlink()
    machi("replay", folder)
    again = opened(folder)
    with again.reconciler.counted() as connection:
        assert feed(connection) == before
    assert by_age(again)["people_75up"] == "20"
    again.engine.dispose()


@pytest.mark.threat("somebody told from published figures")
def test_the_database_tells_nobodys_band(centre: Centre) -> None:
    """Without the keys there is no band beside a card or a holder, in no table and in no entry."""
    pen = Pen.enrolled(centre)
    pen.send(pen.begin(*facts("2026-11-02T10:00", range(20))))
    holders = [register(centre, who, OLD if who < 2 else MIDDLE) for who in range(20)]
    publish(centre, NOVEMBER, BY)
    with store.reading(centre.engine) as connection:
        for table in (*centre.reconciler.tables, *store.metadata.sorted_tables):
            for row in connection.execute(sa.select(table)):
                said = " ".join(str(value) for value in row)
                about = [one for one in (*holders, *map(card, range(20))) if one in said]
                assert not about or not [band.name for band in BANDS if band.name in said], f"{table.name}: {said}"
        packed = connection.execute(sa.select(store.segment.c.packed)).scalars()
        entries = b"".join(body for one in packed for body in from_text(unpack(one)).bodies)
    assert b"15to39" in entries
    assert b"75up" not in entries, "two people of this age: hidden, and so in no entry"


def test_a_month_that_was_published_before_ages_were_counted_keeps_its_bytes(centre: Centre, folder: Path) -> None:
    pen = Pen.enrolled(centre)
    pen.send(pen.begin(*facts("2026-10-05T10:00", range(20)), *facts("2026-11-02T10:00", range(20))))
    centre.letterhead = msgspec.structs.replace(centre.letterhead, counts_ages=False)
    publish(centre, OCTOBER, BY)
    with centre.reconciler.counted() as connection:
        before = feed(connection)["visits-2026-10.csv"]
    centre.letterhead = msgspec.structs.replace(centre.letterhead, counts_ages=True)
    for who in range(20):
        register(centre, who, OLD)
    publish(centre, NOVEMBER, BY)
    centre.engine.dispose()
    machi("replay", folder)
    again = opened(folder)
    with again.reconciler.counted() as connection:
        files = feed(connection)
    again.engine.dispose()
    assert files["visits-2026-10.csv"] == before
    assert b"people_75up" not in before
    assert b"people_75up,,,,,20" in files["visits-2026-11.csv"]
    about = msgspec.json.decode(files[FEED])
    assert [month["files"] for month in about["months"]] == [None, 20]
    assert "75歳以上" in about["figures"]["people_75up"]


def test_of_two_places_by_age_less_is_said_of_who_used_both(centre: Centre) -> None:
    """Everybody of the hall used the library: by age, "at least 10 of 10" would tell who of a band used only one."""
    hall = [entry.fact for entry in came("2026-11-02T11:00", range(10), "hall")]
    pen = Pen.enrolled(centre)
    pen.send(pen.begin(*facts("2026-11-02T10:00", range(20)), *hall))
    for who in range(20):
        register(centre, who, OLD)
    with centre.reconciler.counted() as connection:
        assert read_month(connection, NOVEMBER, OFFSET, spots(connection)).beside(LIBRARY) == [
            (Spot("hall", "visits"), 10)
        ]
    publish(centre, NOVEMBER, BY)
    with centre.reconciler.counted() as connection:
        assert read_month(connection, NOVEMBER, OFFSET, spots(connection)).beside(LIBRARY) == [
            (Spot("hall", "visits"), 5)
        ]
        text = feed(connection)["visits-2026-11.csv"].decode()
    assert "people_also_at_least,,,hall,visits,5" in text


def test_what_is_said_by_age_after_a_month_was_published_comes_too_late(centre: Centre) -> None:
    pen = Pen.enrolled(centre)
    pen.send(pen.begin(*facts("2026-11-02T10:00", range(20))))
    publish(centre, NOVEMBER, BY)
    with centre.reconciler.counted() as connection:
        again = Aged(NOVEMBER, "library", "visits", 20, (AgeBand("75up", 20),))
        centre.streams.append(connection, OFFICE_STREAM, [again])
    with centre.reconciler.counted() as connection:
        seen = read_month(connection, NOVEMBER, OFFSET, spots(connection)).ages[LIBRARY]
    assert (seen.bands["75up"], seen.bands["unknown"]) == (0, 20)


def test_what_somebody_else_says_by_age_is_hearsay(centre: Centre) -> None:
    pen = Pen.enrolled(centre)
    false = Aged(NOVEMBER, "library", "visits", 20, (AgeBand("75up", 20),))
    pen.send(pen.begin(*facts("2026-11-02T10:00", range(20)), false))
    with centre.reconciler.counted() as connection:
        assert read_month(connection, NOVEMBER, OFFSET, spots(connection)).ages == {}
        assert connection.execute(sa.select(sa.func.count()).select_from(visit)).scalar() == 20


# ---- where it is said


def test_the_sheet_and_the_register_of_files_say_what_it_is_for(folder: Path) -> None:
    entry = document("resident", "register-of-files", folder)["entry"]
    assert "どの年代" in entry["個人情報ファイルの利用目的"]
    text = (folder / "central.toml").read_text().replace("counts_ages = true\n", "")
    (folder / "central.toml").write_text(text)
    entry = document("resident", "register-of-files", folder)["entry"]
    assert entry["個人情報ファイルの利用目的"] == "登録"
    for counts_ages in (False, True):
        office = papers.Office(purposes=("登録",), counts_ages=counts_ages)
        person = Person("灯台", "トウダイ", "上町1", OLD)
        sheet = papers.sheet("0a" * 16, person, Standing(version=1), ((), ()), {}, office, date(2026, 12, 1))
        assert any("どの年代" in row.value for row in sheet.rows) is counts_ages


def test_the_command_shows_what_was_counted(centre: Centre, folder: Path) -> None:
    """In a month that is over by whichever clock this machine has; the middle ones were younger then."""
    pen = Pen.enrolled(centre)
    pen.send(pen.begin(*facts("2020-11-02T10:00", range(20))))
    for who in range(20):
        register(centre, who, OLD if who < 15 else MIDDLE)
    asked = ("visits", "show", folder, "--month", "2020-11")
    assert document(*asked)["spots"][0]["ages"] == []
    assert document("visits", "publish", folder, "2020-11")["files"] == 20
    bands = {one["band"]: one["people"] for one in document(*asked)["spots"][0]["ages"]}
    assert (bands["75up"], bands["15to39"], bands["unknown"]) == (15, 5, 0)
    assert "75歳以上 / 75 and over  people 15" in machi(*asked)
    assert "年代が分かる人では、75歳以上がいちばん多い(15人、75%)。" in machi(*asked, "--place", "library")
