"""Units' records, the town's ledger and the bank side by side: nothing is left unexplained, and cases are closed."""

import csv
import io
import random
import re

import httpx
import pytest
import sqlalchemy as sa

from central import ledger
from central.console.asked import BYTE_ORDER
from central.refusal import RefusedError
from central.store import reading
from programs.coin.entries import Charge, Pay
from programs.coin.reconciling import differences, sums
from programs.coin.reconciling.sums import TO_BANK, TO_LEDGER, Sums
from programs.coin.reconciling.words import ROWS
from programs.coin.refunds.facts import Refund
from programs.coin.settlement import bank, counted, disputes, marking, tables
from programs.coin.settlement.calendar import closing_after, day_of, iso
from programs.coin.settlement.facts import State
from programs.coin.settlement.settle import SettleError, shop_holds
from programs.coin.settlement.statement import statement
from programs.coin.till.facts import Closing, Span
from programs.coin.till.facts import Sums as TillSums
from sync.accounts import Role
from sync.entries import EntryId
from sync.segment import Segment
from tests.central.street import CARD, DECEMBER, FISH, NOVEMBER, SETTLING, TODAY, Street, in_memory
from tests.central.visiting import Browser

CONFLICT, FORBIDDEN, NOT_FOUND, OK, SEE_OTHER = 409, 403, 404, httpx.codes.OK, httpx.codes.SEE_OTHER


@pytest.fixture
def url(shared_url: str) -> str:
    return shared_url


def figures(street: Street, period: str) -> dict[str, Sums]:
    street.centre.reconciler.catch_up()
    with reading(street.centre.engine) as connection:
        books = tables.office_books(connection)
        wanted = sums.asked(books, period)
        assert wanted
        found = {one.place: one for one in sums.sums(connection, books, wanted, 540)}
    for one in found.values():
        assert one.units + sum(one.why.get(name, 0) for name in TO_LEDGER) == one.ledger
        assert one.ledger - one.unexplained + sum(one.why.get(name, 0) for name in TO_BANK) == one.bank
    return found


def found(street: Street, period: str) -> list[tuple[str, str, int]]:
    street.centre.reconciler.catch_up()
    with reading(street.centre.engine) as connection:
        said = tables.said_entries(connection)
        books = tables.office_books(connection)
        wanted = sums.asked(books, period)
        assert wanted
        every = differences.differences(connection, books, said, wanted, 540)
    return [(one.name, one.entry, one.yen) for one in every]


def test_a_period_with_all_that_happens_to_one(street: Street) -> None:
    name = street.sold("fish", 1280, 2500)
    late = street.sells("fish", 300)
    street.say(Refund(f"fish01/{name}", CARD, "fish", 80, 0, "まちがい"))
    street.on("2026-12-01")
    street.settle(NOVEMBER)
    street.deliver(late)
    marking.mark(street.centre, 1, State.SENT)
    marking.bounce(street.centre, 1, "fish", "口座なし")
    street.sold("fish", 1000, day=day_of("2026-12-02"))
    street.on("2026-12-16")
    street.settle(DECEMBER)
    assert figures(street, "1")["fish"] == Sums(
        "fish", 4080, 3700, 0, {sums.LATER: -300, sums.OFFICE: -80, sums.BOUNCED: -3700}
    )
    assert figures(street, "2")["fish"] == Sums("fish", 1000, 1300, 5000, {sums.EARLIER: 300, sums.RETURNED: 3700})
    assert figures(street, "") == figures(street, "2")
    assert figures(street, "open") == {}


def test_what_waits_is_carried_forward_and_nothing_that_is_not_settled_is_paid(street: Street) -> None:
    street.sold("bakery", 700)
    assert figures(street, "open")["bakery"] == Sums("bakery", 700, 700, 0, {sums.CARRIED: -700})
    assert figures(street, "") == figures(street, "open")
    street.on("2026-12-01")
    street.settle(NOVEMBER)
    assert figures(street, "1")["bakery"] == Sums("bakery", 700, 700, 0, {sums.CARRIED: -700})
    assert figures(street, "open")["bakery"] == Sums("bakery", 0, 0, 0, {sums.OPENING: 700, sums.CARRIED: -700})


def test_in_whatever_town_every_yen_is_explained() -> None:
    """Deeds from a seed: sales, voids, lateness, refunds, batches that are void or bounce; then all periods add up."""
    seen = set[str]()
    for seed in range(12):
        _, street = in_memory()
        play(street, random.Random(seed))  # noqa: S311 - a town from a seed
        seen |= explained(street)
    assert seen == {*TO_LEDGER, *TO_BANK} - {sums.UNLIKE}


