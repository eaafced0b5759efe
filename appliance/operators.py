"""Who stands behind the counter: signed in by a PIN or by a card, by what the office said last, without a network.

Where the office has named nobody, nobody is asked. A wrong PIN is written down, so that a start does not wipe the
count; from the third in a row on, each costs longer than the one before. A card is not slowed down by that.
"""

import math

from appliance.directory import Directory
from appliance.shelf import Shelf
from drivers.clock import Clock
from sync.pins import matches
from sync.program import ActError, Decision, Operator, Result, proves_presence
from sync.staff import SHIFTS, Person, Shift, SignedIn, SignedOut, WrongPin, operator, shift_key, wait_s


class Operators:
    """Decides who is signed in at one life of one unit; whoever asks writes it down."""

    def __init__(self, unit: str, life: int, shelf: Shelf, directory: Directory, clock: Clock) -> None:
        self._unit = unit
        self._life = life
        self._shelf = shelf
        self._directory = directory
        self._clock = clock
        self._since = clock.mono()
        self._tried: dict[int, float] = {}  # when each number's PIN was wrong last, since this start

    def here(self, day: int) -> Operator:
        """Return who is signed in on a day."""
        return operator(self._directory.staff(), self._shift(), day)

    def person(self, day: int) -> Person | None:
        """Return what the office says of whoever is signed in; None if nobody is."""
        said = self._directory.staff()
        return said.person(self.here(day).number) if said else None

    def are_named(self) -> bool:
        """Whether anybody can sign in here at all."""
        said = self._directory.staff()
        return said is not None and bool(said.people)

    def by_pin(self, number: int, pin: str, day: int) -> Decision:
        """Sign somebody in who types a PIN.

        Raises:
            ActError: nobody can sign in here.
        """
        said = self._directory.staff()
        if said is None or not said.people:
            raise ActError("the office has named nobody who could sign in at this unit")
        if (left := self._left_s(number)) > 0:
            return Decision(Result.HELP, "TAP-052", values={"seconds": math.ceil(left)})
        person = said.person(number)
        if person is None or person.pin is None:
            return Decision(Result.REFUSED, "TAP-051")
        if not matches(pin, person.pin):
            self._tried[number] = self._clock.mono()
            return Decision(Result.REFUSED, "TAP-051", (WrongPin(self._life, day, number),))
        return self._signed_in(person, day)

    def by_card(self, card: str, proof: str, day: int) -> Decision | None:
        """Sign somebody in whose card was touched; None if it is nobody's here, or theirs who are signed in already."""
        said = self._directory.staff()
        person = said.with_card(card) if said else None
        if person is None or not proves_presence(proof) or self.here(day).number == person.number:
            return None
        return self._signed_in(person, day, card)

    def out(self, day: int) -> Decision:
        """Sign out whoever is there.

        Raises:
            ActError: nobody is.
        """
        number = self.here(day).number
        if not number:
            raise ActError("nobody is signed in")
        return Decision(Result.ALREADY, "TAP-054", (SignedOut(self._life, day, number),))

    def _signed_in(self, person: Person, day: int, card: str = "") -> Decision:
        fact = SignedIn(self._life, day, person.number, card)
        return Decision(Result.OK_POINTS, "TAP-053", (fact,), {"who": person.name or str(person.number)})

    def _left_s(self, number: int) -> float:
        wrong = self._shift().wrong.get(number, 0)
        return self._tried.get(number, self._since) + wait_s(wrong) - self._clock.mono()

    def _shift(self) -> Shift:
        return self._shelf.state(SHIFTS, shift_key(self._unit, self._life))
