"""Cards come and go on fourteen readers, some torn away in the middle; what is left over is printed as JSON.

    python -m tests.pcsc.soak FOLDER                              three hundred, a third of them torn away
    python -m tests.pcsc.soak FOLDER --cards 10000 --torn 1000 --judge

A program of its own, because pcscd looks at a virtual reader only every 0.4 s, so most of its time is waiting: other
tests run meanwhile.
"""

import argparse
import gc
import json
import os
import queue
import sys
import threading
import time
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

from drivers.card import NotReadableError, Proof, Trust, identify
from drivers.card.sim.pcscd import PrivatePcscd
from drivers.card.sim.pki import TestPki
from drivers.card.sim.plan import Plan
from drivers.card.validity import JAPAN
from drivers.clock.system import Driver as Clock
from drivers.reader import CardCame, CardLeft, Event, Field, ReaderCame
from drivers.reader.pcsc import Driver

READERS = [f"soak{number}" for number in range(7)]
SLOTS = 2 * len(READERS)
WARM_ROUNDS = 20  # until Python and the libraries have taken the memory that they keep
GROWTH_KIB_MAX = 4096
NONCE = bytes(range(32))


def main(folder: Path, rounds: int, torn_rounds: int) -> dict[str, Any]:
    begun = time.monotonic()
    pki = TestPki(folder)
    with PrivatePcscd(READERS) as pcscd:
        os.environ.update(pcscd.environment)
        events: queue.Queue[Event] = queue.Queue()
        driver = Driver(Driver.Options(name="soak"))
        driver.start(events.put)
        for _ in range(SLOTS):
            assert isinstance(events.get(timeout=5), ReaderCame)
        hands = _Hands(pcscd, pki, events)
        hands.round(torn=True)  # whatever is kept for ever is made now
        before = _held()
        hands.outcomes.clear()
        memory = []
        for number in range(rounds):
            hands.round(torn=(number + 1) * torn_rounds // rounds > number * torn_rounds // rounds)  # spread evenly
            if number >= WARM_ROUNDS and number % 10 == 0:
                memory.append([_memory_kib("self"), _memory_kib(str(_pcscd(pcscd)))])
        after = _held()
        driver.stop()
        return {
            "outcomes": hands.outcomes,
            "before": before,
            "after": after,
            "unheard": events.qsize(),
            "memory_kib": {"ours": [each[0] for each in memory], "pcscd": [each[1] for each in memory]},
            "slowest_seconds": {name: round(took, 3) for name, took in hands.slowest.items()},
            "seconds": round(time.monotonic() - begun),
        }


class _Hands:
    def __init__(self, pcscd: PrivatePcscd, pki: TestPki, events: queue.Queue[Event]) -> None:
        self.outcomes: Counter[str] = Counter()
        self.slowest = {"seen": 0.0, "served": 0.0}
        self._table = pcscd.table
        self._events = events
        self._trust = pki.trust()
        self._cards: dict[str, tuple[str, Plan]] = {}
        for number, (name, twin) in enumerate((name, twin) for name in READERS for twin in ("", "/1")):
            plan = Plan(serial=f"9900000000040{number:02}", pki=str(pki.folder))
            self._cards[f"{name} 00 0{twin[1:] or 0}"] = (name + twin, plan)

    def round(self, *, torn: bool) -> None:
        """Lay a card on every reader, serve each, and take it away; every one must be seen to come and to go once."""
        for name, plan in self._cards.values():
            self._table.present(name, plan)
            if torn:
                self._table.remove_after(name, 1)
        laid = time.monotonic()
        moves: Counter[type] = Counter()
        while moves[CardLeft] < len(self._cards):
            event = self._events.get(timeout=5)
            moves[type(event)] += 1
            if isinstance(event, CardCame):
                seen = time.monotonic()
                self._serve(event.field, self._trust)
                self._slower("seen", seen - laid)
                self._slower("served", time.monotonic() - seen)
                self._table.remove(self._cards[event.field.reader][0])
        assert moves == {CardCame: len(self._cards), CardLeft: len(self._cards)}, moves

    def _slower(self, what: str, seconds: float) -> None:
        self.slowest[what] = max(self.slowest[what], seconds)

    def _serve(self, field: Field, trust: Trust) -> None:
        now = datetime.fromtimestamp(Clock().wall_ms() / 1000, JAPAN)
        try:
            proof = identify(field, NONCE, trust, now).proof
            assert proof is Proof.CARD
            self.outcomes["proven"] += 1
        except NotReadableError:
            self.outcomes["torn"] += 1
        field.close()


def _held() -> dict[str, int]:
    gc.collect()
    return {"threads": threading.active_count(), "files": len(list(Path("/proc/self/fd").iterdir()))}


def _memory_kib(process: str) -> int:
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))


def _pcscd(private: PrivatePcscd) -> int:
    """Find the process of our pcscd, from outside its namespace."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                words = (folder / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if words[0].endswith(b"/pcscd") and any(word.startswith(str(private._home).encode()) for word in words):
                return int(folder.name)
    raise ProcessLookupError("pcscd has ended")


def judge(said: dict[str, Any], cards: int, torn: int) -> list[str]:
    """Return what is wrong with a run; that every card was seen to come and go once was checked on the way."""
    wrong = []
    if said["outcomes"]["proven"] + said["outcomes"]["torn"] < cards or said["outcomes"]["torn"] < torn:
        wrong.append(f"outcomes: {said['outcomes']}")
    if said["before"] != said["after"]:
        wrong.append(f"held before {said['before']}, after {said['after']}")
    if said["unheard"]:
        wrong.append(f"{said['unheard']} events too many")
    for whose, samples in said["memory_kib"].items():
        quarter = max(1, len(samples) // 4)
        growth = min(samples[-quarter:]) - max(samples[:quarter])
        if growth > GROWTH_KIB_MAX:
            wrong.append(f"memory of {whose} grew by {growth} KiB")
    return wrong


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--cards", type=int, default=22 * SLOTS)
    parser.add_argument("--torn", type=int, default=7 * SLOTS, metavar="N", help="how many of them are torn away")
    parser.add_argument("--judge", action="store_true", help="end with an error if anything is left over")
    return parser.parse_args()


if __name__ == "__main__":
    given = options()
    rounds_given = -(-given.cards // SLOTS)
    result = main(given.folder, rounds_given, -(-given.torn // SLOTS))
    sys.stdout.write(json.dumps(result) + "\n")
    if given.judge:
        found = judge(result, given.cards, given.torn)
        sys.exit("\n".join(found) or 0)
