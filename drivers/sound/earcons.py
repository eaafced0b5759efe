"""The sounds themselves, as notes: rising is good, level is "nothing changed", falling is "no", five quick is "again".

The counts follow what people know from transit cards (one, two, three short beeps). Fundamentals stay between 400 and
1,600 Hz, where older ears still hear well (JIS S 0013 asks for at most 2,500 Hz).
"""

from typing import Final

import msgspec


class Note(msgspec.Struct, frozen=True):
    hz: int
    ms: int
    pause_ms: int = 0


EARCONS: dict[str, tuple[Note, ...]] = {
    "reading": (Note(420, 70),),
    "ok_points": (Note(1047, 150), Note(1568, 200)),
    "ok_pay": (Note(1319, 110, 50), Note(1319, 110)),
    "ok_low": (Note(1319, 90, 50), Note(1319, 90, 50), Note(1319, 90)),
    "already": (Note(784, 170, 60), Note(784, 170)),
    "refused": (Note(880, 250), Note(587, 500)),
    "retry": tuple(Note(1175, 75, 50) for _ in range(5)),
    "help": (Note(1319, 300), Note(1047, 340)),
}

# A card that is being read ticks on until its result comes, or until nobody can be waiting any more.
REPEAT_MS: Final[dict[str, int]] = {"reading": 300}
REPEAT_MAX_MS: Final = 10_000
