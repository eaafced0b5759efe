"""What is written is chained, sealed and durable before anybody is told."""

import base64
import contextlib
import itertools
from collections.abc import Sequence
from pathlib import Path

import apsw
import pytest

from appliance.boots import BOOTS, gaps
from appliance.checkup import UnfitError, examine, settle
from appliance.journal import Journal, JournalBrokenError, JournalFullError, read_head
from appliance.opening import Opened, close_in_order
from appliance.shelf import ShelfError
from drivers.disk.file import Driver as FileDisk
from drivers.disk.sim import Driver as SimDisk
from drivers.entropy.sim import Driver as Entropy
from sync import chain
from sync.entries import Entry
from sync.facts import Gap
from sync.segment import PACKED_MAX_BYTES, Segment, pack, to_text, unpack
from tests.appliance.conftest import REGISTER, Box, touch


def test_every_commit_is_chained_and_sealed(box: Box) -> None:
    opened = box.start()
    first = opened.journal.append([touch(1)])
    both = opened.journal.append([touch(2), touch(3)])
    rows = opened.journal.select("SELECT seq, body, hash, sig FROM entry ORDER BY seq")
    prev = chain.ORIGIN
    for _, body, entry_hash, _ in rows:
        prev = chain.link(prev, body.encode())
        assert prev == entry_hash
    assert [sig is not None for *_, sig in rows] == [True, True, False, True]
    for _, _, entry_hash, sig in rows:
        if sig is not None:
            chain.check_seal(box.keystore.public, entry_hash, sig)
    assert (first[0].entry.seq, [one.entry.seq for one in both]) == (2, [3, 4])
    assert opened.journal.tip is not None
    assert opened.journal.tip.hash == both[-1].hash.hex()


def test_the_first_entry_says_what_the_unit_is(box: Box) -> None:
    opened = box.start()
    body = opened.journal.select("SELECT body FROM entry WHERE seq = 1")[0][0]
    assert body.startswith('{"kind":"boot","unit":"lib01","boot":"')
    assert '"after":null,"key":{"alg":"ed25519","public":"' in body


def test_entries_are_never_changed(box: Box) -> None:
    opened = box.start()
    opened.journal.append([touch()])
    with pytest.raises(apsw.ConstraintError, match="never changed"):
        opened.journal.connection.execute("UPDATE entry SET body = '{}'")


def test_a_segment_ends_at_a_seal(box: Box) -> None:
    opened = box.start()
    opened.journal.append([touch(1), touch(2), touch(3)])
    tip = opened.journal.tip
    assert tip is not None
    whole = opened.journal.segment(tip.boot, 1, chain.ORIGIN)
    assert whole is not None
    assert whole.last == 4
    cut = opened.journal.segment(tip.boot, 1, chain.ORIGIN, limit=3)
    assert cut is not None
    assert cut.last == 1, "the unsealed part of a commit stays for the next segment"


def everything(opened: Opened) -> list[Segment]:
    """Cut the present boot into segments, as the outbox does."""
    tip, segments = opened.journal.tip, list[Segment]()
    assert tip is not None
    first, prev = 1, chain.ORIGIN
    while segment := opened.journal.segment(tip.boot, first, prev):
        segments.append(segment)
        first, prev = segment.last + 1, segment.hashes()[-1]
    assert first == tip.seq + 1, "nothing is left behind"
    return segments


def test_a_commit_that_is_longer_than_a_segment_can_be_sent(box: Box) -> None:
    """A journal that lost entries in a thousand places declares them all in one commit."""
    opened = box.start()
    opened.journal.append([touch(day) for day in range(1_203)])
    for segment in everything(opened):
        assert len(pack(to_text(segment))) <= PACKED_MAX_BYTES
        chain.check_seal(box.keystore.public, segment.hashes()[-1], segment.seal)


def test_large_entries_that_cannot_be_compressed_can_be_sent(box: Box) -> None:
    opened = box.start()
    noise = Entropy(Entropy.Options("noise"))
    for _ in range(100):
        cause = base64.b64encode(noise.bytes(11_000)).decode()
        opened.journal.append([Gap(of="0" * 16, first=1, last=1, prev=None, cause=cause)])
    segments = everything(opened)
    assert len(segments) > 1
    assert max(len(pack(to_text(segment))) for segment in segments) <= PACKED_MAX_BYTES


def test_more_losses_than_a_segment_holds_are_all_known_again(box: Box) -> None:
    lost = [Gap(of="0" * 16, first=2 * at, last=2 * at, prev=None, cause="damaged") for at in range(1, 701)]
    opened = box.start()
    boot = opened.journal.select("SELECT body FROM entry WHERE seq = 1")[0][0]
    opened.journal.begin("a" * 16, [REGISTER.decode(boot.encode()).fact, *lost])
    opened.journal.append([touch()])
    assert gaps(opened.journal.connection, REGISTER) == lost


