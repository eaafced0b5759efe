"""The pages at the door: signing in, the locked screen, signing out, and what a visitor is here as."""

import asyncio
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from central.console.desk import Desk
from central.console.gate import VISITOR, Gate, Visitor, signed_in
from central.console.pages import Pages
from central.console.roles import NAMES
from central.console.sessions import WRONG_MAX
from central.doorkeeper import EVERY_MS, OftenError, WrongError, roles_of
from central.throttle import Throttle
from central.vault import PASSWORD_MAX, plain
from sync.accounts import CENTRE, CameIn, Left, Refused, TurnedAway, WentOut
from sync.entries import kind_of

SHOWN: Final = 100
_NAME_MAX: Final = 32
_HOUR_MS: Final = 3_600_000
_NEXT: Final = re.compile(r"/(?!/)[A-Za-z0-9/_.~%?=&-]*")
_KINDS: Final = tuple(kind_of(fact) for fact in CENTRE)


def create_sign_in(desk: Desk, pages: Pages, gate: Gate) -> APIRouter:
    """Make the routes."""
    router = APIRouter(include_in_schema=False)
    hall = _Hall(pages, gate)
    handlers: tuple[tuple[str, str, Callable[..., Any]], ...] = (
        ("/sign-in", "GET", hall.ask),
        ("/sign-in", "POST", hall.sign_in),
        ("/unlock", "GET", hall.locked),
        ("/unlock", "POST", hall.unlock),
        ("/lock", "POST", hall.lock),
        ("/sign-out", "POST", hall.sign_out),
        ("/session", "GET", hall.session),
    )
    for address, method, handler in handlers:
        router.add_api_route(address, handler, methods=[method])

    @router.get("/me")
    def me() -> Response:
        mine = signed_in().roles
        return pages.render("me.html", roles=[words for role, words in NAMES.items() if role in mine])

    @router.get("/visitors")
    def visitors() -> Response:
        known = [one.said for one in gate.keeper.every().values() if one.said]
        acts = desk.arrivals.of_kinds(_KINDS, SHOWN)
        return pages.render("visitors.html", accounts=known, names=NAMES, acts=acts)

    return router


class _Hall:
    """Where people sign in. Passwords are worked out one at a time: each takes 64 MiB for a moment."""

    def __init__(self, pages: Pages, gate: Gate) -> None:
        self._pages = pages
        self._gate = gate
        self._turn = asyncio.Lock()
        self._often = Throttle(1, _HOUR_MS)  # how often it is noted that somebody tried too often

    async def ask(self, request: Request) -> Response:
        return self._form(request, _next(request.query_params), await run_in_threadpool(self._first_word))

    async def sign_in(self, request: Request) -> Response:
        gate, form = self._gate, request.state.form
        name = plain(form.get("name", "")).strip().lower()[:_NAME_MAX]
        password, digits = form.get("password", "")[: PASSWORD_MAX * 2], form.get("digits", "")
        try:
            async with self._turn:
                account = await run_in_threadpool(gate.keeper.who, name, password, digits)
        except WrongError:
            await self._turned_away(Refused.WRONG, name)
            return self._form(request, _next(form), "wrong", name, 401)
        except OftenError:
            if self._often.allows(name, gate.now_ms()):
                await self._turned_away(Refused.OFTEN, name)
            return self._form(request, _next(form), "often", name, 429)
        await self._leave(Left.OTHER)
        cookie, session = gate.sessions.begin(name, account.when or (0, "", 0), gate.now_ms())
        try:
            await gate.note(CameIn(name, session.number, session.began_ms))
        except BaseException:
            gate.sessions.end(cookie)  # what is not written down did not happen
            raise
        visitor = Visitor(account, roles_of(account), gate.table)
        response = _go(_next(form) or self._pages.first(visitor))
        gate.remember(response, cookie)
        return response

    async def unlock(self, request: Request) -> Response:
        """Let whoever sits before a locked screen go on, by the password alone."""
        gate, form, who = self._gate, request.state.form, signed_in()
        session, ahead = who.session, _next(request.state.form)
        if session is None or not who.is_shut:
            return _go(ahead or self._pages.first(who))
        try:
            async with self._turn:
                fits = await run_in_threadpool(
                    gate.keeper.is_password_of, who.name, form.get("password", "")[: PASSWORD_MAX * 2]
                )
        except OftenError:
            return self._locked(ahead, "often", 429)
        if fits:
            before, cookie = session.number, gate.sessions.unlock(who.cookie, gate.now_ms())
            await gate.note(CameIn(who.name, session.number, session.began_ms, before))
            response = _go(ahead or "/")
            gate.remember(response, cookie)
            return response
        session.wrong += 1
        if session.wrong >= WRONG_MAX:
            await self._leave(Left.WRONG)
            return _go("/sign-in")
        return self._locked(ahead, "wrong", 401)

    async def locked(self, request: Request) -> Response:
        who, ahead = signed_in(), _next(request.query_params)
        return self._locked(ahead) if who.is_shut else _go(ahead or self._pages.first(who))

    async def lock(self) -> Response:
        if session := signed_in().session:
            session.is_locked = True
        return _go("/unlock")

    async def session(self) -> Response:
        """Say nothing, but only to somebody who is signed in and sits before an open screen."""
        return Response(status_code=204)

    async def sign_out(self) -> Response:
        await self._leave(Left.SAID)
        response = _go("/sign-in")
        self._gate.forget(response)
        return response

    def _first_word(self) -> str:
        """Return why nobody can sign in, if there is nobody yet."""
        return "" if self._gate.keeper.every() else "nobody"

    def _form(self, request: Request, ahead: str, why: str = "", name: str = "", status: int = 200) -> Response:
        """Show the form; whoever has no number yet gets one, to which the form is bound."""
        cookie = request.cookies.get(self._gate.cookie, "")
        fresh = cookie or self._gate.sessions.new()
        token = self._gate.sessions.token(fresh)
        response = self._pages.render("sign_in.html", ahead=ahead, why=why, name=name, form_token=token)
        response.status_code = status
        if not cookie:
            self._gate.remember(response, fresh)
        if why == "often":
            response.headers["Retry-After"] = str(EVERY_MS // 1_000)
        return response

    def _locked(self, ahead: str, why: str = "", status: int = 200) -> Response:
        response = self._pages.render("unlock.html", ahead=ahead, why=why)
        response.status_code = status
        return response

    async def _leave(self, why: Left) -> None:
        """End the session of this browser, if it has one."""
        visitor = VISITOR.get()
        if visitor and visitor.session:
            self._gate.sessions.end(visitor.cookie)
            await self._gate.note(WentOut(visitor.name, visitor.session.number, why))

    async def _turned_away(self, why: Refused, name: str) -> None:
        known = await run_in_threadpool(self._gate.keeper.find, name)
        await self._gate.note(TurnedAway(why, name if known.said else ""))


def _next(given: Mapping[str, str]) -> str:
    """Return where somebody wanted to go: an address of this console, or ""."""
    asked = given.get("next", "")
    return asked if _NEXT.fullmatch(asked) else ""


def _go(where: str) -> RedirectResponse:
    return RedirectResponse(where, 303)
