"""Backups of a centre: what is in them, which ones stay, and that everything comes back or nothing does."""

import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import replace as instead
from pathlib import Path

import pytest
import sqlalchemy as sa

from central import settings, store
from central.audit import audit
from central.backups.making import make
from central.backups.restoring import NotEmptyError, restore
from central.centre import Centre, open_centre
from central.folder import Folder
from central.reconcile import table_digest
from central.world import SystemClock, SystemEntropy
from drivers.clock.sim import Driver as Clock
from simulation.centre import name_place
from tests.central.backups.backed_up import (
    HANAKO,
    Town,
    copied,
    left_in,
    looked_at,
    opened,
    secrets_of,
    small_town,
    tables,
)
from tests.central.pen import touch
from tests.central.test_commands import (
    CHECK_FAILED,
    EXISTS,
    NOT_FOUND,
    REFUSED,
    UNREACHABLE,
    USAGE,
    document,
    machi,
)


def is_empty(database: str) -> bool:
    if database == "sqlite":
        return True
    with looked_at(database).connect() as connection:
        return not sa.inspect(connection).get_table_names()


# ---- putting back


@pytest.mark.fault("centre restored from a backup")
def test_everything_comes_back_from_either_database_into_either(any_town: Town, database: str, tmp_path: Path) -> None:
    kept = any_town.back_up(tmp_path / "usb")
    before = tables(any_town.centre)
    to = tmp_path / "again"
    said = document("restore", kept, "--keys", any_town.keys, "--to", to, "--database", database)
    assert (said["good"], said["damaged"], said["differs"], said["left_out"]) == (True, [], [], [])
    assert said["entries"] == sum(row["last"] + 1 - row["first"] for row in before["segment"])
    with opened(to) as centre:
        assert centre.engine.dialect.name == ("sqlite" if database == "sqlite" else "postgresql")
        assert tables(centre) == before
        assert centre.reconciler.digest() == any_town.centre.reconciler.digest()
        assert centre.reconciler.figures()["coin"] == {"charged": 3000, "paid": 700, "points": 70, "settled": 0}
        checked = audit(centre.engine, centre.town)
    assert (checked.broken, checked.unfounded) == ((), ())
    assert before["incident"]
    assert document("replay", to)["match"] is True
    holder = before["resident_file"][0]["holder"]
    assert document("resident", "show", to, holder)["name"] == HANAKO["name"], "the keys fit"


def test_the_centre_goes_on_with_the_next_number_and_another_history(
    any_town: Town, database: str, tmp_path: Path
) -> None:
    kept = any_town.back_up(tmp_path / "usb")
    to = tmp_path / "again"
    document("restore", kept, "--keys", any_town.keys, "--to", to, "--database", database)
    assert set(document("status", to, ends=CHECK_FAILED)["unheard"]) == {"desk01", "lib01"}
    with opened(to) as centre:
        with store.reading(centre.engine) as now, store.reading(any_town.centre.engine) as then:
            generations = [settings.get(connection, store.GENERATION) for connection in (now, then)]
        newest = numbers(centre)
        assert generations[0] != generations[1]
        name_place(centre, "station")
        pen = instead(any_town.pen, centre=centre)
        pen.send(pen.begin(touch(3), fresh=True))  # another incident
        assert numbers(centre)[0] > newest[0]
        assert numbers(centre)[1] == newest[1] + 1
        centre.reconciler.catch_up()
    assert document("replay", to)["match"] is True


def numbers(centre: Centre) -> tuple[int, int]:
    """Return the newest numbers of a segment and of an incident."""
    newest = (sa.select(sa.func.max(table.c.n)) for table in (store.segment, store.incident))
    with store.reading(centre.engine) as connection:
        segment, incident = (connection.execute(one).scalar_one() for one in newest)
    return segment, incident


def test_a_table_has_the_same_digest_in_a_database_that_sorts_as_people_do(databases: Callable[[str], str]) -> None:
    digests = set()
    for url in ("sqlite://", databases("town_after")):
        engine = store.open_engine(url, poolclass=sa.StaticPool)
        with engine.begin() as connection:
            store.setting.create(connection)
            for name in ("b", "A", "a", "B", "a:1", "a1", "あ", "ア"):
                settings.put(connection, name, "1")
            digests.add(table_digest(connection, store.setting))
        engine.dispose()
    assert len(digests) == 1


