"""A card as it is held to a reader: taken away too early, slow, mute, and taking the time that a real one takes."""

import time
from collections.abc import Callable

from drivers.card.air import air_ms
from drivers.card.apdu import Ins
from drivers.card.sim.others import VirtualCard
from drivers.card.sim.plan import Timing, Trouble

_FOR_EVER_SECONDS = 3600.0
_MS = 1000


class Held:
    """Puts a card's trouble and timing between it and the reader.

    Attributes:
        wait: called with seconds; a carrier that can be interrupted puts its own in.
        gone: the card was taken away in this presence; a carrier looks at it after every command.
    """

    def __init__(
        self,
        card: VirtualCard,
        trouble: Trouble,
        timing: Timing | None = None,
        *,
        is_ecc: bool = False,
        wait: Callable[[float], object] = time.sleep,
    ) -> None:
        self.card = card
        self.wait = wait
        self.gone = False
        self._trouble = trouble
        self._timing = timing
        self._is_ecc = is_ecc
        self._apdus = self._bytes = 0

    def power_on(self) -> bytes:
        self.gone, self._apdus, self._bytes = False, 0, 0
        return self.card.power_on()

    def reset(self) -> bytes:
        return self.card.reset()

    def power_off(self) -> None:
        self.card.power_off()

    def transmit(self, raw: bytes) -> bytes:
        """Answer one command; an empty answer: the card has gone."""
        if self.gone:
            return b""
        trouble = self._trouble
        if trouble.mute_after_apdus is not None and self._apdus >= trouble.mute_after_apdus:
            self.wait(_FOR_EVER_SECONDS)
            return b""
        is_torn = trouble.torn_after_apdus is not None and self._apdus >= trouble.torn_after_apdus
        answer = self.card.transmit(raw)
        self._apdus += 1
        self._bytes += len(raw) + len(answer)
        is_torn |= trouble.torn_after_bytes is not None and self._bytes > trouble.torn_after_bytes
        if ms := trouble.slow_ms + self._takes_ms(raw, answer):
            self.wait(ms / _MS)
        if is_torn:  # the card has done what it was told, and nobody hears of it
            self.gone = True
            self.card.power_off()
            return b""
        return answer

    def _takes_ms(self, raw: bytes, answer: bytes) -> float:
        timing = self._timing
        if timing is None:
            return 0.0
        own = timing.command_ms
        if raw[1:2] and raw[1] in {Ins.INTERNAL_AUTHENTICATE, Ins.MUTUAL_AUTHENTICATE}:
            own = timing.ecc_ms if self._is_ecc else timing.rsa_ms
        elif raw[1:2] and raw[1] == Ins.PERFORM_SECURITY_OPERATION:
            own = timing.rsa_ms
        return own + sum(air_ms(len(data), timing.kbit, timing.frame) for data in (raw, answer))
