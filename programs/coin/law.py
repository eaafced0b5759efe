"""What the law asks of whoever issues the coin: it depends on who that is, and the town says it in its terms.

資金決済に関する法律 (Payment Services Act), Articles 3 to 23, and its Enforcement Order (同施行令). This page
knows what the office has to do differently; what applies to a town, its lawyers say.
"""

from datetime import date
from typing import Final, Literal

import msgspec

Regime = Literal["municipal", "third-party", "own-shop", "six-months"]
BASE_DATES: Final = ((3, 31), (9, 30))  # 基準日, Art. 3 (2)
SECURED_FROM_YEN: Final = 10_000_000  # Art. 14, Enforcement Order Art. 6


class Duties(msgspec.Struct, frozen=True):
    """What one regime asks.

    Attributes:
        ja, en: who issues the coin.
        reports: what is unused is reported on each base date.
        secures: half of what is unused is deposited, once that is more than ¥10,000,000.
        may_give_cash: whether the law lets money on a card be given back in cash whenever somebody asks (Art. 20 (5)).
            A payment can be made void in every regime.
        months: after so many months money on a card has to be void, or 0.
    """

    ja: str
    en: str
    reports: bool
    secures: bool
    may_give_cash: bool
    months: int = 0


DUTIES: Final[dict[str, Duties]] = {
    "municipal": Duties(
        ja="町が発行(法4条3号により適用除外)",
        en="issued by the town itself: exempt, Art. 4 (iii)",
        reports=False,
        secures=False,
        may_give_cash=True,
    ),
    "third-party": Duties(
        ja="第三者型(登録)",
        en="usable at many shops, registered: Art. 7",
        reports=True,
        secures=True,
        may_give_cash=False,
    ),
    "own-shop": Duties(
        ja="自家型(届出)",
        en="usable at the issuer's own shops only: Art. 5",
        reports=True,
        secures=True,
        may_give_cash=False,
    ),
    "six-months": Duties(
        ja="6か月以内の商品券(適用除外)",
        en="good for six months from its issue: exempt, Art. 4 (ii)",
        reports=False,
        secures=False,
        may_give_cash=True,
        months=6,
    ),
}


class Law(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who issues the coin in this town, in the eyes of the law."""

    regime: Regime = "municipal"

    @property
    def duties(self) -> Duties:
        return DUTIES[self.regime]

    def to_secure(self, unused: int) -> int:
        """Return how much has to be deposited, or guaranteed by a bank or trust, when so much is unused."""
        return -(-unused // 2) if self.duties.secures and unused > SECURED_FROM_YEN else 0


def is_base_date(day: date) -> bool:
    return (day.month, day.day) in BASE_DATES


def previous_base_date(day: date) -> date:
    """Return the last base date before a day."""
    dates = [date(year, month, at) for year in (day.year - 1, day.year) for month, at in BASE_DATES]
    return max(one for one in dates if one < day)