def test_files_are_for_their_owner_only(town: Town, backup: Path, tmp_path: Path) -> None:
    machi("restore", backup, "--keys", town.keys, "--to", tmp_path / "again")
    for folder in (tmp_path / "again", backup, town.keys):
        for path in [folder, *folder.rglob("*")]:
            assert path.stat().st_mode & 0o077 == 0, path


def test_what_somebody_has_laid_into_a_backup_is_not_put_back(town: Town, backup: Path, tmp_path: Path) -> None:
    kept = copied(backup, tmp_path / "usb")
    (kept / "keys" / "ssh-technicians.pub").write_text("ssh-ed25519 AAAA a stranger's")
    machi("restore", kept, "--keys", town.keys, "--to", tmp_path / "again")
    assert left_in(tmp_path / "again" / "keys") == sorted(["ca.pem", *secrets_of(town.folder)])


def test_keys_that_were_made_after_the_backup_come_back_with_their_public_halves(tmp_path: Path) -> None:
    """Units know them already."""
    made = small_town(tmp_path)
    kept = made.back_up(tmp_path / "usb")
    public = tmp_path / "laptop.pub"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "laptop"], check=True)
    certify = (public, "--name", "hanako")
    machi("technician", "certify", made.folder, *certify)
    machi("backup", made.folder, "--keys-to", made.keys.parent)
    machi("restore", kept, "--keys", made.keys, "--to", tmp_path / "again")
    before, after = (
        {path.name: path.read_bytes() for path in (folder / "keys").iterdir() if path.name.startswith("ssh-")}
        for folder in (made.folder, tmp_path / "again")
    )
    assert len(before) == 5
    assert after == before
    machi("technician", "certify", tmp_path / "again", *certify)


def test_nothing_is_put_where_something_is(town: Town, backup: Path, database: str, tmp_path: Path) -> None:
    to = tmp_path / "again"
    to.mkdir()
    (to / "letter").write_text("precious")
    said = machi("restore", backup, "--keys", town.keys, "--to", to, "--database", database, ends=EXISTS)
    assert "空ではありません" in said
    assert left_in(to) == ["letter"]
    assert left_in(tmp_path) == ["again"]
    (to / "letter").unlink()
    machi("restore", backup, "--keys", town.keys, "--to", to, "--database", database)
    if database != "sqlite":
        other = tmp_path / "other"
        said = machi("restore", backup, "--keys", town.keys, "--to", other, "--database", database, ends=EXISTS)
        assert "the database is not empty" in said
        assert not other.exists()
        with opened(to) as centre:
            assert centre.reconciler.digest() == town.centre.reconciler.digest(), "and it is as it was"


class Meanwhile(SystemEntropy):
    """Something happens while a backup is put back: when the number of a new history is drawn."""

    def __init__(self, happens: Callable[[], object]) -> None:
        self._happens = happens

    def bytes(self, count: int) -> bytes:
        self._happens()
        return super().bytes(count)


def test_a_folder_that_is_filled_meanwhile_stays_and_nothing_else_does(
    town: Town, backup: Path, database: str, tmp_path: Path
) -> None:
    to = tmp_path / "again"

    def somebody_writes() -> None:
        to.mkdir()
        (to / "letter").write_text("precious")

    with pytest.raises(NotEmptyError):
        restore(backup, town.keys, to, database, SystemClock(), Meanwhile(somebody_writes))
    assert left_in(tmp_path) == ["again"]
    assert left_in(to) == ["letter"]
    assert is_empty(database)


def test_a_database_that_is_filled_meanwhile_is_not_touched(
    town: Town, backup: Path, databases: Callable[[str], str], tmp_path: Path
) -> None:
    url = databases("town_after")

    def somebody_writes() -> None:
        with looked_at(url).begin() as connection:
            connection.exec_driver_sql("CREATE TABLE letter (word TEXT)")

    with pytest.raises(NotEmptyError):
        restore(backup, town.keys, tmp_path / "again", url, SystemClock(), Meanwhile(somebody_writes))
    assert left_in(tmp_path) == []
    with looked_at(url).connect() as connection:
        assert sa.inspect(connection).get_table_names() == ["letter"]


