"""What every answer to a phone says to its browser: load nothing but ours, keep nothing, frame nothing."""

from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; worker-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class Guard:
    """Adds the headers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Content-Security-Policy"] = _POLICY
                headers["Permissions-Policy"] = "camera=(self), microphone=(), geolocation=()"
                headers["Referrer-Policy"] = "no-referrer"
                headers["X-Content-Type-Options"] = "nosniff"
                headers["Cross-Origin-Opener-Policy"] = "same-origin"
                # Asked for every time, and answered "not modified"; what is private is never kept by the browser.
                headers["Cache-Control"] = "no-cache" if headers.get("etag") else "no-store"
            await send(message)

        await self._app(scope, receive, guarded if scope["type"] == "http" else send)
