"""What becomes of the twin when its stick is torn away, swapped, old, full or rotten: nothing is missing unseen."""

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from msgspec.structs import replace

from appliance.behind import twin_of
from appliance.checkup import settle
from appliance.copying import Told
from appliance.copyist import READ_AGAIN_S
from appliance.journal import JournalBrokenError
from appliance.twinned import SILENT_S
from drivers.check import State
from drivers.twin import Trouble
from drivers.twin.sim import Driver as Stick
from sync import twin
from sync.facts import TwinKey
from sync.messages import text
from tests.appliance.conftest import touch
from tests.appliance.twin.conftest import Town


def doctor(town: Town) -> tuple[State, str]:
    lag = town.lag
    said = {"state": lag.state, "since_ms": lag.since_ms, "lacks": lag.lacks, "lacks_s": lag.lacks_s}
    check = twin_of({"twin": said})
    return check.state, check.en


def test_every_commit_is_written_and_only_once(town: Town) -> None:
    town.write(3)
    assert (town.lag.state, town.lag.lacks) == ("silent", len(town.written()))
    assert (
        doctor(town)[1] == f"the process that writes the twin says nothing (lacks {len(town.written())} entries, 0 s)"
    )
    assert town.writer.go() == ""
    assert (town.lag.state, town.lag.lacks, town.lag.lacks_s) == ("ok", 0, 0)
    assert town.lag.upto == f"{town.unit.running.opened.journal.tip.boot}/{len(town.written())}"  # type: ignore[union-attr]
    town.holds_everything()
    writes = town.stick.writes
    town.writer.go()
    town.fresh_writer().go()
    assert town.stick.writes == writes, "what is there is not written again, also not by the next process"
    town.write()
    assert town.lag.lacks == 1
    town.writer.go()
    assert town.stick.writes == writes + 1
    town.holds_everything()


def test_a_commit_too_long_for_one_record_and_many_runs(town: Town) -> None:
    town.unit.running.opened.journal.append([touch(day) for day in range(1_100)])
    town.writer.go()
    for _ in range(3):
        town.begin_again()
        town.write()
    town.writer.go()
    town.holds_everything()
    town.stick.files = {}
    town.fresh_writer().go()
    town.holds_everything()


def test_the_town_learns_all_of_it_from_the_twin_alone(town: Town) -> None:
    town.write(5)
    town.writer.go()
    town.sync()  # the centre has some of it already
    town.write(5)
    town.writer.go()
    found = town.bring()
    assert found.new >= 1
    assert found.known >= 1
    assert found.refused == []
    again = town.bring()
    assert (again.new, again.refused) == (0, [])
    town.sync()
    assert town.unit.running.hatch.backlog().unsent == 0
    assert not town.unit.running.hatch.standing.frozen


def test_torn_away_at_any_byte_of_a_record(town: Town) -> None:
    """Whatever half of a record is left on the stick, the whole of it is written behind."""
    town.write(2)
    town.writer.go()
    whole = dict(town.stick.files)
    town.write(1)
    town.writer.go()
    record = len(town.stick.files[town.file]) - len(whole[town.file])
    for left in range(record):
        town.stick.files = dict(whole)
        town.stick.tears = left
        assert "gone" in town.fresh_writer().go()
        assert (town.lag.state, town.lag.lacks) == ("gone", 1), "it is not believed before it is there"
        town.stick.trouble = None
        writer = town.fresh_writer()
        assert writer.go() == ""
        assert town.lag.lacks == 0
        assert town.stick.files[town.file].startswith(whole[town.file]), "nothing is taken away"
        found = town.bring(store=False)
        assert found.chain.is_whole
        assert town.segments(town.stick.files[town.file]) == town.written()


def test_pulled_out_and_put_in_again(town: Town) -> None:
    town.write(2)
    town.writer.go()
    town.stick.trouble = Trouble.GONE
    town.clock.advance(5)
    town.writer.go()
    since = town.clock.wall_ms()
    town.write(3)
    town.clock.advance(90)
    assert "gone" in town.writer.go()
    state, words = doctor(town)
    assert state is State.WARN
    assert "lacks 3 entries, 90 s" in words
    assert "since 20" in words
    assert town.unit.running.twin.next(Told(trouble="gone")) is None, "nothing is read for a stick that is not there"
    assert town.lag.since_ms == since, "since when it is gone, not since when somebody asked"
    town.stick.trouble = None
    town.writer.go()
    assert doctor(town) == (State.OK, "written (lacks 0 entries, 0 s)")
    town.holds_everything()


