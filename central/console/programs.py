"""Shows the pages that programs bring, and does what people do there; the page that comes next tells of it."""

from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from central.centre import Centre
from central.console.api import PROBLEM
from central.console.brought import PLACE, Act, Page, Said, pages
from central.console.desk import Desk
from central.console.gate import Gate, signed_in, tell
from central.console.pages import NOT_NOW, Pages, held
from central.worded import WordedError
from sync.accounts import Role

_TABLE_TYPE: Final = "text/csv; charset=utf-8"
_FILE_TYPE: Final = "application/octet-stream"


def create_programs(desk: Desk, shown: Pages, gate: Gate) -> APIRouter:
    """Make the routes."""
    router = APIRouter(include_in_schema=False)
    for template, page in pages():
        router.add_api_route(f"/{page.name}", _page(desk, shown, template, page))
        if page.table:
            router.add_api_route(f"/{page.name}.csv", _table(desk, page, page.table))
        if page.files:
            router.add_api_route(f"/{page.name}/files/{{name}}", _file(desk, page, page.files))
        for act in page.acts:
            router.add_api_route(
                f"/{page.name}/{act.name}", _act(desk, shown, gate, template, page, act), methods=["POST"]
            )
    return router


def create_open_data(desk: Desk) -> APIRouter:
    """Make the routes of the tables that anybody may see, for tools."""
    router = APIRouter(tags=["open data"])
    for _, page in pages():
        if page.public and page.table and page.open_data is not None:
            asked = [_asked(name) for name in page.open_data]
            router.add_api_route(
                page.public,
                _table(desk, page, page.table),
                summary=f"{page.en}: the table as it may be published",
                response_class=Response,
                responses={200: {"description": "a table", "content": {_TABLE_TYPE: {}}}, **PROBLEM},
                openapi_extra={"parameters": asked},
            )
    return router


def _asked(name: str) -> dict[str, Any]:
    about = f"as the page has it in its own address, `?{name}=…`; left out: the latest"
    return {"name": name, "in": "query", "required": False, "description": about, "schema": {"type": "string"}}


def _page(desk: Desk, shown: Pages, template: str, page: Page) -> Callable[[Request], Response]:
    def show(request: Request) -> Response:
        return _filled(desk, shown, template, page, request.query_params)

    return show


def _filled(
    desk: Desk, shown: Pages, template: str, page: Page, asked: Mapping[str, str], status: int = 200, **besides: object
) -> Response:
    moment = desk.moment()
    values = page.read(desk.centre.engine, moment, **_filters(page, asked))
    return shown.render(template, status, moment=moment, **besides, **held(values, page.name))


def _table(desk: Desk, page: Page, table: Callable[..., bytes | None]) -> Callable[[Request], Response]:
    """Return what answers for the same as a table."""

    def show(request: Request) -> Response:
        raw = held(table(desk.centre.engine, desk.moment(), **_filters(page, request.query_params)), page.name)
        return _saved(raw, f"{page.name}.csv", _TABLE_TYPE)

    return show


def _file(desk: Desk, page: Page, files: Callable[..., Mapping[str, bytes]]) -> Callable[[Request, str], Response]:
    """Return what answers with one of the page's files."""

    def show(request: Request, name: str) -> Response:
        found = files(desk.centre.engine, desk.moment(), **_filters(page, request.query_params))
        return _saved(held(found.get(name), name), name, _FILE_TYPE)

    return show


def _saved(raw: bytes, name: str, kind: str) -> Response:
    """Return what a browser saves, and does not show."""
    return Response(raw, media_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _act(desk: Desk, shown: Pages, gate: Gate, template: str, page: Page, act: Act) -> Callable[[Request], Any]:
    """Return what does something, and shows the page anew; if it was not done, with what was typed."""

    async def do(request: Request) -> Response:
        who, form = signed_in(), request.state.form
        try:
            said = await gate.do(lambda: _done(gate.centre, act, who.name, form))
        except WordedError as error:
            besides = {"typed": form, "refused": error}
            return await run_in_threadpool(_filled, desk, shown, template, page, form, NOT_NOW, **besides)
        tell(said.ja, said.en)
        asked = urlencode({name: value for name, value in said.then.items() if value})
        return RedirectResponse(f"/{page.name}" + (f"?{asked}" if asked else ""), 303)

    return do


def _done(centre: Centre, act: Act, by: str, form: Mapping[str, str]) -> Said:
    """Do it, and add it up, so that the page which comes next shows it."""
    said = act.do(centre, by, form)
    centre.reconciler.catch_up()
    return said


def _filters(page: Page, asked: Mapping[str, str]) -> dict[str, str]:
    """Return what a page is asked; whoever sees it as a shop alone is shown the own place, whatever was asked."""
    found, who = {name: asked.get(name, "") for name in page.filters}, signed_in()
    if who.roles & page.roles == {Role.SHOP}:
        found[PLACE] = held(who.place or None, "the place of this account")
    return found
