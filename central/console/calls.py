"""Takes what the town's own systems send to programs (`brought.Call`): JSON, from a tool's token and never a browser.

A body is taken whole or not at all as far as its form goes. What became of each thing in it, the program answers.
"""

from collections.abc import Callable
from typing import Any, Final, TypeVar

import msgspec
from fastapi import APIRouter, HTTPException
from starlette.requests import Request
from starlette.responses import Response

from central.console.api import JSON, answers, content
from central.console.brought import Call, calls
from central.console.gate import Gate, signed_in
from central.throttle import Throttle

BODY_MAX: Final = 131_072
DAY_MAX: Final = 20_000  # things of one tool: two for everybody in a town of ten thousand
STEP_MS: Final = 86_400_000 // DAY_MAX
_TOO_MUCH, _NO_JSON, _NOT_UNDERSTOOD, _TOO_OFTEN = 413, 415, 422, 429

_Sent = TypeVar("_Sent", bound=msgspec.Struct)


def create_calls(gate: Gate) -> APIRouter:
    """Make the routes."""
    router = APIRouter(tags=["calls"])
    often = Throttle(DAY_MAX, STEP_MS)
    for _, call in calls():
        router.add_api_route(
            call.address,
            _taking(gate, call, often),
            methods=["POST"],
            summary=f"Send {call.en}",
            description=call.about,
            responses=answers(call.answers),
            openapi_extra={"requestBody": {"required": True, "content": content(call.takes)}},
        )
    return router


def _taking(gate: Gate, call: Call[_Sent], often: Throttle) -> Callable[[Request], Any]:
    """Return what reads a body and does what it says, when its turn has come."""
    # Made here, in one thread: msgspec 0.22 crashes if several threads are the first to read a struct.
    decoder = msgspec.json.Decoder(call.takes)

    async def take(request: Request) -> Response:
        tool, sent = signed_in().name, read(decoder, await _body(request))
        count = call.count(sent)
        if not often.allows(tool, gate.now_ms(), count):
            raise _too_often(count)
        answer = await gate.do(lambda: call.do(gate.centre, tool, sent))
        return Response(msgspec.json.encode(answer), media_type=JSON)

    return take


async def _body(request: Request) -> bytes:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != JSON:
        raise HTTPException(
            _NO_JSON, f"{JSON} で送ってください。何も書いていません。 / Nothing was written: send {JSON}."
        )
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_MAX:
            raise HTTPException(
                _TOO_MUCH,
                f"{BODY_MAX:,} バイトまでです。分けて送ってください。何も書いていません。"
                f" / Nothing was written: send at most {BODY_MAX:,} bytes at once.",
            )
    return body


def read(decoder: msgspec.json.Decoder[_Sent], body: bytes) -> _Sent:
    """Read a body of a form that stands in the document.

    Raises:
        HTTPException: it has another one; the message says where.
    """
    try:
        return decoder.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise HTTPException(
            _NOT_UNDERSTOOD,
            f"決まりの形ではありません。直して送り直してください。何も書いていません。 / Nothing was written: {error}",
        ) from error


def _too_often(count: int) -> HTTPException:
    """Say when there is room for as many again, if nothing else is sent meanwhile."""
    seconds = -(-count * STEP_MS // 1_000)
    return HTTPException(
        _TOO_OFTEN,
        f"この道具が1日に送れる数をこえました。{seconds}秒後に、同じものを送ってください。何も書いていません。"
        f" / Nothing was written: this tool has sent too much for one day. Send the same again in {seconds} s.",
        {"Retry-After": str(seconds)},
    )
