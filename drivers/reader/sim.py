"""A reader in memory: the same port as a real one, with doors through which a card is laid down and taken away.

It has no thread: every event is reported in the thread of whoever opens a door, and every delay goes through the clock
that it was given, so a simulated town stays repeatable.
"""

import time
from typing import Protocol

import msgspec

from drivers.clock import Clock
from drivers.reader import (
    CardCame,
    CardGoneError,
    CardLeft,
    CardMuteError,
    Event,
    Listener,
    ReaderCame,
    ReaderError,
    ReaderHung,
    ReaderLeft,
    ServiceBack,
    ServiceLost,
)

_STATUS_BYTES = 2
_MS = 1000


class Card(Protocol):
    """Anything that can be laid on this reader; `drivers/card/sim` has plenty."""

    def power_on(self) -> bytes:
        """Return the answer to reset; empty: the card does not answer."""

    def power_off(self) -> None: ...

    def transmit(self, raw: bytes) -> bytes:
        """Answer one command; fewer than two bytes: the answer broke off."""


class Driver:
    """Capabilities: one reader, any card; faults: `remove_after`, `unplug`, `hang`, `service_lost`, `slow`, `mute`."""

    class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        """`name`: of the reader. `deadline_ms`: for one exchange. `command_max`: the longest command in bytes."""

        name: str = "sim"
        deadline_ms: int = 2500
        command_max: int = 65_544

    def __init__(self, options: Options | None = None, clock: Clock | None = None) -> None:
        self.options = options or self.Options()
        self._sleep = clock.sleep if clock else time.sleep
        self._listener: Listener | None = None
        self._card: Card | None = None
        self._field: _Field | None = None
        self._plugged = True
        self._served = True
        self._delay_ms = 0
        self._is_mute = False

    # ------------------------------------------------------------------------------------------ the port

    def start(self, listener: Listener) -> None:
        self._listener = listener
        self._appear()

    def stop(self) -> None:
        self._listener = None
        self._end_presence()

    # ------------------------------------------------------------------------------------------ the doors

    def present(self, card: Card) -> None:
        """Lay a card on the reader; one that lies there already is taken away first."""
        self.remove()
        self._card = card
        self._begin_presence()

    def remove(self) -> None:
        """Take the card away."""
        self._end_presence()
        self._card = None
        self._is_mute = False

    def remove_after(self, apdus: int) -> None:
        """Take the card away in the middle of the exchange that follows the next `apdus`."""
        if self._field:
            self._field.exchanges_left = apdus

    def unplug(self) -> None:
        """Pull the reader's cable."""
        self._disappear()
        self._plugged = False

    def plug(self) -> None:
        self._plugged = True
        self._appear()

    def service_lost(self, why: str = "the reader service has ended") -> None:
        """End the service below every reader, as when pcscd crashes."""
        self._disappear()
        self._served = False
        self._report(ServiceLost(why))

    def service_back(self) -> None:
        self._served = True
        self._report(ServiceBack())
        self._appear()

    def slow(self, ms: int) -> None:
        """Let every exchange take this long."""
        self._delay_ms = ms

    def mute(self) -> None:
        """Let the card that lies there answer nothing more, until it is taken away."""
        self._is_mute = True

    def hang(self) -> None:
        """Hang, as a reader whose call never comes back; whoever takes its power away pulls and plugs it."""
        self.mute()
        self._report(ReaderHung(self.options.name))

    # ------------------------------------------------------------------------------------------ inside

    def exchange(self, card: Card, command: bytes) -> bytes:
        """One exchange with whatever is wrong at the moment."""
        delay_ms = self.options.deadline_ms if self._is_mute else self._delay_ms
        if delay_ms:
            self._sleep(min(delay_ms, self.options.deadline_ms) / _MS)
        if delay_ms >= self.options.deadline_ms:
            self._is_mute = True
            raise CardMuteError(f"no answer within {self.options.deadline_ms} ms")
        return card.transmit(command)

    def _report(self, event: Event) -> None:
        if self._listener:
            self._listener(event)

    def _appear(self) -> None:
        if self._plugged and self._served:
            self._report(ReaderCame(self.options.name))
            self._begin_presence()

    def _disappear(self) -> None:
        self._end_presence()
        if self._plugged and self._served:
            self._report(ReaderLeft(self.options.name))

    def _begin_presence(self) -> None:
        if self._card and self._listener and self._plugged and self._served:
            self._field = _Field(self, self._card)
            self._report(CardCame(self._field))

    def _end_presence(self) -> None:
        field, self._field = self._field, None
        if field:
            field.end()
            self._report(CardLeft(self.options.name))


class _Field:
    """One presence of one card."""

    def __init__(self, driver: Driver, card: Card) -> None:
        self._driver = driver
        self._card: Card | None = card
        self._powered = True
        self.exchanges_left: int | None = None
        self.reader = driver.options.name
        self.command_max = driver.options.command_max
        self.atr = card.power_on()

    def transmit(self, command: bytes) -> bytes:
        if self._card is None:
            raise CardGoneError("the card was taken away")
        if not self._powered:
            raise ReaderError("this conversation was closed")
        if not self.atr:
            raise CardMuteError("the card does not answer to reset")
        if len(command) > self.command_max:
            raise ReaderError(f"a command of {len(command)} bytes; this reader takes {self.command_max}")
        if self.exchanges_left is not None:
            if self.exchanges_left == 0:
                self._driver.remove()
                raise CardGoneError("the card was taken away")
            self.exchanges_left -= 1
        answer = self._driver.exchange(self._card, command)
        if len(answer) < _STATUS_BYTES:
            raise CardGoneError("the answer was cut short")
        return answer

    def close(self) -> None:
        """Power the card off; it may still lie there."""
        if self._powered and self._card:
            self._card.power_off()
        self._powered = False

    def end(self) -> None:
        """The card is gone."""
        self.close()
        self._card = None
