"""What people cannot do, by what the centre knows: what is said, what is not, and what is said only once."""

from collections.abc import Sequence

import msgspec
import pytest

from central.console.books import IncidentLine, UnitLine
from central.console.moment import Moment
from central.console.troubles import (
    AWAY_MS,
    CERTIFICATE_ACT_MS,
    DAY_MS,
    SILENT_MS,
    Kind,
    Seen,
    Trouble,
    troubles,
)
from central.console.words import Advice, Words
from central.heard import HOUR_MS, WEEK, Rhythm
from central.world import Room
from sync.facts import UnitState
from sync.symptoms import Grade, Symptom, What

NOW = 1_795_392_000_000
ALWAYS = Rhythm(NOW // HOUR_MS, f"{(1 << 4 * WEEK) - 1:x}", 4 * WEEK)
NEVER_AGAIN = Rhythm(NOW // HOUR_MS, "1", 4 * WEEK)
WORDS = Words()
DAY = 86_400_000


def unit(name: str = "lib01", ago_ms: int = 0, **otherwise: object) -> UnitLine:
    line = UnitLine(
        name=name,
        place="library",
        place_name="図書館",
        counter="facility",
        state=UnitState.ACTIVE,
        epoch=1,
        contact_ms=NOW - ago_ms,
        unsent=0,
        oldest_ms=None,
        says="",
        software="",
        clock="synced",
        symptoms=(),
        entries=7,
        refused=0,
        refusal=None,
        incidents=0,
        place_name_en="Library",
    )
    return msgspec.structs.replace(line, **otherwise)


def found(*units: UnitLine, now_ms: int = NOW, **seen: object) -> list[Trouble]:
    everything = {"rhythms": {one.name: ALWAYS for one in units}} | seen
    return troubles(Seen(units, **everything), Moment(now_ms, 540), WORDS)  # type: ignore[arg-type]


def kinds(some: Sequence[Trouble]) -> list[str]:
    return [str(one.kind) for one in some]


def test_a_town_in_which_all_is_well_has_none() -> None:
    assert found(unit(), unit("bus01", SILENT_MS - 1), room=Room(50, 100)) == []


def test_who_is_silent_is_missed_with_the_time_and_what_to_do() -> None:
    (one,) = found(unit(ago_ms=SILENT_MS), unit("bus01"))
    assert (one.kind, one.grade, one.unit, one.since_ms) == (Kind.SILENT, Grade.ACT, "lib01", NOW - SILENT_MS)
    assert one.whole.ja.startswith("図書館 lib01: ")
    assert "から連絡がありません" in one.say.ja
    assert one.whole.en.startswith("Library lib01: Not heard since ")
    assert "電話" in one.do.ja


def test_expected_silence_is_no_trouble_until_it_is_too_long() -> None:
    at_night = {"bus01": NEVER_AGAIN}
    assert found(unit("bus01", 9 * DAY_MS), rhythms=at_night) == []
    assert kinds(found(unit("bus01", AWAY_MS + 1), rhythms=at_night)) == ["silent"]


@pytest.mark.parametrize("rhythm", [{}, {"lib01": Rhythm(NOW // HOUR_MS, "ff", 8)}])
def test_whose_habits_nobody_knows_yet_is_missed_after_a_day(rhythm: dict[str, Rhythm]) -> None:
    assert found(unit(ago_ms=DAY_MS), rhythms=rhythm) == []
    assert kinds(found(unit(ago_ms=DAY_MS + 1), rhythms=rhythm)) == ["silent"]


def test_nobody_is_missed_who_was_never_heard_is_closed_or_is_being_put_away() -> None:
    gone = unit(ago_ms=20 * DAY_MS)
    assert found(msgspec.structs.replace(gone, contact_ms=None)) == []
    assert found(msgspec.structs.replace(gone, state=UnitState.CLOSED)) == []
    assert found(gone, drained=frozenset({"lib01"})) == []
    assert kinds(found(gone)) == ["silent"]


def test_a_centre_that_was_away_itself_misses_nobody_before_they_had_time_to_call() -> None:
    units = [unit(f"unit{n:02}", 3 * DAY_MS) for n in range(30)]
    assert found(*units, since_ms=NOW - SILENT_MS + 1) == []
    assert kinds(found(*units, since_ms=NOW - SILENT_MS)) == ["road"]


def test_many_that_fall_silent_together_are_one_trouble() -> None:
    units = [unit(f"unit{n:02}", SILENT_MS + n * 10_000) for n in range(30)]
    (one,) = found(*units, unit("bus01"), unit("bus02"))
    assert one.kind is Kind.ROAD
    assert "30台" in one.say.ja
    assert one.since_ms == NOW - SILENT_MS - 29 * 10_000
    assert set(one.covers) == {f"silent/{line.name}" for line in units}


def test_few_that_fall_silent_while_most_are_heard_are_each_their_own() -> None:
    away = [unit(f"unit{n:02}", SILENT_MS) for n in range(3)]
    there = [unit(f"there{n:02}") for n in range(3)]
    assert kinds(found(*away, *there[:2])) == ["road"]
    assert kinds(found(*away, *there)) == ["silent"] * 3
    apart = [unit(f"unit{n:02}", SILENT_MS + n * 2 * HOUR_MS) for n in range(3)]
    assert kinds(found(*apart)) == ["silent"] * 3


def test_a_reader_that_is_gone_means_that_people_cannot_tap() -> None:
    gone, dirty = Symptom(What.READER_GONE, Grade.ACT), Symptom(What.READER_DIRTY, Grade.SEE, 12)
    first, second = found(unit(symptoms=(dirty, gone)))
    assert (first.kind, first.grade) == (Kind.NO_TAP, Grade.ACT)
    assert "タッチできません" in first.say.ja
    assert (second.kind, second.grade, second.key) == (Kind.UNIT, Grade.SEE, "unit/lib01/reader-dirty")


def test_what_has_not_arrived_for_days_is_said_and_whether_it_is_money() -> None:
    late = unit("shop01", unsent=1_204, oldest_ms=NOW - 3 * DAY_MS - 1)
    (one,) = found(late)
    assert (one.kind, one.say.ja) == (Kind.UNSENT, "記録が3日前から届いていません(1,204件)。")
    (one,) = found(late, paying=frozenset({"shop01"}))
    assert one.say.en == "Entries of money have not arrived for 3 days (1,204)."
    assert found(msgspec.structs.replace(late, oldest_ms=NOW - 3 * DAY_MS)) == []
    assert found(msgspec.structs.replace(late, unsent=0)) == []


def test_a_shop_that_is_missed_for_days_may_have_money_that_has_not_arrived() -> None:
    away, paying = unit("shop01", 3 * DAY_MS + 1), frozenset({"shop01"})
    assert kinds(found(away)) == ["silent"]
    silent, unsent = found(away, paying=paying)
    assert (silent.kind, unsent.kind) == (Kind.SILENT, Kind.UNSENT)
    assert unsent.say.ja.startswith("お金の記録が3日届いていません。")
    assert kinds(found(unit("shop01", 3 * DAY_MS), paying=paying)) == ["silent"]
    shops = [unit(f"shop{n:02}", 5 * DAY_MS) for n in range(9)]
    assert kinds(found(*shops, paying=frozenset(one.name for one in shops))) == ["road"], "one line, not ten"
    assert found(away, paying=paying, rhythms={"shop01": NEVER_AGAIN}) == [], "it is closed this week, as usual"


def test_a_certificate_that_ends_is_said_a_week_before_and_is_urgent_three_days_before() -> None:
    ends = [NOW + 8 * DAY_MS, NOW + 5 * DAY_MS, NOW + CERTIFICATE_ACT_MS - 1, NOW + 1, NOW - 1]
    told = [found(unit(certificate_ms=at_ms)) for at_ms in ends]
    assert [[(str(one.kind), str(one.grade)) for one in some] for some in told] == [
        [],
        [("certificate", "see")],
        [("certificate", "act")],
        [("certificate", "act")],
        [("run-out", "act")],
    ]
    assert told[2][0].say.ja == "証明書があと3日で切れます。"
    assert told[3][0].say.en == "Its certificate ends in 1 day."


def test_what_the_town_has_to_look_at_and_what_a_unit_says_are_troubles_of_that_unit() -> None:
    line = IncidentLine(4, "lib01", "fork", "", NOW - 5, {})
    advice = Advice("鎖が切れました。", "The chain broke.", "回収", "collect it")
    some = found(unit(says="the disk was put back in time", state=UnitState.SUSPENDED), incidents=[(line, advice)])
    assert kinds(some) == ["stopped", "frozen", "incident"]
    assert {one.unit for one in some} == {"lib01"}
    assert some[-1].whole.en == "Library lib01: The chain broke."
    assert some[-1].since_ms == NOW - 5


@pytest.mark.parametrize(
    ("free", "grade"), [(10, None), (9, Grade.SEE), (5, Grade.SEE), (4, Grade.ACT), (0, Grade.ACT)]
)
def test_the_centres_own_disk(free: int, grade: Grade | None) -> None:
    assert [one.grade for one in found(room=Room(free << 30, 100 << 30))] == ([grade] if grade else [])


def test_after_a_restore_it_is_said_who_was_not_heard() -> None:
    (one,) = found(unheard=["lib01", "lib02"])
    assert (one.kind, one.unit) == (Kind.RESTORED, "")
    assert "lib01, lib02" in one.say.ja


def test_a_clock_that_is_fast_is_said_and_can_wait() -> None:
    (one,) = found(unit(ahead_s=240))
    assert (one.kind, one.grade, one.say.ja) == (Kind.CLOCK, Grade.SEE, "時計が4分進んでいます。")


def test_the_gravest_come_first_and_keys_are_distinct() -> None:
    some = found(
        unit("lib01", ahead_s=100, symptoms=(Symptom(What.HOT, Grade.ACT, 85), Symptom(What.WEAR, Grade.SEE, 91))),
        unit("bus01", SILENT_MS),
        unit("hall01", symptoms=(Symptom(What.READER_GONE, Grade.ACT),)),
        room=Room(1, 100),
    )
    assert kinds(some) == ["no-tap", "silent", "unit", "room", "unit", "clock"]
    assert len({one.key for one in some}) == len(some)


def test_nothing_that_is_said_has_a_hole_in_it() -> None:
    """Every kind has words, and every figure is put into them."""
    gone = (Symptom(What.READER_GONE, Grade.ACT), Symptom("of-tomorrow", Grade.ACT, 3))
    some = [
        *found(
            unit("lib01", SILENT_MS, symptoms=gone, says="x", state=UnitState.SUSPENDED, unsent=1, oldest_ms=0),
            unit("bus01", certificate_ms=NOW - 1, ahead_s=900),
            unit("bus02", certificate_ms=NOW + 1),
            *(unit(f"there{n}") for n in range(3)),
            incidents=[(IncidentLine(1, "gone9", "fork", "", 0, {}), WORDS.advice("fork", ""))],
            room=Room(0, 100),
            unheard=["lib01"],
        ),
        *found(*(unit(f"unit{n}", SILENT_MS) for n in range(3))),
    ]
    assert {one.kind for one in some} == set(Kind)
    for one in some:
        for text in (one.whole.ja, one.whole.en, one.do.ja, one.do.en):
            assert text
            assert not set("{}") & set(text), text
