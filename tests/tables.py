"""`python -m tests.tables` writes docs/faults.md and docs/threats.md from the markers of the tests that show them.

A test says which fault or which threat it is about; one test of a row also says its texts:

    @pytest.mark.fault("row name", people="what people see", lost="nothing, or how much", found="how it is found")
    @pytest.mark.threat("row name", control="what stops or bounds it", residual="what must be told to the customer")

No test is run for it: they are collected, and their markers read. With --check nothing is written either; it ends
with 1 if a page is not what would be written.
"""

import contextlib
import io
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec
import pytest

ROOT: Final = Path(__file__).parents[1]
RUNS: Final = Path("docs/faults-runs.json")
FAILED: Final = 1

# The rows that must be there, in this order; others follow in the order of the tests.
FAULTS: Final = (
    "power cut at any moment",
    "power cut between the commit and the beep",
    "power cut while the log is folded back",
    "power cut while news from the town is taken over",
    "power cut while a damaged journal is saved",
    "power cut right after enrolment",
    "daemon killed at any moment",
    "the disk fails to sync",
    "the unit's disk is full",
    "the unit's disk can only be read",
    "storage that lies about writing",
    "journal damaged",
    "journal damaged further back",
    "what was added up on a unit is damaged",
    "what the centre said rots on a unit's disk",
    "disk put back in time",
    "unit restored from a backup",
    "copy of a unit's disk in a second machine",
    "unit stolen and closed",
    "messages lost, repeated and late",
    "delivery cut off, or its answer lost",
    "delivery repeated or overlapping",
    "delivery out of order",
    "no network for hours",
    "the road between unit and centre swallows everything",
    "a slow and lossy road",
    "the other end is gone and nobody said so",
    "an address changes",
    "somebody else answers in the centre's place",
    "centre killed at any moment",
    "centre killed while it adds up",
    "centre restored from a backup",
    "database server killed under a delivery",
    "the centre's disk fails to sync",
    "the centre's disk is full",
    "a bit flips in what the centre has stored",
    "clock jumps",
    "card taken away too early",
    "the card service (pcscd) is gone, or the reader is",
    "a lamp or the loudspeaker is broken",
)
THREATS: Final = (
    "stolen unit",
    "stolen SD card",
    "replayed certificate",
    "malicious shop",
    "malicious technician",
    "curious insider",
    "hostile network",
    "poisoned update",
    "time attack",
)


class TableError(Exception):
    """A marker that makes no row; the message names the test."""


@dataclass(frozen=True)
class Table:
    """One page: its marker, what must stand above the rows, and a heading for each text of a row."""

    marker: str
    page: Path
    title: str
    about: str
    headings: Mapping[str, str]
    rows_first: tuple[str, ...]


@dataclass(frozen=True)
class Marked:
    """One marker at one test."""

    test: str
    names: tuple[object, ...]
    texts: Mapping[str, object]


@dataclass
class Row:
    texts: dict[str, str] = field(default_factory=dict)
    said_by: str = ""
    shown_by: list[str] = field(default_factory=list)


