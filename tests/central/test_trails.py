"""One payment, or whatever else belongs together, followed from the card to the bank, with every clock beside."""

import re

import httpx
import pytest
import sqlalchemy as sa

from central import store
from central.centre import Centre
from central.console import trails
from central.console.journal.following import OTHER_ORDER
from central.refusal import RefusedError
from central.store import reading
from programs.coin.entries import ShopRefund, Void
from programs.coin.online.facts import PaidOnline
from programs.coin.refunds.facts import Refund
from programs.coin.settlement import marking
from programs.coin.settlement.disputes import close_dispute, open_dispute
from programs.coin.settlement.facts import State
from programs.coin.till.facts import Closing, Span, Sums
from programs.coin.trail import SHORT
from sync.accounts import Role
from sync.entries import Entry, EntryId, encode
from sync.messages import OFFICE_STREAM
from tests.central.pen import AT, Pen, touch
from tests.central.street import CARD, TODAY, Street
from tests.central.visiting import Browser, take

OTHER = "5e" * 16
CONFLICT, FORBIDDEN, NOT_FOUND, OK = 409, 403, 404, httpx.codes.OK


@pytest.fixture
def url(shared_url: str) -> str:
    return shared_url


def pieces(centre: Centre, writer: str) -> list[sa.Row[tuple[object, ...]]]:
    table = store.segment
    with reading(centre.engine) as connection:
        return list(connection.execute(sa.select(table).where(table.c.writer == writer).order_by(table.c.n)).all())


def followed(browser: Browser, entry: str) -> list[str]:
    """Return what the steps of a trail are called."""
    page = browser.get(f"/entries/{entry}/trail")
    assert page.status_code == OK, page.text
    return re.findall(r'<th scope="row" class="words">(.*?) <span', page.text)


def test_a_payment_is_followed_from_the_card_to_the_bank(street: Street) -> None:
    pen = street.pens["fish"]
    boot, seq = street.sold("fish", 1280, 2500).split("/")
    paid = f"fish01/{boot}/{seq}"
    street.deliver(pen.write(ShopRefund(1, CARD, 280, "fish", TODAY, f"{boot}/{seq}")))
    closed = pen.write(Closing(1, "fish", TODAY, 1, (Span(boot, 2, pen.seq),), Sums(2, 3780, 0, 0, 1, 1_000_000)))
    street.deliver(closed)
    street.on("2026-12-01")
    street.settle()
    marking.mark(street.centre, 1, State.SENT)
    marking.bounce(street.centre, 1, "fish", "口座なし")
    open_dispute(street.centre, EntryId.parse(paid), "二度引かれた")
    street.say(Refund(paid, CARD, "fish", 1000, 0, "まちがい"))
    close_dispute(street.centre, 1, "返した")
    street.centre.reconciler.catch_up()
    whole = [
        "支払い 1,280円",
        "店での返金 280円",
        "レジの締めに入った",
        "振込をまとめた(1回目、銀行のファイル",
        "店への振込 3,500円(ほかの分も合わせて)",
        "精算に数えた(1回目)",
        "銀行へ送った",
        "振込が戻った",
        "調べはじめた(1番)",
        "役場での返金 1,000円",
        "調べ終えた(1番)",
    ]
    with Browser(street.centre) as browser:
        browser.come_as(Role.OFFICER)
        found = followed(browser, paid)
        assert [one.partition(" 4")[0] for one in found[:3]] == whole[:3]
        assert [one for one in whole if not any(step.startswith(one) for step in found)] == []
        assert len(found) == len(whole)
        back = EntryId.parse(paid)
        for entry in (f"fish01/{boot}/{back.seq + 2}", *(str(one) for one in of_office(street, "coin.refund"))):
            assert followed(browser, entry) == found
        browser.come_as(Role.CLERK)
        mine = followed(browser, paid)
        assert len(mine) == len(whole) - 5
        page = browser.get(f"/entries/{paid}/trail").text
        assert "ほかに 5件" in page
        assert f"/entries/{OFFICE_STREAM}/" not in page
        assert "3,500" not in page


def test_that_somebody_looks_into_it_is_said_while_they_do(street: Street) -> None:
    boot, seq = street.sold("fish", 1280).split("/")
    paid, void = f"fish01/{boot}/{seq}", f"fish01/{boot}/{int(seq) + 1}"
    street.takes_back("fish", 1280, f"{boot}/{seq}")
    for entry in (paid, void):
        open_dispute(street.centre, EntryId.parse(entry), "二度引かれた")
    with Browser(street.centre) as browser:
        for number in (1, 2):
            street.centre.reconciler.catch_up()
            browser.come_as(Role.CLERK)
            assert "調べているところです" in browser.get(f"/entries/{paid}/trail").text
            close_dispute(street.centre, number, "済")
        street.centre.reconciler.catch_up()
        browser.come_as(Role.CLERK)
        assert "調べているところです" not in browser.get(f"/entries/{paid}/trail").text


