"""Receipts: what is printed about an entry once it is on the disk, and how one is printed again.

Nothing here can stop a touch or the next one. An entry counts whether or not paper came out.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from appliance.counter import Counter
from appliance.directory import Directory
from appliance.journal import Journal, Written
from appliance.papers import Around, NoReceiptError, Papers
from drivers.printer import Printed, Slip, Trouble
from sync.chain import link
from sync.entries import Entry, EntryError, EntryId, Register
from sync.facts import PlaceNamed, Town
from sync.program import Wish

log = logging.getLogger("unit")

NAMELESS: Final = Town("", "", "", 540)

Print = Callable[[Slip, bool], None]


@dataclass
class Receipts:
    """The receipts of one unit.

    Attributes:
        state: finds the state of a reader's key.
        print: hands a slip to the printer and returns at once, with whether it was given out before; None: no printer.
        last: the entry that the last receipt was about, since this start.
        trouble: why the last slip did not come out, or None.
        is_practice: nothing here is about money.
    """

    unit: str
    journal: Journal
    register: Register
    directory: Directory
    counters: Mapping[str, Counter]
    state: Callable[[str, str], Any]
    print: Print | None = None
    last: Written | None = field(default=None, init=False)
    trouble: Trouble | None = field(default=None, init=False)
    is_practice: bool = field(default=False, init=False)

    def give(self, written: Written, *, again: bool = False) -> None:
        """Have the receipt of an entry printed, if there is one and there is a printer; returns at once."""
        if not self._code(written):
            return
        self.last = written
        papers = self._papers(written.entry)
        if papers and self.print and (slip := papers.receipt(written, replace(self._around(), is_copy=again))):
            self.print(slip, again)

    def give_again(self, name: str) -> None:
        """Give a receipt once more: marked as such on paper, or without a printer to be shown.

        Args:
            name: the entry's id, or its place (boot/seq); "" for the last one.

        Raises:
            NoReceiptError: there is no such entry of this unit, or no receipt of it.
        """
        written = self._find(name) if name else self.last
        if written is None or not self._code(written):
            raise NoReceiptError(f"there is no receipt of {name or 'anything yet'} here")
        self.give(written, again=True)

    def code(self) -> str:
        """Return what the code on the last receipt says; "" before the first."""
        return self._code(self.last) if self.last else ""

    def bill(self, wish: Wish, name: str) -> str:
        """Return the code by which a phone pays what the counter is set to; "" if it cannot."""
        if self.is_practice:
            return ""  # the phone would really pay
        here, papers = self.directory.here(), self._here()
        return papers.bill(wish, name, here.place, self._around()) if here and papers and wish.what else ""

    def spelled(self, text: str) -> str:
        """Return a code that was scanned in the house's own spelling.

        Raises:
            CardError: as `Papers.spelled`.
        """
        papers = self._here()
        return papers.spelled(text) if papers else text

    def told(self, number: str, printed: Printed) -> None:
        """Hear what became of a slip."""
        self.trouble = printed.trouble
        if printed.trouble:
            log.warning("receipt of %s: %s, %s", number, printed.reach, printed.trouble)

    def _here(self) -> Papers | None:
        here = self.directory.here()
        counter = self.counters.get(here.counter) if here else None
        return counter.papers if counter else None

    def _papers(self, entry: Entry) -> Papers | None:
        """Return whose receipts these are; the office may have given the unit another counter since."""
        programs = (counter for counter in self.counters.values() if isinstance(entry.fact, counter.program.kinds))
        return next((counter.papers for counter in programs), None)

    def _code(self, written: Written) -> str:
        papers = self._papers(written.entry)
        return papers.receipt_code(written) if papers else ""

    def _find(self, name: str) -> Written | None:
        try:
            place = EntryId.parse(name if name.startswith(f"{self.unit}/") else f"{self.unit}/{name}")
            found = self.journal.stored(place.boot, place.seq) if place.unit == self.unit else None
            before = self.journal.hash_at(place.boot, place.seq - 1)
            if found is None or before is None or link(before, found[0]) != found[1]:
                return None  # nobody is told an amount that the disk has changed
            body, entry_hash, seal = found
            return Written(self.register.decode_stored(place.unit, place.boot, place.seq, body), entry_hash, seal)
        except EntryError:
            return None

    def _around(self) -> Around:
        town = self.directory.town() or NAMELESS
        return Around(self.unit, town, self._place, self.state, is_practice=self.is_practice)

    def _place(self, place: str) -> PlaceNamed:
        return self.directory.place(place) or PlaceNamed(place, place, "", place)
