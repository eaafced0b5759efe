"""Telling a table of virtual readers what to do, from any process: `TableClient(path).present("library", plan)`."""

import socket
from pathlib import Path

import msgspec

from drivers.card.sim.plan import Plan
from drivers.card.sim.table import OnReader, Order, RefusedError, Reply

_TIMEOUT_SECONDS = 30.0  # the first card of a PKI has its keys made


class TableClient:
    """Every call is one connection, so a client holds nothing and can be used from any thread.

    Raises (every method):
        RefusedError: the table says why.
        OSError: no table is there.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def present(self, reader: str, card: Path | Plan) -> None:
        """Lay a card on a reader: a card file, or a plan with the folder of its PKI in `plan.pki`."""
        if isinstance(card, Plan):
            plan = msgspec.structs.replace(card, pki=str(Path(card.pki).absolute()))
            self.tell(Order("present", reader, plan=plan))
        else:
            self.tell(Order("present", reader, card=str(card.absolute())))

    def remove(self, reader: str) -> None:
        self.tell(Order("remove", reader))

    def remove_after(self, reader: str, apdus: int) -> None:
        """Take the card away in the middle of the exchange that follows the next `apdus`."""
        self.tell(Order("remove_after", reader, apdus=apdus))

    def slow(self, reader: str, ms: int) -> None:
        self.tell(Order("slow", reader, ms=ms))

    def mute(self, reader: str) -> None:
        self.tell(Order("mute", reader))

    def state(self) -> dict[str, OnReader]:
        """Return what lies where."""
        return self.tell(Order("state")).readers

    def tell(self, order: Order) -> Reply:
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(_TIMEOUT_SECONDS)
            link.connect(str(self._path))
            link.sendall(msgspec.json.encode(order) + b"\n")
            with link.makefile("rb") as answers:
                line = answers.readline()
        if not line:
            raise ConnectionError("the table has gone")
        reply = msgspec.json.decode(line, type=Reply)
        if not reply.ok:
            raise RefusedError(reply.why)
        return reply
