"""The readers of the private pcscd, and a listener for the PC/SC driver."""

import queue
import time
from typing import Any, TypeVar

from smartcard import scard

from drivers.card.sim.pcscd import READERS_MAX, PrivatePcscd
from drivers.reader import CardCame, Event, Field, Reader, ReaderCame, ReaderLeft
from drivers.reader.pcsc import Driver

Kind = TypeVar("Kind", bound=Event)

READERS = [f"reader{number}" for number in range(READERS_MAX - 1)]
SAM = "Desk SAM"


def clear(private: PrivatePcscd) -> None:
    """Take every card away, and wait until pcscd has seen it, which takes up to 0.4 s."""
    for name in private.table.state():
        private.table.slow(name, 0)
        private.table.remove(name)
    code, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
    assert code == scard.SCARD_S_SUCCESS
    _, readers = scard.SCardListReaders(context, [])
    states = [(name, scard.SCARD_STATE_UNAWARE) for name in readers]
    until = time.monotonic() + 3
    while any(state & scard.SCARD_STATE_PRESENT for _, state, _ in scard.SCardGetStatusChange(context, 0, states)[1]):
        assert time.monotonic() < until, "a card does not go away"
        time.sleep(0.02)
    scard.SCardReleaseContext(context)


class Ear:
    """Listens to a driver: the given one, or PC/SC with these options."""

    def __init__(self, driver: Any = None, **options: object) -> None:
        self.events: queue.Queue[Event] = queue.Queue()
        self.present: set[str] = set()
        self.driver: Reader = driver or Driver(Driver.Options(**options))  # type: ignore[arg-type]
        self.driver.start(self.events.put)

    def next(self, kind: type[Kind], seconds: float = 5.0) -> Kind:
        """Return the next event of a kind; others are passed over."""
        until = time.monotonic() + seconds
        while True:
            event = self.events.get(timeout=max(0.0, until - time.monotonic()))
            if isinstance(event, ReaderCame):
                self.present.add(event.reader)
            elif isinstance(event, ReaderLeft):
                self.present.remove(event.reader)
            if isinstance(event, kind):
                return event

    def card(self, seconds: float = 5.0) -> Field:
        came = self.next(CardCame, seconds)
        assert isinstance(came, CardCame)
        return came.field
