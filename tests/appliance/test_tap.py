"""A touch, as a person meets it: what is said, what is written, and that nothing is said before it is written."""

import base64
import json
import random
from collections.abc import Callable
from datetime import date

import msgspec
import pytest

from appliance.counter import words_folders
from appliance.feedback import MANNERS, Shown
from appliance.words import load
from central.incidents import Incidents
from drivers.card import face
from drivers.card.apdu import Ins
from drivers.card.channel import Channel
from drivers.card.sim.issue import make
from drivers.card.sim.pki import TestPki
from drivers.card.sim.plan import Fault, Kind, Plan
from drivers.clock import Confidence
from drivers.clock.sim import Driver as Clock
from drivers.light import Colour
from drivers.reader import CardCame, Field
from drivers.reader.sim import Card
from drivers.reader.sim import Driver as Reader
from drivers.sound.earcons import EARCONS
from simulation.centre import name_place, open_sim_centre
from simulation.road import Road, Weather
from simulation.unit import SimUnit
from sync.facts import CardState
from sync.program import Result

DAY_S = 86_400.0
BIRTH = date(1985, 4, 1)
Make = Callable[..., Card]

pytestmark = pytest.mark.usefixtures("power_cuts")


class Library:
    """One unit at the library, with its centre."""

    def __init__(self, pki: TestPki, profiles: tuple[str, ...] = ("pass",)) -> None:
        self.clock = Clock()
        self.centre = open_sim_centre(self.clock, "tap")
        name_place(self.centre, "library")
        self.unit = SimUnit(self.centre, "lib01", "library", self.clock, pki.trust(profiles), "tap")
        self.road = Road(self.centre, self.unit.peer, Weather(), random.Random(1))  # noqa: S311 - nothing is drawn: the weather is good

    def tap(self, card: Card) -> Shown:
        shown = self.unit.tap(card)
        assert shown is not None
        return shown

    @property
    def entries(self) -> int:
        tip = self.unit.running.opened.journal.tip
        return tip.seq if tip else 0


@pytest.fixture
def library(pki: TestPki) -> Library:
    return Library(pki)


@pytest.fixture
def card(pki: TestPki) -> Make:
    def hand(*faults: Fault, serial: int = 1, **plan: object) -> Card:
        wanted = Plan(serial=f"99{serial:013d}", pki=str(pki.folder), faults=frozenset(faults), **plan)  # type: ignore[arg-type]
        return make(wanted, pki)

    return hand


def test_a_good_card_is_written_then_announced(library: Library, card: Make) -> None:
    before = library.entries
    shown = library.tap(card())
    assert (shown.result, shown.message) == (Result.OK_POINTS, "VIS-010")
    assert library.entries == before + 1
    tip = library.unit.running.opened.journal.tip
    assert tip is not None
    assert (shown.entry, shown.hash) == (f"lib01/{tip.boot}/{tip.seq}", tip.hash)
    assert [heard.earcon for heard in library.unit.sound.played] == ["reading", "ok_points"]
    assert library.unit.sound.played[-1].about == f"{shown.entry} {shown.hash}"
    assert [patterns[0].colour for patterns in library.unit.light.shown] == [Colour.WHITE, Colour.TEAL]


def test_a_card_held_twice_is_one_touch(library: Library, card: Make) -> None:
    mine = card()
    first = library.tap(mine)
    written = library.entries
    library.clock.advance(4.9)
    assert library.tap(mine) == first, "the same answer once more, and nothing new is written"
    assert library.entries == written
    library.clock.advance(5.1)
    later = library.tap(mine)
    assert (later.result, later.message) == (Result.ALREADY, "VIS-020")
    assert later.entry != first.entry, "every touch is an entry"


def test_another_card_in_between_is_no_repetition(library: Library, card: Make) -> None:
    library.tap(card(serial=1))
    assert library.tap(card(serial=2)).result is Result.OK_POINTS
    assert library.tap(card(serial=1)).result is Result.ALREADY


def test_a_new_day_is_a_new_visit(library: Library, card: Make) -> None:
    mine = card()
    assert library.tap(mine).result is Result.OK_POINTS
    library.clock.advance(14 * 3600)  # 23:00 in Japan
    assert library.tap(mine).result is Result.ALREADY
    library.clock.advance(3601)
    assert library.tap(mine).result is Result.OK_POINTS


