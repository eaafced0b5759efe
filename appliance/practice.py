"""Practice at a till (練習): a second unit on the same box, with a journal of its own, and no way out of it.

Everything is real but the money: the same rules, words and sounds, on another file, under another name and a key that
is gone when practice ends. Its hatch is in no wall, so nothing that it writes is ever sent; and if somebody carried its
file to the town, no unit of that name was ever let in. Cards have other names there, and each has something to spend.
"""

from dataclasses import replace
from typing import Final

from appliance.counter import Counter
from appliance.feedback import Feedback
from appliance.opening import World
from appliance.unit import Unit, assemble
from drivers.card import Trust
from drivers.keystore.memory import Driver as Keystore
from drivers.monotonic.none import Driver as Monotonic
from sync import chain
from sync.entries import Fact
from sync.facts import PlaceNamed, UnitSet
from sync.messages import Enrolment, text
from sync.program import WishError
from sync.staff import Person, Role, SignedIn, StaffSet

JOURNAL: Final = "practice.db"
NAME: Final = "practice"
_SECRET_BYTES: Final = 32
_LIFE: Final = 1
_TRAINEE: Final = Person(1, "練習", Role.SUPERVISOR)  # who learns may try everything


def begin(world: World, real: Unit, trust: Trust, feedback: Feedback) -> Unit:
    """Put the practice of a unit together; what was practised before is gone.

    Raises:
        WishError: there is nothing to practise here.
        DiskError, JournalFullError, JournalBrokenError: see `appliance.opening`.
    """
    counter = real.tap.counter
    if counter is None or not counter.wishes:
        raise WishError("there is nothing to practise at this counter")
    world.disk.remove(JOURNAL)
    key = Keystore(seed=world.entropy.bytes(_SECRET_BYTES))
    own = replace(world, keystore=key, monotonic=Monotonic(), counter_at_enrolment=0, check=chain.check_signature)
    enrolment = Enrolment(
        town=NAME,
        unit=NAME,
        epoch=_LIFE,
        certificate="",
        ca="",
        town_key=text(key.public),
        card_key=text(world.entropy.bytes(_SECRET_BYTES)),
        segments=(),
    )
    unit = assemble(own, enrolment, trust, feedback, journal=JOURNAL)
    unit.opened.journal.append(_said(real, counter))
    unit.tap.believer = real.tap.believer
    unit.tap.has_room = real.room.enough
    unit.tap.welcome = _Welcome(unit, counter)
    unit.receipts.is_practice = True
    return unit


def _said(real: Unit, counter: Counter) -> list[Fact]:
    """Return what the practice knows of the town: what the unit itself does, and one person who may do everything."""
    here, town, day = real.directory.here(), real.directory.town(), real.tap.moment().day
    if here is None:
        raise WishError("this unit does not know where it stands yet")
    named = real.directory.place(here.place) or PlaceNamed(here.place, here.place, "", here.place)
    known: list[Fact] = [town] if town else []
    known += [named, UnitSet(NAME, here.place, here.counter), StaffSet(NAME, (_TRAINEE,))]
    return [*known, SignedIn(_LIFE, day, _TRAINEE.number), *counter.for_practice(real.opened.shelf.state_of)]


class _Welcome:
    """Gives every card something to spend, the first time that it comes."""

    def __init__(self, unit: Unit, counter: Counter) -> None:
        self._unit = unit
        self._counter = counter
        self._seen: set[str] = set()

    def __call__(self, card: str) -> None:
        if card in self._seen:
            return
        self._seen.add(card)
        if facts := self._counter.practice_money(card, NAME, _LIFE):
            self._unit.opened.journal.append(facts)
