"""Cards that are renewed, lost or given back, with what lies on them: as the desk does it, by command or page."""

from collections.abc import Iterable, Sequence

from central import belongings
from central.belongings import Belonging
from central.centre import Centre
from central.reading import CardReading
from central.residents.deciding import DeskError
from sync.residents import CardEnd


def renew(centre: Centre, who: str, old: str, reading: CardReading, by: str) -> tuple[str, str, Sequence[Belonging]]:
    """Let the card that was read take the place of an old one; everything goes over.

    Doing it again asks once more for what has not come back.

    Returns:
        The file's number, the new card's name, and what still lies on the old one.

    Raises:
        DeskError, BelongingsError: it cannot be.
    """
    holder, new = centre.registration.renew_card(who, old, reading, by)
    belongings.move(centre, old, new)
    return holder, new, belongings.of(centre, old)


def end(centre: Centre, who: str, card: str, why: CardEnd, by: str, to: str = "") -> tuple[str, Sequence[Belonging]]:
    """Stop a card; return the file's number and what still lies on it.

    Args:
        to: another card of theirs, to which everything goes over; or "".

    Raises:
        DeskError, BelongingsError: it cannot be.
    """
    if to and (to == card or to not in centre.registration.standing(who).active):
        raise DeskError(
            "移し先は この人の ほかの 使えるカードです。(RSD-017)",
            "What lies on it can go to another of their cards in use. (RSD-017)",
        )
    holder = centre.registration.end_card(who, card, why, by)
    if to:
        belongings.move(centre, card, to)
    return holder, belongings.of(centre, card)


def warnings(had: Iterable[Belonging]) -> list[tuple[str, str]]:
    """Say, in Japanese and English, what still lies on a card that was stopped, and what can be spent of it."""
    said = []
    for one in had:
        if one.is_any:
            said.append((f"残り: {one.ja}", f"left on it: {one.en}"))
        if one.at_most:
            said.append(_at_most(one.units, one.at_most))
    return said


def _at_most(units: int, yen: int) -> tuple[str, str]:
    return (
        f"止めても、まだ聞いていない端末 {units}台では 最大 {yen:,}円まで使われることがあります。(RSD-013)",
        f"{units} units that have not heard of it may still let {yen:,} yen be spent. (RSD-013)",
    )
