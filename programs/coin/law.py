"""What the law asks of whoever issues the coin: it depends on who that is, and the town says it in its terms.

資金決済に関する法律 (Payment Services Act), Articles 3 to 23, its Enforcement Order (同施行令), and the Cabinet Office
Order on prepaid payment instruments (前払式支払手段に関する内閣府令, "Order" below). Every rule stands once, in
`DUTIES` and the figures above it; what they forbid is refused where it would happen, in the words of this page. Which
regime applies to a town, its lawyers say.
"""

from datetime import date
from enum import StrEnum
from typing import Final

import msgspec

from sync.months import later

BASE_DATES: Final = ((3, 31), (9, 30))  # 基準日, Art. 3 (2)
SECURED_FROM_YEN: Final = 10_000_000  # Art. 14, Enforcement Order Art. 6
DUE_MONTHS: Final = 2  # after a base date: for the report (Art. 23) and for the deposit (Art. 14, Order Art. 24)
CASH_OF_ISSUED_PERCENT: Final = 20  # Order Art. 42 (1) (i)
CASH_OF_UNUSED_PERCENT: Final = 5  # Order Art. 42 (1) (ii)
_HUNDRED: Final = 100


class Regime(StrEnum):
    """Who issues the coin."""

    MUNICIPAL = "municipal"
    THIRD_PARTY = "third-party"
    OWN_SHOP = "own-shop"
    SIX_MONTHS = "six-months"


class Cause(StrEnum):
    """Why somebody is to get cash for what is on a card."""

    ASKED = "asked"  # the holder wants it
    MISTAKE = "mistake"  # too much was charged, or over the town's limit
    MOVED = "moved"  # the holder moved to where the coin cannot be used
    DIED = "died"  # the holder died; the heirs get it


UNAVOIDABLE: Final = frozenset({Cause.MOVED, Cause.DIED})
"""Causes that no holder can help: Order Art. 42 (1) (iii)."""


class Duties(msgspec.Struct, frozen=True):
    """What one regime asks.

    Attributes:
        ja, en: who issues the coin.
        paragraph: what makes it so.
        reports: what is unused is reported on each base date.
        secures: half of what is unused is deposited, once that is more than ¥10,000,000.
        may_give_cash: whether the law lets money on a card be given back in cash whenever somebody asks (Art. 20 (5)).
            A payment can be made void in every regime.
        months: after so many months money on a card has to be void, or 0.
    """

    ja: str
    en: str
    paragraph: str
    reports: bool
    secures: bool
    may_give_cash: bool
    months: int = 0


DUTIES: Final[dict[Regime, Duties]] = {
    Regime.MUNICIPAL: Duties(
        ja="町が発行(適用除外)",
        en="issued by the town itself: exempt",
        paragraph="資金決済法4条3号 / Payment Services Act, Art. 4 (iii)",
        reports=False,
        secures=False,
        may_give_cash=True,
    ),
    Regime.THIRD_PARTY: Duties(
        ja="第三者型(登録)",
        en="usable at many shops: registered",
        paragraph="資金決済法7条 / Payment Services Act, Art. 7",
        reports=True,
        secures=True,
        may_give_cash=False,
    ),
    Regime.OWN_SHOP: Duties(
        ja="自家型(届出)",
        en="usable at the issuer's own shops only",
        paragraph="資金決済法5条 / Payment Services Act, Art. 5",
        reports=True,
        secures=True,
        may_give_cash=False,
    ),
    Regime.SIX_MONTHS: Duties(
        ja="6か月以内の商品券(適用除外)",
        en="good for six months from its issue: exempt",
        paragraph="資金決済法4条2号・施行令4条2項 / Payment Services Act, Art. 4 (ii)",
        reports=False,
        secures=False,
        may_give_cash=True,
        months=6,
    ),
}


class HalfYear(msgspec.Struct, frozen=True):
    """What limits cash for coin between two base dates (yen).

    Attributes:
        issued: what was paid onto cards in the half-year before.
        unused: what was on cards at the last base date.
        given: what was given back in cash since then.
    """

    issued: int
    unused: int
    given: int

    @property
    def allowed(self) -> int:
        """Return how much may be given back in all: one of the two limits is enough."""
        return max(self.issued * CASH_OF_ISSUED_PERCENT, self.unused * CASH_OF_UNUSED_PERCENT) // _HUNDRED


class Law(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who issues the coin in this town, in the eyes of the law."""

    regime: Regime = Regime.MUNICIPAL

    @property
    def duties(self) -> Duties:
        return DUTIES[self.regime]

    def to_secure(self, unused: int) -> int:
        """Return how much has to be deposited, or guaranteed by a bank or trust, when so much is unused."""
        return -(-unused // 2) if self.duties.secures and unused > SECURED_FROM_YEN else 0

    def last_day(self, day: int) -> int:
        """Return the last day on which what is issued on a day may be good; 0: for ever.

        The day of issue counts, so that it is never a day too long.
        """
        return later(day, self.duties.months) - 1 if self.duties.months else 0

    def why_not_good_until(self, issued: int, expires: int) -> str:
        """Return why money that is issued on a day cannot be good until another (0: for ever); "" if it can."""
        last = self.last_day(issued)
        if not last or 0 < expires <= last:
            return ""
        return (
            f"{self.duties.ja}: 発行の日から{self.duties.months}か月をこえて使えるお金は出せません。 Under "
            f'"{self.regime}" money must run out within {self.duties.months} months of its issue '
            f"({self.duties.paragraph})"
        )

    def why_no_cash(self, cause: Cause, yen: int, half: HalfYear) -> str:
        """Return why somebody cannot get cash for what is on a card; "" if he can."""
        if self.duties.may_give_cash or cause in UNAVOIDABLE or half.given + yen <= half.allowed:
            return ""
        left = max(0, half.allowed - half.given)
        return (
            f"{self.duties.ja}: 払戻しは原則できません。この半年に渡せる現金はあと {left}円です。 Cash for coin is "
            f"forbidden but for small sums and unavoidable causes; {left} yen are left in this half-year "
            "(資金決済法20条5項・前払府令42条 / Payment Services Act, Art. 20 (5), Order Art. 42)"
        )


def is_base_date(day: date) -> bool:
    return (day.month, day.day) in BASE_DATES


def previous_base_date(day: date) -> date:
    """Return the last base date before a day."""
    dates = [date(year, month, at) for year in (day.year - 1, day.year) for month, at in BASE_DATES]
    return max(one for one in dates if one < day)
