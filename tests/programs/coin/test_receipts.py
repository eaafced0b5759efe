"""Receipts: what stands on them, what they prove, and that neither paper nor its lack changes what was paid."""

import msgspec
import pytest

from appliance.papers import NoReceiptError
from drivers.printer import Amount, Code, Printed, Reach, Slip, Trouble, Words
from programs.coin.codes.receipt import check, read
from programs.coin.rules import CHARGE, PAY, VOID
from programs.coin.terms import Terms
from sync.chain import PublicKey
from sync.program import Wish
from tests.programs.coin.street import Street


class Printer:
    """What a unit hands to its printer."""

    def __init__(self, street: Street, unit: str = "desk01") -> None:
        self.slips: list[tuple[Slip, bool]] = []
        street.units[unit].running.receipts.print = lambda slip, again: self.slips.append((slip, again))

    @property
    def last(self) -> Slip:
        return self.slips[-1][0]

    def texts(self) -> list[str]:
        return [line.text for line in self.last.lines if isinstance(line, Words)]

    def amounts(self) -> list[tuple[str, int]]:
        return [(line.what, line.yen) for line in self.last.lines if isinstance(line, Amount)]

    def code(self) -> str:
        (code,) = (line for line in self.last.lines if isinstance(line, Code))
        return code.says


@pytest.fixture
def printer(street: Street) -> Printer:
    return Printer(street)


def test_what_stands_on_each_kind_of_receipt(street: Street, printer: Printer) -> None:
    street.hold("desk01", Wish(CHARGE, 3000))
    assert printer.amounts() == [("チャージ Charged", 3000)]
    street.hold("desk01", Wish(PAY, 1280))
    assert printer.amounts() == [("お支払い Paid", 1280)]
    assert "ポイント Points ＋120" in printer.texts()
    assert "2026年11月23日 09:00" in printer.texts()
    assert {"hall", "灯台町のコイン Todai coin"} <= set(printer.texts())
    assert printer.last.number == street.last
    paid = street.last
    street.hold("desk01", Wish(VOID, about=paid))
    assert printer.amounts() == [("支払い取り消し Taken back", -1280)]
    assert "ポイント Points −120" in printer.texts()
    assert f"取り消した支払い Of {paid}" in printer.texts()
    assert [again for _, again in printer.slips] == [False, False, False]


def test_no_receipt_names_the_card(street: Street, printer: Printer) -> None:
    for wish in (Wish(CHARGE, 3000), Wish(PAY, 1280)):
        street.hold("desk01", wish)
        paper = msgspec.json.encode(printer.last).decode().lower()
        assert street.name[:8] not in paper


def test_the_code_proves_the_entry_by_the_units_own_key(street: Street, printer: Printer) -> None:
    street.hold("desk01", Wish(CHARGE, 3000))
    street.hold("desk01", Wish(PAY, 1280))
    found = read(printer.code())
    check(found, PublicKey(street.units["desk01"].keystore.public))
    running = street.units["desk01"].running
    tip = running.opened.journal.tip
    assert tip is not None
    assert (str(found.entry), found.hash.hex()) == (f"desk01/{tip.boot}/{tip.seq}", tip.hash)
    assert running.receipts.code() == printer.code(), "on the screen stands the same"


def test_what_is_left_is_said_only_where_the_town_says_so(street: Street, printer: Printer) -> None:
    street.hold("desk01", Wish(CHARGE, 3000))
    assert len(printer.amounts()) == 1
    street.centre.centre.registrar.say([Terms(rights_on_receipts=True)])
    street.talk("desk01")
    street.hold("desk01", Wish(PAY, 1280))
    assert printer.amounts() == [("お支払い Paid", 1280), ("この端末で使える額 Usable here", 1720)]
    street.units["desk01"].running.receipts.give_again("")
    assert printer.amounts() == [("お支払い Paid", 1280)], "what is left now is not what was left then"


def test_nothing_is_printed_of_what_was_refused_or_only_asked(street: Street, printer: Printer) -> None:
    street.hold("desk01", Wish(PAY, 1280))
    street.hold("desk01", Wish())
    assert printer.slips == []
    with pytest.raises(NoReceiptError):
        street.units["desk01"].running.receipts.give_again("")


def test_the_same_touch_again_prints_nothing_again(street: Street, printer: Printer) -> None:
    street.hold("desk01", Wish(CHARGE, 3000))
    street.units["desk01"].tap(street.card)
    assert len(printer.slips) == 1


def test_an_earlier_receipt_is_given_again_and_says_so(street: Street, printer: Printer) -> None:
    street.hold("desk01", Wish(CHARGE, 3000))
    charged, code = street.last, printer.code()
    street.hold("desk01", Wish(PAY, 1280))
    receipts = street.units["desk01"].running.receipts
    receipts.give_again(charged)
    assert (printer.last.number, printer.slips[-1][1], printer.code()) == (charged, True, code)
    receipts.give_again(charged.removeprefix("desk01/"))
    assert printer.last.number == charged
    boot = charged.split("/")[1]
    for name in (f"desk01/{boot}/1", f"desk01/{boot}/999", f"shop01/{boot}/2", "desk01/x", "../../etc", "あ"):
        with pytest.raises(NoReceiptError):
            receipts.give_again(name)
    assert len(printer.slips) == 4


def test_an_amount_that_the_disk_has_changed_is_told_to_nobody(street: Street, printer: Printer) -> None:
    street.hold("desk01", Wish(CHARGE, 3000))
    charged = street.last
    street.hold("desk01", Wish(PAY, 1280))
    journal = street.units["desk01"].running.opened.journal
    journal.connection.execute("DROP TRIGGER entry_stays")
    journal.connection.execute("UPDATE entry SET body = replace(body, '3000', '9000')")
    with pytest.raises(NoReceiptError):
        street.units["desk01"].running.receipts.give_again(charged)
    assert len(printer.slips) == 2


def test_a_payment_whose_beep_the_power_cut_off_is_printed_as_a_copy(street: Street) -> None:
    """It may have come out already: nobody knows."""
    street.hold("desk01", Wish(CHARGE, 3000))
    charged = street.last
    street.units["desk01"].crash()
    street.units["desk01"].start()
    printer = Printer(street)
    assert street.hold("desk01", Wish()) == "COI-032"
    assert [(slip.number, again) for slip, again in printer.slips] == [(charged, True)]


def test_paper_that_ran_out_is_said_and_stops_nobody(street: Street, printer: Printer) -> None:
    receipts = street.units["desk01"].running.receipts
    street.hold("desk01", Wish(CHARGE, 3000))
    receipts.told(printer.last.number, Printed(Reach.NOTHING, 0, 9, marked=False, trouble=Trouble.PAPER))
    assert receipts.trouble is Trouble.PAPER
    assert street.hold("desk01", Wish(PAY, 500)) == "COI-020"
    receipts.told(printer.last.number, Printed(Reach.WHOLE, 9, 9, marked=False))
    assert receipts.trouble is None
