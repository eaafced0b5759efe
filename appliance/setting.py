"""What a counter is set to: an amount, or another wish, for the next card. It forgets by itself."""

from collections.abc import Callable
from typing import Final

from drivers.clock import Clock, Confidence
from sync.facts import Place
from sync.program import NO_WISH, Wish, WishError

WISH_S: Final = 90.0  # so long a counter stays set
_MONO_MS: Final = 16**7  # three days and a little: enough to tell two settings of a counter apart


class Setting:
    """One counter's; at the beginning it is set to nothing.

    Attributes:
        before: whose card a wish for the same one is for; or who only asked, a moment ago.
    """

    def __init__(self, clock: Clock, now_ms: Callable[[], int]) -> None:
        self._clock = clock
        self._now_ms = now_ms
        self._wish: tuple[Wish, float] = (NO_WISH, 0.0)
        self._until_s = 0
        self._before: tuple[str, float] = ("", 0.0)

    def set(self, wish: Wish) -> None:
        """Set it anew.

        Raises:
            WishError: it is for the same card as before, and none was held here a moment ago.
        """
        card, until = self._before
        if wish.is_for_same and not (card and self._clock.mono() < until):
            raise WishError("no card was held here a moment ago; hold one first")
        self._wish = wish, self._clock.mono() + WISH_S
        is_known = self._clock.confidence() is not Confidence.UNKNOWN
        self._until_s = self._now_ms() // 1_000 + round(WISH_S) if is_known else 0
        self._before = (card if wish.is_for_same else "", self._wish[1])

    def clear(self) -> None:
        """Forget it: it was done here, or somebody has paid it elsewhere."""
        self._wish, self._before = (NO_WISH, 0.0), ("", 0.0)

    def note(self, card: str) -> None:
        """Note who only asked."""
        self._before = card, self._clock.mono() + WISH_S

    @property
    def wish(self) -> Wish:
        """What it is set to now; nobody pays what another one left behind."""
        wish, until = self._wish
        return wish if self._clock.mono() < until else NO_WISH

    @property
    def before(self) -> str:
        return self._before[0] if self.wish.is_for_same else ""

    @property
    def left_s(self) -> float:
        """Return for how long it stays set."""
        return max(0.0, self._wish[1] - self._clock.mono()) if self._wish[0].what else 0.0

    def name(self, tip: Place | None) -> str:
        """Return a name that no other setting of this unit has; "" if it is set to nothing.

        In its middle it says until when it stays set (Unix seconds), or 0 where nothing vouches for the clock.

        Args:
            tip: the last entry of the unit's journal.
        """
        mono_ms = round(self._wish[1] * 1000) % _MONO_MS
        return f"{tip.boot[:8]}-{self._until_s:08x}-{mono_ms:07x}" if tip and self.wish.what else ""
