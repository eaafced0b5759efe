"""A table with readers on it, on which cards can be laid; told what to do over a Unix socket, one JSON object a line.

    {"do": "present", "reader": "library", "card": "cards/hanako.toml"}
    {"do": "present", "reader": "library", "plan": {"faults": ["expired"], "pki": "/srv/pki"}}
    {"do": "remove", "reader": "library"}
    {"do": "remove_after", "reader": "library", "apdus": 2}
    {"do": "slow", "reader": "library", "ms": 300}
    {"do": "mute", "reader": "library"}
    {"do": "state"}

Every line is answered by one: `{"ok": true, "why": "", "readers": {"library": {"card": "cards/hanako.toml"}}}`. A card
keeps its counters while the table stands, wherever it is laid; it can lie on one reader only.
"""

import contextlib
import socketserver
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from drivers.card.sim import issue
from drivers.card.sim.others import VirtualCard
from drivers.card.sim.pki import TestPki
from drivers.card.sim.plan import Plan, PlanError
from drivers.card.sim.vpcd import Slot


class Order(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What the table is told."""

    do: str
    reader: str = ""
    card: str = ""
    plan: Plan | None = None
    apdus: int = 0
    ms: int = 0


class OnReader(msgspec.Struct, frozen=True):
    """What lies on a reader: the card's file, or the serial number of its plan, or nothing."""

    card: str = ""


class Reply(msgspec.Struct, frozen=True):
    ok: bool
    why: str = ""
    readers: dict[str, OnReader] = {}


class RefusedError(Exception):
    """The table cannot do what it was told; the message says why."""


class Table:
    """Readers by name, each a slot of vpcd.

    Args:
        ports: the TCP port of each reader's slot.
        host: where vpcd listens.
        more: further things that can be told to whoever holds the table, such as restarting pcscd.
    """

    def __init__(
        self, ports: Mapping[str, int], host: str = "127.0.0.1", more: Mapping[str, Callable[[], None]] | None = None
    ) -> None:
        self._slots = {name: Slot(port, host) for name, port in ports.items()}
        self._names: dict[str, str] = dict.fromkeys(ports, "")
        self._cards: dict[str, VirtualCard] = {}
        self._planned: dict[Plan, VirtualCard] = {}
        self._more = dict(more or {})
        self._lock = threading.RLock()

    def obey(self, order: Order) -> Reply:
        """Do what the order says."""
        try:
            with self._lock:
                self._do(order)
        except (RefusedError, PlanError, OSError) as error:
            return Reply(ok=False, why=str(error), readers=self._state())
        return Reply(ok=True, readers=self._state())

    def close(self) -> None:
        """Take every card away."""
        for slot in self._slots.values():
            slot.remove()

    def _do(self, order: Order) -> None:
        if order.do == "state":
            return
        if order.do in self._more:
            self._more[order.do]()
            return
        slot = self._slots.get(order.reader)
        if slot is None:
            raise RefusedError(f'no reader is called "{order.reader}"; there are: {", ".join(self._slots)}')
        match order.do:
            case "present":
                self._present(order, slot)
            case "remove":
                slot.remove()
            case "remove_after":
                slot.remove_after(order.apdus)
            case "slow":
                slot.slow(order.ms)
            case "mute":
                slot.mute()
            case _:
                raise RefusedError(f'"{order.do}" is not known here')

    def _present(self, order: Order, slot: Slot) -> None:
        card = self._card(order)
        elsewhere = [other for other, held in self._slots.items() if held.card is card and held is not slot]
        if elsewhere:
            raise RefusedError(f"this card lies on {elsewhere[0]}")
        slot.present(card)
        self._names[order.reader] = order.plan.serial if order.plan else order.card

    def _card(self, order: Order) -> VirtualCard:
        """Return the card of this file or plan; it is made the first time."""
        if order.plan is None:
            if order.card not in self._cards:
                self._cards[order.card] = issue.from_file(Path(order.card))
            return self._cards[order.card]
        if not Path(order.plan.pki).is_absolute():
            raise RefusedError("a plan names the folder of its PKI by its full path")
        if order.plan not in self._planned:
            self._planned[order.plan] = issue.make(order.plan, TestPki(Path(order.plan.pki)))
        return self._planned[order.plan]

    def _state(self) -> dict[str, OnReader]:
        return {
            name: OnReader(self._names[name] if slot.card is not None else "") for name, slot in self._slots.items()
        }


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True


class Control:
    """The Unix socket at which a table takes orders."""

    def __init__(self, table: Table, path: Path) -> None:
        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                with contextlib.suppress(OSError):
                    for line in self.rfile:
                        self.wfile.write(msgspec.json.encode(_obeyed(table, line)) + b"\n")

        self._path = path
        path.unlink(missing_ok=True)
        self._server = _Server(str(path), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, name="table control", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self._path.unlink(missing_ok=True)


def _obeyed(table: Table, line: bytes) -> Reply:
    try:
        return table.obey(msgspec.json.decode(line, type=Order))
    except msgspec.MsgspecError as error:
        return Reply(ok=False, why=str(error))
