"""What every answer of a door for browsers says beside itself, without holding a stream back."""

from collections.abc import Callable

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Guard:
    """Adds headers to every answer; `add` puts them there, and may look at what is asked and answered."""

    def __init__(self, app: ASGIApp, add: Callable[[Scope, MutableHeaders], None]) -> None:
        self._app = app
        self._add = add

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._add(scope, MutableHeaders(scope=message))
            await send(message)

        await self._app(scope, receive, guarded if scope["type"] == "http" else send)
