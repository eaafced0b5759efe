"""The twin at a neighbour: what it has counts only once the neighbour has signed that; nothing is missing unseen."""

import random

import msgspec
import pytest

from appliance.behind import keeps_of, neighbour_of
from appliance.keeper.cellar import MIB
from appliance.twinned import worst
from appliance.uplink.neighbour import LOOK_S
from drivers.check import State
from drivers.twin import Trouble, TwinError
from drivers.twin.sim import Driver as Medium
from simulation.unit import SimUnit
from sync.messages import raw_bytes
from tests.appliance.conftest import touch
from tests.appliance.keeper.conftest import ADDRESS, Keeper, Near, Passing


def test_every_commit_is_at_the_neighbour_and_only_once(near: Near) -> None:
    near.write(3)
    assert (near.near.state, near.near.lacks) == ("silent", len(near.written()))
    lag = near.go()
    assert (lag.state, lag.lacks, lag.at) == ("ok", 0, f"shop01 {ADDRESS}")
    near.keeper_has_everything()
    kept = near.kept
    near.go()
    near.neighbour = near.fresh()
    near.keeper.begin()
    near.go()
    assert near.kept == kept, "what is there is not written again, also not by the next processes"
    near.write()
    assert near.near.lacks == 1
    assert near.go().lacks == 0
    near.keeper_has_everything()


def test_stick_and_neighbour_know_nothing_of_each_other(near: Near) -> None:
    near.write(2)
    near.writer.go()
    assert (near.lag.lacks, near.near.lacks) == (0, len(near.written()))
    near.stick.trouble = Trouble.GONE
    near.write(2)
    near.writer.go()
    near.go()
    assert (near.lag.state, near.lag.lacks, near.near.state, near.near.lacks) == ("gone", 2, "ok", 0)


def test_a_unit_for_which_nobody_is_named_has_none(near: Near) -> None:
    assert near.shop.running.vicinity.lag().state == "none"
    assert near.unit.running.vicinity.keeps().state == "none"
    near.centre.neighbours.nobody("lib01")
    near.meet()
    assert not near.neighbour.go()
    assert near.near.state == "none"


def test_a_unit_restored_from_its_neighbour_goes_on_with_nothing_lost(near: Near) -> None:
    """The town had some of it; the box burns, and another one begins the next life at the same neighbour."""
    near.write(4)
    near.sync()
    near.write(6)
    near.unit.running.opened.journal.append([touch(30_000 + day) for day in range(1_100)])
    near.go()
    everything = near.written()
    found = near.bring(near.kept)
    assert (found.chain.is_whole, found.refused) == (True, [])
    assert near.segments(near.kept) == everything
    assert near.bring(near.kept).new == 0, "nothing is booked twice"

    near.unit = SimUnit(near.centre, "lib01", "library", near.clock, near.unit._trust, "next", body=None)
    near.meet()
    near.keeper.heed()
    near.neighbour = near.fresh()
    near.write(2)
    lag = near.go()
    assert (near.unit.enrolment.epoch, lag.state, lag.lacks) == (2, "ok", 0)
    first, near.file = near.kept, "lib01-2.twin"
    near.keeper_has_everything()
    assert near.keeper.medium.files["lib01-1.twin"] == first, "the life before stays as it was"


def test_what_need_not_be_kept_is_deleted_when_the_office_says_so_and_not_before(near: Near) -> None:
    near.write(2)
    near.go()
    near.unit = SimUnit(near.centre, "lib01", "library", near.clock, near.unit._trust, "next")
    near.meet()
    near.keeper.heed()
    near.neighbour = near.fresh()
    near.go()
    assert set(near.keeper.medium.files) == {"lib01-1.twin", "lib01-2.twin"}
    near.centre.neighbours.forget("lib01", 1)
    near.meet()
    near.keeper.heed()
    assert set(near.keeper.medium.files) == {"lib01-2.twin"}
    near.write()
    assert near.go().state == "ok"


# ---- power cuts