def test_a_payment_from_a_page_that_a_unit_made_up_is_none(street: Street) -> None:
    pen = street.pens["fish"]
    name = street.deliver(pen.write(PaidOnline("0a" * 16, CARD, CARD, 500, "fish", "fish01", TODAY)))
    street.centre.reconciler.catch_up()
    with Browser(street.centre) as browser:
        browser.come_as(Role.CLERK)
        assert followed(browser, f"fish01/{name}") == ["この記録"]


def of_office(street: Street, kind: str) -> list[EntryId]:
    return [entry.id for some in take(street.centre) for entry in some if entry.kind == kind]


def test_all_clocks_stand_side_by_side(street: Street) -> None:
    sale = street.sells("fish", 500)
    street.on("2026-11-25")
    name = street.deliver(sale)
    street.centre.reconciler.catch_up()
    with Browser(street.centre) as browser:
        browser.come_as(Role.CLERK)
        page = browser.get(f"/entries/fish01/{name}/trail").text
    (piece,) = [one for one in pieces(street.centre, "fish01") if one.first == sale.first]
    assert "2026-11-23 09:00:00+09:00" in page
    assert "2026-11-25 12:00:00+09:00" in page
    assert "2日2時間あと" in page
    assert f'<td class="n">{piece.n}-1</td>' in page
    assert "電池で持っていた" in page
    assert "まだ精算に数えていません" in page
    assert "coin/0a0a0a0a/at/fish01/1" in page
    assert CARD not in page.partition("<main")[2]


def test_what_was_not_there_when_it_was_booked_is_nobodys_fault(street: Street) -> None:
    street.sold("fish", 1_000_000)
    name = street.sold("fish", 900)
    street.centre.reconciler.catch_up()
    with Browser(street.centre) as browser:
        browser.come_as(Role.CLERK)
        page = browser.get(f"/entries/fish01/{name}/trail").text
    assert SHORT.ja in page
    assert "不正" not in page


def test_an_entry_that_belongs_to_nothing_stands_alone_and_one_that_is_not_held_has_no_page(pen: Pen) -> None:
    pen.send(pen.begin(touch()))
    pen.centre.reconciler.catch_up()
    with Browser(pen.centre) as browser:
        browser.come_as(Role.OFFICER)
        assert followed(browser, f"lib01/{pen.boot}/2") == ["この記録"]
        assert browser.get(f"/entries/lib01/{pen.boot}/999/trail").status_code == NOT_FOUND
        assert browser.get(f"/entries/nowhere/{pen.boot}/1/trail").status_code == NOT_FOUND
        assert "/trail" not in browser.get(f"/entries/lib01/{pen.boot}/2").text
    assert trails.has("coin.pay")


def test_a_unit_that_names_anothers_payment_takes_nothing_of_it_back(street: Street) -> None:
    """What a unit says of other journals is hearsay: only the office gives back what others took."""
    name = street.sold("fish", 500)
    street.takes_back("bakery", 500, name)
    street.centre.reconciler.catch_up()
    with Browser(street.centre) as browser:
        browser.come_as(Role.CLERK)
        assert followed(browser, f"fish01/{name}") == ["支払い 500円"]


def test_where_the_clocks_say_another_order_the_page_says_so(street: Street) -> None:
    boot, seq = street.sold("fish", 500).split("/")
    pen = street.pens["fish"]
    back = Void(1, CARD, 500, "fish", TODAY, f"{boot}/{seq}")
    street.deliver(pen.seal([encode(Entry("fish01", boot, pen.seq + 1, AT - 60_000, back))]))
    street.sold("fish", 700)
    street.centre.reconciler.catch_up()
    with Browser(street.centre) as browser:
        browser.come_as(Role.CLERK)
        assert followed(browser, f"fish01/{boot}/{seq}") == ["支払い 500円", "取消 500円"]
        assert OTHER_ORDER.ja in browser.get(f"/entries/fish01/{boot}/{seq}/trail").text
        assert OTHER_ORDER.ja not in browser.get(f"/entries/fish01/{boot}/{pen.seq}/trail").text


def test_what_happened_to_the_unit_in_that_run_stands_below(street: Street) -> None:
    pen = street.pens["fish"]
    before, seq = pen.head, pen.seq
    name = street.sold("fish", 500)
    other = street.sold("bakery", 500)
    pen.head, pen.seq = before, seq
    with pytest.raises(RefusedError):
        street.deliver(pen.write(touch()))
    street.centre.reconciler.catch_up()
    with Browser(street.centre) as browser:
        browser.come_as(Role.CLERK)
        assert "このときの端末のできごと" in browser.get(f"/entries/fish01/{name}/trail").text
        assert "このときの端末のできごと" not in browser.get(f"/entries/bakery01/{other}/trail").text
