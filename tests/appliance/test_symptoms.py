"""What a unit suffers from, by what was seen: no flapping, and money stops before the journal could suffer."""

import itertools

import pytest

from appliance.reads import ReadHabit
from appliance.symptoms import Limits, Reads, Seen, Spared, judge, spared
from drivers.board import Readings
from sync.symptoms import Grade, Symptom, What, Why, meaning, read, spell

SEE, ACT = Grade.SEE, Grade.ACT
MIB = 1024 * 1024
LIMITS = Limits()
DAY_S = 86_400.0


def course(*seen: Seen) -> list[tuple[Symptom, ...]]:
    """Return what a unit suffered from after each look, one look after the other."""
    states: list[tuple[Symptom, ...]] = [()]
    for now in seen:
        states.append(judge(states[-1], now, LIMITS))
    return states[1:]


def grades(what: What, *seen: Seen) -> list[Grade | None]:
    return [next((one.grade for one in state if one.what == what), None) for state in course(*seen)]


def board(**readings: object) -> Seen:
    return Seen(board=Readings(**readings))  # type: ignore[arg-type]


def hot(celsius: int) -> Seen:
    return board(celsius=celsius)


def room(mib: int) -> Seen:
    return board(free_bytes=mib * MIB)


def fails(percent: int, usual: int = 5) -> Seen:
    return Seen(reads=Reads(percent, usual))


def test_a_unit_that_is_well_or_of_which_nothing_is_known_suffers_from_nothing() -> None:
    well = Readings(45, False, False, 5_000 * MIB, 20, False, 0, 10**9)
    assert course(Seen(), Seen(board=well), Seen(board=well, reads=Reads(6, 5))) == [(), (), ()]


def test_an_update_that_came_to_nothing_is_told_until_another_one_stays() -> None:
    assert grades(What.UPDATE, Seen(went_back=Why.READER), Seen(went_back=Why.READER), Seen()) == [SEE, SEE, None]
    first, second = course(Seen(went_back=Why.READER), Seen(went_back=Why.NOT_STARTED))
    assert (first, second) == ((Symptom(What.UPDATE, SEE, 6),), (Symptom(What.UPDATE, SEE, 1),))
    assert read(spell(first)) == first
    assert spared(first) == (), "it serves as before"


def test_heat_comes_in_two_steps_and_has_to_fall_well_back() -> None:
    looks = [hot(each) for each in (71, 72, 71, 72, 68, 67, 66, 79, 80, 79, 76, 75, 74)]
    assert grades(What.HOT, *looks) == [None, SEE, SEE, SEE, SEE, SEE, None, SEE, ACT, ACT, ACT, ACT, SEE]


def test_a_processor_that_is_slowed_down_is_too_hot_whatever_the_sensor_says() -> None:
    slowed = (Seen(board=Readings(celsius=60), slowed_s=ago) for ago in (0.0, 30.0, 0.0, 599.0, 600.0))
    assert grades(What.HOT, *slowed) == [ACT, ACT, ACT, ACT, None]


def test_room_that_is_filled_and_freed_at_the_limit_does_not_flap() -> None:
    looks = [room(each) for each in (201, 200, 199, 200, 210, 249, 250, 251, 64, 65, 79, 80, 81, 251)]
    seen = [None, SEE, SEE, SEE, SEE, SEE, SEE, None, ACT, ACT, ACT, ACT, SEE, None]
    assert grades(What.ROOM, *looks) == seen


def test_a_reading_that_fails_leaves_a_symptom_as_it_was() -> None:
    for ill in (hot(85), room(10), board(file_errors=2), board(wear_percent=90)):
        (before,), (after,) = course(ill, Seen())
        assert after == before


def test_a_figure_in_words_stands_until_it_has_moved_a_step() -> None:
    figures = [state[0].figure for state in course(*map(hot, (73, 75, 77, 78, 76, 73)))]
    assert figures == [73, 73, 73, 78, 78, 73]


