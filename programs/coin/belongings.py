"""What the coin keeps for a card, for the desk where cards are renewed and lost: its money and its points."""

from central.belongings import Belonging, BelongingsError
from central.centre import Centre
from programs.coin.procedures import moving
from programs.coin.procedures.moving import NotMovableError


class CoinBelongings:
    """See `central.belongings.Belongings`."""

    def of(self, centre: Centre, card: str) -> Belonging:
        with centre.reconciler.counted() as connection:
            has = moving.held(connection, card)
        yen = has.free + has.at_most
        return Belonging(
            "coin",
            f"コイン {yen:,}円、{has.points:,}ポイント",
            f"{yen:,} yen and {has.points:,} points of the coin",
            bool(yen or has.points),
            len(has.at_units) + bool(has.by_counter),
            has.at_most,
        )

    def move(self, centre: Centre, old: str, new: str) -> None:
        try:
            moving.move(centre, old, new)
        except NotMovableError as error:
            raise BelongingsError(str(error)) from error


BELONGINGS = CoinBelongings()
