"""The drill: what it compares, what it finds, what it remembers, and that it leaves nothing."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from central import settings, store
from central.backups.checking import Report
from central.backups.making import measure
from central.backups.manifest import BOOKS_FILE, MANIFEST_FILE, Manifest, leaves
from central.reconcile import MADE_BY
from central.sqlite import open_alone
from programs.visits.tables import visit
from tests.central.backups.backed_up import (
    Town,
    copied,
    instead_of,
    left_in,
    manifest_of,
    opened,
    said_otherwise,
    small_town,
)
from tests.central.test_commands import (
    CHECK_FAILED,
    NOT_FOUND,
    REFUSED,
    document,
    machi,
)

# ---- the drill


def test_a_drill_says_good_is_remembered_and_leaves_nothing(any_town: Town, tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    kept = any_town.back_up(tmp_path / "usb")
    words = ("restore", kept, "--verify", "--keys", any_town.keys, "--scratch", scratch, "--centre", any_town.folder)
    said = document(*words)
    assert said["good"] is True
    assert said["compared"] > 100
    assert left_in(scratch) == []
    assert "よし" in machi(*words)
    status = document("status", any_town.folder, ends=CHECK_FAILED)  # there is an incident
    assert status["backup"]["name"] == kept.name
    assert status["drill"]["is_good"] is True
    assert status["drill"]["made_ms"] == status["backup"]["at_ms"]
    (kept / BOOKS_FILE).write_bytes(b"")
    assert document(*words, ends=CHECK_FAILED)["good"] is False
    assert left_in(scratch) == []
    assert document("status", any_town.folder, ends=CHECK_FAILED)["drill"]["is_good"] is False
    assert "could not be put back" in machi("status", any_town.folder, ends=CHECK_FAILED)
    document("restore", any_town.back_up(tmp_path / "usb"), *words[2:])
    assert "could not be put back" not in machi("status", any_town.folder, ends=CHECK_FAILED)


@pytest.mark.fault(
    "a backup of the centre is damaged",
    people="Nothing.",
    lost="nothing, as long as another backup is whole or the units are there",
    found="By the drill: signature, bytes, keys, chains, and what comes out when everything is added up anew.",
)
@pytest.mark.parametrize("file", [BOOKS_FILE, "central.toml", "keys/ca.pem", MANIFEST_FILE])
@pytest.mark.parametrize("damage", ["a bit", "cut", "gone"])
def test_damage_is_found_and_nothing_of_it_is_put_back(
    town: Town, backup: Path, tmp_path: Path, file: str, damage: str
) -> None:
    kept = copied(backup, tmp_path / "usb")
    content = (kept / file).read_bytes()
    (kept / file).unlink()
    if damage != "gone":
        at = len(content) // 2
        spoilt = content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :] if damage == "a bit" else content[:at]
        (kept / file).write_bytes(spoilt)
    is_none = (file, damage) == (MANIFEST_FILE, "gone")
    said = machi("restore", kept, "--verify", "--keys", town.keys, ends=NOT_FOUND if is_none else CHECK_FAILED)
    assert file in said
    to = tmp_path / "again"
    machi("restore", kept, "--keys", town.keys, "--to", to, ends=NOT_FOUND if is_none else REFUSED)
    assert left_in(tmp_path) == ["usb"]


NOTHING: dict[str, Callable[[Manifest], Manifest]] = {
    "no files": lambda said: instead_of(said, files={}),
    "no keys": lambda said: instead_of(said, keys={}),
    "no tables": lambda said: instead_of(said, books=instead_of(said.books, tables={})),
    "no sums": lambda said: instead_of(said, sums=None),
    "no sums of tables": lambda said: instead_of(said, sums=instead_of(said.sums, tables={})),
}


@pytest.mark.parametrize("change", NOTHING.values(), ids=NOTHING)
def test_it_is_never_good_where_nothing_was_compared(
    town: Town, backup: Path, tmp_path: Path, change: Callable[[Manifest], Manifest]
) -> None:
    kept = copied(backup, tmp_path / "usb")
    said_otherwise(kept, town.keys, change)
    assert document("restore", kept, "--verify", "--keys", town.keys, ends=CHECK_FAILED)["good"] is False
    assert Report().is_good is False


def test_whatever_is_recorded_is_compared(town: Town, backup: Path) -> None:
    """One wrong value among them, wherever it is, is one thing found."""
    manifest = manifest_of(backup, town.keys)
    for what, recorded in (("books", manifest.books), ("sums", manifest.sums), ("files", manifest.files)):
        every = leaves(recorded)
        assert every
        for path in every:
            for found in ({**every, path: "otherwise"}, {name: value for name, value in every.items() if name != path}):
                report = Report()
                report.hold(what, every, found, report.differs)
                assert len(report.differs) == 1
                assert path in report.differs[0]
                assert report.compared == len(every)


WRONG: dict[str, dict[str, object]] = {
    "books": {"segments": 99, "entries": 99, "ends": {"lib01/07": "1 07"}, "tables": {"segment": "0" * 64}},
    "sums": {"accounts": 99, "postings": 99, "moved": 99, "sum": 99, "programs": {"visits": {"visits": 9}}},
}


@pytest.mark.parametrize("part", WRONG)
def test_each_kind_of_figure_is_really_read_again(town: Town, backup: Path, tmp_path: Path, part: str) -> None:
    """All of a part at once: what is found of each tells that it was read."""
    kept = copied(backup, tmp_path / "usb")
    said_otherwise(
        kept, town.keys, lambda said: instead_of(said, **{part: instead_of(getattr(said, part), **WRONG[part])})
    )
    said = document("restore", kept, "--verify", "--keys", town.keys, ends=CHECK_FAILED)
    for name in WRONG[part]:
        assert any(f"{part}/{name}" in line for line in said["damaged" if part == "books" else "differs"]), name
    assert said["left_out"] == []


def test_another_towns_backup_and_another_towns_keys_are_refused(town: Town, backup: Path, tmp_path: Path) -> None:
    other = small_town(tmp_path)
    said = document("restore", backup, "--verify", "--keys", other.keys, ends=CHECK_FAILED)
    assert (said["good"], said["made"], said["compared"]) == (False, None, 0)
    machi("restore", backup, "--keys", other.keys, "--to", tmp_path / "again", ends=REFUSED)
    machi("restore", backup, "--keys", tmp_path, "--to", tmp_path / "again", ends=NOT_FOUND)
    machi("restore", tmp_path, "--keys", town.keys, "--to", tmp_path / "again", ends=NOT_FOUND)
    assert not (tmp_path / "again").exists()


# ---- books that were wrong already when they were backed up


def test_sums_that_were_wrong_are_found_by_the_drill_and_right_after_a_restore(tmp_path: Path) -> None:
    made = small_town(tmp_path)
    with made.centre.engine.begin() as connection:
        connection.execute(sa.update(visit).values(touches=41))
    kept = made.back_up(tmp_path / "usb")
    said = document("restore", kept, "--verify", "--keys", made.keys, ends=CHECK_FAILED)
    assert (said["damaged"], said["good"]) == ([], False)
    assert any("sums/tables/visits_visit" in line for line in said["differs"])
    machi("restore", kept, "--keys", made.keys, "--to", tmp_path / "again", ends=CHECK_FAILED)
    assert document("status", tmp_path / "again", ends=CHECK_FAILED)["figures"]["visits"]["touches"] == 2


def test_a_segment_that_was_damaged_already_is_named_and_not_put_back(tmp_path: Path) -> None:
    made = small_town(tmp_path)
    mine = store.segment.c.writer == "lib01"
    with made.centre.engine.begin() as connection:
        packed = connection.execute(sa.select(store.segment.c.packed).where(mine)).scalars().first() or b""
        spoilt = packed[:-9] + bytes([packed[-9] ^ 1]) + packed[-8:]
        connection.execute(sa.update(store.segment).where(mine).values(packed=spoilt))
    kept = made.back_up(tmp_path / "usb")
    said = document("restore", kept, "--verify", "--keys", made.keys, ends=CHECK_FAILED)
    assert any(line.startswith("lib01/") for line in said["damaged"])
    assert "lib01/" in machi("restore", kept, "--keys", made.keys, "--to", tmp_path / "again", ends=REFUSED)
    assert not (tmp_path / "again").exists()


# ---- other versions


def test_software_that_was_updated_disturbs_no_centre_that_still_runs(tmp_path: Path) -> None:
    """Its tables are left alone; the truth is backed up all the same, and nobody says that its sums were compared."""
    made = small_town(tmp_path)
    with made.centre.engine.begin() as connection:
        settings.put(connection, MADE_BY, "core:0 coin:0")
    kept = made.back_up(tmp_path / "usb")
    with store.reading(made.centre.engine) as connection:
        assert settings.get(connection, MADE_BY) == "core:0 coin:0"
    said = document("restore", kept, "--verify", "--keys", made.keys, ends=CHECK_FAILED)
    assert (said["damaged"], said["differs"], len(said["left_out"])) == ([], [], 1)
    machi("restore", kept, "--keys", made.keys, "--to", tmp_path / "again", ends=CHECK_FAILED)
    with opened(tmp_path / "again") as centre:
        assert centre.reconciler.digest() == made.centre.reconciler.digest()


def test_a_backup_of_an_older_version_is_brought_to_this_one(tmp_path: Path) -> None:
    made = small_town(tmp_path)
    with made.centre.engine.begin() as connection:
        connection.execute(sa.delete(store.resident_file))
    kept = made.back_up(tmp_path / "usb")
    with open_alone(kept / BOOKS_FILE, to_write=True).begin() as connection:
        connection.exec_driver_sql("DROP TABLE resident_file")

    def older(said: Manifest) -> Any:
        old = {name: digest for name, digest in said.books.tables.items() if name != "resident_file"}
        files = said.files | {BOOKS_FILE: measure(kept / BOOKS_FILE)}
        return instead_of(said, schema="0001", books=instead_of(said.books, tables=old), files=files)

    said_otherwise(kept, made.keys, older)
    said = document("restore", kept, "--keys", made.keys, "--to", tmp_path / "again", ends=CHECK_FAILED)
    assert said["damaged"] == []
    assert all("resident" in line for line in said["differs"]), "a file was in no table that there was"
    assert document("replay", tmp_path / "again")["match"] is True
    said_otherwise(kept, made.keys, lambda said: instead_of(said, schema="9999"))
    assert "newer version" in machi("restore", kept, "--verify", "--keys", made.keys, ends=CHECK_FAILED)
