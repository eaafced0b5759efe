"""What every answer of the console says to the browser: load nothing from elsewhere, keep nothing, frame nothing."""

from collections.abc import Callable
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import Scope

STATIC: Final = "/static/"
DESK: Final = "/residents"
_POLICY: Final = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

# A web page from elsewhere could call the console by giving its own name this machine's address; such calls carry the
# other name, and are refused.
HOSTS: Final = ("127.0.0.1", "localhost", "::1", "[::1]")


def reader_at(port: int) -> str:
    """Return where the page calls the program that reads cards on the PC at which it is open; "" if nowhere."""
    return f"http://127.0.0.1:{port}" if port else ""


def headers_with(reader: str) -> Callable[[Scope, MutableHeaders], None]:
    """Return what adds the headers. `reader`: the one other address that pages of the desk may call, or ""."""

    def add(scope: Scope, headers: MutableHeaders) -> None:
        is_desk = scope["path"] == DESK or scope["path"].startswith(f"{DESK}/")
        calls = f"; connect-src 'self' {reader}" if reader and is_desk else ""
        headers["Content-Security-Policy"] = _POLICY + calls
        headers["Referrer-Policy"] = "same-origin"
        headers["X-Content-Type-Options"] = "nosniff"
        # Static files are asked for every time, and answered "not modified": a new version is there at once.
        headers["Cache-Control"] = "no-cache" if scope["path"].startswith(STATIC) else "no-store"

    return add
