"""The resident's page behind HTTP. Every call says who it is by its cookie, and what changes something by a token too.

Decisions wait for their turn with whatever else writes at the centre; looking does not.
"""

import base64
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import urlsplit

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Route

from central import store
from central.centre import Centre
from central.guard import Guard
from central.reconcile import statement
from central.resident import calls, door, seeing
from central.resident.draws import Draws, Wanted
from central.resident.headers import add_headers
from central.resident.purse import NotPaidError, Order, Purse
from central.resident.session import DAYS, Session, Sessions
from central.throttle import Throttle
from central.writer import Writer
from sync.chain import Signer
from sync.directory import TOWN_KEY
from sync.facts import Town

TOKEN_HEADER: Final = "X-Machi-Token"  # noqa: S105 - what it is called, and not what it says
MOST_YEN: Final = 1_000_000
_PAGES: Final = Path(__file__).parent / "pages"
_FILES: Final = {"/": "index.html", "/in": "index.html"} | {
    f"/{name}": name
    for name in (
        *("resident.css", "resident.js", "icon.svg", "worker.js"),
        *("calls.js", "draws.js", "key.js", "kept.js", "pay.js", "qr.js", "show.js", "scan.js"),
    )
}
_DAY_S: Final = 86_400
_NOWHERE: Final = Town("", "", "", 0)
_LOCAL: Final = ("127.0.0.1", "localhost")

_Found = TypeVar("_Found")
Handler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True)
class Keys:
    """What the door needs to let a phone in.

    Attributes:
        card_key: the town's secret for the names of cards.
        issuer: signs what the town says about a phone's key; `reference`: as which units know it.
    """

    card_key: bytes
    issuer: Signer
    reference: str


@dataclass
class Desk:
    """Everything that a call needs."""

    centre: Centre
    writer: Writer
    purse: Purse
    draws: Draws | None
    keys: Keys
    is_secure: bool
    sessions: Sessions = field(init=False)
    coming_in: Throttle = field(default_factory=lambda: Throttle(60, 1_000), init=False)
    looking: Throttle = field(default_factory=lambda: Throttle(60, 1_000), init=False)
    scanning: Throttle = field(default_factory=lambda: Throttle(60, 1_000), init=False)
    paying: Throttle = field(default_factory=lambda: Throttle(40, 3_000), init=False)

    def __post_init__(self) -> None:
        self.sessions = Sessions(self.centre.town.signer)

    @property
    def cookie(self) -> str:
        """What the cookie is called: with the prefix, a browser takes it from nobody but this very host."""
        return "__Host-machi" if self.is_secure else "machi"

    def now_ms(self) -> int:
        return self.centre.town.clock.wall_ms()

    async def look(self, ask: Callable[[sa.Connection], _Found]) -> _Found:
        def read() -> _Found:
            with store.reading(self.centre.engine) as connection:
                return ask(connection)

        return await run_in_threadpool(read)

    async def session(self, request: Request, throttle: Throttle) -> tuple[Session, str]:
        """Return who calls, and the card behind.

        Raises:
            NotPaidError: nobody who was let in, or one who is stopped, or calls too often.
        """
        session = self.sessions.read(request.cookies.get(self.cookie, ""), self.now_ms())
        if session is None:
            raise NotPaidError("session")
        if not throttle.allows(session.phone, self.now_ms()):
            raise NotPaidError("often")
        card = await self.look(lambda connection: door.card_behind(connection, session.phone))
        if card is None:
            raise NotPaidError("stopped")
        return session, card

    async def changer(self, request: Request, throttle: Throttle) -> tuple[Session, str]:
        """Return who calls to change something: the page itself, and not another one in the same browser.

        Raises:
            NotPaidError: as `session`; or the token is not that of this session.
        """
        session, card = await self.session(request, throttle)
        if not self.sessions.is_token(session, request.headers.get(TOKEN_HEADER, "")):
            raise NotPaidError("request")
        return session, card


def create_resident(
    centre: Centre, writer: Writer, purse: Purse, keys: Keys, url: str, draws: Draws | None = None
) -> Starlette:
    """Make the application that residents' phones call. `url`: how they reach it."""
    desk = Desk(centre, writer, purse, draws, keys, is_secure=url.startswith("https://"))
    routes: list[BaseRoute] = [
        *(_page(path, _PAGES / name) for path, name in _FILES.items()),
        Route("/in", _plainly(_let_in(desk)), methods=["POST"]),
        Route("/out", _plainly(_let_out(desk)), methods=["POST"]),
        Route("/home", _plainly(_home(desk))),
        Route("/shops", _plainly(_shops(desk))),
        Route("/look", _plainly(_look(desk)), methods=["POST"]),
        Route("/read", _plainly(_read(desk)), methods=["POST"]),
        Route("/pay", _plainly(_pay(desk)), methods=["POST"]),
        Route("/paid", _plainly(_paid(desk)), methods=["POST"]),
        Route("/ticket", _plainly(_ticket(desk)), methods=["POST"]),
    ]
    hosts = [urlsplit(url).hostname or _LOCAL[0], *_LOCAL]
    trusted = Middleware(TrustedHostMiddleware, allowed_hosts=hosts, www_redirect=False)
    return Starlette(routes=routes, middleware=[Middleware(Guard, add=add_headers), trusted])