def test_low_voltage_is_told_for_a_day_and_urgent_for_an_hour() -> None:
    looks = [Seen(dips_s=ago) for ago in ((), (0.0,), (3599.0,), (3600.0,), (7200.0, 5.0), (DAY_S - 1,), ())]
    assert grades(What.POWER, *looks) == [None, ACT, ACT, SEE, ACT, SEE, None]
    assert judge((), Seen(dips_s=(9.0, 6.0, 3.0)), LIMITS) == (Symptom(What.POWER, ACT, 3),)


def test_an_alarm_that_comes_and_goes_every_half_minute_is_one_symptom() -> None:
    looks = [Seen(dips_s=tuple(float(s) for s in range(30 * n, -1, -60))) for n in range(1, 40)]
    assert set(grades(What.POWER, *looks)) == {ACT}


def test_wear_is_for_when_there_is_time_until_the_card_is_used_up() -> None:
    assert grades(What.WEAR, *(board(wear_percent=each) for each in (79, 80, 99, 100))) == [None, SEE, SEE, ACT]
    assert grades(What.WEAR, board(wear_percent=30, is_worn_out=True)) == [ACT]


def test_errors_in_the_file_system_are_urgent_from_the_first() -> None:
    assert grades(What.FILES, board(file_errors=0), board(file_errors=1), board(file_errors=0)) == [None, ACT, None]


def test_a_reader_that_hung_once_is_told_and_one_that_hangs_is_urgent() -> None:
    looks = [Seen(hangs_s=(1.0,), is_hung=True), Seen(hangs_s=(60.0,)), Seen(hangs_s=(90.0, 60.0, 9.0)), Seen()]
    assert grades(What.READER_HUNG, *looks) == [ACT, SEE, ACT, None]


def test_a_reader_that_is_away_for_a_moment_is_nobodys_business() -> None:
    assert grades(What.READER_GONE, *(Seen(gone_s=each) for each in (0.0, 59.0, 60.0, None))) == [None, None, ACT, None]


def test_a_clock_has_ten_minutes_to_find_the_time() -> None:
    assert grades(What.CLOCK, *(Seen(unvouched_s=each) for each in (599.0, 600.0, None))) == [None, SEE, None]


def test_a_twin_is_late_when_the_oldest_entry_that_it_lacks_has_waited_for_ten_minutes() -> None:
    looks = [Seen(twin_lacks=3, twin_late_s=599), Seen(twin_lacks=4, twin_late_s=601), Seen(twin_late_s=0), Seen()]
    assert grades(What.TWIN, *looks) == [None, SEE, None, None]
    figures = [symptom.figure for (symptom,) in course(*(Seen(twin_lacks=n, twin_late_s=900) for n in (4, 90, 104)))]
    assert figures == [4, 4, 104], "not every touch is news"


def test_a_reader_is_dirty_by_its_own_habit() -> None:
    assert grades(What.READER_DIRTY, *map(fails, (29, 30, 20, 15, 14))) == [None, SEE, SEE, SEE, None]
    assert grades(What.READER_DIRTY, *map(fails, (60, 50, 44))) == [ACT, ACT, SEE]
    where_people_hurry = [fails(each, usual=20) for each in (45, 59, 31, 29)]
    assert grades(What.READER_DIRTY, *where_people_hurry) == [None, None, None, None]
    assert grades(What.READER_DIRTY, fails(60, usual=20), fails(31, usual=20)) == [ACT, SEE]


# ---- what is given up


def given_up(*seen: Seen) -> tuple[Spared, ...]:
    return spared(course(*seen)[-1])


def test_a_disk_that_fills_stops_practice_first_and_then_money() -> None:
    assert [spared(state) for state in course(room(500), room(150), room(40), room(150), room(500))] == [
        (),
        (Spared.PRACTICE,),
        (Spared.PRACTICE, Spared.MONEY),
        (Spared.PRACTICE,),
        (),
    ]


