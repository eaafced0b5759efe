"""What every answer to a phone says to its browser: load nothing but ours, keep nothing, frame nothing."""

from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import Scope

_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; worker-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def add_headers(_scope: Scope, headers: MutableHeaders) -> None:
    headers["Content-Security-Policy"] = _POLICY
    headers["Permissions-Policy"] = "camera=(self), microphone=(), geolocation=()"
    headers["Referrer-Policy"] = "no-referrer"
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    # Asked for every time, and answered "not modified"; what is private is never kept by the browser.
    headers["Cache-Control"] = "no-cache" if headers.get("etag") else "no-store"
