"""Statements and batches as a treasurer and a shopkeeper read them: text, and tables (CSV) for a spreadsheet."""

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import msgspec

from programs.coin.settlement.books import BatchBook
from programs.coin.settlement.calendar import iso
from programs.coin.settlement.statement import PARTS, Statement

PARTS_JA: Final = {
    "payments": "支払い",
    "voids": "取り消し",
    "refunds": "返金",
    "shops": "店どうし",
    "adjustments": "調整",
}
STATES_JA: Final = {"made": "作成済み", "sent": "送信済み", "accepted": "受付済み", "void": "取りやめ"}
_BOM: Final = "\ufeff"  # by this a spreadsheet knows that it is UTF-8
_LINE_HEAD: Final = ("place", "day", "part", "late", "yen", "entry")
_BATCH_HEAD: Final = (
    *("batch", "state", "pay_on", "place", "name", "yen"),
    *("bank", "bank_name", "branch", "branch_name", "kind", "account", "holder", "returned", "entry"),
)
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def text(statement: Statement, shop: str) -> str:
    """Return a statement to be read by people; `shop`: what the place is called."""
    lines = [f"精算書 Statement: {shop} ({statement.place})", f"期間 Period: {_period(statement)}", ""]
    lines.append(_row("くりこし Brought forward", "", statement.opening))
    for part in PARTS:
        of = statement.parts[part]
        if of.count or part == PARTS[0]:
            lines.append(_row(f"{PARTS_JA[part]} {part.capitalize()}", f"{of.count}件", of.yen))
    if statement.late.count:
        lines.append(_row("前の期間からおくれて届いた分 Late", f"{statement.late.count}件", statement.late.yen))
    if statement.returned:
        lines.append(_row("振り込めずに戻った分 Came back", "", statement.returned))
    if statement.batch:
        when = f" {iso(statement.pay_on)}" if statement.pay_on is not None else ""
        lines.append(_row(f"お支払い Paid{when}", "", -statement.paid))
    lines.append(_row("次回へ Carried forward" if statement.batch else "今の残り Owed now", "", statement.closing))
    if statement.bounced:
        lines += ["", f"× 振り込めませんでした The transfer came back: {statement.bounced}"]
    if late := [line for line in statement.lines if line.is_late]:
        lines += ["", "おくれて届いた分 Late entries:"]
        lines += [f"  {iso(line.day)}  {PARTS_JA[line.part]}  {line.yen:,}円  {line.entry}" for line in late]
    return "\n".join(lines) + "\n"


def document(statement: Statement) -> dict[str, Any]:
    """Return a statement as JSON has it, its days as dates."""
    found: dict[str, Any] = msgspec.to_builtins(statement)
    for name in ("first", "last", "pay_on"):
        found[name] = None if found[name] is None else iso(found[name])
    for line in found["lines"]:
        line["day"] = iso(line["day"])
    return found


def statement_table(statements: Iterable[Statement]) -> str:
    """Return the entries of statements, one a line; they sum up to what each adds to its opening and what came back."""
    rows = (
        (one.place, iso(line.day), line.part, "late" if line.is_late else "", line.yen, line.entry)
        for one in statements
        for line in one.lines
    )
    return _table(_LINE_HEAD, rows)


def batch_table(book: BatchBook, shop: Callable[[str], str]) -> str:
    """Return the transfers of a batch, one a line. It holds bank accounts: for the treasurer's eyes only."""
    common = (book.number, str(book.state), iso(book.said.pay_on))
    rows = (
        (
            *(*common, sent.place, shop(sent.place), sent.yen, sent.account.bank, sent.account.bank_name),
            *(sent.account.branch, sent.account.branch_name, sent.account.kind, sent.account.number, sent.name),
            *(sent.because, sent.entry),
        )
        for sent in book.transfers
    )
    return _table(_BATCH_HEAD, rows)


def _period(statement: Statement) -> str:
    first = iso(statement.first) if statement.first is not None else ""
    last = iso(statement.last) if statement.last is not None else "まだ精算していません not settled yet"
    return f"{first} 〜 {last}"


def _row(name: str, count: str, yen: int) -> str:
    return f"{name}{_space(name, 44)}{_space(count, 8)}{count} {yen:>12,}円"


def _space(text: str, columns: int) -> str:
    """Return what fills a text up to so many columns of a terminal, in which a Japanese character takes two."""
    wide = sum(1 for sign in text if ord(sign) > 0x2E80)  # noqa: PLR2004 - kana and kanji begin behind it
    return " " * (columns - len(text) - wide)


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(head)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return _BOM + out.getvalue()


def _cell(value: object) -> object:
    """Return text such that no spreadsheet takes it for a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