class Run(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One long run, as docs/faults-runs.json keeps it."""

    date: str
    command: str
    commit: str
    figures: dict[str, int | float | str]


TABLES: Final = (
    Table(
        marker="fault",
        page=Path("docs/faults.md"),
        title="What can go wrong, and what then happens",
        about="Each row is a fault that the tests named in it bring about. It stands here because they do.",
        headings={"people": "what people see", "lost": "what is lost", "found": "how it is found"},
        rows_first=FAULTS,
    ),
    Table(
        marker="threat",
        page=Path("docs/threats.md"),
        title="Who may mean harm, and what then happens",
        about=(
            "Each row is an attack that the tests named in it try on the real parts. What remains is said as plainly "
            "as what is stopped, for a town has to know both."
        ),
        headings={"control": "what stops or bounds it", "residual": "what remains"},
        rows_first=THREATS,
    ),
)


def rows(table: Table, marks: Iterable[Marked]) -> dict[str, Row]:
    """Return the rows of a table by name, in their order.

    Raises:
        TableError: a marker without a name, with a word that is no column, or with other texts than another test gave;
            or a row whose texts nobody gave in full.
    """
    found: dict[str, Row] = {}
    for mark in marks:
        name = _name(table, mark)
        row = found.setdefault(name, Row())
        if mark.test not in row.shown_by:
            row.shown_by.append(mark.test)
        if texts := _texts(table, mark):
            if row.texts and row.texts != texts:
                raise TableError(f"{mark.test}: {table.marker} {name!r} has other texts at {row.said_by}")
            row.texts, row.said_by = texts, mark.test
    for name, row in found.items():
        if not row.texts:
            wanted = ", ".join(table.headings)
            raise TableError(f"{row.shown_by[0]}: {table.marker} {name!r} has no text; one of its tests gives {wanted}")
    first = [name for name in table.rows_first if name in found]
    return {name: found[name] for name in [*first, *(name for name in found if name not in first)]}


def _name(table: Table, mark: Marked) -> str:
    if len(mark.names) == 1 and isinstance(mark.names[0], str) and mark.names[0]:
        return mark.names[0]
    raise TableError(f"{mark.test}: {table.marker} takes the name of its row and nothing else by place")


def _texts(table: Table, mark: Marked) -> dict[str, str]:
    unknown = sorted(mark.texts.keys() - table.headings.keys())
    if unknown:
        raise TableError(
            f"{mark.test}: {table.marker} knows no {', '.join(unknown)}; it has {', '.join(table.headings)}"
        )
    if not mark.texts:
        return {}
    texts = {key: text.strip() for key, text in mark.texts.items() if isinstance(text, str)}
    missing = [key for key in table.headings if not texts.get(key)]
    if missing:
        raise TableError(f"{mark.test}: {table.marker} {mark.names[0]!r} does not say {', '.join(missing)}")
    return {key: texts[key] for key in table.headings}


# ---------------------------------------------------------------------------------------------- the pages


def page(table: Table, marks: Iterable[Marked], runs: Sequence[Run] = ()) -> str:
    """Return the whole page."""
    head = [table.marker, *table.headings.values(), "shown by"]
    lines = [
        [name, *row.texts.values(), "<br>".join(_link(test) for test in row.shown_by)]
        for name, row in rows(table, marks).items()
    ]
    parts = [
        f"# {table.title}",
        f"{table.about} Written by `make tables` from the tests; change it there.",
        _markdown(head, lines),
    ]
    if runs:
        parts += ["## The long runs", "Longer than a build can wait for; each can be run again.", *_runs(runs)]
    return "\n\n".join(parts) + "\n"


def _runs(runs: Sequence[Run]) -> Iterable[str]:
    """Return one table for all runs that measured the same figures."""
    alike: dict[tuple[str, ...], list[Run]] = {}
    for run in runs:
        alike.setdefault(tuple(run.figures), []).append(run)
    for figures, group in alike.items():
        lines = [
            [run.date, f"`{run.command}`", run.commit, *(_figure(run.figures[name]) for name in figures)]
            for run in group
        ]
        if len(group) > 1:
            lines.append(["together", "", "", *(_sum(run.figures[name] for run in group) for name in figures)])
        yield _markdown(["date", "command", "commit", *figures], lines)


def _sum(values: Iterable[float | str]) -> str:
    """Add up what can be added up: counts, but neither rates nor words."""
    counts = [value for value in values if isinstance(value, int)]
    return _figure(sum(counts)) if counts else ""


def _figure(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:,}"


def _markdown(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    every = [head, ["---"] * len(head), *([_cell(text) for text in line] for line in lines)]
    return "\n".join(f"| {' | '.join(line)} |" for line in every)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _link(test: str) -> str:
    path, _, _ = test.partition("::")
    return f"[`{test}`](../{path})"


# ---------------------------------------------------------------------------------------------- the markers


class _Reader:
    """Reads the markers, as a plugin of a pytest that only collects."""

    def __init__(self) -> None:
        self.marks: dict[str, list[Marked]] = {table.marker: [] for table in TABLES}

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        for item in session.items:
            test, _, _ = item.nodeid.partition("[")  # a test with parameters is one test
            for marker, marks in self.marks.items():
                marks += [Marked(test, mark.args, mark.kwargs) for mark in item.iter_markers(marker)]


def collect() -> dict[str, list[Marked]]:
    """Return the markers of all tests, by marker.

    Raises:
        TableError: the tests cannot be collected; the message is what pytest says.
    """
    reader, said = _Reader(), io.StringIO()
    with contextlib.redirect_stdout(said):
        done = pytest.main(["--collect-only", "-q", str(ROOT / "tests")], plugins=[reader])
    if done != pytest.ExitCode.OK:
        raise TableError(said.getvalue())
    return reader.marks


def read_runs(file: Path) -> list[Run]:
    """Return the long runs that were kept; none, if nobody has kept any."""
    content = file.read_bytes() if file.exists() else b""
    return msgspec.json.decode(content, type=list[Run]) if content.strip() else []


def main(words: list[str]) -> int:
    marks, lies = collect(), []
    for table in TABLES:
        made = page(table, marks[table.marker], read_runs(ROOT / RUNS) if table.marker == "fault" else ())
        file = ROOT / table.page
        if words == ["--check"]:
            lies += [str(table.page)] if not file.exists() or file.read_text() != made else []
        else:
            file.write_text(made)
    if lies:
        sys.stderr.write(f"not what the tests say, run `make tables`: {', '.join(lies)}\n")
    return FAILED if lies else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except TableError as error:
        sys.exit(str(error))
