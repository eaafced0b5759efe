"""The courier between a unit and its centre: in order, again if need be, and nothing is believed that is not signed."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from appliance.checkup import settle
from appliance.inbox import StrangeError
from drivers.keystore.sim import Driver as Keystore
from sync.client import RefusedError
from sync.facts import CardState, Order, UnitState
from sync.messages import Head, Holdings, Problem, Why, open_signed, raw_bytes, sign
from tests.appliance.conftest import touch
from tests.appliance.uplink.conftest import Town, Watched, all_said, go, held, written

CARD = "0c" * 16


def test_a_long_queue_drains_in_order(town: Town, watched: Watched) -> None:
    town.write(1_203)
    waiting = town.unsent
    assert waiting == len(written(town)) > 1_203
    done = go(town, watched)
    assert (done.delivered, done.problem) == (3, None)
    assert watched.posted == [(1, 500), (501, 1000), (1001, waiting)]
    assert town.unsent == 0
    assert held(town) == Counter(written(town))
    assert go(town, watched).delivered == 0, "a second round has nothing to bring"


@pytest.mark.parametrize("by", [60.0, -3600.0], ids=["time goes on", "the clock is set back"])
def test_boots_go_in_the_order_in_which_they_were(town: Town, watched: Watched, by: float) -> None:
    for _ in range(3):
        town.write(2)
        town.unit.crash()
        town.clock.jump(by)
        town.unit.start()
    begun = town.unit.running.opened.journal.select("SELECT boot FROM entry WHERE seq = 1")
    assert go(town, watched).delivered == len(begun) == 4
    assert [first for first, _ in watched.posted] == [1] * 4
    assert held(town) == Counter(written(town))


def test_what_nothing_connects_is_brought_once_and_not_for_ever(town: Town) -> None:
    """After a disk was put back and is damaged as well, no end says that the older boots are held.

    The centre's end is not known here, and one boot lacks its beginning; the answer to each delivery tells.
    """
    for _ in range(4):
        town.clock.advance(60)
        town.write(2)
        town.unit.crash()
        town.unit.start()
    town.unit.stop()
    old = town.unit.disk.snapshot()
    town.unit.start()
    town.write(2)
    go(town)
    town.unit.crash()
    town.unit.disk.restore(old)
    damaged = town.unit.disk.connect("journal.db")
    settle(damaged)
    begun = [boot for (boot,) in damaged.execute("SELECT boot FROM entry WHERE seq = 1 ORDER BY body ->> '$.at'")]
    damaged.execute("DELETE FROM entry WHERE boot = ? AND seq = 1", (begun[2],))
    damaged.execute("DELETE FROM note")
    damaged.execute("VACUUM")  # otherwise it is found in the bytes of the file
    damaged.close()
    town.unit.start()
    town.unit.sync(town.road)
    assert town.unsent == 0
    assert not written(town) - set(held(town))
    assert go(town).delivered == 0


@pytest.mark.fault("delivery cut off, or its answer lost")
@pytest.mark.parametrize("boots", [2, 3, 4])
def test_a_boot_behind_a_hole_waits_for_whoever_declares_it(town: Town, boots: int) -> None:
    """And so do those that continue it."""
    town.write(4)
    for _ in range(boots - 1):
        town.unit.stop()
        town.clock.advance(60)
        town.unit.start()
        town.write(2)
    town.unit.stop()
    town.clock.advance(60)
    damaged = town.unit.disk.connect("journal.db")
    settle(damaged)
    ends = "SELECT boot, max(seq) FROM entry GROUP BY boot ORDER BY min(body ->> '$.at')"
    rows: Any = damaged.execute(ends).fetchall()
    first, last = rows[0]
    damaged.execute("DELETE FROM entry WHERE boot = ? AND seq >= ?", (first, last - 1))
    damaged.execute("DELETE FROM note")
    damaged.execute("VACUUM")  # otherwise they are found in the bytes of the file
    damaged.close()
    town.unit.start()
    assert town.unit.running.opened.lost
    done = go(town)
    assert done.problem is None
    assert town.unsent == 0
    assert held(town) == Counter(written(town))


@pytest.mark.fault("disk put back in time")
@pytest.mark.parametrize("delivered", [0, 2], ids=["nothing was at the centre", "its beginning was"])
def test_what_another_state_of_the_disk_lost_is_brought_by_the_one_that_has_it(town: Town, delivered: int) -> None:
    """The centre's heads stand behind the hole, so only its refusal can tell that something in there is lacking."""
    if delivered:
        go(town)
    town.write(3)
    tip = town.unit.running.opened.journal.tip
    assert tip is not None
    old = town.unit.disk.snapshot()
    town.write(2)
    town.unit.stop()
    damaged = town.unit.disk.connect("journal.db")
    settle(damaged)
    damaged.execute("DELETE FROM entry WHERE boot = ? AND seq IN (3, 4)", (tip.boot,))
    damaged.execute("DELETE FROM note")
    damaged.execute("VACUUM")  # otherwise they are found in the bytes of the file
    damaged.close()
    town.clock.advance(60)
    town.unit.start()
    assert town.unit.running.opened.lost
    go(town)
    town.unit.crash()
    town.unit.disk.restore(old)
    town.clock.advance(60)
    town.unit.start()
    town.write(2)
    assert go(town).problem is None
    assert town.unsent == 0
    assert not set(written(town)) - set(held(town))
    assert go(town).delivered == 0


