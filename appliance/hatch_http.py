"""The hatch as HTTP over a Unix socket: what the uplink, and a technician's command line, may ask the daemon.

Every question is answered in the daemon's own thread, between two touches.
"""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from appliance import over
from appliance.copying import Lodging, Told
from appliance.hatch import Hatch
from appliance.inbox import StrangeError
from appliance.journal import JournalFullError
from appliance.offers import Offers
from appliance.over import OverError
from appliance.twinned import Twinned
from appliance.vicinity import Vicinity
from sync.entries import KeyText
from sync.letters import Role
from sync.messages import Head
from sync.segment import SegmentError, split, unpack

Answer = TypeVar("Answer")
Ask = Callable[[Callable[[], Any]], Awaitable[Any]]

BELL_S_MAX: Final = 60.0
BODY_MAX_BYTES: Final = 64 * 1024 * 1024  # a USB stick may bring a whole stream in one file
COPY_NAME: Final = "journal.copy"


class Bell:
    """Rings when there is something new to send; waits in the web server's event loop."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._rung: asyncio.Event | None = None
        self._is_over = False

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """May be called from any thread."""
        if self._loop is not None and self._rung is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._rung.set)

    def end(self) -> None:
        """Let everybody go who waits, now and from now on; may be called from any thread."""
        self._is_over = True
        self.ring()

    async def wait(self, at_most_s: float) -> None:
        if self._rung is not None and not self._is_over:
            try:
                await asyncio.wait_for(self._rung.wait(), at_most_s)
            except TimeoutError:
                return
            if not self._is_over:
                self._rung.clear()


@dataclass(frozen=True)
class Bells:
    """What the other processes wait for.

    Attributes:
        news: something to send, for the uplink.
        want: a question that somebody stands and waits for, for the uplink.
        twin: something to write a second time, to a stick.
        near: something to write a second time, to a neighbour.
    """

    news: Bell = field(default_factory=Bell)
    want: Bell = field(default_factory=Bell)
    twin: Bell = field(default_factory=Bell)
    near: Bell = field(default_factory=Bell)

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        for bell in (self.news, self.want, self.twin, self.near):
            bell.attach(loop)

    def ring(self) -> None:
        """Tell everybody that something was written; may be called from any thread."""
        for bell in (self.news, self.twin, self.near):
            bell.ring()

    def end(self) -> None:
        """Let everybody go; may be called from any thread."""
        for bell in (self.news, self.want, self.twin, self.near):
            bell.end()


@dataclass(frozen=True)
class Daemon:
    """What the hatch needs of the daemon.

    Attributes:
        ask: runs a function in the daemon's thread.
        want: returns the open question, once.
        copy: copies the journal to a path.
        twin: knows the journal's twin on a stick.
        vicinity: knows the one at a neighbour, and those that this unit keeps.
        offers: knows the system that the town offers.
    """

    ask: Ask
    status: Callable[[], msgspec.Struct]
    want: Callable[[], msgspec.Struct | None]
    copy: Callable[[str], None]
    twin: Twinned
    vicinity: Vicinity
    offers: Offers


def create_hatch(daemon: Daemon, hatch: Hatch, bells: Bells, folder: Path) -> Starlette:
    """Make the application."""
    door = _Door(daemon, hatch, bells, folder)
    return Starlette(
        routes=[
            Route("/status", door.status),
            Route("/question", door.question),
            Route("/answer", door.answer, methods=["POST"]),
            Route("/since", door.since),
            Route("/lacks", door.lacks),
            Route("/take", door.take, methods=["POST"]),
            Route("/give-back/{stream}", door.give_back, methods=["POST"]),
            Route("/certify", door.certify, methods=["POST"]),
            Route("/bell", door.bell),
            Route("/want", door.want),
            Route("/copy", door.copy),
            Route("/twin", door.twin, methods=["POST"]),
            Route("/twin/owner", door.twin_owner),
            Route("/twin/bell", door.twin_bell),
            Route("/update", door.update),
            Route("/update/{number:int}", door.update_fetched, methods=["POST"]),
            Route("/near", door.near, methods=["POST"]),
            Route("/near/writing", door.near_writing),
            Route("/near/bell", door.near_bell),
            Route("/near/vouch", door.near_vouch, methods=["POST"]),
        ],
        exception_handlers={OverError: over.answer},
    )


def create_cellar(daemon: Daemon) -> Starlette:
    """Make the application for the process that keeps the twins of others: it hears of nothing else of this unit."""

    async def keeping(request: Request) -> Response:
        """Hear how the keeper's process stands; answer with whose twins it is to keep."""
        lodging = msgspec.json.decode(await _body(request), type=Lodging)
        return _json(await daemon.ask(lambda: daemon.vicinity.keeping(lodging)))

    async def vouched(request: Request) -> Response:
        return await _vouched(daemon, request, Role.KEEPER)

    return Starlette(
        routes=[Route("/keeping", keeping, methods=["POST"]), Route("/vouch", vouched, methods=["POST"])],
        exception_handlers={OverError: over.answer},
    )


async def _vouched(daemon: Daemon, request: Request, role: Role) -> Response:
    key = msgspec.json.decode(await _body(request), type=KeyText)
    return Response(await daemon.ask(lambda: daemon.vicinity.vouch(role, key)), media_type="application/json")


