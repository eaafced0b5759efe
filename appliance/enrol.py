"""How a unit is let into a town: it makes its own keys, shows a one-time code, and keeps what the town gives it.

Everything about the network happens in the function that is handed in; a unit that is enrolled needs it never again.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from appliance.config import ENROLMENT_FILE, KEY_FILE, LIFE_FILE, PUBLIC_FILE, ConfigError, Life
from drivers.keystore.file import Driver as FileKeystore
from drivers.keystore.file import create
from sync.entries import BAD_JSON
from sync.messages import Enrolment, EnrolRequest, enrol_proof, text

EARLIER: Final = "earlier"


class Ticket(msgspec.Struct, frozen=True):
    """What the office printed for this unit; see `machi central unit add`."""

    url: str
    town: str
    unit: str
    code: str
    ca: str


def read_ticket(raw: bytes) -> Ticket:
    """Read a ticket.

    Raises:
        ConfigError: it is not one.
    """
    try:
        return msgspec.json.decode(raw, type=Ticket)
    except BAD_JSON as error:
        raise ConfigError(f"this is not a ticket: {error}; ask the office for: machi central unit add") from error


def enrol(
    folder: Path,
    ticket: Ticket,
    csr: str,
    call: Callable[[EnrolRequest], Enrolment],
    life: Life,
    stamp: str,
    host_key: str = "",
    keep: Callable[[Enrolment], None] = lambda _enrolment: None,
) -> Enrolment:
    """Enrol the unit in a folder, and keep what the town gives it.

    A unit that was enrolled before begins a new life with a new key: once the town agreed, the journal and key of the
    life before are put aside under `earlier/`, untouched. It counts as enrolled once everything is kept: what ends
    before that may be tried again with the same ticket, for the same key asks.

    Args:
        csr: a request for the TLS key of the unit's uplink (PEM).
        call: asks the centre.
        life: how the new life begins.
        stamp: names the folder of the life before.
        host_key: public key of the unit's SSH server, if that is to be vouched for.
        keep: keeps what is the uplink's, before the unit counts as enrolled.
    """
    kept = folder / ENROLMENT_FILE
    fresh = folder / (KEY_FILE + ".new")
    if not fresh.exists():
        if kept.exists() or not (folder / KEY_FILE).exists():
            create(fresh)
        else:  # it ended after its key had its name, and before it counted as enrolled
            (folder / KEY_FILE).rename(fresh)
    keystore = FileKeystore(FileKeystore.Options(str(fresh)))
    proof = keystore.sign(enrol_proof(ticket.code, csr, host_key))
    enrolment = call(EnrolRequest(ticket.unit, ticket.code, text(keystore.public), csr, text(proof), host_key))
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
    return enrolment


def _put_aside(folder: Path, stamp: str) -> None:
    aside = folder / EARLIER / stamp
    aside.mkdir(parents=True)
    for path in sorted(folder.iterdir()):
        if path.name.startswith("journal.") or path.name in (KEY_FILE, PUBLIC_FILE, ENROLMENT_FILE, LIFE_FILE):
            path.rename(aside / path.name)
