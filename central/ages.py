"""Tells a program the age bands of cards, for as long as it counts: files are opened for it, and that is noted first.

A band is in no table and in no entry. What a program may keep are numbers in which nobody can be told.
"""

from collections.abc import Mapping
from datetime import date

import msgspec
import sqlalchemy as sa

from central.residents import books
from central.residents.ages import band_of
from central.residents.files import Files
from central.streams import Streams
from sync.messages import OFFICE_STREAM
from sync.residents import FilesCounted


class CardBands(msgspec.Struct, frozen=True):
    """`files`: so many were opened; `bands`: by card, of those whose holders agree. Of any other card none is known."""

    files: int
    bands: Mapping[str, str]

    def __repr__(self) -> str:
        return f"CardBands({self.files}, …)"  # no log may hold whose band is which


class Ages:
    """Opens the files of those who agree to a program, to count by age."""

    def __init__(self, streams: Streams, files: Files) -> None:
        self._streams = streams
        self._files = files

    def of_cards(self, connection: sa.Connection, program: str, on: date, by: str, why: str) -> CardBands:
        """Return the bands by the age on a day, within the caller's transaction: if that fails, so does the note.

        Args:
            program: whoever has not agreed that it uses their file is not counted, and the file stays shut.
            by: who has it counted; `why`: what is counted, in the words of the office.

        Raises:
            SealingError: a file does not open.
        """
        cards = books.agreeing(connection, program)
        noted = FilesCounted(program, len(cards), on.isoformat(), by, why)
        self._streams.append(connection, OFFICE_STREAM, [noted])
        bands = {holder: band_of(person, on) for holder, person in self._files.some(connection, cards).items()}
        return CardBands(len(cards), {card: band for holder, band in bands.items() for card in cards[holder]})
