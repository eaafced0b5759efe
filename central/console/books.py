"""What the console asks of the books: plain questions, answered as plain values. Read only."""

from collections import Counter
from collections.abc import Collection
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from central import backup_notes, heard, reconcile, store
from central.console.moment import Say
from central.granting import unheard
from central.incidents import KINDS, open_ones
from central.places import all_called, called
from sync import symptoms
from sync.directory import TOWN_KEY, unit_key
from sync.entries import Register
from sync.facts import Town, UnitSet
from sync.program import JAPAN_MINUTES
from sync.symptoms import Symptom

CLOSED_SHOWN: Final = 50
_SECOND_MS: Final = 1_000


def _latest() -> sa.Select[Any]:
    """Ask what arrived last of each writer: when it did, and when the last of it was written, if that is added up."""
    branch, segment, entry = store.branch, store.segment, reconcile.entry
    grown = sa.select(branch.c.writer, sa.func.max(branch.c.grown_n).label("n")).group_by(branch.c.writer).subquery()
    alive = sa.and_(branch.c.writer == grown.c.writer, branch.c.grown_n == grown.c.n)
    last = sa.and_(entry.c.writer == branch.c.writer, entry.c.boot == branch.c.boot, entry.c.seq == branch.c.seq)
    asked = sa.select(branch.c.writer, segment.c.received_ms, entry.c.at)
    return asked.select_from(
        branch.join(grown, alive).join(segment, segment.c.n == branch.c.grown_n).outerjoin(entry, last)
    )


_LATEST: Final = _latest()


class UnitLine(msgspec.Struct, frozen=True):
    """One unit, as the office sees it. Times are Unix milliseconds by the centre, but `oldest_ms` by the unit.

    Attributes:
        unsent, oldest_ms, says, software, clock: what the unit said of itself at the last contact.
        symptoms: what it suffered from then, by its own word, the gravest first.
        entries: how many of its entries are held here.
        refused, refusal: how often something from it was refused, and why the last time.
        incidents: how many about it are open.
        place_name_en: the place in English.
        arrived_ms: when something that it wrote arrived last.
        ahead_s: so far ahead of the centre's time was what it wrote last when that arrived; its clock is fast.
        image: which system it runs, name and version, as it says; "" if it was made from none.
        certificate_ms: until when the certificate is good with which it called; None until it has.
    """

    name: str
    place: str
    place_name: str
    counter: str
    state: str
    epoch: int
    contact_ms: int | None
    unsent: int
    oldest_ms: int | None
    says: str
    software: str
    clock: str
    symptoms: tuple[Symptom, ...]
    entries: int
    refused: int
    refusal: str | None
    incidents: int
    place_name_en: str = "-"
    arrived_ms: int | None = None
    ahead_s: int = 0
    certificate_ms: int | None = None
    image: str = ""


class IncidentLine(msgspec.Struct, frozen=True):
    """Something that a person has to look at; `closed_ms` and `closed_because` once somebody has."""

    n: int
    unit: str
    kind: str
    means: str
    opened_ms: int
    detail: dict[str, Any]
    closed_ms: int | None = None
    closed_because: str | None = None


