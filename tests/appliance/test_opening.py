"""Every start looks first: whose file is this, is it whole, is it as long as it was."""

import os
import re
from pathlib import Path

import apsw
import pytest

from appliance.checkup import UnfitError
from appliance.hatch import Hatch
from appliance.inbox import Inbox
from appliance.journal import JournalBrokenError
from appliance.opening import Opened, World, close_in_order, doubt
from appliance.outbox import Outbox
from drivers.disk import DiskError
from drivers.disk.file import Driver as FileDisk
from drivers.disk.sim import Driver as Disk
from drivers.entropy.sim import Driver as Entropy
from drivers.keystore.sim import Driver as Keystore
from drivers.monotonic.file import Driver as FileCounter
from programs.visits.rules import PROGRAM
from sync import chain
from sync.facts import Boot, Gap, UnitState
from sync.messages import Head, Holdings, sign
from sync.segment import ENTRIES_MAX
from tests.appliance.conftest import REGISTER, Box, touch


def test_numbers_are_never_used_twice(box: Box) -> None:
    seen: set[str] = set()
    for _ in range(5):
        opened = box.start()
        box.write(opened, 3)
        assert opened.journal.tip is not None
        assert opened.journal.tip.boot not in seen
        seen.add(opened.journal.tip.boot)
        close_in_order(opened.journal)


def test_each_boot_continues_the_one_before(box: Box) -> None:
    opened = box.start()
    box.write(opened, 2)
    before = opened.journal.tip
    close_in_order(opened.journal)
    again = box.start()
    assert again.journal.tip is not None
    fact = REGISTER.decode(_body(again, again.journal.tip.boot, 1)).fact
    assert isinstance(fact, Boot)
    assert fact.after == before


@pytest.mark.fault("power cut between the commit and the beep")
def test_an_unclean_end_leaves_one_touch_in_doubt(box: Box) -> None:
    opened = box.start()
    box.write(opened, 3)
    box.crash(opened)
    again = box.start()
    assert again.unheard is not None
    assert (again.unheard.seq, again.unheard.kind) == (4, "visits.touch")


@pytest.mark.fault("disk put back in time")
def test_a_rolled_back_disk_is_noticed_and_stays_known(box: Box) -> None:
    opened = box.start()
    box.write(opened, 3)
    old = box.disk.snapshot()
    box.write(opened, 4)
    box.crash(opened)
    box.disk.restore(old)
    assert box.start().missing == 4
    assert box.start().missing == 4, "a second start must not forget it"


def test_a_disk_that_was_put_back_uses_no_number_again(box: Box) -> None:
    opened = box.start()
    box.write(opened, 3)
    old = box.disk.snapshot()
    box.crash(opened)
    boots = []
    for _ in range(2):
        box.disk.restore(old)
        again = box.start()
        assert again.journal.tip is not None
        boots.append(again.journal.tip.boot)
        box.crash(again)
    assert boots[0] != boots[1], "both go on behind the very same entry"


@pytest.mark.fault("power cut between the commit and the beep")
def test_a_crash_between_commit_and_counter_is_no_rollback(box: Box) -> None:
    opened = box.start()
    box.write(opened, 3)
    opened.journal.append([touch()])  # and the power goes before the counter is raised
    box.crash(opened)
    again = box.start()
    assert again.missing == 0
    assert box.monotonic.read() == 6


@pytest.mark.fault("the disk fails to sync")
def test_a_disk_that_fails_at_the_start_is_not_taken_for_a_damaged_journal(box: Box) -> None:
    box.disk.broken = True
    with pytest.raises(JournalBrokenError, match="the disk failed"):
        box.start()
    assert [name for name in box.disk.files if "damaged" in name] == []
    box.disk.broken = False
    assert box.start().lost == []