@pytest.mark.parametrize(
    ("faults", "plan", "result", "message"),
    [
        ((Fault.NO_PASS,), {}, Result.HELP, "TAP-030"),
        ((Fault.EXPIRED,), {}, Result.REFUSED, "TAP-032"),
        ((Fault.FORGED_KEY,), {}, Result.REFUSED, "TAP-033"),
        ((Fault.FORGED_CREDENTIAL,), {}, Result.REFUSED, "TAP-033"),
        ((Fault.UNKNOWN_CA,), {}, Result.HELP, "TAP-035"),
        ((Fault.NOT_YET_VALID,), {}, Result.HELP, "TAP-035"),
        ((), {"kind": Kind.TRANSIT}, Result.HELP, "TAP-034"),
        ((), {"kind": Kind.BANK}, Result.HELP, "TAP-034"),
        ((), {"kind": Kind.GARBAGE}, Result.RETRY, "TAP-010"),
    ],
    ids=str,
)
def test_what_is_said_of_other_cards(
    library: Library, card: Make, faults: tuple[Fault, ...], plan: dict[str, object], result: Result, message: str
) -> None:
    before = library.entries
    shown = library.tap(card(*faults, **plan))
    assert (shown.result, shown.message) == (result, message)
    assert library.entries == before, "a card that proved nothing is not written down"
    assert not shown.entry
    assert library.unit.sound.played[-1].earcon == result


def test_an_enrolled_card_without_a_pass_proves_itself(pki: TestPki, card: Make) -> None:
    library = Library(pki, ("pass", "face"))
    assert library.tap(card(Fault.NO_PASS)).message == "TAP-030"
    _learn_face(library, pki, card(Fault.NO_PASS))
    library.unit.sync(library.road)
    library.clock.advance(10)
    assert library.tap(card(Fault.NO_PASS)).result is Result.OK_POINTS


@pytest.mark.fault(
    "card taken away too early",
    people="The unit asks to hold the card again.",
    lost="nothing was written",
    found="The card falls silent in the middle of an exchange.",
)
def test_a_card_that_leaves_too_early(library: Library, card: Make) -> None:
    before = library.entries
    shown = library.tap(Leaving(card(), 1))
    assert (shown.result, shown.message) == (Result.RETRY, "TAP-010")
    assert library.entries == before
    assert library.tap(card()).result is Result.OK_POINTS, "and it works at the second try"


def test_a_stopped_card_is_refused_once_the_unit_has_heard(library: Library, card: Make) -> None:
    mine = card()
    library.tap(mine)
    name = _card_of_last_entry(library)
    library.centre.registrar.set_card(name, CardState.STOPPED)
    library.clock.advance(10)
    assert library.tap(mine).result is Result.ALREADY, "nobody has told the unit yet"
    library.unit.sync(library.road)
    library.clock.advance(10)
    shown = library.tap(mine)
    assert (shown.result, shown.message) == (Result.REFUSED, "TAP-031")
    assert "00-1234" in shown.ja, "whom to call"


def test_a_suspended_unit_serves_nobody_and_says_so(library: Library, card: Make) -> None:
    _suspend(library)
    library.unit.sync(library.road)
    before = library.entries
    assert library.tap(card()).message == "TAP-044"
    assert library.entries == before


def test_a_unit_that_nobody_has_placed_waits(pki: TestPki, card: Make) -> None:
    library = Library(pki)
    running = library.unit.running
    running.tap.counters = {}
    assert library.tap(card()).message == "TAP-042"


@pytest.mark.fault("clock jumps")
def test_without_a_clock_dates_are_not_checked(library: Library, card: Make) -> None:
    library.clock.jump(-50 * 365 * DAY_S, Confidence.UNKNOWN)
    assert library.tap(card()).result is Result.OK_POINTS
    assert library.tap(card(Fault.FORGED_KEY, serial=2)).message == "TAP-033", "everything else still is"


@pytest.mark.fault("clock jumps")
def test_a_clock_that_is_believed_and_wrong_does_not_accuse_the_card(library: Library, card: Make) -> None:
    issued_tomorrow = card(issued=date(2026, 11, 24), expires=date(2036, 11, 24))
    shown = library.tap(issued_tomorrow)
    assert (shown.result, shown.message) == (Result.HELP, "TAP-035")


@pytest.mark.fault("power cut between the commit and the beep")
def test_a_touch_that_nobody_heard_is_told_instead_of_written_again(library: Library, card: Make) -> None:
    mine = card()
    written = library.tap(mine)
    library.unit.crash()
    library.unit.start()
    before = library.entries
    shown = library.tap(mine)
    assert (shown.result, shown.message) == (Result.OK_POINTS, "VIS-011")
    assert (shown.entry, shown.hash) == (written.entry, written.hash)
    assert library.entries == before
    library.clock.advance(10)
    assert library.tap(mine).result is Result.ALREADY, "that was told once"


def test_another_card_is_not_told_of_it(library: Library, card: Make) -> None:
    library.tap(card(serial=1))
    library.unit.crash()
    library.unit.start()
    assert library.tap(card(serial=2)).message == "VIS-010"


