"""Serves the page "hold a card", on this machine only."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from demo.page.hands import Hands, UnknownError
from demo.town import DemoTown
from drivers.card.sim.table import RefusedError

_STATIC: Final = Path(__file__).parent / "static"
_STOP_S: Final = 1


class Wish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the visitor wants done at a unit."""

    unit: str
    resident: str = ""


def serve(town: DemoTown, port: int, phone: str) -> None:
    """Serve until SIGINT or SIGTERM. `phone`: the link that lets a resident's phone in."""
    app = create_page(Hands(town, phone))
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", timeout_graceful_shutdown=_STOP_S)


def create_page(hands: Hands) -> Starlette:
    """Make the application. Whoever posts must send JSON, which a strange page in the same browser cannot."""

    async def state(_request: Request) -> Response:
        return _json(await run_in_threadpool(hands.state))

    def wish(do: Callable[[Wish], None]) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            if request.headers.get("content-type") != "application/json":
                return _json({"why": "send JSON"}, 415)
            try:
                await run_in_threadpool(do, msgspec.json.decode(await request.body(), type=Wish))
            except (UnknownError, msgspec.MsgspecError) as error:
                return _json({"why": str(error)}, 400)
            except RefusedError as error:
                return _json({"why": str(error)}, 409)
            return await state(request)

        return answer

    wishes = {
        "/hold": lambda wish: hands.hold(wish.unit, wish.resident),
        "/pull-early": lambda wish: hands.pull_early(wish.unit, wish.resident),
        "/take-away": lambda wish: hands.take_away(wish.unit),
        "/cut": lambda wish: hands.cut(wish.unit),
        "/mend": lambda wish: hands.mend(wish.unit),
    }
    posts = [Route(path, wish(do), methods=["POST"]) for path, do in wishes.items()]
    files = Mount("/", StaticFiles(directory=_STATIC, html=True))
    only_here = Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"], www_redirect=False)
    return Starlette(routes=[Route("/state", state), *posts, files], middleware=[only_here])


def _json(value: object, status: int = 200) -> Response:
    headers = {"Cache-Control": "no-store"}
    return Response(msgspec.json.encode(value), status, headers, media_type="application/json")
