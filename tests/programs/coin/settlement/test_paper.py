"""What a shopkeeper and a treasurer read."""

import csv
import io

from programs.coin.settlement import paper
from programs.coin.settlement.books import BatchBook, Sent
from programs.coin.settlement.facts import Account, Batch, PayerSet, State
from programs.coin.settlement.statement import PARTS, Part, Statement, StatementLine

ACCOUNT = Account("0001", "001", "1", "0123456", "ﾐｽﾞﾎ")
LATE = StatementLine("fish01/9f3c0a1b22d4e5f6/9", 20_785, "payments", 2500, is_late=True)
SALE = StatementLine("fish01/9f3c0a1b22d4e5f6/12", 20_789, "payments", 900, is_late=False)
TOLD = Statement(
    place="fish",
    batch=2,
    first=20_788,
    last=20_802,
    opening=400,
    parts=dict.fromkeys(PARTS, Part()) | {"payments": Part(1, 900), "refunds": Part(1, -300)},
    late=Part(1, 2500),
    returned=3000,
    paid=6500,
    pay_on=20_822,
    state="sent",
    bounced="",
    closing=0,
    lines=(LATE, SALE),
)


def test_a_statement_says_what_was_added_and_what_is_paid() -> None:
    shown = paper.text(TOLD, "魚屋").splitlines()
    assert shown[:2] == ["精算書 Statement: 魚屋 (fish)", "期間 Period: 2026-12-01 〜 2026-12-15"]
    ends = [line.split()[-1] for line in shown[3:10]]
    assert ends == ["400円", "900円", "-300円", "2,500円", "3,000円", "-6,500円", "0円"]
    assert "Voids" not in "".join(shown), "what did not happen is not mentioned"
    assert "  2026-11-28  支払い  2,500円  fish01/9f3c0a1b22d4e5f6/9" in shown
    widths = {sum(2 if ord(sign) > 0x2E80 else 1 for sign in line) for line in shown[3:10]}
    assert len(widths) == 1, "the yen stand below each other"


def test_the_entries_as_a_table() -> None:
    rows = list(csv.reader(io.StringIO(paper.statement_table([TOLD]).removeprefix("\ufeff"))))
    assert rows[0] == ["place", "day", "part", "late", "yen", "entry"]
    assert rows[1:] == [
        ["fish", "2026-11-28", "payments", "late", "2500", LATE.entry],
        ["fish", "2026-12-02", "payments", "", "900", SALE.entry],
    ]


def test_no_cell_of_a_batch_is_a_formula() -> None:
    sent = Sent("office/9f3c0a1b22d4e5f6/4", "fish", 3000, "ｻｶﾅﾔ", ACCOUNT, (1, "", 1), "=HYPERLINK(1)")
    said = Batch(1, 20_787, 20_802, PayerSet("1" * 10, "ﾏﾁ", ACCOUNT), 1, 3000, "")
    table = paper.batch_table(BatchBook(said, (0, "", 1), State.SENT, "", (sent,)), lambda place: f"@{place}")
    row = next(csv.DictReader(io.StringIO(table.removeprefix("\ufeff"))))
    assert (row["name"], row["returned"]) == ("'@fish", "'=HYPERLINK(1)")
    assert (row["yen"], row["bank"], row["account"], row["holder"]) == ("3000", "0001", "0123456", "ｻｶﾅﾔ")


def test_as_a_document_days_are_dates() -> None:
    document = paper.document(TOLD)
    assert (document["first"], document["pay_on"], document["lines"][0]["day"]) == (
        *("2026-12-01", "2027-01-04"),
        "2026-11-28",
    )
