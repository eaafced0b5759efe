"""The second thread of a process: it serves the screen on a local port, the hatch on a Unix socket, or neighbours."""

import asyncio
import socket
import stat
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from appliance.config import CONFIG_FILE, ConfigError

STOP_S: Final = 2.0

Attach = Callable[[asyncio.AbstractEventLoop], None]


class Web:
    """Serves some applications, each behind its own door, in an event loop of its own."""

    def __init__(
        self,
        doors: Sequence[tuple[ASGIApp, socket.socket]],
        attach: Sequence[Attach],
        end: Sequence[Callable[[], None]] = (),
        callers_max: int | None = None,
    ) -> None:
        """`attach` is called with the event loop before anything is served, `end` when nothing is any more.

        Whatever waits for something that will not come has to be let go by `end`. `callers_max`: so many are served at
        once, and others are sent away; None: all.
        """
        self._doors = doors
        self._attach = attach
        self._end = end
        self._servers = [uvicorn.Server(_settings(app, callers_max)) for app, _ in doors]
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="web", daemon=True)
        self._attached = threading.Event()

    def start(self) -> None:
        """Serve from now on. The doors are open already: who knocks before the first answer waits a moment."""
        self._thread.start()
        self._attached.wait()

    def stop(self) -> None:
        for server in self._servers:
            server.should_exit = True
        for end in self._end:
            end()
        self._thread.join(STOP_S)

    async def _serve(self) -> None:
        for attach in self._attach:
            attach(asyncio.get_running_loop())
        self._attached.set()
        serving = zip(self._servers, self._doors, strict=True)
        await asyncio.gather(*(server.serve(sockets=[door]) for server, (_, door) in serving))


def unix_door(path: str) -> socket.socket:
    """Open a Unix socket that only this user can reach; and its group, if it lies in a folder that hands its group on.

    Such a folder (setgid) is how an image says that the uplink, a user of its own in that group, may knock.
    """
    place = Path(path)
    place.parent.mkdir(mode=0o710, exist_ok=True)
    place.unlink(missing_ok=True)
    door = socket.socket(socket.AF_UNIX)
    door.bind(path)
    place.chmod(0o660 if place.parent.stat().st_mode & stat.S_ISGID else 0o600)
    door.listen()
    return door


def local_door(port: int) -> socket.socket:
    """Open a port that only this machine can reach.

    Raises:
        ConfigError: somebody else has it, or this user may not.
    """
    return near_door(port, "127.0.0.1", "screen")


def near_door(port: int, host: str, setting: str) -> socket.socket:
    """Open a port at an address of this machine; `setting`: the table of the configuration that names it.

    Raises:
        ConfigError: somebody else has it, this user may not, or this machine has no such address.
    """
    door = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        door.bind((host, port))
        door.listen()
    except OSError as error:
        door.close()
        why = f"{CONFIG_FILE}: {setting}.port {port}: {error.strerror}; free it, or set another"
        raise ConfigError(why) from error
    return door


def _settings(app: ASGIApp, callers_max: int | None) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        lifespan="off",
        access_log=False,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=1,
        limit_concurrency=callers_max,
    )