@pytest.mark.parametrize("lost", ["request_lost", "answer_lost"])
def test_what_is_lost_on_the_way_is_brought_again_and_held_once(town: Town, lost: str) -> None:
    town.write(700)
    setattr(town.road.weather, lost, 0.6)
    for _ in range(60):
        town.unit.sync(town.road)
    assert town.road.lost > 5, "the weather was too good: this test tried nothing"
    setattr(town.road.weather, lost, 0.0)
    town.unit.sync(town.road)
    assert town.unsent == 0
    assert held(town) == Counter(written(town))


@pytest.mark.fault("no network for hours")
def test_while_the_road_is_closed_everything_is_kept(town: Town) -> None:
    town.road.weather.closed = True
    town.write(10)
    assert town.unit.sync(town.road) is None
    assert town.unsent == len(written(town))
    town.unit.stop()
    town.unit.start()
    town.road.weather.closed = False
    go(town)
    assert town.unsent == 0


@pytest.mark.fault("centre restored from a backup")
def test_a_restored_centre_gets_back_what_it_lost(town: Town) -> None:
    town.write(5)
    go(town)
    connection = town.centre.engine.raw_connection()
    database: Any = connection.driver_connection
    backup = type(database)(":memory:")
    database.backup(backup)
    town.write(600)
    town.unit.crash()
    town.unit.start()
    town.centre.registrar.set_card(CARD, CardState.STOPPED)
    for _ in range(2):  # the second brings what the unit wrote down about what it heard in the first
        go(town)
    whole, said = held(town), all_said(town.centre)
    backup.backup(database)
    assert (held(town) < whole, all_said(town.centre).last < said.last) == (True, True)
    done = go(town)
    assert (done.delivered, done.given_back) == (3, 1), "the rest of the first boot, the second boot, its own words"
    assert held(town) == whole == Counter(written(town))
    assert all_said(town.centre).bodies == said.bodies, "and its own words, which this unit had heard"
    assert town.unsent == 0
    assert town.unit.running.hatch.standing.frozen == ""
    connection.close()


def test_a_centre_whose_clock_was_set_back_is_believed(town: Town) -> None:
    go(town)
    town.clock.jump(-3600)
    town.write(1)
    assert go(town).delivered == 1
    assert (town.unsent, town.strange) == (0, "")


def test_a_unit_whose_deliveries_are_refused_still_hears(town: Town, watched: Watched) -> None:
    go(town)
    town.write(1)
    town.centre.registrar.set_card(CARD, CardState.STOPPED)

    def refuse(_: bytes) -> bytes:
        if watched.posted:
            raise RefusedError(Problem(Why.BAD_SEGMENT, "Not a segment", 400))
        return _

    watched.on_answer = refuse
    done = go(town, watched)
    assert (done.problem and done.problem.type, done.fetched) == (Why.BAD_SEGMENT, 1)
    known = town.unit.running.directory.card(CARD)
    assert known is not None
    assert known.state is CardState.STOPPED


# ---------------------------------------------------------------------------------- a disk that was put back


def put_back(town: Town, touches: int) -> None:
    """Let the disk be as it was before some touches."""
    old = town.unit.disk.snapshot()
    town.write(touches)
    go(town)
    town.unit.crash()
    town.unit.disk.restore(old)
    town.unit.start()


def test_a_unit_hears_that_the_centre_holds_more_than_its_disk(town: Town) -> None:
    """It has no counter outside its disk, so only the centre knows."""
    town.unit.monotonic.worn = True
    go(town)
    put_back(town, 3)
    assert town.unit.running.hatch.standing.frozen == ""
    go(town)
    assert "put back in time" in town.unit.running.hatch.standing.frozen


