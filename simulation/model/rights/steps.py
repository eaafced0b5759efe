"""Everything that may happen to rights: at a unit, at the centre, on the way, and to a disk."""

from collections.abc import Iterator
from typing import Final

import msgspec
from msgspec.structs import replace

from simulation.model.rights.rules import Rules
from simulation.model.rights.state import NO_COUNTER, UNITS, Account, Books, Box, Sent, State, own, with_account

Step = tuple[str, State]
_MARKS: Final = "0123456789"
_APPLIES: Final = frozenset("gbn")


def steps(state: State, rules: Rules) -> Iterator[Step]:
    """Yield what may happen next, in words, with the state that follows."""
    for at, box in enumerate(state.boxes):
        if not box.frozen:
            yield from hear(state, rules, at)
            yield from _serve(state, rules, at, box)
        yield from _copy(state, rules, at, box)
    for unit in range(len(UNITS)):
        yield from _say(state, rules, unit)
        yield from _arrive(state, rules, unit)
        yield from _close(state, rules, unit)
    yield from _keep_books(state)
    yield from rules.more(state)


# ---- at a unit


def hear(state: State, rules: Rules, at: int) -> Iterator[Step]:
    """Let a line of the centre arrive: one in its books, or one that was said before and is still on its way."""
    box, books = state.boxes[at], state.books
    words = [Sent(unit, one.life, one.lines, books.restored) for unit, one in enumerate(books.accounts)]
    for sent in (*words, *state.said):
        if sent.word and rules.believes(box, sent):
            for line, letter in enumerate(sent.word):
                if rules.takes(box, line):
                    yield _take(state, rules, at, line, letter)
    if books.restored > box.journal.count("r"):
        yield f"{name(box)} hears that the centre was restored", write(state, rules, at, "r")


def _take(state: State, rules: Rules, at: int, line: int, letter: str) -> Step:
    """Take in a line of the centre; a recall is answered in the same commit."""
    box = state.boxes[at]
    if letter == "G":
        return f"{name(box)} takes in line {line + 1}, a grant", write(state, rules, at, "g")
    if own(box.journal) > 0:
        return f"{name(box)} takes in line {line + 1}, a recall: gives a yen back", write(state, rules, at, "b")
    return f"{name(box)} takes in line {line + 1}, a recall: nothing is left", write(state, rules, at, "n")


def _serve(state: State, rules: Rules, at: int, box: Box) -> Iterator[Step]:
    left = state.left
    if left.payments and own(box.journal) > 0:
        paid = less(write(state, rules, at, "p"), payments=left.payments - 1)
        yield f"{name(box)} takes a payment and beeps", replace(paid, paid=state.paid + 1)
        if left.cuts:
            yield f"{name(box)} takes a payment; the power goes before the beep", less(paid, cuts=left.cuts - 1)
    if left.voids and rules.voidable(box.journal) > 0:
        void = less(write(state, rules, at, "v"), voids=left.voids - 1)
        yield f"{name(box)} makes a payment void", replace(void, paid=state.paid - 1)
    if left.cash:
        cash = less(write(state, rules, at, "c"), cash=left.cash - 1)
        yield f"{name(box)} takes in cash for the card", replace(cash, charged=state.charged + 1)


def write(state: State, rules: Rules, at: int, letter: str) -> State:
    """Write an entry and raise the counter."""
    box = state.boxes[at]
    return with_box(state, at, rules.counts(replace(box, journal=box.journal + letter)))


# ---- at the centre


def _say(state: State, rules: Rules, unit: int) -> Iterator[Step]:
    books, left = state.books, state.left
    if unit in books.unheard:
        return  # it may have said more than it remembers
    if left.grants and rules.grantable(books, unit):
        yield f"the centre grants a yen to the {UNITS[unit]}", less(grant(state, unit), grants=left.grants - 1)
    if left.recalls and books.accounts[unit].lines:
        yield (
            f"the centre recalls a yen from the {UNITS[unit]}",
            less(recall(state, rules, unit), recalls=left.recalls - 1),
        )


def grant(state: State, unit: int) -> State:
    """Grant a yen: it leaves the free money before the unit can hear of it."""
    return replace(state, books=_granted(state.books, unit))


def recall(state: State, rules: Rules, unit: int) -> State:
    """Ask for a yen back."""
    return replace(state, books=rules.on_recall(_said(state.books, unit, "R"), unit))


def _granted(books: Books, unit: int) -> Books:
    account = books.accounts[unit]
    raised = with_account(books, unit, replace(account, lines=account.lines + "G", rights=account.rights + 1))
    return replace(raised, free=books.free - 1)


def _said(books: Books, unit: int, line: str) -> Books:
    account = books.accounts[unit]
    return with_account(books, unit, replace(account, lines=account.lines + line))


def _arrive(state: State, rules: Rules, unit: int) -> Iterator[Step]:
    """Let a journal arrive, as long as it was at any time since its life began."""
    account = state.books.accounts[unit]
    if account.branched:
        return
    journals = [Sent(unit, box.life, box.journal) for box in state.boxes if box.unit == unit]
    journals += [sent for sent in state.adrift if sent.unit == unit]
    for sent in journals:
        if rules.hears(account, sent):
            for length in range(1, len(sent.word) + 1):
                after = arrived(state, rules, unit, sent.word[:length])
                if after is not state:
                    yield f"{length} entries of the {UNITS[unit]}, life {sent.life}, reach the centre", after