def test_power_that_goes_at_either_side_at_any_moment(near: Near) -> None:
    """Whatever is torn, lost or said twice: what counted as written is there, and in the end everything is."""
    dice = random.Random(39)  # noqa: S311
    for _ in range(60):
        near.write(dice.randint(1, 3))
        blow = dice.randrange(6)
        if blow == 0:  # the keeper's power, in the middle of a write
            near.keeper.medium.tears = dice.randrange(600)
        if blow == 1:  # the answer is lost
            near.passing = lost_after(near)
        if blow == 2:  # what was asked is lost
            near.passing = gone
        before = near.near
        near.go()
        believed = len(near.written()) - (near.near.lacks or 0)
        if near.near.state == "ok":
            assert len(near.segments(near.kept) & near.written()) >= believed
        near.keeper.medium.tears, near.keeper.medium.trouble, near.passing = None, None, near.arrive
        if blow in (0, 3):
            near.keeper.begin()
        if blow == 4:
            near.unit.crash()
            near.start()
        if blow in (4, 5):
            near.neighbour = near.fresh()
        assert before.at == near.near.at
    lag = near.go()
    assert (lag.state, lag.lacks) == ("ok", 0)
    near.keeper_has_everything()


def lost_after(near: Near) -> Passing:
    def passing(unit: str, letter: bytes, record: bytes) -> bytes:
        near.arrive(unit, letter, record)
        raise TwinError(Trouble.GONE, "no answer came")

    return passing


def gone(_unit: str, _letter: bytes, _record: bytes) -> bytes:
    raise TwinError(Trouble.GONE, "nobody is there")


def test_an_answer_that_is_lost_makes_nothing_come_twice(near: Near) -> None:
    near.write(3)
    near.go()
    near.write(2)
    near.passing = lost_after(near)
    lag = near.go()
    assert (lag.state, lag.lacks) == ("gone", 2), "it is there, and nobody has said so"
    kept = near.kept
    near.passing = near.arrive
    assert near.go().lacks == 0
    assert near.kept == kept
    near.keeper_has_everything()


def test_half_a_record_that_a_keeper_could_not_finish_is_stepped_over(near: Near) -> None:
    """Its process lives on."""
    near.write(2)
    near.go()
    whole = near.kept
    for left in (0, 1, 90, 300):
        near.write()
        near.keeper.medium.tears = left
        assert (near.go().state, near.near.lacks) == ("gone", 1)
        near.keeper.medium.trouble = None
        assert near.go().lacks == 0
        assert near.kept.startswith(whole)
    near.keeper_has_everything()


# ---- the keeper's disk


def test_a_keeper_whose_disk_was_put_back_in_time_gets_the_rest_again(near: Near) -> None:
    near.write(3)
    near.go()
    before = dict(near.keeper.medium.files)
    near.write(3)
    near.go()
    near.keeper.medium.files = before
    near.keeper.begin()
    assert near.go().state == "ok", "nobody looks before"
    near.clock.advance(LOOK_S + 1)
    assert near.go().state == "changed"
    assert near.go().lacks == 0
    near.keeper_has_everything()


def test_what_rots_at_the_keeper_is_written_again(near: Near) -> None:
    for _ in range(4):
        near.write(2)
        near.go()
    whole = near.kept
    for at in range(5, len(whole), 211):
        rotten = bytearray(whole)
        rotten[at] ^= 0x40
        near.keeper.medium.files[near.file] = bytes(rotten)
        near.keeper.begin()
        near.neighbour = near.fresh()
        assert near.go().state == "ok"
        near.keeper_has_everything()


def test_another_box_in_the_keepers_place_is_believed_once_the_town_has_said_its_key(near: Near) -> None:
    near.write(3)
    near.go()
    trust = near.unit._trust
    near.shop = SimUnit(near.centre, "shop01", "shop", near.clock, trust, "another")
    near.keeper = Keeper(near.shop)
    near.clock.advance(LOOK_S + 1)
    near.go()
    assert near.near.state in ("refused", "strange"), "the unit knows the key of the box before"
    near.meet()
    near.keeper.heed()
    lag = near.go()
    assert (lag.state, lag.lacks) == ("ok", 0)
    near.keeper_has_everything()


def test_another_unit_as_keeper_gets_everything_and_the_one_before_nothing_more(near: Near) -> None:
    near.write(3)
    near.go()
    first = near.keeper
    desk = SimUnit(near.centre, "desk01", "shop", near.clock, near.unit._trust, "near")
    near.centre.neighbours.name("lib01", "desk01", ADDRESS, 256)
    near.meet(desk)
    first.heed()
    near.keeper = Keeper(desk)
    near.write(2)
    assert near.go().lacks == 0
    near.keeper_has_everything()
    assert first.lodging().bytes == {"lib01": len(first.medium.files["lib01-1.twin"])}
    (share,) = first.unit.running.directory.guests()
    assert share.mib == 0


