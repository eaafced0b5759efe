"""The card reader port: cards come and go, and while one is there it can be spoken to.

A driver reports what happens by calling a listener; nobody polls. Every event may come from the driver's own thread,
and the listener must return at once (it puts the event into a queue).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


class ReaderError(Exception):
    """Something below the card is wrong; a person may have to look at the reader."""


class CardGoneError(ReaderError):
    """The card was taken away before it had answered; holding it there again is all that is needed."""


class CardMuteError(ReaderError):
    """The card is there but did not answer within the time it was given."""


class Field(Protocol):
    """One presence of one card in front of one reader: from being laid down to being taken away."""

    @property
    def reader(self) -> str:
        """The reader's own name."""

    @property
    def atr(self) -> bytes:
        """The answer to reset; it names a chip family at best, and identifies nobody."""

    @property
    def command_max(self) -> int:
        """The longest command in bytes that this reader passes on whole."""

    def transmit(self, command: bytes) -> bytes:
        """Send one command APDU and return the whole response, SW1 SW2 included (2 bytes or more).

        Raises:
            CardGoneError: the card was taken away; an answer cut short counts as that.
            CardMuteError: no answer in time.
            ReaderError: anything else below the card.
        """

    def close(self) -> None:
        """Power the card off, which forgets every PIN that it has seen. Never raises; may be called twice."""


@dataclass(frozen=True)
class CardCame:
    """A card was laid down. One that cannot be spoken to is reported too, and its field says so when it is used."""

    field: Field


@dataclass(frozen=True)
class CardLeft:
    reader: str


@dataclass(frozen=True)
class ReaderCame:
    reader: str


@dataclass(frozen=True)
class ReaderLeft:
    reader: str


@dataclass(frozen=True)
class ReaderHung:
    """A call to a reader takes so much longer than any card does that it will not come back by itself.

    Told once. A card that asks for more time without end looks the same from here.
    """

    reader: str


@dataclass(frozen=True)
class ServiceLost:
    """The reader service below the driver (pcscd) has gone; the driver goes on looking for it.

    Every card and every reader was reported as left before.
    """

    why: str


@dataclass(frozen=True)
class ServiceBack:
    pass


Event = CardCame | CardLeft | ReaderCame | ReaderLeft | ReaderHung | ServiceLost | ServiceBack
Listener = Callable[[Event], None]


class Reader(Protocol):
    def start(self, listener: Listener) -> None:
        """Begin to report; cards and readers that are already there are reported first. Returns at once."""

    def stop(self) -> None:
        """Report nothing more, let every card go, end every thread."""
