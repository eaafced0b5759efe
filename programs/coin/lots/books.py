"""Purses as the books have them: lot by lot out of the ledger's own lines; and what was given for what."""

from collections.abc import Iterator
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from central import ledger, reconcile
from programs.coin.lots.facts import Carried, Given
from programs.coin.lots.flow import Detail, Posted, flows, purse_of
from programs.coin.lots.fold import Purse, fold
from programs.coin.lots.notes import carried, detail, given

_GIVEN: Final = msgspec.json.Decoder(Given)
_CARRIED: Final = tuple(carried.c[name] for name in Carried.__struct_fields__)

_POSTING, _ENTRY = ledger.posting.c, reconcile.entry.c
_LINES: Final = (
    sa.select(ledger.posting, _ENTRY.at, detail.c.day, detail.c.source.label("word"), detail.c.expires, detail.c.of)
    .join(
        reconcile.entry,
        sa.and_(_ENTRY.writer == _POSTING.writer, _ENTRY.boot == _POSTING.boot, _ENTRY.seq == _POSTING.seq),
    )
    .outerjoin(
        detail,
        sa.and_(detail.c.unit == _POSTING.writer, detail.c.boot == _POSTING.boot, detail.c.seq == _POSTING.seq),
    )
)


def purses(connection: sa.Connection, what: str) -> dict[str, Purse]:
    """Return a purse, lot by lot, and every other one between which and it money was moved."""
    lines: dict[tuple[str, int], tuple[Posted, Detail | None]] = {}
    waiting, seen = [what], {what}
    while waiting:
        here = {(posted.entry, posted.line): (posted, said) for posted, said in _lines(connection, waiting.pop())}
        linked = (
            {purse_of(side) for posted, _ in here.values() for side in (posted.source, posted.target)} - seen - {""}
        )
        waiting += sorted(linked)
        seen |= linked
        lines |= here
    return fold(flows(lines.values()))


def purse(connection: sa.Connection, what: str) -> Purse:
    """Return a purse, lot by lot."""
    return purses(connection, what).get(what, Purse())


def _lines(connection: sa.Connection, what: str) -> Iterator[tuple[Posted, Detail | None]]:
    """Return the lines of the ledger about a purse, and what is known of the entries that they come from."""
    names = connection.execute(sa.select(ledger.account.c.name).where(_is_of(what))).scalars().all()
    if not names:
        return
    mine = _POSTING.source.in_(names) | _POSTING.target.in_(names)
    yield from map(_read, connection.execute(_LINES.where(mine)))


def _read(row: Any) -> tuple[Posted, Detail | None]:
    posted = Posted(row.writer, row.boot, row.seq, row.line, row.at, row.source, row.target, row.amount)
    return posted, Detail(row.day, row.word, row.expires, row.of) if row.day is not None else None


def all_purses(connection: sa.Connection) -> dict[str, Purse]:
    """Return every purse, lot by lot: of a town, that takes a second for some ten thousand lines of the ledger."""
    kinds = [f"{prefix}{kind}/" for prefix in ("", ledger.SHORT) for kind in ("coin", "gift")]
    sides = (side.startswith(kind, autoescape=True) for kind in kinds for side in (_POSTING.source, _POSTING.target))
    return fold(flows(map(_read, connection.execute(_LINES.where(sa.or_(*sides))))))


def issues_of(connection: sa.Connection, card: str) -> list[str]:
    """Return of which issues of gift certificates a card ever had something, in the order of their names."""
    what = detail.c.what
    theirs = what.startswith("gift/"), what.endswith(f"/{card}", autoescape=True)
    asked = sa.select(what).where(*theirs).distinct().order_by(what)
    return [name.split("/")[1] for name in connection.execute(asked).scalars()]


def _is_of(what: str) -> sa.ColumnElement[bool]:
    """Return the condition for accounts of what a purse holds, or lacks."""
    name = ledger.account.c.name
    return sa.or_(*(name.startswith(f"{prefix}{what}/", autoescape=True) for prefix in ("", ledger.SHORT)))


def worth(connection: sa.Connection, what: str) -> int:
    """Return what the ledger says is in a purse: free, at units, and without what is short."""
    asked = sa.select(sa.func.coalesce(sa.func.sum(ledger.account.c.balance), 0)).where(_is_of(what))
    return int(connection.execute(asked).scalar_one())


def given_for(connection: sa.Connection, ref: str) -> Given | None:
    """Return what was given under a reference, if something was."""
    found = connection.execute(sa.select(given.c.fact).where(given.c.ref == ref)).scalar()
    return _GIVEN.decode(found) if found else None


def given_under(connection: sa.Connection, prefix: str) -> dict[str, Given]:
    """Return everything that was given under references with a beginning, by reference."""
    asked = sa.select(given).where(given.c.ref.startswith(prefix, autoescape=True)).order_by(given.c.ref)
    return {ref: _GIVEN.decode(fact) for ref, fact in connection.execute(asked)}


def carried_under(connection: sa.Connection, prefix: str) -> dict[str, list[Carried]]:
    """Return the history of certificates whose references have a beginning, by reference."""
    found: dict[str, list[Carried]] = {}
    for line in _carried(connection, carried.c.ref.startswith(prefix, autoescape=True)):
        found.setdefault(line.ref, []).append(line)
    return found


def carried_of(connection: sa.Connection, card: str) -> list[Carried]:
    """Return the history that a card brought along."""
    return _carried(connection, carried.c.card == card)


def _carried(connection: sa.Connection, which: sa.ColumnElement[bool]) -> list[Carried]:
    """Return what was carried over, by day, and of each day as it was listed."""
    ordered = sa.select(*_CARRIED).where(which).order_by(carried.c.day, carried.c.boot, carried.c.seq)
    return [Carried(*row) for row in connection.execute(ordered)]


def is_known(connection: sa.Connection, card: str) -> bool:
    """Tell whether there ever was something on a card."""
    asked = sa.select(ledger.account.c.name).where(_is_of(f"coin/{card}")).limit(1)
    return connection.execute(asked).first() is not None or bool(issues_of(connection, card))
