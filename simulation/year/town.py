"""The year as a real centre takes it in: units that are let in, journals that they sign, and its own intake."""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from central.centre import Centre, open_centre
from central.found import Plan, found
from central.peers import Peer
from drivers.clock.sim import Driver as Clock
from drivers.entropy.sim import Driver as Entropy
from drivers.keystore.sim import Driver as Keystore
from programs.visits.publishing import publish
from programs.visits.tables import published, visit
from simulation.unit import enrol
from simulation.year import FIRST_DAY, Size
from simulation.year.deeds import Deed, payments, touches
from simulation.year.places import places, shops
from simulation.year.residents import BY, register, say_who_registers
from sync import chain
from sync.entries import Entry, encode
from sync.facts import Boot, Key
from sync.messages import Holdings, Report, open_signed, text
from sync.months import month_of, written
from sync.program import DAY_MS, JAPAN_MINUTES, town_day
from sync.segment import ENTRIES_MAX, Segment, pack, to_text

WAITING: Final = "unit01"
_NONCE: Final = "07"
_BOOT: Final = "00000000000a0001"


def clock_at_the_end(size: Size) -> Clock:
    """Return a clock at nine in the morning of Japan after the year: midnight in Greenwich."""
    return Clock(Clock.Options(wall_ms=(FIRST_DAY + size.days) * DAY_MS))


def play(folder: Path, size: Size, plan: Plan) -> Centre:
    """Found a town in a folder, let its units in, and take in what they wrote; return its centre, not yet added up."""
    clock = Clock(Clock.Options(wall_ms=(FIRST_DAY - 1) * DAY_MS))
    entropy = Entropy(Entropy.Options(f"year/{size.seed}"))
    found(folder, plan, clock, entropy)
    say_who_registers(folder)
    centre = open_centre(folder, clock, entropy)
    keys, touched = _let_in(centre, size), touches(size)
    register(centre, folder, size, touched)
    clock.advance((clock_at_the_end(size).wall_ms() - clock.wall_ms()) / 1000)
    take_in(centre, segments(size, keys, touched), size.waiting)
    return centre


def publish_year(centre: Centre) -> list[str]:
    """Publish every month of the year that is over and was not published, the oldest first; return which."""
    with centre.reconciler.counted() as connection:
        months = sorted({month_of(day) for day in connection.execute(sa.select(visit.c.day).distinct()).scalars()})
        last = month_of(town_day(centre.town.clock.wall_ms(), JAPAN_MINUTES)) - 1
        waiting = [month for month in months if month <= last and not published.has(connection, month)]
    for month in waiting:
        publish(centre, month, BY)
    return [written(month) for month in waiting]


def segments(size: Size, keys: dict[str, Keystore], touched: Iterable[Deed]) -> list[tuple[int, Segment]]:
    """Return what all units wrote, signed, in the order in which it would have been sent, with the time of the last."""
    written: dict[str, list[Deed]] = {}
    for deed in (*touched, *payments(size)):
        written.setdefault(deed.unit, []).append(deed)
    waiting = {WAITING: size.waiting}
    all_of_them = [
        one for unit, deeds in written.items() for one in journal(keys[unit], unit, deeds, waiting.get(unit, 0))
    ]
    return sorted(all_of_them, key=lambda one: (one[0], one[1].unit))


def journal(keystore: Keystore, unit: str, deeds: Iterable[Deed], waiting: int = 0) -> Iterator[tuple[int, Segment]]:
    """Chain and sign what one unit wrote; `waiting`: the last so many entries are a segment of their own."""
    begins = Boot(None, Key(keystore.alg, text(keystore.public)), None, clean=True, clock="held", software="year")
    facts = [Deed(unit, (FIRST_DAY - 1) * DAY_MS, begins), *sorted(deeds, key=lambda deed: deed.at_ms)]
    whole = max(1, len(facts) - waiting)
    bounds = sorted({*range(0, whole, ENTRIES_MAX), whole, len(facts)})
    prev = chain.ORIGIN
    for first, behind in pairwise(bounds):
        some = list(enumerate(facts[first:behind], first + 1))
        bodies = tuple(encode(Entry(unit, _BOOT, seq, deed.at_ms, deed.fact)) for seq, deed in some)
        head = chain.links(prev, bodies)[-1]
        yield some[-1][1].at_ms, Segment(unit, _BOOT, first + 1, prev, bodies, chain.seal(keystore, head))
        prev = head


def take_in(centre: Centre, all_segments: Iterable[tuple[int, Segment]], waiting: int) -> None:
    """Deliver to the centre's own intake; so many entries of one unit are still waiting there, and it says so."""
    fences: dict[str, str] = {}
    last: dict[str, tuple[int, Segment]] = {}
    for at_ms, segment in all_segments:
        before = last.get(segment.unit)
        if before:
            fences[segment.unit] = _deliver(centre, before[1], fences.get(segment.unit, ""))
        last[segment.unit] = at_ms, segment
    for unit, (at_ms, segment) in sorted(last.items()):
        is_waiting = waiting and unit == WAITING
        if not is_waiting:
            _deliver(centre, segment, fences.get(unit, ""))
        report = Report(unsent=len(segment.bodies), oldest_ms=at_ms) if is_waiting else Report()
        centre.intake.holdings(Peer(unit, 1), report, _NONCE)


def _deliver(centre: Centre, segment: Segment, fence: str) -> str:
    """Deliver a segment, as a unit does, quoting the last fence; return the next one."""
    answer = centre.intake.receive(Peer(segment.unit, 1), pack(to_text(segment)), fence, _NONCE)
    return open_signed(answer, Holdings, centre.town.signer.public).fence


def _let_in(centre: Centre, size: Size) -> dict[str, Keystore]:
    stands = {place.unit: (place.name.place, "facility") for place in places()}
    counters = shops(size.shops)
    stands |= {f"shop{number + 1:02}": (counters[number].place, "shop") for number in range(size.payment_units)}
    for name in (*(place.name for place in places()), *counters):
        centre.registrar.place(name)
    keys = {unit: Keystore(Keystore.Options(f"year/{size.seed}/{unit}")) for unit in stands}
    for unit, (place, counter) in stands.items():
        enrol(centre, unit, place, keys[unit], counter=counter)
    return keys
