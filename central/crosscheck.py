"""Holds the tables beside the segments against the segments: what was noted must follow from what was signed.

`branch`, `hole`, `unit` and `unit_key` are kept so that a delivery needs no look into the past. Whoever can write to
the database can change them, but without a key not the segments that they were read off.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from central import store
from sync.entries import Entry
from sync.facts import Boot, Enrolled, Gap, Order, Place, UnitSet, UnitState
from sync.messages import OFFICE_STREAM, ONE_UNIT, TOWN_STREAM
from sync.residents import FileErased, FileWritten
from sync.segment import Segment

_FIRST_EPOCH: Final = 1


@dataclass
class _Reach:
    epoch: int
    after: Place | None
    last: int = 0
    head: str = ""
    n: int = 0


class Told:
    """What the segments say by themselves, gathered in order of arrival."""

    def __init__(self) -> None:
        self._reached: dict[tuple[str, str], _Reach] = {}
        self._lost: dict[tuple[str, str, int, int], dict[str, Any]] = {}
        self._standing: dict[tuple[str], dict[str, Any]] = {}
        self._keys: dict[tuple[str, int], set[str]] = {}
        self._sealed: dict[str, tuple[int, str]] = {}

    def add(self, n: int, segment: Segment, entries: Sequence[Entry], head: bytes, epoch: int) -> None:
        """Take in a segment that its writer signed.

        Args:
            n: its number in order of arrival.
            entries: those that count.
            head: the hash of the last of them.
            epoch: the life in which it was signed.
        """
        first = entries[0].fact
        after = first.after if isinstance(first, Boot) else None
        reach = self._reached.setdefault((segment.unit, segment.boot), _Reach(epoch, after))
        reach.after = after or reach.after  # a beginning that was lost may have come later
        if entries[-1].seq > reach.last:  # otherwise it fills a hole
            reach.last, reach.head, reach.n = entries[-1].seq, head.hex(), n
        for entry in entries:
            match entry.fact:
                case Gap(of=boot, first=seq, last=last, prev=prev) if segment.first == 1:
                    before = self._lost.get((segment.unit, boot, seq, last), {}).get("prev")
                    declared = {"prev": prev or before, "declared_in": segment.boot}
                    self._lost[segment.unit, boot, seq, last] = declared
                case UnitSet(name=unit) if segment.unit == TOWN_STREAM:
                    self._standing.setdefault((unit,), {"epoch": _FIRST_EPOCH, "state": UnitState.ACTIVE})
                case Order(name=unit, epoch=life, state=state) if segment.unit == ONE_UNIT + unit:
                    ordered = {"epoch": life, "state": state}
                    self._standing[unit,] = max(self._standing.get((unit,), ordered), ordered, key=_in_order)
                case Enrolled(name=unit, epoch=life, key=key) if segment.unit == ONE_UNIT + unit:
                    self._keys.setdefault((unit, life), set()).add(key.public)
                case FileWritten(of=holder, version=version, sealed=sealed) if segment.unit == OFFICE_STREAM:
                    self._sealed[holder] = version, sealed
                case FileErased(of=holder) if segment.unit == OFFICE_STREAM:
                    self._sealed.pop(holder, None)

    def let_in(self, unit: str) -> list[tuple[int, str]]:
        """Return the lives of a unit and the keys that sign in them."""
        return [(epoch, key) for (name, epoch), keys in self._keys.items() if name == unit for key in sorted(keys)]

    def unfounded(self, connection: sa.Connection) -> list[str]:
        """Return what stands in the tables and does not follow from the segments, in words."""
        return [
            *self._branches(connection),
            *self._holes(connection),
            *self._units(connection),
            *self._unit_keys(connection),
            *self._files(connection),
        ]

    def _branches(self, connection: sa.Connection) -> Iterator[str]:
        ends = {(writer, boot, reach.last) for (writer, boot), reach in self._reached.items()}
        ends -= {
            (writer, after.boot, after.seq) for (writer, _), reach in self._reached.items() if (after := reach.after)
        }
        expected = {
            (writer, boot): {
                "epoch": reach.epoch,
                "after_boot": reach.after.boot if reach.after else None,
                "after_seq": reach.after.seq if reach.after else None,
                "after_hash": reach.after.hash if reach.after else None,
                "seq": reach.last,
                "hash": reach.head,
                "grown_n": reach.n,
                "is_end": int((writer, boot, reach.last) in ends),
            }
            for (writer, boot), reach in self._reached.items()
        }
        found = _rows(connection, store.branch, "writer", "boot")
        for place in _apart(expected, found):
            yield f"{'/'.join(place)}: how far it reaches is not what its segments say"

    def _holes(self, connection: sa.Connection) -> Iterator[str]:
        found = _rows(connection, store.hole, "writer", "boot", "first", "last")
        for place in _apart(self._lost, found):
            yield f"{'/'.join(map(str, place))}: a hole that is not what the journal itself declares"

    def _units(self, connection: sa.Connection) -> Iterator[str]:
        found = _rows(connection, store.unit, "name")
        for place in _apart(self._standing, found):
            said = self._standing.get(place)
            words = f"{said['state']} in life {said['epoch']}" if said else "nothing of it"
            yield f"{place[0]}: not what the town said last, which is {words}"

    def _unit_keys(self, connection: sa.Connection) -> Iterator[str]:
        found = _rows(connection, store.unit_key, "unit", "epoch")
        for place in sorted(self._keys.keys() | found.keys()):
            if place not in found or found[place]["public"] not in self._keys.get(place, ()):
                yield f"{place[0]}: the key of life {place[1]} is not the one that the town let in"

    def _files(self, connection: sa.Connection) -> Iterator[str]:
        rows = _rows(connection, store.resident_file, "holder")
        found = {one: (row["version"], hashlib.sha256(row["sealed"]).hexdigest()) for (one,), row in rows.items()}
        for holder in sorted(self._sealed.keys() | found.keys()):
            if found.get(holder) != self._sealed.get(holder):
                yield f"resident {holder}: what is sealed is not what the office wrote last"


def _in_order(standing: Mapping[str, Any]) -> tuple[int, int]:
    """Sort a later life above an earlier one, and in one life what is stricter above what is not."""
    return standing["epoch"], standing["state"].strictness


def _rows(connection: sa.Connection, table: sa.Table, *key: str) -> dict[tuple[Any, ...], sa.RowMapping]:
    rows = connection.execute(sa.select(table)).mappings()
    return {tuple(row[name] for name in key): row for row in rows}


def _apart(
    expected: Mapping[tuple[Any, ...], Mapping[str, Any]], found: Mapping[tuple[Any, ...], sa.RowMapping]
) -> list[tuple[Any, ...]]:
    """Return the keys of rows that are missing, too many, or say something else than expected."""
    return [
        place
        for place in sorted(expected.keys() | found.keys())
        if place not in found
        or place not in expected
        or any(found[place][name] != value for name, value in expected[place].items())
    ]
