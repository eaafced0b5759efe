"""The codes of the counter's page, drawn as QR codes: the last receipt, and the bill that a phone may pay."""

import io
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Route

from appliance.papers import NoReceiptError
from sync.entries import BAD_JSON

_HEADERS: Final = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
_SCRIPT: Final = Path(__file__).parent / "pages" / "codes.js"
_QUIET: Final = 4  # modules around a code (ISO/IEC 18004, 9.1)

Ask = Callable[[], Awaitable[Any]]


class Again(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A receipt is wanted once more; `entry`: of which entry, "" for the last."""

    entry: str = ""


def routes(last: Ask, bill: Ask, again: Callable[[str], Awaitable[Any]]) -> tuple[BaseRoute, ...]:
    """Make the routes.

    Args:
        last, bill: return what a code says, or "" if there is none.
        again: prints a receipt once more; raises NoReceiptError.
    """

    def drawn(ask: Ask) -> Callable[[Request], Awaitable[Response]]:
        async def draw(_request: Request) -> Response:
            text = await ask()
            if not text:
                return Response(status_code=404, headers=_HEADERS)
            return Response(_svg(text), media_type="image/svg+xml", headers=_HEADERS)

        return draw

    async def print_again(request: Request) -> Response:
        # As with /wish: a strange page cannot send this kind without being asked first.
        if request.headers.get("content-type") != "application/json":
            return Response(status_code=415)
        try:
            await again(msgspec.json.decode(await request.body(), type=Again).entry)
        except (*BAD_JSON, NoReceiptError) as error:
            return Response(str(error), status_code=400, media_type="text/plain", headers=_HEADERS)
        return Response(status_code=204, headers=_HEADERS)

    async def script(_request: Request) -> Response:
        return FileResponse(_SCRIPT, headers=_HEADERS)

    return (
        Route("/codes.js", script),
        Route("/receipt.svg", drawn(last)),
        Route("/bill.svg", drawn(bill)),
        Route("/receipt", print_again, methods=["POST"]),
    )


def _svg(text: str) -> bytes:
    import segno  # noqa: PLC0415 - heavy, and most units never draw a code

    out = io.BytesIO()
    segno.make_qr(text, error="m").save(out, kind="svg", border=_QUIET, omitsize=True, light="#fff")
    return out.getvalue()
