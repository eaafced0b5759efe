"""What is on a virtual chip: applications with files, secrets and keys, and how one chip differs from another."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from drivers.card.apdu import Command, Status

Access = frozenset[int] | None  # the secrets of which any one opens a file; none of them: free; None: closed for ever
FREE: Access = frozenset()
CLOSED: Access = None
_TRIES = 0x63C0
TERMINAL = 0x1_0000  # stands for no secret: opens to a terminal that has proven itself


class StatusError(Exception):
    """A command ends with this status word."""

    def __init__(self, sw: int) -> None:
        self.sw = sw
        super().__init__(f"{sw:04X}")


@dataclass
class Transparent:
    """A file of bytes, filler and all."""

    content: bytes
    access: Access = FREE


@dataclass
class Computed:
    """A file that is written anew each time it is read from its start."""

    make: Callable[[], bytes]


@dataclass
class Records:
    """A file of records, numbered from 1."""

    records: Sequence[bytes]


@dataclass
class Secret:
    """A PIN or password, sent as it is. Every wrong one costs a try; a right one gives all tries back."""

    value: bytes
    tries_max: int
    tries: int = -1  # -1: all of them

    def __post_init__(self) -> None:
        if self.tries < 0:
            self.tries = self.tries_max

    def left(self) -> StatusError:
        """Return the status word that says how many tries are left."""
        return StatusError(_TRIES | self.tries)

    def compare(self, value: bytes) -> None:
        """Take a value that was sent.

        Raises:
            StatusError: it is wrong and has cost a try, or none was left.
        """
        if not self.tries:
            raise StatusError(Status.REFERENCE_UNUSABLE)
        if value != self.value:
            self.tries -= 1
            raise self.left()
        self.tries = self.tries_max


@dataclass
class SignKey:
    """A private key that signs what it is given, once `secret` (the identifier of its file) was shown."""

    sign: Callable[[bytes], bytes]
    secret: int


File = Transparent | Computed | Records | Secret | SignKey


@dataclass
class Application:
    """One application: its files; a key of its own that needs no secret; keys that answer challenges; data objects.

    `mutual`: by key reference, what answers to MUTUAL AUTHENTICATE: from the card's challenge and the command's data.
    `says`: what it answers to being selected. `own`: what answers to its own instructions; `powered`: told of power-up.
    """

    name: str
    aid: bytes
    files: dict[int, File] = field(default_factory=dict)
    own_key: Callable[[bytes], bytes] | None = None
    answers: dict[int, Callable[[bytes], bytes]] = field(default_factory=dict)
    objects: dict[int, bytes] = field(default_factory=dict)
    mutual: dict[int, Callable[[bytes, bytes], bytes]] = field(default_factory=dict)
    says: bytes = b""
    own: dict[int, Callable[[Command], bytes]] = field(default_factory=dict)
    powered: Callable[[], None] = lambda: None


class Quirk(StrEnum):
    """How this chip differs from others."""

    STUMBLES = "stumbles"  # the first command after power-up is answered 6F00, whatever it is
    TELLS_VERIFIED = "tells_verified"  # VERIFY without a secret is answered 9000 once the secret was shown
    NO_EXTENDED = "no_extended"  # extended length is answered 6700
    NO_CHAINING = "no_chaining"
    NO_SHORT_IDS = "no_short_ids"  # READ BINARY, VERIFY and signatures know no short file identifiers
    ANNOUNCES = "announces"  # data is announced by 61xx and fetched by GET RESPONSE, as over T=0
    EXACT = "exact"  # reading more than there is is answered 6Cxx
