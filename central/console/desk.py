"""Everything that the console's pages and its JSON ask, made once."""

from dataclasses import dataclass
from typing import Self

from central import store
from central.centre import Centre
from central.console.arrivals import Arrivals
from central.console.books import Books
from central.console.moment import Moment
from central.console.proofs import Proofs
from central.console.unit_file import UnitFile, read_unit_file
from central.console.words import Words
from central.rings import UnitSeen
from central.rollout import unit_seen


@dataclass(frozen=True)
class Desk:
    """Where questions about the books are answered."""

    centre: Centre
    words: Words
    books: Books
    arrivals: Arrivals
    proofs: Proofs

    @classmethod
    def of(cls, centre: Centre) -> Self:
        engine, register, words = centre.engine, centre.town.register, Words()
        arrivals = Arrivals(engine, register, words)
        return cls(centre, words, Books(engine, register), arrivals, Proofs(engine, centre.town.signer.public))

    def moment(self) -> Moment:
        """Return the present, at the town."""
        return Moment(self.centre.town.clock.wall_ms(), self.books.town().utc_offset_minutes)

    def figures(self) -> dict[str, dict[str, int]]:
        """Return the totals of every program."""
        return self.centre.reconciler.figures()

    def system(self, unit: str) -> UnitSeen | None:
        """Return which system a unit runs, and what it was offered."""
        with store.reading(self.centre.engine) as connection:
            return unit_seen(connection, unit)

    def unit_file(self, unit: str, epoch: int) -> UnitFile:
        return read_unit_file(self.centre.engine, unit, epoch)
