"""What cards have shown at this unit since it started, so that it need not be read again.

It saves reading, and nothing else: what is remembered is checked like what is read. It is in memory only, and goes with
the process. A certificate names its holder by a number, and a stolen unit must hold nobody's.
"""


class Memory:
    """Credentials and certificates of cards that have proven themselves, by how they begin.

    `cards_max`: of too many the one goes that was proven longest ago.
    """

    def __init__(self, cards_max: int = 4096) -> None:
        self._cards_max = cards_max
        self._shown: dict[bytes, bytes] = {}

    def find(self, beginning: bytes) -> bytes | None:
        """Return what began like this, or None."""
        return self._shown.get(beginning)

    def remember(self, data: bytes, beginning_bytes: int) -> None:
        """Keep what a card has shown and then proven. `beginning_bytes`: how much of it is read at first."""
        beginning = data[:beginning_bytes]
        self._shown.pop(beginning, None)
        self._shown[beginning] = data
        while len(self._shown) > self._cards_max:
            del self._shown[next(iter(self._shown))]
