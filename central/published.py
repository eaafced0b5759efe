"""Months that were published, each once and for good, with what had arrived by then: how any program keeps them.

The office says so in its journal, with the hash of the document. A program's table keeps the document as it follows
from what had arrived before that entry, so that a replay makes it again, and what arrives later changes nothing of it.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import Generic, TypeVar

import msgspec
import sqlalchemy as sa
from sqlalchemy import Column, Integer, MetaData, Table, Text

from central.sieve import Sieve
from central.worded import WordedError
from sync.entries import Entry
from sync.messages import OFFICE_STREAM
from sync.months import written
from sync.published import PublishedMonth

Said = TypeVar("Said", bound=PublishedMonth)


class PublishError(WordedError):
    """A month cannot be published."""


class MonthLine(msgspec.Struct, frozen=True):
    """One month in the feed; `complete` of `units` had told everything of it, of the others `missing` entries."""

    month: str
    file: str
    sha256: str
    units: int
    complete: int
    missing: int


class Shelf(Generic[Said]):
    """The months that one program has published.

    Args:
        table: made by `shelf_table`.
        kind: what the office says of each.
        stem: with which the names of their files begin.
    """

    def __init__(self, table: Table, kind: type[Said], stem: str) -> None:
        self.table = table
        self.kind = kind
        self.stem = stem
        self._ours = Sieve(kind)

    def name(self, month: int) -> str:
        return f"{self.stem}-{written(month)}.csv"

    def has(self, connection: sa.Connection, month: int) -> bool:
        return connection.execute(sa.select(self.table.c.month).where(self.table.c.month == month)).first() is not None

    def parts(self, entries: Sequence[Entry]) -> Iterator[tuple[Sequence[Entry], Said | None]]:
        """Cut entries, in order of arrival, before each with which the office published a month of this program."""
        behind = 0
        for number, entry in enumerate(entries) if self._ours(entries) else ():
            if isinstance(entry.fact, self.kind) and entry.unit == OFFICE_STREAM:
                yield entries[behind:number], entry.fact
                behind = number
        yield entries[behind:], None

    def keep(self, connection: sa.Connection, said: Said, document: Callable[[], bytes]) -> None:
        """Keep the document of a month; of each, the first one stays."""
        if not self.has(connection, said.month):
            fact = msgspec.json.encode(said).decode()
            row = {"month": said.month, "said": fact, "document": document().decode()}
            connection.execute(sa.insert(self.table).values(row))

    def line(self, said: Said) -> MonthLine:
        """Return what a feed says of a month."""
        name, counted = self.name(said.month), (said.units, said.complete, said.missing)
        return MonthLine(written(said.month), name, said.sha256, *counted)

    def files(self, connection: sa.Connection) -> tuple[dict[str, bytes], list[Said]]:
        """Return the documents by the names of their files, and what the office said of each.

        Raises:
            PublishError: one of them does not come to what was published.
        """
        files: dict[str, bytes] = {}
        months = []
        for row in connection.execute(sa.select(self.table).order_by(self.table.c.month)):
            said = msgspec.json.decode(row.said, type=self.kind)
            raw, month = row.document.encode(), written(said.month)
            if sha256(raw) != said.sha256:
                raise PublishError(
                    f"{month} の数字が、公開したものと合いません。公開ずみのファイルを使いつづけてください。",
                    f"The figures of {month} are not those that were published: keep the file that is out.",
                )
            files[self.name(said.month)] = raw
            months.append(said)
        return files, months

    def refuse(self, connection: sa.Connection, month: int, *, is_over: bool) -> None:
        """Make sure that a month may be published.

        Raises:
            PublishError: it is not over, or published already.
        """
        if not is_over:
            raise PublishError(
                f"{written(month)} はまだ終わっていません。月が変わってから公開してください。",
                f"{written(month)} is not over yet: publish it when it is.",
            )
        if self.has(connection, month):
            raise PublishError(
                f"{written(month)} はもう公開ずみで、数字は変えません。feed で同じファイルを書き出せます。",
                f"{written(month)} is published, and stays as it is; feed writes the same file again.",
            )


def shelf_table(name: str, metadata: MetaData) -> Table:
    """Return the table of a shelf."""
    return Table(
        name,
        metadata,
        Column("month", Integer, primary_key=True),
        Column("said", Text, nullable=False),  # the entry's fact
        Column("document", Text, nullable=False),
    )


def sha256(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()
