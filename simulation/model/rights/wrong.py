"""Protocols with one mistake each. A search that does not find every one of them has looked at too little.

Each class is the good protocol with one method replaced, and names the law that the mistake must be seen to break.
"""

from collections.abc import Iterable
from typing import ClassVar, Final

from msgspec.structs import replace

from simulation.model.rights.laws import LIVENESS
from simulation.model.rights.rules import Rules
from simulation.model.rights.state import Account, Books, Box, Left, Sent, State, applied, own, with_account
from simulation.model.rights.steps import Step, add, grant, name, with_box

_OVERSPEND: Final = "no overspend"


class Wrong(Rules):
    """A protocol with a mistake. `breaks`: the law; `mistake`: what is done; `left`: what has to happen besides."""

    breaks: ClassVar[str] = _OVERSPEND
    mistake: ClassVar[str]
    left: ClassVar[Left] = Left(grants=3, recalls=1, payments=2, voids=2, cash=1, cuts=1)


# ---- at a unit


class TakesAgain(Wrong):
    mistake = "a grant that arrives twice is applied twice"

    def takes(self, box: Box, line: int) -> bool:
        return line <= applied(box.journal)


class RemembersWhatItHolds(Wrong):
    mistake = "a unit knows only the grants that it still holds, so a late duplicate installs a returned one again"

    def takes(self, box: Box, line: int) -> bool:
        return super().takes(box, line) or (own(box.journal) == 0 and line < applied(box.journal))


class SkipsLines(Wrong):
    breaks = LIVENESS
    mistake = "a unit takes whatever line arrives, also before the one that comes first"

    def takes(self, box: Box, line: int) -> bool:
        return line >= applied(box.journal)


class IgnoresTheLife(Wrong):
    mistake = "a unit takes grants that were for its life before"
    left = Left(grants=2, recalls=1, payments=2, closings=1, funds=1)

    def believes(self, box: Box, sent: Sent) -> bool:
        return box.unit == sent.unit


class VoidsAgain(Wrong):
    breaks = "I1 nothing is below zero"
    mistake = "a payment can be made void twice"

    def voidable(self, journal: str) -> int:
        return journal.count("p")


class BeepsFirst(Wrong):
    mistake = "a unit beeps before the payment is on its disk"

    def more(self, state: State) -> Iterable[Step]:
        for box in state.boxes:
            if state.left.cuts and own(box.journal) > 0:
                heard = replace(state, paid=state.paid + 1, left=replace(state.left, cuts=state.left.cuts - 1))
                yield f"{name(box)} beeps, and the power goes before the payment is written", heard


class AnswersFirst(Wrong):
    mistake = "a unit says that it gave a yen back before that is on its disk"

    def more(self, state: State) -> Iterable[Step]:
        for box in state.boxes:
            account = state.books.accounts[box.unit]
            if account.lines[applied(box.journal) :].startswith("R") and own(box.journal) > 0:
                gone = Sent(box.unit, box.life, box.journal + "b")
                said = replace(state, adrift=add(state.adrift, gone))
                yield f"{name(box)} says it gives a yen back, and the power goes before that is written", said


class IgnoresTheCounter(Wrong):
    mistake = "a unit serves on although its journal is shorter than its counter"
    left = Left(grants=2, payments=2, put_back=1)

    def freezes(self, box: Box) -> bool:
        del box
        return False


class CountsLate(Wrong):
    mistake = "the counter outside the disk is raised one entry late"
    left = Left(grants=2, payments=2, put_back=1)

    def counts(self, box: Box) -> Box:
        return replace(box, counter=max(box.counter, len(box.journal) - 1)) if box.counter >= 0 else box


class CountsOnlyPayments(Wrong):
    mistake = "the counter outside the disk is raised for payments, and not for what is given back"
    left = Left(grants=2, recalls=1, payments=2, put_back=1)

    def counts(self, box: Box) -> Box:
        return super().counts(box) if box.journal.endswith("p") else box


