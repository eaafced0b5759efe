"""Practice: everything but the money, in a journal of its own that nobody can take for the unit's."""

from collections.abc import Iterator
from typing import Final

import pytest

from appliance import practice
from appliance.feedback import Feedback, Shown
from appliance.opening import World
from appliance.unit import Unit
from central.refusal import RefusedError
from drivers.entropy.sim import Driver as Entropy
from drivers.light.sim import Driver as Light
from drivers.printer import Code, Slip, Words
from drivers.sound.sim import Driver as Sound
from programs.coin.entries import Charge, Pay, Void
from programs.coin.rules import CHARGE, PAY, REFUND, VOID
from programs.coin.terminal import PRACTICE_YEN, Sheet
from programs.coin.terms import Terms
from programs.coin.till.acts import CLOSE
from programs.coin.till.facts import Closing, Sums
from simulation.unit import _WORDS as WORDS
from simulation.unit import SimUnit
from sync.messages import text
from sync.program import Act, Wish, WishError
from sync.segment import pack, to_text
from tests.programs.coin.street import Street
from tests.programs.coin.test_till import sheet, written

GIVEN: Final = 5_000


class Trainee:
    """A unit's practice, and a card that is held to it as to the real one."""

    def __init__(self, street: Street, name: str, dice: str = "practice") -> None:
        self.street = street
        self.real: SimUnit = street.units[name]
        self.said: list[Shown] = []
        self.unit = self.begin(dice)

    def begin(self, dice: str) -> Unit:
        real, entropy = self.real, Entropy(Entropy.Options(dice))
        world = World(real.disk, real.keystore, real.clock, entropy, real.monotonic)
        feedback = Feedback(Light(), Sound(), WORDS, self.said.append)
        return practice.begin(world, real.running, self.street.mint.trust(), feedback)

    def hold(self, wish: Wish) -> str:
        """Hold the resident's card to the practice; the reader is the unit's own."""
        self.unit.tap.set(wish)
        serving, self.real.unit = self.real.unit, self.unit
        try:
            self.real.reader.present(self.street.card)
            self.real.reader.remove()
        finally:
            self.real.unit = serving
        return self.said[-1].message

    @property
    def sheet(self) -> Sheet:
        found = self.unit.staff.sheet().counter
        assert isinstance(found, Sheet)
        return found


@pytest.fixture
def street() -> Iterator[Street]:
    street = Street()
    street.centre.centre.registrar.say([Terms(points_per_100_yen=3, refund_days=7)])
    street.talk("desk01")
    street.give("shop01", GIVEN)
    yield street
    for unit in street.units.values():
        unit.stop()


def test_a_sale_is_like_a_real_one_and_nothing_of_it_is(street: Street) -> None:
    shop = street.units["shop01"].running
    before, tip = street.rights("shop01"), shop.opened.journal.tip
    trainee = Trainee(street, "shop01")
    assert trainee.hold(Wish(PAY, 1_280)) == "COI-020"
    assert trainee.said[-1].values == {"yen": 1_280, "points": 36}, "by the town's own terms"
    sale = trainee.said[-1].entry
    assert trainee.hold(Wish(REFUND, 280, about=sale)) == "COI-072", "who learns may try everything"
    assert trainee.hold(Wish(PAY, 500)) == "COI-020"
    assert trainee.hold(Wish(VOID, about=trainee.said[-1].entry)) == "COI-043"
    assert trainee.unit.staff.do(Act(CLOSE)).message == "COI-050"
    assert (trainee.sheet.last.number if trainee.sheet.last else 0) == 1
    trainee.unit.close()
    assert (street.rights("shop01"), shop.opened.journal.tip) == (before, tip)
    assert written(street, "shop01", Pay, Void, Closing) == []
    assert sheet(street, "shop01").sums == Sums()
    assert shop.hatch.backlog().unsent == 0
    street.talk("shop01")
    assert street.balance("shop/fish") == 0


def test_every_card_has_something_to_spend_and_no_more(street: Street) -> None:
    trainee = Trainee(street, "shop02")
    assert street.rights("shop02") == 0
    assert trainee.hold(Wish(PAY, PRACTICE_YEN + 1)) == "COI-011"
    assert trainee.hold(Wish(PAY, PRACTICE_YEN)) == "COI-020"
    street.clock.advance(10)
    assert trainee.hold(Wish(PAY, 1)) == "COI-010", "given once"
    trainee.unit.close()


