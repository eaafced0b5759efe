"""The pages at the door: signing in by password and digits, the locked screen, signing out, and who was here."""

from typing import Final

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from central.console.brought import scope_names
from central.console.desk import Desk
from central.console.gate import Gate, signed_in
from central.console.hall import Hall, asked_ahead, go
from central.console.pages import Pages, routed
from central.console.roles import NAMES
from central.doorkeeper import OftenError, WrongError
from central.vault import PASSWORD_MAX, plain
from sync import accounts, passkeys
from sync.accounts import Left, Refused
from sync.entries import kind_of

SHOWN: Final = 100
_NAME_MAX: Final = 32
_KINDS: Final = tuple(kind_of(fact) for fact in (*accounts.CENTRE, *passkeys.CENTRE))


def create_sign_in(desk: Desk, pages: Pages, gate: Gate, hall: Hall) -> APIRouter:
    """Make the routes."""
    door = _Door(pages, gate, hall)
    router = routed(
        ("/sign-in", "GET", door.ask),
        ("/sign-in", "POST", door.sign_in),
        ("/unlock", "GET", door.locked),
        ("/unlock", "POST", door.unlock),
        ("/lock", "POST", door.lock),
        ("/sign-out", "POST", door.sign_out),
        ("/session", "GET", door.session),
    )

    @router.get("/visitors")
    def visitors() -> Response:
        known = [one.said for one in gate.keeper.every().values() if one.said]
        have = {one.name: len(gate.keeper.passkeys(one.name)) for one in known}
        acts = desk.arrivals.of_kinds(_KINDS, SHOWN)
        named = {"names": NAMES, "scopes": scope_names()}
        return pages.render("visitors.html", accounts=known, passkeys=have, acts=acts, **named)

    return router


class _Door:
    """Where people show a password."""

    def __init__(self, pages: Pages, gate: Gate, hall: Hall) -> None:
        self._pages = pages
        self._gate = gate
        self._hall = hall

    async def ask(self, request: Request) -> Response:
        return self._hall.form(request, await run_in_threadpool(self._first_word))

    async def sign_in(self, request: Request) -> Response:
        hall, form = self._hall, request.state.form
        name = plain(form.get("name", "")).strip().lower()[:_NAME_MAX]
        password, digits = form.get("password", "")[: PASSWORD_MAX * 2], form.get("digits", "")
        try:
            async with hall.turn:
                account = await run_in_threadpool(self._gate.keeper.who, name, password, digits)
        except WrongError:
            await hall.turned_away(Refused.WRONG, name)
            return hall.form(request, "wrong", name, 401)
        except OftenError:
            await hall.turned_away(Refused.OFTEN, name)
            return hall.form(request, "often", name, 429)
        return await hall.come_in(account, name, asked_ahead(request))

    async def unlock(self, request: Request) -> Response:
        """Let whoever sits before a locked screen go on, by the password alone."""
        hall, who = self._hall, signed_in()
        if who.session is None or not who.is_shut:
            return go(asked_ahead(request) or self._pages.first(who))
        try:
            fits = await hall.is_password(who.name, request.state.form)
        except OftenError:
            return hall.locked_form(request, "often", 429)
        return await (hall.go_on(who, asked_ahead(request)) if fits else hall.stay_out(request, who, "wrong"))

    async def locked(self, request: Request) -> Response:
        who = signed_in()
        return self._hall.locked_form(request) if who.is_shut else go(asked_ahead(request) or self._pages.first(who))

    async def lock(self) -> Response:
        if session := signed_in().session:
            session.is_locked = True
        return go("/unlock")

    async def session(self) -> Response:
        """Say nothing, but only to somebody who is signed in and sits before an open screen."""
        return Response(status_code=204)

    async def sign_out(self) -> Response:
        await self._hall.leave(Left.SAID)
        response = go("/sign-in")
        self._gate.forget(response)
        return response

    def _first_word(self) -> str:
        """Return why nobody can sign in, if there is nobody yet."""
        return "" if self._gate.keeper.every() else "nobody"
