"""One byte of a row says of which type a value is. When it rots, a strict table yields what it never took."""

import math
import re

import apsw
import pytest

from appliance.opening import close_in_order
from drivers.keystore.sim import Driver as Keystore
from sync import chain
from sync.entries import Entry, Fact, encode
from sync.facts import Boot, Key, UnitSet
from sync.messages import TOWN_STREAM, text
from tests.appliance.conftest import Box

COLUMNS = {
    "entry": ("boot", "seq", "body", "hash", "sig"),
    "head": ("boot", "seq", "hash", "sig"),
    "stream": ("writer", "boot", "seq", "body", "hash", "sig"),
    "shelf": ("reader", "key", "state", "crc"),
    "note": ("name", "value"),
}
KEYS = {"entry": "boot, seq", "head": "id", "stream": "n", "shelf": "reader, key", "note": "name"}
WRONG = (None, -1, 2**62, math.inf, "x", b"\xff")
IN_ALL = [
    (table, column, value)
    for table, columns in COLUMNS.items()
    for column in columns
    for value in WRONG
    if not (value is None and column in KEYS[table])  # not even SQLite could find its way there
]


@pytest.mark.fault("journal damaged")
@pytest.mark.parametrize(("table", "column", "wrong"), IN_ALL)
@pytest.mark.parametrize("which", ["first", "last"])
def test_a_value_of_another_type_keeps_no_unit_from_starting(
    box: Box, table: str, column: str, wrong: object, which: str
) -> None:
    opened = box.start()
    _hear(opened.journal.connection)
    box.write(opened, 5)
    before = opened.journal.select("SELECT boot, seq, body FROM entry")
    close_in_order(opened.journal)
    _put(box, table, column, wrong, which)
    again = box.start()
    box.write(again, 1)
    kept = set(again.journal.select("SELECT boot, seq, body FROM entry"))
    declared = {(gap.of, seq) for gap in again.lost for seq in range(gap.first, gap.last + 1)}
    assert all(row in kept or row[:2] in declared for row in before), "an entry is neither there nor declared as lost"
    assert len([row for row in before if row not in kept]) <= 1
    box.crash(again)
    assert box.start().journal.tip is not None, "what was saved is whole"


def _hear(connection: apsw.Connection) -> None:
    """Let the town have said two things."""
    town, prev = Keystore(), chain.ORIGIN
    boot = "9f3c0a1b22d4e5f6"
    facts: tuple[Fact, ...] = (
        Boot(None, Key("ed25519", text(town.public)), None, clean=False, clock="synced", software="centre"),
        UnitSet("lib01", "library", "facility"),
    )
    for seq, fact in enumerate(facts, 1):
        body = encode(Entry(TOWN_STREAM, boot, seq, 0, fact))
        prev = chain.link(prev, body)
        row = (TOWN_STREAM, boot, seq, body.decode(), prev, chain.seal(town, prev))
        connection.execute("INSERT INTO stream (writer, boot, seq, body, hash, sig) VALUES (?, ?, ?, ?, ?, ?)", row)


_RULES = re.compile(r" (?:TEXT|BLOB|INTEGER(?! PRIMARY)|NOT NULL|STRICT,?)|CHECK \([a-z]+(?:\([a-z]+\))? = [0-9]+\)")
_NO_TRIGGER = "CREATE TRIGGER entry_stays BEFORE UPDATE ON entry BEGIN SELECT 1; END"


def _put(box: Box, table: str, column: str, value: object, which: str) -> None:
    """Write what the table's own rules forbid, as rot does: while it is described as one that has none."""
    described = _describe(box, {})
    loose = {name: _RULES.sub("", sql) for name, sql in described.items() if name in COLUMNS}
    _describe(box, loose | {"entry_stays": _NO_TRIGGER})
    connection = _raw(box)
    key = KEYS[table]
    order = ", ".join(f"{name} {'ASC' if which == 'first' else 'DESC'}" for name in key.split(", "))
    one = f"({key}) = (SELECT {key} FROM {table} ORDER BY {order} LIMIT 1)"  # noqa: S608 - a test's own
    connection.execute(f"UPDATE {table} SET {column} = ? WHERE {one}", (value,))  # noqa: S608
    if table != "note":
        connection.execute("DELETE FROM note")  # let the next start look at everything
    connection.close()
    _describe(box, described)


def _describe(box: Box, tables: dict[str, str]) -> dict[str, str]:
    """Say what tables are, without touching what is in them; return what was said before."""
    connection = _raw(box)
    rows = connection.execute("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL").fetchall()
    connection.execute("PRAGMA writable_schema = ON")
    for name, sql in tables.items():
        connection.execute("UPDATE sqlite_schema SET sql = ? WHERE name = ?", (sql, name))
    connection.close()
    return {str(name): str(sql) for name, sql in rows}


def _raw(box: Box) -> apsw.Connection:
    connection = box.disk.connect("journal.db")
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    return connection
