"""What is saved from a damaged journal: every entry that still hashes, in a fresh file, with the loss written down.

The damaged file is kept aside, untouched. Nothing is guessed: an entry counts if the hash beside it follows from its
bytes and the entry before it, and if a signature behind it covers it.
"""

import itertools
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import apsw
import msgspec

from appliance.boots import LOST
from sync import chain
from sync.entries import BOOT_PATTERN, INT_MAX, EntryError, Register, stands_at
from sync.facts import Boot, Gap

HASH_BYTES: Final = 32
SIG_BYTES: Final = 64
_CAUSE: Final = "damaged"


@dataclass(frozen=True)
class Row:
    boot: str
    seq: int
    body: bytes
    hash: bytes
    sig: bytes | None

    @property
    def is_at_home(self) -> bool:
        """Whether it stands where its own bytes say; the names of rows rot as everything else does."""
        return stands_at(self.body, self.boot, self.seq)


@dataclass
class Saved:
    """What could be saved.

    Attributes:
        rows: the entries, each boot's in order.
        tip: the entry at which the next boot continues: the last of the unbroken chain.
        gaps: what is lost, as far as that can be told.
    """

    rows: list[Row] = field(default_factory=list)
    tip: Row | None = None
    gaps: list[Gap] = field(default_factory=list)

    def holds(self, boot: str, seq: int) -> bool:
        return any((row.boot, row.seq) == (boot, seq) for row in self.rows)

    def lose(self, boot: str, last: int, prev: bytes | None) -> None:
        """Name what is lost of a boot up to entry `last`, whose hash is `prev`; once, and by who knows that hash."""
        if any((gap.of, gap.last) == (boot, last) for gap in self.gaps):
            return
        first = max((row.seq for row in self.rows if row.boot == boot and row.seq < last), default=0) + 1
        self.gaps.append(Gap(of=boot, first=first, last=last, prev=prev.hex() if prev else None, cause=_CAUSE))


UNREADABLE: Final = (apsw.Error, UnicodeDecodeError, ValueError, TypeError, OverflowError)
"""What reading a damaged file may raise: a rotten page yields anything, also another type in a strict column."""


def blob(value: object) -> bytes:
    """Return what should be bytes; `bytes()` would take a number for a length.

    Raises:
        TypeError: it is something else.
    """
    if not isinstance(value, bytes):
        raise TypeError("not a blob")
    return value


def seal(value: object) -> bytes | None:
    """Return a signature, or None for whatever else stands in its place."""
    return value if isinstance(value, bytes) else None


def read_rows(connection: apsw.Connection, raw: bytes) -> list[Row]:
    """Read as many entries as a damaged file gives: by SQL from both ends, and by looking through its raw bytes.

    Where an entry is found with different bytes, every version is returned; only one of them can hash.
    """
    found: dict[Row, None] = {}
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")  # touches nothing yet, so damage cannot make it fail
    for direction in ("ASC", "DESC"):
        sql = f"SELECT boot, seq, body, hash, sig FROM entry ORDER BY boot {direction}, seq {direction}"  # noqa: S608
        found.update(dict.fromkeys(_until_it_breaks(connection, sql)))
    found.update(dict.fromkeys(_carve(raw)))
    possible = (row for row in found if re.fullmatch(BOOT_PATTERN, row.boot) and 1 <= row.seq <= INT_MAX)
    return sorted(possible, key=lambda row: (row.boot, row.seq))


def read_head(connection: apsw.Connection) -> Row | None:
    """Read the head row of a damaged file, which has no body, as far as it can be read."""
    try:
        for boot, seq, entry_hash, sig in connection.execute("SELECT boot, seq, hash, sig FROM head"):
            if re.fullmatch(BOOT_PATTERN, boot) and 1 <= seq <= INT_MAX:
                return Row(boot, int(seq), b"", blob(entry_hash), seal(sig))
    except UNREADABLE:
        pass
    return None


