"""The closings at the office, in whatever order they arrive: which are right, and who has missed one."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from central import store
from central.calendar import day_at
from central.centre import Centre, open_centre
from central.store import open_engine, reading
from central.world import SystemClock, SystemEntropy
from drivers.clock.sim import Driver as Clock
from programs.coin.entries import Charge, Pay, Void
from programs.coin.rules import CHARGE, PAY, VOID
from programs.coin.till import books
from programs.coin.till.acts import CLOSE, COUNT_DRAWER
from programs.coin.till.facts import Closing, DrawerCounted, Span, Sums
from simulation.centre import name_place, open_sim_centre
from sync.entries import Entry, Fact
from sync.program import Act, Wish
from tests.central.pen import AT, Pen
from tests.central.test_commands import CHECK_FAILED, NAMES, USAGE, document, machi
from tests.programs.coin.street import Street

CARD = "0a" * 16
DAY = 20_780
B1 = f"{1:016x}"
NOBODY: tuple[Span, ...] = ()


def pay(yen: int, day: int = DAY) -> Pay:
    return Pay(1, CARD, yen, "library", day, "card")


def close(number: int, covers: tuple[Span, ...], sums: Sums, day: int = DAY) -> Closing:
    return Closing(1, "library", day, number, covers, sums)


@pytest.fixture
def centre() -> Iterator[Centre]:
    centre = open_sim_centre(Clock(), "till books")
    name_place(centre, "library")
    yield centre
    centre.engine.dispose()


def wrote(centre: Centre, *facts: Fact) -> Pen:
    """Let one till write facts, the first of them as entry 2 of its first boot."""
    pen = Pen.enrolled(centre)
    pen.send(pen.begin(*facts))
    return pen


def checked(centre: Centre) -> list[books.Checked]:
    centre.reconciler.prepare()
    centre.reconciler.catch_up()
    with reading(centre.engine) as connection:
        return books.closings(connection)


def standings(centre: Centre, day: int, *, is_by_clock: bool = False) -> list[books.Standing]:
    centre.reconciler.prepare()
    centre.reconciler.catch_up()
    with reading(centre.engine) as connection:
        return books.standings(connection, day, is_by_clock=is_by_clock)


def test_what_units_closed_is_right_to_the_yen() -> None:
    street = Street()
    street.hold("desk01", Wish(CHARGE, 20_000))
    street.hold("desk01", Wish(PAY, 1_280))
    street.hold("desk01", Wish(VOID, about=street.last))
    street.hold("desk01", Wish(CHARGE, 3_000))
    street.hold("desk01", Wish(VOID, about=street.last))
    staff = street.units["desk01"].running.staff
    assert staff.do(Act(COUNT_DRAWER, (1, 1, 2, *(0,) * 7), -1_000, "unknown", is_sure=True)).message == "COI-067"
    street.hold("desk01", Wish(PAY, 500))
    assert staff.do(Act(CLOSE)).message == "COI-050"
    street.talk("desk01")
    second, first = checked(street.centre.centre)
    assert (first.wrong, second.wrong) == ((), ())
    taken = Sums(payments=1, paid=1_280, voids=1, voided=1_280, charges=2, charged=23_000, undos=1, undone=3_000)
    assert first.sums == first.entries == taken
    assert (first.difference, first.reason, second.difference) == (-1_000, "unknown", None)
    assert second.sums == Sums(payments=1, paid=500)


@pytest.mark.parametrize(
    ("facts", "wrong"),
    [
        ([pay(500), close(1, (Span(B1, 2, 2),), Sums(1, 501))], "its sums are not those of its entries"),
        ([pay(500), close(1, (Span(B1, 2, 2),), Sums(2, 500))], "its sums are not those of its entries"),
        ([pay(500), pay(500), close(1, (Span(B1, 3, 3),), Sums(2, 1000))], "its sums are not those of its entries"),
        ([pay(500), close(1, NOBODY, Sums(1, 500))], "its sums are not those of its entries"),
        ([pay(500), close(2, (Span(B1, 2, 2),), Sums(1, 500))], "no. 1 is missing"),
    ],
)
def test_a_closing_that_does_not_agree_with_its_entries_is_wrong(centre: Centre, facts: list[Fact], wrong: str) -> None:
    wrote(centre, *facts)
    (one,) = checked(centre)
    assert one.wrong == (wrong,)


def test_a_closing_of_nothing_is_right(centre: Centre) -> None:
    wrote(centre, close(1, NOBODY, Sums()))
    assert checked(centre)[0].wrong == ()


def test_entries_are_closed_once_and_numbers_are_given_once(centre: Centre) -> None:
    covers = (Span(B1, 2, 2),)
    wrote(centre, pay(500), close(1, covers, Sums(1, 500)), close(2, covers, Sums(1, 500)), close(2, NOBODY, Sums()))
    again, double, first = checked(centre)
    assert first.wrong == ("another closing covers some of the same entries",)
    assert double.wrong == (*first.wrong, "another closing has the same number")
    assert again.wrong == ("another closing has the same number",)


def test_it_does_not_matter_what_arrives_first() -> None:
    sums = Sums(payments=2, paid=800, voids=1, voided=500)
    facts = [pay(500), pay(300), Void(1, CARD, 500, "library", DAY, f"{B1}/2"), close(1, (Span(B1, 2, 4),), sums)]
    entries = [Entry("shop01", B1, seq, AT, fact) for seq, fact in enumerate(facts, 2)]
    for order in itertools.permutations(entries):
        engine = open_engine("sqlite://")
        with engine.begin() as connection:
            store.metadata.create_all(connection)
            books.metadata.create_all(connection)
            for one in order:
                books.record(connection, [one])
            assert [one.wrong for one in books.closings(connection)] == [()]
            assert books.standings(connection, DAY, is_by_clock=False)[0].open_entries == 0
        engine.dispose()


def test_who_has_missed_a_closing(centre: Centre) -> None:
    pen = wrote(centre, pay(500))
    assert [(one.is_missed, one.open_entries) for one in standings(centre, DAY)] == [(False, 1)]
    assert [(one.is_missed, one.since_day) for one in standings(centre, DAY + 1)] == [(True, DAY)]
    pen.send(pen.write(close(1, (Span(B1, 2, 2),), Sums(1, 500))))
    assert [(one.is_missed, one.number, one.day) for one in standings(centre, DAY + 9)] == [(False, 1, DAY)]
    silent = [standings(centre, DAY + days, is_by_clock=True)[0].is_missed for days in (0, 1, 2)]
    assert silent == [False, False, True], "where the clock closes every day, silence is a missed closing"


def test_an_entry_that_was_left_out_stays_open(centre: Centre) -> None:
    wrote(centre, pay(500), pay(300), pay(200), close(1, (Span(B1, 2, 2), Span(B1, 4, 4)), Sums(2, 700)))
    (one,) = standings(centre, DAY + 1)
    assert (one.open_entries, one.is_missed) == (1, True)
    assert checked(centre)[0].wrong == (), "what it says is true; what it leaves out is seen beside it"


def test_a_life_that_is_over_is_told_apart(centre: Centre) -> None:
    wrote(centre, pay(500), close(1, (Span(B1, 2, 2),), Sums(1, 500)))
    assert not standings(centre, DAY)[0].is_over
    assert centre.enroller.close("lib01", "scrapped")
    (one,) = standings(centre, DAY + 5, is_by_clock=True)
    assert (one.is_over, one.is_missed) == (True, False), "it will never close again, and owes nothing"


def test_replayed_books_say_the_same(centre: Centre) -> None:
    pen = wrote(
        centre, pay(500), Void(1, CARD, 500, "library", DAY, f"{B1}/2"), Charge(1, CARD, 1000, "x", DAY, "card")
    )
    sums = Sums(1, 500, 1, 500, 1, 1000)
    pen.send(pen.write(DrawerCounted(1, "library", DAY, (0,) * 10, 0), close(1, (Span(B1, 2, 4),), sums)))
    before = checked(centre)
    digest = centre.reconciler.digest()
    centre.reconciler.wipe()
    assert checked(centre) == before
    assert before[0].wrong == ()
    assert centre.reconciler.digest() == digest


def test_the_command_lists_them_and_ends_badly_if_something_is_wrong(tmp_path: Path) -> None:
    folder = tmp_path / "town"
    machi("init", folder, *NAMES)
    centre = open_centre(folder, SystemClock(), SystemEntropy())
    name_place(centre, "library")
    with reading(centre.engine) as connection:
        day = day_at(connection, SystemClock().wall_ms())
    pen = Pen.enrolled(centre, "shop01")
    pen.send(pen.begin(pay(24_680, day), close(1, (Span(B1, 2, 2),), Sums(1, 24_680), day)))
    printed = machi("coin", "closings", folder)
    assert "shop01/1 no. 1" in printed
    assert "1 payments ¥24,680, by hand: right" in printed
    said = document("coin", "closings", folder)
    assert (said["closings"][0]["sums"]["paid"], said["tills"][0]["is_missed"]) == (24_680, False)
    pen.send(pen.write(pay(500, day - 1), close(3, (Span(B1, 4, 4),), Sums(1, 501), day)))
    assert "WRONG: its sums are not those of its entries; no. 2 is missing" in machi(
        "coin", "closings", folder, ends=CHECK_FAILED
    )
    pen.send(pen.write(pay(500, day - 1)))
    assert "MISSED" in machi("coin", "closings", folder, "--unit", "shop01", ends=CHECK_FAILED)
    assert machi("coin", "closings", folder, "--unit", "shop02") == ""
    centre.engine.dispose()


@pytest.mark.parametrize(("text", "minute"), [("22:30", 1350), ("0:00", 0), ("23:59", 1439), ("never", -1)])
def test_the_town_says_when_tills_are_closed(tmp_path: Path, text: str, minute: int) -> None:
    folder = tmp_path / "town"
    machi("init", folder, *NAMES)
    assert document("coin", "terms", folder, "--close", text)["close_minute"] == minute
    assert document("coin", "terms", folder)["close_minute"] == minute
    for wrong in ("24:00", "22:60", "10", "soon", "-1:00"):
        assert "22:30" in machi("coin", "terms", folder, "--close", wrong, ends=USAGE)
