"""`python -m bench.soak FOLDER --minutes 60`: prints figures and a verdict; the exit code is 1 if anything is wrong."""

import argparse
import sys
import time
from pathlib import Path

from bench.report import percentile, row, title
from bench.served import Served, make_centre
from bench.soak import Plan
from bench.soak.fleet import Fleet, Tally
from bench.soak.verdict import Figures, Thirds, wrong
from bench.soak.watch import Watch
from central.centre import open_centre
from central.world import SystemClock, SystemEntropy
from demo.verdict import judge
from drivers.card.sim.issue import make
from drivers.card.sim.pki import TestPki
from drivers.card.sim.plan import Plan as CardPlan
from sync.facts import PlaceNamed

_MS = 1000


def soak(folder: Path, plan: Plan, pki: TestPki) -> Figures:
    """Run a town in a folder, laid out as the demo's, and look through its books when everything has ended."""
    central = folder / "central"
    make_centre(central, "soak")
    cards = [make(CardPlan(serial=f"99{number:013d}", pki=str(pki.folder)), pki) for number in range(plan.cards)]
    centre = open_centre(central, SystemClock(), SystemEntropy())
    centre.registrar.place(PlaceNamed("library", "図書館", "としょかん", "Library"))
    with Served(central) as served:
        fleet = Fleet(folder / "units", centre, served.wait().url, pki.trust(("pass",)), plan)
        centre.engine.dispose()
        watch = Watch(served.process.pid)
        began = time.monotonic()
        with watch.looking(), fleet.carrying():
            fleet.touch_for(plan.minutes * 60, cards)
            minutes = (time.monotonic() - began) / 60
            drained = fleet.is_drained()
        fleet.close()
    return _figures(fleet.tally, watch, minutes, folder, drained=drained)


def _figures(tally: Tally, watch: Watch, minutes: float, folder: Path, *, drained: bool) -> Figures:
    taps = len(tally.touches)
    return Figures(
        minutes=minutes,
        taps=taps,
        rounds=tally.rounds,
        calls=len(tally.calls),
        call_p50_ms=percentile(tally.calls, 0.5) * _MS,
        call_p99_ms=percentile(tally.calls, 0.99) * _MS,
        touch_p99_ms=percentile(tally.touches, 0.99) * _MS,
        late_p99_ms=percentile(tally.late, 0.99) * _MS,
        failures=dict(tally.failures),
        drained=drained,
        memory_mib=watch.thirds("memory"),
        files=watch.thirds("files"),
        threads=watch.thirds("threads"),
        books=judge(folder, taps),
    )


def report(plan: Plan, said: Figures) -> None:
    title(f"Soak: {plan.units} units for {said.minutes:.1f} minutes at {plan.times_peak:g} times a town's peak second")
    row("touches", f"{said.taps:,}", f"{said.taps / said.minutes / 60:.1f} a second; p99 {said.touch_p99_ms:.1f} ms")
    row("calls to the centre", f"{said.calls:,}", f"{said.calls / said.minutes / 60:.0f} a second")
    row("a call", f"{said.call_p50_ms:.1f} ms", f"p99 {said.call_p99_ms:.1f} ms")
    row("the centre's memory, first third", f"{said.memory_mib.first:.1f} MiB", _change(said.memory_mib, "MiB"))
    row("its files", f"{said.files.first:.0f}", _change(said.files))
    row("its threads", f"{said.threads.first:.0f}", _change(said.threads))
    books = said.books
    row("entries heard", f"{books.beeped:,}", f"lost {books.lost}, held twice {books.duplicated}")
    row("entries written", f"{books.entries:,}", f"held with the same hash: {books.acknowledged:,}")
    replay = "equal" if books.replay_match else "DIFFERENT"
    row("the books made anew", replay, f"{books.chain_errors} broken links, {len(books.incidents)} incidents")
    for one in (found := wrong(said)):
        row("WRONG", "", one)
    row("verdict", "not good" if found else "good")


def _change(figure: Thirds, of: str = "") -> str:
    return f"last third {figure.last:.1f} {of}".rstrip() + f"; {figure.growth:+.1f}"


def options() -> argparse.Namespace:
    usual = Plan()
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__)
    parser.add_argument("folder", type=Path, help="an empty folder for the town")
    parser.add_argument("--minutes", type=float, default=usual.minutes)
    parser.add_argument("--times-peak", type=float, default=usual.times_peak, help="of the peak second of a town")
    return parser.parse_args()


def main() -> int:
    given = options()
    plan = Plan(minutes=given.minutes, times_peak=given.times_peak)
    folder = given.folder.absolute()
    said = soak(folder, plan, TestPki(folder / "pki"))
    report(plan, said)
    return bool(wrong(said))


if __name__ == "__main__":
    sys.exit(main())
