"""The boots in one journal file, in the order in which they were begun, each with what it continues."""

from collections.abc import Iterator, Sequence
from typing import Final

import apsw
import msgspec

from appliance.journal import read_note, select
from sync import chain
from sync.entries import BAD_JSON, Register
from sync.facts import Boot, Gap, Place

BOOTS: Final = """
WITH RECURSIVE each (boot) AS (
  SELECT min(boot) FROM entry
  UNION SELECT (SELECT min(boot) FROM entry WHERE boot > each.boot) FROM each WHERE each.boot IS NOT NULL
)
"""  # jumps from boot to boot, where DISTINCT would read every entry; UNION, because a broken tree may lead in circles
_EACH_BOOT: Final = f"""{BOOTS}
SELECT each.boot, (SELECT max(seq) FROM entry WHERE boot = each.boot), entry.body, entry.hash, second.body GLOB ?
FROM each LEFT JOIN entry ON entry.boot = each.boot AND entry.seq = 1
LEFT JOIN entry AS second ON second.boot = each.boot AND second.seq = 2
WHERE each.boot IS NOT NULL ORDER BY each.boot
"""  # noqa: S608 - nothing goes in but what stands above
_BOOTS_WITH_GAPS: Final = f"""{BOOTS}
SELECT each.boot FROM each JOIN entry ON entry.boot = each.boot AND entry.seq = 2 AND entry.body GLOB ?
ORDER BY each.boot
"""  # noqa: S608
_REACH: Final = f"""{BOOTS}
SELECT total((SELECT max(seq) FROM entry WHERE boot = each.boot)) FROM each WHERE each.boot IS NOT NULL
"""  # noqa: S608
LOST: Final = "lost and not yet declared"
_GAP: Final = '{"kind":"gap",'


class Begun(msgspec.Struct, frozen=True):
    """One boot.

    Attributes:
        fact: its first entry, or None where that was lost.
        last: the number of its last entry when it was looked at.
        is_whole: whether the first entry hashes as it should.
    """

    boot: str
    unit: str
    at: int
    fact: Boot | None
    last: int
    is_whole: bool = False

    @property
    def after(self) -> Place | None:
        return self.fact.after if self.fact else None


class History(msgspec.Struct, frozen=True):
    """What a journal says of itself.

    Attributes:
        boots: each behind the one that it continues; those without a beginning come last.
        gaps: what it declares as lost, and what the next boot is about to declare.
    """

    boots: list[Begun]
    gaps: list[Gap]

    def with_boot(self, begun: Begun, gaps: Sequence[Gap]) -> "History":
        """Return the history with one more boot, which declares these gaps."""
        known = [gap for gap in self.gaps if gap not in gaps]
        return History(_in_order([*self.boots, begun]), [*known, *gaps])


def reach(connection: apsw.Connection) -> int:
    """Return how far all boots go, added up. It falls if the end of one is lost, without reading every entry."""
    return int(select(connection, _REACH)[0][0])


def history(connection: apsw.Connection, register: Register) -> History:
    """Read the history of the journal in this file.

    Raises:
        EntryError: a boot's first entry cannot be read.
    """
    rows = select(connection, _EACH_BOOT, f"{_GAP}*")
    boots = _in_order([_read(register, *row) for *row, _ in rows])
    declared = [gap for boot, *_, has_gaps in rows if has_gaps for gap in _gaps_in(connection, register, boot)]
    return History(boots, [*declared, *undeclared(connection)])


def _in_order(found: Sequence[Begun]) -> list[Begun]:
    here = {one.boot for one in found}
    children: dict[str, list[Begun]] = {}
    for one in sorted(found, key=lambda one: (one.fact is None, one.at, one.boot)):
        parent = one.after.boot if one.after and one.after.boot in here and one.after.boot != one.boot else ""
        children.setdefault(parent, []).append(one)
    ordered: list[Begun] = []
    waiting = children.pop("", [])[::-1]
    while waiting:
        one = waiting.pop()
        ordered.append(one)
        waiting.extend(children.pop(one.boot, [])[::-1])
    return ordered


def gaps(connection: apsw.Connection, register: Register) -> list[Gap]:
    """Return the gaps of a journal of which the rest need not be readable: as `History.gaps`."""
    boots = [boot for (boot,) in select(connection, _BOOTS_WITH_GAPS, f"{_GAP}*")]
    return [*(gap for boot in boots for gap in _gaps_in(connection, register, boot)), *undeclared(connection)]


def _gaps_in(connection: apsw.Connection, register: Register, boot: str) -> Iterator[Gap]:
    """Yield the gaps that a boot declares. They stand right behind its first entry."""
    rows = connection.execute("SELECT body FROM entry WHERE boot = ? AND seq > 1 ORDER BY seq", (boot,))
    for (body,) in rows:
        if not str(body).startswith(_GAP):
            return
        fact = register.decode(str(body).encode()).fact
        if isinstance(fact, Gap):
            yield fact


def undeclared(connection: apsw.Connection) -> list[Gap]:
    """Return what was found to be lost, and is to be declared by the next boot.

    A note that rotted says nothing; then the hole is found once more.
    """
    noted = read_note(connection, LOST)
    try:
        return msgspec.json.decode(noted, type=list[Gap]) if noted else []
    except BAD_JSON:
        return []


def _read(register: Register, boot: str, last: int, body: str | None, entry_hash: bytes | None) -> Begun:
    if body is None:
        return Begun(boot, "", 0, None, last)
    raw = body.encode()
    entry = register.decode(raw)
    if not isinstance(entry.fact, Boot):
        return Begun(boot, entry.unit, entry.at, None, last)
    after = entry.fact.after
    is_whole = chain.link(bytes.fromhex(after.hash) if after else chain.ORIGIN, raw) == entry_hash
    return Begun(boot, entry.unit, entry.at, entry.fact, last, is_whole)


def missing(boots: Sequence[Begun], counter_at_enrolment: int, settled: str) -> int:
    """Return how many entries the counter outside the disk has seen that these boots do not account for.

    It is read off the boot entries, so that a unit that was rolled back goes on to know it, however often it starts.

    Args:
        counter_at_enrolment: where the counter stood when this life of the unit began.
        settled: the boot up to which the office has looked into it, or "".
    """
    names = [one.boot for one in boots]
    first = names.index(settled) + 1 if settled in names else 0
    base = {one.boot: one.fact.counter for one in boots if one.fact}
    total = 0
    for one in boots[first:]:
        counter = base.get(one.boot)
        if counter is not None:
            before = one.after
            reached = (base.get(before.boot) or 0) + before.seq if before else counter_at_enrolment
            total += max(0, counter - reached)
    return total
