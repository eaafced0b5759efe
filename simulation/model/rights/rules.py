"""What a good unit and a good centre do with rights. `wrong` replaces one method at a time."""

from collections.abc import Iterable

from msgspec.structs import replace

from simulation.model.rights.state import Account, Books, Box, Sent, State, applied, own, with_account


class Rules:
    """The protocol as it is to be built."""

    # ---- at a unit

    def takes(self, box: Box, line: int) -> bool:
        """Whether a line of the centre is taken in: only the next one, whatever else arrives however often."""
        return line == applied(box.journal)

    def believes(self, box: Box, sent: Sent) -> bool:
        """Whether words are for this unit: in this life, and by a centre that it has reported to since its restore."""
        return (sent.unit, sent.life, sent.restored) == (box.unit, box.life, box.journal.count("r"))

    def spendable(self, box: Box) -> int:
        """Return what may be spent here."""
        return own(box.journal)

    def voidable(self, journal: str) -> int:
        """Return how many payments may be made void: each of them once."""
        return journal.count("p") - journal.count("v")

    def freezes(self, box: Box) -> bool:
        """Whether a start finds that the disk holds less than was written: the counter outside it says so."""
        return box.counter > len(box.journal)

    def counts(self, box: Box) -> Box:
        """Raise the counter outside the disk, behind every entry and before it is announced."""
        return replace(box, counter=len(box.journal)) if box.counter >= 0 else box

    # ---- at the centre

    def grantable(self, books: Books, unit: int) -> bool:
        """Whether a yen may be granted: it is free, and nothing that is not known yet could have been granted it."""
        return books.free > 0 and not books.unheard and not books.accounts[unit].branched

    def on_recall(self, books: Books, unit: int) -> Books:
        """Book a recall: nothing. What a unit holds is lower only once it says so itself."""
        del unit
        return books

    def on_return(self, books: Books, unit: int, count: int) -> Books:
        """Book what a unit gave back: only now is it free again."""
        account = books.accounts[unit]
        lowered = with_account(books, unit, replace(account, rights=account.rights - count))
        return replace(lowered, free=books.free + count)

    def hears(self, account: Account, sent: Sent) -> bool:
        """Whether a journal is taken: only that of the unit's present life."""
        return account.life == sent.life

    def contradicts(self, held: str, word: str) -> bool:
        """Whether a journal is not the one that is held, further back or further on."""
        return not word.startswith(held) and not held.startswith(word)

    def news(self, held: str, word: str) -> str:
        """Return what of a journal is not booked yet."""
        return word[len(held) :]

    def after_closing(self, books: Books, rights: int) -> Books:
        """Put the rights of a life that is over aside: nobody knows whether they were used."""
        return replace(books, suspense=books.suspense + rights)

    def asked_anew(self, account: Account, number: int) -> bool:
        """Whether a request is answered with a new grant: it quotes everything that was said to this unit so far."""
        return number == len(account.lines)

    def asks_with(self, box: Box) -> int:
        """Return the number that a request quotes: how many of the centre's lines were taken in."""
        return applied(box.journal)

    # ---- besides

    def more(self, state: State) -> Iterable[tuple[str, State]]:
        """Yield steps that a right protocol does not have."""
        del state
        return ()