def arrived(state: State, rules: Rules, unit: int, word: str) -> State:
    """Book what is new of a journal; of one that contradicts what is held, note only that."""
    account = state.books.accounts[unit]
    if rules.contradicts(account.held, word):
        return replace(state, books=with_account(state.books, unit, replace(account, branched=True)))
    new = rules.news(account.held, word)
    return replace(state, books=_booked(state.books, rules, unit, word, new)) if new else state


def _booked(books: Books, rules: Rules, unit: int, word: str, new: str) -> Books:
    for letter in [letter for letter in word if letter in _APPLIES][len(books.accounts[unit].lines) :]:
        books = _granted(books, unit) if letter == "g" else _said(books, unit, "R")  # lost when it was restored
    account = books.accounts[unit]
    paid, cash, back = new.count("p") - new.count("v"), new.count("c"), new.count("b")
    held = max(account.held, word, key=len)
    books = with_account(books, unit, replace(account, held=held, rights=account.rights + cash - paid))
    books = replace(books, spent=books.spent + paid, cash=books.cash + cash)
    if books.unheard and word.count("r") == books.restored:
        books = replace(books, unheard=books.unheard - {unit})
    return rules.on_return(books, unit, back) if back else books


def _close(state: State, rules: Rules, unit: int) -> Iterator[Step]:
    """End a life of a unit, and begin the next in another box with an empty journal; the old box may still run."""
    books, left = state.books, state.left
    if left.closings:
        account, fresh = books.accounts[unit], Account(books.accounts[unit].life + 1)
        after = rules.after_closing(with_account(books, unit, fresh), account.rights)
        said = add(state.said, Sent(unit, account.life, account.lines, books.restored))
        box = Box(unit, fresh.life, counter=NO_COUNTER if state.boxes[unit].counter == NO_COUNTER else 0)
        closed = replace(state, boxes=(*state.boxes, box), books=after, said=said)
        yield (
            f"the {UNITS[unit]} is closed; its next life begins in another box",
            less(closed, closings=left.closings - 1),
        )
    if left.funds and books.suspense > books.fund and unit == 0:
        due = books.suspense - books.fund
        paid = replace(books, free=books.free + due, fund=books.fund + due)
        yield "the fund pays for what is in suspense", less(replace(state, books=paid), funds=left.funds - 1)


# ---- disks and backups


def _copy(state: State, rules: Rules, at: int, box: Box) -> Iterator[Step]:
    """Put a disk back to any earlier state, or start a copy of it elsewhere; each such start writes its own mark."""
    left = state.left
    mark = _MARKS[len(state.adrift) + len(state.boxes)]
    if left.put_back:
        adrift = add(state.adrift, Sent(box.unit, box.life, box.journal))
        for length in range(len(box.journal)):
            back = replace(box, journal=box.journal[:length], put_back=True)
            frozen = rules.freezes(back)
            back = rules.counts(replace(back, journal=back.journal + mark, frozen=frozen))
            after = replace(with_box(state, at, back), adrift=adrift)
            if box.counter == NO_COUNTER:
                after = _note_copy(after, box)
            label = f"the disk of {name(box)} is put back to when it had {length} entries"
            yield label, less(after, put_back=left.put_back - 1)
    if left.clones and not box.frozen:
        clone = Box(box.unit, box.life, box.journal + mark, is_copy=True)
        after = _note_copy(replace(state, boxes=(*state.boxes, clone)), box)
        yield f"a copy of the disk of {name(box)} runs in another box", less(after, clones=left.clones - 1)


def _note_copy(state: State, box: Box) -> State:
    return replace(state, copies=tuple(sorted((*state.copies, (box.unit, box.life)))))


def _keep_books(state: State) -> Iterator[Step]:
    books, left = state.books, state.left
    if left.restores and state.backup is None:
        yield "a backup of the centre is made", replace(state, backup=books)
    elif left.restores and state.backup is not None:
        said = state.said
        for unit, account in enumerate(books.accounts):
            said = add(said, Sent(unit, account.life, account.lines, books.restored))
        unheard = frozenset(range(len(UNITS)))
        back = replace(state.backup, restored=books.restored + 1, unheard=unheard)
        after = replace(state, books=back, said=said, backup=None)
        yield "the centre is restored from its backup", less(after, restores=left.restores - 1)


# ---- putting states together


def name(box: Box) -> str:
    """Return a box as people speak of it."""
    which = UNITS[box.unit] + ("'s copy" if box.is_copy else "")
    return f"the {which}" if box.life == 1 else f"the {which} in life {box.life}"


def with_box(state: State, at: int, box: Box) -> State:
    """Return a state with another box in a place."""
    return replace(state, boxes=(*state.boxes[:at], box, *state.boxes[at + 1 :]))


def less(state: State, **left: int) -> State:
    """Note that something may happen less often from here on."""
    return replace(state, left=replace(state.left, **left))


def add(words: tuple[Sent, ...], word: Sent) -> tuple[Sent, ...]:
    """Let a word be on its way too."""
    return words if word in words else tuple(sorted((*words, word), key=msgspec.structs.astuple))
