"""Three hundred cards come and go on fourteen readers, every third one torn away; what is left over is printed.

A program of its own, because pcscd looks at a virtual reader only every 0.4 s, so most of its twenty seconds are
waiting: the other tests run meanwhile.
"""

import json
import os
import queue
import sys
import threading
from collections import Counter
from datetime import datetime
from pathlib import Path

from drivers.card import NotReadableError, Proof, Trust, identify
from drivers.card.sim.pcscd import PrivatePcscd
from drivers.card.sim.pki import TestPki
from drivers.card.sim.plan import Plan
from drivers.card.validity import JAPAN
from drivers.clock.system import Driver as Clock
from drivers.reader import CardCame, CardLeft, Event, Field, ReaderCame
from drivers.reader.pcsc import Driver

READERS = [f"soak{number}" for number in range(7)]
ROUNDS = 22
NONCE = bytes(range(32))


def main(folder: Path) -> dict[str, object]:
    pki = TestPki(folder)
    with PrivatePcscd(READERS) as pcscd:
        os.environ.update(pcscd.environment)
        events: queue.Queue[Event] = queue.Queue()
        driver = Driver(Driver.Options(name="soak"))
        driver.start(events.put)
        for _ in range(2 * len(READERS)):
            assert isinstance(events.get(timeout=5), ReaderCame)
        hands = _Hands(pcscd, pki, events)
        hands.round(torn=True)  # whatever is kept for ever is made now
        before = _held()
        hands.outcomes.clear()
        for number in range(ROUNDS):
            hands.round(torn=number % 3 == 2)
        after = _held()
        driver.stop()
        return {"outcomes": hands.outcomes, "before": before, "after": after, "unheard": events.qsize()}


class _Hands:
    def __init__(self, pcscd: PrivatePcscd, pki: TestPki, events: queue.Queue[Event]) -> None:
        self.outcomes: Counter[str] = Counter()
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
        moves: Counter[type] = Counter()
        while moves[CardLeft] < len(self._cards):
            event = self._events.get(timeout=5)
            moves[type(event)] += 1
            if isinstance(event, CardCame):
                self._serve(event.field, self._trust)
                self._table.remove(self._cards[event.field.reader][0])
        assert moves == {CardCame: len(self._cards), CardLeft: len(self._cards)}, moves

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
    return {"threads": threading.active_count(), "files": len(list(Path("/proc/self/fd").iterdir()))}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(Path(sys.argv[1]))))