class _Door:
    def __init__(self, daemon: Daemon, hatch: Hatch, bells: Bells, folder: Path) -> None:
        self._ask = daemon.ask
        self._status = daemon.status
        self._want = daemon.want
        self._copy = daemon.copy
        self._daemon = daemon
        self._twin = daemon.twin
        self._offers = daemon.offers
        self._near = daemon.vicinity
        self._hatch = hatch
        self._bells = bells
        self._folder = folder
        self._copies = itertools.count(1)
        for left_over in folder.glob(f"{COPY_NAME}-*"):
            left_over.unlink()

    async def status(self, _request: Request) -> Response:
        return _json(await self._ask(self._status))

    async def question(self, _request: Request) -> Response:
        return _json(await self._ask(self._hatch.question))

    async def answer(self, request: Request) -> Response:
        raw = await _body(request)
        return await self._packed(lambda: self._hatch.answer(raw))

    async def since(self, _request: Request) -> Response:
        return _json(await self._ask(self._hatch.since))

    async def lacks(self, _request: Request) -> Response:
        return _json(await self._ask(self._hatch.lacks))

    async def take(self, request: Request) -> Response:
        """Take a packed file of segments; answer how many entries were new."""
        body = await _body(request)

        def take_all() -> int:
            return sum(self._hatch.take(text) for text in split(unpack(body)))

        try:
            return _json({"new": await self._ask(take_all)})
        except (StrangeError, SegmentError) as error:
            return _refusal(error)

    async def give_back(self, request: Request) -> Response:
        heads = msgspec.json.decode(await _body(request), type=tuple[Head, ...])
        stream = request.path_params["stream"]
        return await self._packed(lambda: self._hatch.give_back(stream, heads))

    async def certify(self, request: Request) -> Response:
        csr, certificate = msgspec.json.decode(await _body(request), type=tuple[str, str])
        return _json(await self._ask(lambda: self._hatch.certify(csr, certificate)))

    async def bell(self, request: Request) -> Response:
        await self._bells.news.wait(_seconds(request))
        return Response(status_code=204)

    async def want(self, request: Request) -> Response:
        """Wait until somebody stands here for whom the centre is to be asked; answer with the question."""
        await self._bells.want.wait(_seconds(request))
        want = await self._ask(self._want)
        return _json(want) if want else Response(status_code=204)

    async def copy(self, _request: Request) -> Response:
        path = self._folder / f"{COPY_NAME}-{next(self._copies)}"  # each its own: several may be on their way
        try:
            await self._ask(lambda: self._copy(str(path)))
        except JournalFullError as error:
            path.unlink(missing_ok=True)
            return _refusal(error)
        return FileResponse(path, background=BackgroundTask(path.unlink, missing_ok=True))

    async def twin(self, request: Request) -> Response:
        """Hear how the twin stands; answer with the text of the next segment that it lacks."""
        told = msgspec.json.decode(await _body(request), type=Told)
        return await self._packed(lambda: self._twin.next(told))

    async def twin_owner(self, _request: Request) -> Response:
        return _json(await self._ask(self._twin.owner))

    async def twin_bell(self, request: Request) -> Response:
        await self._bells.twin.wait(_seconds(request))
        return Response(status_code=204)

    async def update(self, _request: Request) -> Response:
        """Say what the town offers in the place of this system, and whether it may be fetched or installed."""
        return _json(await self._ask(self._offers.wanted))

    async def update_fetched(self, request: Request) -> Response:
        """Hear that the bundle of an offer lies here, whole."""
        number: int = request.path_params["number"]
        try:
            await self._ask(lambda: self._offers.fetched(number))
        except JournalFullError as error:
            return _refusal(error)
        return Response(status_code=204)

    async def near(self, request: Request) -> Response:
        """The same as `twin` of the one that a neighbour keeps."""
        told = msgspec.json.decode(await _body(request), type=Told)
        return await self._packed(lambda: self._near.twin.next(told))

    async def near_writing(self, _request: Request) -> Response:
        writing = await self._ask(self._near.writing)
        return _json(writing) if writing else Response(status_code=204)

    async def near_bell(self, request: Request) -> Response:
        await self._bells.near.wait(_seconds(request))
        return Response(status_code=204)

    async def near_vouch(self, request: Request) -> Response:
        return await _vouched(self._daemon, request, Role.WRITER)

    async def _packed(self, question: Callable[[], bytes | None]) -> Response:
        try:
            packed = await self._ask(question)
        except StrangeError as error:
            return _refusal(error)
        return Response(packed, media_type="application/octet-stream") if packed else Response(status_code=204)


def _seconds(request: Request) -> float:
    return min(float(request.query_params.get("for", "1")), BELL_S_MAX)


async def _body(request: Request) -> bytes:
    body = await request.body()
    if len(body) > BODY_MAX_BYTES:
        raise ValueError("more than the uplink ever sends")
    return body


def _json(value: object) -> Response:
    return Response(msgspec.json.encode(value), media_type="application/json")


def _refusal(error: Exception) -> Response:
    return Response(str(error), status_code=409, media_type="text/plain")
