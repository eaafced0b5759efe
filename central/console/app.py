"""The console as a web application: pages, live lines, and the same as JSON for the office's own tools."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
from fastapi import Depends, FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from central.centre import Centre
from central.console import brought, roles
from central.console.api import create_api, create_metrics, schemas
from central.console.calls import create_calls
from central.console.desk import Desk
from central.console.gate import FOR_TOOLS, Before, Gate
from central.console.hall import Hall
from central.console.headers import HOSTS, STATIC, headers_with, reader_at
from central.console.journal.pages import create_journal
from central.console.live import Bell
from central.console.pages import Pages, create_pages
from central.console.passkeys import create_passkeys
from central.console.people.audit import create_audit
from central.console.people.pages import create_people
from central.console.programs import create_open_data, create_programs
from central.console.proofs import DamagedError
from central.console.sign_in import create_sign_in
from central.guard import Guard
from central.store import is_full
from central.world import Room
from central.writer import Writer
from sync.messages import PROBLEM_TYPE, Problem

_STATIC: Final = Path(__file__).parent / "static"
_ABOUT: Final = (
    "What the town's centre holds: units, entries with their proofs, incidents, totals; and what the town's own"
    " systems may send. A tool shows its token (`Authorization: Bearer …`), which `machi central user tool` prints, and"
    " may ask or send what the token's scopes are for: each call names the one that it takes. Cards have the names that"
    " the town gave them; the books hold no person's name."
)

_PLAIN: Final = {
    400: ("この問い合わせは読めませんでした。", "This request could not be understood."),
    401: ("先にサインインしてください。", "Sign in first."),
    403: ("この画面は、あなたの役割では使えません。", "This is not for any of your roles."),
    404: ("お探しのページはありません。", "There is no such page."),
    405: ("このページでは、その操作はできません。", "That cannot be done here."),
    413: ("送られたものが大きすぎます。", "Too much was sent."),
    415: ("この形では受け取れません。", "This is not taken in such a form."),
    422: ("この問い合わせは読めませんでした。", "This request could not be understood."),
    429: ("多すぎます。しばらく待ってください。", "This is too much; wait a while."),
    507: ("町の機械に空きがなく、書きとめられません。", "There is no room left to note it."),
    500: ("このページを出せませんでした。", "This page could not be shown."),
}


class Console(FastAPI):
    """FastAPI, with the answers' schemas taken from the structs that are sent, and the scope that each call takes."""

    scopes: roles.Scopes

    def openapi(self) -> dict[str, Any]:
        document = super().openapi()
        words = "; ".join(f"`{scope}`: {en}" for scope, (_, en) in brought.scope_names().items())
        scheme = {"type": "http", "scheme": "bearer", "description": f"a tool's token, which has scopes. {words}"}
        sent = [kind for _, call in brought.calls() for kind in (call.takes, call.answers)]
        document["components"] = {"schemas": schemas(sent), "securitySchemes": {"token": scheme}}
        for path, item in document["paths"].items():
            for operation in item.values():
                operation["security"] = [{"token": [str(self.scopes[path])]}]
        return document


def create_console(
    centre: Centre,
    writer: Writer,
    bell: Bell,
    units_api: Mapping[str, Any] | None = None,
    url: str = "",
    room: Callable[[], Room | None] = lambda: None,
    reader_port: int = 0,
) -> FastAPI:
    """Make the application that people open.

    Args:
        bell: rung whenever something was added up.
        units_api: the OpenAPI document of what units call, to be shown beside the console's own.
        url: how people reach it, if not by this machine's own name.
        room: looks how much there is left on the centre's disk.
        reader_port: where `machi desk` answers on the clerks' own PCs; 0: nowhere.

    Raises:
        UndeclaredError: one of its addresses does not say for whom it is.
    """
    desk, reader = Desk.of(centre, room), reader_at(reader_port)
    pages = Pages(desk, reader)
    table, scopes = brought.admitting(brought.pages(), brought.calls())
    gate = Gate(centre, writer, table, scopes, is_secure=url.startswith("https://"))
    hosts = [*HOSTS, *([urlsplit(url).hostname or ""] if url else [])]
    console = Console(
        title="machitap: office",
        version="1",
        description=_ABOUT,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        dependencies=[Depends(gate.admit)],
        middleware=[
            Middleware(Guard, add=headers_with(reader)),
            Middleware(TrustedHostMiddleware, allowed_hosts=hosts, www_redirect=False),
            Middleware(Before, gate=gate),
        ],
    )
    console.state.gate, console.scopes = gate, scopes
    for_tools = [create_api(desk, bell, gate), create_metrics(desk), create_open_data(desk), create_calls(gate)]
    for router in for_tools:
        console.include_router(router)
    own = {"office": console.openapi()}
    routers = [create_pages(desk, pages, own | ({"units": units_api} if units_api else {}))]
    hall = Hall(pages, gate, url)
    routers += [create_people(desk, pages, gate), create_audit(desk, pages, gate), create_journal(desk, pages, gate)]
    routers += [create_programs(desk, pages, gate), create_sign_in(desk, pages, gate, hall)]
    routers.append(create_passkeys(pages, gate, hall))
    for router in routers:
        console.include_router(router)
    every = [route for router in (*for_tools, *routers) for route in router.routes]
    roles.check(table, scopes, {route.path for route in every if isinstance(route, APIRoute)})
    console.mount(STATIC, StaticFiles(directory=_STATIC))
    _answer_errors(console, pages)
    return console


def _answer_errors(console: FastAPI, pages: Pages) -> None:
    """Say in words what went wrong: to people on a page, to tools as a problem document."""

    def answer(request: Request, status: int, detail: str, headers: Mapping[str, str] | None = None) -> Response:
        ja, en = _PLAIN.get(status, _PLAIN[500])
        if not request.url.path.startswith(FOR_TOOLS):
            return pages.error(status, ja, en, detail)
        problem = Problem("about:blank", en, status, detail)
        return Response(msgspec.json.encode(problem), status, headers, PROBLEM_TYPE)

    async def refused(request: Request, error: Exception) -> Response:
        if isinstance(error, HTTPException):
            return answer(request, error.status_code, str(error.detail), error.headers)
        return answer(request, 422, "; ".join(str(one["msg"]) for one in getattr(error, "errors", list)()))

    async def failed(request: Request, error: Exception) -> Response:
        if isinstance(error, OperationalError) and is_full(error):
            return answer(request, 507, "")
        return answer(request, 500, str(error) if isinstance(error, DamagedError) else "")

    console.add_exception_handler(HTTPException, refused)
    console.add_exception_handler(RequestValidationError, refused)
    console.add_exception_handler(DamagedError, failed)
    console.add_exception_handler(OperationalError, failed)
    console.add_exception_handler(Exception, failed)
