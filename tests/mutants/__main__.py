"""`python -m tests.mutants [WORD …]`: plants each bug, or those with such a word in their name, and looks for it.

Prints a line for each, keeps JSON in var/, and with `--page` writes docs/mutants.md. Ends with 2 if one survives, and
with 3 if one does not fit any more, or if something is found where nothing was planted.
"""

import argparse
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from tests.mutants.bugs import ROOT, Bug, MisplantedError, changed, read_bugs
from tests.mutants.hunt import ControlError, Limits, control, look_for
from tests.mutants.report import Report, line, page, read_report, write_report

SURVIVED, SENSELESS = 2, 3
PAGE = ROOT / "docs" / "mutants.md"


def main(words: Sequence[str]) -> int:
    asked = _parser().parse_args(words)
    limits = Limits(seeds=asked.seeds, cpu_s=asked.cpu, days=asked.days)
    report = read_report(asked.json) if asked.go_on and asked.json.exists() else Report(limits)
    bugs = [bug for bug in read_bugs() if not asked.word or any(word in bug.name for word in asked.word)]
    waiting = [bug for bug in bugs if bug.name not in report.found]
    try:
        for bug in waiting:
            changed(bug, (ROOT / bug.file).read_text())
        if report.control is None and not asked.word:
            report.control = control(bugs, limits)
            write_report(report, asked.json)
            _say(line(report.control))
        _look_for_all(waiting, report, asked.json, asked.jobs)
    except (MisplantedError, ControlError) as error:
        sys.stderr.write(f"{error}\n")
        return SENSELESS
    if asked.page:
        PAGE.write_text(page(report))
    survivors = [bug.name for bug in bugs if bug.name in report.survivors]
    _say(f"{len(bugs) - len(survivors)} of {len(bugs)} were found")
    return SURVIVED if survivors else 0


def _look_for_all(bugs: Sequence[Bug], report: Report, path: Path, jobs: int) -> None:
    with ProcessPoolExecutor(jobs) as pool:
        for done in as_completed([pool.submit(look_for, bug, report.limits) for bug in bugs]):
            report.add(done.result())
            write_report(report, path)
            _say(line(done.result()))


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m tests.mutants", description="Plant bugs and look for them.")
    parser.add_argument("word", nargs="*", help="only bugs with this in their name, and no control")
    parser.add_argument("--seeds", type=int, default=Limits().seeds, help="at most so many seeds for each")
    parser.add_argument("--cpu", type=float, default=Limits().cpu_s, help="at most so many processor seconds for each")
    parser.add_argument("--days", type=int, default=Limits().days, help="of each seed")
    parser.add_argument("--jobs", type=int, choices=(1, 2), default=2, help="so many bugs at a time")
    parser.add_argument("--json", type=Path, default=ROOT / "var" / "mutants.json", help="where the outcome is kept")
    parser.add_argument("--go-on", action="store_true", help="leave out what the outcome of an earlier run holds")
    parser.add_argument("--page", action="store_true", help="write docs/mutants.md when all is done")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
