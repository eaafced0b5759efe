"""Says what became of a batch: it was sent, accepted, a transfer bounced; or it is void before it was sent."""

from typing import Final

from central.centre import Centre
from programs.coin.settlement import tables
from programs.coin.settlement.books import BatchBook
from programs.coin.settlement.facts import BatchMarked, State, TransferBack
from programs.coin.settlement.settle import SettleError, batch, named
from sync.entries import Fact
from sync.messages import OFFICE_STREAM

_BEFORE: Final = {State.SENT: State.MADE, State.ACCEPTED: State.SENT, State.VOID: State.MADE}
_DO: Final = {
    State.MADE: "mark it as sent first",
    State.SENT: "it is with the bank: what does not arrive has bounced",
    State.ACCEPTED: "the bank has accepted it: what does not arrive has bounced",
    State.VOID: "it is void",
}


def mark(centre: Centre, number: int, state: State, because: str = "") -> BatchBook:
    """Say that a batch was sent or accepted, or is void. A void one was never sent: its shops get the money again.

    Raises:
        SettleError: it is not in a state in which that can be; nothing was said.
    """
    with centre.reconciler.counted() as connection:
        books = tables.office_books(connection)
        book = named(books, number)
        if book.state is state:
            return book  # said before
        if book.state is not _BEFORE.get(state):
            raise SettleError(f"batch {number} cannot be {state} now: it is {book.state}; {_DO[book.state]}")
        facts: list[Fact] = [BatchMarked(number, state, because)]
        if state is State.VOID:
            if book is not books.standing[-1]:
                raise SettleError(f"batch {number} is not the last one; the next has gone on from it")
            facts += [TransferBack(number, sent.place, sent.yen, because) for sent in book.transfers]
        centre.streams.append(connection, OFFICE_STREAM, facts)
    return batch(centre, number)


def bounce(centre: Centre, number: int, place: str, because: str) -> BatchBook:
    """Say that a transfer did not reach its shop: it has to get the money again, with the next batch.

    Raises:
        SettleError: there is no such transfer, it was never sent, or it has come back before; nothing was said.
    """
    with centre.reconciler.counted() as connection:
        book = named(tables.office_books(connection), number)
        sent = next((sent for sent in book.transfers if sent.place == place), None)
        if sent is None:
            raise SettleError(f"batch {number} pays nothing to {place}")
        if sent.back is not None:
            raise SettleError(f"what batch {number} paid to {place} has come back already: {sent.because}")
        if book.state not in (State.SENT, State.ACCEPTED):
            raise SettleError(f"batch {number} is {book.state}: nothing of it was sent, so nothing can bounce")
        centre.streams.append(connection, OFFICE_STREAM, [TransferBack(number, place, sent.yen, because)])
    return batch(centre, number)
