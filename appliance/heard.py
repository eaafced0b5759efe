"""What the centre has said, as it stands on this unit's disk: read row by row, and held against its own hashes.

It is no truth of this unit's own. Whatever of it rots is thrown away, and the next contact brings it again.
"""

from collections.abc import Iterable, Iterator, Mapping

import apsw

from appliance.salvage import UNREADABLE, Row, blob, hash_before, seal
from sync import chain
from sync.entries import EntryId, Register, place_of

Told = tuple[int, str, str, int, bytes, bytes, bytes | None]  # a row of the table "stream"


def is_whole(connection: apsw.Connection, register: Register) -> bool:
    """Whether all that came in is still as it came."""
    try:
        rows = list(told(connection))
    except UNREADABLE:
        return False
    return len(list(intact(rows, register))) == len(rows)


def told(connection: apsw.Connection) -> Iterator[Told]:
    """Read what the centre has said, in the order in which it came."""
    sql = "SELECT n, writer, boot, seq, CAST(body AS BLOB), hash, sig FROM stream ORDER BY n"
    for n, writer, boot, seq, body, entry_hash, sig in connection.execute(sql):
        yield int(n), str(writer), str(boot), int(seq), blob(body), blob(entry_hash), seal(sig)


def intact(rows: Iterable[Told], register: Register) -> Iterator[Told]:
    """Yield of each of the centre's streams what stands before its first break.

    What follows a break may be whole, but kept, it would hide from the next contact that something is missing.
    """
    hashes: dict[str, dict[tuple[str, int], bytes]] = {}
    broken: set[str] = set()
    for row in rows:
        _, writer, boot, seq, body, entry_hash, sig = row
        before = hashes.setdefault(writer, {})
        if (boot, seq) in before:
            continue  # a broken tree may show a row twice
        is_at_home = place_of(body) == EntryId(writer, boot, seq)
        if writer not in broken and is_at_home and _follows(Row(boot, seq, body, entry_hash, sig), before, register):
            before[boot, seq] = entry_hash
            yield row
        else:
            broken.add(writer)


def _follows(row: Row, before: Mapping[tuple[str, int], bytes], register: Register) -> bool:
    first = hash_before(row, register)
    prev = first or before.get((row.boot, row.seq - 1))
    is_known = first is None or first == chain.ORIGIN or first in before.values()
    return prev is not None and is_known and chain.link(prev, row.body) == row.hash


def copy(broken: apsw.Connection, fresh: apsw.Connection, register: Register) -> None:
    """Copy what the centre had said out of a damaged file, as far as it is whole."""
    sql = "INSERT INTO stream (writer, boot, seq, body, hash, sig) VALUES (?, ?, ?, ?, ?, ?)"
    for _, writer, boot, seq, body, entry_hash, sig in intact(_until_unreadable(broken), register):
        fresh.execute(sql, (writer, boot, seq, body.decode(), entry_hash, sig))


def _until_unreadable(broken: apsw.Connection) -> Iterator[Told]:
    try:
        yield from told(broken)
    except UNREADABLE:
        return
