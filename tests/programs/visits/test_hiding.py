"""Nobody can tell a small number from what is shown: somebody tries, with all small tables there are."""

from collections.abc import Iterator, Sequence
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.hiding import Cell, K, cells, shared
from programs.visits.counting import Counted
from programs.visits.hiding import NOBODY, ByAge, Shown, by_age, shared_by_age, shown

Table = tuple[Cell, ...]
Seen = tuple[tuple[int, int], ...]


def tables(size: int, most: int, *, by_people: bool) -> Iterator[Table]:
    """Yield all tables of so many cells with up to so many visits in all; `by_people`: the numbers are people."""
    for numbers in product(range(most + 1), repeat=size):
        if sum(numbers) <= most:
            choices = [[number] if by_people or not number else range(1, number + 1) for number in numbers]
            for people in product(*choices):
                yield tuple(Cell(*cell) for cell in zip(numbers, people, strict=True))


def seen(table: Table, k: int) -> Seen:
    return tuple(sorted(cells(dict(enumerate(table)), range(len(table)), k).items()))


@pytest.mark.threat(
    "somebody told from published figures",
    control="Numbers of 1 to 4 people are hidden, and others with them, so that subtracting any two tables tells"
    " none of them; periods never overlap, and a published month never changes.",
    residual="Whoever knows four of five visitors knows the fifth. Whoever has the database besides can fit a year of"
    " tables by age to what each card did, and gets many bands right. The console shows each touch with its pseudonym,"
    " and its numbers change with what arrives late: it is no publication.",
)
@pytest.mark.parametrize(
    ("size", "most", "k", "by_people"),
    [(2, 9, 3, False), (3, 8, 3, False), (4, 6, 2, False), (2, 20, 5, True), (3, 14, 4, True)],
)
def test_no_hidden_cell_can_be_told_from_the_others_and_the_total(
    size: int, most: int, k: int, by_people: bool
) -> None:
    """The total is known, and of how many people it is at least; whoever subtracts finds two answers or more."""
    worlds: dict[tuple[Seen, int], list[set[int]]] = {}
    for table in tables(size, most, by_people=by_people):
        if max(cell.people for cell in table) and sum(cell.people for cell in table) >= k:
            known = seen(table, k), sum(cell.number for cell in table)
            possible = worlds.setdefault(known, [set() for _ in table])
            for cell, numbers in zip(table, possible, strict=True):
                numbers.add(cell.number)
    assert len(worlds) > 20
    for known, possible in worlds.items():
        for key, numbers in enumerate(possible):
            assert key in dict(known[0]) or len(numbers) > 1, f"{known}: cell {key} is {numbers}"


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 30)), min_size=2, max_size=12))
def test_what_is_shown_is_true_and_never_small(drawn: list[tuple[int, int]]) -> None:
    table = {key: Cell(people + more if people else 0, people) for key, (people, more) in enumerate(drawn)}
    found = cells(table, table, K)
    for key, number in found.items():
        assert number == table[key].number
        assert table[key].people == 0 or table[key].people >= K
    hidden = [table[key] for key in table if key not in found]
    assert not hidden or max(cell.people for cell in hidden) >= K or not found
    if all(not 0 < cell.people < K for cell in table.values()):
        assert len(found) == len(table), "nothing is hidden without need"


@pytest.mark.threat("somebody told from published figures")
@pytest.mark.parametrize("k", [2, 3, K])
def test_who_used_only_one_of_two_cannot_be_told(k: int) -> None:
    """All of both places may be shown, and how many used both; then only one of them is no small number."""
    worlds: dict[object, list[set[int]]] = {}
    for one, other in product(range(k, 4 * k), repeat=2):
        for both in range(min(one, other) + 1):
            possible = worlds.setdefault((one, other, shared(one, other, both, k)), [set(), set(), set()])
            for numbers, number in zip(possible, (one - both, both, other - both), strict=True):
                numbers.add(number)
    for known, possible in worlds.items():
        for numbers in possible:
            assert len(numbers) > 1 or not 0 < min(numbers) < k, f"{known}: {possible}"


# ---- by age

Bands = tuple[int, ...]


def parts(total: int, size: int) -> Iterator[Bands]:
    """Yield all ways in which so many people can be in so many bands."""
    for numbers in product(range(total + 1), repeat=size - 1):
        if sum(numbers) <= total:
            yield (*numbers, total - sum(numbers))


def aged(bands: Sequence[int], k: int) -> ByAge:
    found = by_age({str(key): people for key, people in enumerate(bands) if people}, map(str, range(len(bands))), k)
    assert found is not None
    return found


def known(seen: ByAge) -> object:
    return seen.people, tuple(sorted(seen.bands.items()))