def explained(street: Street) -> set[str]:
    """Hold the figures of all periods against ledger, entries and statements; return what explains differences."""
    with street.centre.reconciler.counted() as connection:
        books = tables.office_books(connection)
        balances = {place: shop_holds(connection, place) for place in street.pens}
        totals = counted.totals(connection)
        told = {
            (place, period.name): statement(connection, books, place, period.number, 540)
            for place in street.pens
            for period in sums.periods(books)
        }
    every = {period.name: figures(street, period.name) for period in sums.periods(books)}
    for place in street.pens:
        of_shop = [one[place] for one in every.values() if place in one]
        assert sum(one.ledger for one in of_shop) == totals.get(place, 0)
        assert sum(one.ledger - one.bank for one in of_shop) == balances[place]
    for (place, name), one in told.items():
        why = every[name][place].why if place in every[name] else {}
        assert why.get(sums.CARRIED, 0) == -one.closing
        assert why.get(sums.OPENING, 0) == one.opening
        assert why.get(sums.RETURNED, 0) == one.returned
        from_office = sum(line.yen for line in one.lines if line.entry.startswith("office/") and not line.is_late)
        assert why.get(sums.EARLIER, 0) + why.get(sums.OFFICE, 0) == one.late.yen + from_office
    assert all(one.unexplained == 0 for some in every.values() for one in some.values())
    return {name for some in every.values() for one in some.values() for name in one.why}


def test_what_an_earlier_batch_has_counted_is_counted_by_no_later_one(street: Street) -> None:
    """Sold on a day of the next period, one of the last in between: the second batch's run goes over the first's."""
    street.on("2026-12-01")
    december = day_of("2026-12-01")
    for yen, day in ((1000, december), (1500, TODAY), (2000, december)):
        street.sold("fish", yen, day=day)
    street.settle(NOVEMBER)
    street.on("2026-12-16")
    street.settle(DECEMBER)
    assert figures(street, "1")["fish"] == Sums("fish", 1500, 1500, 1500, {})
    assert figures(street, "2")["fish"] == Sums("fish", 3000, 3000, 3000, {})


DEEDS = ("sell", "sell", "sell", "void", "late", "refund", "bring", "settle", "mark")


def play(street: Street, dice: random.Random) -> None:
    street.say(bank.shop("bakery", "パンヤ", FISH))
    waiting, day, upto = list[Segment](), TODAY, NOVEMBER
    for _ in range(40):
        place, deed = dice.choice(("fish", "bakery")), dice.choice(DEEDS)
        if deed in ("sell", "void", "refund") and any(one.unit == f"{place}01" for one in waiting):
            deed = "late"  # what a unit has not sent comes first
        if deed == "settle":
            day = upto + 1
            street.on(iso(day))
            street.settle(upto)
            upto = closing_after(SETTLING, upto)
        elif deed == "late":
            waiting.append(street.sells(place, dice.randrange(100, 3000), day=day))
        elif deed == "bring":
            for segment in waiting:
                street.deliver(segment)
            waiting = []
        elif deed == "mark":
            mark(street, dice)
        else:
            sell(street, dice, place, day, deed)


def sell(street: Street, dice: random.Random, place: str, day: int, deed: str) -> None:
    yen = dice.randrange(500, 3000)
    name = street.sold(place, yen, day=day)
    if deed == "void":
        street.takes_back(place, yen, name, day=day)
    if deed == "refund":
        street.say(Refund(f"{place}01/{name}", CARD, place, dice.randrange(1, 500), 0, "まちがい"))


def mark(street: Street, dice: random.Random) -> None:
    with street.centre.reconciler.counted() as connection:
        standing = tables.office_books(connection).standing
    if not standing:
        return
    last = standing[-1]
    try:
        if dice.random() < 0.3:
            marking.mark(street.centre, last.number, State.VOID, "not sent")
            return
        marking.mark(street.centre, last.number, State.SENT)
        for sent in last.transfers[:1]:
            marking.bounce(street.centre, last.number, sent.place, "口座なし")
    except SettleError:
        pass


def test_a_ledger_that_was_changed_is_explained_by_nothing(street: Street) -> None:
    street.sold("fish", 1280, 2500)
    street.on("2026-12-01")
    street.settle()
    street.centre.reconciler.catch_up()
    with street.centre.engine.begin() as connection:
        here = ledger.posting.c
        its = here.amount == 2500, here.writer == "fish01"
        connection.execute(sa.update(ledger.posting).where(*its).values(amount=2000))
    assert figures(street, "1")["fish"].unexplained == -500
    with Browser(street.centre) as browser:
        browser.come_as(Role.TREASURER)
        assert "説明のつかない差が 500円" in browser.get("/reconciliation?period=1").text


# ---- single differences


def test_a_balance_that_was_short_and_is_there_by_now(street: Street) -> None:
    street.sold("fish", 1_000_000)
    name = street.sold("fish", 900)
    assert found(street, "open") == [(differences.SHORT, f"fish01/{name}", 900)]
    with Browser(street.centre) as browser:
        browser.come_as(Role.TREASURER)
        page = browser.get("/reconciliation").text
    assert ROWS[differences.SHORT].why.ja == "お店では正しく受け付けました。残高が後で足りなくなりました。"
    assert ROWS[differences.SHORT].why.ja in page
    assert "不正" not in page
    assert "いまは足りています" not in page
    street.deliver(street.pens["fish"].write(Charge(1, CARD, 900, "fish", TODAY, "card")))
    assert found(street, "open") == [(differences.SHORT, f"fish01/{name}", 900)]
    with Browser(street.centre) as browser:
        browser.come_as(Role.TREASURER)
        assert "いまは足りています" in browser.get("/reconciliation").text


