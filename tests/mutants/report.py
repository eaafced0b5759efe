"""What the search found: kept as JSON while it goes on, and written as a page when it has ended."""

from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Final

import msgspec

from tests.mutants.bugs import Bug, read_bugs
from tests.mutants.hunt import NOBODY, TESTS, TOWN, Found, Limits

_SAYS_MAX: Final = 100

_PAGE: Final = """\
# Planted bugs

Whoever finds nothing has either a sound house or a poor lamp. So bugs are planted, one at a time, into a copy of the
house: slips as a tired developer makes them. The list stands in [tests/mutants/planted](../tests/mutants/planted), each
bug with its old and its new lines. All but two were written by reading the product alone, before
anything was run against them.

Each is looked for in the simulated town, seed after seed with every profile of faults in turn, and then by the tests
of its room; where a town cannot see a bug by nature, the tests are asked first. `make mutants` does it all again and
writes this page; `make test` makes sure that every bug still fits the house.

- {settled}
- In the town: {needed}.
- Tried without a bug, and found sound: {control}.
- A seed is {limits.days} days of {limits.units} units and {limits.cards} cards, profile `{limits.faults}`; at most \
{limits.seeds} seeds or {limits.cpu_s:g} processor seconds for each bug.

That these were found does not say how many others would be; it says that the lamp burns. The seeds say more: where a
hundred were needed, the next bug of that kind may need a thousand. A planted bug also leads a seed on another way, so
what is found late counts only as much as the seeds are many in which nothing is found without it.

| bug | what it would do to people | where | found by | seeds | CPU s |
|---|---|---|---|--:|--:|
{rows}
"""


class Report(msgspec.Struct):
    """A search, as far as it has come. `control`: what was tried in a house without a bug."""

    limits: Limits
    control: Found | None = None
    found: dict[str, Found] = msgspec.field(default_factory=dict)
    schema: str = "machi.mutants/1"

    def add(self, found: Found) -> None:
        self.found[found.name] = found

    @property
    def survivors(self) -> list[str]:
        return [found.name for found in self.found.values() if found.by == NOBODY]


def read_report(path: Path) -> Report:
    return msgspec.json.decode(path.read_bytes(), type=Report)


def write_report(report: Report, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n")


def line(found: Found) -> str:
    """Return one line of the table that is printed as the search goes on."""
    seeds = f"{found.seeds:>4} seeds" if found.seeds else f"{'':>10}"
    return f"  {found.name:<48} {found.by or 'SURVIVES':<8} {seeds} {found.cpu_s:>7.1f} s  {found.how}"


def page(report: Report) -> str:
    """Return docs/mutants.md.

    Raises:
        KeyError: the search has not ended yet.
    """
    bugs = read_bugs()
    found = [report.found[bug.name] for bug in bugs]
    return _PAGE.format(
        settled=_settled(found),
        needed=_needed([one.seeds for one in found if one.by == TOWN]),
        control=f"{report.control.seeds} seeds, and every test that is named here" if report.control else "nothing",
        limits=report.limits,
        rows="\n".join(_row(bug, one) for bug, one in zip(bugs, found, strict=True)),
    )


def _settled(found: Sequence[Found]) -> str:
    count = {by: sum(one.by == by for one in found) for by in (TOWN, TESTS, NOBODY)}
    all_of_them = f"{len(found)} bugs: {count[TOWN]} found in the town, {count[TESTS]} by tests"
    left = ", ".join(one.name for one in found if one.by == NOBODY)
    return f"{all_of_them}, none left." if not left else f"{all_of_them}, {count[NOBODY]} not found: {left}."


def _needed(seeds: Sequence[int]) -> str:
    return f"after {min(seeds)} to {max(seeds)} seeds, half of them after {median(seeds):g}" if seeds else "none"


def _row(bug: Bug, found: Found) -> str:
    says = found.says.partition("\n")[0].replace("|", "/")[:_SAYS_MAX]
    by = {
        TOWN: f"town: {found.how}: {says}",
        TESTS: f"`{found.how.partition('[')[0]}`",
        NOBODY: "**nobody**",
    }[found.by]
    seeds = str(found.seeds) if found.by == TOWN else "–"
    return f"| {bug.name} | {bug.people} | `{bug.file}` | {by} | {seeds} | {found.cpu_s:.1f} |"
