"""The office gives money to cards: all of a list or nothing of it, and nothing twice for one reference."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
import sqlalchemy as sa

from central.calendar import day_at
from central.centre import Centre
from central.reconcile import statement
from programs.coin.agreed import agreed_in
from programs.coin.entries import YEN_MAX
from programs.coin.law import Law
from programs.coin.lots import books
from programs.coin.lots.days import written
from programs.coin.lots.facts import Given
from programs.coin.lots.fold import GUARANTEE
from programs.coin.lots.notes import issued
from sync.directory import card_key
from sync.entries import Fact
from sync.facts import CardSet, CardState
from sync.messages import OFFICE_STREAM

_CARD_DIGITS: Final = frozenset("0123456789abcdef")


class Refusal(msgspec.Struct, frozen=True):
    """Why one of several was refused; `at`: which, counted from 0."""

    at: int
    why: str


class NotGivenError(Exception):
    """Some cannot be given, so nothing was."""

    def __init__(self, refusals: Sequence[Refusal]) -> None:
        super().__init__("; ".join(refusal.why for refusal in refusals))
        self.refusals = tuple(refusals)


class Outcome(msgspec.Struct, frozen=True):
    """What was given now, and what had been given before for the same references."""

    given: tuple[Given, ...]
    already: tuple[Given, ...]


def give(centre: Centre, wanted: Sequence[Given], *, to_anybody: bool = False) -> Outcome:
    """Give money to cards; the day of each is today, whatever it says.

    Args:
        to_anybody: also to cards of which the town knows nothing yet.

    Raises:
        NotGivenError: one or more cannot be given; nothing is.
    """
    with centre.reconciler.counted() as connection:
        day = day_at(connection, centre.town.clock.wall_ms())
        refs = {one.ref for one in wanted} - {""}
        earlier = {ref: found for ref in refs if (found := books.given_for(connection, ref))}
        gifts = [_dated(connection, one, day, earlier.get(one.ref)) for one in wanted]
        law = agreed_in(connection).terms.law
        whys = (
            why_not(one, earlier) or _why_not_by_law(law, one, earlier) or _why_not_to(connection, one, to_anybody)
            for one in gifts
        )
        refusals = [Refusal(at, why) for at, why in enumerate(whys) if why]
        if refusals := sorted([*refusals, *_twice(gifts)], key=lambda refusal: refusal.at):
            raise NotGivenError(refusals)
        new = [one for one in gifts if one.ref not in earlier]
        if new:
            centre.streams.append(connection, OFFICE_STREAM, new)
    return Outcome(tuple(new), tuple(one for one in gifts if one.ref in earlier))


def _dated(connection: sa.Connection, gift: Given, day: int, before: Given | None) -> Given:
    """Return something as it is given on a day; if nobody says otherwise, certificates are good as long as their issue.

    Args:
        before: what was given for the same reference; the issue may have been changed since.
    """
    expires = gift.expires
    if gift.issue and not expires:
        issue = issued(connection, gift.issue).issue
        expires = before.expires if before else issue.expires if issue else 0
    return msgspec.structs.replace(gift, day=day, expires=expires)


def why_not(gift: Given, earlier: Mapping[str, Given]) -> str:
    """Return why something cannot be given, by itself and what was given before; "" if it can."""
    before = earlier.get(gift.ref)
    if before is None:
        return _why_not_by_itself(gift)
    if msgspec.structs.replace(before, day=gift.day) == gift:
        return ""
    return f'"{gift.ref}" was given already, but as ¥{before.yen} to card {before.card}; give this another id'


def _why_not_by_law(law: Law, gift: Given, earlier: Mapping[str, Given]) -> str:
    """Return why the law does not let something be given now; what was given before is not given again."""
    return "" if gift.ref in earlier else law.why_not_good_until(gift.day, gift.expires)


def _why_not_by_itself(gift: Given) -> str:
    if len(gift.card) != 32 or not _CARD_DIGITS.issuperset(gift.card):  # noqa: PLR2004 - as `sync.entries.Card`
        return f'"{gift.card}" is no card; its name has 32 hex digits, as `machi central card add` prints it'
    if not 1 <= gift.yen <= YEN_MAX:
        return f"¥{gift.yen} cannot be given; from ¥1 to ¥{YEN_MAX}"
    if 0 < gift.expires < gift.day:
        return f"it would have run out on {written(gift.expires)} already"
    if gift.fund == GUARANTEE.partition("/")[2]:
        return f'the fund "{gift.fund}" makes good what units have lost; name another'
    return why_unwritable(gift)


def why_unwritable(fact: Fact) -> str:
    """Return what is wrong with the form of a fact: a text that is too long, a fund of an impossible name; or ""."""
    try:
        msgspec.json.decode(msgspec.json.encode(fact), type=type(fact))
    except (msgspec.ValidationError, UnicodeEncodeError) as error:
        return f"this cannot be written down: {error}"
    return ""


def _why_not_to(connection: sa.Connection, gift: Given, to_anybody: bool) -> str:
    card = gift.card
    if gift.issue and not issued(connection, gift.issue).issue:
        return f'there is no issue "{gift.issue}"; say what it is with `machi central coin issue`'
    if is_stopped(connection, card):
        return f"card {card} is stopped; give it to the holder's new card"
    is_known = to_anybody or statement(connection, card_key(card)).fact or books.is_known(connection, card)
    return "" if is_known else f"the town knows no card {card}; is it typed right? If so, give with --to-anybody"


def is_stopped(connection: sa.Connection, card: str) -> bool:
    """Tell whether the office has stopped a card."""
    said = statement(connection, card_key(card)).fact
    return isinstance(said, CardSet) and said.state is CardState.STOPPED


def _twice(gifts: Sequence[Given]) -> list[Refusal]:
    """Return a refusal for everything whose reference stands further up already."""
    first: dict[str, int] = {}
    return [
        Refusal(at, f'"{gift.ref}" stands twice in this list')
        for at, gift in enumerate(gifts)
        if gift.ref and first.setdefault(gift.ref, at) != at
    ]