def test_a_closing_that_does_not_add_up(street: Street) -> None:
    boot, seq = street.sold("fish", 1280).split("/")
    pen = street.pens["fish"]
    right = TillSums(1, 1280, 0, 0, 1, 1_000_000)
    street.deliver(pen.write(Closing(1, "fish", TODAY, 1, (Span(boot, 2, int(seq)),), right)))
    assert found(street, "open") == []
    name = street.sold("fish", 500)
    last = int(name.partition("/")[2])
    wrong = street.deliver(pen.write(Closing(1, "fish", TODAY, 2, (Span(boot, last, last),), TillSums(1, 700))))
    assert found(street, "open") == [(differences.CLOSING, f"fish01/{wrong}", 200)]


def test_two_entries_under_one_number_are_shown_side_by_side(street: Street) -> None:
    pen = street.pens["fish"]
    before, seq = pen.head, pen.seq
    name = street.sold("fish", 500)
    pen.head, pen.seq = before, seq
    with pytest.raises(RefusedError, match="with other bytes"):
        street.deliver(pen.write(Pay(1, CARD, 900, "fish", TODAY, "card")))
    assert found(street, "open") == [(differences.FORK, f"fish01/{name}", 0)]
    case = disputes.open_dispute(street.centre, EntryId.parse(f"fish01/{name}"), "二つある", "hanako")
    street.centre.reconciler.catch_up()
    with Browser(street.centre) as browser:
        browser.come_as(Role.TREASURER)
        page = browser.get(f"/reconciliation?case={case.number}").text
        assert "REC-010" in browser.get("/reconciliation").text
    assert "同じ番号の記録が2つあります。内容が違います。(REC-010)" in page
    assert "&#34;yen&#34;:500" in page
    assert "&#34;yen&#34;:900" in page


def test_what_came_late_and_what_the_bank_sent_back(street: Street) -> None:
    street.sold("fish", 1280)
    late = street.sells("fish", 300)
    street.on("2026-12-01")
    street.settle()
    marking.mark(street.centre, 1, State.SENT)
    marking.bounce(street.centre, 1, "fish", "口座なし")
    name = street.deliver(late)
    ((what, entry, yen),) = found(street, "1")
    assert (what, entry.partition("/")[0], yen) == (differences.BACK, "office", -1280)
    assert found(street, "open") == [(differences.LATE, f"fish01/{name}", 300)]


# ---- the page and the command


def test_the_page_the_table_and_the_command_have_the_same_figures(street: Street) -> None:
    street.sold("fish", 1280, 2500)
    late = street.sells("fish", 300)
    street.sold("bakery", 200)
    street.on("2026-12-01")
    street.settle()
    street.deliver(late)
    for period in ("1", "open"):
        told = figures(street, period)
        with Browser(street.centre) as browser:
            browser.come_as(Role.AUDITOR)
            page = browser.get(f"/reconciliation?period={period}").text
            table = browser.get(f"/reconciliation.csv?period={period}").text.removeprefix(BYTE_ORDER)
        rows = {row["place"]: row for row in csv.DictReader(io.StringIO(table))}
        assert {place: sums_of(row) for place, row in rows.items()} == told
        shown = re.findall(r'<a href="/reconciliation\?period=\w+&amp;place=(\w+)".*?</tr>', page, re.DOTALL)
        assert sorted(shown) == sorted(told)
        for place in shown:
            cells = re.search(rf'place={place}".*?</th>(.*?)</tr>', page, re.DOTALL)
            assert cells
            numbers = re.findall(r'<td class="n">([-0-9,]+)</td>', cells[1])
            one = told[place]
            assert [int(text.replace(",", "")) for text in numbers] == [one.units, one.ledger, one.bank]


def sums_of(row: dict[str, str]) -> Sums:
    why = {name: int(row[name]) for name in (*TO_LEDGER, *TO_BANK) if int(row[name])}
    return Sums(row["place"], int(row["units"]), int(row["ledger"]), int(row["bank"]), why)


def test_a_period_that_is_not_there_has_no_page(street: Street) -> None:
    street.sold("fish", 1280)
    street.centre.reconciler.catch_up()
    with Browser(street.centre) as browser:
        browser.come_as(Role.TREASURER)
        for asked in ("period=7", "period=x", "case=1", "case=x", "case=１"):
            assert browser.get(f"/reconciliation?{asked}").status_code == NOT_FOUND, asked
        assert browser.get("/reconciliation.csv?period=7").status_code == NOT_FOUND
