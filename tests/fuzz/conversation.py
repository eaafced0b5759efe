"""A card whose every answer is drawn from a string of bytes, and recordings of good cards in the same form."""

from drivers.card.sim.others import VirtualCard
from drivers.reader import CardGoneError

_LENGTH_BYTES = 2
_ANSWER_MAX = 600
_ANSWERS_MAX = 400


def packed(answers: list[bytes]) -> bytes:
    """Put answers one behind the other, each behind its length."""
    return b"".join(len(answer).to_bytes(_LENGTH_BYTES, "big") + answer for answer in answers)


class Chatter:
    """A field whose card says what the bytes hold: so many bytes each time; then it is gone."""

    reader = "noise"
    command_max = 65_544

    def __init__(self, noise: bytes) -> None:
        self.atr = noise[:33]
        self.asked = 0
        self._rest = noise

    def transmit(self, command: bytes) -> bytes:
        del command
        self.asked += 1
        length = int.from_bytes(self._rest[:_LENGTH_BYTES], "big") % _ANSWER_MAX
        answer, self._rest = self._rest[_LENGTH_BYTES:][:length], self._rest[_LENGTH_BYTES + length :]
        if len(answer) < 2 or self.asked > _ANSWERS_MAX:
            raise CardGoneError("the noise has ended")
        return answer

    def close(self) -> None:
        pass


class Recorder:
    """A field before a virtual card that remembers what it answered."""

    reader = "recorder"
    command_max = 65_544

    def __init__(self, card: VirtualCard) -> None:
        self._card = card
        self.atr = card.power_on()
        self.answers: list[bytes] = []

    def transmit(self, command: bytes) -> bytes:
        self.answers.append(self._card.transmit(command))
        return self.answers[-1]

    def close(self) -> None:
        self._card.power_off()
