"""A unit that has ended while somebody still asked it something: no failure, and an answer that says so."""

from starlette.requests import Request
from starlette.responses import Response


class OverError(Exception):
    """The daemon has ended; ask the next one."""


async def answer(_request: Request, _error: Exception) -> Response:
    return Response("the unit has ended", status_code=503, media_type="text/plain")
