"""Behind the console's door: how a session begins and goes on, whether a password was shown or a passkey."""

import asyncio
import dataclasses
import re
from collections.abc import Mapping
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from central.assertions import Site, site_of
from central.console.gate import VISITOR, Gate, Visitor, signed_in
from central.console.pages import Pages
from central.console.sessions import WRONG_MAX
from central.doorkeeper import EVERY_MS, roles_of
from central.throttle import Throttle
from central.vault import PASSWORD_MAX
from sync.accounts import Account, CameIn, Left, Refused, TurnedAway, WentOut
from sync.entries import Fact

_HOUR_MS: Final = 3_600_000
_AHEAD: Final = re.compile(r"/(?!/)[A-Za-z0-9/_.~%?=&-]*")


class Hall:
    """Where people come in. Passwords are worked out one at a time: each takes 64 MiB for a moment."""

    def __init__(self, pages: Pages, gate: Gate, url: str) -> None:
        """`url`: how people reach the console, if not by this machine's own name."""
        self.turn = asyncio.Lock()
        self._pages = pages
        self._gate = gate
        self._url = url
        self._often = Throttle(1, _HOUR_MS)  # how often it is noted that somebody tried too often

    def site(self, request: Request) -> Site | None:
        """Return where a browser is, for passkeys; None: they cannot work there."""
        return site_of(self._url, request.headers.get("host", ""))

    async def come_in(self, account: Account, name: str, ahead: str, *besides: Fact) -> Response:
        """Begin a session for somebody who showed what it takes; `besides`: what is written down with it."""
        gate = self._gate
        await self.leave(Left.OTHER)
        cookie, session = gate.sessions.begin(name, account.when or (0, "", 0), gate.now_ms())
        try:
            await gate.note(CameIn(name, session.number, session.began_ms), *besides)
        except BaseException:
            gate.sessions.end(cookie)  # what is not written down did not happen
            raise
        visitor = Visitor(account, roles_of(account), gate.table)
        response = go(ahead or self._pages.first(visitor))
        gate.remember(response, cookie)
        return response

    async def go_on(self, who: Visitor, ahead: str, *besides: Fact) -> Response:
        """Open a locked screen again, under another number."""
        gate, session = self._gate, who.session
        if session is None:
            return go("/sign-in")
        before, cookie = session.number, gate.sessions.unlock(who.cookie, gate.now_ms())
        await gate.note(CameIn(who.name, session.number, session.began_ms, before), *besides)
        response = go(ahead or self._pages.first(dataclasses.replace(who, is_shut=False)))
        gate.remember(response, cookie)
        return response

    async def stay_out(self, request: Request, who: Visitor, why: str) -> Response:
        """Leave a screen locked, and end the session when that has happened too often."""
        if who.session:
            who.session.wrong += 1
            if who.session.wrong >= WRONG_MAX:
                await self.leave(Left.WRONG)
                return go("/sign-in")
        return self.locked_form(request, why, 401)

    async def is_password(self, name: str, form: Mapping[str, str]) -> bool:
        """Tell whether somebody who is signed in has typed the password.

        Raises:
            OftenError: too many were tried.
        """
        typed = form.get("password", "")[: PASSWORD_MAX * 2]
        async with self.turn:
            return await run_in_threadpool(self._gate.keeper.is_password_of, name, typed)

    async def leave(self, why: Left) -> None:
        """End the session of this browser, if it has one."""
        visitor = VISITOR.get()
        if visitor and visitor.session:
            self._gate.sessions.end(visitor.cookie)
            await self._gate.note(WentOut(visitor.name, visitor.session.number, why))

    async def turned_away(self, why: Refused, name: str) -> None:
        """Note that somebody was turned away; that it was too often, once an hour."""
        if why is Refused.OFTEN and not self._often.allows(name, self._gate.now_ms()):
            return
        known = await run_in_threadpool(self._gate.keeper.find, name)
        await self._gate.note(TurnedAway(why, name if known.said else ""))

    def form(self, request: Request, why: str = "", name: str = "", status: int = 200) -> Response:
        """Show the form; whoever has no number yet gets one, to which the form is bound."""
        cookie = request.cookies.get(self._gate.cookie, "")
        fresh = cookie or self._gate.sessions.new()
        response = self._pages.render(
            "sign_in.html",
            status,
            ahead=asked_ahead(request),
            why=why,
            name=name,
            form_token=self._gate.sessions.token(fresh),
            site=self.site(request),
        )
        if not cookie:
            self._gate.remember(response, fresh)
        return _later(response, why)

    def locked_form(self, request: Request, why: str = "", status: int = 200) -> Response:
        site = self.site(request)
        known = self._gate.keeper.passkeys(signed_in().name).values() if site else ()
        has_passkey = any(one.added and site and one.added.site == site.name for one in known)
        response = self._pages.render(
            "unlock.html", status, ahead=asked_ahead(request), why=why, has_passkey=has_passkey
        )
        return _later(response, why)


def asked_ahead(request: Request) -> str:
    """Return where somebody wanted to go, by an address or a form; "" for no address of ours, or nowhere special."""
    given: Mapping[str, str] = getattr(request.state, "form", request.query_params)
    asked = given.get("next", "")
    return asked if asked != "/" and _AHEAD.fullmatch(asked) else ""


def go(where: str) -> RedirectResponse:
    return RedirectResponse(where, 303)


def _later(response: Response, why: str) -> Response:
    if why == "often":
        response.headers["Retry-After"] = str(EVERY_MS // 1_000)
    return response