@pytest.mark.fault("the unit's disk is full")
def test_what_found_no_room_is_not_there_after_a_power_cut_either() -> None:
    """Were the log filled up to whole sectors, a commit could find room where the filling finds none, and count."""
    refused = 0
    for room in range(0, 40 * 1024, 256):
        box = Box(disk=SimDisk(SimDisk.Options(seed=room)))
        opened = box.start()
        box.write(opened, 2)
        held = opened.journal.tip
        box.disk.size = box.disk.used_bytes + room
        with contextlib.suppress(JournalFullError):
            opened.journal.append([touch()])
        is_refused = opened.journal.tip == held
        refused += is_refused
        box.crash(opened)
        box.disk.size = SimDisk.Options().size
        found = box.start().unheard
        assert found
        assert found.seq == (3 if is_refused else 4), f"{room} bytes of room"
    assert 10 < refused < 150


@pytest.mark.fault("the unit's disk is full")
def test_a_full_disk_is_told_before_any_beep_and_passes(box: Box) -> None:
    opened = box.start()
    box.disk.size = sum(len(file.now) for file in box.disk.files.values())
    with pytest.raises(JournalFullError):
        _fill(opened)
    tip = opened.journal.tip
    box.disk.size *= 2
    written = opened.journal.append([touch()])
    assert tip is not None
    assert written[0].entry.seq == tip.seq + 1


@pytest.mark.fault(
    "the disk fails to sync",
    people="No beep: the unit says that it is out of service. After the restart a second touch says what counted.",
    lost="nothing that was announced",
    found="By the error. The unit ends and leaves its disk alone; the next start looks, and writes the log once more.",
)
def test_a_failing_disk_ends_the_process(box: Box) -> None:
    opened = box.start()
    box.disk.broken = True
    with pytest.raises(JournalBrokenError):
        opened.journal.append([touch()])
    box.disk.broken = False
    with pytest.raises(JournalBrokenError, match="must end"):
        opened.journal.append([touch()])


@pytest.mark.fault("the disk fails to sync")
def test_a_disk_that_failed_is_left_alone(box: Box) -> None:
    """A sync that is tried again may say yes and still not have written anything."""
    opened = box.start()
    box.write(opened)
    box.disk.broken = True
    with pytest.raises(JournalBrokenError):
        opened.journal.append([touch()])
    box.disk.broken = False
    before = box.disk.operations
    opened.journal.close()
    assert box.disk.operations == before


def test_the_log_is_folded_back_between_touches(box: Box) -> None:
    opened = box.start()
    for _ in range(40):
        opened.journal.append([touch()])
    before = len(box.disk.files["/journal.db"].now)
    opened.journal.checkpoint(at_least=10)
    assert len(box.disk.files["/journal.db"].now) > before


@pytest.mark.fault("the unit's disk is full")
def test_a_log_that_cannot_be_folded_back_for_want_of_room_waits(box: Box) -> None:
    opened = box.start()
    box.write(opened, 40)
    box.disk.size = 0
    with pytest.raises(JournalFullError):
        opened.journal.checkpoint(at_least=10)
    box.disk.size = 1 << 30
    opened.journal.checkpoint(at_least=10)
    box.write(opened)


def test_a_copy_is_whole_and_ordinary(box: Box, tmp_path: object) -> None:
    opened = box.start()
    box.write(opened, 5)
    path = f"{tmp_path}/copy.db"
    opened.journal.copy_to(path)
    copy = apsw.Connection(path)
    found = examine(copy, REGISTER, chain.PublicKey(box.keystore.public), every_seal=True)
    assert (found.entries, found.boots, found.tip) == (6, 1, opened.journal.tip)
    assert copy.execute("PRAGMA journal_mode").fetchall() == [("delete",)]


def test_settings_are_read_back(box: Box) -> None:
    connection = box.disk.connect("journal.db")
    settle(connection)
    wanted = {"locking_mode": "exclusive", "journal_mode": "wal", "synchronous": 2, "wal_autocheckpoint": 0}
    assert {name: connection.execute(f"PRAGMA {name}").fetchall()[0][0] for name in wanted} == wanted


def test_one_unit_has_one_daemon(tmp_path: object) -> None:
    disk = FileDisk(FileDisk.Options(str(tmp_path)))
    one, other = disk.connect("journal.db"), disk.connect("journal.db")
    settle(one)
    with pytest.raises(UnfitError, match="another process"):
        settle(other)


