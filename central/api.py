"""What units call: the HTTP side of sync, with OpenAPI. Everything but enrolment asks for a device certificate.

Bodies are capped before they are read. A delivery is verified here, in the thread that listens, and stored by the one
that writes; nothing else that may wait for the database is done in the thread that listens.
"""

from collections.abc import Mapping
from pathlib import Path as AnyPath
from typing import Annotated, Any, Final, cast

import msgspec
from fastapi import APIRouter, Depends, FastAPI, Path, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse

from central import store
from central.authority import CertificateError, read_device
from central.centre import Centre
from central.intake import Delivery
from central.peers import CALLER, Peer, admit
from central.refusal import RefusedError
from central.rollout import offered
from central.writer import Writer
from sync.entries import BAD_JSON, UNIT_PATTERN
from sync.messages import (
    BUNDLE_TYPE,
    PROBLEM_TYPE,
    SEGMENT_TYPE,
    TOWN_STREAM,
    EnrolRequest,
    Problem,
    RenewRequest,
    Report,
    RightsRequest,
    TownTime,
    Why,
    sign,
)
from sync.segment import PACKED_MAX_BYTES, join, pack
from sync.tree import ends_from_text
from sync.updates import OfferState

JSON: Final = "application/json"
_NO_TYPE: Final = "about:blank"  # a problem that is no more than its HTTP status
SMALL_BODY_MAX: Final = 64 * 1024
PAGE_ENTRIES: Final = 2_000
_NONCE = Query(max_length=64, pattern="^[0-9a-f]*$", description="hex; comes back in the signed answer")
_FENCE = Query(max_length=64, pattern="^[0-9a-f]*$", description="as in the last answer, empty at first")


def _signed(name: str) -> dict[int | str, dict[str, Any]]:
    return {200: {"description": f"signed {name}: an object of `body` and `sig`", "content": {JSON: {}}}}


def _body(kind: type[msgspec.Struct]) -> dict[str, Any]:
    (schema,), _ = msgspec.json.schema_components([kind], ref_template="#/components/schemas/{name}")
    inline = msgspec.json.schema(kind)["$defs"][kind.__name__] if "$ref" in schema else schema
    return {"requestBody": {"required": True, "content": {JSON: {"schema": inline}}}}


units = APIRouter()


async def centre_of(request: Request) -> Centre:
    return cast("Centre", request.app.state.centre)


TheCentre = Annotated[Centre, Depends(centre_of)]


async def caller_of(request: Request, centre: TheCentre) -> Peer:
    der = request.scope.get("state", {}).get("peer_certificate")
    if not der:
        raise RefusedError(Why.NOT_ENROLLED, "this call needs a device certificate; enrol first")
    try:
        device = read_device(der, centre.town_id)
    except CertificateError as error:
        raise RefusedError(Why.NOT_ENROLLED, str(error)) from error
    if device.ends_ms < centre.town.clock.wall_ms():
        raise RefusedError(Why.EXPIRED, f"the certificate of {device.unit} ran out; ask for a fresh one without it")
    return Peer(device.unit, device.epoch, device.ends_ms)


Caller = Annotated[Peer, Depends(caller_of)]


async def writer_of(request: Request) -> Writer:
    return cast("Writer", request.app.state.writer)


TheWriter = Annotated[Writer, Depends(writer_of)]


def create_units_api(centre: Centre, writer: Writer) -> FastAPI:
    """Make the application that units call."""
    api = FastAPI(
        title="machitap: units and centre",
        version="1",
        description="How a unit enrols, delivers its journal and hears what the town says. Answers that state something"
        " about a journal are signed with the town's key.",
        docs_url=None,
        redoc_url=None,
        exception_handlers={
            RefusedError: _refused,
            HTTPException: _misdirected,
            RequestValidationError: _misread,
            Exception: _failed,
        },
    )
    api.state.centre = centre
    api.state.writer = writer
    api.include_router(units)
    return api


