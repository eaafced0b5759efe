"""One result, said at once in light, sound, words and on the screen, alike on every unit.

The device process does this, not the browser: a dead screen must not mute a unit.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec

from appliance.journal import Written
from appliance.words import Catalogue
from drivers.light import Colour, Light, Motion, Pattern
from drivers.sound import Sound
from sync.program import Remark, Result


class Manner(msgspec.Struct, frozen=True):
    """How one result looks and how long it stays. `seconds`: 0 means until a person presses or touches again."""

    symbol: str
    light: tuple[Pattern, ...]
    seconds: float


_TEAL = Pattern(Colour.TEAL, Motion.STEADY, 1500)

MANNERS: Final[Mapping[Result, Manner]] = {
    Result.READING: Manner("◌", (Pattern(Colour.WHITE, Motion.TURN),), 0),
    Result.OK_POINTS: Manner("○", (_TEAL,), 2.5),
    Result.OK_PAY: Manner("○", (_TEAL,), 2.5),
    Result.OK_LOW: Manner("○!", (_TEAL, Pattern(Colour.YELLOW, Motion.BLINK, 2000)), 4),
    Result.ALREADY: Manner("＝", (Pattern(Colour.BLUE, Motion.HALVES, 1500),), 4),
    Result.REFUSED: Manner("!", (Pattern(Colour.ORANGE, Motion.BLINK, 2000),), 4),
    Result.RETRY: Manner("×", (Pattern(Colour.YELLOW, Motion.CHASE, 2000),), 4),
    Result.HELP: Manner("×", (Pattern(Colour.ORANGE, Motion.STEADY, 4000),), 6),
}


class Shown(msgspec.Struct, frozen=True):
    """What a person was told.

    `entry` and `hash` name the journal entry that it is about, or are empty; `values` are those in the words, for a
    page that goes on with them.
    """

    result: Result
    message: str
    symbol: str
    ja: str
    en: str
    easy: str
    short: str
    seconds: float
    entry: str = ""
    hash: str = ""
    values: dict[str, int | str] = msgspec.field(default_factory=dict)


class Feedback:
    """The mouth of a unit."""

    def __init__(self, light: Light, sound: Sound, words: Catalogue, screen: Callable[[Shown], None]) -> None:
        self._light = light
        self._sound = sound
        self._words = words
        self._screen = screen
        self._speaks = True

    def spare(self, *, voice: bool, light: bool) -> None:
        """Give up what only pleases: the spoken words, and two thirds of the light. Results are still told apart."""
        self._speaks = not voice
        self._light.dim(on=light)

    def show(
        self,
        result: Result,
        message: str,
        values: Mapping[str, int | str] | None = None,
        written: Written | None = None,
        remarks: Sequence[Remark] = (),
    ) -> Shown:
        """Say one result. If it is about an entry, that entry is durable already: `written` is the proof.

        Args:
            remarks: what is said beside it. A small screen has room for one thing, and shows the last of them.
        """
        manner = MANNERS[result]
        words = self._words[message].fill(values or {})
        for remark in remarks:
            words = words.and_then(self._words[remark.message].fill(remark.values))
            values = {**(values or {}), **remark.values}
        entry, entry_hash = (str(written.entry.id), written.hash.hex()) if written else ("", "")
        shown = Shown(
            result=result,
            message=message,
            symbol=manner.symbol,
            ja=words.ja,
            en=words.en,
            easy=words.easy,
            short=words.short,
            seconds=manner.seconds,
            entry=entry,
            hash=entry_hash,
            values=dict(values or {}),
        )
        self.repeat(shown)
        return shown

    def repeat(self, shown: Shown) -> None:
        """Say again what was said."""
        self._sound.play(shown.result, f"{shown.entry} {shown.hash}".strip(), shown.message if self._speaks else "")
        self._light.show(MANNERS[shown.result].light)
        self._screen(shown)
