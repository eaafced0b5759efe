"""The office's side of the fund that stands in where the town cannot be asked: put money in, give up what is owed."""

from central.centre import Centre
from central.granting import waits_for
from programs.coin.insured.books import owed_by
from programs.coin.insured.facts import FUND, FundSet, WrittenOff
from sync.messages import OFFICE_STREAM


class NoFundError(Exception):
    """Nothing was booked; the message says why."""


def put(centre: Centre, yen: int, because: str) -> FundSet:
    """Put so much into the fund, or take so much out of what no unit may promise (below zero).

    Raises:
        NoFundError: so much is not free, or somebody has not been heard since this centre was restored.
    """
    with centre.granter.deal() as deal:
        if yen < 0 and deal.unheard:
            raise NoFundError(waits_for(deal.unheard))
        if -yen > (free := deal.free(FUND)):
            raise NoFundError(
                f"{free} yen of the fund are free; units may promise the rest: switch it off first (--off)"
            )
        said = FundSet(yen, because)
        centre.streams.append(deal.connection, OFFICE_STREAM, [said])
    return said


def owed(centre: Centre, card: str) -> int:
    """Return what a card owes the fund."""
    with centre.reconciler.counted() as connection:
        return owed_by(connection, card)


def give_up(centre: Centre, card: str, because: str) -> WrittenOff:
    """Let the fund bear what a card owes it.

    Raises:
        NoFundError: it owes nothing.
    """
    with centre.reconciler.counted() as connection:
        yen = owed_by(connection, card)
        if yen <= 0:
            raise NoFundError(f"card {card} owes the fund nothing")
        said = WrittenOff(card, yen, because)
        centre.streams.append(connection, OFFICE_STREAM, [said])
    return said