@pytest.mark.threat("somebody told from published figures")
@pytest.mark.parametrize(("size", "most", "k"), [(2, 20, 5), (3, 14, 4), (4, 10, 3)])
def test_no_hidden_band_can_be_told_from_the_others_and_the_total(size: int, most: int, k: int) -> None:
    worlds: dict[object, list[set[int]]] = {}
    for bands in (bands for total in range(k, most + 1) for bands in parts(total, size)):
        for possible, people in zip(
            worlds.setdefault(known(aged(bands, k)), [set() for _ in bands]), bands, strict=True
        ):
            possible.add(people)
    assert len(worlds) > 20
    for world, all_possible in worlds.items():
        for possible in all_possible:
            assert len(possible) > 1 or not 0 < min(possible) < k, f"{world}: {possible} people"


@pytest.mark.threat("somebody told from published figures")
@pytest.mark.parametrize(("size", "most", "k"), [(2, 11, 3), (3, 7, 3), (2, 14, 5)])
def test_two_places_by_age_and_who_used_both_tell_no_small_number(size: int, most: int, k: int) -> None:
    """Two tables by age, and how many people used both: neither a band, nor who of a band used only one, can be told.

    Worlds are all there are in which each place is used by at least k people: who used it, by band, and who of these
    the other, too.
    """
    worlds: dict[object, list[set[int]]] = {}
    shown_of = {bands: aged(bands, k) for total in range(k, most + 1) for bands in parts(total, size)}
    for (one, of_one), (other, of_other) in product(shown_of.items(), repeat=2):
        for both in product(*(range(min(pair) + 1) for pair in zip(one, other, strict=True))):
            told = known(of_one), known(of_other), shared_by_age(of_one, of_other, sum(both), k)
            numbers = [n for a, b, ab in zip(one, other, both, strict=True) for n in (a, b, ab, a - ab, b - ab)]
            numbers += [sum(both), sum(one) - sum(both), sum(other) - sum(both)]
            for possible, number in zip(worlds.setdefault(told, [set() for _ in numbers]), numbers, strict=True):
                possible.add(number)
    assert len(worlds) > 1_000
    assert any(told[2] for told in worlds if isinstance(told, tuple)), "of some places it is said at all"
    for world, all_possible in worlds.items():
        for number, possible in enumerate(all_possible):
            assert len(possible) > 1 or not 0 < min(possible) < k, f"{world}: number {number} is {possible}"


def test_small_bands_hide_and_with_them_the_smallest_that_are_not() -> None:
    """As many people in two bands: both are hidden."""
    seen = aged([3, 6, 6, 20, 0], K)
    assert (seen.people, seen.bands) == (35, {"3": 20, "4": 0})
    assert aged([3, 4], K).bands == {}
    assert by_age({"0": 4}, ["0"]) is None, "the month itself is hidden"


def test_of_both_it_is_said_so_much_less_than_the_bands_allow() -> None:
    one, other = aged([40, 6], K), aged([0, 30], K)
    assert shared_by_age(one, other, 6) is None, "only the six of one band can have used both"
    assert shared_by_age(one, one, 46) == 40
    assert shared_by_age(one, one, 23) == 20
    small = aged([40, 4], K)
    assert shared_by_age(one, small, 44) == 35, "of hidden bands it counts how many they are together"


def month(visits: int, people: int, again: Cell, new: int, **at: Cell) -> Counted:
    times = {(0, int(hour[1:])): cell for hour, cell in at.items()}
    return Counted(Cell(visits, people), again, times, new, people - new, frozenset())


def test_a_month_of_few_people_is_hidden_whole_and_an_empty_one_is_not() -> None:
    assert shown(month(40, K - 1, Cell(9, 2), 1, h9=Cell(40, K - 1))) == Shown()
    assert shown(month(0, 0, Cell(0, 0), 0)) == NOBODY


def test_touches_are_hidden_where_few_people_touched_again() -> None:
    """Touches less visits is how often somebody touched again."""
    assert shown(month(40, 20, Cell(3, 2), 10, h9=Cell(40, 20))).touches is None
    assert shown(month(40, 20, Cell(0, 0), 10, h9=Cell(40, 20))).touches == 40
    assert shown(month(40, 20, Cell(9, 5), 10, h9=Cell(40, 20))).touches == 49


def test_new_and_returning_are_hidden_together() -> None:
    few = shown(month(40, 20, Cell(0, 0), 3, h9=Cell(40, 20)))
    assert (few.people, few.new, few.returning) == (20, None, None)
    none = shown(month(40, 20, Cell(0, 0), 0, h9=Cell(40, 20)))
    assert (none.new, none.returning) == (0, 20)


def test_a_small_hour_takes_another_with_it() -> None:
    found = shown(month(60, 30, Cell(0, 0), 30, h9=Cell(2, 1), h10=Cell(20, 12), h11=Cell(38, 20)))
    assert found.at.get((0, 9)) is None
    assert found.at.get((0, 10)) is None
    assert (found.at[0, 11], found.at[0, 12]) == (38, 0)