def test_the_counter_outside_the_disk_goes_with_the_journal(library: Library, card: Make) -> None:
    """It is raised behind the commit, so that a cut in between costs nothing, and before the beep."""
    for serial in range(3):
        library.tap(card(serial=serial))
        assert library.unit.monotonic.read() == library.entries
    counted = library.entries
    library.unit.disk.broken = True
    assert library.unit.tap(card(serial=3)) is None
    assert library.unit.monotonic.read() == counted, "what was not written is not counted"


def test_no_card_is_asked_the_same_twice(library: Library, card: Make) -> None:
    """Otherwise whoever has recorded one answer could do without the card."""
    listener = Listening(card())
    for _ in range(2):
        assert library.tap(listener).result in {Result.OK_POINTS, Result.ALREADY}
        library.clock.advance(10)
    questions = [raw for raw in listener.heard if raw[1] == Ins.INTERNAL_AUTHENTICATE]
    assert len(questions) == 2
    assert questions[0] != questions[1]


@pytest.mark.fault("the disk fails to sync")
def test_a_broken_disk_announces_nothing(library: Library, card: Make) -> None:
    library.unit.disk.broken = True
    assert library.unit.tap(card()) is None
    assert library.unit.ended == ["JournalBrokenError"], "the process ends, and the next start looks again"
    assert [heard.earcon for heard in library.unit.sound.played] == ["reading"]
    assert all(not shown.entry for shown in library.unit.shown)


@pytest.mark.fault(
    "a lamp or the loudspeaker is broken",
    people="The result in every other way: each stands for itself.",
    lost="nothing",
    found="By whoever stands there, and by `machi unit doctor`.",
)
def test_a_loose_cable_mutes_nothing_else(library: Library, card: Make) -> None:
    library.unit.light.broken = True
    assert library.tap(card()).result is Result.OK_POINTS
    assert library.unit.sound.played[-1].earcon == "ok_points"
    library.unit.sound.broken = True
    assert library.tap(card(serial=2)).result is Result.OK_POINTS


def test_every_result_has_light_sound_and_a_symbol_of_its_own() -> None:
    assert set(MANNERS) == set(Result)
    assert set(EARCONS) == set(Result)
    looks = [(manner.symbol, manner.light) for manner in MANNERS.values()]
    sounds = list(EARCONS.values())
    assert all(looks.count(look) == 1 for look in looks if look[0] != "○"), "told apart without a sound"
    assert all(sounds.count(sound) == 1 for sound in sounds), "told apart without looking"


def test_every_message_is_said_in_every_way() -> None:
    for number, words in load(*words_folders()).items():
        japanese, english, easy, short = msgspec.structs.astuple(words)
        assert japanese, number
        assert english.isascii(), number
        assert easy, number
        assert 1 <= len(short) <= 6, f"{number}: screens of six characters a line"


class Leaving:
    """A card that is pulled away behind some answers."""

    def __init__(self, card: Card, answers: int) -> None:
        self._card = card
        self._answers = answers
        self.power_on, self.power_off = card.power_on, card.power_off

    def transmit(self, raw: bytes) -> bytes:
        self._answers -= 1
        return self._card.transmit(raw) if self._answers >= 0 else b""


class Listening:
    """A card, and somebody beside it who writes down what it is asked."""

    def __init__(self, card: Card) -> None:
        self._card = card
        self.heard: list[bytes] = []
        self.power_on, self.power_off = card.power_on, card.power_off

    def transmit(self, raw: bytes) -> bytes:
        self.heard.append(raw)
        return self._card.transmit(raw)


def _card_of_last_entry(library: Library) -> str:
    journal = library.unit.running.opened.journal
    tip = journal.tip
    assert tip is not None
    ((body,),) = journal.select("SELECT body FROM entry WHERE boot = ? AND seq = ?", tip.boot, tip.seq)
    return str(json.loads(body)["card"])


def _learn_face(library: Library, pki: TestPki, card: Card) -> None:
    """Do what the desk does: let the card's holder open its age record, and register the card by its own key."""
    reader = Reader()
    fields: list[Field] = []
    reader.start(lambda event: fields.append(event.field) if isinstance(event, CardCame) else None)
    reader.present(card)
    learned = face.enrol(Channel(fields[0]), BIRTH, pki.trust().cv_roots, bytes(32))
    key = base64.b64encode(learned.public_key).decode()
    library.centre.registrar.card("face", learned.identifier, learned.index, key)


def _suspend(library: Library) -> None:
    with library.centre.engine.begin() as connection:
        Incidents(connection, library.centre.streams, library.clock.wall_ms()).suspend("lib01", 1, "a test")
