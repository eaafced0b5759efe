"""What a technician's laptop and a unit have to agree on: who may ask for what over SSH, and how answers look.

Nobody who comes to a unit gets a shell. A request is a verb and its words, an answer is JSON, or the bytes that were
asked for; whatever is longer than a word comes by standard input. Arithmetic only.
"""

import base64
import binascii
import hashlib
from enum import StrEnum
from typing import Annotated, Final

import msgspec

from sync.entries import AtMs, Count, UnitName

ACCOUNT: Final = "machi-"  # and before a role: the account on a unit


class Role(StrEnum):
    """What a technician's certificate lets its holder do; the principal in it."""

    SUPPORT = "support"  # look, and take copies along
    PROVISION = "provision"  # change, too


LOOK: Final = ("about", "status", "doctor", "verify", "logs", "journal", "standing", "updated", "kept")
CHANGE: Final = (
    "hold",
    "clock",
    "init",
    "trust",
    "enrol",
    "request",
    "accept",
    "news",
    "start",
    "stop",
    "bundle",
    "install",
    "restart",
    "wipe",
    "leave",
)
ALLOWED: Final = {Role.SUPPORT: LOOK, Role.PROVISION: (*LOOK, *CHANGE)}
"""Which verbs each role may use. Those in CHANGE, but for `hold`, only while the same connection holds the unit."""


class About(msgspec.Struct, frozen=True):
    """How far a unit is set up.

    Attributes:
        unit: its name; "" if nobody has written its configuration yet.
        epoch: the life in which the town let it in; 0 if it has not.
        key: public key of its journal (base64), or "".
        at: its clock, Unix milliseconds.
        free_bytes: room where the journal lies.
        certificate_ends: when the uplink's certificate runs out, Unix milliseconds; 0 if there is none.
        host_key, host_certificate: of its SSH server; the certificate "" if there is none.
        technicians: number of the list of technicians that it goes by; 0 if none was ever brought.
        active: which of its services run.
    """

    schema: str
    unit: str
    epoch: Count
    key: str
    at: AtMs
    free_bytes: int
    certificate_ends: AtMs
    host_key: str
    host_certificate: str
    technicians: Count
    active: list[str]


class KeptTwin(msgspec.Struct, frozen=True):
    """A twin that a unit keeps for a neighbour: its file, whose it is, in which life, and how long it is."""

    file: Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9-]{0,31}-[0-9]{1,9}\.twin$")]
    unit: UnitName
    life: Count
    bytes: Count


class Standing(msgspec.Struct, frozen=True):
    """How a unit stands with its town.

    Attributes:
        tip: its last entry, `boot/seq`, or "" before the first.
        unsent: how many of its entries the town does not hold.
        strange: what the town holds that is not here, or is another here; "" as a rule.
    """

    unit: str
    epoch: Count
    tip: str
    entries: Count
    unsent: Count
    strange: str


class Before(msgspec.Struct, frozen=True):
    """What the town knew of a unit's life when it gave a ticket for the next one, which ends that life.

    Attributes:
        upto: the ends up to which its journal was held, as `sync.tree.ends_text` writes them.
        unsent: how many entries more it said that it had, when it was heard last.
        heard_ms: when that was, Unix milliseconds; None for never.
    """

    epoch: Count
    upto: str
    unsent: Count
    heard_ms: AtMs | None


class Held(msgspec.Struct, frozen=True):
    """Somebody is changing a unit.

    Attributes:
        by: the name in his certificate.
        since: Unix milliseconds by the unit's clock.
        connection: which connection it is, as sshd names it.
        yours: it is the one that has just asked.
    """

    by: str
    since: AtMs
    connection: str
    yours: bool = False


class Updated(msgspec.Struct, frozen=True):
    """How a unit's last update of its system went, and what it has received of another one.

    Attributes:
        name, version: of the image that runs: board and kind; "" of a device without an image.
        stage: how far the last update came: writing, trying, looking, kept, back; "" if there was none.
        digest, update: of the last update, the SHA-256 of its bundle (hexadecimal), and its version.
        why: the figure of the symptom, if it went back; else 0. `missing`: what did not work.
        receiving, received: SHA-256 of a bundle of which so many bytes have come; "" and 0 of none.
    """

    schema: str
    name: str
    version: str
    stage: str = ""
    digest: str = ""
    update: str = ""
    why: Count = 0
    missing: tuple[str, ...] = ()
    receiving: str = ""
    received: Count = 0


class SetUp(msgspec.Struct, frozen=True):
    """What `machi unit init` is told."""

    name: UnitName
    reader: str
    reader_name: str
    screen_port: Count
    test: bool


def key_print(public: str) -> str:
    """Return a journal's public key (base64) as people compare it: ten groups of four hexadecimal digits.

    Raises:
        ValueError: it is not base64.
    """
    digits = hashlib.sha256(base64.b64decode(public, validate=True)).hexdigest()[:40]
    return " ".join(digits[at : at + 4] for at in range(0, 40, 4))


def ssh_print(public: str) -> str:
    """Return the fingerprint of a public key of OpenSSH (one line), as `ssh-keygen -l` writes it.

    Raises:
        ValueError: it is none.
    """
    try:
        blob = base64.b64decode(public.split()[1], validate=True)
    except (IndexError, binascii.Error) as error:
        raise ValueError("this is no public key of OpenSSH, a line that begins with ssh-ed25519 or the like") from error
    return f"SHA256:{base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip('=')}"
