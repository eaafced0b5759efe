"""What the coin hands over for a span of days: how it went round, what was published, what shops were paid and why."""

from collections.abc import Mapping

import sqlalchemy as sa

from central.published import PublishError
from central.pulled import Pulled, PulledError, Span
from programs.coin.procedures.circulation import months, table
from programs.coin.settlement import counted, paper
from programs.coin.settlement.statement import statement
from programs.coin.settlement.tables import office_books
from programs.coin.turnover.tables import published
from sync.months import written


class CoinPulled:
    """See `central.pulled.Pulled`."""

    def files(self, connection: sa.Connection, span: Span) -> Mapping[str, bytes]:
        return {**_circulation(connection, span), **_published(connection, span), **_statements(connection, span)}


def _circulation(connection: sa.Connection, span: Span) -> dict[str, bytes]:
    wanted = {written(month) for month in span.months}
    found = [one for one in months(connection) if one.month in wanted]
    if not found:
        return {}
    return {"circulation.csv": table(found).encode()}


def _published(connection: sa.Connection, span: Span) -> dict[str, bytes]:
    """Return the months that were published, as they were."""
    try:
        files, _ = published.files(connection)
    except PublishError as error:
        raise PulledError(str(error)) from error
    names = [published.name(month) for month in span.months]
    return {name: files[name] for name in names if name in files}


def _statements(connection: sa.Connection, span: Span) -> dict[str, bytes]:
    """Return the entries behind each batch that shops were paid on one of these days; what is void paid nobody."""
    books, places = office_books(connection), sorted(counted.totals(connection))
    paid = [book for _, book in sorted(books.batches.items()) if not book.is_void and span.has(book.said.pay_on)]
    return {
        f"statements-{book.number:04}.csv": paper.statement_table(
            statement(connection, books, place, book.number, span.offset_minutes) for place in places
        ).encode()
        for book in paid
    }


PULLED: Pulled = CoinPulled()
