"""`python -m bench [append|verify|intake|tap|cards|daemon ...]`: all of them, or those that are named."""

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench import append, cards, daemon, intake, tap, verify

MEASUREMENTS: dict[str, Callable[[Path], None]] = {
    "append": append.measure,
    "verify": lambda _: verify.measure(),
    "intake": intake.measure,
    "daemon": daemon.measure,
    "tap": tap.measure,
    "cards": cards.measure,
}


def main(names: list[str]) -> int:
    unknown = set(names) - set(MEASUREMENTS)
    if unknown:
        there = ", ".join(MEASUREMENTS)
        print(f"no such measurement: {', '.join(sorted(unknown))}; there are {there}", file=sys.stderr)
        return 3
    Path("var").mkdir(exist_ok=True)
    for name in names or MEASUREMENTS:
        with tempfile.TemporaryDirectory(dir="var", prefix="bench-") as folder:
            MEASUREMENTS[name](Path(folder).absolute())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