@pytest.mark.fault("the disk fails to sync")
@pytest.mark.usefixtures("power_cuts")
@pytest.mark.parametrize("failing", ["a commit", "folding back"])
def test_what_a_failed_sync_left_unwritten_takes_nothing_with_it(failing: str) -> None:
    """Linux forgets that it should have written: the log reads well until the power goes, and then ends there."""
    for seed in range(30):
        box = Box(disk=Disk(Disk.Options(seed=seed)))
        opened = box.start()
        box.write(opened, 3)
        box.disk.broken = True
        with pytest.raises(JournalBrokenError):
            opened.journal.append([touch()]) if failing == "a commit" else opened.journal.checkpoint(at_least=1)
        opened.journal.close()
        box.disk.broken = False
        opened = box.start()
        box.write(opened, 3)
        told = opened.journal.tip
        assert told is not None
        box.crash(opened)
        found = box.start().journal.hash_at(told.boot, told.seq)
        assert found is not None, f"seed {seed}: announced after the restart, and gone"
        assert found.hex() == told.hash


@pytest.mark.fault("the disk fails to sync")
def test_nothing_is_announced_that_the_counter_does_not_know(box: Box, tmp_path: Path) -> None:
    box.monotonic = FileCounter(FileCounter.Options(str(tmp_path / "counter")))
    opened = box.start()
    (tmp_path / "counter").unlink()
    (tmp_path / "counter").mkdir()
    with pytest.raises(JournalBrokenError, match=r"the counter outside the disk failed: .*Is a directory"):
        box.write(opened)


def test_another_units_journal_is_refused(box: Box) -> None:
    close_in_order(box.start().journal)
    stranger = Box(disk=box.disk, keystore=Keystore(Keystore.Options("another")))
    with pytest.raises(UnfitError, match="belongs to unit lib01"):
        stranger.start()


def test_another_programs_database_is_refused_and_left_alone(box: Box) -> None:
    connection = _raw(box)
    connection.execute("CREATE TABLE recipes (name TEXT); INSERT INTO recipes VALUES ('masuzushi')")
    connection.close()
    with pytest.raises(UnfitError, match="not a journal"):
        box.start()
    assert _raw(box).execute("SELECT name FROM recipes").fetchall() == [("masuzushi",)]


@pytest.mark.fault(
    "journal damaged",
    people="The next start takes a little longer; the unit serves on, and the office sees an incident.",
    lost="The damaged entries, if the centre has not got them; the journal itself declares which.",
    found="By SQLite's own check, the chain and the head row, at the next start.",
)
def test_every_flipped_bit_costs_at_most_one_entry(box: Box) -> None:
    opened = box.start()
    box.write(opened, 20)
    close_in_order(opened.journal)
    opened.journal = None  # type: ignore[assignment]
    good = box.disk.snapshot()
    size = len(box.disk.files["/journal.db"].now)
    saved = 0
    for at in range(0, size, 53):
        box.disk.restore(good)
        box.disk.rot("journal.db", at, bit=at % 8)
        again = box.start()
        entries = again.journal.select("SELECT count(*) FROM entry")[0][0]
        holes = sum(gap.last - gap.first + 1 for gap in again.lost)
        assert entries >= 21 + 1 + len(again.lost) - holes
        assert holes <= 1, f"bit at {at}"
        saved += box.disk.exists("journal.db.damaged-1")
        close_in_order(again.journal)
    assert saved > 5, "no flip did any damage: this test tried nothing"


@pytest.mark.fault("journal damaged")
def test_a_lost_entry_is_declared_and_what_follows_is_kept(box: Box) -> None:
    opened = box.start()
    box.write(opened, 9)
    body = opened.journal.select("SELECT body FROM entry WHERE seq = 5")[0][0].encode()
    close_in_order(opened.journal)
    file = box.disk.files["/journal.db"]
    at = bytes(file.now).index(body)
    box.disk.rot("journal.db", at + len(body) - 5)
    # The last start had checked the file up to its end; a full check is what a technician would ask for.
    connection = _raw(box)
    connection.execute("DELETE FROM note")
    connection.close()
    again = box.start()
    assert [(gap.first, gap.last) for gap in again.lost] == [(5, 5)]
    kept = [
        seq for (seq,) in again.journal.select("SELECT seq FROM entry WHERE boot = ? ORDER BY seq", again.lost[0].of)
    ]
    assert kept == [1, 2, 3, 4, 6, 7, 8, 9, 10]
    written = REGISTER.decode(_body(again, again.journal.tip.boot, 2))  # type: ignore[union-attr]
    assert isinstance(written.fact, Gap)
    assert written.fact.cause == "damaged"