def _until_it_breaks(connection: apsw.Connection, sql: str) -> Iterator[Row]:
    try:
        for boot, seq, body, entry_hash, sig in connection.execute(sql):
            yield Row(str(boot), int(seq), str(body).encode(), seal(entry_hash) or b"", seal(sig))
    except UNREADABLE:
        return  # the other direction reads the rest


def _carve(raw: bytes) -> Iterator[Row]:
    """Find entries in the bytes of a file that SQLite cannot open any more.

    SQLite lays the columns of a short row side by side: the body, then its hash, then the signature if there is one.
    """
    characters = raw.decode("latin-1")  # one character a byte, and JSON's own marks are ASCII
    reader = json.JSONDecoder()
    for start in re.finditer(r'\{"kind":"', characters):
        try:
            fields, end = reader.raw_decode(characters, start.start())
            place = fields["boot"], fields["seq"]
        except (ValueError, KeyError, RecursionError):
            continue
        if isinstance(place[0], str) and isinstance(place[1], int):
            body, after = raw[start.start() : end], raw[end : end + HASH_BYTES + SIG_BYTES]
            yield Row(*place, body, after[:HASH_BYTES], after[HASH_BYTES:])


def sort_out(
    rows: Sequence[Row], register: Register, owner: chain.PublicKey, head: Row | None, declared: Sequence[Gap] = ()
) -> Saved:
    """Keep what still hashes and is signed for; name what is lost.

    Args:
        owner: the unit's public key.
        head: the head row, if it could be read; it says how far the last boot once reached.
        declared: what was lost before.
    """
    runs = [signed for run in _runs(rows, register, owner, declared) if (signed := _signed_part(run, owner))]
    saved = Saved(rows=[row for run in runs for row in run], tip=_end_of_unbroken(runs, register))
    behind = _behind(declared)
    for run in runs:
        first = run[0]
        before = (first.boot, first.seq - 1) if first.seq > 1 else _after(first, register)
        if before and not saved.holds(*before):
            possible = [row.hash for row in rows if (row.boot, row.seq) == before] + behind.get(before, [])
            linked = (prev for prev in possible if chain.link(prev, first.body) == first.hash)
            saved.lose(*before, hash_before(first, register) or next(linked, None))
    if head and _is_believable(head, saved, owner):
        saved.lose(head.boot, head.seq, None)
    for row in _known_to_be_lost(rows, saved, owner):
        saved.lose(row.boot, row.seq, row.hash)
    return saved


def _known_to_be_lost(rows: Sequence[Row], saved: Saved, owner: chain.PublicKey) -> list[Row]:
    """Return the last entry of each boot that was once there, since its hash is signed, and that no hole covers yet."""
    accounted = {row.boot: row.seq for row in saved.rows}
    for gap in saved.gaps:
        accounted[gap.of] = max(gap.last, accounted.get(gap.of, 0))
    told = {row.hash for row in rows if row.seq <= accounted.get(row.boot, 0)}
    lost: dict[str, Row] = {}
    # Where an entry is found under two names, one of them rotted: rather the one in its bytes, for those are lost.
    for row in sorted(rows, key=lambda row: (row.boot not in accounted, row.is_at_home)):
        is_new = row.seq > accounted.get(row.boot, 0) and row.hash not in told
        if is_new and row.sig is not None and owner.signed(row.hash, row.sig):
            told.add(row.hash)
            lost[row.boot] = max(row, lost.get(row.boot, row), key=lambda one: one.seq)
    return list(lost.values())


def _behind(declared: Sequence[Gap]) -> dict[tuple[str, int], list[bytes]]:
    """Return the hash that each hole ends with, by its last entry, as it was declared before."""
    behind: dict[tuple[str, int], list[bytes]] = {}
    for gap in declared:
        if gap.prev:
            behind.setdefault((gap.of, gap.last), []).append(bytes.fromhex(gap.prev))
    return behind


def _is_believable(head: Row, saved: Saved, owner: chain.PublicKey) -> bool:
    """Whether the head row tells of entries that are lost, and not just of a flipped bit in itself.

    Of a boot of which nothing is left, only its signature can tell that there was one.
    """
    if any(head.hash == row.hash or (head.boot, head.seq) == (row.boot, row.seq) for row in saved.rows):
        return False
    is_signed = head.sig is not None and owner.signed(head.hash, head.sig)
    return is_signed or any(row.boot == head.boot for row in saved.rows)


