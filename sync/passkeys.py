"""Passkeys with which people sign in at the office's console: said in the office's own journal, for no unit.

What stands here is public: a number, and a key that checks signatures. What signs never leaves the person's device.
Arithmetic only.
"""

import hashlib
from typing import Annotated, Final

import msgspec

from sync.entries import Count, Entry, Fact, HashHex, UnitName
from sync.program import Fold

CREDENTIAL_MAX: Final = 1_364  # 1,023 bytes (WebAuthn, 4) in base64url
_BASE64URL: Final = r"^[A-Za-z0-9_-]+$"

Credential = Annotated[str, msgspec.Meta(pattern=_BASE64URL, max_length=CREDENTIAL_MAX)]
PublicText = Annotated[str, msgspec.Meta(pattern=_BASE64URL, max_length=2_000)]
When = tuple[int, str, int]


class PasskeyAdded(Fact, frozen=True, tag="account.passkey"):
    """A passkey signs in for somebody from now on.

    Attributes:
        name: whose account.
        credential: what the device calls it, in base64url.
        public: the key that checks what it signs (COSE), in base64url.
        site: at which name of the console it is good.
        shown: what its owner calls it.
        uses: how often it had signed by its own count; 0, if it counts not.
        is_copied: it is backed up, and so on more devices than one, or may be.
    """

    name: UnitName
    credential: Credential
    public: PublicText
    site: Annotated[str, msgspec.Meta(max_length=253)]
    shown: Annotated[str, msgspec.Meta(max_length=32)] = ""
    uses: Count = 0
    is_copied: bool = False


class PasskeyUsed(Fact, frozen=True, tag="account.passkey.used"):
    """Somebody came in by a passkey.

    Attributes:
        passkey: its number (`number_of`).
        uses, is_copied: what it said of itself this time.
    """

    name: UnitName
    passkey: HashHex
    uses: Count = 0
    is_copied: bool = False


class PasskeyRemoved(Fact, frozen=True, tag="account.passkey.removed"):
    """A passkey signs in for nobody any more, for ever.

    Attributes:
        by: who said so: its owner's account, or the user of the centre's machine.
    """

    name: UnitName
    passkey: HashHex
    by: Annotated[str, msgspec.Meta(max_length=64)] = ""


CENTRE: Final = (PasskeyAdded, PasskeyUsed, PasskeyRemoved)


class Passkey(msgspec.Struct, frozen=True):
    """What was said about one passkey, in whatever order. `when`: (time by the centre, boot, seq).

    Attributes:
        added, when: the first word by which it was added.
        uses: the most that it has counted.
        used: when it came last, and whether it was backed up then.
    """

    added: PasskeyAdded | None = None
    when: When | None = None
    uses: int = 0
    used: tuple[When, bool] | None = None
    is_removed: bool = False

    @property
    def is_copied(self) -> bool:
        """Whether it was backed up when it was seen last."""
        return self.used[1] if self.used else bool(self.added and self.added.is_copied)


def number_of(credential: str) -> str:
    """Return what entries, pages and commands call a passkey."""
    return hashlib.sha256(f"passkey {credential}".encode()).hexdigest()


def _key(entry: Entry) -> str:
    match entry.fact:
        case PasskeyAdded(credential=credential):
            return number_of(credential)
        case PasskeyUsed(passkey=passkey) | PasskeyRemoved(passkey=passkey):
            return passkey
    return ""


def _fold(known: Passkey, entry: Entry) -> Passkey:
    when, fact, but = (entry.at, entry.boot, entry.seq), entry.fact, msgspec.structs.replace
    if isinstance(fact, PasskeyRemoved):
        return but(known, is_removed=True)
    if isinstance(fact, PasskeyUsed):
        used = max(known.used or (when, fact.is_copied), (when, fact.is_copied))
        return but(known, uses=max(known.uses, fact.uses), used=used)
    if not isinstance(fact, PasskeyAdded):
        return known
    known = but(known, uses=max(known.uses, fact.uses))
    return known if known.when and known.when <= when else but(known, added=fact, when=when)


PASSKEYS: Final = Fold(
    name="passkeys",
    kinds=CENTRE,
    state=Passkey,
    empty=Passkey(),
    key=_key,
    fold=_fold,
    samples=(
        PasskeyAdded("hanako", "Zm9v", "pQEC", "localhost", "窓口のPC", 1),
        PasskeyUsed("hanako", number_of("Zm9v"), 2, is_copied=True),
        PasskeyRemoved("hanako", number_of("Zm9v"), "root"),
    ),
)
