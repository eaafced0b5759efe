"""A desk is lost, and things turn up in whatever order: in the end everybody has what is his."""

import contextlib
import random

import pytest

from central import ledger
from programs.coin.postings import FUND, in_suspense
from programs.coin.procedures import losses
from programs.coin.procedures.losses import NotDueError
from programs.coin.rules import CHARGE, PAY, VOID
from programs.coin.terms import AfterLoss, Terms
from sync.program import Wish
from tests.programs.coin.street import Street

ACTS_BEFORE, ACTS_AFTER = 8, 6


@pytest.mark.parametrize("seed", range(6))
def test_nobody_loses_and_the_fund_no_more_than_was_said(street: Street, seed: int) -> None:
    dice = random.Random(f"lost desk {seed}")  # noqa: S311 - a test wants dice that can be thrown again
    centre = street.centre.centre
    centre.registrar.say([Terms(after_loss=AfterLoss(wait_days=0))])
    charged, paid = play(street, dice)
    centre.losses.give_up("desk01", stolen=False, reason="the disk is dead")
    heard = street.balance("shop/hall")
    at_most = 0  # as the office was told before it said yes
    for _ in range(ACTS_AFTER):
        at_most = max(at_most, losses.look(centre, "desk01").left)
        act(street, dice, unheard=paid - heard)
    street.bring("desk01")
    with contextlib.suppress(NotDueError):
        losses.clear(centre, "desk01", found=True)
    free, fund = street.balance(ledger.free(street.what)), street.balance(FUND)
    assert street.balance(in_suspense("desk01", 1, street.name)) == 0
    assert (street.balance("shop/hall"), street.balance("cash/desk01")) == (paid, -charged)
    assert free >= charged - paid, "the card has what is its own"
    assert free - (charged - paid) == -fund <= at_most, "and what it has too much, the fund bears"
    assert not [name for name in street.books() if name.startswith(ledger.SHORT)]


def play(street: Street, dice: random.Random) -> tuple[int, int]:
    """Let the resident charge, pay and take back at a desk that is heard now and then; return how much in all."""
    charged = paid = 0
    sales: list[tuple[str, int]] = []
    for _ in range(ACTS_BEFORE):
        yen = dice.randrange(1, 1000)
        match dice.randrange(5):
            case 0:
                street.units["desk01"].stop()
                street.units["desk01"].start()
            case 1:
                street.talk("desk01")
            case 2 if sales:
                sale, yen = sales.pop()
                assert street.hold("desk01", Wish(VOID, about=sale)) == "COI-043"
                paid -= yen
            case 3 if street.rights("desk01") >= yen:
                street.hold("desk01", Wish(PAY, yen, is_sure=True))
                sales.append((street.last, yen))
                paid += yen
            case _:
                street.hold("desk01", Wish(CHARGE, 2000))
                charged += 2000
    return charged, paid


def act(street: Street, dice: random.Random, unheard: int) -> None:
    """Let the office do something about it, or somebody find a part of the journal."""
    centre = street.centre.centre
    with contextlib.suppress(NotDueError):
        match dice.randrange(4):
            case 0:
                losses.make_whole(centre, "desk01")
            case 1:
                losses.clear(centre, "desk01", found=False)
            case 2:
                street.bring("desk01", dice.randrange(1, 4))
            case _:
                left = unheard - losses.look(centre, "desk01").compensated
                if left > 0:
                    losses.compensate(centre, "desk01", None, "hall", left, "receipts", beyond=True)
