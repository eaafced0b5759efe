"""Whether a new system may stay: what worked before has to work; a journal that is not what it was ends it at once."""

import msgspec
import pytest

from appliance.health import NOTHING, PATIENCE_S, WELL_S, Judgement, Seen, Verdict, judge, missing, seen, why
from appliance.updates import Note, Stage, settled, went_back
from drivers.boot import Slot
from sync.symptoms import Grade, Symptom, What, Why, meaning

KEEP, WAIT, GIVE_UP = Verdict.KEEP, Verdict.WAIT, Verdict.GIVE_UP
BEFORE = Seen(answers=True, serves=True, readers=1, screens=1, parts=("centre", "printer", "sound"))
WELL = msgspec.structs.replace(BEFORE, is_whole=True)
LATE = PATIENCE_S


def but(**changed: object) -> Seen:
    return msgspec.structs.replace(WELL, **changed)


def test_a_system_in_which_all_works_stays_after_a_minute() -> None:
    assert judge(BEFORE, WELL, 30, WELL_S - 1) == Judgement(WAIT)
    assert judge(BEFORE, WELL, 90, WELL_S) == Judgement(KEEP)
    assert judge(BEFORE, but(readers=2, screens=3, parts=("centre", "gps", "printer", "sound")), 90, 60) == Judgement(
        KEEP
    )


def test_nothing_stays_whose_journal_nobody_has_looked_through() -> None:
    assert judge(BEFORE, but(is_whole=None), LATE, LATE) == Judgement(WAIT)


@pytest.mark.parametrize(
    ("now", "lacks", "reason"),
    [
        (NOTHING, ("daemon",), Why.DAEMON),
        (but(serves=False), ("service",), Why.SERVICE),
        (but(readers=0), ("reader",), Why.READER),
        (but(screens=0), ("screen",), Why.SCREEN),
        (but(parts=("centre", "sound")), ("printer",), Why.PRINTER),
        (but(parts=("centre", "printer")), ("sound",), Why.DEVICE),
        (but(parts=("printer", "sound")), ("centre",), Why.CENTRE),
        (but(readers=0, parts=()), ("reader", "centre", "printer", "sound"), Why.READER),
    ],
)
def test_whatever_worked_before_gets_its_time_and_then_it_is_over(
    now: Seen, lacks: tuple[str, ...], reason: Why
) -> None:
    assert judge(BEFORE, now, LATE - 1, 0) == Judgement(WAIT, lacks)
    assert judge(BEFORE, now, LATE, 0) == Judgement(GIVE_UP, lacks)
    assert why(lacks) is reason


@pytest.mark.parametrize("now", [but(is_whole=False), but(gaps=1), but(frozen="the disk was put back in time")])
def test_a_journal_that_is_not_what_it_was_ends_it_at_once(now: Seen) -> None:
    found = judge(BEFORE, now, 1, 0)
    assert (found.verdict, why(found.missing)) == (GIVE_UP, Why.JOURNAL)


def test_what_did_not_work_before_need_not_work_now() -> None:
    poor = Seen(answers=True, frozen="entries are not on this disk", gaps=2)
    assert missing(poor, msgspec.structs.replace(poor, is_whole=True)) == ()
    assert judge(poor, msgspec.structs.replace(poor, is_whole=True), 90, 60).verdict is KEEP


def test_a_box_that_no_town_has_let_in_has_no_daemon_to_wait_for() -> None:
    assert judge(NOTHING, NOTHING, 90, WELL_S).verdict is KEEP
    assert judge(Seen(answers=True), NOTHING, 90, WELL_S).verdict is WAIT


def test_how_a_unit_is_by_what_it_says() -> None:
    status = {"closed": None, "frozen": "", "readers": ["ACR"], "screens": 1, "lost": []}
    well = ("reader", "daemon", "clock", "gps", "sound", "printer", "centre")
    assert seen(status, well) == BEFORE, "how sure the clock is says nothing about a system"
    assert seen(status | {"closed": "TAP-044"}, well).serves, "nor what the office has ordered"
    assert not seen(status | {"closed": "TAP-043"}, well).serves
    assert seen(None, well) == seen({}, well) == NOTHING


# ---------------------------------------------------------------------------------------------- what is noted

A, B = Slot.A, Slot.B


def note(stage: Stage, slot: Slot = B) -> Note:
    return Note(stage, slot, "0.2.0", "0.1.0", 1)


@pytest.mark.parametrize(
    ("before", "reason"),
    [(Stage.WRITING, Why.INTERRUPTED), (Stage.TRYING, Why.NOT_STARTED), (Stage.LOOKING, Why.CUT_OFF)],
)
def test_an_update_that_is_on_its_way_and_does_not_run_came_to_nothing(before: Stage, reason: Why) -> None:
    found = settled(note(before), A)
    assert (found.stage, found.why, went_back(found)) == (Stage.BACK, reason, reason)
    kept = settled(note(before), B)
    assert (kept.stage, went_back(kept)) == (Stage.KEPT, None)


def test_what_is_settled_stays_so() -> None:
    for stage in (Stage.KEPT, Stage.BACK):
        assert settled(note(stage), A) == note(stage)
    assert went_back(None) is None


@pytest.mark.parametrize("reason", Why)
def test_every_reason_has_words(reason: Why) -> None:
    told = meaning(Symptom(What.UPDATE, Grade.SEE, reason))
    assert "戻りました: " in told.ja
    assert not any(sign.isdigit() for sign in told.ja + told.en), "no number that only a program understands"
    assert "12" in meaning(Symptom(What.UPDATE, Grade.SEE, 12)).en, "a reason of a later version"
