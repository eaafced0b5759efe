"""How much of each thing this unit may give out: a fold over its own journal and what the centre has granted it."""

from collections.abc import Sequence

from appliance.shelf import Shelf
from sync.entries import Entry, Fact
from sync.program import Answers
from sync.rights import RIGHTS, Right, give_back, right_key


class Rights:
    """The rights of one life of a unit."""

    def __init__(self, shelf: Shelf, unit: str, life: int, programs: Sequence[Answers] = ()) -> None:
        self._shelf = shelf
        self._unit = unit
        self._life = life
        self._programs = programs

    def amount(self, what: str) -> int:
        """Return how much of something may be given out here.

        Raises:
            ShelfError: the stored state is damaged; end the process, the next start folds it again.
        """
        right: Right = self._shelf.state_of(RIGHTS, right_key(self._unit, self._life, what))
        return right.amount

    def answers(self, heard: Sequence[Entry]) -> Sequence[Fact]:
        """Return what this unit writes on hearing entries of the centre: what it gives back, and what programs say."""
        programs = [answers(heard, self._unit, self._life, self._shelf.state_of) for answers in self._programs]
        return [*self.returned(heard), *(fact for said in programs for fact in said)]

    def returned(self, heard: Sequence[Entry]) -> Sequence[Fact]:
        """Return what is given back on hearing entries of the centre, in the very commit that takes them over."""
        return give_back(heard, self._unit, self._life, self.amount)
