"""What is on the road between units and centre; once sent, it may arrive at any time, again and again, or never."""

from typing import ClassVar

import msgspec

from central.intake import FENCE_MARK
from central.peers import Peer
from simulation.model.sync.canonical import Form, form
from sync.messages import Head, Holdings, Report
from sync.segment import from_text, split, unpack


class Message(msgspec.Struct, frozen=True):
    """One message, of or to a unit in one of its lives."""

    unit: str
    life: int

    to_centre: ClassVar[bool] = True

    @property
    def peer(self) -> Peer:
        return Peer(self.unit, self.life)

    def text(self) -> str:
        """Return everything about it that may matter where it arrives."""
        return repr(self)

    def form(self) -> Form:
        return form(self.text())


class Ask(Message, frozen=True):
    """What do you hold of me? The report is for the office; no rule reads it."""

    nonce: str
    report: Report

    def text(self) -> str:
        return f"ask {self.unit} {self.life} {self.nonce}"

    def __str__(self) -> str:
        return f"a question of {self.unit}"


class Post(Message, frozen=True):
    """A packed segment."""

    packed: bytes
    fence: str
    nonce: str

    def text(self) -> str:
        return f"post {self.unit} {self.life} {segments_text(self.packed)} {mark(self.fence)} {self.fence} {self.nonce}"

    def __str__(self) -> str:
        segment = from_text(unpack(self.packed))
        return f"{segment.unit}'s entries {segment.first} to {segment.last} of boot {segment.boot[:4]}"


class Fetch(Message, frozen=True):
    """What did you say behind these ends?"""

    stream: str
    since: str

    def __str__(self) -> str:
        return f"a request of {self.unit} for what the centre said to {self.stream}"


class Answer(Message, frozen=True):
    """Signed Holdings."""

    raw: bytes
    holdings: Holdings

    to_centre = False

    def text(self) -> str:
        return f"answer {self.unit} {self.life} {self.holdings}"

    def __str__(self) -> str:
        held = ", ".join(f"{head.boot[:4]}/{head.seq}" for head in self.holdings.heads) or "nothing"
        return f"an answer to {self.unit}: {held} is held"


class News(Message, frozen=True):
    """A packed file of the centre's segments."""

    packed: bytes

    to_centre = False

    def text(self) -> str:
        return f"news {self.unit} {self.life} {segments_text(self.packed)}"

    def __str__(self) -> str:
        return f"what the centre said to {self.unit}"


class Unknown(Message, frozen=True):
    """The centre does not hold what a unit has of its stream: it was restored, and wants it back."""

    stream: str
    heads: tuple[Head, ...]

    to_centre = False

    def __str__(self) -> str:
        return f"a request to {self.unit} to give back what the centre said"


def mark(word: str) -> str:
    """Return by what a fence and the centre's generation are seen to belong together, as a word of its own."""
    return word[:FENCE_MARK] * (16 // FENCE_MARK)


def segments_text(packed: bytes) -> str:
    """Return the segments in a packed file without their seals, which say nothing that their entries do not."""
    return "\n".join("\n".join(part.decode().split("\n")[:-2]) for part in split(unpack(packed)))


class Mail:
    """Every message that was ever sent, by number; the same message twice is one."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self.messages: list[Message] = []
        self.forms: list[Form] = []

    def number(self, message: Message) -> int:
        text = message.text()
        if text not in self._numbers:
            self._numbers[text] = len(self.messages)
            self.messages.append(message)
            self.forms.append(message.form())
        return self._numbers[text]
