"""The addresses of the desk: search, a resident's page, registration, the printed sheet."""

from collections.abc import Mapping
from typing import Any, Final

from fastapi import APIRouter, HTTPException
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from central.centre import Centre
from central.console.brought import NotDoneError, Said
from central.console.desk import Desk
from central.console.gate import Gate, signed_in, tell
from central.console.pages import NOT_NOW, Pages, routed
from central.console.people import forms, view
from central.console.people.acts import ACTS, SURE, register, whose
from central.console.people.forms import TROUBLE, Form
from central.reading import ReadingError
from central.registration import File
from central.residents import papers
from central.residents.days import read_day
from sync import installed

_NOT_THERE: Final = 404


def create_people(desk: Desk, pages: Pages, gate: Gate) -> APIRouter:
    """Make the routes."""
    here = _Counter(desk, pages, gate)
    return routed(
        ("/residents", "GET", here.ask),
        ("/residents", "POST", here.find),
        ("/residents/new", "GET", here.form),
        ("/residents/new", "POST", here.register),
        ("/residents/doubles", "GET", here.doubles),
        ("/residents/{holder}", "GET", here.show),
        ("/residents/{holder}/sheet", "GET", here.sheet),
        ("/residents/{holder}/{act}", "POST", here.do),
    )


class _Counter:
    """Where residents are looked after. Whatever opens a file waits for its turn to write, for it is noted."""

    def __init__(self, desk: Desk, pages: Pages, gate: Gate) -> None:
        self._desk = desk
        self._pages = pages
        self._gate = gate

    @property
    def _centre(self) -> Centre:
        return self._gate.centre

    # ---- looking for somebody

    async def ask(self, request: Request) -> Response:
        return await self._search(request.query_params)

    async def find(self, request: Request) -> Response:
        """Show who was found, under an address that does not name anybody."""
        form, by = request.state.form, signed_in().name
        try:
            why, words = forms.must_say_why(form), form.get("words", "").strip()
            if reading := forms.reading(form):
                holder = await self._gate.do(lambda: whose(self._centre, reading))
                return RedirectResponse(forms.address(holder, form), 303)
            if number := forms.number(words):
                holder = await self._gate.do(lambda: self._centre.registration.resolve(number))
                return RedirectResponse(forms.address(holder, form), 303)
            birth = read_day(form.get("birth", ""))
            if form.get("birth", "").strip() and birth is None:
                raise NotDoneError("生年月日が読めません。S29.3.2 のように。", "Give the date of birth as 1954-03-02.")
            if not words and birth is None:
                raise NotDoneError("名前か、番号か、生年月日を入れてください。", "Give a name, a number or a birthday.")
            found = await self._gate.do(lambda: self._centre.registration.find(words, birth, by, f"検索({why})"))
        except TROUBLE as error:
            return await self._search(form, error, NOT_NOW)
        return await self._search(form, found=found)

    async def doubles(self) -> Response:
        """Show which files may be about one person each; no name is shown."""
        try:
            groups = await self._gate.do(self._centre.registration.doubles)
        except TROUBLE as error:
            return await self._search({}, error, NOT_NOW)
        return await self._render("people/doubles.html", groups=groups)

    async def _search(
        self, typed: Form, error: Exception | None = None, status: int = 200, found: list[File] | None = None
    ) -> Response:
        refused = forms.refusal(error) if error else None
        besides = {"found": found, "refused": refused, "states": [view.state(one) for one in found or ()]}
        return await self._render("people/search.html", status, typed=typed, reasons=forms.REASONS, **besides)

    # ---- a resident's page

    async def show(self, request: Request, holder: str) -> Response:
        return await self._page(holder, request.query_params)

    async def do(self, request: Request, holder: str, act: str) -> Response:
        """Do something to a file, or ask first; its page comes next, and tells of it."""
        form, by = request.state.form, signed_in().name
        if act not in ACTS:
            raise HTTPException(_NOT_THERE)
        try:
            question = None if SURE in form else ACTS[act].asks(form)
            if question:
                return await self._sure(holder, act, form, {"question": question})
            said = await self._gate.do(lambda: ACTS[act].do(self._centre, by, holder, form))
        except TROUBLE as error:
            return await self._page(holder, form, error, act)
        return self._tell(said, forms.address(holder, form))

    async def _page(self, holder: str, asked: Form, error: Exception | None = None, acted: str = "") -> Response:
        """Show a file to somebody who has said why; of somebody who has not, ask it. `acted`: what was refused."""
        refused = forms.refusal(error) if error else None
        try:
            why = forms.why(asked)
            if not why:
                status = NOT_NOW if error else 200
                return await self._render(
                    "people/why.html", status, holder=holder, reasons=forms.REASONS, refused=refused
                )
            opened = await self._open(holder, why)
        except TROUBLE as another:
            return await self._search({}, error or another, _NOT_THERE)
        besides: dict[str, Any] = {"typed": asked if error else {}, "refused": refused, "acted": acted}
        besides["about"] = forms.about(error) if error else ()
        kept = {"view": opened, "reason": forms.reason_asked(asked), "why": why, "two": view.two, "papers": papers}
        return await self._render("people/resident.html", NOT_NOW if error else 200, **kept, **besides)

    async def _sure(self, holder: str, act: str, form: Form, asked: Mapping[str, Any]) -> Response:
        """Ask once more, with the file before the clerk's eyes; of two that become one, with both."""
        why = forms.must_say_why(form)
        files = [await self._open(holder, why)]
        if act == "merge":
            files.append(await self._open(form.get("other", "").strip().lower(), why))
        kept = {name: value for name, value in form.items() if name != "token"}
        address = forms.address(files[0].holder, form)
        return await self._render("people/sure.html", files=files, act=act, kept=kept, address=address, **asked)

    async def sheet(self, request: Request, holder: str) -> Response:
        """Show the sheet that somebody takes home, to be printed; that it was made is noted."""
        asked, by = request.query_params, signed_in().name
        try:
            why = forms.must_say_why(asked)
            file = await self._gate.do(lambda: self._centre.registration.show(holder, by, f"控え({why})"))
        except TROUBLE as error:
            return await self._search(asked, error, NOT_NOW)
        if file.person is None:
            raise HTTPException(_NOT_THERE)
        programs = {name: self._desk.words.called(name).ja for name in installed.with_part("rules")}
        family = [[person.name for person in people.values()] for people in (file.guardians, file.children)]
        today = await run_in_threadpool(self._centre.registration.today)
        of = (file.holder, file.person, file.standing, (family[0], family[1]), programs, self._centre.letterhead, today)
        back = forms.address(file.holder, asked)
        return await self._render("people/sheet.html", paper=papers.sheet(*of), back=back, two=view.two)

    # ---- registration

    async def form(self, request: Request) -> Response:
        """Show the form; for the child of somebody, with their address in it."""
        asked = request.query_params
        if not asked.get("guardian"):
            return await self._form({})
        try:
            why, who = forms.must_say_why(asked), asked["guardian"].strip().lower()
            file = await self._gate.do(
                lambda: self._centre.registration.show(who, signed_in().name, f"子どもの登録({why})")
            )
        except TROUBLE as error:
            return await self._form({}, error)
        typed = {"guardian": file.holder, "address": file.person.address if file.person else ""}
        return await self._form(typed, guardian=file)

    async def register(self, request: Request) -> Response:
        form, by = request.state.form, signed_in().name
        try:
            if forms.FILL in form:
                forms.must_say_whose(form)
                return await self._form(form)
            holder, said = await self._gate.do(lambda: register(self._centre, by, form))
        except TROUBLE as error:
            return await self._form(form, error)
        return self._tell(said, forms.address(holder, {"why": "paper"} | dict(form)))

    async def _form(self, typed: Form, error: Exception | None = None, guardian: File | None = None) -> Response:
        programs = {name: self._desk.words.called(name) for name in installed.with_part("rules")}
        signed = None
        try:
            signed = forms.holder(typed)
        except ReadingError as another:
            error = error or another
        values: dict[str, Any] = {
            "typed": typed,
            "signed": signed,
            "signed_facts": view.facts(forms.person({}, signed)) if signed else [],
            "programs": programs,
            "guardian": guardian,
            "sexes": papers.SEXES,
            "two": view.two,
        }
        values |= {"refused": forms.refusal(error) if error else None, "about": forms.about(error) if error else ()}
        return await self._render("people/new.html", NOT_NOW if error else 200, **values)

    # ---- inside

    async def _open(self, who: str, why: str) -> view.View:
        by = signed_in().name
        return await self._gate.do(lambda: view.open_view(self._centre, self._desk.words, who, by, why))

    async def _render(self, template: str, status: int = 200, **values: object) -> Response:
        purposes = self._centre.letterhead.used_for
        return await run_in_threadpool(lambda: self._pages.render(template, status, purposes=purposes, **values))

    def _tell(self, said: Said, address: str) -> Response:
        tell(said.ja, said.en)
        return RedirectResponse(address, 303)
