"""What must hold for rights after every step, whatever happened; and where a calm day must lead from anywhere."""

from collections.abc import Callable, Mapping
from typing import Final

from simulation.model.rights.rules import Rules
from simulation.model.rights.state import State, granted, own
from simulation.model.rights.steps import arrived, grant, hear, recall

_CALM_STEPS_MAX: Final = 40


def no_overspend(state: State) -> bool:
    return _is_covered(state, state.paid)


def nothing_below_zero(state: State) -> bool:
    """I1, at units and centre: what may be spent, what a shop has to get, what is free."""
    books = state.books
    if books.free < 0 and not books.unheard:  # restored books may hear of grants before what paid for them
        return False
    for box in state.boxes:
        if own(box.journal) < 0 or box.journal.count("p") < box.journal.count("v"):
            return False
    return all(account.rights >= 0 for account in books.accounts)


def the_books_balance(state: State) -> bool:
    """I2: free + rights + suspense + spent = charged, and what the fund put in."""
    books = state.books
    booked = books.free + sum(account.rights for account in books.accounts) + books.suspense + books.spent
    return booked == books.charged + books.cash + books.fund


def each_entry_is_booked_once(state: State) -> bool:
    """I3: what a unit may spend by the books is what its entries add up to."""
    for account in state.books.accounts:
        if account.rights != account.lines.count("G") + own(account.held.replace("g", "")):
            return False
    return True


def no_yen_is_in_two_places(state: State) -> bool:
    """I4: lower before raise. What is free, and what every box could still spend, is not spent already."""
    there = state.paid + (0 if state.books.unheard else state.books.free)
    for box in state.boxes:
        if box.journal.count("g") > granted(state, box.unit, box.life):
            return False
        there += 0 if box.frozen else own(box.journal)
    return _is_covered(state, there)


def copies_are_noticed(state: State) -> bool:
    """I5: a counter sees that its disk was put back; and no journal is called two that is one."""
    for box in state.boxes:
        if box.counter >= 0 and box.frozen != box.put_back:
            return False
    copied = {(sent.unit, sent.life) for sent in state.adrift} | set(state.copies)
    accounts = enumerate(state.books.accounts)
    return not any(account.branched and (unit, account.life) not in copied for unit, account in accounts)


def _is_covered(state: State, yen: int) -> bool:
    put_in = state.charged + state.books.fund
    return yen <= put_in or yen <= put_in + _copies_may_cost(state)


def _copies_may_cost(state: State) -> int:
    """Return what may be paid twice because a disk was copied and no counter can tell.

    Each copy may spend once more what was granted to that life and what it had taken in as cash; never anything else.
    """
    cost = 0
    for copied in state.copies:
        journals = [box.journal for box in state.boxes if (box.unit, box.life) == copied]
        journals += [sent.word for sent in state.adrift if (sent.unit, sent.life) == copied]
        cost += granted(state, *copied) + max(word.count("c") for word in journals)
    return cost


LAWS: Final[Mapping[str, Callable[[State], bool]]] = {
    "no overspend": no_overspend,
    "I1 nothing is below zero": nothing_below_zero,
    "I2 the books balance": the_books_balance,
    "I3 each entry is booked once": each_entry_is_booked_once,
    "I4 no yen is in two places": no_yen_is_in_two_places,
    "I5 copied disks are noticed, and only those": copies_are_noticed,
}
LIVENESS: Final = "liveness: a calm day brings every right home"


def comes_home(state: State, rules: Rules) -> bool:
    """Whether a calm day ends well: units and centre agree, a request brings a yen, and all rights can be called back.

    Of units whose disks were copied nothing is expected: a person has to look, and give them a new life.
    """
    well = [at for at, box in enumerate(state.boxes) if _is_well(state, at) and not box.is_copy]
    for at in well:
        state = _talk(state, rules, at)
    for at in well:
        unit = state.boxes[at].unit
        had = own(state.boxes[at].journal)
        if state.books.free > 0 and rules.grantable(state.books, unit):
            if rules.asked_anew(state.books.accounts[unit], rules.asks_with(state.boxes[at])):
                state = _talk(grant(state, unit), rules, at)
            if own(state.boxes[at].journal) != had + 1:
                return False
        while own(state.boxes[at].journal) > 0:
            had = own(state.boxes[at].journal)
            state = _talk(recall(state, rules, unit), rules, at)
            if own(state.boxes[at].journal) != had - 1:
                return False
        if state.books.accounts[unit].rights != 0:
            return False
    return True


def _is_well(state: State, at: int) -> bool:
    box = state.boxes[at]
    account = state.books.accounts[box.unit]
    copied = {(sent.unit, sent.life) for sent in state.adrift} | set(state.copies)
    return account.life == box.life and not account.branched and (box.unit, box.life) not in copied


def _talk(state: State, rules: Rules, at: int) -> State:
    """Let a unit take in everything that the centre says, and the centre everything that the unit wrote."""
    for _ in range(_CALM_STEPS_MAX):
        _, after = next(hear(state, rules, at), ("", None))
        if after is None:
            break
        state = after
    box = state.boxes[at]
    return arrived(state, rules, box.unit, box.journal)
