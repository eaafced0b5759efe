"""How a unit is let into a town: it makes its own keys, shows a one-time code, and keeps what the town gives it.

Whether request and answer travel over a network or on a stick is decided above: `appliance.uplink`.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from appliance import durable
from appliance.config import CARD_KEY_FILE, ENROLMENT_FILE, KEY_FILE, LIFE_FILE, PUBLIC_FILE, ConfigError, Life
from appliance.sealed import sealed
from drivers.keystore.file import Driver as FileKeystore
from drivers.keystore.file import create
from sync.entries import BAD_JSON
from sync.messages import Enrolment, EnrolRequest, enrol_proof, text

EARLIER: Final = "earlier"
ASKED_FILE: Final = "asked.json"  # what was asked for by hand, until the answer is here
_DRAWN_FOR: Final = KEY_FILE + ".new.ticket"


class Ticket(msgspec.Struct, frozen=True):
    """What the office printed for this unit; see `machi central unit add`.

    `town_key`, `seal`: by which an answer is known that comes as a file, and for which a request is sealed (base64).
    """

    url: str
    town: str
    unit: str
    code: str
    ca: str
    town_key: str = ""
    seal: str = ""


def read_ticket(raw: bytes) -> Ticket:
    """Read a ticket.

    Raises:
        ConfigError: it is not one.
    """
    try:
        return msgspec.json.decode(raw, type=Ticket)
    except BAD_JSON as error:
        raise ConfigError(f"this is not a ticket: {error}; ask the office for: machi central unit add") from error


def own_key(folder: Path, code: str) -> FileKeystore:
    """Return the key with which a unit asks to be let in; it is drawn at the first time for each ticket.

    With another ticket another key is drawn: the life that the one before was for may have begun at the centre without
    a word of it coming through, and nobody is let in twice under one key.
    """
    fresh, drawn_for = folder / (KEY_FILE + ".new"), folder / _DRAWN_FOR
    bound = hashlib.sha256(code.encode()).hexdigest()
    if not fresh.exists() and (folder / KEY_FILE).exists() and not (folder / ENROLMENT_FILE).exists():
        (folder / KEY_FILE).rename(fresh)  # it ended after its key had its name, and before it counted as enrolled
    known = drawn_for.read_text() if drawn_for.exists() else ""
    if fresh.exists() and len(known) == len(bound) and known != bound:  # what a power cut left of it says nothing
        fresh.unlink()
    if known != bound:
        durable.write(drawn_for, bound.encode())
    if not fresh.exists():
        create(fresh)
        durable.sync(folder)  # before anybody hears of it: a ticket is spent on this key
    return FileKeystore(FileKeystore.Options(str(fresh)))


def asks(keystore: FileKeystore, ticket: Ticket, csr: str, host_key: str = "") -> EnrolRequest:
    """Return what a unit asks the centre for, proven with the journal's key.

    Args:
        csr: a request for the TLS key of the unit's uplink (PEM).
        host_key: public key of the unit's SSH server, if that is to be vouched for.
    """
    proof = keystore.sign(enrol_proof(ticket.code, csr, host_key))
    return EnrolRequest(ticket.unit, ticket.code, text(keystore.public), csr, text(proof), host_key)


def begin(folder: Path, enrolment: Enrolment, life: Life, stamp: str, keep: Callable[[Enrolment], None]) -> None:
    """Begin the life that the town has agreed to, under the key that asked for it.

    The journal and key of a life before are put aside under `earlier/`, untouched. The unit counts as enrolled once
    everything is kept: what ends before that may be done again with the same answer.

    Args:
        life: how the new life begins.
        stamp: names the folder of the life before.
        keep: keeps what is the uplink's, before the unit counts as enrolled.
    """
    kept, fresh = folder / ENROLMENT_FILE, folder / (KEY_FILE + ".new")
    keystore = FileKeystore(FileKeystore.Options(str(fresh)))
    if kept.exists():
        _put_aside(folder, stamp)
    (folder / PUBLIC_FILE).write_text(text(keystore.public) + "\n")
    (folder / LIFE_FILE).write_bytes(msgspec.json.encode(life))
    keep(enrolment)
    whole = folder / (ENROLMENT_FILE + ".new")
    whole.touch(mode=0o600)
    whole.write_bytes(msgspec.json.encode(enrolment))
    fresh.rename(folder / KEY_FILE)
    whole.rename(kept)
    for left_over in (_DRAWN_FOR, ASKED_FILE):
        (folder / left_over).unlink(missing_ok=True)


def _put_aside(folder: Path, stamp: str) -> None:
    aside = folder / EARLIER / stamp
    aside.mkdir(parents=True)
    keys = [(folder / name) for name in (KEY_FILE, CARD_KEY_FILE)]
    goes = {*keys, *map(sealed, keys), folder / PUBLIC_FILE, folder / LIFE_FILE}
    for path in sorted(folder.iterdir()):
        if path.name.startswith("journal.") or path in goes:
            path.rename(aside / path.name)
    (folder / ENROLMENT_FILE).rename(aside / ENROLMENT_FILE)  # last: while it is here, there is a life to put aside
