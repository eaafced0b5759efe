"""The door at which neighbours knock: HTTP without TLS, and nothing is read before the letter is believed."""

import asyncio
from typing import Final

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from appliance.keeper.cellar import Cellar, StrangerError
from sync.letters import HEADER, LETTER_MAX_BYTES, PATH
from sync.segment import PACKED_MAX_BYTES

RECORD_MAX_BYTES: Final = PACKED_MAX_BYTES + 1024
CALLERS_MAX: Final = 32
BODY_S: Final = 10.0


class _TooMuchError(Exception):
    """More comes than a record can be."""


def create_door(cellar: Cellar) -> Starlette:
    """Make the application."""

    async def knock(request: Request) -> Response:
        letter = request.headers.get(HEADER, "").encode()
        if not 0 < len(letter) <= LETTER_MAX_BYTES:
            return Response("no letter\n", status_code=403)
        try:
            ask = cellar.hear(request.path_params["unit"], letter)
            record = await asyncio.wait_for(_record(request), BODY_S)
            answer = await run_in_threadpool(cellar.answer, ask, record)
        except StrangerError as error:
            return Response(f"{error}\n", status_code=403, media_type="text/plain")
        except (TimeoutError, ClientDisconnect):
            return Response(status_code=408)
        except _TooMuchError:
            return Response(status_code=413)
        return Response(answer, media_type="application/json")

    return Starlette(routes=[Route(PATH + "{unit}", knock, methods=["POST"])])


async def _record(request: Request) -> bytes:
    record = b""
    async for part in request.stream():
        record += part
        if len(record) > RECORD_MAX_BYTES:
            raise _TooMuchError
    return record
