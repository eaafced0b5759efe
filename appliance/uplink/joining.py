"""The one call over the network that a unit cannot do without: the one that lets it into a town."""

import contextlib
import os
from datetime import UTC, datetime
from pathlib import Path

import httpx

from appliance.config import CONFIG_FILE, TLS_FOLDER, Life, driver, read_config
from appliance.enrol import enrol, read_ticket
from appliance.uplink.certificate import Tls, context_for
from sync.client import HttpCentre
from sync.messages import Enrolment

_TIMEOUT_S = 15.0


def join(folder: Path, raw_ticket: bytes) -> Enrolment:
    """Enrol the unit in a folder with a ticket, and keep its certificate and the centre's address.

    Raises:
        ConfigError: the ticket is none, or the folder holds no unit.
        UnreachableError, RefusedError: the centre did not answer, or said no.
    """
    ticket = read_ticket(raw_ticket)
    with contextlib.chdir(folder):
        life = Life(driver(read_config(Path()), "monotonic").read() or 0)
    tls = Tls(folder / TLS_FOLDER)
    csr = tls.request(ticket.unit)
    with httpx.Client(base_url=ticket.url, verify=context_for(ticket.ca), timeout=_TIMEOUT_S, trust_env=False) as http:
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
        enrolment = enrol(folder, ticket, csr, HttpCentre(http).enrol, life, stamp)
    tls.keep(enrolment.certificate, enrolment.ca)
    _keep_url(folder / CONFIG_FILE, ticket.url)
    _make_durable(folder)
    return enrolment


def _keep_url(config: Path, url: str) -> None:
    """Write the centre's address into the configuration, if the technician has not set another."""
    text = config.read_text()
    if "[uplink]" not in text:
        config.write_text(f'{text}\n[uplink]\nurl = "{url}"\n')


def _make_durable(folder: Path) -> None:
    """Sync what was written: the ticket is used up, and whoever holds this box may pull its plug now."""
    for path in (*(path for path in sorted(folder.iterdir()) if path.is_file()), folder):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
