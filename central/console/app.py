"""The console as a web application: pages, live lines, and the same as JSON for the office's own tools."""

from typing import Any

from fastapi import FastAPI
from fastapi.responses import JSONResponse, PlainTextResponse

from central.centre import Centre
from central.console.books import Books
from central.console.live import Bell


def create_console(centre: Centre, bell: Bell) -> FastAPI:
    """Make the application that people open."""
    console = FastAPI(title="machitap: office", version="1", docs_url=None, redoc_url=None)
    books = Books(centre.engine, centre.town.register)

    @console.get("/api/units")
    def units() -> Any:
        import msgspec

        return JSONResponse(msgspec.to_builtins(books.units()))

    @console.get("/")
    def home() -> Any:
        return PlainTextResponse("machitap")

    return console