def _page(path: str, file: Path) -> BaseRoute:
    async def serve(_request: Request) -> Response:
        return FileResponse(file)

    return Route(path, serve)


def _plainly(handler: Handler) -> Handler:
    """Say in words why something is not done."""

    async def answered(request: Request) -> Response:
        try:
            return await handler(request)
        except NotPaidError as error:
            return calls.refuse(error)
        except OperationalError as error:
            if not store.is_full(error):
                raise
            return calls.refuse(NotPaidError("full"))

    return answered


def _let_in(desk: Desk) -> Handler:
    async def handle(request: Request) -> Response:
        if not desk.coming_in.allows("", desk.now_ms()):
            raise NotPaidError("often")
        asked = await calls.body(request, calls.In)
        key = calls.public_key(asked.key)
        try:
            there = await desk.writer.do(lambda: door.let_in(desk.centre, desk.keys.card_key, asked.code))
        except door.LinkError as error:
            raise NotPaidError("link") from error
        desk.centre.on_arrival()
        session = Session(there.phone, desk.now_ms() // 1_000)
        keys = desk.keys
        paper = desk.purse.paper(there.number, key, keys.reference, keys.issuer, desk.now_ms()) if key else b""
        response = calls.answer(calls.Welcome(base64.b64encode(paper).decode()))
        response.set_cookie(
            desk.cookie,
            desk.sessions.cookie(session),
            max_age=DAYS * _DAY_S,
            secure=desk.is_secure,
            httponly=True,
            samesite="strict",
        )
        return response

    return handle


def _let_out(desk: Desk) -> Handler:
    async def handle(request: Request) -> Response:
        await desk.changer(request, desk.looking)
        await calls.body(request, calls.Nothing)
        response = calls.answer({})
        response.delete_cookie(desk.cookie, secure=desk.is_secure, httponly=True, samesite="strict")
        return response

    return handle


def _home(desk: Desk) -> Handler:
    async def handle(request: Request) -> Response:
        session, card = await desk.session(request, desk.looking)
        now_ms = desk.now_ms()

        def read(connection: sa.Connection) -> calls.Home:
            said = statement(connection, TOWN_KEY).fact
            town = said if isinstance(said, Town) else _NOWHERE
            sheet = desk.purse.sheet(connection, card, now_ms)
            draws = tuple(desk.draws.seen(connection, card, now_ms)) if desk.draws else ()
            return calls.Home(town.name, town.name_en, town.phone, desk.sessions.token(session), sheet, draws)

        return calls.answer(await desk.look(read))

    return handle


def _shops(desk: Desk) -> Handler:
    async def handle(request: Request) -> Response:
        await desk.session(request, desk.looking)
        return calls.answer(await desk.look(lambda connection: desk.purse.shops(connection, desk.now_ms())))

    return handle


def _look(desk: Desk) -> Handler:
    async def handle(request: Request) -> Response:
        await desk.changer(request, desk.scanning)
        try:
            code = await run_in_threadpool(seeing.read_code, await calls.picture(request))
        except ValueError as error:
            raise NotPaidError("request") from error
        return calls.answer(calls.Seen(code))

    return handle


def _read(desk: Desk) -> Handler:
    async def handle(request: Request) -> Response:
        await desk.changer(request, desk.looking)
        asked = await calls.body(request, calls.Read)
        return calls.answer(await desk.look(lambda connection: desk.purse.read(connection, asked.code, desk.now_ms())))

    return handle


def _pay(desk: Desk) -> Handler:
    async def handle(request: Request) -> Response:
        session, card = await desk.changer(request, desk.paying)
        asked = await calls.body(request, calls.Pay)
        yen = calls.whole_yen(asked.yen, MOST_YEN)
        order = Order(asked.number, card, session.phone, yen, asked.code, asked.place)
        paid = await desk.writer.do(lambda: desk.purse.pay(desk.centre, order))
        desk.centre.on_arrival()
        return calls.answer(paid)

    return handle


def _paid(desk: Desk) -> Handler:
    async def handle(request: Request) -> Response:
        session, _ = await desk.changer(request, desk.paying)
        asked = await calls.body(request, calls.Asked)
        return calls.answer(await desk.writer.do(lambda: desk.purse.paid(desk.centre, session.phone, asked.number)))

    return handle


def _ticket(desk: Desk) -> Handler:
    async def handle(request: Request) -> Response:
        _, card = await desk.changer(request, desk.paying)
        asked = await calls.body(request, calls.Ticket)
        if desk.draws is None:
            raise NotPaidError("request")
        give, wanted = desk.draws.take, Wanted(asked.number, card, asked.draw)
        drawn = await desk.writer.do(lambda: give(desk.centre, wanted))
        desk.centre.on_arrival()
        return calls.answer(drawn)

    return handle
