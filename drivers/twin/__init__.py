"""The port of the place where a unit's twin lies: files on another medium than the journal's, only ever added to.

What was added is on the medium, and was read back from there, when `append` returns. Nothing is changed or taken away:
a file that is not as long as whoever writes to it thinks is another one, and has to be read again first.
"""

from contextlib import AbstractContextManager
from enum import StrEnum
from typing import BinaryIO, Final, Protocol

from drivers.check import Check, State


class Trouble(StrEnum):
    """Why nothing can be written now."""

    GONE = "gone"  # no medium is there
    FULL = "full"
    READ_ONLY = "read-only"  # by its switch, or because Linux found its file system damaged
    FAILING = "failing"  # it does not take what is written, or does not keep it
    CHANGED = "changed"  # the file is not the one that was read: another medium was put in
    REFUSED = "refused"  # a neighbour does not keep this twin
    STRANGE = "strange"  # somebody answers in the place of the neighbour


CHECKS: Final = {
    Trouble.GONE: Check(
        State.WARN, "控え用のUSBメモリがありません", "the stick for the twin is not there",
        "控え用のUSBメモリを差してください", "plug the stick for the twin in",
    ),
    Trouble.FULL: Check(
        State.WARN, "控え用のUSBメモリがいっぱいです", "the stick for the twin is full",
        "新しいUSBメモリに替え、いっぱいのものは町役場へ", "put a fresh one in, and bring the full one to the office",
    ),
    Trouble.READ_ONLY: Check(
        State.WARN, "控え用のUSBメモリに書き込めません", "the stick for the twin cannot be written to",
        "書き込み禁止のつまみを確かめるか、新しいものに替えてください", "look at its switch, or put a fresh one in",
    ),
    Trouble.FAILING: Check(
        State.WARN, "控え用のUSBメモリがこわれかけています", "the stick for the twin fails",
        "新しいUSBメモリに替えてください", "put a fresh one in",
    ),
    Trouble.CHANGED: Check(State.OK, "USBメモリが替わりました", "another stick was put in"),
}  # fmt: skip


class TwinError(Exception):
    """Nothing was added, or it is not known whether it was; look at the file anew before the next try."""

    def __init__(self, trouble: Trouble, why: str) -> None:
        super().__init__(why)
        self.trouble = trouble


class Twin(Protocol):
    def look(self) -> None:
        """Look whether something could be written now, without writing.

        Raises:
            TwinError: with the reason.
        """

    def reading(self, name: str) -> AbstractContextManager[BinaryIO]:
        """Open a file as it lies on the medium, not as it is remembered; one that is not there is empty.

        Raises:
            TwinError: also from within, for what fails while it is read.
        """

    def append(self, name: str, size: int, record: bytes) -> int:
        """Add to a file that is `size` bytes long; return how long it is then.

        Raises:
            TwinError: with the reason.
        """

    def sizes(self) -> dict[str, int]:
        """Return the names of all twins that lie there, and how long they are.

        Raises:
            TwinError: with the reason.
        """

    def drop(self, name: str) -> None:
        """Delete a twin, for good; only a neighbour does that, and only when the office says so.

        Raises:
            TwinError: with the reason.
        """
