"""Which of two versions is the older one."""

import itertools

import pytest

from sync.versions import VersionError, is_older, newest, read

IN_ORDER = (
    "0.0.9",
    "0.1",
    "0.1.0+1.ffffff",
    "0.1.0+202611291441.zzz",
    "0.1.0+202611291442.8e20d7f",
    "0.1.0.1",
    "0.9.3+202612010000.aaa",
    "0.10",
    "1",
    "1.0.1",
    "10.0+202511291442.8e20d7f",
)


@pytest.mark.parametrize(("one", "other"), list(itertools.combinations(IN_ORDER, 2)))
def test_of_two_the_older_one_is_known(one: str, other: str) -> None:
    assert is_older(one, other)
    assert not is_older(other, one)


def test_the_same_is_not_older_however_it_is_spelled() -> None:
    for one, other in (("1", "1.0.0.0"), ("0.1.0+5.abc", "0.1+5.def"), ("01.2", "1.2")):
        assert not is_older(one, other)
        assert not is_older(other, one)


@pytest.mark.parametrize(
    "text",
    ["", "v1", "1.", "1..2", "1.2.3.4.5", "1.2-rc1", "1.2+", "1.2+x", "1.2+5.", "1.2 ", "1.2\n", "١.٢", "9" * 7, "-1"],
)
def test_what_is_no_version_is_compared_with_nothing(text: str) -> None:
    with pytest.raises(VersionError):
        read(text)
    with pytest.raises(VersionError):
        is_older("1.0", text)


def test_the_newest_of_some() -> None:
    assert newest(("0.1", "", "0.10+5", "0.9")) == "0.10+5"
    assert newest(("", "")) == newest(()) == ""
