"""The pages that people open. Every one works without JavaScript; with it, it keeps itself up to date."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

from fastapi import APIRouter, HTTPException
from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.responses import HTMLResponse, JSONResponse, Response

from central.console import brought, trails
from central.console.api import entry_id
from central.console.arrivals import Cursor
from central.console.by_hand import steps
from central.console.by_hour import hourly
from central.console.desk import Desk
from central.console.fleet import Fleet, fleet, usual
from central.console.gate import VISITOR, Visitor
from central.console.moment import Moment, length
from central.console.openapi import read
from central.console.standing import is_near, neediest_first, standing
from central.console.town_map import SMALL, WIDTH, Drawing, drawing
from central.console.troubles import Kind, of_unit
from central.console.words import Figure
from central.rings import UnitSeen
from sync.facts import Town
from sync.symptoms import Grade
from sync.updates import words

ARRIVALS_SHOWN: Final = 20
NOT_NOW: Final = 409  # what was asked for was not done, or cannot be shown as things are
_TEMPLATES: Final = Path(__file__).parent / "templates"
_SEGMENT_TYPE: Final = "text/plain; charset=utf-8"
_NOWHERE: Final = Town("", "", "", 0)
_FIRST: Final = (
    ("home", "/", "今日の様子", "Today"),
    ("fleet", "/fleet", "端末", "Units"),
    ("residents", "/residents", "住民とカード", "Residents"),
    ("incidents", "/incidents", "確かめること", "Incidents"),
)
_LAST: Final = (
    ("journal", "/journal", "記録帳", "Journal"),
    ("audit", "/audit", "見た記録", "Audit"),
    ("visitors", "/visitors", "使う人", "Visitors"),
    ("docs", "/docs", "つなぎ方", "API"),
)

_Found = TypeVar("_Found")


class Pages:
    """Fills templates; whatever comes from outside is escaped there, without exception."""

    def __init__(self, desk: Desk, reader: str = "") -> None:
        """`reader`: where pages call the program that reads cards on the clerk's own PC; "" if there is none."""
        self._desk = desk
        self._reader = reader
        self._templates = Environment(
            loader=ChoiceLoader([FileSystemLoader(_TEMPLATES), brought.templates()]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._links = [*_FIRST, *((one.name, f"/{one.name}", one.ja, one.en) for _, one in brought.pages()), *_LAST]
        self._templates.filters |= {"groups": groups, "lasting": length, "ticks": ticks}

    def render(self, template: str, status: int = 200, /, **values: object) -> HTMLResponse:
        """Return a page; every page knows the town and the time."""
        common = {"town": self._desk.books.town(), "moment": self._desk.moment(), "typed": {}, "refused": None}
        common |= {"reader": self._reader} | self._visitor()
        return HTMLResponse(self._templates.get_template(template).render(common | values), status)

    def error(self, status: int, ja: str, en: str, detail: str) -> HTMLResponse:
        """Return a page that says what went wrong; it asks nothing of the books, which may be what went wrong."""
        values = {"town": _NOWHERE, "moment": Moment(0, 0), "status": status, "ja": ja, "en": en, "detail": detail}
        values |= {"typed": {}, "refused": None}
        values |= self._visitor()
        return HTMLResponse(self._templates.get_template("error.html").render(values), status)

    def first(self, visitor: Visitor) -> str:
        """Return the first page that somebody may see."""
        return next((href for _, href, _, _ in self._links if visitor.may(href)), "/me")

    def _visitor(self) -> dict[str, Any]:
        """Return who looks at a page, and which links it has for that reason."""
        visitor = VISITOR.get()
        may = visitor.may if visitor else lambda _address: False
        links = [link for link in self._links if may(link[1])]
        session = visitor.session if visitor else None
        news, is_open = session and session.news, bool(visitor and not visitor.is_shut)
        if session and is_open:
            session.news = None
        return {"visitor": visitor, "may": may, "links": links, "news": news if is_open else None}


def groups(text: str, size: int = 8) -> list[str]:
    """Cut a long number into groups that an eye can follow."""
    return [text[at : at + size] for at in range(0, len(text), size)]


def ticks(text: str) -> Markup:
    """Show what stands between backticks as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped before


def routed(*handlers: tuple[str, str, Callable[..., Any]]) -> APIRouter:
    """Make the routes of pages: each address with its method, and what answers."""
    router = APIRouter(include_in_schema=False)
    for address, method, handler in handlers:
        router.add_api_route(address, handler, methods=[method])
    return router


def create_pages(desk: Desk, pages: Pages, documents: Mapping[str, Mapping[str, Any]]) -> APIRouter:
    """Make the routes. `documents`: OpenAPI documents by name, for the page that shows them."""
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    def home() -> Response:
        moment, arrivals = desk.moment(), desk.arrivals.latest(ARRIVALS_SHOWN)
        return pages.render(
            "home.html",
            moment=moment,
            **_needs(desk, moment),
            today=desk.today(moment),
            hourly=hourly(desk.by_hour(moment), moment),
            figures=_figures(desk),
            backups=desk.books.backups(),
            arrivals=arrivals,
            cursor=arrivals[0].cursor if arrivals else str(Cursor(0)),
        )

    @router.get("/fleet")
    def units() -> Response:
        return _fleet_page(desk, pages)

    @router.get("/units/{name}")
    def unit(name: str) -> Response:
        return _unit_page(desk, pages, name)

    @router.get("/entries/{unit}/{boot}/{seq}")
    def entry(unit: str, boot: str, seq: str) -> Response:
        place = entry_id(f"{unit}/{boot}/{seq}")
        proof = held(desk.proofs.proof(place), str(place))
        name, _ = held(desk.proofs.segment(place), str(place))
        told = desk.arrivals.one(place)
        shown: dict[str, Any] = {"place": place, "proof": proof, "told": told, "asides": brought.asides(proof.kind)}
        shown["has_trail"] = trails.has(proof.kind)
        return pages.render("entry.html", **shown, file=name, steps=steps(proof, name))

    @router.get("/entries/{unit}/{boot}/{seq}/segment")
    def segment(unit: str, boot: str, seq: str) -> Response:
        place = entry_id(f"{unit}/{boot}/{seq}")
        name, text = held(desk.proofs.segment(place), str(place))
        as_file = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(text, media_type=_SEGMENT_TYPE, headers=as_file)

    @router.get("/incidents")
    def incidents() -> Response:
        return pages.render("incidents.html", incidents=desk.incidents(), settled=desk.books.settled())

    @router.get("/openapi/{name}.json")
    def document(name: str) -> Response:
        return JSONResponse(held(documents.get(name), name))

    @router.get("/docs")
    def docs() -> Response:
        return pages.render("docs.html", documents={name: read(document) for name, document in documents.items()})

    return router


def _fleet_page(desk: Desk, pages: Pages) -> Response:
    moment, seen = desk.moment(), desk.seen()
    found = fleet(seen, desk.troubles(seen, moment), moment)
    return pages.render("fleet.html", moment=moment, fleet=found, map=_map(desk, found, WIDTH))


def _map(desk: Desk, found: Fleet, width: float) -> Drawing | None:
    """Return where the units in use are and how they stand, if the office has brought a map."""
    return drawing(desk.map(), [*found.needs, *found.late, *found.well], width)


def _unit_page(desk: Desk, pages: Pages, name: str) -> Response:
    line, moment, seen = held(desk.books.unit(name), name), desk.moment(), desk.seen()
    found = of_unit(desk.troubles(seen, moment), name)
    return pages.render(
        "unit.html",
        moment=moment,
        unit=line,
        standing=standing(line, moment, found),
        usual=usual(line, seen, moment),
        troubles=[one for one in found if one.kind is not Kind.INCIDENT],
        file=desk.unit_file(name, line.epoch),
        system=_system(desk.system(name)),
        incidents=[one for one in seen.incidents if one[0].unit == name],
        arrivals=desk.arrivals.of_unit(name, ARRIVALS_SHOWN),
    )


def held(found: _Found | None, name: str) -> _Found:
    """Return what was found, or say that there is no such page."""
    if found is None:
        raise HTTPException(404, f"{name} is not held here")
    return found


def _system(seen: UnitSeen | None) -> dict[str, Any]:
    """Return which system a unit runs, what it was offered, and how that stands, with the words for why."""
    offer = seen.offer if seen else None
    if seen is None or offer is None:
        return {"runs": seen.runs if seen else "", "offered": "", "stage": "", "why": ("", "")}
    why = seen.why(offer.version)
    return {
        "runs": seen.runs,
        "offered": offer.version,
        "stage": seen.stage(offer.version),
        "why": words(why) if why else ("", ""),
    }


def _needs(desk: Desk, moment: Moment) -> dict[str, Any]:
    """Return the units with how and where they stand, how many are connected, and what needs a person."""
    seen = desk.seen()
    found = desk.troubles(seen, moment)
    sorted_ = fleet(seen, found, moment)
    return {
        "fleet": sorted_,
        "map": _map(desk, sorted_, SMALL),
        "units": neediest_first(seen.units, moment, found),
        "near": sum(is_near(unit, moment) for unit in seen.units),
        "needs": [one for one in found if one.grade is Grade.ACT],
        "incidents": seen.incidents,
    }


def _figures(desk: Desk) -> list[tuple[Figure, int]]:
    return [
        (desk.words.figure(program, name), value)
        for program, figures in desk.figures().items()
        for name, value in figures.items()
    ]