def test_swapped_for_the_stick_of_another_unit(town: Town) -> None:
    """Both twins lie on it then, and neither is touched by the other's unit."""
    town.write(2)
    town.writer.go()
    theirs = town.stick.files[town.file]
    town.stick.files = {"bus01-1.twin": theirs}
    town.write(1)
    assert "ends otherwise" in town.writer.go()
    assert (town.lag.state, town.lag.lacks) == ("changed", 1)
    town.writer.go()
    assert town.stick.files["bus01-1.twin"] == theirs
    town.holds_everything()


def test_swapped_between_two_sticks_of_its_own(town: Town) -> None:
    """Each catches up with what it lacks, also the one with more on it than the one before."""
    first: dict[str, bytes] = {}
    second: dict[str, bytes] = {}
    for turn in range(6):
        town.stick.files = first if turn % 2 == 0 else second
        town.write(turn % 3 + 1)
        town.writer.go()
        town.writer.go()  # where the one before noticed that it is another
        assert town.lag.state == "ok"
        town.holds_everything()


def test_swapped_for_one_with_as_many_bytes(town: Town) -> None:
    town.write(2)
    town.writer.go()
    other = {
        name: content[:-40] + bytes(byte ^ 1 for byte in content[-40:]) for name, content in town.stick.files.items()
    }
    town.stick.files = other
    town.write(1)
    assert "ends otherwise" in town.writer.go()
    assert town.writer.go() == ""
    town.holds_everything()


def test_the_content_of_an_earlier_life_stays_and_counts_for_nothing(town: Town) -> None:
    town.write(4)
    town.writer.go()
    earlier = town.stick.files[town.file]
    now = replace(town.unit.running.twin.owner(), epoch=2)
    town.unit.running.twin.owner = lambda: now
    town.stick.files["lib01-2.twin"] = earlier  # even under the name of the new one
    town.writer.go()
    assert town.stick.files[town.file] == earlier
    assert town.stick.files["lib01-2.twin"].startswith(earlier)
    fresh = town.stick.files["lib01-2.twin"][len(earlier) :]
    assert town.segments(fresh) == town.written()


def test_a_stick_that_is_full(town: Town) -> None:
    town.write(2)
    town.writer.go()
    town.stick._options = Stick.Options(size=len(town.stick.files[town.file]) + 10)
    town.write(2)
    assert "full" in town.writer.go()
    assert (town.lag.state, town.lag.lacks) == ("full", 2)
    assert doctor(town)[0] is State.WARN
    full = dict(town.stick.files)
    town.stick.files = {}
    town.stick._options = Stick.Options()
    town.writer.go()
    town.holds_everything()
    assert town.bring(full[town.file], store=False).chain.is_whole, "the full one is as good as it was"


@pytest.mark.parametrize("trouble", [Trouble.READ_ONLY, Trouble.FAILING])
def test_a_stick_that_takes_nothing(town: Town, trouble: Trouble) -> None:
    town.write(1)
    town.stick.trouble = trouble
    town.writer.go()
    assert town.lag.state == trouble
    state, words = doctor(town)
    assert state is State.WARN
    assert words.startswith(("the stick for the twin cannot be written to", "the stick for the twin fails"))
    town.stick.trouble = None
    town.writer.go()
    town.holds_everything()


def test_whatever_rots_is_found_and_written_again(town: Town) -> None:
    for _ in range(4):
        town.write(2)
        town.writer.go()
    whole = town.stick.files[town.file]
    for at in range(0, len(whole), 37):
        rotten = bytearray(whole)
        rotten[at] ^= 0x40
        town.stick.files[town.file] = bytes(rotten)
        town.fresh_writer().go()
        assert town.lag.state == "ok"
        now = town.stick.files[town.file]
        assert now.startswith(rotten)
        assert town.segments(now) == town.written()
        assert town.bring(now, store=False).chain.is_whole


def test_rot_under_a_running_process_is_found_within_a_day(town: Town) -> None:
    town.write(3)
    town.writer.go()
    rotten = bytearray(town.stick.files[town.file])
    rotten[-200] ^= 1
    town.stick.files[town.file] = bytes(rotten)
    town.writer.go()
    assert town.lag.broken == 0, "nobody looks before"
    town.clock.advance(READ_AGAIN_S + 1)
    town.writer.go()
    assert town.lag.broken == 1
    town.holds_everything()


