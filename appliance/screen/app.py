"""Serves the page and its events, on this machine only."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Final

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from appliance.screen.board import Board

_PAGES: Final = Path(__file__).parent / "pages"
_NO_STORE: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
_POLICY: Final = {"Content-Security-Policy": "default-src 'self'", "Referrer-Policy": "no-referrer"}


def create_screen(board: Board, tip: Callable[[], str]) -> Starlette:
    """Make the application; `tip` names the journal's last entry, which is the id of every event."""

    async def page(_request: Request) -> Response:
        return FileResponse(_PAGES / "index.html", headers={**_NO_STORE, **_POLICY})

    async def view(_request: Request) -> Response:
        return Response(msgspec.json.encode(board.view), media_type="application/json", headers=_NO_STORE)

    async def events(_request: Request) -> Response:
        return StreamingResponse(_stream(board, tip), media_type="text/event-stream", headers=_NO_STORE)

    return Starlette(
        routes=[
            Route("/", page),
            Route("/view", view),
            Route("/events", events),
            Mount("/static", StaticFiles(directory=_PAGES)),
        ]
    )


async def _stream(board: Board, tip: Callable[[], str]) -> AsyncIterator[bytes]:
    yield b"retry: 500\n\n"
    async for view in board.views():
        yield b"id: %b\ndata: %b\n\n" % (tip().encode(), msgspec.json.encode(view))
