"""Pay day, by a clock that is set ahead: what the shops have to get stands in the file that goes to the bank."""

import shutil
from pathlib import Path
from typing import Final

import msgspec

from central import ledger
from central.centre import Centre, open_centre
from central.town import Clock
from central.world import SystemClock, SystemEntropy
from programs.coin.agreed import agreed
from programs.coin.settlement import bank, calendar
from programs.coin.settlement.settle import Wanted, settle, shop_holds
from programs.coin.terms import Settling
from programs.coin.zengin import reading
from sync.program import DAY_MS, JAPAN_MINUTES, town_day

SHOP: Final = "fishshop"


class PayDay(msgspec.Struct, frozen=True):
    """What came of it.

    Attributes:
        transfers: how many are in the bank's file.
        yen: what they come to, by that file.
        owed: what the shop had to get, by the books.
        left: what it has to get afterwards.
        residual: what all accounts come to together.
    """

    transfers: int
    yen: int
    owed: int
    left: int
    residual: int

    @property
    def is_good(self) -> bool:
        return self.transfers == 1 and self.yen == self.owed > 0 == self.left == self.residual


class _Ahead:
    """The day after a period has ended."""

    def __init__(self, clock: Clock, days: int) -> None:
        self._clock = clock
        self._days = days

    def wall_ms(self) -> int:
        return self._clock.wall_ms() + self._days * DAY_MS

    def confidence(self) -> str:
        return self._clock.confidence()


def pay(folder: Path) -> PayDay:
    """Settle a copy of the town's books, and read back what the bank would get."""
    books = folder / "payday"
    shutil.copytree(folder / "central", books)
    settling, last, days = _next_closing(books)
    centre = open_centre(books, _Ahead(SystemClock(), days), SystemEntropy())
    owed = _owed(centre)
    made = settle(centre, settling, Wanted(last))
    file = books / f"batch-{made.book.number:04d}.txt"
    file.write_bytes(bank.again(made.book))
    read = reading.read(file.read_bytes())
    with centre.reconciler.counted() as connection:
        residual = ledger.total(connection)
    return PayDay(len(read.transfers), read.total_yen, owed, _owed(centre), residual)


def _next_closing(books: Path) -> tuple[Settling, int, int]:
    """Return the town's calendar, the last day of the present period, and in how many days it is over."""
    clock = SystemClock()
    settling = agreed(open_centre(books, clock, SystemEntropy()).engine).terms.settling
    today = town_day(clock.wall_ms(), JAPAN_MINUTES)
    last = calendar.closing_after(settling, today - 1)
    return settling, last, last + 1 - today


def _owed(centre: Centre) -> int:
    with centre.reconciler.counted() as connection:
        return shop_holds(connection, SHOP)
