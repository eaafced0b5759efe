"""The desk's port: two questions, put by one console's page, one at a time. What was typed is in a body alone.

No address has anything in it, no line is logged, and no answer is kept by the browser. When the page is closed or its
question broken off, nobody waits for a card any more: what somebody typed is never shown to the next person's card.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from desk import door
from desk.cards import Answer, Cards, trouble

CARD: Final = "/v1/card"
HOLDER: Final = "/v1/holder"
_LOOK_SECONDS: Final = 0.2  # between two looks whether the page still waits
_OK, _NO_CONTENT, _BAD, _FORBIDDEN, _NOT_FOUND, _NO_METHOD, _BUSY = 200, 204, 400, 403, 404, 405, 409


class Asked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the page sends. `secret`: 照合番号B or a PIN; it shows in no `repr`, so that no log can hold it."""

    secret: str = ""

    def __repr__(self) -> str:
        return "Asked(…)"


class DeskApp:
    """The application.

    Args:
        console: the origin whose pages are answered (`door.origin`).
        port: at which it listens, which is part of how it is called.
    """

    def __init__(self, cards: Cards, console: str, port: int) -> None:
        self._questions: dict[str, Callable[[str, Callable[[], bool]], Answer]] = {
            CARD: cards.card,
            HOLDER: cards.holder,
        }
        self._console = console
        self._port = port
        self._is_busy = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await (await self._answer(Request(scope, receive)))(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        if not door.is_caller(request.headers, self._console, self._port):
            return Response(status_code=_FORBIDDEN)  # to anybody else not a word, and no leave to read one
        leave = door.leave(request.headers, self._console)
        status = self._status(request)
        if status != _OK:
            return Response(status_code=status, headers=leave)
        try:
            asked = msgspec.json.decode(await request.body(), type=Asked)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return Response(status_code=_BAD, headers=leave)
        if self._is_busy:
            return _said(trouble("busy"), leave, _BUSY)
        self._is_busy = True
        try:
            return _said(await _while_it_waits(request, self._questions[request.url.path], asked.secret), leave)
        finally:
            self._is_busy = False

    def _status(self, request: Request) -> int:
        """Return 200 for a question that may be read, or what to answer instead."""
        if request.url.path not in self._questions:
            return _NOT_FOUND
        if request.method == "OPTIONS":
            return _NO_CONTENT
        return door.may_send(request.headers) if request.method == "POST" else _NO_METHOD


class _Waiting:
    """Whether a page still waits for its answer."""

    still = True


async def _while_it_waits(
    request: Request, question: Callable[[str, Callable[[], bool]], Answer], secret: str
) -> Answer:
    """Ask in a thread; once the page has gone, the card is not waited for any longer."""
    waiting = _Waiting()
    asking: asyncio.Task[Answer] = asyncio.create_task(run_in_threadpool(question, secret, lambda: waiting.still))
    try:
        while not (await asyncio.wait({asking}, timeout=_LOOK_SECONDS))[0]:
            waiting.still = waiting.still and not await request.is_disconnected()
        return asking.result()
    finally:
        waiting.still = False


def _said(answer: Answer, leave: dict[str, str], status: int = _OK) -> Response:
    headers: dict[str, Any] = {**leave, "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return Response(msgspec.json.encode(answer), status, headers, media_type="application/json")


def create_desk(cards: Cards, console: str, port: int) -> ASGIApp:
    """Make the application for uvicorn."""
    return DeskApp(cards, console, port)
