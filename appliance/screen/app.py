"""Serves the page and its events, on this machine only."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Final

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from appliance.screen.board import Board
from drivers.sound.earcons import EARCONS

_PAGES: Final = Path(__file__).parent / "pages"
_FILES: Final = {"/": "index.html"} | {f"/{name}": name for name in ("screen.css", "screen.js", "icon.svg")}

# Nothing may be loaded from elsewhere, and nothing is kept: after an update the next load is the new page. There is no
# X-Frame-Options and no frame-ancestors, so the demo can show three screens on one page; there is nothing here to
# press that a strange page could lure anybody into.
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'self'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def create_screen(board: Board, tip: Callable[[], str]) -> Starlette:
    """Make the application; `tip` names the journal's last entry, which is the id of every event."""

    async def view(_request: Request) -> Response:
        return _json(board.present())

    async def events(_request: Request) -> Response:
        headers = _HEADERS | {"X-Accel-Buffering": "no"}
        return StreamingResponse(_stream(board, tip), media_type="text/event-stream", headers=headers)

    async def earcons(_request: Request) -> Response:
        return _json(EARCONS)

    live = [Route("/view", view), Route("/events", events), Route("/earcons.json", earcons)]
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