@pytest.mark.fault("journal damaged")
@pytest.mark.parametrize("also", ["", "hash = zeroblob(32)", "sig = zeroblob(64)"])
def test_a_boot_that_is_lost_altogether_is_declared_by_the_head_row(box: Box, also: str) -> None:
    """Of a boot that is gone, nothing but the signature can vouch for the head row."""
    opened = box.start()
    box.write(opened, 3)
    close_in_order(opened.journal)
    opened = box.start()
    box.write(opened, 3)
    gone = opened.journal.tip
    assert gone is not None
    close_in_order(opened.journal)
    connection = _raw(box)
    _lose(connection, "entry", f"boot = '{gone.boot}'")
    if also:
        connection.execute(f"UPDATE head SET {also}")  # noqa: S608 - a test's own
    connection.close()
    again = box.start()
    lost = [(gap.of, gap.first, gap.prev) for gap in again.lost]
    assert lost == ([] if also else [(gone.boot, 1, None)])
    box.crash(again)
    assert box.start().lost == [], "what is left of it is whole"


@pytest.mark.fault("journal damaged")
@pytest.mark.parametrize("seq", [1, 5, 10])
@pytest.mark.parametrize("column", ["boot", "seq"])
@pytest.mark.parametrize("copied", [True, False])
def test_an_entry_whose_row_bears_another_name_is_kept_as_what_it_is(
    box: Box, seq: int, column: str, copied: bool
) -> None:
    """The bytes are whole and hash; under a name that nobody drew, the centre would refuse them for ever."""
    opened = box.start()
    box.write(opened, 9)
    before = opened.journal.tip
    assert before is not None
    close_in_order(opened.journal)
    connection = _raw(box)
    connection.execute("CREATE TEMP TABLE astray AS SELECT * FROM entry WHERE seq = ?", (seq,))
    strange = {"boot": "boot = '00000000000000ff'", "seq": "seq = seq + 64"}[column]
    connection.execute(f"UPDATE astray SET {strange}")  # noqa: S608 - a test's own
    _lose(connection, "entry", "false" if copied else f"seq = {seq}")
    connection.execute("INSERT INTO entry SELECT * FROM temp.astray")
    connection.close()
    again = box.start()
    assert again.lost == []
    kept = again.journal.select("SELECT seq FROM entry WHERE boot = ? ORDER BY seq", before.boot)
    assert [seq for (seq,) in kept] == list(range(1, 11))
    boots = again.journal.select("SELECT DISTINCT boot FROM entry WHERE boot != ?", before.boot)
    assert boots == [(again.journal.tip.boot,)]  # type: ignore[union-attr]


@pytest.mark.fault("journal damaged")
def test_a_lost_end_that_another_boot_continues_is_declared_once(box: Box) -> None:
    """Both the boot behind it and an old head row tell of it; only the boot knows the hash that it is chained to."""
    opened = box.start()
    box.write(opened, 9)
    end = opened.journal.tip
    assert end is not None
    close_in_order(opened.journal)
    close_in_order(box.start().journal)
    connection = _raw(box)
    _lose(connection, "head", "true")
    connection.execute("INSERT INTO head SELECT 1, boot, seq, hash, sig FROM entry WHERE seq = ?", (end.seq,))
    _lose(connection, "entry", f"seq > 4 AND boot = '{end.boot}'")
    connection.close()
    saved = box.start()
    assert [(gap.of, gap.first, gap.last, gap.prev) for gap in saved.lost] == [(end.boot, 5, end.seq, end.hash)]
    box.crash(saved)
    assert box.start().lost == [], "what is left of it is whole"