def test_a_desk_practises_too(street: Street) -> None:
    charged = len(written(street, "desk01", Charge))
    trainee = Trainee(street, "desk01")
    assert trainee.hold(Wish(CHARGE, 3_000)) == "COI-031"
    trainee.unit.close()
    assert len(written(street, "desk01", Charge)) == charged


def test_no_real_name_of_a_card_is_in_its_journal(street: Street) -> None:
    trainee = Trainee(street, "shop01")
    trainee.hold(Wish(PAY, 300))
    rows = trainee.unit.opened.journal.select("SELECT body FROM entry")
    assert any('"kind":"coin.pay","unit":"practice"' in body for (body,) in rows)
    assert not any(street.name in body or "shop01" in body for (body,) in rows)
    trainee.unit.close()


def test_the_town_takes_nothing_of_it_whoever_carries_it(street: Street) -> None:
    trainee = Trainee(street, "shop01")
    trainee.hold(Wish(PAY, 300))
    journal = trainee.unit.opened.journal
    assert journal.tip is not None
    (boot,) = journal.select("SELECT body FROM entry WHERE seq = 1")[0]
    assert text(street.units["shop01"].keystore.public) not in boot, "nor is it signed by a key that the town knows"
    segment = journal.segment(journal.tip.boot, 1, bytes(32))
    assert segment is not None
    with pytest.raises(RefusedError):
        street.centre.centre.intake.carry_in(pack(to_text(segment)), found=True)
    trainee.unit.close()


def test_its_receipts_say_so_and_prove_nothing(street: Street) -> None:
    trainee = Trainee(street, "shop01")
    slips: list[Slip] = []
    trainee.unit.receipts.print = lambda slip, _again: slips.append(slip)
    trainee.hold(Wish(PAY, 300))
    (slip,) = slips
    texts = [line.text for line in slip.lines if isinstance(line, Words)]
    assert texts[0] == texts[-1] == "練習 TRAINING"
    assert not any(isinstance(line, Code) for line in slip.lines)
    assert "お金は動いていません。No money moved." in texts
    trainee.unit.close()


def test_no_phone_is_shown_a_bill_that_it_would_really_pay(street: Street) -> None:
    street.centre.centre.registrar.say([Terms(network="jp.example.todai")])
    street.talk("shop01")
    assert street.units["shop01"].running.receipts.bill(Wish(PAY, 300), "1") != ""
    trainee = Trainee(street, "shop01")
    assert trainee.unit.receipts.bill(Wish(PAY, 300), "1") == ""
    trainee.unit.close()


def test_each_practice_begins_with_nothing(street: Street) -> None:
    first = Trainee(street, "shop01")
    first.hold(Wish(PAY, 300))
    first.unit.close()
    second = Trainee(street, "shop01", "other dice")
    assert second.sheet.sums == Sums()
    assert second.unit.opened.journal.select("SELECT body FROM entry WHERE body LIKE '%coin.pay%'") == []
    second.unit.close()


def test_a_power_cut_in_practice_leaves_the_real_journal_as_it_was(street: Street) -> None:
    shop = street.units["shop01"]
    tip = shop.running.opened.journal.tip
    trainee = Trainee(street, "shop01")
    trainee.hold(Wish(PAY, 300))
    shop.crash()
    shop.start()
    assert tip is not None
    assert shop.running.opened.journal.stored(tip.boot, tip.seq) is not None
    assert shop.running.opened.missing == 0
    assert street.hold("shop01", Wish(PAY, 300)) == "COI-020"
    again = Trainee(street, "shop01", "other dice")
    assert again.sheet.sums == Sums()
    again.unit.close()


def test_where_nothing_is_sold_there_is_nothing_to_practise(street: Street) -> None:
    library = SimUnit(street.centre.centre, "lib01", "hall", street.clock, street.mint.trust(), "practice")
    street.units["lib01"] = library
    with pytest.raises(WishError):
        Trainee(street, "lib01")