def test_a_clean_end_is_known_at_the_next_start(box: Box) -> None:
    opened = box.start()
    box.write(opened)
    close_in_order(opened.journal)
    again = box.start()
    assert again.unheard is None
    body = again.journal.select("SELECT body FROM entry WHERE boot = ?", again.journal.tip.boot)[0][0]  # type: ignore[union-attr]
    assert '"clean":true' in body


@pytest.mark.fault("the unit's disk is full")
def test_a_disk_without_room_to_begin() -> None:
    box = Box(disk=SimDisk(SimDisk.Options(size=8192)))
    with pytest.raises((JournalFullError, apsw.FullError)):
        box.start()


def _fill(opened: Opened) -> None:
    for _ in range(100):
        opened.journal.append([touch()])


def test_what_cannot_be_folded_is_not_written(box: Box) -> None:
    """Otherwise a touch would be in the journal, and the person would be told that nothing happened."""
    opened = box.start()
    before = opened.journal.tip

    def refuse(entries: Sequence[Entry]) -> None:
        raise ShelfError(f"{len(entries)} entries cannot be folded")

    journal = Journal(opened.journal.connection, "lib01", box.keystore, box.clock, refuse)
    with pytest.raises(ShelfError):
        journal.append([touch()])
    assert read_head(journal.connection) == before == journal.tip
    assert journal.select("SELECT count(*) FROM entry")[0][0] == 1


BROKEN_TREE = """
    KLUv/aAAIAEALRkARmSHPvDU5oyCmzOxsJlTDWnE4gdLLMy9++WR/ogGcHk08fxHbVgoAyUYMbutCY07FnMkcWfkh2zs0420QQg31nYKcQByAH
    UAsRe3uq/uYSy7a3MpRFjlYyPa40dc28fqgvwrot/fJ3Dx9a/Zm+19/dq0iztnY3ETffAskTQLCtTzjJNUMaybVQ9rpIUGOIzqdB0Wy0bmwVOX
    lcwnbvrJ3VE+4O6pu/9neKnkAj77GT6RjcHfc8yG6ALuqLsDyHo945wC94goR5YNLMZuujBUFEDD6/UuZM3tPiaMby17++ERHiKBn6Ls2Wj0zb
    G8UjydzK6l6XKp56mXwl7vag795tb/yb89w/MRuU0+Jm8gvOX/9PWoIHEPj1ppqqp6omZJjZXXuv/u2o535X1BrYISziSUInB3H/KUE6El2gQs
    YgZ7DWdhaV2aKUmY7C9e74HTHbgHxqahhbIUS2rk9FvAGIBbWISHv5e3yi7+luE/7pjBbW823WrDaVbrPrdy5FoNkN1rt93Qt+dY3SMSRspzcc
    tbKIzlOU6iaoLBaVol3QMwpakV/1p2fnAQLkJ4ICLEClbvn7ax0Jamz/RyUlVE1EHLtDRRL0qlPtrE3hUyIMQqyfJcUg4oybJlwqBARzW4IYec
    BaMWRaZoUh8V0uqg5TO+ch4zJVmis4kIilktgiZREfRBBCEodm0mAdcoar9VkjVRmg7oSykwr2hYCgDoGWuggZ1UiCSQmUkKCwraUIaMFRVX1n
    SPnoSAv4blYFFzqZM27Jfu9W4hpapKf81XfPJuNFoJAPA2gxGknxHRQK0FlcBfCCaVF9xJyxKoIDEGos15QPoDJBKsn+B8RNKABAUlrZEQ+QLv
    QJtKyiEvdi7aZIkPSjtrOuEASI0arVwW7LxWAO5D7/7L1iy5zsoCrgPQ/g6oBwIfVRQImScX/jAy42rHBBwO5vj80tgB9O2xmpg4/h7aLzuY2x
    E/AP3Fq9TMPg1vl8rwfvEk7td3KCfBggU8BucGsEqE5OAHztNNsBGNkfdRMgse1yHwCF9udSC0y7/M+muhmP0hMZCgjrxgl2xADQ==
"""
"""A journal of a unit whose disk had lied and rotted, as SQLite found it, with everything set to zero that does not
matter here: behind a boot stands an entry whose boot reads as a number, and behind a number come all boots."""


def test_the_boots_of_a_broken_tree_are_gone_through_once(tmp_path: Path) -> None:
    """A start that goes in circles never ends, and neither does the next one."""
    file = tmp_path / "journal.db"
    file.write_bytes(unpack(base64.b64decode(BROKEN_TREE)))
    connection = apsw.Connection(str(file))
    thousands = itertools.count()  # of SQLite's own steps; after so many it is interrupted
    connection.set_progress_handler(lambda: next(thousands) > 100, 1000)
    found = connection.execute(f"{BOOTS} SELECT boot FROM each").fetchall()  # noqa: S608
    connection.close()
    assert [type(boot) for (boot,) in found] == [str, int]
