"""The console as a web application: pages, live lines, and the same as JSON for the office's own tools."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from central.centre import Centre
from central.console.api import create_api, schemas
from central.console.desk import Desk
from central.console.headers import HOSTS, STATIC, add_headers
from central.console.live import Bell
from central.console.pages import Pages, create_pages
from central.console.proofs import DamagedError
from central.guard import Guard
from sync.messages import PROBLEM_TYPE, Problem

_STATIC: Final = Path(__file__).parent / "static"
_FOR_TOOLS: Final = ("/api/", "/live")
_ABOUT: Final = (
    "What the town's centre holds: units, entries with their proofs, incidents, totals. Read only, and on this machine"
    " only. Cards have the names that the town gave them; the books hold no person's name."
)

_PLAIN: Final = {
    400: ("この問い合わせは読めませんでした。", "This request could not be understood."),
    404: ("お探しのページはありません。", "There is no such page."),
    405: ("このページでは、その操作はできません。", "That cannot be done here."),
    422: ("この問い合わせは読めませんでした。", "This request could not be understood."),
    500: ("このページを出せませんでした。", "This page could not be shown."),
}


class Console(FastAPI):
    """FastAPI, with the answers' schemas taken from the structs that are sent."""

    def openapi(self) -> dict[str, Any]:
        document = super().openapi()
        document.setdefault("components", {})["schemas"] = schemas()
        return document


def create_console(centre: Centre, bell: Bell, units_api: Mapping[str, Any] | None = None) -> FastAPI:
    """Make the application that people open.

    Args:
        bell: rung whenever something was added up.
        units_api: the OpenAPI document of what units call, to be shown beside the console's own.
    """
    desk = Desk.of(centre)
    pages = Pages(desk)
    console = Console(
        title="machitap: office",
        version="1",
        description=_ABOUT,
        docs_url=None,
        redoc_url=None,
        middleware=[
            Middleware(Guard, add=add_headers),
            Middleware(TrustedHostMiddleware, allowed_hosts=HOSTS, www_redirect=False),
        ],
    )
    console.include_router(create_api(desk, bell))
    own = {"office": console.openapi()}
    console.include_router(create_pages(desk, pages, own | ({"units": units_api} if units_api else {})))
    console.mount(STATIC, StaticFiles(directory=_STATIC))

    def answer(request: Request, status: int, detail: str) -> Response:
        ja, en = _PLAIN.get(status, _PLAIN[500])
        if not request.url.path.startswith(_FOR_TOOLS):
            return pages.error(status, ja, en, detail)
        problem = Problem("about:blank", en, status, detail)
        return Response(msgspec.json.encode(problem), status, media_type=PROBLEM_TYPE)

    async def refused(request: Request, error: Exception) -> Response:
        if isinstance(error, HTTPException):
            return answer(request, error.status_code, str(error.detail))
        return answer(request, 422, "; ".join(str(one["msg"]) for one in getattr(error, "errors", list)()))

    async def failed(request: Request, error: Exception) -> Response:
        return answer(request, 500, str(error) if isinstance(error, DamagedError) else "")

    console.add_exception_handler(HTTPException, refused)
    console.add_exception_handler(RequestValidationError, refused)
    console.add_exception_handler(DamagedError, failed)
    console.add_exception_handler(Exception, failed)
    return console
