"""A unit's care for itself: what it is told, what it gives up, and how often it takes a reader's power away."""

from dataclasses import dataclass, field

import pytest

from appliance.care import Care
from appliance.counter import words_folders
from appliance.feedback import Feedback, Shown
from appliance.journal import JournalFullError
from appliance.opening import Opened
from appliance.readers import Readers
from appliance.symptoms import Limits, Spared
from appliance.words import load
from drivers.board import Readings
from drivers.clock import Confidence
from drivers.disk.sim import Driver as Disk
from drivers.light.sim import Driver as Light
from drivers.power.sim import Driver as Power
from drivers.reader import ReaderCame, ReaderLeft
from drivers.reader.sim import Driver as Reader
from drivers.sound.sim import Driver as Sound
from sync.program import Result
from sync.symptoms import Grade, Symptom, What
from tests.appliance.conftest import Box

HOUR_S = 3600.0
WORDS = load(*words_folders())
MIB = 1024 * 1024


@dataclass
class Patient:
    """A unit's box with a reader, and what the care for it does."""

    box: Box
    power: Power = field(default_factory=Power)
    told: list[tuple[Spared, ...]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.opened: Opened = self.box.start()
        self.care = Care(self.box.clock, self.power, self.opened.journal, Limits(), self.told.append)
        self.reader = Reader(clock=self.box.clock)
        self.power.on_cycle = self._without_power
        self.readers = Readers(self.care)
        self.reader.start(self.readers.hear)  # type: ignore[arg-type] # no card is laid on it

    def _without_power(self) -> None:
        self.reader.unplug()
        self.reader.plug()

    def after(self, seconds: float) -> tuple[Symptom, ...]:
        """Let time pass, as the daemon does: it looks every second."""
        until = self.box.clock.mono() + seconds
        while (left := until - self.box.clock.mono()) > 0:
            self.box.clock.advance(min(left, 10.0))
            self.care.look()
            self.care.keep()
        return self.care.symptoms

    def restart(self) -> "Patient":
        self.opened.journal.close()
        return Patient(self.box)


@pytest.fixture
def patient(box: Box) -> Patient:
    return Patient(box)


def grades(symptoms: tuple[Symptom, ...]) -> dict[str, Grade]:
    return {one.what: one.grade for one in symptoms}


def test_a_unit_that_is_well_says_nothing_and_gives_nothing_up(patient: Patient) -> None:
    patient.care.board_says(Readings(50, False, False, 900 * MIB, 10, False, 0, 10**9))
    assert patient.after(2 * HOUR_S) == ()
    assert (patient.told, patient.power.cycles, patient.care.spelled()) == ([], 0, "")


def test_what_is_given_up_is_told_when_it_changes_and_not_again(patient: Patient) -> None:
    for celsius in (85, 86, 85, 50, 50):
        patient.care.board_says(Readings(celsius=celsius))
        patient.after(30)
    assert patient.told == [(Spared.VOICE, Spared.LIGHT, Spared.PRACTICE), ()]


def test_a_dip_of_the_voltage_between_two_looks_is_remembered_for_a_day(patient: Patient) -> None:
    patient.care.board_says(Readings(is_undervolted=True))
    patient.care.board_says(Readings(is_undervolted=False))
    assert patient.after(60) == (Symptom(What.POWER, Grade.ACT, 1),)
    assert patient.care.spelled() == "power.act.1"
    assert grades(patient.after(HOUR_S)) == {What.POWER: Grade.SEE}
    assert patient.after(24 * HOUR_S) == ()


def test_a_processor_that_is_slowed_down_now_and_then_is_too_hot_all_the_time(patient: Patient) -> None:
    for is_throttled in (True, False, True, False):
        patient.care.board_says(Readings(celsius=66, is_throttled=is_throttled))
        assert patient.after(30) == (Symptom(What.HOT, Grade.ACT, 66),)
    assert patient.after(600) == ()


def test_a_reader_that_hangs_is_switched_at_once_and_is_told_for_a_day(patient: Patient) -> None:
    patient.reader.hang()
    patient.after(10)
    assert patient.power.cycles == 1
    assert patient.after(10) == (Symptom(What.READER_HUNG, Grade.SEE, 1),)
    assert patient.after(25 * HOUR_S) == ()


def test_a_reader_that_goes_on_hanging_is_not_switched_all_day(patient: Patient) -> None:
    patient.power.is_stuck = True
    patient.reader.hang()
    patient.after(590)
    assert patient.power.cycles == 1
    patient.after(20)
    assert patient.power.cycles == 2
    assert grades(patient.care.symptoms) == {What.READER_HUNG: Grade.ACT}
    patient.after(20 * HOUR_S)
    assert patient.power.cycles == 6
    patient.after(6 * HOUR_S)
    assert patient.power.cycles <= 12, "the next day it may be tried again"


def test_a_card_that_is_read_after_all_says_that_the_reader_does_not_hang(patient: Patient) -> None:
    patient.power.is_stuck = True
    patient.reader.hang()
    patient.care.touched(failed=True)
    assert grades(patient.after(10)) == {What.READER_HUNG: Grade.ACT}
    patient.care.touched(failed=False)
    assert grades(patient.after(10)) == {What.READER_HUNG: Grade.SEE}


def test_a_reader_that_is_gone_is_told_after_a_minute_and_its_socket_is_tried(patient: Patient) -> None:
    patient.power.is_stuck = True
    patient.reader.unplug()
    assert patient.after(50) == ()
    assert grades(patient.after(20)) == {What.READER_GONE: Grade.ACT}
    assert patient.power.cycles == 1
    patient.reader.plug()
    assert patient.after(10) == ()


def test_of_several_readers_one_that_is_left_is_enough(patient: Patient) -> None:
    patient.power.is_stuck = True
    patient.readers.hear(ReaderCame("second"))
    patient.reader.hang()
    patient.reader.unplug()
    assert grades(patient.after(120)) == {What.READER_HUNG: Grade.SEE}
    patient.readers.hear(ReaderLeft("second"))
    assert What.READER_GONE in grades(patient.after(120))


def test_a_clock_that_nobody_vouches_for_is_told_after_ten_minutes(patient: Patient) -> None:
    patient.box.clock.jump(0, Confidence.UNKNOWN)
    assert patient.after(500) == ()
    assert grades(patient.after(200)) == {What.CLOCK: Grade.SEE}
    patient.box.clock.jump(0, Confidence.SYNCED)
    assert patient.after(10) == ()


def test_a_twin_that_is_not_written_is_told(patient: Patient) -> None:
    patient.care.twin_says(3, 700)
    assert grades(patient.after(10)) == {What.TWIN: Grade.SEE}
    patient.care.twin_says(0, 0)
    assert patient.after(10) == ()


def touches(patient: Patient, count: int, failed_each: int) -> None:
    for n in range(count):
        patient.care.touched(failed=n % failed_each == 0)
        patient.after(5)


def test_a_reader_that_reads_worse_than_it_used_to_is_dirty_until_it_is_wiped(patient: Patient) -> None:
    touches(patient, 200, 20)
    assert patient.care.symptoms == ()
    touches(patient, 60, 2)
    assert grades(patient.care.symptoms) == {What.READER_DIRTY: Grade.SEE}
    touches(patient, 1000, 2)
    assert grades(patient.care.symptoms) == {What.READER_DIRTY: Grade.SEE}, "nobody gets used to it"
    touches(patient, 30, 20)
    assert patient.care.symptoms == ()


def test_what_is_usual_at_a_reader_is_known_again_after_a_start(patient: Patient) -> None:
    touches(patient, 500, 4)
    assert patient.care.symptoms == (), "in this place people hurry"
    again = patient.restart()
    touches(again, 40, 2)
    assert again.care.symptoms == (), "half is not three times as much as a quarter"
    fresh = Patient(Box())
    touches(fresh, 40, 2)
    assert grades(fresh.care.symptoms) == {What.READER_DIRTY: Grade.SEE}


def test_no_room_to_keep_what_is_usual_ends_nothing(box: Box) -> None:
    box.disk = Disk(Disk.Options(size=MIB))
    patient = Patient(box)
    with pytest.raises(JournalFullError):
        box.write(patient.opened, 10_000)
    touches(patient, 250, 20)
    assert patient.care.symptoms == ()
    box.disk.size *= 2


def test_a_unit_that_spares_power_is_silent_and_dim_and_says_every_result() -> None:
    light, sound, shown = Light(), Sound(), list[Shown]()
    feedback = Feedback(light, sound, WORDS, shown.append)
    feedback.spare(voice=True, light=True)
    told = feedback.show(Result.OK_POINTS, "TAP-001")
    assert light.is_dim
    assert len(light.shown) == 1
    assert shown == [told]
    assert sound.played[-1].say == ""
    assert sound.played[-1].earcon == Result.OK_POINTS
    feedback.spare(voice=False, light=False)
    feedback.repeat(told)
    assert (light.is_dim, sound.played[-1].say) == (False, "TAP-001")