class NumbersInMemory(Wrong):
    breaks = LIVENESS
    mistake = "requests are numbered in memory, and begin at 1 again after a power cut"

    def asks_with(self, box: Box) -> int:
        return box.asked + 1

    def asked_anew(self, account: Account, number: int) -> bool:
        return number > account.asked

    def more(self, state: State) -> Iterable[Step]:
        for at, box in enumerate(state.boxes):
            account, number = state.books.accounts[box.unit], self.asks_with(box)
            if state.left.grants and self.grantable(state.books, box.unit) and self.asked_anew(account, number):
                asked = with_box(grant(state, box.unit), at, replace(box, asked=number))
                heard = replace(asked.books.accounts[box.unit], asked=number)
                asked = replace(asked, books=with_account(asked.books, box.unit, heard))
                yield f"{name(box)} asks for a yen, request {number}", asked
            if box.asked:
                yield f"the power of {name(box)} goes", with_box(state, at, replace(box, asked=0))


class TakesTheOldCentresWord(Wrong):
    mistake = "a unit that reported to a restored centre still takes what was said before"
    left = Left(grants=2, payments=2, restores=1)

    def believes(self, box: Box, sent: Sent) -> bool:
        return (box.unit, box.life) == (sent.unit, sent.life)


# ---- at the centre


class ReclaimsByTheClock(Wrong):
    mistake = "the centre takes rights back by its own clock"

    def more(self, state: State) -> Iterable[Step]:
        for unit, account in enumerate(state.books.accounts):
            if account.rights > 0:
                yield "a right runs out by the clock of the centre", replace(state, books=self._back(state, unit))

    def _back(self, state: State, unit: int) -> Books:
        return self.on_return(state.books, unit, 1)


class RaisesFirst(Wrong):
    mistake = "a recall frees the yen when it is sent, not when the unit has given it back"

    def on_recall(self, books: Books, unit: int) -> Books:
        return super().on_return(books, unit, 1)

    def on_return(self, books: Books, unit: int, count: int) -> Books:
        del unit, count
        return books


class LowersNothing(Wrong):
    breaks = "I2 the books balance"
    mistake = "what a unit gave back is free again, and is still lent to that unit"

    def on_return(self, books: Books, unit: int, count: int) -> Books:
        del unit
        return replace(books, free=books.free + count)


class LendsWhatIsPromised(Wrong):
    mistake = "the centre grants from the balance without counting what is granted already"

    def grantable(self, books: Books, unit: int) -> bool:
        del unit
        return books.charged + books.cash + books.fund > books.spent


class BooksAgain(Wrong):
    breaks = "I3 each entry is booked once"
    mistake = "a delivery that is repeated is booked again"

    def news(self, held: str, word: str) -> str:
        return super().news(held, word) or word


class LastWins(Wrong):
    breaks = "I3 each entry is booked once"
    mistake = "of two journals under one name the longer one is taken"
    left = Left(grants=2, payments=2, put_back=1)

    def contradicts(self, held: str, word: str) -> bool:
        del held, word
        return False


class HearsADeadLife(Wrong):
    breaks = "I1 nothing is below zero"
    mistake = "what a closed life gave back is booked in the next life"
    left = Left(grants=2, recalls=1, payments=2, closings=1, funds=1)

    def hears(self, account: Account, sent: Sent) -> bool:
        del account, sent
        return True


class ReusesALostUnit(Wrong):
    mistake = "the rights of a lost unit are free at once, and no fund pays"
    left = Left(grants=2, recalls=1, payments=2, closings=1, funds=1)

    def after_closing(self, books: Books, rights: int) -> Books:
        return replace(books, free=books.free + rights)


class GrantsBeforeItHeard(Wrong):
    mistake = "a restored centre grants before every unit has reported what was granted to it"
    left = Left(grants=2, payments=2, restores=1)

    def grantable(self, books: Books, unit: int) -> bool:
        return books.free > 0 and not books.accounts[unit].branched


ALL: Final[tuple[type[Wrong], ...]] = tuple(Wrong.__subclasses__())