def test_heat_and_low_voltage_take_what_pleases_and_never_money() -> None:
    pleases = (Spared.VOICE, Spared.LIGHT, Spared.PRACTICE)
    assert given_up(hot(85)) == pleases
    assert given_up(hot(75)) == ()
    assert given_up(Seen(dips_s=(1.0,))) == pleases
    assert given_up(Seen(dips_s=(4000.0,))) == (Spared.VOICE,)


def test_money_stops_for_nothing_but_what_threatens_the_journal() -> None:
    threats = {(What.ROOM, ACT), (What.FILES, ACT)}
    for what, grade in itertools.product(What, Grade):
        stops = Spared.MONEY in spared([Symptom(what, grade)])
        assert stops == ((what, grade) in threats), (what, grade)


def test_what_is_given_up_comes_in_one_order() -> None:
    everything = [Symptom(what, ACT) for what in reversed(What)]
    assert spared(everything) == tuple(Spared)


# ---- how reading goes at this reader


def held(habit: ReadHabit, touches: int, failed_each: int, *, learns: bool = True) -> None:
    for n in range(touches):
        habit.note(failed=n % failed_each == 0, learns=learns)


def test_nothing_is_said_before_there_are_enough_touches() -> None:
    habit = ReadHabit()
    held(habit, 29, 1)
    assert habit.reads == Reads(None, 5)
    habit.note(failed=True, learns=True)
    assert habit.reads == Reads(100, 5)


def test_what_is_usual_is_learnt_from_what_has_gone_by() -> None:
    habit = ReadHabit()
    held(habit, 500, 5)
    assert habit.reads.usual == 18
    assert habit.reads.lately == 20
    held(habit, 60, 1, learns=False)
    assert habit.reads == Reads(100, 18), "what is wrong now is not usual"
    held(habit, 3000, 100)
    assert habit.reads.usual <= 2, "what is older counts less and less"


def test_it_is_kept_over_a_start_and_rot_begins_anew() -> None:
    habit = ReadHabit()
    held(habit, 300, 4)
    assert ReadHabit(habit.kept).reads == Reads(None, habit.reads.usual)
    for rot in ("", "/", "x/y", "0/0", "3/9", "9" * 5000, "10000/1", "٣/١٢٣٤٥٦٧٨٩", "-5/1"):
        assert ReadHabit(rot).reads == ReadHabit().reads, rot


# ---- the line of text


def test_every_symptom_has_words_and_can_be_told_in_one_line() -> None:
    everything = tuple(Symptom(what, grade, 7) for what in What for grade in Grade)[:20]
    assert read(spell(everything)) == everything
    worst = spell(Symptom(what, ACT, 10**12) for what in What)
    assert len(worst) <= 400, "a contact carries no more"
    assert [one.what for one in read(worst)] == list(What)
    for what in What:
        words = meaning(Symptom(what, ACT, 1234))
        assert all((words.ja, words.en, words.do_ja, words.do_en))
        assert "{" not in words.ja + words.en
    assert "1,234 MiB" in meaning(Symptom(What.ROOM, SEE, 1234)).ja


def test_a_symptom_of_a_later_version_is_shown_by_its_name() -> None:
    (symptom,) = read("damp.see.3")
    assert "damp" in meaning(symptom).ja
    assert spared([symptom]) == ()


@pytest.mark.parametrize(
    "line", ["", ",", "hot", "hot.act", "hot.bad.1", "Hot.act.1", "hot.act.-1", "hot.act.1234567890", "<b>.act.1"]
)
def test_what_is_no_symptom_is_left_out(line: str) -> None:
    assert read(line) == ()
    assert read(f"{line},room.see.9") == (Symptom(What.ROOM, SEE, 9),)


def test_a_line_without_end_is_cut() -> None:
    assert len(read("hot.see.1," * 1000)) == 20
