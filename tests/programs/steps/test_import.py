"""`machi central steps …` as the office types it, with files as phones and clerks make them."""

from collections.abc import Callable
from pathlib import Path

import pysqlite3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from programs.steps.cli import health_connect, healthkit
from programs.steps.cli.asking import FileError
from sync.days import written
from tests.central.test_commands import NAMES, NOT_FOUND, REFUSED, USAGE, document, machi
from tests.programs.steps import phones
from tests.programs.steps.phones import Row, packed, today

CARD, OTHER = "0a" * 16, "0b" * 16
DAY = 20_780


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("steps") / "town"
    machi("init", folder, *NAMES)
    return folder


def largest(rows: list[Row]) -> dict[int, int]:
    """What shall be read: of each day the source that counted most, without what was typed."""
    sums: dict[tuple[str, int], int] = {}
    for source, day, steps, by_hand in rows:
        if not by_hand:
            sums[source, day] = sums.get((source, day), 0) + steps
    found: dict[int, int] = {}
    for (_, day), steps in sums.items():
        found[day] = max(found.get(day, 0), steps)
    return found


some_rows = st.lists(
    st.tuples(
        st.sampled_from(["iPhone", "はなこの Watch <1>"]),
        st.integers(DAY, DAY + 2),
        st.integers(1, 9_000),
        st.booleans(),
    ),
    max_size=12,
)


@settings(max_examples=25)
@given(rows=some_rows)
def test_phones_that_count_the_same_steps_are_not_added_up(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Row]
) -> None:
    folder = tmp_path_factory.mktemp("phone")
    (folder / "export.xml").write_bytes(phones.healthkit(rows))
    with (folder / "export.xml").open("rb") as file:
        assert healthkit.read(file) == largest(rows)
    assert health_connect.read(phones.health_connect(folder / "health.db", rows), 540) == largest(rows)
    measured = [row for row in rows if not row[3]]
    older = phones.health_connect(folder / "older.db", measured, with_days=False)
    assert health_connect.read(older, 540) == largest(measured)


def brought(folder: Path, name: str, content: bytes) -> Path:
    file = folder / name
    file.write_bytes(content)
    return file


def test_exports_go_into_the_books_for_the_card_that_was_touched(folder: Path, tmp_path: Path) -> None:
    last = today() - 1
    rows: list[Row] = [("iPhone", last, 3_000, False), ("Watch", last, 4_000, False), ("iPhone", last - 1, 500, False)]
    iphone = brought(tmp_path, "export.zip", packed("apple_health_export/export.xml", phones.healthkit(rows)))
    database = phones.health_connect(tmp_path / "health.db", [("fit", last, 4_200, False)])
    android = brought(tmp_path, "health.zip", packed("health_connect_export.db", database.read_bytes()))
    taken = {"dry_run": False, "known": 0, "struck": 0, "late": 0, "ahead": 0, "implausible": 0, "stopped": 0}
    assert document("steps", "import", folder, iphone, "--card", CARD) == {**taken, "source": "healthkit", "new": 2}
    for file, new in ((android, 1), (database, 0)):
        said = document("steps", "import", folder, file, "--card", CARD)
        assert (said["source"], said["new"], said["known"]) == ("health-connect", new, 1 - new)
    shown = document("steps", "show", folder, CARD)["days"]
    assert shown[0] == {"day": written(last), "steps": 4_200, "health-connect": 4_200, "healthkit": 4_000}
    assert [one["day"] for one in shown] == [written(last), written(last - 1)]
    strike = ("steps", "strike", folder, CARD, written(last), "health-connect", "--because", "another person's phone")
    document(*strike)
    assert document("steps", "show", folder, CARD)["days"][0]["steps"] == 4_000
    assert "There is nothing of health-connect" in machi(*strike, ends=NOT_FOUND)


def test_a_list_is_taken_whole_or_not_at_all(folder: Path, tmp_path: Path) -> None:
    last = written(today() - 1)
    lines = [
        f"{OTHER},{last},6000",
        f"{OTHER},{last},61000",
        f"山田花子,{last},100",
        f"{CARD},12/15,100",
        f"{OTHER},{last},1",
    ]
    wrong = brought(tmp_path, "hall.csv", "\n".join(["card,date,steps", *lines]).encode("cp932"))
    complaint = machi("steps", "import", folder, wrong, ends=REFUSED)
    assert [f"{number}行目:" in complaint for number in range(2, 7)] == [False, True, True, True, True]
    assert "the same person and day as in line 2" in complaint
    assert document("steps", "show", folder, OTHER)["days"] == []
    right = brought(tmp_path, "hall.csv", f"\ufeffcard,date,steps\r\n{OTHER},{last},6000\r\n".encode())
    assert document("steps", "import", folder, right, "--dry-run")["new"] == 1
    assert document("steps", "import", folder, right)["new"] == 1
    assert document("steps", "show", folder, OTHER)["days"] == [{"day": last, "steps": 6_000, "list": 6_000}]


LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE HealthData [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><HealthData>&b;</HealthData>'
)
OUTSIDE = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><HealthData>&a;</HealthData>'


@pytest.mark.parametrize(
    ("name", "make", "says"),
    [
        ("laughs.xml", lambda: LAUGHS, "declares an entity"),
        ("outside.xml", lambda: OUTSIDE, "declares an entity"),
        ("torn.xml", lambda: phones.healthkit([("iPhone", DAY, 5, False)])[:-30], "Line "),
        ("page.xml", lambda: b"<html></html>", "no export of an iPhone"),
        ("word.xml", lambda: phones.healthkit([("iPhone", DAY, 5, False)]).replace(b'"5"', b'"five"'), "no number"),
        ("torn.zip", lambda: packed("export.xml", b"<HealthData/>")[:-40], "The ZIP file"),
        ("other.zip", lambda: packed("notes.txt", b"hello"), "There is no export"),
        ("torn.db", lambda: b"SQLite format 3\0" + bytes(200), "cannot be read"),
        ("list.csv", lambda: b"date,steps\n", "The first line must be"),
    ],
)
def test_files_that_are_not_what_they_should_be_change_nothing(
    folder: Path, tmp_path: Path, name: str, make: Callable[[], bytes], says: str
) -> None:
    complaint = machi("steps", "import", folder, brought(tmp_path, name, make()), "--card", OTHER, ends=REFUSED)
    assert says in complaint
    assert "何も書いていません。" in complaint


def test_a_database_with_something_else_in_it_or_that_never_ends(tmp_path: Path) -> None:
    database = pysqlite3.connect(tmp_path / "endless.db")
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
    endless += " SELECT i AS start_time, i AS count, 1 AS app_info_id FROM n"
    database.execute(f"CREATE VIEW steps_record_table AS {endless}")
    database.commit()
    database.close()
    with pytest.raises(FileError, match="export it again"):
        health_connect.read(tmp_path / "endless.db", 540, work_max=100)


def test_whose_phone_it_is_has_to_be_said(folder: Path, tmp_path: Path) -> None:
    file = brought(tmp_path, "export.xml", phones.healthkit([]))
    assert "カードをタッチして" in machi("steps", "import", folder, file, ends=USAGE)
