"""The terms of the coin in this town, as the office said them last: steps, ceiling, points, when shops are paid.

Every figure is the town's to choose. Until it has said anything, the figures below count.
"""

from typing import Annotated, Final, Literal

import msgspec

from programs.coin.law import Law
from sync.entries import Entry, Fact
from sync.program import Fold, Operator

TERMS_READER: Final = "coin-terms"
TERMS_KEY: Final = "terms"
_PER_YEN: Final = 100

Step = Annotated[int, msgspec.Meta(ge=1, le=100_000)]
Ceiling = Annotated[int, msgspec.Meta(ge=1, le=10_000_000)]
Points = Annotated[int, msgspec.Meta(ge=0, le=100)]
DayOfMonth = Annotated[int, msgspec.Meta(ge=1, le=31)]
Day = Annotated[int, msgspec.Meta(ge=0, le=100_000)]

BEFORE: Final = "before"
AFTER: Final = "after"


class Settling(msgspec.Struct, frozen=True, omit_defaults=True):
    """When shops are paid, and from how much on.

    Attributes:
        closes: the days of a month on which a period ends; 31 is the last of every month. It is paid on the closing day
            that follows: see `settlement/calendar.py`.
        if_closed: whether the working day before or after a pay day counts on which banks are closed.
        minimum_yen: less than this waits for the next time.
        holidays: days since 1970-01-01 on which banks are closed; weekends and 31 December to 3 January are known.
    """

    closes: Annotated[tuple[DayOfMonth, ...], msgspec.Meta(min_length=1, max_length=31)] = (15, 31)
    if_closed: Literal["before", "after"] = AFTER
    minimum_yen: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 1_000
    holidays: Annotated[tuple[Day, ...], msgspec.Meta(max_length=400)] = ()


GoodDays = Annotated[int, msgspec.Meta(ge=0, le=10_000)]
Days = Annotated[int, msgspec.Meta(ge=0, le=365)]


class AfterLoss(msgspec.Struct, frozen=True, omit_defaults=True):
    """What counts when something was lost.

    Attributes:
        wait_days: so long a lost unit's journal is looked for before the fund pays what the unit held.
    """

    wait_days: Days = 7


Stake = Annotated[int, msgspec.Meta(ge=1, le=100_000)]


class Insuring(msgspec.Struct, frozen=True, omit_defaults=True):
    """Whether the fund stands in where the town cannot be asked, and how far.

    Attributes:
        card_yen: no more than this for one card at one unit, until the centre has heard of it.
        unit_yen: no more than this at one unit in one outage.
    """

    is_on: bool = False
    card_yen: Stake = 2_000
    unit_yen: Stake = 10_000


class ByCounter(msgspec.Struct, frozen=True, omit_defaults=True):
    """Whether cards with a counter of their own are paid with by it, and how much a step stands for."""

    is_on: bool = False
    step_yen: Annotated[int, msgspec.Meta(ge=100, le=100_000)] = 3_000


AtOnce = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]
AMonth = Annotated[int, msgspec.Meta(ge=0, le=10_000_000)]
Network = Annotated[str, msgspec.Meta(pattern=r"^([a-z0-9-]+(\.[a-z0-9-]+)+)?$", max_length=32)]
RefundDays = Annotated[int, msgspec.Meta(ge=0, le=90)]
CloseMinute = Annotated[int, msgspec.Meta(ge=-1, le=1_439)]


class Terms(Fact, frozen=True, tag="coin.terms"):
    """What the office says of the coin.

    Attributes:
        step_yen: cash is charged in multiples of this.
        ceiling_yen: no more than this on one card, as far as the desk that charges knows.
        points_per_100_yen: what a payment earns for each whole ¥100.
        settling: when shops are paid.
        cash_good_days: for so many days after the day of a charge the money is good; 0: for ever.
        after_loss: what counts when something was lost.
        law: who issues the coin in the eyes of the law.
        token_yen: the most that is paid at once with something that does not prove that a card is here: a code, a tag.
        network: the town's own domain, backwards ("jp.example.town"), by which its shops' codes are known; "": none.
        rights_on_receipts: a receipt says how much can still be spent at the unit.
        close_minute: so many minutes after midnight every till is closed, if nobody has done it; -1 for never.
        refund_days: so many days after a payment the shop itself may give some of it back; 0: the town hall does.
        pin_over_yen: a payment of more than this takes the resident's PIN, or a signature; 0: none does.
        supervised: where people sign in, another's sale is taken back, and a drawer opened, by a supervisor only.
        month_yen: no more cash than this is charged on one card in a month; 0: as much as anybody likes.
        cash_out: the office gives cash for coin, as far as the law lets it.
        insured: whether the fund stands in where the town cannot be asked.
        counter: whether cards with a counter of their own are paid with by it.
    """

    step_yen: Step = 1_000
    ceiling_yen: Ceiling = 50_000
    points_per_100_yen: Points = 10
    settling: Settling = Settling()
    cash_good_days: GoodDays = 0
    after_loss: AfterLoss = AfterLoss()
    law: Law = Law()
    token_yen: AtOnce = 1_000_000
    network: Network = ""
    rights_on_receipts: bool = False
    close_minute: CloseMinute = -1
    refund_days: RefundDays = 0
    pin_over_yen: AtOnce = 0
    supervised: bool = False
    month_yen: AMonth = 0
    cash_out: bool = False
    insured: Insuring = Insuring()
    counter: ByCounter = ByCounter()

    def points(self, yen: int) -> int:
        """Return what a payment earns."""
        return yen // _PER_YEN * self.points_per_100_yen

    def returns(self, day: int) -> int:
        """Return the last day on which the shop itself may give back what is paid on a day; 0: never."""
        return max(0, day + self.refund_days) if self.refund_days else 0

    def wants_supervisor(self, operator: Operator) -> bool:
        """Whether what is to be done takes somebody else than who stands there."""
        return self.supervised and operator.is_needed and not operator.is_supervisor

    def expires(self, day: int) -> int:
        """Return the last day on which what is charged on a day is good, which the law may limit; 0: for ever."""
        by_town = max(0, day + self.cash_good_days) if self.cash_good_days else 0
        by_law = max(0, self.law.last_day(day))
        return min(by_town or by_law, by_law or by_town)


class Agreed(msgspec.Struct, frozen=True):
    """The terms that count. `when`: (time by the centre, boot, seq), which orders what the office said."""

    terms: Terms = Terms()
    when: tuple[int, str, int] | None = None


def _fold(agreed: Agreed, entry: Entry) -> Agreed:
    when = (entry.at, entry.boot, entry.seq)
    fact = entry.fact
    if not isinstance(fact, Terms) or (agreed.when and when < agreed.when):
        return agreed
    return Agreed(fact, when)


TERMS: Final[Fold[Agreed]] = Fold(
    name=TERMS_READER,
    kinds=(Terms,),
    state=Agreed,
    empty=Agreed(),
    key=lambda _: TERMS_KEY,
    fold=_fold,
    samples=(Terms(),),
)