class Books:
    """The centre's books, open for reading."""

    def __init__(self, engine: sa.Engine, register: Register) -> None:
        self._engine = engine
        self._register = register

    def town(self) -> Town:
        """Return what the centre has said of the town, or a town without a name before it has."""
        with store.reading(self._engine) as connection:
            fact = reconcile.statement(connection, TOWN_KEY).fact
        return fact if isinstance(fact, Town) else Town("", "", "", JAPAN_MINUTES)

    def units(self) -> list[UnitLine]:
        with store.reading(self._engine) as connection:
            return self._units(connection, sa.true())

    def unit(self, name: str) -> UnitLine | None:
        with store.reading(self._engine) as connection:
            return next(iter(self._units(connection, store.unit.c.name == name)), None)

    def _units(self, connection: sa.Connection, which: sa.ColumnElement[bool]) -> list[UnitLine]:
        held = sa.select(store.branch.c.writer, sa.func.sum(store.branch.c.seq).label("entries")).group_by(
            store.branch.c.writer
        )
        entries = {writer: int(count) for writer, count in connection.execute(held)}
        waiting = Counter(row["unit"] for row in open_ones(connection))
        rows = connection.execute(sa.select(store.unit).where(which).order_by(store.unit.c.name)).mappings().all()
        ends = heard.certificates(connection, [row["name"] for row in rows])
        latest = {row.writer: (row.received_ms, row.at) for row in connection.execute(_LATEST)}
        found = [_unit(connection, row, entries.get(row["name"], 0), waiting[row["name"]]) for row in rows]
        return [_dated(one, *latest.get(one.name, (None, None)), ends.get(one.name)) for one in found]

    def incidents(self) -> list[IncidentLine]:
        """Return what nobody has looked at yet, oldest first."""
        with store.reading(self._engine) as connection:
            return [incident_line(row) for row in open_ones(connection)]

    def unheard(self) -> list[str]:
        """Return the units that were not heard since this centre was restored; nothing is granted before."""
        with store.reading(self._engine) as connection:
            return unheard(connection)

    def backups(self) -> tuple[backup_notes.Made | None, backup_notes.Drill | None]:
        """Return when the books were last backed up, and when it was last tried whether a backup comes back."""
        with store.reading(self._engine) as connection:
            return backup_notes.get(connection, backup_notes.Made), backup_notes.get(connection, backup_notes.Drill)

    def settled(self) -> list[IncidentLine]:
        """Return the incidents that were settled last, the latest first."""
        table = store.incident
        asked = sa.select(table).where(table.c.closed_ms.is_not(None)).order_by(table.c.closed_ms.desc(), table.c.n)
        with store.reading(self._engine) as connection:
            return [incident_line(row) for row in connection.execute(asked.limit(CLOSED_SHOWN)).mappings()]


def place_names(connection: sa.Connection, places: Collection[str]) -> dict[str, Say]:
    """Return what the town calls places; those that it has not named by their ids."""
    return {place: Say(named.name, named.name_en) for place, named in all_called(connection, places).items()}


def where(connection: sa.Connection, unit: str) -> UnitSet:
    """Return where a unit stands and what it serves there; "-" where nobody has said it."""
    fact = reconcile.statement(connection, unit_key(unit)).fact
    return fact if isinstance(fact, UnitSet) else UnitSet(unit, "-", "-")


def _unit(connection: sa.Connection, row: sa.RowMapping, entries: int, incidents: int) -> UnitLine:
    report = msgspec.json.decode(row["report"]) if row["report"] else {}
    here = where(connection, row["name"])
    place = called(connection, here.place)
    return UnitLine(
        name=row["name"],
        place=here.place,
        place_name=place.name,
        place_name_en=place.name_en,
        counter=here.counter,
        state=row["state"],
        epoch=row["epoch"],
        contact_ms=row["contact_ms"],
        unsent=report.get("unsent", 0),
        oldest_ms=report.get("oldest_ms"),
        says=report.get("state", ""),
        software=report.get("software", ""),
        clock=report.get("clock", ""),
        symptoms=symptoms.read(report.get("symptoms", "")),
        entries=entries,
        refused=row["refused"],
        refusal=row["refusal"],
        incidents=incidents,
        image=str(report.get("image") or ""),
    )


def _dated(unit: UnitLine, arrived_ms: int | None, at_ms: int | None, ends_ms: int | None) -> UnitLine:
    """Add when its last entry arrived and was written, as far as that is added up, and until when it may call."""
    ahead_ms = at_ms - arrived_ms if at_ms is not None and arrived_ms is not None else 0
    return msgspec.structs.replace(
        unit, arrived_ms=arrived_ms, ahead_s=max(0, ahead_ms) // _SECOND_MS, certificate_ms=ends_ms
    )


def incident_line(row: sa.RowMapping) -> IncidentLine:
    """Return a row of the table of incidents as it is shown."""
    return IncidentLine(
        n=row["n"],
        unit=row["unit"],
        kind=row["kind"],
        means=KINDS.get(row["kind"], ""),
        opened_ms=row["opened_ms"],
        detail=msgspec.json.decode(row["detail"]),
        closed_ms=row["closed_ms"],
        closed_because=row["closed_because"],
    )
