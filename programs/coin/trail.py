"""Which entries belong to a payment or a charge: what was taken back of it, its closing, its settlement, disputes."""

from collections.abc import Iterator, Sequence
from typing import Final

import sqlalchemy as sa

from central import ledger, reconcile
from central.console.moment import Say
from central.console.roles import MONEY
from central.console.trails import Step, Trail, Trails, stored
from programs.coin.counter.facts import Unproven
from programs.coin.entries import Charge, Pay, TakenBack, Undo
from programs.coin.online.books import is_ours
from programs.coin.online.facts import PaidOnline
from programs.coin.refunds.facts import Refund
from programs.coin.settlement import counted, disputes, tables
from programs.coin.settlement.books import BatchBook, OfficeBooks, fold
from programs.coin.settlement.facts import BatchMarked, DisputeClosed, DisputeOpened, State, TransferBack
from programs.coin.till import books as till
from sync.entries import Entry, EntryError, EntryId
from sync.messages import OFFICE_STREAM

PAID: Final = ("coin.pay", "coin.insured", "coin.counter-pay", "coin.online")
BACK: Final = (
    "coin.void",
    "coin.insured-void",
    "coin.shop-refund",
    "coin.undo",
    "coin.refund",
    "coin.counter-unproven",
)
_WHAT: Final = {
    "coin.pay": Say("支払い", "payment"),
    "coin.insured": Say("支払い(基金の立て替え)", "payment that the fund stood in for"),
    "coin.counter-pay": Say("支払い(カードの数え)", "payment by the card's counter"),
    "coin.online": Say("支払い(スマホのページ)", "payment from a resident's page"),
    "coin.charge": Say("チャージ", "charge"),
    "coin.void": Say("取消", "void"),
    "coin.insured-void": Say("取消", "void"),
    "coin.shop-refund": Say("店での返金", "refund at the shop"),
    "coin.undo": Say("チャージの取消", "charge taken back"),
    "coin.refund": Say("役場での返金", "refund by the office"),
    "coin.counter-unproven": Say("カードの署名がない支払いの取り戻し", "taken back: the card had not signed it"),
}
_MARKS: Final = {
    State.MADE: Say("振込を作った", "batch made"),
    State.SENT: Say("銀行へ送った", "sent to the bank"),
    State.ACCEPTED: Say("銀行が受け付けた", "accepted by the bank"),
    State.VOID: Say("振込を取りやめた", "batch made void"),
}
_THIS_PAYMENT: Final = Say("この支払い", "this payment")
_THIS_CHARGE: Final = Say("このチャージ", "this charge")
SHORT: Final = Say(
    "お店では正しく受け付けました。残高が後で足りなくなりました。",
    "The shop took it as it should. The balance turned out later to be too small.",
)
_WAITS: Final = Say("まだ精算に数えていません。", "No settlement has counted it yet.")
_OPEN: Final = Say("この件は調べているところです。", "The office is looking into it.")


class CoinTrails:
    """See `central.console.trails.Trails`."""

    kinds: frozenset[str] = frozenset((*PAID, *BACK, "coin.charge", "coin.dispute-opened", "coin.dispute-closed"))

    def of(self, connection: sa.Connection, entry: Entry) -> Trail | None:
        root = _root(connection, entry)
        fact = root.fact if root else None
        if root is None or not isinstance(fact, Charge | Pay | PaidOnline):
            return None
        members = [root, *_taken_back(connection, root, fact.card)]
        steps = [Step(one.id, *_words(one)) for one in members]
        steps += _closings(connection, members)
        said = tables.said_entries(connection)
        steps += _disputes(said, members)
        says = _says(connection, said, members)
        if isinstance(fact, Charge):
            return Trail(_THIS_CHARGE.ja, _THIS_CHARGE.en, steps, says)
        settled = list(_settlement(connection, said, members, fact.place))
        return Trail(_THIS_PAYMENT.ja, _THIS_PAYMENT.en, [*steps, *settled], [*says, *([] if settled else [_WAITS])])


def _words(entry: Entry) -> tuple[str, str]:
    what, yen = _WHAT[entry.kind], getattr(entry.fact, "yen", 0)
    return f"{what.ja} {yen:,}円", f"{what.en}, {yen:,} yen"


def _root(connection: sa.Connection, entry: Entry) -> Entry | None:
    """Return the payment or charge with which an entry has to do; None if it is not held."""
    match entry.fact:
        case Charge() | Pay():
            return entry
        case PaidOnline():
            return entry if is_ours(entry) else None
        case DisputeClosed(number=number) if entry.unit == OFFICE_STREAM:
            found = disputes.fold(tables.said_entries(connection)).get(number)
            about = _held(connection, found.about) if found else None
            return _root(connection, about) if about else None
        case DisputeOpened(about=name) if entry.unit == OFFICE_STREAM:
            about = _held(connection, name)
            return _root(connection, about) if about else None
        case _:
            name = of(entry)
            return _held(connection, name) if name else None


