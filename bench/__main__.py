"""`python -m bench [append|verify|intake|tap|cards|coin|points|lottery|…]`: all of them, or those that are named."""

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench import append, cards, coin, daemon, intake, lottery, points, residents, tap, verify, visits
from bench.load import COUNTRY_TOWNS, Size
from bench.load.measure import measure as measure_load

MEASUREMENTS: dict[str, Callable[[Path], None]] = {
    "append": append.measure,
    "verify": lambda _: verify.measure(),
    "intake": intake.measure,
    "daemon": daemon.measure,
    "tap": tap.measure,
    "cards": cards.measure,
    "coin": coin.measure,
    "points": points.measure,
    "lottery": lambda _: lottery.measure(),
    "visits": visits.measure,
    "residents": lambda _: residents.measure(),
}


def main(names: list[str], size: Size) -> int:
    measurements = MEASUREMENTS | {"load": lambda folder: measure_load(folder, size)}
    unknown = set(names) - set(measurements)
    if unknown:
        there = ", ".join(measurements)
        print(f"no such measurement: {', '.join(sorted(unknown))}; there are {there}", file=sys.stderr)
        return 3
    Path("var").mkdir(exist_ok=True)
    for name in names or measurements:
        with tempfile.TemporaryDirectory(dir="var", prefix="bench-") as folder:
            measurements[name](Path(folder).absolute())
    return 0


def options() -> argparse.Namespace:
    usual = Size()
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME")
    about = f"load: how many of the country's {COUNTRY_TOWNS:,} towns; {usual.towns} take about two minutes"
    parser.add_argument("--towns", type=int, default=usual.towns, metavar="N", help=about)
    about = f"load: how many centres serve at a time, each a process of some 100 MiB; else {usual.beside}"
    parser.add_argument("--beside", type=int, default=usual.beside, metavar="N", help=about)
    return parser.parse_args()


if __name__ == "__main__":
    given = options()
    sys.exit(main(given.names, Size(towns=given.towns, beside=given.beside)))
