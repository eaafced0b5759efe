"""The running centre: its doors and one clerk.

Units come in by TLS with device certificates; people open the console on this machine; residents' phones come in
through a server that speaks TLS to them. Between deliveries, and at the
latest a second after one, what arrived is added up.
"""

import asyncio
import logging
import os
import signal
import socket
import ssl
import threading
from asyncio import Transport
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, TypeVar, cast

import uvicorn
import uvloop
from sqlalchemy.exc import OperationalError
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from central.alarms.sending import Sender
from central.alarms.watch import Watch
from central.api import create_units_api
from central.authority import Authority, moment
from central.centre import Centre
from central.console.app import create_console
from central.console.desk import Desk
from central.console.live import Bell
from central.folder import CARD_KEY, CONFIG_FILE, ISSUER_KEY, KEYS_FOLDER, Folder, ServerConfig
from central.resident.app import Keys, create_resident
from central.resident.draws import draws
from central.resident.purse import purse
from central.store import is_full, write_log_anew
from central.world import room_on
from central.writer import Writer

log = logging.getLogger("central")
_Result = TypeVar("_Result")

SERVER_KEY: Final = "server.key"
SERVER_FILE: Final = "server.pem"
QUIET_S: Final = 0.05  # a pause this long between deliveries is used for adding up
PATIENCE_S: Final = 1.0
DEAL_EVERY_S: Final = 60.0  # it may have become night, or an office may have announced a storm
LOOK_EVERY_S: Final = 60.0
FULL_S: Final = 2.0  # until it is tried again to write on a full disk
KEEP_ALIVE_S: Final = 75
STOP_S: Final = 3
NO_CHECK_TIME: Final = 0x200000  # X509_V_FLAG_NO_CHECK_TIME of OpenSSL, for which Python has no name
LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")


class DoorError(Exception):
    """The centre cannot listen where its configuration says; the message names address and port."""


class ExposedError(Exception):
    """The configuration would open a door without TLS beyond this machine; the message says what to set instead."""


class PeerProtocol(HttpToolsProtocol):
    """HTTP with the caller's certificate in the request's state: no ASGI server hands it over by itself."""

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        tls = transport.get_extra_info("ssl_object")
        der = tls.getpeercert(binary_form=True) if tls else None  # TLS has checked the chain; the API asks the date
        self.app_state = {**self.app_state, "peer_certificate": der}


class Clerk:
    """Adds up what arrived, when the door is quiet, and deals out rights anew where that has changed something."""

    def __init__(self, centre: Centre, writer: Writer, bell: Bell) -> None:
        self._centre = centre
        self._writer = writer
        self._bell = bell
        self._arrived = asyncio.Event()
        self._last = 0.0

    def on_arrival(self) -> None:
        self._last = asyncio.get_running_loop().time()
        self._arrived.set()

    async def work(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._arrived.wait(), DEAL_EVERY_S)
            self._arrived.clear()
            began = loop.time()
            while True:
                if loop.time() - self._last < QUIET_S and loop.time() - began < PATIENCE_S:
                    await asyncio.sleep(QUIET_S / 2)
                    continue
                if not await self._do(self._work):
                    break
                began = loop.time()  # deliveries come first: under load, one segment a second is added up
                self._bell.ring()

    def _work(self) -> int:
        """Add up, then say on, then see who went back, then deal: a little of the first that has something to do."""
        centre = self._centre
        turns = (centre.reconciler.step, centre.teller.turn, centre.neighbours.turn, centre.roll_outs.turn)
        return next((done for turn in turns if (done := turn())), 0) or centre.dealer.turn()

    async def _do(self, work: Callable[[], int]) -> bool:
        """Do a little of what is to be done; return whether there is more."""
        try:
            return bool(await self._writer.do(work))
        except OperationalError as error:
            if not is_full(error):
                raise
            log.warning("no room to add up what arrived; free some on the disk of the database")
            await asyncio.sleep(FULL_S)
            return True


async def look(watch: Watch, writer: Writer, every_s: float = LOOK_EVERY_S) -> None:
    """Look at the town each minute, note what is to be told, and tell it. Whatever fails here, deliveries go on."""
    while True:
        try:
            if await writer.do(await asyncio.to_thread(watch.look)):
                noted = await aside(watch.send)
                await writer.do(noted or (lambda: None))
        except Exception as error:  # on a full disk it is noted later what there is no room for
            if not is_full(error):
                log.exception("could not look what needs a person")
        await asyncio.sleep(every_s)


