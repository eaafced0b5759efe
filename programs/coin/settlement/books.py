"""What the office has said about paying shops, folded: accounts, batches, and what became of each. Arithmetic only.

It does not matter in which order the entries arrive: of two statements about one thing the later one counts, by the
time that they bear, and a batch only goes forward.
"""

from collections.abc import Iterable, Mapping

import msgspec

from programs.coin.settlement.facts import (
    Account,
    Batch,
    BatchMarked,
    LocalBanks,
    PayerSet,
    Settled,
    ShopSet,
    State,
    Transfer,
    TransferBack,
)
from sync.entries import Entry
from sync.messages import OFFICE_STREAM, TOWN_STREAM

When = tuple[int, str, int]
"""Time by the centre, boot and seq of an entry: the order of what the office said."""


class Sent(msgspec.Struct, frozen=True):
    """One transfer of a batch.

    Attributes:
        entry: the id of its entry.
        back: when it came back, if it did; `because` says why.
    """

    entry: str
    place: str
    yen: int
    name: str
    account: Account
    back: When | None = None
    because: str = ""


class BatchBook(msgspec.Struct, frozen=True):
    """A batch and what became of it; transfers in the order of their places, as they stand in the file."""

    said: Batch
    when: When
    state: State = State.MADE
    because: str = ""
    transfers: tuple[Sent, ...] = ()

    @property
    def number(self) -> int:
        return self.said.number

    @property
    def is_void(self) -> bool:
        return self.state is State.VOID

    @property
    def paid_yen(self) -> int:
        """Return what has reached shops, as far as is known."""
        return sum(sent.yen for sent in self.transfers if sent.back is None)


class OfficeBooks(msgspec.Struct, frozen=True):
    """Everything that the office has said.

    Attributes:
        announced: the highest number of a batch that units were told of.
        local: the branches of banks that are in the town, or None as long as the office has not said.
    """

    payer: PayerSet | None = None
    shops: Mapping[str, ShopSet] = {}
    batches: Mapping[int, BatchBook] = {}
    announced: int = 0
    local: frozenset[str] | None = None

    @property
    def standing(self) -> list[BatchBook]:
        """Return the batches that were not made void, in their order."""
        return [book for number, book in sorted(self.batches.items()) if not book.is_void]

    @property
    def void(self) -> list[int]:
        """Return the numbers of those that were."""
        return [number for number, book in sorted(self.batches.items()) if book.is_void]

    @property
    def upto(self) -> int | None:
        """Return the last day that was paid for; None before the first batch."""
        return max((book.said.upto for book in self.standing), default=None)

    @property
    def next_number(self) -> int:
        return max([self.announced, *self.batches]) + 1

    @property
    def lost(self) -> list[int]:
        """Return the numbers of batches that were made, and are not held here: this centre was restored."""
        return [number for number in range(1, self.next_number) if number not in self.batches]


def fold(entries: Iterable[Entry]) -> OfficeBooks:
    """Return what entries say, in whichever order they come; what others than the centre wrote says nothing."""
    ordered = sorted(entries, key=when)
    said = [entry for entry in ordered if entry.unit == OFFICE_STREAM]
    facts = [entry.fact for entry in said]
    told = [entry.fact for entry in ordered if entry.unit == TOWN_STREAM]
    local = [frozenset(fact.branches) for fact in facts if isinstance(fact, LocalBanks)]
    payers = [fact for fact in facts if isinstance(fact, PayerSet)]
    return OfficeBooks(
        payer=payers[-1] if payers else None,
        shops={fact.place: fact for fact in facts if isinstance(fact, ShopSet)},
        batches=_batches(said),
        announced=max((fact.batch for fact in told if isinstance(fact, Settled)), default=0),
        local=local[-1] if local else None,
    )


def _batches(said: Iterable[Entry]) -> dict[int, BatchBook]:
    """Return the batches by number; `said`: in order."""
    batches: dict[int, BatchBook] = {}
    sent: dict[int, dict[str, Sent]] = {}
    for entry in said:
        match entry.fact:
            case Batch() as fact:
                batches[fact.number] = BatchBook(fact, when(entry))
            case Transfer() as fact:
                made = Sent(str(entry.id), fact.place, fact.yen, fact.name, fact.account)
                sent.setdefault(fact.batch, {})[fact.place] = made
            case TransferBack(batch=number, place=place, because=because) if place in sent.get(number, {}):
                sent[number][place] = msgspec.structs.replace(sent[number][place], back=when(entry), because=because)
            case BatchMarked() as fact if fact.batch in batches:
                batches[fact.batch] = _marked(batches[fact.batch], fact)
            case _:
                pass
    transfers = {number: tuple(of[place] for place in sorted(of)) for number, of in sent.items()}
    return {
        number: msgspec.structs.replace(book, transfers=transfers.get(number, ())) for number, book in batches.items()
    }


def when(entry: Entry) -> When:
    return entry.at, entry.boot, entry.seq


def _marked(book: BatchBook, mark: BatchMarked) -> BatchBook:
    """Return a batch after a mark, unless it is further already."""
    order = list(State)
    if order.index(mark.state) <= order.index(book.state):
        return book
    return msgspec.structs.replace(book, state=mark.state, because=mark.because or book.because)
