"""The soak of a town, twenty seconds of it; the hour is `make soak`."""

from pathlib import Path

import msgspec
import pytest

from bench.soak import Plan
from bench.soak.__main__ import soak
from bench.soak.verdict import Figures, Thirds, wrong
from demo.verdict import Verdict
from drivers.card.sim.pki import TestPki

SHORT = Plan(minutes=1 / 4, cards=6)


def test_a_short_soak_leaves_nothing_wrong(tmp_path: Path, pki: TestPki) -> None:
    said = soak(tmp_path, SHORT, pki)
    unhurried = msgspec.structs.replace(said, call_p99_ms=0, threads=Thirds(0, 0))
    assert wrong(unhurried) == [], "how fast it was, and how many hands that took, a busy machine cannot say"
    assert said.threads.last < THREADS_MAX
    assert said.taps > 100
    assert said.books.entries > said.books.beeped + SHORT.units, "every touch, and every start"
    assert said.rounds > SHORT.units


THREADS_MAX = 60  # the pool that answers has forty, whatever happens

BOOKS = Verdict(
    units=58,
    taps=100,
    beeped=95,  # a card that is held there again at once hears of the same entry
    entries=211,
    acknowledged=211,
    unasked=0,
    lost=0,
    duplicated=0,
    books_match=True,
    residual=0,
    short=0,
    replay_match=True,
    chain_errors=0,
    incidents=[],
    results={"reading": 100, "ok_points": 90, "already": 10},
)
GOOD = Figures(
    minutes=10,
    taps=100,
    rounds=300,
    calls=1500,
    call_p50_ms=8,
    call_p99_ms=90,
    touch_p99_ms=20,
    late_p99_ms=5,
    failures={},
    drained=True,
    memory_mib=Thirds(90, 92),
    files=Thirds(87, 87),
    threads=Thirds(6, 7),
    books=BOOKS,
)
BAD = [
    ({"failures": {"UnreachableError: ReadTimeout": 2}}, "ReadTimeout, 2 times"),
    ({"drained": False}, "to send"),
    ({"call_p99_ms": 1_001}, "1001 ms"),
    ({"memory_mib": Thirds(90, 107)}, "memory grew by 17.0 MiB"),
    ({"files": Thirds(87, 96)}, "9 more files"),
    ({"threads": Thirds(6, 15)}, "9 more threads"),
    ({"taps": 101}, "101 taps"),  # somebody held a card there and heard nothing
    ({"books": msgspec.structs.replace(BOOKS, lost=1)}, "books"),
    ({"books": msgspec.structs.replace(BOOKS, duplicated=1)}, "books"),
    ({"books": msgspec.structs.replace(BOOKS, acknowledged=210)}, "books"),
    ({"books": msgspec.structs.replace(BOOKS, replay_match=False)}, "books"),
    ({"books": msgspec.structs.replace(BOOKS, books_match=False)}, "books"),
    ({"books": msgspec.structs.replace(BOOKS, chain_errors=1)}, "books"),
    ({"books": msgspec.structs.replace(BOOKS, incidents=["unit01: clone"])}, "books"),
]


def test_a_good_soak_is_called_good() -> None:
    assert wrong(GOOD) == []


@pytest.mark.parametrize(("change", "word"), BAD)
def test_whatever_is_wrong_is_told(change: dict[str, object], word: str) -> None:
    (said,) = wrong(msgspec.structs.replace(GOOD, **change))
    assert word in said
