"""Serves the page and its events, on this machine only."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Final

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from appliance.screen.board import Board
from drivers.sound.earcons import EARCONS
from sync.entries import BAD_JSON
from sync.program import Wish, WishError

SetTo = Callable[[Wish], Awaitable[None]]

_PAGES: Final = Path(__file__).parent / "pages"
_FILES: Final = {"/": "index.html", "/counter": "counter.html"} | {
    f"/{name}": name for name in ("screen.css", "screen.js", "icon.svg", "counter.css", "counter.js")
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


def create_screen(board: Board, tip: Callable[[], str], set_to: SetTo | None = None) -> Starlette:
    """Make the application.

    Args:
        tip: names the journal's last entry, which is the id of every event.
        set_to: sets the unit's counter to something; raises WishError if it cannot be set to that.
    """

    async def view(_request: Request) -> Response:
        return _json(board.present())

    async def events(_request: Request) -> Response:
        headers = _HEADERS | {"X-Accel-Buffering": "no"}
        return StreamingResponse(_stream(board, tip), media_type="text/event-stream", headers=headers)

    async def earcons(_request: Request) -> Response:
        return _json(EARCONS)

    async def wish(request: Request) -> Response:
        # A strange page cannot send this kind without being asked first, and nobody here says yes to that.
        if set_to is None or request.headers.get("content-type") != "application/json":
            return Response(status_code=404 if set_to is None else 415)
        try:
            await set_to(msgspec.json.decode(await request.body(), type=Wish))
        except (*BAD_JSON, WishError) as error:
            return Response(str(error), status_code=400, media_type="text/plain", headers=_HEADERS)
        return Response(status_code=204, headers=_HEADERS)

    live = [
        *(Route("/view", view), Route("/events", events), Route("/earcons.json", earcons)),
        Route("/wish", wish, methods=["POST"]),
    ]
    return Starlette(routes=[*live, *(_file(path, _PAGES / name) for path, name in _FILES.items())])


def _file(path: str, file: Path) -> BaseRoute:
    async def serve(_request: Request) -> Response:
        return FileResponse(file, headers=_HEADERS)

    return Route(path, serve)


def _json(value: object) -> Response:
    return Response(msgspec.json.encode(value), media_type="application/json", headers=_HEADERS)


async def _stream(board: Board, tip: Callable[[], str]) -> AsyncIterator[bytes]:
    yield b"retry: 500\n\n"
    async for view in board.views():
        yield b"id: %b\ndata: %b\n\n" % (tip().encode(), msgspec.json.encode(view))
