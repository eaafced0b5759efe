"""Applications behind a port of this machine, in a thread, that can be stopped and started again like a process."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any, Self

import uvicorn
from playwright.sync_api import Page
from starlette.types import ASGIApp

from central.centre import Centre
from central.console.app import create_console
from central.console.gate import Gate
from central.console.live import Bell
from central.writer import Writer
from sync.accounts import Role
from tests.central.visiting import EVERY_ROLE, signed_in
from tests.ports import free_port


class Serving:
    """One application on one port."""

    def __init__(self, port: int = 0) -> None:
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self, make: Callable[[], ASGIApp]) -> Self:
        """Serve what `make` makes in the server's own event loop; return when it answers."""
        ready = threading.Event()

        async def serve() -> None:
            self._loop = asyncio.get_running_loop()
            config = uvicorn.Config(
                make(),
                port=self.port,
                lifespan="off",
                access_log=False,
                log_level="error",
                timeout_graceful_shutdown=1,
            )
            self._server = uvicorn.Server(config)
            serving = asyncio.create_task(self._server.serve())
            while not self._server.started and not serving.done():  # noqa: ASYNC110 - uvicorn offers no event for it
                await asyncio.sleep(0.005)
            ready.set()
            await serving

        self._thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
        self._thread.start()
        assert ready.wait(10)
        return self

    def do(self, something: Callable[[], Any]) -> None:
        """Call something in the server's event loop."""
        assert self._loop
        self._loop.call_soon_threadsafe(something)

    def stop(self) -> None:
        if self._server and self._thread:
            self._server.should_exit = True
            self._thread.join(10)
            self._server = None


class ConsoleServing(Serving):
    """The console over a centre; what is booked rings its bell, as the running centre's clerk does."""

    def __init__(self, centre: Centre, port: int = 0, reader_port: int = 0) -> None:
        super().__init__(port)
        self._centre = centre
        self._reader_port = reader_port
        self._bell = Bell()
        self.gate: Gate | None = None

    def open(self, *, afresh: bool = False) -> Self:
        """Serve, with a bell of its own; whoever was signed in still is, unless the process began `afresh`."""

        def make() -> ASGIApp:
            self._bell = Bell()
            writer = Writer(self._centre.intake)
            console = create_console(self._centre, writer, self._bell, reader_port=self._reader_port)
            gate: Gate = console.state.gate
            if self.gate and not afresh:
                gate.sessions = self.gate.sessions
            self.gate = gate
            return console

        return self.start(make)

    def cookies(self, *roles: Role) -> dict[str, str]:
        """Return the cookies of somebody who has signed in, in some roles, or in all."""
        assert self.gate
        return signed_in(self.gate, roles or EVERY_ROLE)

    def let_in(self, page: Page, *roles: Role) -> None:
        """Let whoever looks at a page be signed in."""
        page.context.add_cookies(
            [{"name": name, "value": value, "url": self.url} for name, value in self.cookies(*roles).items()]
        )

    def book(self) -> None:
        """Add up what arrived, and ring."""
        self._centre.reconciler.catch_up()
        if self._server:
            self.do(self._bell.ring)

    def close(self) -> None:
        if self._server:
            self.do(self._bell.close)
        self.stop()