def test_a_database_in_which_one_may_not_write_says_so_and_nothing_is_left(
    town: Town, backup: Path, databases: Callable[[str], str], tmp_path: Path
) -> None:
    url = databases("town_after")
    with looked_at(url).begin() as connection:
        connection.exec_driver_sql("DROP ROLE IF EXISTS guest")
        connection.exec_driver_sql("CREATE ROLE guest LOGIN")
    words = ("restore", backup, "--keys", town.keys, "--to", tmp_path / "again", "--database")
    said = machi(*words, url.replace("machi:himitsu-7", "guest:himitsu-7"), ends=UNREACHABLE)
    assert "permission denied" in said
    assert "himitsu-7" not in said
    assert left_in(tmp_path) == []
    assert is_empty(url)


def test_a_restore_that_is_cut_off_leaves_nothing(town: Town, backup: Path, database: str, tmp_path: Path) -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        restore(backup, town.keys, tmp_path / "again", database, SystemClock(), Meanwhile(stop))
    assert left_in(tmp_path) == []
    assert is_empty(database)


def test_what_a_killed_restore_left_is_cleared_away(town: Town, backup: Path, tmp_path: Path) -> None:
    (tmp_path / ".again.part").mkdir()
    (tmp_path / ".again.part" / "town.key").write_text("half")
    machi("restore", backup, "--keys", town.keys, "--to", tmp_path / "again")
    assert left_in(tmp_path) == ["again"]


# ---- what is in a backup, and what is not


@pytest.mark.threat("stolen backup")
def test_no_secret_is_in_it_neither_a_key_nor_the_way_into_the_database(any_town: Town, tmp_path: Path) -> None:
    config = any_town.folder / "central.toml"
    text = config.read_text()
    config.write_text(f"# before: postgresql+psycopg://machi:himitsu-7@old/town\n{text}")
    kept = any_town.back_up(tmp_path / "usb")
    config.write_text(text)
    every = {path: path.read_bytes() for path in kept.rglob("*") if path.is_file()}
    assert len(every) >= 4
    assert len(secrets_of(any_town.folder)) == 6
    for path, content in every.items():
        assert b"himitsu-7" not in content, path
        for name, secret in secrets_of(any_town.folder).items():
            core = b"".join(secret.splitlines()[1:-1]) if secret.startswith(b"-----BEGIN") else secret
            assert core not in content, f"{name} in {path}"
        for word in HANAKO.values():
            assert word.encode() not in content, path


def test_books_of_postgresql_are_put_nowhere_before_somebody_says_where(
    databases: Callable[[str], str], any_town: Town, tmp_path: Path
) -> None:
    kept = any_town.back_up(tmp_path / "usb")
    to = tmp_path / "again"
    words = ("restore", kept, "--keys", any_town.keys, "--to", to)
    if any_town.centre.engine.dialect.name == "sqlite":
        machi(*words)
        return
    assert "--database" in machi(*words, ends=USAGE)
    assert not to.exists()
    machi(*words, "--database", "mysql://town", ends=USAGE)
    url = databases("town_after")
    machi(*words, "--database", url.replace("town_after", "nobody_made_it"), ends=UNREACHABLE)
    assert left_in(tmp_path) == ["usb"]
    machi(*words, "--database", url)
    assert Folder(to).config.database == url


def test_settings_come_back_and_the_address_of_the_database_does_not(tmp_path: Path) -> None:
    made = small_town(tmp_path)
    config = made.folder / "central.toml"
    added = '[registration]\noffice = "町民課 \\"窓口\\""\npurposes = ["一", "二"]\n'
    config.write_text(config.read_text().replace('phone = "00-0000"', 'phone = "00-1234"') + added)
    before = Folder(made.folder).config
    machi("restore", made.back_up(tmp_path / "usb"), "--keys", made.keys, "--to", tmp_path / "again")
    assert Folder(tmp_path / "again").config == before


