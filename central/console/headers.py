"""What every answer of the console says to the browser: load nothing from elsewhere, keep nothing, frame nothing."""

from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import Scope

STATIC: Final = "/static/"
_POLICY: Final = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

# A web page from elsewhere could call the console by giving its own name this machine's address; such calls carry the
# other name, and are refused.
HOSTS: Final = ("127.0.0.1", "localhost", "::1", "[::1]")


def add_headers(scope: Scope, headers: MutableHeaders) -> None:
    headers["Content-Security-Policy"] = _POLICY
    headers["Referrer-Policy"] = "same-origin"
    headers["X-Content-Type-Options"] = "nosniff"
    # Static files are asked for every time, and answered "not modified": a new version is there at once.
    headers["Cache-Control"] = "no-cache" if scope["path"].startswith(STATIC) else "no-store"
