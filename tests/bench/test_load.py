"""The load of a country, made very small: what the bench drains is in the books, and it says so when it is not."""

from pathlib import Path

import pytest

from bench.load import Size
from bench.load.databases import Database, Postgres, Sqlite
from bench.load.measure import wrong
from bench.load.town import Checked
from bench.load.waves import Sums, run
from tests.postgres import Postgres as Server

SMALL = Size(towns=2, beside=2, units=4, taps=5, processes=1)


def check_a_small_country(folder: Path, database: Database) -> None:
    sums = run(folder, database, SMALL)
    assert wrong(sums) == []
    assert sums.entries == SMALL.entries == 48
    assert len(sums.rounds) == 8
    assert sums.unit, "a unit asked meanwhile"
    assert sums.page, "a page was opened meanwhile"
    assert list(folder.iterdir()) == [], "every town is cleared away"


def test_two_small_towns_are_drained_into_sqlite(tmp_path: Path) -> None:
    check_a_small_country(tmp_path, Sqlite())


@pytest.mark.postgres
def test_two_small_towns_are_drained_into_postgresql(tmp_path: Path, postgres_server: Server) -> None:
    check_a_small_country(tmp_path, Postgres(postgres_server))


GOOD = Checked(stored=24, booked=24, broken=(), replay_is_equal=True, added_up_s=0.1)
BAD = [
    (Checked(23, 24, (), True, 0.1), "47 are stored"),
    (Checked(24, 25, (), True, 0.1), "49 are booked"),
    (Checked(24, 24, ("unit00: held twice",), True, 0.1), "held twice"),
    (Checked(24, 24, (), False, 0.1), "replay"),
]


def test_good_books_are_called_good() -> None:
    assert wrong(Sums(entries=48, checked=[GOOD, GOOD])) == []


@pytest.mark.parametrize(("checked", "word"), BAD)
def test_wrong_books_are_told(checked: Checked, word: str) -> None:
    (said,) = wrong(Sums(entries=48, checked=[GOOD, checked]))
    assert word in said
