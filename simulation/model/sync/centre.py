"""The centre at a moment: everything in its database, and what can be read off it."""

import copy
import itertools
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import sqlalchemy as sa

from central import store
from central.audit import audit
from central.centre import Centre
from simulation.model.sync.canonical import BLANK, Form, form, memory
from simulation.model.sync.messages import mark, segments_text
from sync.messages import Head
from sync.segment import from_text, unpack

Rows = Mapping[str, list[dict[str, Any]]]
Place = tuple[str, str, int]  # unit, boot, number

TABLES: Final = tuple(table for table in store.metadata.sorted_tables if table is not store.code)
_SHOWN_ONLY: Final = frozenset(
    ("received_ms", "contact_ms", "report", "refused", "refusal", "opened_ms", "closed_ms", "enrolled_ms", "evidence")
)  # what the office sees; no rule reads it
_NOT_ASKED: Final = frozenset(("_met",))  # keys that were met before; whether a life is over is asked each time
_NAMES_A_BRANCH: Final = frozenset(("rollback", "clone", "fork", "damage", "restart"))


@dataclass(frozen=True, eq=False)
class Held:
    """The centre.

    Attributes:
        process: what runs it, with all that it has in its memory.
        restored: how often it was put back from a backup; each time another process runs it.
        over: what was held of each life of a unit when that life ended.
        stored: the hash of every entry that it holds.
        life_of: the life in which a boot was begun.
        lives: of each unit, its present life and how it stands.
        incidents: what was ever found, by unit and kind.
        trouble: what no centre may do, in words, or "".
    """

    process: Centre
    rows: Rows
    restored: int = 0
    over: Mapping[tuple[str, int], frozenset[Place]] = field(default_factory=dict)
    stored: Mapping[Place, str] = field(default_factory=dict)
    life_of: Mapping[tuple[str, str], int] = field(default_factory=dict)
    lives: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    incidents: frozenset[tuple[str, str]] = frozenset()
    form: Form = BLANK
    trouble: str = ""

    def of_life(self, unit: str, life: int) -> frozenset[Place]:
        """Return what is held of one life of a unit."""
        return frozenset(place for place in self.stored if place[0] == unit and self.life_of[place[:2]] == life)

    def has_all_before(self, unit: str, head: Head) -> bool:
        """Whether a head is held, with that hash, and everything that it continues."""
        if self.stored.get((unit, head.boot, head.seq)) != head.hash:
            return False
        after = {row["boot"]: row for row in self.rows["branch"] if row["writer"] == unit}
        boot: str | None = head.boot
        seq = head.seq
        while boot is not None:
            if any((unit, boot, number) not in self.stored for number in range(1, seq + 1)):
                return False
            boot, seq = after[boot]["after_boot"], after[boot]["after_seq"]
        return True


def take_out(connection: sa.Connection) -> Rows:
    """Return everything in a database, table by table, in the order of the keys."""
    found = {}
    for table in TABLES:
        rows = connection.execute(sa.select(table).order_by(*table.primary_key)).mappings()
        found[table.name] = [dict(row) for row in rows]
    return found


def put_in(connection: sa.Connection, rows: Rows) -> None:
    """Make a database hold exactly this."""
    for table in TABLES:
        connection.execute(sa.delete(table))
        if rows[table.name]:
            connection.execute(sa.insert(table), rows[table.name])


def fork(process: Centre) -> Centre:
    """Return a second process with the same in its memory, beside the first; what is outside of it they share."""
    town = process.town
    world = (process.engine, town, town.register, process.authority, process.reconciler, process.offices)
    return copy.deepcopy(process, {id(one): one for one in world})


def look(held: Held) -> Held:
    """Read off the database of a running centre what it is like now."""
    centre = held.process
    with store.reading(centre.engine) as connection:
        rows = take_out(connection)
    units = {row["name"]: (row["epoch"], row["state"]) for row in rows["unit"]}
    generation = next(mark(row["value"]) for row in rows["setting"] if row["name"] == store.GENERATION)
    return replace(
        held,
        rows=rows,
        stored=_stored(rows),
        life_of={(row["writer"], row["boot"]): row["epoch"] for row in rows["branch"]},
        lives=units,
        incidents=frozenset((row["unit"], row["kind"]) for row in rows["incident"]),
        form=form(f"{held.restored} {_text(rows)} {generation} {memory([centre.intake, centre.streams], _NOT_ASKED)}"),
    )


def judge(held: Held) -> str:
    """Return what no centre may do, in words, or ""; its database has to be at that moment."""
    if twice := _twice(held.rows):
        return f"{twice} is stored twice"
    audited = audit(held.process.engine, held.process.town)
    for found in (*audited.broken, *audited.unfounded):
        return f"what is stored does not verify: {found}"
    named = {unit for unit, kind in held.incidents if kind in _NAMES_A_BRANCH}
    if unnamed := _branched(held.rows) & held.lives.keys() - named:
        return f"two journals of {min(unnamed)} are held, and no incident names it"
    for (unit, life), places in held.over.items():
        if held.of_life(unit, life) != places:
            return f"something of life {life} of {unit} got in after that life was over"
    return ""


def _stored(rows: Rows) -> dict[Place, str]:
    stored: dict[Place, str] = {}
    for row in rows["segment"]:
        segment = from_text(unpack(row["packed"]))
        hashes = enumerate(segment.hashes(), segment.first)
        stored.update(((segment.unit, segment.boot, seq), entry_hash.hex()) for seq, entry_hash in hashes)
    return stored


def _twice(rows: Rows) -> str:
    """Return an entry that two rows hold, or ""."""
    ranges = sorted((row["writer"], row["boot"], row["first"], row["last"]) for row in rows["segment"])
    for one, other in itertools.pairwise(ranges):
        if one[:2] == other[:2] and other[2] <= one[3]:
            return f"{one[0]}/{one[1]}/{other[2]}"
    return ""


def _branched(rows: Rows) -> set[str]:
    """Return whose journal is held with more than one end."""
    reach = {(row["writer"], row["boot"]): row["seq"] for row in rows["branch"]}
    begun = Counter((row["writer"], row["epoch"], row["after_boot"], row["after_seq"]) for row in rows["branch"])
    branched = {unit for (unit, _, _, _), count in begun.items() if count > 1}
    branched |= {unit for unit, _, boot, seq in begun if boot is not None and reach.get((unit, boot), 0) > seq}
    return branched


def _text(rows: Rows) -> str:
    lines = []
    for name, of_table in rows.items():
        for row in of_table:
            shown = {column: value for column, value in row.items() if column not in _SHOWN_ONLY}
            if "packed" in shown:
                shown["packed"] = segments_text(shown["packed"])
            lines.append(f"{name} {shown}")
    return "\n".join(lines)
