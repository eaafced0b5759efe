"""Serves the page and its events, on this machine only."""

import mimetypes
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from appliance import over
from appliance.over import OverError
from appliance.screen.board import Board, Key
from drivers.sound.earcons import EARCONS
from sync.entries import BAD_JSON
from sync.program import Act, ActError, Wish, WishError


class SignIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody begins work behind the counter; with `number` 0 whoever is there ends it."""

    number: int = 0
    pin: str = ""


class Entered(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a resident typed, or that a signature was taken instead."""

    pin: str = ""
    is_signed: bool = False


class Practice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Practice begins, or is over."""

    on: bool


Asked = TypeVar("Asked", Wish, Act, SignIn, Entered, Practice)

# Made here, in one thread: msgspec 0.22 crashes if several threads are the first to read a struct.
_READS: Final[dict[type[msgspec.Struct], msgspec.json.Decoder[Any]]] = {
    kind: msgspec.json.Decoder(kind) for kind in (Wish, Act, SignIn, Entered, Practice)
}

_PAGES: Final = Path(__file__).parent / "pages"
_FILES: Final = {"/": "index.html", "/counter": "counter.html"} | {
    f"/{name}": name
    for name in (
        "palette.css",
        "screen.css",
        "screen.js",
        "icon.svg",
        "counter.css",
        "counter.js",
        "parts.js",
        "day.js",
        "drawer.js",
        "people.js",
        "pin.js",
    )
}

# Nothing may be loaded from elsewhere, and nothing is kept: after an update the next load is the new page. There is no
# X-Frame-Options and no frame-ancestors, so the demo can show three screens on one page; there is nothing here to
# press that a strange page could lure anybody into.
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'self'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True)
class Behind:
    """What a page can do for the person behind a counter.

    Attributes:
        set: sets the counter; raises WishError if it cannot be set to that.
        act: does something without a card, and what came of it is on the board; raises ActError if it cannot be done.
        sheet: returns what the person can read.
        enter: goes on with a PIN or a signature for which somebody was asked; raises WishError if nobody was.
        practise: begins or ends practice; raises WishError if there is none here.
        sign_in: signs somebody in or out, and what came of it is on the board; raises ActError if nobody can be.
    """

    set: Callable[[Wish], Awaitable[None]]
    act: Callable[[Act], Awaitable[None]]
    sheet: Callable[[], Awaitable[msgspec.Struct]]
    sign_in: Callable[[SignIn], Awaitable[None]]
    enter: Callable[[Entered], Awaitable[None]]
    practise: Callable[[Practice], Awaitable[None]]


def create_screen(board: Board, tip: Callable[[], str], behind: Behind | None = None) -> Starlette:
    """Make the application.

    Args:
        tip: names the journal's last entry, which is the id of every event.
        behind: for the person behind the counter, if this unit has one.
    """

    async def view(_request: Request) -> Response:
        return _json(board.present())

    async def events(_request: Request) -> Response:
        headers = _HEADERS | {"X-Accel-Buffering": "no"}
        return StreamingResponse(_stream(board, tip), media_type="text/event-stream", headers=headers)

    async def earcons(_request: Request) -> Response:
        return _json(EARCONS)

    async def display(_request: Request) -> Response:
        page = board.view.till.page if board.view.till else "/"
        return RedirectResponse(f"{page}?display=1", headers=_HEADERS)

    async def pages(_request: Request) -> Response:
        return _json({"pages": board.pages})

    live = [
        *(Route("/view", view), Route("/events", events), Route("/earcons.json", earcons)),
        *(Route("/display", display), Route("/pages", pages)),
        *(_for_staff(behind) if behind else ()),
    ]
    files = (_file(path, _PAGES / name) for path, name in _FILES.items())
    return Starlette(routes=[*live, *files], exception_handlers={OverError: over.answer})


def brought(screens: Iterable[tuple[str, Traversable]]) -> list[BaseRoute]:
    """Return where the files of pages are served that programs bring; they may use those of the unit."""
    return [_brought(path, file) for path, file in screens]


def _brought(path: str, file: Traversable) -> BaseRoute:
    kind = mimetypes.guess_type(path)[0] or "application/octet-stream"

    async def serve(_request: Request) -> Response:
        return Response(file.read_bytes(), media_type=kind, headers=_HEADERS)

    return Route(path, serve)


def _for_staff(behind: Behind) -> list[BaseRoute]:
    async def sheet(_request: Request) -> Response:
        return _json(await behind.sheet())

    return [
        Route("/sheet", sheet),
        _does("/wish", Wish, behind.set),
        _does("/act", Act, behind.act),
        _does("/sign-in", SignIn, behind.sign_in),
        _does("/pin", Entered, behind.enter),
        _does("/practice", Practice, behind.practise),
    ]


def _does(path: str, kind: type[Asked], do: Callable[[Asked], Awaitable[None]]) -> BaseRoute:
    """Return where a page asks for something of a kind to be done."""

    async def answer(request: Request) -> Response:
        # A strange page cannot send this kind without being asked first, and nobody here says yes to that.
        if request.headers.get("content-type") != "application/json":
            return Response(status_code=415)
        try:
            await do(_READS[kind].decode(await request.body()))
        except (*BAD_JSON, WishError, ActError) as error:
            return Response(str(error), status_code=400, media_type="text/plain", headers=_HEADERS)
        return Response(status_code=204, headers=_HEADERS)

    return Route(path, answer, methods=["POST"])


def _file(path: str, file: Path) -> BaseRoute:
    async def serve(_request: Request) -> Response:
        return FileResponse(file, headers=_HEADERS)

    return Route(path, serve)


def _json(value: object) -> Response:
    return Response(msgspec.json.encode(value), media_type="application/json", headers=_HEADERS)


async def _stream(board: Board, tip: Callable[[], str]) -> AsyncIterator[bytes]:
    yield b"retry: 500\n\n"
    async for one in board.views():
        if isinstance(one, Key):
            yield b"event: key\ndata: %b\n\n" % msgspec.json.encode(one)
        else:
            yield b"id: %b\ndata: %b\n\n" % (tip().encode(), msgspec.json.encode(one))
