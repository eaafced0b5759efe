"""What was paid and charged with a card last, for the desk."""

from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa

from central.lately import Done, Lately
from programs.coin.resident import lines

_WHAT: Final = {
    "pay": ("支払い", "paid"),
    "charge": ("チャージ", "charged"),
    "void": ("取消", "void"),
    "refund": ("返金", "refund"),
    "gift": ("受け取り", "given"),
    "other": ("お金の動き", "moved"),
}


class CoinLately:
    """See `central.lately.Lately`."""

    def lately(self, connection: sa.Connection, card: str, limit: int) -> Sequence[Done]:
        return [_done(one.at_ms, (one.name, one.name_en), one.what, one.yen) for one in lines(connection, card)[:limit]]


def _done(at_ms: int, where: tuple[str, str], what: str, yen: int) -> Done:
    ja, en = _WHAT[what]
    return Done(at_ms, *where, f"{ja} {yen:+,}円", f"{en}, {yen:+,} yen")


LATELY: Final[Lately] = CoinLately()
