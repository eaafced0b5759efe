"""What is said about the residents of the town: by pseudonyms alone, so that the journals name nobody.

A resident's file has a number that was drawn, the holder. What stands in the file (name, address, birthday) is in no
entry: it lies sealed beside the journals, and an entry says only which bytes these are. No unit reads any of this but
`CardPrefers`, the way in which the holder of a card wants to be spoken to.
"""

from enum import StrEnum
from typing import Annotated, Final

import msgspec

from sync.entries import Card, Count, Fact, HashHex, Ref, Text

READ_AT_ONCE: Final = 20  # names that one look may show

Holder = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{32}$")]
"""A resident's file, by a number that was drawn. A person may have had several until they were merged."""

Clerk = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Day = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]


class How(StrEnum):
    """How the office knows what stands in a file."""

    CARD = "card"  # read from the holder's card, with all signatures
    TYPED = "typed"  # typed by a clerk


class Form(StrEnum):
    CARD = "card"  # the holder's My Number Card
    TOKEN = "token"  # noqa: S105 - a card of the town's own, such as a child's


class CardEnd(StrEnum):
    """Why a card is nobody's any more. What was only lost or stopped can be found."""

    LOST = "lost"
    STOPPED = "stopped"  # as its holder wanted
    RETURNED = "returned"
    RENEWED = "renewed"


class Leaving(StrEnum):
    """Why somebody is a resident with a file no more; `HERE` takes it back."""

    HERE = "here"
    MOVED = "moved"
    DIED = "died"
    ENDED = "ended"  # as the holder wanted


class Language(StrEnum):
    JA = "ja"
    EASY = "easy"  # やさしい日本語
    EN = "en"


class Preferences(msgspec.Struct, frozen=True, omit_defaults=True):
    """How somebody wants to be spoken to; it does not say why.

    Attributes:
        voice: results are spoken, too.
        large: larger letters, which stay for longer.
        quiet: no sound but the shortest.
    """

    voice: bool = False
    large: bool = False
    quiet: bool = False
    lang: Language = Language.JA


class FileWritten(Fact, frozen=True, tag="resident.file"):
    """A resident's file was written. `sealed`: SHA-256 of what lies sealed beside the journals; `version`: from 1."""

    of: Holder
    version: Annotated[int, msgspec.Meta(ge=1)]
    sealed: HashHex
    how: How
    by: Clerk


class FileErased(Fact, frozen=True, tag="resident.erased"):
    """What was sealed for a resident was deleted."""

    of: Holder
    why: Text
    by: Clerk


class CardBound(Fact, frozen=True, tag="resident.card"):
    """A card is this resident's, from now on and until it is said to be another's."""

    of: Holder
    card: Card
    form: Form
    by: Clerk


class CardEnded(Fact, frozen=True, tag="resident.card.ended"):
    """A resident has a card no more. `into`: the card that took its place, or ""."""

    of: Holder
    card: Card
    why: CardEnd
    by: Clerk
    into: str = ""


class Consented(Fact, frozen=True, tag="resident.consent"):
    """A resident agrees that a program uses what stands in the file, or does so no more. `guardian`: who said it."""

    of: Holder
    program: Ref
    given: bool
    by: Clerk
    guardian: str = ""


class GuardianSet(Fact, frozen=True, tag="resident.guardian"):
    """Somebody speaks for a child, or does so no more."""

    of: Holder
    guardian: Holder
    stands: bool
    by: Clerk


class Preferred(Fact, frozen=True, tag="resident.prefers"):
    """How a resident wants to be spoken to."""

    of: Holder
    prefers: Preferences
    by: Clerk


class Left(Fact, frozen=True, tag="resident.left"):
    """Somebody moved away, died, or wants to be registered no more; or it was a mistake."""

    of: Holder
    why: Leaving
    day: Day
    by: Clerk


class Merged(Fact, frozen=True, tag="resident.merged"):
    """A file was found to be about the same person as another one: `into` is the one that counts from now on."""

    of: Holder
    into: Holder
    by: Clerk


class NamesRead(Fact, frozen=True, tag="resident.read"):
    """A person looked into files. It is written before anything is shown. `why`: a search, a sheet, and so on."""

    of: Annotated[tuple[Holder, ...], msgspec.Meta(min_length=1, max_length=READ_AT_ONCE)]
    by: Clerk
    why: Text


class FilesCounted(Fact, frozen=True, tag="resident.counted"):
    """Files were opened to count by age, and nobody saw a name. It is written before the first is opened.

    Attributes:
        program: those files whose holders agree to it, and no other.
        files: how many these were.
        on: the day on which the age counts.
    """

    program: Ref
    files: Count
    on: Day
    by: Clerk
    why: Text


class CardRead(Fact, frozen=True, tag="card.read"):
    """A person looked at what was done with one card. It is written before anything is shown."""

    card: Card
    by: Clerk
    why: Text


class CardPrefers(Fact, frozen=True, tag="card.prefers"):
    """How the holder of a card wants to be spoken to, for all units; nothing says who that is, or why."""

    card: Card
    prefers: Preferences


OFFICE: Final[tuple[type[Fact], ...]] = (
    *(FileWritten, FileErased, CardBound, CardEnded, Consented, GuardianSet, Preferred, Left, Merged, NamesRead),
    *(CardRead, FilesCounted),
)
KINDS: Final[tuple[type[Fact], ...]] = (*OFFICE, CardPrefers)
