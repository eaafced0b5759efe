"""The sound port: short sounds by name, one per result, so that a tap is understood without looking.

After a sound a few words may follow, for whoever cannot see the screen. They are recordings too: nothing on a unit
turns text into speech.
"""

from typing import Protocol


class Sound(Protocol):
    def play(self, earcon: str, about: str = "", say: str = "") -> None:
        """Start a sound and return at once; it cuts off the one before, and its words.

        Args:
            earcon: the sound's name, as in `drivers/sound/earcons.py`.
            about: what it announces, for the log: a result's entry id and hash, or nothing.
            say: what the words are about, by the name under which the recordings list them; without a recording, or
                with the voice off, nothing is said.
        """
