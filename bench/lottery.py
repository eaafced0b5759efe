"""A draw of five million tickets: the list is frozen and winners are drawn, against bare hashes of its lines."""

import hashlib
import time
from typing import Final

from bench.report import rate, row, title
from programs.lottery import lists
from programs.lottery.drawing import draw, seed_of

TICKETS: Final = 5_000_000
EACH: Final = 10  # tickets of one person
PRIZES, ALTERNATES = 15_000, 1_500
AIM_S: Final = 10


def measure() -> None:
    people = TICKETS // EACH
    title(f"The draw: {TICKETS:,} tickets of {people:,} people, {PRIZES:,} prizes, against bare SHA-256 of each line")
    listed = [b"%b,%032x" % (f"T{number:07d}".encode(), number % people) for number in range(TICKETS)]
    sha256 = hashlib.sha256
    began = time.perf_counter()
    for line in listed:
        sha256(line).digest()
    bare = time.perf_counter() - began
    began = time.perf_counter()
    root = lists.root(listed)
    frozen = time.perf_counter() - began
    began = time.perf_counter()
    outcome = draw(listed, seed_of("bench", root, bytes(32)), PRIZES, ALTERNATES)
    drawn = time.perf_counter() - began
    if len(set(outcome.winners + outcome.alternates)) != PRIZES + ALTERNATES:
        raise RuntimeError("not everybody was drawn")
    row("each line hashed once, with nothing around it", rate(TICKETS / bare), "the limit")
    row(
        "root of the list, two hashes a ticket",
        rate(TICKETS / frozen),
        f"{bare / frozen:.2f} of the limit; {frozen:.1f} s, once at the closing",
    )
    row(
        "winners and alternates drawn",
        f"{drawn:.2f} s",
        f"{bare / drawn:.1f} times as fast as the limit; aim {AIM_S} s",
    )
    row("the same, with the list checked against its root", f"{frozen + drawn:.2f} s")