def _runs(
    rows: Sequence[Row], register: Register, owner: chain.PublicKey, declared: Sequence[Gap]
) -> Iterator[list[Row]]:
    """Cut the rows into stretches in which every hash follows from the one before, or from a hole declared before."""
    behind = _behind(declared)
    run: list[Row] = []
    before: list[Row] = []
    for _, group in itertools.groupby(rows, key=lambda row: (row.boot, row.seq)):
        versions = list(group)
        if not before or (versions[0].boot, versions[0].seq) != (before[0].boot, before[0].seq + 1):
            before = []
        prevs = [other.hash for other in before] + behind.get((versions[0].boot, versions[0].seq - 1), [])
        tried = (_following(row, prevs, register, owner) for row in versions)
        good = next((row for row in tried if row), None)
        if good and run and run[-1] in before:
            run.append(good)
        else:
            yield run
            run = [good] if good else []
        before = [good] if good else versions
    yield run


def _following(row: Row, prevs: list[bytes], register: Register, owner: chain.PublicKey) -> Row | None:
    """Return a row that follows from a hash before it, or None; a rotten hash is mended if its signature covers it."""
    if not row.is_at_home:
        return None
    first = hash_before(row, register)
    for prev in [first] if first else prevs:
        linked = chain.link(prev, row.body)
        if linked == row.hash or (row.sig is not None and owner.signed(linked, row.sig)):
            return replace(row, hash=linked)
    return None


def hash_before(row: Row, register: Register) -> bytes | None:
    """Return what the first entry of a boot must be chained to; None for any other entry."""
    if row.seq != 1:
        return None
    try:
        fact = register.decode(row.body).fact
    except EntryError:
        return None
    if not isinstance(fact, Boot):
        return None
    return bytes.fromhex(fact.after.hash) if fact.after else chain.ORIGIN


def _signed_part(run: list[Row], owner: chain.PublicKey) -> list[Row]:
    """Return the run up to its last good signature."""
    for at in range(len(run), 0, -1):
        row = run[at - 1]
        if row.sig is not None and owner.signed(row.hash, row.sig):
            unsigned = [_without_bad_seal(owner, row) for row in run[: at - 1]]
            return [*unsigned, row]
    return []


def _without_bad_seal(owner: chain.PublicKey, row: Row) -> Row:
    good = row.sig is None or owner.signed(row.hash, row.sig)
    return row if good else replace(row, sig=None)


def _end_of_unbroken(runs: list[list[Row]], register: Register) -> Row | None:
    """Return the last entry of the chain that goes from its very beginning, boot by boot, to the first break."""
    continuing = {_after(run[0], register): run for run in runs if run[0].seq == 1}
    end: Row | None = None
    run = continuing.pop(None, None)
    while run is not None:
        end = run[-1]
        run = next((continuing.pop(at) for row in reversed(run) if (at := (row.boot, row.seq)) in continuing), None)
    return end


def _after(row: Row, register: Register) -> tuple[str, int] | None:
    fact = register.decode(row.body).fact
    return (fact.after.boot, fact.after.seq) if isinstance(fact, Boot) and fact.after else None


def lay_down(connection: apsw.Connection, saved: Saved) -> None:
    """Write what was saved into a fresh file, with the head where the next boot will continue and declare the loss."""
    connection.execute("BEGIN IMMEDIATE")
    for row in saved.rows:
        connection.execute(
            "INSERT INTO entry VALUES (?, ?, ?, ?, ?)", (row.boot, row.seq, row.body.decode(), row.hash, row.sig)
        )
    if (tip := saved.tip) is not None:
        connection.execute("REPLACE INTO head VALUES (1, ?, ?, ?, ?)", (tip.boot, tip.seq, tip.hash, tip.sig))
    connection.execute("REPLACE INTO note VALUES (?, ?)", (LOST, msgspec.json.encode(saved.gaps).decode()))
    connection.execute("COMMIT")
