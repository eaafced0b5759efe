"""One town of the country: made with all its units and their backlogs, and looked through when all is drained."""

import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import sqlalchemy as sa

from appliance.uplink.certificate import Tls
from bench.enrolled import enrol
from bench.journals import CARDS, segments
from bench.load import Size
from bench.load.backlog import Backlog
from bench.served import make_centre
from central import reconcile, shelves, store
from central.audit import audit
from central.branches import Branches
from central.centre import Centre, open_centre
from central.folder import Folder
from central.world import SystemClock, SystemEntropy
from drivers.keystore.sim import Driver as Keystore
from programs.visits.entries import Touch
from sync.entries import Fact
from sync.facts import PlaceNamed
from sync.messages import ONE_UNIT, TOWN_STREAM, raw_bytes
from sync.segment import pack, to_text
from sync.tree import ends_text

DAY = 20_780


class Town(msgspec.Struct, frozen=True):
    """A town that is ready: the folder of its centre, and a file for each unit's backlog."""

    central: Path
    backlogs: tuple[Path, ...]
    entries: int


class Checked(msgspec.Struct, frozen=True):
    """What a town's books say afterwards. `added_up_s`: how long all its entries took to be added up anew."""

    stored: int
    booked: int
    broken: tuple[str, ...]
    replay_is_equal: bool
    added_up_s: float


def prepare(folder: Path, name: str, database: str, size: Size) -> Town:
    """Found a town, enrol its units, and write the journals that they wrote while they were cut off."""
    central = folder / "central"
    make_centre(central, name, database)
    centre = open_centre(central, SystemClock(), SystemEntropy())
    centre.registrar.place(PlaceNamed("library", "図書館", "としょかん", "Library"))
    url = Folder(central).config.server.units_url
    waiting = [_unit(centre, folder, url, number, size.taps) for number in range(size.units)]
    with store.reading(centre.engine) as connection:
        files = [
            msgspec.structs.replace(one, since=_ends(connection, one.unit)).keep(folder / one.unit / "backlog")
            for one in waiting
        ]
    centre.engine.dispose()
    return Town(central, tuple(files), sum(one.entries for one in waiting))


def check(town: Town) -> Checked:
    """Count and audit what a town has stored, and hold its books against books made anew."""
    centre = open_centre(town.central, SystemClock(), SystemEntropy())
    centre.reconciler.catch_up()  # it may have been stopped before the last delivery was added up
    before = centre.reconciler.digest()
    began = time.perf_counter()
    centre.reconciler.wipe()
    centre.reconciler.catch_up()
    took = time.perf_counter() - began
    segment, entry = store.segment.c, reconcile.entry.c
    with store.reading(centre.engine) as connection:
        of_units = segment.writer.like("unit%")
        stored = sa.select(sa.func.sum(segment.last - segment.first + 1)).where(of_units)
        booked = sa.select(sa.func.count()).where(entry.writer.like("unit%"))
        held, added = (int(connection.execute(asked).scalar() or 0) for asked in (stored, booked))
    broken = audit(centre.engine, centre.town).broken
    is_equal = before == centre.reconciler.digest()
    centre.engine.dispose()
    return Checked(held, added, broken, is_equal, took)


def _unit(centre: Centre, folder: Path, url: str, number: int, taps: int) -> Backlog:
    unit = f"unit{number:02d}"
    keystore = Keystore(Keystore.Options(str(folder / unit)))
    tls = folder / unit
    enrolment = enrol(centre, unit, keystore, Tls(tls))
    (day,) = segments(keystore, unit, f"{number:016x}", 1, size=taps + 1, fact=_touches(number * taps))
    return Backlog(unit, url, str(tls), raw_bytes(enrolment.town_key), {}, taps + 1, pack(to_text(day)))


def _touches(base: int) -> Callable[[int], Fact]:
    """Return what stands at each number of a unit's journal: touches of many cards, other ones at every unit."""
    return lambda seq: Touch(card=CARDS[(base + seq) * 31 % len(CARDS)], place="library", day=DAY, proof="card")


def _ends(connection: sa.Connection, unit: str) -> dict[str, str]:
    streams = {name: Branches(connection, name, shelves.STREAM_EPOCH) for name in (TOWN_STREAM, ONE_UNIT + unit)}
    return {name: ends_text((row["boot"], row["seq"]) for row in ends.ends()) for name, ends in streams.items()}
