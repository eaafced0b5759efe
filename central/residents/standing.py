"""What counts about a resident's file, folded from what the office said; nothing in it names anybody. Arithmetic."""

from typing import Any, Final

import msgspec

from sync.entries import Entry
from sync.program import Fold
from sync.residents import (
    CardBound,
    CardEnd,
    CardEnded,
    Consented,
    FileErased,
    FileWritten,
    Form,
    GuardianSet,
    How,
    Leaving,
    Left,
    Merged,
    Preferences,
    Preferred,
)


class Held(msgspec.Struct, frozen=True, omit_defaults=True):
    """A card of somebody. `ended`: why it is theirs no more, or None; `into`: the card in its place, or ""."""

    form: Form = Form.CARD
    ended: CardEnd | None = None
    into: str = ""


class Consent(msgspec.Struct, frozen=True, omit_defaults=True):
    """The latest word about one program. `at`: when, Unix milliseconds; `guardian`: who said it for a child."""

    given: bool
    at: int
    guardian: str = ""

    def is_after(self, other: "Consent") -> bool:
        """Whether this word counts before another one; of two that came at once, the one that says no."""
        return (self.at, not self.given) > (other.at, not other.given)


class Standing(msgspec.Struct, frozen=True, omit_defaults=True):
    """One file.

    Attributes:
        version, sealed, how: of what lies sealed; version 0: there is nothing, or it was erased.
        cards: by their names, also those that ended.
        consents: by program.
        guardians: who speaks for this child.
        left, left_day: whether and why they are not here any more.
        into: the file that this one was merged into, or "".
    """

    version: int = 0
    sealed: str = ""
    how: How = How.TYPED
    is_erased: bool = False
    cards: dict[str, Held] = msgspec.field(default_factory=dict)
    consents: dict[str, Consent] = msgspec.field(default_factory=dict)
    guardians: tuple[str, ...] = ()
    prefers: Preferences = Preferences()
    left: Leaving = Leaving.HERE
    left_day: str = ""
    into: str = ""

    @property
    def active(self) -> tuple[str, ...]:
        """The cards that are theirs now, in the order in which they were given out."""
        return tuple(card for card, held in self.cards.items() if held.ended is None)

    @property
    def is_known(self) -> bool:
        return self.version > 0 or self.is_erased

    def agrees_to(self, program: str) -> bool:
        """Whether a program may use the file; whoever said nothing has not agreed."""
        said = self.consents.get(program)
        return said is not None and said.given and not self.into


def _fold(was: Standing, entry: Entry) -> Standing:
    return msgspec.structs.replace(was, **_changes(was, entry))


def _changes(was: Standing, entry: Entry) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    match entry.fact:
        case FileWritten(version=version, sealed=sealed, how=how):
            changes = {"version": version, "sealed": sealed, "how": how, "is_erased": False}
        case FileErased():
            changes = {"version": 0, "sealed": "", "is_erased": True}
        case CardBound(card=card, form=form):
            changes = {"cards": was.cards | {card: Held(form)}}
        case CardEnded(card=card, why=why, into=into):
            held = was.cards.get(card, Held())
            changes = {"cards": was.cards | {card: Held(held.form, why, into)}}
        case Consented(program=program, given=given, guardian=guardian):
            changes = {"consents": was.consents | {program: Consent(given, entry.at, guardian)}}
        case GuardianSet(guardian=guardian, stands=stands):
            others = tuple(one for one in was.guardians if one != guardian)
            changes = {"guardians": (*others, guardian) if stands else others}
        case Preferred(prefers=prefers):
            changes = {"prefers": prefers}
        case Left(why=why, day=day):
            changes = {"left": why, "left_day": "" if why is Leaving.HERE else day}
        case Merged(into=into):
            changes = {"into": into}
    return changes


_KINDS: Final = (FileWritten, FileErased, CardBound, CardEnded, Consented, GuardianSet, Preferred, Left, Merged)
_A, _B, _C = "0a" * 16, "0b" * 16, "0c" * 16

STANDINGS: Final[Fold[Standing]] = Fold(
    name="residents",
    kinds=_KINDS,
    state=Standing,
    empty=Standing(),
    key=lambda entry: str(getattr(entry.fact, "of")),  # noqa: B009 - every kind has it, and Fact has not
    fold=_fold,
    samples=(
        FileWritten(_A, 1, "0d" * 32, How.CARD, "sato"),
        FileErased(_A, "ten years", "sato"),
        CardBound(_A, _C, Form.CARD, "sato"),
        CardEnded(_A, _C, CardEnd.LOST, "sato"),
        Consented(_A, "visits", given=True, by="sato"),
        GuardianSet(_A, _B, stands=True, by="sato"),
        Preferred(_A, Preferences(voice=True), "sato"),
        Left(_A, Leaving.MOVED, "2026-11-30", "sato"),
        Merged(_A, _B, "sato"),
    ),
)