async def aside(work: Callable[[], _Result]) -> _Result:
    """Do something in a thread of its own that nobody waits for when this process ends: a mail server may hang."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[_Result] = loop.create_future()

    def settle(result: _Result | None, error: Exception | None) -> None:
        if done.cancelled():
            return
        if error:
            done.set_exception(error)
        else:
            done.set_result(cast("_Result", result))

    def run() -> None:
        result, failed = None, None
        try:
            result = work()
        except Exception as error:  # noqa: BLE001 - whoever waits is told
            failed = error
        with suppress(RuntimeError):  # the loop is closed: this process ends, and the letter waits for the next one
            loop.call_soon_threadsafe(settle, result, failed)

    threading.Thread(target=run, daemon=True).start()
    return await done


def units_tls(authority: Authority, names: tuple[str, ...], keys: Path, now_ms: int) -> ssl.SSLContext:
    """Make the TLS context of the units' door, with a fresh server certificate: TLS 1.3 and this town's CA only."""
    key, certificate = authority.server(names, moment(now_ms))
    for name, content in ((SERVER_KEY, key), (SERVER_FILE, certificate)):
        (keys / name).touch(mode=0o600)
        (keys / name).write_bytes(content)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(keys / SERVER_FILE, keys / SERVER_KEY)
    context.load_verify_locations(cadata=authority.pem)
    context.verify_mode = ssl.CERT_OPTIONAL  # a unit that enrols has none to show
    context.verify_flags |= NO_CHECK_TIME  # one that ran out is told so at the call, in words that it understands
    return context


def serve(centre: Centre, folder: Path, config: ServerConfig, ready: Callable[[], None]) -> None:
    """Serve until SIGINT or SIGTERM; `ready` is called once every door is open.

    Raises:
        DoorError: another program listens at one of its ports.
        ExposedError: a door that speaks no TLS would listen beyond this machine.
    """
    if config.resident_host not in LOOPBACK:
        raise ExposedError(
            f'{CONFIG_FILE}: resident_host is "{config.resident_host}", and that door speaks no TLS; say 127.0.0.1, and'
            " let a server on this machine pass on what residents ask"
        )
    if config.console_host not in LOOPBACK:
        raise ExposedError(
            f'{CONFIG_FILE}: console_host is "{config.console_host}", and that door speaks no TLS; say 127.0.0.1,'
            f" and reach it from elsewhere with: ssh -L {config.console_port}:127.0.0.1:{config.console_port}, or let a"
            " server on this machine that speaks TLS pass on what people ask, and say console_url"
        )
    write_log_anew(centre.engine)
    tls = units_tls(centre.authority, config.units_names, folder / KEYS_FOLDER, centre.town.clock.wall_ms())
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(centre, folder, config, tls, keys(centre, folder), ready))


def keys(centre: Centre, folder: Path) -> Keys:
    """Return what the residents' door needs to let a phone in."""
    opened = Folder(folder)
    return Keys(opened.secret(CARD_KEY), opened.signer(ISSUER_KEY), f"{centre.town_id}.1")


async def _serve(
    centre: Centre,
    folder: Path,
    config: ServerConfig,
    tls: ssl.SSLContext,
    keys: Keys,
    ready: Callable[[], None],
) -> None:
    bell = Bell()
    writer = Writer(centre.intake)
    clerk = Clerk(centre, writer, bell)
    centre.on_arrival = clerk.on_arrival
    centre.reconciler.prepare()
    clerk.on_arrival()
    units_api = create_units_api(centre, writer)
    watch = Watch(
        Desk.of(centre, lambda: room_on(folder)),
        Sender(Folder(folder).secret, ssl.create_default_context()),
        config.console_url,
    )
    console_app = create_console(
        centre,
        writer,
        bell,
        units_api.openapi(),
        config.console_url,
        room=lambda: room_on(folder),
        reader_port=config.reader_port,
    )
    doors = [_open_door(config.units_host, config.units_port), _open_door(config.console_host, config.console_port)]
    servers = [_server(units_api, tls), _server(console_app, None)]
    if config.resident_port and (has := purse()):
        servers.append(_server(create_resident(centre, writer, has, keys, config.resident_address, draws()), None))
        doors.append(_open_door(config.resident_host, config.resident_port))
    ready()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    serving = (server.serve([at]) for server, at in zip(servers, doors, strict=True))
    tasks = [asyncio.create_task(job) for job in (clerk.work(), look(watch, writer), *serving)]
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait([stopping, *tasks], return_when=asyncio.FIRST_COMPLETED)
    bell.close()
    for server in servers:
        server.should_exit = True
    for task in tasks[:2]:
        task.cancel()
    for ended in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(ended, Exception):
            raise ended  # a door that could not open, a clerk who stumbled: end, and be started again


class QuietServer(uvicorn.Server):
    """A uvicorn server that leaves signals to whoever runs it; there are two of them here."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _open_door(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise DoorError(f"cannot listen at {host}, port {port}: {os.strerror(error.errno or 0)}") from error


def _server(app: ASGIApp, tls: ssl.SSLContext | None) -> QuietServer:
    config = uvicorn.Config(
        app,
        http=PeerProtocol,
        ssl_context_factory=(lambda _config, _default: tls) if tls else None,
        loop="none",
        lifespan="off",
        access_log=False,
        log_level="warning",
        server_header=False,
        date_header=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=STOP_S,
    )
    return QuietServer(config)
