"""The town's leave for a unit to wipe itself, and what the town makes of its last word."""

import pytest

from central.centre import Centre
from central.parting import PartingError
from drivers.keystore.sim import Driver as Keystore
from sync.facts import UnitState
from sync.messages import Holdings, MessageError, Release, Wiped, open_signed, sign, text
from tests.central.pen import AT, Pen, touch


@pytest.fixture(autouse=True)
def books(centre: Centre) -> None:
    centre.reconciler.prepare()


def word(pen: Pen, tip: str, town: str = "", epoch: int = 1, keystore: Keystore | None = None) -> bytes:
    signer = keystore or pen.keystore
    town = town or pen.centre.town_id
    said = Wiped(town, pen.unit, epoch, text(signer.public), tip, pen.seq, AT, "hanako #7" * 40)
    return sign(said, signer)


def state(centre: Centre, unit: str) -> UnitState:
    release = open_signed(centre.parting.release(unit), Release, centre.town.signer.public)
    return release.holdings.state


def test_a_leave_says_up_to_where_everything_is_held(centre: Centre, pen: Pen) -> None:
    pen.send(pen.begin(touch()))
    release = open_signed(centre.parting.release("lib01"), Release, centre.town.signer.public)
    assert release.key == text(pen.keystore.public)
    assert [(head.boot, head.seq) for head in release.holdings.heads] == [(pen.boot, 2)]


def test_a_leave_is_no_answer_to_a_unit_that_asks(centre: Centre, pen: Pen) -> None:
    with pytest.raises(MessageError):
        open_signed(centre.parting.release(pen.unit), Holdings, centre.town.signer.public)


@pytest.mark.parametrize("why", ["never", "not enrolled", "closed"])
def test_whoever_is_not_at_work_needs_none(centre: Centre, pen: Pen, why: str) -> None:
    if why == "not enrolled":
        centre.enroller.invite("bus01", "library", "facility", "https://localhost")
    if why == "closed":
        centre.enroller.close("lib01", "stolen")
    unit = {"never": "shop09", "not enrolled": "bus01", "closed": "lib01"}[why]
    with pytest.raises(PartingError, match="it needs no leave"):
        centre.parting.release(unit)
    assert pen.unit == "lib01"


def test_a_last_word_ends_the_life_that_signed_it(centre: Centre, pen: Pen) -> None:
    pen.send(pen.begin(touch()))
    ended = centre.parting.take(word(pen, f"{pen.boot}/{pen.seq}"), "lib01")
    assert (ended.is_present, ended.is_held) == (True, True)
    with pytest.raises(PartingError, match="is closed"):
        centre.parting.release("lib01")


def test_a_last_word_that_names_more_than_is_held_says_so(centre: Centre, pen: Pen) -> None:
    pen.send(pen.begin(touch()))
    ended = centre.parting.take(word(pen, f"{pen.boot}/{pen.seq + 1}"), "lib01")
    assert (ended.is_present, ended.is_held) == (True, False)


def test_the_next_life_of_a_unit_outlives_the_last_word_of_the_one_before(centre: Centre, pen: Pen) -> None:
    pen.send(pen.begin(touch()))
    Pen.enrolled(centre, "lib01", "another key")
    ended = centre.parting.take(word(pen, f"{pen.boot}/{pen.seq}"), "lib01")
    assert (ended.is_present, ended.is_held) == (False, True)
    assert state(centre, "lib01") is UnitState.ACTIVE


@pytest.mark.threat("malicious technician")
def test_nobody_else_says_it_for_a_unit(centre: Centre, pen: Pen) -> None:
    forged = {
        "did not sign this": word(pen, "", keystore=Keystore(Keystore.Options("a thief"))),
        "there was no life 2": word(pen, "", epoch=2),
        "there was no life 1": word(pen, "", town="elsewhere"),
        "not the last word of a unit": b'{"body":{},"sig":"AAAA"}',
    }
    for why, raw in forged.items():
        with pytest.raises(PartingError, match=why):
            centre.parting.take(raw, "lib01")
    with pytest.raises(PartingError, match="and not of bus01"):
        centre.parting.take(word(pen, ""), "bus01")
    assert state(centre, "lib01") is UnitState.ACTIVE


def test_a_ticket_for_a_known_unit_says_what_was_heard_of_it(centre: Centre, pen: Pen) -> None:
    assert centre.enroller.invite("bus01", "library", "facility", "https://localhost").before is None
    pen.send(pen.begin(touch()))
    before = centre.enroller.invite("lib01", "library", "facility", "https://localhost").before
    assert before is not None
    assert (before.epoch, before.upto, before.unsent) == (1, f"{pen.boot}/{pen.seq}", 0)
