"""What was said about residents' files, in tables: how each stands, whose each card is, who did and looked at what.

Derived, as everything that is added up. They hold pseudonyms; what stands in the files is in `store.resident_file`.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy import BigInteger, Column, Index, MetaData, Table, Text

from central.kept import Kept
from central.residents.standing import STANDINGS, Standing
from central.upsert import upsert
from sync.entries import Entry, kind_of
from sync.messages import OFFICE_STREAM
from sync.residents import OFFICE, CardBound, CardRead, FilesCounted, GuardianSet, Merged, NamesRead

metadata = MetaData()

resident = Table("resident", metadata, Column("key", Text, primary_key=True), Column("state", Text, nullable=False))

card = Table("resident_card", metadata, Column("card", Text, primary_key=True), Column("holder", Text, nullable=False))

read = Table(
    "resident_read",
    metadata,
    Column("boot", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("holder", Text, primary_key=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("by", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("card", Text, nullable=False),  # where it was what was done with a card; "" where it was a name
    Index("resident_read_by_holder", "holder"),
    Index("resident_read_by_time", "at_ms"),
)

act = Table(
    "resident_act",
    metadata,
    Column("boot", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("holder", Text, primary_key=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("by", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("said", Text, nullable=False),  # the entry's fact; it names nobody
    Index("resident_act_by_holder", "holder"),
    Index("resident_act_by_time", "at_ms"),
)

_STANDINGS: Final = Kept(resident, STANDINGS)


class Reading(msgspec.Struct, frozen=True):
    """Somebody looked into a file, or at what was done with a card, or had many files counted without seeing a name.

    Attributes:
        holder: whose file or card it was when it was looked at; "" for a card of nobody, and for many files.
        boot, seq: the entry that says so, in the office's journal.
        card: whose deeds were looked at; "" where it was a name.
    """

    holder: str
    at_ms: int
    by: str
    why: str
    boot: str
    seq: int
    card: str = ""


class Act(msgspec.Struct, frozen=True):
    """Somebody changed something of a file. `said`: the fields of the entry's fact."""

    holder: str
    at_ms: int
    by: str
    kind: str
    said: Mapping[str, Any]
    boot: str
    seq: int


class Wanted(msgspec.Struct, frozen=True):
    """Which readings and acts somebody asks for: of one file, by one person, within some time; all, if left out."""

    holder: str = ""
    by: str = ""
    since_ms: int | None = None
    until_ms: int | None = None

    def of(self, table: Table) -> sa.Select[Any]:
        """Ask for the rows of a table, the latest first."""
        here = table.c
        limits = [
            *([here.holder == self.holder] if self.holder else []),
            *([here.by == self.by] if self.by else []),
            *([here.at_ms >= self.since_ms] if self.since_ms is not None else []),
            *([here.at_ms < self.until_ms] if self.until_ms is not None else []),
        ]
        return sa.select(table).where(*limits).order_by(here.at_ms.desc(), here.boot, here.seq.desc(), here.holder)


def note(connection: sa.Connection, entries: Iterable[Entry]) -> None:
    """Note what the office said, within the caller's transaction; nobody else has a say in it."""
    ours = [entry for entry in entries if entry.unit == OFFICE_STREAM]
    _STANDINGS.note(connection, ours)
    for entry in ours:
        match entry.fact:
            case CardBound(of=holder, card=name):
                upsert(connection, card, [{"card": name, "holder": holder}], lambda new: {"holder": new.holder})
            case NamesRead(of=holders, by=by, why=why):
                place = {"boot": entry.boot, "seq": entry.seq, "at_ms": entry.at, "by": by, "why": why, "card": ""}
                connection.execute(sa.insert(read), [place | {"holder": holder} for holder in sorted(set(holders))])
            case CardRead(card=name, by=by, why=why):
                place = {"boot": entry.boot, "seq": entry.seq, "at_ms": entry.at, "by": by, "why": why, "card": name}
                connection.execute(sa.insert(read), [place | {"holder": holder_of(connection, name) or ""}])
            case FilesCounted(files=files, by=by, why=why):
                place = {"boot": entry.boot, "seq": entry.seq, "at_ms": entry.at, "by": by, "card": "", "holder": ""}
                connection.execute(sa.insert(read), [place | {"why": f"{why}: {files:,}件"}])
            case _:
                pass
        if isinstance(entry.fact, OFFICE) and not isinstance(entry.fact, NamesRead | CardRead | FilesCounted):
            _note_act(connection, entry, entry.fact)


def _note_act(connection: sa.Connection, entry: Entry, fact: Any) -> None:
    said = msgspec.json.encode(msgspec.structs.asdict(fact)).decode()
    row = {"boot": entry.boot, "seq": entry.seq, "at_ms": entry.at, "by": fact.by, "kind": kind_of(fact), "said": said}
    connection.execute(sa.insert(act), [row | {"holder": holder} for holder in _about(fact)])


def _about(fact: Any) -> list[str]:
    """Return the files that an entry says something about."""
    match fact:
        case GuardianSet(of=of, guardian=other) | Merged(of=of, into=other):
            return sorted({of, other})
        case _:
            return [fact.of]


def standing(connection: sa.Connection, holder: str) -> Standing:
    """Return how a file stands, also one that was merged."""
    return _STANDINGS.state(connection, holder)


def every(connection: sa.Connection) -> dict[str, Standing]:
    """Return how each file stands, by holder."""
    holders = list(connection.execute(sa.select(resident.c.key).order_by(resident.c.key)).scalars())
    return _STANDINGS.states(connection, holders)


def holder_of(connection: sa.Connection, name: str) -> str | None:
    """Return the file that counts for a card, through merges; None for a card of nobody."""
    holder: str | None = connection.execute(sa.select(card.c.holder).where(card.c.card == name)).scalar()
    return None if holder is None else counting(connection, holder)


def counting(connection: sa.Connection, holder: str) -> str:
    """Return the file that counts in the place of one that was merged, or the same."""
    while into := standing(connection, holder).into:
        holder = into
    return holder


def agrees(connection: sa.Connection, name: str, program: str) -> bool:
    """Tell whether the holder of a card agrees that a program uses what the town knows of them."""
    holder = holder_of(connection, name)
    return holder is not None and standing(connection, holder).agrees_to(program)


def agreeing(connection: sa.Connection, program: str) -> dict[str, list[str]]:
    """Return whose files a program may use now, each with all cards that are or were theirs."""
    standings = every(connection)
    found: dict[str, list[str]] = {
        holder: [] for holder, said in standings.items() if said.version and said.agrees_to(program)
    }
    for name, holder in connection.execute(sa.select(card.c.card, card.c.holder).order_by(card.c.card)):
        counts = holder
        while into := standings[counts].into:
            counts = into
        if counts in found:
            found[counts].append(name)
    return found


def readings(connection: sa.Connection, wanted: Wanted, limit: int) -> list[Reading]:
    """Return who looked into which files, the latest first."""
    rows = connection.execute(wanted.of(read).limit(limit))
    return [Reading(row.holder, row.at_ms, row.by, row.why, row.boot, row.seq, row.card) for row in rows]


def acts(connection: sa.Connection, wanted: Wanted, limit: int) -> list[Act]:
    """Return who changed what, the latest first."""
    rows = connection.execute(wanted.of(act).limit(limit))
    return [
        Act(row.holder, row.at_ms, row.by, row.kind, msgspec.json.decode(row.said), row.boot, row.seq) for row in rows
    ]
