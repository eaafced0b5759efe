"""The console as JSON, for the office's own tools: the same answers that the pages show."""

from collections.abc import Iterable
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, HTTPException, Path, Query
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from central.console.arrivals import CURSOR_PATTERN, Arrival, Cursor, CursorError
from central.console.books import IncidentLine, UnitLine
from central.console.desk import Desk
from central.console.gate import VISITOR, Gate
from central.console.live import Bell, events
from central.console.metrics import TYPE, metrics
from central.console.proofs import Proof
from central.console.unit_file import UnitFile
from sync.entries import BOOT_PATTERN, INT_MAX, UNIT_PATTERN, EntryError, EntryId
from sync.messages import PROBLEM_TYPE, Problem

JSON: Final = "application/json"
ENTRIES_MAX: Final = 500
_REFS: Final = "#/components/schemas/{name}"
_BEFORE_FIRST: Final = "0"
_AFTER: Final = "behind which entry in the order of arrival: an entry's `cursor`, or 0 for the beginning"
_LIVE_AFTER: Final = f"{_AFTER}; left out: from now on"
# Said in the document only: what is not so is answered in words of our own.
_After = Annotated[str, Query(description=_AFTER, json_schema_extra={"pattern": f"^{CURSOR_PATTERN}$"})]
_LiveAfter = Annotated[str, Query(description=_LIVE_AFTER, json_schema_extra={"pattern": f"^{CURSOR_PATTERN}?$"})]


class Units(msgspec.Struct, frozen=True):
    """All units, by name."""

    units: list[UnitLine]


class UnitAnswer(msgspec.Struct, frozen=True):
    """One unit, and what is filed about it."""

    unit: UnitLine
    file: UnitFile


class Entries(msgspec.Struct, frozen=True):
    """Entries in order of arrival. `next`: quote it as `after` to go on, now or whenever there is more."""

    entries: list[Arrival]
    next: str


class IncidentsAnswer(msgspec.Struct, frozen=True):
    """What a person has to look at, and what was settled last."""

    open: list[IncidentLine]
    settled: list[IncidentLine]


class FiguresAnswer(msgspec.Struct, frozen=True):
    """The totals of every program, by program and name."""

    figures: dict[str, dict[str, int]]


def create_api(desk: Desk, bell: Bell, gate: Gate) -> APIRouter:
    """Make the routes below /api, and the stream of events."""
    api = APIRouter(tags=["office"])

    @api.get("/api/units", summary="Every unit: contact, backlog, how it stands", responses=answers(Units))
    def units() -> Response:
        return _json(Units(desk.books.units()))

    @api.get("/api/units/{name}", summary="One unit, with its keys and branches", responses=answers(UnitAnswer))
    def unit(name: Annotated[str, Path(pattern=UNIT_PATTERN)]) -> Response:
        line = desk.books.unit(name)
        if line is None:
            raise HTTPException(404, f"there is no unit {name}")
        return _json(UnitAnswer(line, desk.unit_file(name, line.epoch)))

    @api.get("/api/entries", summary="What people did, in order of arrival", responses=answers(Entries))
    def entries(
        after: _After = _BEFORE_FIRST,
        limit: Annotated[int, Query(ge=1, le=ENTRIES_MAX)] = 100,
    ) -> Response:
        cursor = _cursor(after)
        found = desk.arrivals.after(cursor, limit)
        return _json(Entries(found, found[-1].cursor if found else str(cursor)))

    @api.get("/api/entries/{unit}/{boot}/{seq}", summary="An entry with its proof", responses=answers(Proof))
    def proof(
        unit: Annotated[str, Path(pattern=UNIT_PATTERN)],
        boot: Annotated[str, Path(pattern=BOOT_PATTERN)],
        seq: Annotated[int, Path(ge=1, le=INT_MAX)],
    ) -> Response:
        found = desk.proofs.proof(entry_id(f"{unit}/{boot}/{seq}"))
        if found is None:
            raise HTTPException(404, f"{unit}/{boot}/{seq} is not held here")
        return _json(found)

    @api.get("/api/incidents", summary="What a person has to look at", responses=answers(IncidentsAnswer))
    def incidents() -> Response:
        return _json(IncidentsAnswer(desk.books.incidents(), desk.books.settled()))

    @api.get("/api/figures", summary="The totals of every program", responses=answers(FiguresAnswer))
    def figures() -> Response:
        return _json(FiguresAnswer(desk.figures()))

    @api.get(
        "/live",
        summary="What people do, as it arrives: server-sent events",
        description="Each message is one entry, as in /api/entries; its id is the entry's `cursor`. A client that comes"
        " back with `Last-Event-ID` goes on right behind it, also after a restart of the centre. An event `beat` comes"
        " when nothing else did for five seconds.",
        response_class=StreamingResponse,
        responses={200: {"description": "a stream of events", "content": {"text/event-stream": {}}}, **PROBLEM},
    )
    def live(request: Request, after: _LiveAfter = "") -> StreamingResponse:
        last = request.headers.get("last-event-id", after)
        cursor = _cursor(last) if last else desk.arrivals.end()
        visitor = VISITOR.get()
        stream = events(bell, desk.arrivals.after, cursor, lambda: visitor is not None and gate.stands(visitor))
        return StreamingResponse(stream, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})

    return api


def create_metrics(desk: Desk) -> APIRouter:
    """Make the route that Prometheus asks."""
    api = APIRouter(tags=["office"])

    @api.get(
        "/metrics",
        summary="Units and the centre, for Prometheus",
        description="The text format 0.0.4 of Prometheus. It names units and places, and no card, person or amount.",
        response_class=Response,
        responses={200: {"description": "metrics", "content": {"text/plain": {}}}, **PROBLEM},
    )
    def scraped() -> Response:
        moment, seen = desk.moment(), desk.seen()
        return Response(metrics(seen, desk.troubles(seen, moment), moment.now_ms, *desk.progress()), media_type=TYPE)

    return api


def schemas(more: Iterable[type[msgspec.Struct]] = ()) -> dict[str, Any]:
    """Return the JSON schemas of everything that is answered, and of more, by name, for the OpenAPI document."""
    known = (Units, UnitAnswer, Entries, Proof, IncidentsAnswer, FiguresAnswer, Problem, *more)
    return msgspec.json.schema_components(known, ref_template=_REFS)[1]


def content(kind: type[msgspec.Struct]) -> dict[str, Any]:
    """Return what the document says of a body."""
    return {JSON: {"schema": {"$ref": _REFS.format(name=kind.__name__)}}}


def entry_id(text: str) -> EntryId:
    """Read an entry's id; whatever is none is an address that does not exist."""
    try:
        return EntryId.parse(text)
    except EntryError as error:
        raise HTTPException(404, str(error)) from error


def _cursor(text: str) -> Cursor:
    try:
        return Cursor.parse(text)
    except CursorError as error:
        raise HTTPException(400, str(error)) from error


def _json(answer: msgspec.Struct) -> Response:
    return Response(msgspec.json.encode(answer), media_type=JSON)


PROBLEM: Final[dict[int | str, dict[str, Any]]] = {
    "4XX": {
        "description": "a problem document (RFC 9457)",
        "content": {PROBLEM_TYPE: {"schema": {"$ref": _REFS.format(name="Problem")}}},
    }
}


def answers(kind: type[msgspec.Struct]) -> dict[int | str, dict[str, Any]]:
    """Return what the document says of a call's answers."""
    about = (kind.__doc__ or "").split("\n", maxsplit=1)[0]
    return {200: {"description": about, "content": content(kind)}, **PROBLEM}
