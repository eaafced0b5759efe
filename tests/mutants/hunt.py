"""Looks for one bug: in the simulated town, seed after seed, and by the tests that are named for it."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from tests.mutants.bugs import Bug
from tests.mutants.ground import HUNG, Done, copy_with, run

TOWN, TESTS, NOBODY = "town", "tests", ""
_STARTED_BADLY: Final = {3: "an internal error", 4: "wrong usage", 5: "no test there"}  # as pytest says it
_FIRST_SEEDS: Final = 11  # one of each profile; then twice as many at a time, since each process begins with imports


class Limits(msgspec.Struct, frozen=True):
    """How long a bug is looked for, and in what town.

    Attributes:
        seeds: at the most.
        cpu_s: no further seeds are begun after so many processor seconds.
        hang_s: whatever takes longer hangs; to be far above what sound code needs.
    """

    seeds: int = 400
    cpu_s: float = 240
    hang_s: float = 900
    days: int = 3
    units: int = 3
    cards: int = 8
    faults: str = "every"


class Found(msgspec.Struct, frozen=True):
    """What became of the search for one bug.

    Attributes:
        by: "town", "tests", or "" if it survived.
        how: the kind of finding in the town ("crash" or "hang" if it did not come so far), or the test that failed.
        seeds: how many were needed, or tried in vain.
        says: the first thing that was found wrong.
    """

    name: str
    by: str
    how: str
    seeds: int
    cpu_s: float
    says: str


class _Finding(msgspec.Struct, frozen=True):
    seed: str
    kind: str
    text: str


class _Told(msgspec.Struct, frozen=True):
    """What `machi simulate town --json` prints, as far as it is read here."""

    findings: list[_Finding]


class ControlError(Exception):
    """Something is found where nothing was planted, so whatever is found elsewhere means nothing."""


def look_for(bug: Bug, limits: Limits) -> Found:
    """Plant a bug and look for it, first where it is expected to be found.

    Raises:
        MisplantedError: it does not fit any more.
    """
    with copy_with(bug) as copy:
        if bug.expected == TESTS:
            found = _by_tests(bug.name, copy, bug.tests, limits)
            return found if found.by else _and(found, _in_town(bug.name, copy, limits))
        found = _in_town(bug.name, copy, limits)
        return found if found.by else _and(found, _by_tests(bug.name, copy, bug.tests, limits))


def control(bugs: Sequence[Bug], limits: Limits) -> Found:
    """Look in a house without a bug, over all seeds, however long that takes, and by all tests that are named for any.

    Raises:
        ControlError: something was found.
    """
    tests = tuple(sorted({test for bug in bugs for test in bug.tests}))
    patient = msgspec.structs.replace(limits, cpu_s=float("inf"), hang_s=limits.hang_s * 10)
    with copy_with(None) as copy:
        town = _in_town("nothing", copy, patient)
        found = town if town.by else _and(town, _by_tests("nothing", copy, tests, patient))
    if found.by:
        raise ControlError(f"nothing was planted, and yet the {found.by} found: {found.how}, {found.says}")
    return found


def _and(first: Found, second: Found) -> Found:
    """Put two searches together, the second of which was begun because the first was in vain."""
    return msgspec.structs.replace(
        second, seeds=max(first.seeds, second.seeds), cpu_s=round(first.cpu_s + second.cpu_s, 1)
    )


def _in_town(name: str, copy: Path, limits: Limits) -> Found:
    cpu_s, tried = 0.0, 0
    for first, last in _spans(limits.seeds):
        if cpu_s >= limits.cpu_s:
            break
        done = _live(copy, first, last, limits)
        cpu_s += done.cpu_s
        if done.code:
            return _seen(name, done, first, round(cpu_s, 1))
        tried = last
    return Found(name, NOBODY, "", tried, round(cpu_s, 1), "")


def _spans(seeds: int) -> Iterator[tuple[int, int]]:
    first, count = 1, _FIRST_SEEDS
    while first <= seeds:
        last = min(first + count - 1, seeds)
        yield first, last
        first, count = last + 1, count * 2


def _live(copy: Path, first: int, last: int, limits: Limits) -> Done:
    words = ["--seeds", f"{first}-{last}", "--days", limits.days, "--units", limits.units, "--cards", limits.cards]
    command = ["simulation", "town", *map(str, words), "--faults", limits.faults, "--json"]
    return run(copy, *command, seconds=limits.hang_s)


def _seen(name: str, done: Done, first: int, cpu_s: float) -> Found:
    """Read what a town says that did not end well."""
    try:
        found = msgspec.json.decode(done.out, type=_Told).findings[0]
    except (msgspec.DecodeError, IndexError):
        last_words = (done.errors.strip().splitlines() or [""])[-1]
        return Found(name, TOWN, "hang" if done.code == HUNG else "crash", first, cpu_s, last_words)
    return Found(name, TOWN, found.kind, int(found.seed), cpu_s, found.text)


def _by_tests(name: str, copy: Path, tests: Sequence[str], limits: Limits) -> Found:
    done = run(copy, "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests, seconds=limits.hang_s)
    if done.code in _STARTED_BADLY:
        raise ControlError(f'"{name}": pytest met {_STARTED_BADLY[done.code]}: {done.errors or done.out}')
    cpu_s = round(done.cpu_s, 1)
    if not done.code:
        return Found(name, NOBODY, "", 0, cpu_s, "")
    failed = re.search(r"^(?:FAILED|ERROR) (.+?)(?: - (.*))?$", done.out, re.MULTILINE)
    if not failed:
        return Found(name, TESTS, "hang" if done.code == HUNG else "crash", 0, cpu_s, done.out[-200:])
    return Found(name, TESTS, failed[1], 0, cpu_s, failed[2] or "")