@units.get("/v1/journal", summary="What the centre holds of the caller's journal", responses=_signed("Holdings"))
async def holdings(
    centre: TheCentre,
    caller: Caller,
    writer: TheWriter,
    nonce: Annotated[str, _NONCE] = "",
    unsent: Annotated[int, Query(ge=0)] = 0,
    oldest_ms: int | None = None,
    state: Annotated[str, Query(max_length=200)] = "",
    software: Annotated[str, Query(max_length=100)] = "",
    clock: Annotated[str, Query(max_length=20)] = "",
    generation: Annotated[str, Query(max_length=64, pattern="^[0-9a-f]*$")] = "",
    heard: Annotated[str, Query(max_length=400, pattern="^[0-9a-f/,]*$")] = "",
    symptoms: Annotated[str, Query(max_length=400)] = "",
    heard_town: Annotated[str | None, Query(max_length=400, pattern="^[0-9a-f/,]*$")] = None,
    image: Annotated[str | None, Query(max_length=130)] = None,
) -> Response:
    report = Report(unsent, oldest_ms, state, software, clock, generation, heard, symptoms, heard_town, image)
    return Response(await writer.do(lambda: centre.intake.holdings(caller, report, nonce)), media_type=JSON)


@units.post(
    "/v1/journal",
    summary="Deliver a segment; answered only when it is durable",
    responses=_signed("Holdings"),
    openapi_extra={"requestBody": {"required": True, "content": {SEGMENT_TYPE: {}}}},
)
async def deliver(
    request: Request,
    centre: TheCentre,
    caller: Caller,
    writer: TheWriter,
    fence: Annotated[str, _FENCE] = "",
    nonce: Annotated[str, _NONCE] = "",
) -> Response:
    check_type(request, SEGMENT_TYPE)
    packed = await read_body(request, PACKED_MAX_BYTES)
    try:
        signed = centre.intake.verify(packed)
    except RefusedError as error:
        refusal = error
        await writer.do(lambda: centre.intake.note_refusal(caller, refusal))
        raise
    answer = await writer.deliver(Delivery(caller, signed, fence, nonce))
    centre.on_arrival()
    return Response(answer, media_type=JSON)


@units.get(
    "/v1/stream/{name}",
    summary="The centre's own journal: `town` for all units, or the caller's name for its own",
    responses={200: {"content": {SEGMENT_TYPE: {}}}, 204: {"description": "nothing new"}},
)
async def stream(
    centre: TheCentre,
    caller: Caller,
    name: Annotated[str, Path(pattern=UNIT_PATTERN)],
    since: Annotated[str, Query(max_length=4000, description="the ends that the caller holds: boot/seq,…")] = "",
) -> Response:
    if name not in (TOWN_STREAM, caller.unit):
        raise RefusedError(Why.NOT_YOURS, f'stream "{name}" is not for {caller.unit}')
    try:
        ends = ends_from_text(since)
    except ValueError as error:
        raise RefusedError(Why.BAD_REQUEST, "since: boot/seq,boot/seq,…") from error
    segments = await run_in_threadpool(centre.intake.stream, caller, name, ends, PAGE_ENTRIES)
    if not segments:
        return Response(status_code=204)
    return Response(pack(join(segments)), media_type=SEGMENT_TYPE)


@units.post(
    "/v1/rights",
    summary="May I give out more of something, now? Answered with what the caller has not heard of its own stream",
    responses={200: {"content": {SEGMENT_TYPE: {}}}, 204: {"description": "no"}},
    openapi_extra=_body(RightsRequest),
)
async def rights(request: Request, centre: TheCentre, caller: Caller, writer: TheWriter) -> Response:
    check_type(request, JSON)
    asked = _read(await read_body(request, SMALL_BODY_MAX), RightsRequest)
    segments = await writer.do(lambda: centre.granter.ask(caller, asked))
    return Response(pack(join(segments)), media_type=SEGMENT_TYPE) if segments else Response(status_code=204)


@units.get(
    "/v1/update/{digest}",
    summary="The bundle that the caller is offered, by its SHA-256; say with Range which part of it",
    responses={200: {"content": {BUNDLE_TYPE: {}}}, 206: {"content": {BUNDLE_TYPE: {}}}},
)
async def bundle(centre: TheCentre, caller: Caller, digest: Annotated[str, Path(pattern="^[0-9a-f]{64}$")]) -> Response:
    path = await run_in_threadpool(_offered, centre, caller, digest)
    return FileResponse(path, media_type=BUNDLE_TYPE)