@pytest.mark.fault("journal damaged")
@pytest.mark.parametrize(
    ("more", "holes"),
    [
        ("4", [(4, 4), (4, 8)]),  # the boot after the first damage goes on behind 4
        ("9", [(5, 10)]),
        ("1", [(1, 2), (5, 8)]),
        ("1, 2, 3, 4", [(1, 4), (1, 8)]),
        ("9, 11, 13, 15", [(5, 14)]),
    ],
)
@pytest.mark.parametrize("boots", [0, 1])  # their numbers are drawn, and one may be read before or after another
def test_a_hole_that_grew_is_declared_as_it_is_now(
    box: Box, more: str, holes: list[tuple[int, int]], boots: int
) -> None:
    """Where an entry is gone altogether, what the next one is chained to is gone with it."""
    box.starts = 10 * boots
    opened = box.start()
    box.write(opened, 14)
    of = opened.journal.tip.boot  # type: ignore[union-attr]
    prevs = [opened.journal.hash_at(of, last) for _, last in holes]
    close_in_order(opened.journal)
    for lost in ("5, 6, 7", more):
        connection = _raw(box)
        _lose(connection, "entry", f"boot = '{of}' AND seq IN ({lost})")
        connection.close()
        saved = box.start()
        close_in_order(saved.journal)
    expected = [(first, last, prev and prev.hex()) for (first, last), prev in zip(holes, prevs, strict=True)]
    assert sorted((gap.first, gap.last, gap.prev or "") for gap in saved.lost) == expected
    connection = _raw(box)
    connection.execute("DELETE FROM note")
    connection.close()
    assert box.start().lost == [], "what is left of it is whole"


@pytest.mark.fault("journal damaged")
@pytest.mark.parametrize("name", ["lost and not yet declared", "checked up to", "ended in order", "settled up to"])
@pytest.mark.parametrize("left", [b"[{", b"\xff"])
def test_a_note_that_rotted_keeps_no_unit_from_starting(box: Box, name: str, left: bytes) -> None:
    opened = box.start()
    box.write(opened, 3)
    close_in_order(opened.journal)
    connection = _raw(box)
    connection.execute("REPLACE INTO note VALUES (?, CAST(? AS TEXT))", (name, left))
    connection.close()
    again = box.start()
    assert again.lost == []
    assert again.missing == 0


def _lose(connection: apsw.Connection, table: str, where: str) -> None:
    """Let rows be gone as if they had never been written, and the next start walk everything."""
    connection.execute("PRAGMA secure_delete = ON")
    connection.execute(f"DELETE FROM {table} WHERE {where}")  # noqa: S608 - a test's own
    connection.execute("DELETE FROM note")
    connection.execute("VACUUM")