def of(entry: Entry) -> str:
    """Return the id of the payment or charge that an entry takes back; "" if it takes back none."""
    match entry.fact:
        case TakenBack(of=name) | Undo(of=name):
            return f"{entry.unit}/{name}"
        case Refund(of=name) | Unproven(of=name) if entry.unit == OFFICE_STREAM:
            return name
        case _:
            return ""


def _held(connection: sa.Connection, name: str) -> Entry | None:
    try:
        return stored(connection, EntryId.parse(name))
    except EntryError:
        return None


def _taken_back(connection: sa.Connection, root: Entry, card: str) -> Iterator[Entry]:
    """Yield what takes some of a payment or charge back, in the order in which it came."""
    here = reconcile.entry.c
    asked = sa.select(here.writer, here.boot, here.seq).where(here.card == card, here.kind.in_(BACK))
    for writer, boot, seq in connection.execute(asked.order_by(here.n, here.seq)).all():
        found = stored(connection, EntryId(writer, boot, seq))
        if found and of(found) == str(root.id):
            yield found


def _closings(connection: sa.Connection, members: Sequence[Entry]) -> Iterator[Step]:
    """Yield the closings of tills that have added these up."""
    span = till.span.c
    seen = set[EntryId]()
    for one in members:
        covers = span.writer == one.unit, span.boot == one.boot, span.first <= one.seq, span.last >= one.seq
        for boot, seq in connection.execute(sa.select(span.at_boot, span.at_seq).where(*covers)).all():
            if (place := EntryId(one.unit, boot, seq)) not in seen:
                seen.add(place)
                yield Step(place, "レジの締めに入った", "added up in a closing of the till")


def _settlement(
    connection: sa.Connection, said: Sequence[Entry], members: Sequence[Entry], place: str
) -> Iterator[Step]:
    """Yield how these were settled: what counted them, batches, transfers to the shop and what became of them."""
    books = fold(said)
    batches = set[int]()
    for boot, seq, number in counted.counted_in(connection, [one.id for one in members], place, books.void):
        batches.add(number)
        yield Step(
            EntryId(OFFICE_STREAM, boot, seq), f"精算に数えた({number}回目)", f"counted by batch {number}", MONEY
        )
    for number in sorted(batches):
        yield from _batch(books, said, number, place)


def _batch(books: OfficeBooks, said: Sequence[Entry], number: int, place: str) -> Iterator[Step]:
    book: BatchBook = books.batches[number]
    _, boot, seq = book.when
    file = book.said.file[:8]
    yield Step(
        EntryId(OFFICE_STREAM, boot, seq),
        f"振込をまとめた({number}回目" + (f"、銀行のファイル {file}…)" if file else ")"),
        f"batch {number} made up" + (f"; the bank's file {file}…" if file else ""),
        MONEY,
    )
    for sent in book.transfers:
        if sent.place == place:
            ja, en = f"店への振込 {sent.yen:,}円(ほかの分も合わせて)", f"transfer of {sent.yen:,} yen, with others"
            yield Step(EntryId.parse(sent.entry), ja, en, MONEY)
    for entry in said:
        match entry.fact:
            case BatchMarked(batch=batch, state=state) if batch == number:
                yield Step(entry.id, _MARKS[state].ja, _MARKS[state].en, MONEY)
            case TransferBack(batch=batch, place=of_shop) if (batch, of_shop) == (number, place):
                yield Step(entry.id, "振込が戻った", "the transfer came back", MONEY)
            case _:
                pass


def _disputes(said: Sequence[Entry], members: Sequence[Entry]) -> Iterator[Step]:
    names, numbers = {str(one.id) for one in members}, set[int]()
    for entry in sorted(said, key=lambda one: (one.at, one.boot, one.seq)):
        match entry.fact:
            case DisputeOpened(number=number, about=about) if about in names:
                numbers.add(number)
                yield Step(entry.id, f"調べはじめた({number}番)", f"dispute {number} opened")
            case DisputeClosed(number=number) if number in numbers:
                yield Step(entry.id, f"調べ終えた({number}番)", f"dispute {number} closed")
            case _:
                pass


def _says(connection: sa.Connection, said: Sequence[Entry], members: Sequence[Entry]) -> list[Say]:
    """Return what somebody who is asked about it should know first."""
    names = {str(one.id) for one in members}
    is_open = any(one.about in names and one.closed is None for one in disputes.fold(said).values())
    return [*([SHORT] if is_short(connection, members[0].id) else []), *([_OPEN] if is_open else [])]


def is_short(connection: sa.Connection, place: EntryId) -> bool:
    """Whether some of what was paid was not there when it was booked."""
    here = ledger.posting.c
    its = here.writer == place.unit, here.boot == place.boot, here.seq == place.seq
    lacked = here.source.startswith(ledger.SHORT)
    return connection.execute(sa.select(here.line).where(*its, lacked).limit(1)).first() is not None


TRAIL: Final[Trails] = CoinTrails()
