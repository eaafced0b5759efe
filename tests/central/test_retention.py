"""How long the books are kept: what must be kept is never deleted, and what is gone from the books is found."""

import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pysqlite3
import pytest
import sqlalchemy as sa

from central import store
from central.centre import Centre, open_centre
from central.retention import archive, closes, keep_until, year_of
from central.world import SystemClock, SystemEntropy
from sync.days import day_of
from sync.program import DAY_MS
from tests.central.pen import Pen, touch
from tests.central.test_commands import CHECK_FAILED, NAMES, NOT_FOUND, OK, REFUSED, USAGE, document, machi


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    machi("init", tmp_path / "town", *NAMES)
    return tmp_path / "town"


@pytest.fixture
def copies(tmp_path: Path) -> Path:
    (made := tmp_path / "copies").mkdir()
    return made


@pytest.fixture
def centre(folder: Path) -> Iterator[Centre]:
    opened = open_centre(folder, SystemClock(), SystemEntropy())
    yield opened
    opened.engine.dispose()


@pytest.fixture
def pen(centre: Centre) -> Pen:
    """A unit whose journal arrived in two business years: all but the last segment in 2010, that one in 2020."""
    pen = Pen.enrolled(centre)
    pen.send(pen.begin(touch()))
    arrived(centre, date(2010, 6, 1))
    pen.send(pen.write(touch()))
    arrived(centre, date(2021, 3, 31), newest=True)
    return pen


def arrived(centre: Centre, on: date, *, newest: bool = False) -> None:
    """Let all segments, or the newest, have arrived at noon of a day."""
    what = sa.update(store.segment).values(received_ms=day_of(on) * DAY_MS + DAY_MS // 8)
    last = sa.select(sa.func.max(store.segment.c.n)).scalar_subquery()
    with centre.engine.begin() as connection:
        connection.execute(what.where(store.segment.c.n == last) if newest else what)


def test_a_business_year_ends_in_march_and_is_kept_for_ten_more() -> None:
    assert (year_of(date(2027, 3, 31)), year_of(date(2027, 4, 1))) == (2026, 2027)
    assert closes(2026) == date(2027, 3, 31)
    assert keep_until(2026) == date(2037, 3, 31)


@pytest.mark.usefixtures("pen")
def test_what_has_to_be_kept_is_shown_and_its_copy_written_and_checked(folder: Path, copies: Path) -> None:
    old, young = document("retention", folder)["years"]
    assert (old["year"], old["must_be_kept"], old["keep_until"]) == (2010, False, "2021-03-31")
    assert (young["year"], young["must_be_kept"], young["segments"]) == (2020, True, 1)
    lacking = document("retention", folder, "--copies", copies, ends=CHECK_FAILED)["years"]
    assert [year["copy"] for year in lacking] == ["none", "none"]
    found = document("retention", folder, "--copies", copies, "--archive")["years"]
    assert [year["copy"] for year in found] == ["none", "whole"], "what need not be kept is not copied any more"
    assert machi("retention", folder).count("its copy may be deleted") == 1


@pytest.mark.usefixtures("pen")
def test_the_copy_of_a_year_that_must_be_kept_is_not_deleted(folder: Path, copies: Path) -> None:
    document("retention", folder, "--copies", copies, "--archive")
    assert "until 2031-03-31" in machi("retention", folder, "--copies", copies, "--delete", 2020, ends=REFUSED)
    assert (copies / "books-2020.segments").exists()
    assert "--copies" in machi("retention", folder, "--delete", 2010, ends=USAGE)
    assert "there is no" in machi("retention", folder, "--copies", copies, "--delete", 2010, ends=NOT_FOUND)


def test_an_old_copy_goes_and_books_and_younger_copies_stay_as_they_are(
    folder: Path, copies: Path, centre: Centre, pen: Pen
) -> None:
    (copies / "books-2010.segments").write_bytes(b"machi")
    document("retention", folder, "--copies", copies, "--archive", ends=0)
    before = document("replay", folder)["tables"]
    assert "may hold" in machi("retention", folder, "--copies", copies, "--delete", 2010, ends=REFUSED)
    (copies / "books-2010.segments").unlink()
    with centre.engine.begin() as connection:
        (copies / "books-2010.segments").write_bytes(archive(connection, 2010))
    kept = (copies / "books-2020.segments").read_bytes()
    document("retention", folder, "--copies", copies, "--delete", 2010)
    assert [file.name for file in copies.iterdir()] == ["books-2020.segments"]
    assert (copies / "books-2020.segments").read_bytes() == kept
    after = document("replay", folder)
    assert after["match"]
    assert after["tables"] == before
    assert document("verify", folder)["broken"] == []
    pen.send(pen.write(touch()))


def test_what_the_books_have_lost_is_found_by_its_copy_and_comes_back_from_it(
    folder: Path, copies: Path, tmp_path: Path, centre: Centre, pen: Pen
) -> None:
    pysqlite3.connect(str(folder / "town.db")).execute("VACUUM INTO ?", (str(tmp_path / "backup.db"),))
    pen.send(pen.write(touch()))
    arrived(centre, date(2022, 5, 1), newest=True)
    document("retention", folder, "--copies", copies, "--archive")
    shutil.copytree(folder, older := tmp_path / "older", ignore=shutil.ignore_patterns("town.db*"))
    shutil.copy(tmp_path / "backup.db", older / "town.db")
    found = document("retention", older, "--copies", copies, ends=CHECK_FAILED)["years"]
    assert [(year["year"], year["copy"]) for year in found][1:] == [(2020, "whole"), (2022, "not whole")]
    assert found[-1]["lost"] == [f"{pen.unit}/{pen.boot}/{pen.seq}"]
    assert "LOST in the books" in machi("retention", older, "--copies", copies, ends=CHECK_FAILED)
    assert document("import", older, copies / "books-2022.segments")["new"] == 1
    assert "lost" not in document("retention", older, "--copies", copies, ends=OK)["years"][-1]
