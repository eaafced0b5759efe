"""Debits: one unit that authorises them, and the centre that books them, each against raw commits on the same disk."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import apsw

from appliance.counter import words_folders
from appliance.feedback import Feedback, Shown
from appliance.opening import World
from appliance.unit import Unit, assemble
from appliance.words import load
from bench import bare
from bench.journals import CARDS, segments
from bench.report import median, ms, percentile, rate, row, title
from bench.served import make_centre
from central.centre import open_centre
from central.world import SystemClock, SystemEntropy
from drivers.clock.sim import Driver as Clock
from drivers.disk.file import Driver as Disk
from drivers.entropy.system import Driver as Entropy
from drivers.keystore.sim import Driver as Keystore
from drivers.light.sim import Driver as Light
from drivers.monotonic.none import Driver as Monotonic
from drivers.reader import CardCame, Event, Field
from drivers.reader.sim import Card
from drivers.reader.sim import Driver as Reader
from drivers.sound.sim import Driver as Sound
from programs.coin.entries import Charge, Pay
from programs.coin.rules import CHARGE, PAY
from programs.coin.terms import Terms
from simulation.cards import Mint
from simulation.centre import name_place, open_sim_centre
from simulation.unit import enrol
from sync.entries import Fact
from sync.program import Wish
from sync.segment import pack, to_text

BLOCKS, BLOCK = 10, 100
APART_S: Final = 10.0  # of the unit's own clock, so that no touch is taken for the one before
FLOAT_YEN: Final = 1_000_000
UNITS, SEGMENTS = 4, 20
AIM_MS: Final = 15


class Stopwatch:
    """A field that measures how long the card itself takes."""

    def __init__(self, field: Field) -> None:
        self._field = field
        self.card_s = 0.0
        self.reader, self.atr, self.command_max = field.reader, field.atr, field.command_max
        self.close = field.close

    def transmit(self, command: bytes) -> bytes:
        began = time.perf_counter()
        answer = self._field.transmit(command)
        self.card_s += time.perf_counter() - began
        return answer


def measure(folder: Path) -> None:
    _authorise(folder)
    _book(folder)


def _authorise(folder: Path) -> None:
    title(f"Coin at a unit: {BLOCKS * BLOCK} debits from card to commit, against raw commits on the same disk")
    clock = Clock()
    mint = Mint("bench")
    unit = _unit(folder, clock, mint)
    card, serve = mint.resident(1), _server(unit, clock)
    serve(card, Wish(CHARGE, FLOAT_YEN))
    raw = _raw(folder / "raw.db")
    own, whole, ratios, raw_times = [], [], [], []
    for _ in range(BLOCKS):
        began = time.perf_counter()
        for _ in range(BLOCK):
            raw()
        raw_times.append((time.perf_counter() - began) / BLOCK)
        for _ in range(BLOCK):
            took, of_card = serve(card, Wish(PAY, 1, is_sure=True))
            whole.append(took)
            own.append(took - of_card)
        ratios.append(raw_times[-1] / (sum(own[-BLOCK:]) / BLOCK))
        unit.opened.journal.checkpoint()  # between touches, as in the daemon
    unit.close()
    row("one row and COMMIT in bare SQLite", rate(1 / median(raw_times)))
    row("debits authorised", rate(1 / median(own)), f"without the card; {rate(1 / median(whole))} with it")
    row("ratio, median of blocks", f"{median(ratios):.2f}", f"{min(ratios):.2f} to {max(ratios):.2f}")
    row("a debit's own time", ms(median(own)), f"p99 {ms(percentile(own, 0.99))}; aim {AIM_MS} ms")


def _unit(folder: Path, clock: Clock, mint: Mint) -> Unit:
    keystore = Keystore()
    centre = open_sim_centre(clock, "bench")
    name_place(centre, "hall")
    centre.registrar.say([Terms(ceiling_yen=FLOAT_YEN)])
    enrolment = enrol(centre, "desk01", "hall", keystore, counter="desk")
    world = World(Disk(Disk.Options(str(folder))), keystore, clock, Entropy(), Monotonic())
    feedback = Feedback(Light(), Sound(), load(*words_folders()), lambda _: None)
    return assemble(world, enrolment, mint.trust(), feedback)


def _server(unit: Unit, clock: Clock) -> Callable[[Card, Wish], tuple[float, float]]:
    """Return what serves a card, and tells how long that took, and how long of it the card."""
    events: list[Event] = []
    reader = Reader(clock=clock)
    reader.start(events.append)

    def serve(card: Card, wish: Wish) -> tuple[float, float]:
        clock.advance(APART_S)
        unit.tap.set(wish)
        reader.present(card)
        field = Stopwatch(next(event.field for event in events if isinstance(event, CardCame)))
        began = time.perf_counter()
        shown = unit.tap.touch(field)
        took = time.perf_counter() - began
        reader.remove()
        events.clear()
        _must_be_done(shown)
        return took, field.card_s

    return serve


def _must_be_done(shown: Shown | None) -> None:
    if shown is None or not shown.entry:
        raise RuntimeError(f"nothing was written: {shown}")


def _raw(path: Path) -> Callable[[], None]:
    """Return what commits one row of an entry's size, durably, with nothing around it."""
    connection = apsw.Connection(str(path))
    connection.pragma("journal_mode", "wal")
    connection.pragma("synchronous", "full")
    connection.execute("CREATE TABLE entry (n INTEGER PRIMARY KEY, body TEXT, hash BLOB)")
    body, hashed = "x" * 300, bytes(32)

    def commit() -> None:
        connection.execute("INSERT INTO entry (body, hash) VALUES (?, ?)", (body, hashed))

    return commit


def _book(folder: Path) -> None:
    title("Coin at the centre: debits that have arrived, booked by double entry, against a bare bulk insert")
    central = folder / "central"
    make_centre(central)
    centre = open_centre(central, SystemClock(), SystemEntropy())
    centre.reconciler.prepare()
    journals = []
    for number in range(UNITS):
        name, keystore = f"shop{number:02d}", Keystore(Keystore.Options(f"shop{number}"))
        enrol(centre, name, "fish", keystore, counter="shop")
        journals.append(list(segments(keystore, name, f"{number:016x}", SEGMENTS, fact=_sale)))
    for journal in journals:
        for segment in journal:
            centre.intake.carry_in(pack(to_text(segment)))
    limit = bare.sqlite(folder / "bare.db", [segment for journal in journals for segment in journal])
    count = sum(len(segment.bodies) for journal in journals for segment in journal)
    began = time.perf_counter()
    centre.reconciler.catch_up()
    booked = count / (time.perf_counter() - began)
    row("bare SQLite bulk insert, 500 rows a commit", rate(limit), "entries; the limit")
    row("entries booked", rate(booked), f"{booked / limit:.3f} of the limit; {rate(booked / 2)} of them debits")


def _sale(number: int) -> Fact:
    """Return a charge and a payment of the same card by turns."""
    card = CARDS[number // 2 * 31 % len(CARDS)]
    if number % 2 == 0:
        return Charge(1, card, 2_000, "fish", 20_780, "card")
    return Pay(1, card, 1_280, "fish", 20_780, "card", 120)