def test_keys_and_books_are_kept_apart_and_the_operator_is_told(tmp_path: Path) -> None:
    made = small_town(tmp_path)
    usb = tmp_path / "usb"
    made.back_up(usb)
    assert "keys are kept apart" in machi("backup", made.folder, "--keys-to", usb, ends=REFUSED)
    assert "keep the books apart" in machi("backup", made.folder, "--to", made.keys.parent, ends=REFUSED)
    machi("backup", made.folder, ends=USAGE)
    machi("backup", made.folder, "--to", usb, "--keys-to", made.keys.parent, ends=USAGE)
    assert document("backup", made.folder, "--to", usb)["keys"] == "copied"
    assert document("backup", made.folder, "--keys-to", made.keys.parent)["keys_in"] == str(made.keys), "again is fine"
    machi("resident", "key", "renew", made.folder)
    said = document("backup", made.folder, "--to", usb)
    assert said["keys"] == "changed since they were copied"
    lacking = document("restore", said["backup"], "--verify", "--keys", made.keys, ends=CHECK_FAILED)["damaged"]
    assert [line.split(":")[0] for line in lacking] == ["keys/residents-0002.key"]
    machi("backup", made.folder, "--keys-to", made.keys.parent)
    assert document("backup", made.folder, "--to", usb)["keys"] == "copied"
    assert document("restore", said["backup"], "--verify", "--keys", made.keys)["good"] is True
    (made.keys / "card.key").write_bytes(b"another town's")
    assert str(made.keys / "card.key") in machi("backup", made.folder, "--keys-to", made.keys.parent, ends=EXISTS)


def test_a_backup_is_as_of_one_moment_while_the_centre_takes_what_comes(any_town: Town, tmp_path: Path) -> None:
    """Segments that arrive meanwhile are in it or not; what is made of them, and how far they reach, goes with them."""
    is_over, sent = threading.Event(), []

    def serve() -> None:
        with opened(any_town.folder) as writer:
            pen = instead(any_town.pen, centre=writer, boots=100)
            pen.send(pen.begin(touch(4), fresh=True))
            while not is_over.is_set():
                pen.send(pen.write(touch(5), touch(6)))
                writer.reconciler.step()
                sent.append(pen.seq)
                time.sleep(0.02)

    serving = threading.Thread(target=serve)
    serving.start()
    meanwhile = 0
    try:
        for _ in range(2):
            already = len(sent)
            kept = any_town.back_up(tmp_path / "usb")
            meanwhile += len(sent) - already
            assert document("restore", kept, "--verify", "--keys", any_town.keys)["good"] is True
    finally:
        is_over.set()
        serving.join()
    assert meanwhile > 1, "it served on"


# ---- which backups stay


def test_the_newest_stays_whatever_the_clock_says(town: Town, tmp_path: Path) -> None:
    clock, usb = Clock(), tmp_path / "usb"
    usb.mkdir()
    (usb / "todai-letters").mkdir()
    centre = open_centre(town.folder, clock, SystemEntropy())

    def back_up(keep: int) -> str:
        return make(centre, Folder(town.folder), usb, keep).path.name

    first, second = back_up(2), back_up(2)
    clock.jump(-400 * 86_400)
    third = back_up(2)
    assert left_in(usb) == sorted([second, third, "todai-letters"])
    fourth = back_up(2)
    assert left_in(usb) == sorted([third, fourth, "todai-letters"]), "those of the wrong time do not stay for ever"
    assert back_up(1) in left_in(usb)
    assert len({first, second, third, fourth}) == 4
    machi("backup", town.folder, "--to", usb, "--keep", 0, ends=USAGE)
    centre.engine.dispose()


def test_a_folder_that_is_not_there_is_no_disk_that_is_plugged_in(town: Town, tmp_path: Path) -> None:
    assert "plugged in" in machi("backup", town.folder, "--to", tmp_path / "usb", ends=NOT_FOUND)
    assert "plugged in" in machi("backup", town.folder, "--keys-to", tmp_path / "usb", ends=NOT_FOUND)
    assert document("backup", town.folder, "--to", tmp_path)["on_same_disk"] is True
