"""Two sides compare any history by naming a few ends."""

from hypothesis import given
from hypothesis import strategies as st

from sync.facts import Place
from sync.tree import ends, ends_from_text, ends_text, held_upto

LINE = {"a": None, "b": Place("a", 5, ""), "c": Place("b", 3, "")}


def test_who_holds_an_end_holds_all_before() -> None:
    assert held_upto(LINE, [("c", 2)]) == {"c": 2, "b": 3, "a": 5}
    assert held_upto(LINE, [("b", 9)]) == {"b": 9, "a": 5}
    assert held_upto(LINE, []) == {}
    assert held_upto(LINE, [("elsewhere", 4)]) == {}


def test_branches_have_several_ends() -> None:
    branched = {**LINE, "d": Place("a", 2, "")}
    last = {"a": 8, "b": 3, "c": 2, "d": 1}
    assert ends(branched, last) == [("a", 8), ("c", 2), ("d", 1)]
    assert held_upto(branched, [("d", 1)]) == {"d": 1, "a": 2}


def test_ends_as_text() -> None:
    assert ends_from_text(ends_text([("a", 1), ("b", 22)])) == [("a", 1), ("b", 22)]
    assert ends_from_text("") == []


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 9)), max_size=20))
def test_naming_the_ends_names_everything(parents: list[tuple[int, int]]) -> None:
    after: dict[str, Place | None] = {"0": None}
    for number, (parent, seq) in enumerate(parents, 1):
        after[str(number)] = Place(str(parent % number), seq, "")
    last = {boot: max([9, *(p.seq for p in after.values() if p and p.boot == boot)]) for boot in after}
    assert held_upto(after, ends(after, last)) == last
