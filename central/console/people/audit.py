"""Who looked at whose name, when and why, and who changed what: for those who watch over it. No name is shown."""

from typing import Any, Final

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from central import store
from central.console.asked import midnight, safe, sheet
from central.console.brought import NotDoneError
from central.console.desk import Desk
from central.console.gate import Gate
from central.console.moment import Moment
from central.console.pages import NOT_NOW, Pages
from central.console.people import forms, view
from central.console.people.forms import Form
from central.residents import books, papers
from central.residents.books import Reading, Wanted
from central.residents.deciding import DeskError
from central.residents.drawing import NoFontError, draw
from sync import installed
from sync.messages import OFFICE_STREAM

SHOWN: Final = 200
TABLE_MAX: Final = 100_000
_BY_COMMAND: Final = {"find": "検索", "desk": "窓口", "sheet": "控え"}
_COLUMNS: Final = ("what", "at", "by", "holder", "why_or_what", "detail", "entry", "card")


def create_audit(desk: Desk, pages: Pages, gate: Gate) -> APIRouter:
    """Make the routes."""
    router = APIRouter(include_in_schema=False)

    @router.get("/audit")
    def audit(request: Request) -> Response:
        asked, moment = request.query_params, desk.moment()
        try:
            found, refused = _read(desk, moment, asked, SHOWN), None
        except (DeskError, NotDoneError) as error:
            found, refused = {"looks": [], "acts": []}, NotDoneError(error.ja, error.en)
        values = {"asked": asked, "most": SHOWN, "refused": refused, "why": _BY_COMMAND, "stream": OFFICE_STREAM}
        values["lacks"] = "、".join(gate.centre.letterhead.lacks)
        return pages.render("people/audit.html", NOT_NOW if refused else 200, moment=moment, **found, **values)

    @router.get("/audit.csv")
    def table(request: Request) -> Response:
        moment = desk.moment()
        try:
            found = _read(desk, moment, request.query_params, TABLE_MAX)
        except (DeskError, NotDoneError) as error:
            return pages.error(NOT_NOW, error.ja, error.en, "")
        as_file = {"Content-Disposition": 'attachment; filename="audit.csv"'}
        return Response(_written(moment, **found), media_type="text/csv; charset=utf-8", headers=as_file)

    @router.get("/audit/register.pdf")
    async def register() -> Response:
        """Hand out the entry of residents' files in 個人情報ファイル簿, as of now."""
        head, words = gate.centre.letterhead, desk.words
        if head.lacks:
            lacks = "、".join(head.lacks)
            return pages.error(
                NOT_NOW,
                f"central.toml の [registration] に {lacks} を書いてから、町の機械を起動しなおしてください。",
                f"Write {lacks} into [registration] of central.toml, and start the centre anew.",
                "",
            )
        people = (await gate.writer.do(gate.centre.registration.people))["files"]
        programs = [words.called(name).ja for name in installed.with_part("rules")]
        try:
            drawn = await run_in_threadpool(lambda: draw(papers.register_of_files(head, programs, people)))
        except NoFontError as error:
            said = forms.refusal(error)
            return pages.error(NOT_NOW, said.ja, said.en, "")
        as_file = {"Content-Disposition": 'attachment; filename="register-of-files.pdf"'}
        return Response(drawn, media_type="application/pdf", headers=as_file)

    return router


def _read(desk: Desk, moment: Moment, asked: Form, most: int) -> dict[str, Any]:
    """Return what the page is asked for, the latest first.

    Raises:
        NotDoneError, DeskError: there is no such day or no such file.
    """
    with store.reading(desk.centre.engine) as connection:
        holder = asked.get("of", "").strip().lower().replace(" ", "")
        wanted = Wanted(
            desk.centre.registration.whose(connection, holder) if holder else "",
            asked.get("by", "").strip(),
            midnight(moment, asked.get("since", "")),
            midnight(moment, asked.get("until", ""), after=True),
        )
        looks = books.readings(connection, wanted, most)
        acts = books.acts(connection, wanted, most)
    return {"looks": looks, "acts": view.act_lines(desk.words, acts)}


def _written(moment: Moment, looks: list[Reading], acts: list[view.ActLine]) -> bytes:
    rows = []
    for one in looks:
        why = safe(_BY_COMMAND.get(one.why, one.why))
        entry = f"{OFFICE_STREAM}/{one.boot}/{one.seq}"
        rows.append(("look", moment.iso(one.at_ms), one.by, one.holder, why, "", entry, one.card))
    for done in acts:
        told = done.ja, safe(done.detail.ja), done.entry, ""
        rows.append(("change", moment.iso(done.at_ms), done.by, done.holder, *told))
    return sheet(_COLUMNS, rows)
