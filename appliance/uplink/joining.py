"""The one call over the network that a unit cannot do without: the one that lets it into a town."""

import contextlib
import os
import ssl
from datetime import UTC, datetime
from pathlib import Path

import httpx

from appliance.config import CONFIG_FILE, TLS_FOLDER, Life, driver, read_config
from appliance.enrol import Ticket, asks, begin, own_key, read_ticket
from appliance.uplink.certificate import Tls, context_for
from sync.client import HttpCentre
from sync.messages import Enrolment

_TIMEOUT_S = 15.0


def join(folder: Path, raw_ticket: bytes, host_key: Path | None = None, through: int | None = None) -> Enrolment:
    """Enrol the unit in a folder with a ticket, and keep its certificate and the centre's address.

    Args:
        host_key: public key of the unit's SSH server; the certificate for it is laid beside it.
        through: a port of this machine that leads to the centre, if the unit has no way of its own.

    Raises:
        ConfigError: the ticket is none, or the folder holds no unit.
        UnreachableError, RefusedError: the centre did not answer, or said no.
    """
    ticket = read_ticket(raw_ticket)
    life = coming_life(folder)
    tls = Tls(folder / TLS_FOLDER)
    tls.let_go()
    csr = tls.request(ticket.unit)
    context = context_for(ticket.ca)
    transport = Detour(through, context) if through else None
    asked = asks(own_key(folder, ticket.code), ticket, csr, shown(host_key))
    with httpx.Client(
        base_url=ticket.url, verify=context, transport=transport, timeout=_TIMEOUT_S, trust_env=False
    ) as http:
        enrolment = HttpCentre(http).enrol(asked)
    settle(folder, ticket, enrolment, life, host_key)
    return enrolment


def coming_life(folder: Path) -> Life:
    """Say how a life of the unit in a folder would begin.

    Raises:
        ConfigError: the folder holds no unit.
    """
    with contextlib.chdir(folder):
        return Life(driver(read_config(Path()), "monotonic").read() or 0)


def shown(host_key: Path | None) -> str:
    """Return the public key of a unit's SSH server as it is shown to the town; "" if there is none."""
    return host_key.read_text().strip() if host_key else ""


def settle(folder: Path, ticket: Ticket, enrolment: Enrolment, life: Life, host_key: Path | None) -> None:
    """Keep what the town gave, and begin the life that it is for; durably, for the ticket is used up."""

    def keep(given: Enrolment) -> None:
        Tls(folder / TLS_FOLDER).keep(given.certificate, given.ca)
        _keep_url(folder / CONFIG_FILE, ticket.url)
        if host_key and given.host_certificate:
            host_key.with_name(f"{host_key.stem}-cert.pub").write_text(given.host_certificate + "\n")

    begin(folder, enrolment, life, datetime.now(UTC).strftime("%Y%m%dT%H%M%S"), keep)
    make_durable(folder)


class Detour(httpx.HTTPTransport):
    """Goes to a port of this machine, and speaks there as if it were the address that was asked for."""

    def __init__(self, port: int, context: ssl.SSLContext) -> None:
        super().__init__(verify=context, trust_env=False)
        self._port = port

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.extensions = {**request.extensions, "sni_hostname": request.url.host}
        request.url = request.url.copy_with(host="127.0.0.1", port=self._port)
        return super().handle_request(request)


def _keep_url(config: Path, url: str) -> None:
    """Write the centre's address into the configuration, if the technician has not set another."""
    text = config.read_text()
    if "[uplink]" not in text:
        config.write_text(f'{text}\n[uplink]\nurl = "{url}"\n')


def make_durable(folder: Path) -> None:
    """Sync what was written: whoever holds this box may pull its plug now."""
    for path in (*(path for path in sorted(folder.iterdir()) if path.is_file()), folder):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
