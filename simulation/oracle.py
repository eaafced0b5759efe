"""Holds what people heard against what the town believes, and finds what cannot be.

It knows nothing of how units and centre work: it has the list of what was heard, and the stored bytes.
"""

from collections import Counter

import sqlalchemy as sa

from central import store
from central.audit import audit
from central.incidents import open_ones
from simulation.town import SimTown
from sync import chain
from sync.segment import from_text, unpack


def findings(town: SimTown) -> list[str]:
    """Return everything that breaks a promise, in words; nothing, if all is well.

    What a disk lost after it had claimed to keep it is gone; the promise is then that the unit noticed.
    """
    held = _held(town)
    found: list[str] = []
    for unit in town.units:
        for place, entry_hash in unit.heard.items():
            count = held.get(place, Counter())
            if not count and not unit.noticed:
                found.append(f"{place} was heard and is not at the centre")
            elif count and set(count) != {entry_hash}:
                found.append(f"{place} is at the centre with other bytes")
        left = unit.running.hatch.backlog().unsent
        if left:
            found.append(f"{unit.name} still has {left} entries to send")
    found += [f"{place} is held {count.total()} times" for place, count in held.items() if count.total() > 1]
    found += [f"stored: {broken}" for broken in audit(town.centre.engine, town.centre.town).broken]
    before = town.reconciler.digest()
    town.reconciler.wipe()
    town.reconciler.catch_up()
    if before != town.reconciler.digest():
        found.append("a replay of the stored segments gives other tables")
    return found


def incidents(town: SimTown) -> Counter[str]:
    """Return what the centre shows to the office, by unit and kind."""
    with store.reading(town.centre.engine) as connection:
        return Counter(f"{row['unit']}: {row['kind']}" for row in open_ones(connection))


def _held(town: SimTown) -> dict[str, Counter[str]]:
    held: dict[str, Counter[str]] = {}
    with store.reading(town.centre.engine) as connection:
        for packed in connection.execute(sa.select(store.segment.c.packed)).scalars():
            segment = from_text(unpack(packed))
            for seq, entry_hash in enumerate(chain.links(segment.prev, segment.bodies), segment.first):
                held.setdefault(f"{segment.unit}/{segment.boot}/{seq}", Counter())[entry_hash.hex()] += 1
    return held