def test_a_keeper_that_is_full_says_so_and_loses_nothing(near: Near) -> None:
    """A share is for all lives of a unit together."""
    near.name(mib=1)
    near.keeper.heed()
    near.keeper.medium.files |= {"lib01-0.twin": bytes(MIB - 8_000), "bus01-1.twin": bytes(MIB)}
    for _ in range(40):
        if near.go().state == "full":
            break
        near.write()
    assert (near.near.state, near.near.lacks) == ("full", 1)
    assert 6_000 < len(near.kept) <= 8_000
    kept = near.kept
    assert near.bring(kept, store=False).chain.is_whole
    near.name(mib=8)
    near.keeper.heed()
    assert near.go().lacks == 0
    assert near.kept.startswith(kept)


def test_a_keeper_without_room_on_its_disk_takes_nothing(near: Near) -> None:
    near.write(2)
    near.go()
    near.keeper.medium._options = Medium.Options(size=len(near.kept) + 10)
    near.write(2)
    assert (near.go().state, near.near.lacks) == ("full", 2)
    near.keeper.medium._options = Medium.Options()
    assert near.go().lacks == 0
    near.keeper_has_everything()


@pytest.mark.parametrize("trouble", [Trouble.READ_ONLY, Trouble.FAILING])
def test_a_keeper_whose_disk_takes_nothing_says_so_at_both_ends(near: Near, trouble: Trouble) -> None:
    near.write()
    near.keeper.medium.trouble = trouble
    assert near.go().state == trouble
    near.keeper.heed()
    assert near.shop.running.vicinity.keeps().state == trouble
    near.keeper.medium.trouble = None
    assert near.go().lacks == 0
    near.keeper.heed()
    assert near.shop.running.vicinity.keeps().state == "ok"
    assert near.shop.running.vicinity.keeps().bytes == {"lib01": len(near.kept)}


def test_the_keeper_can_read_nothing_of_it(near: Near) -> None:
    near.write(4)
    near.go()
    rows = near.unit.running.opened.journal.select("SELECT CAST(body AS BLOB), hash FROM entry")
    everything = b"".join(letter + record + answer for letter, record, answer in near.said) + near.kept
    for body, digest in rows:
        assert body[:60] not in everything
        assert digest not in everything
    assert raw_bytes(near.unit.running.twin.owner().key) not in everything


# ---- what people are told


def told(near: Near) -> tuple[str, str]:
    """Return what the doctor says at the unit of its neighbour, and at the neighbour of what it keeps."""
    lag, keeps = near.near, near.shop.running.vicinity.keeps()
    checks = (
        neighbour_of({"neighbour": msgspec.to_builtins(lag)}),
        keeps_of({"keeps": msgspec.to_builtins(keeps)}),
    )
    first, second = (f"{check.state} {check.en}" if check else "" for check in checks)
    return first, second


def test_the_doctor_says_at_both_ends_how_it_stands(near: Near) -> None:
    near.write()
    near.go()
    near.keeper.heed()
    assert told(near) == (f"OK shop01 {ADDRESS}: written (lacks 0 entries, 0 s)", "OK keeps twins (lib01 0 MiB)")
    near.passing = gone
    near.write(2)
    near.clock.advance(700)
    near.go()
    lib, shop = told(near)
    assert lib.startswith(f"WARN shop01 {ADDRESS}: the neighbour that keeps the twin does not answer (since ")
    assert lib.endswith("lacks 2 entries, 700 s)")
    assert shop == "WARN the process that keeps twins says nothing"
    near.unit.running.twin.is_fitted = False
    assert worst(near.lag, near.near).lacks == 2, "and so a symptom says it, after ten minutes"
    near.centre.neighbours.nobody("lib01")
    near.meet()
    assert told(near)[0] == ""


@pytest.mark.parametrize("trouble", [trouble for trouble in Trouble if trouble is not Trouble.CHANGED])
def test_whatever_hinders_it_there_are_words_for_it_and_something_to_do(near: Near, trouble: Trouble) -> None:
    def hinders(_unit: str, _letter: bytes, _record: bytes) -> bytes:
        raise TwinError(trouble, "as the test says")

    near.passing = hinders
    near.write()
    near.go()
    check = neighbour_of({"neighbour": msgspec.to_builtins(near.near)})
    assert check is not None
    assert (check.state, bool(check.do_ja), bool(check.do_en)) == (State.WARN, True, True)
    assert "USB" not in check.ja + check.do_ja
