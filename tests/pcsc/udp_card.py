"""A card for nfcpy's own simulated radio, which goes over UDP: the other side of it, in a process of its own.

    python -m tests.pcsc.udp_card PORT < orders

One JSON order a line, answered by "ok": {"do": "present", "plan": {…}}, remove, remove_after, slow, end.
"""

import json
import sys
import threading
from pathlib import Path

import msgspec
import nfc.clf  # type: ignore[import-untyped]

from drivers.card.sim.issue import make
from drivers.card.sim.pki import TestPki
from drivers.card.sim.plan import Plan
from tests.pcsc.picc import SENSB_RES, Picc

LISTEN_SECONDS = 0.2


class Antenna:
    """Serves whatever card lies there, in a thread of its own."""

    def __init__(self, port: int) -> None:
        self.picc: Picc | None = None
        self._frontend = nfc.clf.ContactlessFrontend(f"udp:localhost:{port}")
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        laid = threading.Event()
        while True:
            if self.picc is None or self.picc.is_gone:
                laid.wait(0.02)
                continue
            try:
                self._be_found(self.picc)
            except nfc.clf.CommunicationError:
                pass  # the field was turned off just then
            finally:
                self._frontend.device.mute()

    def _be_found(self, picc: Picc) -> None:
        target = self._frontend.listen(nfc.clf.LocalTarget("106B", sensb_res=bytearray(SENSB_RES)), LISTEN_SECONDS)
        if target is None:
            return
        heard = bytes(target.tt4_cmd)
        while self.picc is picc and not picc.is_gone:
            said = picc.hear("106B", heard)
            heard = self._next(picc, bytearray(said) if said else None)

    def _next(self, picc: Picc, said: bytearray | None) -> bytes:
        while self.picc is picc and not picc.is_gone:
            try:
                return bytes(self._frontend.exchange(said, LISTEN_SECONDS))
            except nfc.clf.TimeoutError:
                said = None
            except nfc.clf.CommunicationError:
                picc.field_off()
                raise
        picc.field_off()
        return b""


def main(port: int) -> None:
    antenna = Antenna(port)
    sys.stdout.write("ok\n")
    sys.stdout.flush()
    for line in sys.stdin:
        order = json.loads(line)
        match order["do"]:
            case "present":
                plan = msgspec.convert(order["plan"], Plan)
                antenna.picc = Picc(make(plan, TestPki(Path(plan.pki))))
            case "remove":
                antenna.picc = None
            case "remove_after" if antenna.picc:
                antenna.picc.exchanges_left = order["number"]
            case "slow" if antenna.picc:
                antenna.picc.delay_ms = order["number"]
        sys.stdout.write("ok\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]))
