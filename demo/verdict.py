"""Holds what people heard against the town's books, from the files alone, after everything has ended.

It asks none of the processes: it reads what the ears beside the loudspeakers wrote down, the units' journals, and the
segments that the centre stored.
"""

from collections import Counter
from pathlib import Path
from typing import Any

import apsw
import msgspec
import sqlalchemy as sa

from central import ledger, store
from central.audit import audit
from central.centre import Centre, open_centre
from central.incidents import open_ones
from central.office import offices
from central.world import SystemClock, SystemEntropy
from sync import chain, facts, installed
from sync.entries import Entry
from sync.messages import is_stream
from sync.segment import from_text, unpack


class Verdict(msgspec.Struct, frozen=True):
    """The demo's result. `lost`, `duplicated`: beeped entries that the centre has not, or has more than once.

    Attributes:
        taps: times that a card was held to a reader, by the script's own count.
        beeped: entries that somebody heard a beep for.
        entries: entries in the units' journals, those of earlier lives and of a copied box included.
        acknowledged: of those, how many the centre holds with the same hash.
        unasked: of the others, how many say only what a box has heard: of one that was stopped, nothing more is taken.
        books_match: what all journals fold to is what the centre's tables say, for every program: the units' journals
            as they lie there, and with them what the centre itself has said.
        residual: what all accounts of the ledger hold together: nothing, if no yen was made or lost.
        short: yen that units gave out and nobody had.
        replay_match: the centre's tables come back the same from the stored segments.
        chain_errors: what an audit of the stored segments found.
        results: how often each result was shown.
    """

    units: int
    taps: int
    beeped: int
    entries: int
    acknowledged: int
    unasked: int
    lost: int
    duplicated: int
    books_match: bool
    residual: int
    short: int
    replay_match: bool
    chain_errors: int
    incidents: list[str]
    results: dict[str, int]

    @property
    def is_good(self) -> bool:
        whole = self.books_match and self.replay_match and not self.chain_errors and not self.incidents
        whole = whole and self.residual == self.short == 0
        return (
            whole
            and self.lost == self.duplicated == 0
            and self.entries == self.acknowledged + self.unasked
            and self.beeped > 0
        )


def judge(folder: Path, taps: int) -> Verdict:
    """Read everything and compare."""
    units = sorted(path for path in (folder / "units").iterdir() if path.is_dir())
    boxes = [*units, *(folder / "copies").glob("*")]
    results, beeped = _heard(boxes)
    journal = {
        place: entry
        for box in boxes
        for file in sorted(box.rglob("journal.db"))
        for place, entry in _journal(file, box.name).items()
    }
    centre = open_centre(folder / "central", SystemClock(), SystemEntropy())
    centre.reconciler.catch_up()  # it may have been stopped between storing the last delivery and adding it up
    held = _held(centre.engine)
    lost = sum(held.get(place, Counter()).get(entry_hash, 0) == 0 for place, entry_hash in beeped.items())
    twice = sum(sum(held.get(place, Counter()).values()) > 1 for place in beeped)
    waiting = {place for place, (entry_hash, _) in journal.items() if entry_hash not in held.get(place, {})}
    register = installed.register()
    entries = [register.decode(body) for _, body in journal.values()]
    with store.reading(centre.engine) as connection:
        residual, short = ledger.total(connection), ledger.shortfall(connection)
        incidents = [f"{row['unit']}: {row['kind']}" for row in open_ones(connection)]
    return Verdict(
        units=len(units),
        taps=taps,
        beeped=len(beeped),
        entries=len(journal),
        acknowledged=len(journal) - len(waiting),
        unasked=sum(str(entry.id) in waiting and isinstance(entry.fact, facts.Applied) for entry in entries),
        lost=lost,
        duplicated=twice,
        books_match=_books_match(
            centre.engine,
            [*(entry for entry in entries if str(entry.id) not in waiting), *_said_by_the_centre(centre.engine)],
        ),
        residual=residual,
        short=short,
        replay_match=_replay(centre),
        chain_errors=len(audit(centre.engine, centre.town).broken),
        incidents=incidents,
        results=dict(sorted(results.items())),
    )


def _heard(units: list[Path]) -> tuple[Counter[str], dict[str, str]]:
    """Return how often each sound was heard, and for each entry that a sound was about, its hash."""
    results: Counter[str] = Counter()
    beeped: dict[str, str] = {}
    for folder in units:
        for line in (folder / "heard.jsonl").read_text().splitlines():
            sound = msgspec.json.decode(line)
            results[sound["earcon"]] += 1
            if sound["about"]:
                place, entry_hash = sound["about"].split()
                beeped[place] = entry_hash
    return results, beeped


def _journal(path: Path, unit: str) -> dict[str, tuple[str, bytes]]:
    """Return every entry of a journal: its id, hash and body."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    rows = connection.execute("SELECT boot, seq, hash, body FROM entry").fetchall()
    connection.close()
    return {f"{unit}/{boot}/{seq}": (entry_hash.hex(), body.encode()) for boot, seq, entry_hash, body in rows}  # type: ignore[union-attr]


def _held(engine: sa.Engine) -> dict[str, Counter[str]]:
    """Return, for every entry that the centre stored, how often it is there, by hash; computed from the bytes."""
    held: dict[str, Counter[str]] = {}
    with store.reading(engine) as connection:
        for packed in connection.execute(sa.select(store.segment.c.packed)).scalars():
            segment = from_text(unpack(packed))
            hashes = chain.links(segment.prev, segment.bodies)
            for seq, entry_hash in enumerate(hashes, segment.first):
                place = f"{segment.unit}/{segment.boot}/{seq}"
                held.setdefault(place, Counter())[entry_hash.hex()] += 1
    return held


def _said_by_the_centre(engine: sa.Engine) -> list[Entry]:
    """Return what stands in the centre's own journals: a payment from a page, a refund."""
    with store.reading(engine) as connection:
        packed = list(connection.execute(sa.select(store.segment.c.packed)).scalars())
    segments = (from_text(unpack(one)) for one in packed)
    register = installed.register()
    return [entry for one in segments if is_stream(one.unit) for entry in one.stored_entries(register)]


def _books_match(engine: sa.Engine, entries: list[Entry]) -> bool:
    """Fold entries with the programs' rules, as units do, and compare every state with the centre's tables."""
    in_order = sorted(entries, key=lambda entry: entry.at)  # the names of boots are drawn
    with store.reading(engine) as connection:
        for office in offices():
            program = next(fold for fold in installed.folds() if fold.name == office.name)
            states: dict[str, Any] = {}
            for entry in in_order:
                if isinstance(entry.fact, program.kinds):
                    key = program.key(entry)
                    states[key] = program.fold(states.get(key, program.empty), entry)
            if any(office.state(connection, key) != state for key, state in states.items()):
                return False
    return True


def _replay(centre: Centre) -> bool:
    """Add everything up anew from the stored segments, and say whether the same tables come out."""
    before = centre.reconciler.digest()
    centre.reconciler.wipe()
    centre.reconciler.catch_up()
    return before == centre.reconciler.digest()