@pytest.mark.fault(
    "journal damaged further back",
    people="The unit ends once and is back within seconds; the office sees an incident.",
    lost="The damaged entries, if the centre has not got them; the journal itself declares which.",
    found="Before they are sent, when all is folded anew, or by `machi unit verify`.",
)
@pytest.mark.parametrize("column", ["body", "sig"])
def test_damage_to_the_last_entry_is_declared_too(box: Box, column: str) -> None:
    """Whether its bytes or its signature rot, nothing covers it any more; the head row still says that it was there."""
    opened = box.start()
    box.write(opened, 9)
    tip = opened.journal.tip
    assert tip is not None
    content = opened.journal.select(f"SELECT {column} FROM entry WHERE seq = ?", tip.seq)[0][0]  # noqa: S608
    content = content.encode() if isinstance(content, str) else content
    close_in_order(opened.journal)
    file = bytes(box.disk.files["/journal.db"].now)
    for found in re.finditer(re.escape(content), file):  # the head row bears the same signature
        box.disk.rot("journal.db", found.start() + len(content) // 2)
    connection = _raw(box)
    connection.execute("DELETE FROM note")
    connection.close()
    again = box.start()
    assert [(gap.of, gap.first, gap.last, gap.prev) for gap in again.lost] == [(tip.boot, tip.seq, tip.seq, None)]
    box.crash(again)
    assert box.start().lost == [], "what is left of it is whole"


@pytest.mark.parametrize(("byte", "bit"), [(-5, 4), (-5, 7), (0, 0)], ids=["another value", "no UTF-8", "no JSON"])
@pytest.mark.parametrize("held", [0, 4])
def test_damage_further_back_than_a_start_looks_is_found_before_it_is_sent(
    box: Box, byte: int, bit: int, held: int
) -> None:
    """The centre would refuse such a segment for ever, and nothing of this unit would come through any more."""
    town = Keystore(Keystore.Options("town"))
    opened = box.start()
    box.write(opened, 9)
    assert _ask(box, opened, town, held) is not None
    body = opened.journal.select("SELECT body FROM entry WHERE seq = 5")[0][0].encode()
    close_in_order(opened.journal)
    file = bytes(box.disk.files["/journal.db"].now)
    box.disk.rot("journal.db", file.index(body) + byte % len(body), bit)
    again = box.start()
    assert again.lost == [], "this start looked only at what was new"
    with pytest.raises(JournalBrokenError, match="damaged"):
        _ask(box, again, town, held)
    box.crash(again)
    saved = box.start()
    assert [(gap.first, gap.last) for gap in saved.lost] == [(5, 5)]
    assert _ask(box, saved, town, held) is not None


def test_a_signature_that_rotted_in_the_middle_of_a_boot_is_found_when_a_segment_ends_there(box: Box) -> None:
    """What stands behind it is signed as well, so a start that looks at the last signatures only would not see it."""
    town = Keystore(Keystore.Options("town"))
    opened = box.start()
    box.write(opened, ENTRIES_MAX + 9)
    close_in_order(opened.journal)
    connection = _raw(box)
    ((trigger,),) = connection.execute("SELECT sql FROM sqlite_schema WHERE name = 'entry_stays'")
    connection.execute("DROP TRIGGER entry_stays")
    connection.execute("UPDATE entry SET sig = zeroblob(64) WHERE seq = ?", (ENTRIES_MAX,))
    connection.execute(trigger)
    connection.close()
    again = box.start()
    with pytest.raises(JournalBrokenError, match="damaged"):
        _ask(box, again, town)
    box.crash(again)
    saved = box.start()
    assert saved.lost == [], "what is behind it is signed, so nothing is lost"
    assert _ask(box, saved, town) is not None


def _ask(box: Box, opened: Opened, town: Keystore, held: int = 0) -> bytes | None:
    """Let a centre that holds so much of the first boot ask for the next segment."""
    world = World(box.disk, box.keystore, box.clock, Entropy(Entropy.Options("hatch")), box.monotonic)
    key = chain.PublicKey(town.public)
    outbox, inbox = Outbox(opened.journal, opened.history), Inbox(opened.journal, REGISTER, key)
    hatch = Hatch(opened.journal, inbox, outbox, world, key, "test", 0)
    first = opened.history.boots[0].boot
    entry_hash = opened.journal.hash_at(first, held)
    heads = (Head(first, held, entry_hash.hex(), 0),) if entry_hash else ()
    holdings = Holdings("lib01", 1, UnitState.ACTIVE, heads, "", "", 0, hatch.question().nonce)
    return hatch.answer(sign(holdings, town))


@pytest.mark.fault("journal damaged further back")
def test_an_old_entry_that_rotted_is_found_when_everything_is_folded_anew(box: Box) -> None:
    """A later version of a program folds all entries again: one that cannot be read must not end every start."""
    opened = box.start()
    box.write(opened, 9)
    body = opened.journal.select("SELECT body FROM entry WHERE seq = 5")[0][0].encode()
    close_in_order(opened.journal)
    box.disk.rot("journal.db", bytes(box.disk.files["/journal.db"].now).index(body) + len(body) - 5)
    connection = _raw(box)
    connection.execute("DELETE FROM note WHERE name = 'shelf made by'")
    connection.close()
    assert [(gap.first, gap.last) for gap in box.start().lost] == [(5, 5)]


@pytest.mark.fault("storage that lies about writing")
def test_a_head_of_the_boot_before_is_no_place_to_go_on_from(box: Box) -> None:
    """A disk that lies may keep the page of the head as it was and the pages of entries as they are."""
    for _ in range(2):
        opened = box.start()
        box.write(opened, 2)
        last = opened.journal.tip
        close_in_order(opened.journal)
    connection = _raw(box)
    connection.execute(
        "UPDATE head SET (boot, seq, hash, sig) ="
        " (SELECT boot, seq, hash, sig FROM entry WHERE boot <> head.boot ORDER BY seq DESC LIMIT 1)"
    )
    connection.close()
    again = box.start()
    fact = REGISTER.decode(_body(again, again.journal.tip.boot, 1)).fact  # type: ignore[union-attr]
    assert isinstance(fact, Boot)
    assert fact.after == last
    assert again.lost == []


@pytest.mark.fault("storage that lies about writing")
@pytest.mark.parametrize(
    "stale",
    [
        "DELETE FROM shelf WHERE key = (SELECT min(key) FROM shelf WHERE reader = 'visits')",
        "UPDATE note SET value = replace(value, '\"seq\":6', '\"seq\":5') WHERE name = 'shelf adds up to'",
    ],
)
def test_states_that_are_older_than_the_entries_are_folded_again(box: Box, stale: str) -> None:
    opened = box.start()
    for day in range(5):
        opened.journal.append([touch(20_000 + day)])
    before = opened.shelf.states(PROGRAM)
    close_in_order(opened.journal)
    connection = _raw(box)
    connection.execute(stale)
    assert connection.changes() == 1
    connection.close()
    again = box.start()
    assert again.shelf.states(PROGRAM) == before
    assert again.shelf.is_sound


@pytest.mark.fault("storage that lies about writing")
def test_the_end_of_a_boot_that_was_left_behind_is_missed_although_nothing_goes_on_from_it(box: Box) -> None:
    """A disk was put back, what it lacked came home, and its last entry is lost again: no later boot names that one."""
    opened = box.start()
    opened.journal.append([touch(20_000)])
    old = box.disk.snapshot()
    opened.journal.append([touch(20_001)])
    opened.journal.append([touch(20_002)])
    left = opened.journal.select("SELECT * FROM entry WHERE seq > 2")
    box.crash(opened)
    box.disk.restore(old)
    opened = box.start()
    opened.journal.connection.executemany("INSERT INTO entry VALUES (?, ?, ?, ?, ?)", left)
    doubt(opened.journal)
    close_in_order(opened.journal)
    opened = box.start()
    whole = opened.shelf.states(PROGRAM)
    assert len(whole) == 3
    close_in_order(opened.journal)
    connection = _raw(box)
    connection.execute("DELETE FROM entry WHERE (boot, seq) = (?, ?)", left[-1][:2])
    connection.close()
    again = box.start()
    assert again.shelf.states(PROGRAM) == whole[:2]
    assert again.shelf.is_sound


@pytest.mark.fault(
    "what was added up on a unit is damaged",
    people="Nothing; the next start takes a little longer.",
    lost="nothing: states are added up again from the entries",
    found="By a checksum beside each state, and one over all of them.",
)
def test_states_are_folded_again_when_they_rot(box: Box) -> None:
    opened = box.start()
    box.write(opened, 2)
    opened.journal.connection.execute("UPDATE shelf SET state = '{\"places\":[\"casino\"]}' WHERE reader = 'visits'")
    close_in_order(opened.journal)
    again = box.start()
    rows = again.journal.select("SELECT state FROM shelf WHERE reader = 'visits'")
    assert rows == [('{"places":["library"]}',)]


@pytest.mark.fault(
    "the unit's disk can only be read",
    people="The unit does not start, and says which file it may not write and what to do.",
    lost="nothing: what is there can still be carried away",
    found="By trying to write, before anything is served.",
)
@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere; run as a user to see this")
def test_a_read_only_file(tmp_path: Path) -> None:
    (tmp_path / "journal.db").touch(mode=0o444)
    with pytest.raises(DiskError, match="give the file to the daemon's user"):
        FileDisk(FileDisk.Options(str(tmp_path))).connect("journal.db")


def test_a_directory_in_place_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "journal.db").mkdir()
    with pytest.raises(DiskError, match="is a directory; move it away"):
        FileDisk(FileDisk.Options(str(tmp_path))).connect("journal.db")


def test_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(DiskError, match="no such folder"):
        FileDisk(FileDisk.Options(str(tmp_path / "nowhere"))).connect("journal.db")


def _raw(box: Box) -> apsw.Connection:
    """Open the file as a stranger would; the simulated disk has no memory to share between processes."""
    connection = box.disk.connect("journal.db")
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    return connection


def _body(opened: object, boot: str, seq: int) -> bytes:
    journal = opened.journal  # type: ignore[attr-defined]
    return journal.select("SELECT body FROM entry WHERE boot = ? AND seq = ?", boot, seq)[0][0].encode()  # type: ignore[no-any-return]
