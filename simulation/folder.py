"""A unit's folder as `machi unit init` and `machi unit enrol` leave it, without a network: for a daemon to run in."""

from pathlib import Path

import msgspec

from appliance.config import TRUST_FOLDER, Life
from appliance.enrol import asks, begin, own_key, read_ticket
from appliance.setup import write_config
from central.centre import Centre
from drivers.card.trust import Trust
from drivers.card.trust_folder import save
from simulation.deeds import FACILITY
from simulation.unit import any_csr


def furnish(
    folder: Path, centre: Centre, name: str, place: str, trust: Trust, reader: str = "", counter: str = FACILITY
) -> None:
    """Set a unit up in a folder that is not there yet.

    Args:
        reader: part of the name of its PC/SC reader; empty for every one.
    """
    write_config(folder, name, "pcsc", reader, 0, test=True)
    (folder / TRUST_FOLDER / "trust.toml").unlink()
    save(trust, folder / TRUST_FOLDER)
    ticket = read_ticket(msgspec.json.encode(centre.enroller.invite(name, place, counter, "https://localhost")))
    enrolment = centre.enroller.enrol(asks(own_key(folder, ticket.code), ticket, any_csr()))
    begin(folder, enrolment, Life(), "before", lambda _given: None)
