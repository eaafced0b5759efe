"""What every answer of the console says to the browser: load nothing from elsewhere, keep nothing, frame nothing."""

from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

STATIC: Final = "/static/"
_POLICY: Final = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

# The console has no sign-in and listens on this machine only. A web page from elsewhere that is opened on this machine
# could still call it by giving its own name this machine's address; such calls carry the other name, and are refused.
HOSTS: Final = ("127.0.0.1", "localhost", "::1", "[::1]")


class Guard:
    """Adds the headers, without holding a stream back."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Content-Security-Policy"] = _POLICY
                headers["Referrer-Policy"] = "no-referrer"
                headers["X-Content-Type-Options"] = "nosniff"
                # Static files are asked for every time, and answered "not modified": a new version is there at once.
                headers["Cache-Control"] = "no-cache" if scope["path"].startswith(STATIC) else "no-store"
            await send(message)

        await self._app(scope, receive, guarded if scope["type"] == "http" else send)