def test_what_rotted_and_was_not_written_again_is_said_at_the_centre(town: Town) -> None:
    for _ in range(3):
        town.write(2)
        town.writer.go()
    content = town.stick.files[town.file]
    starts = [at for at in range(len(content)) if content.startswith(b"\n" + twin.TITLE, at)]
    rotten = bytearray(content)
    rotten[starts[1] + 200] ^= 1
    found = town.bring(bytes(rotten))
    assert (found.broken, found.chain.is_whole, found.new) == (1, False, 1)
    (refused,) = found.refused
    assert "has to come first" in refused
    assert town.bring(bytes(rotten) + content[starts[1] :]).chain.is_whole, "another stick has it"


def test_a_disk_that_was_put_back_in_time_is_noticed_by_the_twin(town: Town) -> None:
    """The unit goes on in a branch of its own; the twin keeps both, and brings both to the town."""
    town.write(2)
    before = town.unit.disk.snapshot()
    town.write(3)
    town.writer.go()
    lost = town.written()
    town.unit.stop()
    town.unit.disk.restore(before)
    town.start()
    town.write(1)
    town.writer.go()
    assert town.lag.state == "ahead"
    assert doctor(town)[0] is State.WARN
    assert town.segments(town.stick.files[town.file]) == lost | town.written()
    found = town.bring()
    assert (found.chain.is_whole, found.refused) == (True, [])


def test_without_a_key_nothing_is_written(town: Town) -> None:
    before = replace(town.unit.running.twin.owner(), key="")
    town.unit.running.twin.owner = lambda: before
    assert "for whom to seal" in town.writer.go()
    assert (town.lag.state, town.stick.files) == ("no key", {})


def test_a_town_with_a_new_key_gets_everything_again(town: Town) -> None:
    town.write(3)
    town.writer.go()
    old = town.stick.files[town.file]
    town.key = X25519PrivateKey.generate()
    town.centre.registrar.say([TwinKey(twin.ALG, text(town.key.public_key().public_bytes_raw()))])
    town.sync()
    town.writer.go()
    assert town.segments(town.stick.files[town.file][len(old) :]) == town.written()
    found = town.bring()
    assert found.chain.is_whole
    assert "another key" in found.refused[0], "what was sealed for the old key is said, and lost to nobody"


def test_a_process_that_says_nothing_is_noticed(town: Town) -> None:
    town.write(1)
    town.writer.go()
    heard = town.clock.wall_ms()
    town.clock.advance(SILENT_S + 1)
    assert (town.lag.state, town.lag.since_ms) == ("silent", heard)
    assert doctor(town)[0] is State.WARN
    town.unit.running.twin.is_fitted = False
    assert (town.lag.state, town.lag.lacks) == ("none", None)


def test_a_round_ends_between_two_records_when_it_is_told_to(town: Town) -> None:
    town.unit.running.opened.journal.append([touch(day) for day in range(1_100)])
    asked = iter((False, True))
    town.writer.go(lambda: next(asked, True))
    assert town.stick.writes == 1
    town.writer.go()
    town.holds_everything()


def test_what_rotted_in_the_journal_is_not_copied(town: Town) -> None:
    """The daemon ends on it, and its next start saves what can be saved."""
    town.write(3)
    town.unit.running.opened.journal.connection.execute("DROP TRIGGER entry_stays")
    town.unit.running.opened.journal.connection.execute(
        "UPDATE entry SET body = replace(body, 'card', 'cart') WHERE seq = 4"
    )
    with pytest.raises(JournalBrokenError):
        town.writer.go()
    assert town.stick.files == {}


def test_a_journal_with_a_hole_is_not_copied_for_ever(town: Town) -> None:
    town.write(6)
    boot = town.unit.running.opened.journal.tip.boot  # type: ignore[union-attr]
    town.unit.stop()
    damaged = town.unit.disk.connect("journal.db")
    settle(damaged)
    damaged.execute("DELETE FROM entry WHERE boot = ? AND seq = 5", (boot,))
    damaged.execute("DELETE FROM note")
    damaged.execute("VACUUM")  # otherwise it is found in the bytes of the file
    damaged.close()
    town.start()
    assert [(gap.first, gap.last) for gap in town.unit.running.opened.lost] == [(5, 6)], (
        "and the one whose place in the chain it was"
    )
    town.writer.go()
    assert town.lag.lacks == 0
    writes = town.stick.writes
    town.writer.go()
    town.fresh_writer().go()
    assert town.stick.writes == writes
    found = town.bring()
    assert found.chain.is_whole
    assert found.refused == []