def _offered(centre: Centre, caller: Peer, digest: str) -> AnyPath:
    """Return where the bundle lies that a unit is offered.

    Raises:
        RefusedError: it is not offered this one, or not any more.
    """
    with store.reading(centre.engine) as connection:
        admit(connection, caller, CALLER)
        offer = offered(connection, caller.unit)
    path = centre.bundles.path(digest) if centre.bundles else None
    if offer is None or offer.digest != digest or offer.state is OfferState.WITHDRAWN or path is None:
        raise RefusedError(Why.NOT_OFFERED, f"{caller.unit} is not offered {digest}")
    return path


@units.get("/v1/time", summary="The time by the centre", responses=_signed("TownTime"))
async def time(centre: TheCentre, _caller: Caller, nonce: Annotated[str, _NONCE] = "") -> Response:
    answer = TownTime(centre.town.clock.wall_ms(), nonce)
    return Response(sign(answer, centre.town.signer), media_type=JSON)


@units.post("/v1/enrol", summary="Let a unit in, with a one-time code", openapi_extra=_body(EnrolRequest))
async def enrol(request: Request, centre: TheCentre, writer: TheWriter) -> Response:
    check_type(request, JSON)
    asked = _read(await read_body(request, SMALL_BODY_MAX), EnrolRequest)
    return Response(msgspec.json.encode(await writer.do(lambda: centre.enroller.enrol(asked))), media_type=JSON)


@units.post(
    "/v1/certificate",
    summary="A fresh device certificate; the journal's key vouches for the caller",
    openapi_extra=_body(RenewRequest),
)
async def renew(request: Request, centre: TheCentre) -> Response:
    check_type(request, JSON)
    asked = _read(await read_body(request, SMALL_BODY_MAX), RenewRequest)
    return Response(msgspec.json.encode(await run_in_threadpool(centre.enroller.renew, asked)), media_type=JSON)


def check_type(request: Request, wanted: str) -> None:
    """Make sure that a body is what it should be, if the request says what it is.

    Raises:
        RefusedError: it says something else.
    """
    said = request.headers.get("content-type", wanted).partition(";")[0].strip().lower()
    if said != wanted:
        raise RefusedError(Why.WRONG_TYPE, f'"{said}" is not taken here, but "{wanted}"')


async def read_body(request: Request, limit: int) -> bytes:
    """Read a request's body, but never more than `limit` bytes of it.

    Raises:
        RefusedError: it is longer, or says so.
    """
    too_large = RefusedError(Why.TOO_LARGE, f"{limit} bytes are the most")
    said = request.headers.get("content-length", "0")
    if not said.isdigit() or int(said) > limit:
        raise too_large
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise too_large
    return bytes(body)


def problem_response(problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    """Return a refusal as RFC 9457 wants it; the connection is closed, because the body may be unread."""
    headers = {**(headers or {}), "Connection": "close"}
    return Response(msgspec.json.encode(problem), problem.status, headers, media_type=PROBLEM_TYPE)


async def _refused(_request: Request, error: Exception) -> Response:
    if not isinstance(error, RefusedError):
        raise error
    return problem_response(error.problem)


async def _misdirected(_request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    return problem_response(Problem(_NO_TYPE, error.detail, error.status_code), error.headers)


async def _misread(_request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    said = "; ".join(f"{one['loc'][-1]}: {one['msg']}" for one in error.errors())
    return problem_response(RefusedError(Why.BAD_REQUEST, said).problem)


async def _failed(_request: Request, error: Exception) -> Response:
    if store.is_full(error):
        return problem_response(RefusedError(Why.FULL, "nothing was stored; it can be sent again later").problem)
    return problem_response(Problem(_NO_TYPE, "A fault of the centre; try again later", 500))


def _read(body: bytes, kind: type[Any]) -> Any:
    try:
        return msgspec.json.decode(body, type=kind)
    except BAD_JSON as error:
        raise RefusedError(Why.BAD_REQUEST, str(error)) from error