def test_a_unit_that_lost_entries_waits_until_somebody_has_looked(town: Town) -> None:
    journal = town.unit.running.opened.journal
    assert journal.tip is not None
    go(town)
    old = town.unit.disk.snapshot()
    (last,) = journal.append([touch(20_000)])
    town.unit.running.opened.counted.raise_to(last.entry.seq)
    town.unit.crash()
    town.unit.disk.restore(old)
    town.unit.start()
    standing = town.unit.running.hatch.standing
    assert "not on this disk" in standing.frozen
    town.centre.registrar.set_card(CARD, CardState.STOPPED)
    assert go(town).fetched == 1
    assert "not on this disk" in standing.frozen, "this was news about something else"
    with town.centre.engine.begin() as connection:
        order = Order("lib01", 1, UnitState.ACTIVE, "the card was worn out")
        town.centre.streams.append_for(connection, "lib01", [order])
    go(town)
    assert standing.frozen == ""


# ---------------------------------------------------------------------------------- what is not believed


def claiming_all(town: Town) -> Callable[[bytes], bytes]:
    """Answer that everything is held, in the name of another town."""

    def answer(raw: bytes) -> bytes:
        true = open_signed(raw, Holdings, raw_bytes(town.unit.enrolment.town_key))
        tip = town.unit.running.opened.journal.tip
        assert tip is not None
        lie = msgspec.structs.replace(true, heads=(Head(tip.boot, tip.seq, tip.hash),))
        return sign(lie, Keystore(Keystore.Options("another town")))

    return answer


def to_another(town: Town) -> Callable[[bytes], bytes]:
    """Answer the question of another unit, as this very town would."""

    def answer(raw: bytes) -> bytes:
        true = open_signed(raw, Holdings, raw_bytes(town.unit.enrolment.town_key))
        return sign(msgspec.structs.replace(true, unit="lib02"), town.centre.town.signer)

    return answer


def flipped(raw: bytes) -> bytes:
    at = raw.index(b'"generation":"') + len(b'"generation":"')
    return raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]


LIES: dict[str, tuple[Callable[[Town], Callable[[bytes], bytes]], str]] = {
    "another town's signature": (claiming_all, "not a message of this town"),
    "another byte under the signature": (lambda _: flipped, "not a message of this town"),
    "a login page": (lambda _: lambda _: b"<html>Sign in to the free Wi-Fi</html>", "not a message of this town"),
    "nothing": (lambda _: lambda _: b"", "not a message of this town"),
    "an answer to another unit": (to_another, "an answer to another question"),
}


@pytest.mark.parametrize("lie", LIES)
@pytest.mark.threat("hostile network")
def test_an_answer_that_the_town_did_not_sign_changes_nothing(town: Town, watched: Watched, lie: str) -> None:
    town.write(3)
    make, words = LIES[lie]
    watched.on_answer = make(town)
    unsent, before = town.unsent, written(town)
    with pytest.raises(StrangeError, match=words):
        go(town, watched)
    assert (town.unsent, written(town)) == (unsent, before)
    assert words in town.strange
    assert town.unit.running.hatch.standing.contact_ms is None
    watched.on_answer = lambda answer: answer
    assert go(town, watched).delivered == 1
    assert (town.unsent, town.strange) == (0, "")


@pytest.mark.threat("hostile network")
def test_an_old_answer_played_again_is_not_believed(town: Town, watched: Watched) -> None:
    """Otherwise a unit could be told for ever that its entries had arrived."""
    heard: list[bytes] = []

    def listen(answer: bytes) -> bytes:
        heard.append(answer)
        return answer

    watched.on_answer = listen
    go(town, watched)
    town.write(3)
    watched.on_answer = lambda _: heard[-1]
    with pytest.raises(StrangeError, match="an answer to another question"):
        go(town, watched)
    assert town.unsent == 3


def test_an_acknowledgement_that_is_forged_leaves_the_entries_in_the_queue(town: Town, watched: Watched) -> None:
    """The segment arrives; its receipt is swapped on the way back."""
    town.write(3)
    forge = claiming_all(town)
    watched.on_answer = lambda raw: forge(raw) if watched.posted else raw
    with pytest.raises(StrangeError):
        go(town, watched)
    assert len(watched.posted) == 1
    assert town.unsent == len(written(town)), "nothing was acknowledged that can be believed"
    watched.on_answer = lambda raw: raw
    assert go(town, watched).delivered == 0, "the centre says itself that it holds them"
    assert town.unsent == 0
    assert held(town) == Counter(written(town))
