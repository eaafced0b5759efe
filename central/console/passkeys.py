"""Passkeys at the console: made and removed on one's own page, good for signing in and for a locked screen.

A page's script asks here what is to be signed, and has the answer sent as a form like any other. Who has no script, no
passkey, or a browser at an address that is no name, types password and digits.
"""

from typing import Final

import msgspec
from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from central.assertions import (
    NotBelievedError,
    Riddles,
    Shown,
    Site,
    asked_to_be_made,
    asked_to_sign,
    made,
    riddle_in,
    signed,
)
from central.console.gate import Gate, signed_in, tell
from central.console.hall import Hall, asked_ahead, go
from central.console.pages import NOT_NOW, Pages, routed
from central.console.roles import NAMES
from central.doorkeeper import PASSKEYS_MAX, AccountError, OftenError, WrongError, roles_of
from sync.accounts import Account, Refused
from sync.passkeys import PasskeyAdded, PasskeyUsed, number_of

SHOWN_MAX: Final = 32
ADD, ENTER, UNLOCK = "add", "enter", "unlock"  # what a riddle is for


class CopiedError(WrongError):
    """A passkey counts not on from where it was: there are two of it, or an old answer was sent."""


def create_passkeys(pages: Pages, gate: Gate, hall: Hall) -> APIRouter:
    """Make the routes."""
    desk = _Passkeys(pages, gate, hall)
    return routed(
        ("/me", "GET", desk.me),
        ("/me/passkey/ask", "POST", desk.ask_to_add),
        ("/me/passkey", "POST", desk.add),
        ("/me/passkey/remove", "POST", desk.remove),
        ("/sign-in/passkey", "GET", desk.ask_to_enter),
        ("/sign-in/passkey", "POST", desk.enter),
        ("/unlock/passkey", "GET", desk.ask_to_unlock),
        ("/unlock/passkey", "POST", desk.unlock),
    )


class _Passkeys:
    """Where people show a passkey, and where they make one."""

    def __init__(self, pages: Pages, gate: Gate, hall: Hall) -> None:
        self._pages = pages
        self._gate = gate
        self._hall = hall
        self._riddles = Riddles(gate.centre.town.entropy)

    # ---- one's own page

    def me(self, request: Request) -> Response:
        return self._me(request)

    def _me(self, request: Request, why: str = "", typed: str = "", status: int = 200) -> Response:
        who, site = signed_in(), self._hall.site(request)
        return self._pages.render(
            "me.html",
            status,
            roles=[words for role, words in NAMES.items() if role in who.roles],
            passkeys=self._gate.keeper.passkeys(who.name),
            most=PASSKEYS_MAX,
            site=site,
            why=why,
            shown=typed,
        )

    async def ask_to_add(self, request: Request) -> Response:
        """Say what is to be signed by a new passkey, to somebody who types the password once more."""
        who, site, form = signed_in(), self._hall.site(request), request.state.form
        if site is None:
            return _not_now("address")
        try:
            if not await self._hall.is_password(who.name, form):
                return _not_now("wrong")
        except OftenError:
            return _not_now("often")
        known = await run_in_threadpool(self._gate.keeper.passkeys, who.name)
        handle = self._gate.keeper.vault.handle(who.name)
        mine = [one.added.credential for one in known.values() if one.added]
        return JSONResponse(asked_to_be_made(site, self._draw(request, ADD), handle, who.name, who.shown, mine))

    async def add(self, request: Request) -> Response:
        who, site, form = signed_in(), self._hall.site(request), request.state.form
        shown = form.get("shown", "").strip()[:SHOWN_MAX]
        try:
            found = made(_here(site), self._taken(request, ADD), form)
            added = msgspec.convert(
                {"name": who.name, "credential": found.credential, "public": found.public, "site": _here(site).name}
                | {"shown": shown, "uses": found.uses, "is_copied": found.is_copied},
                PasskeyAdded,
            )
            await self._gate.do(lambda: self._gate.keeper.add_passkey(added))
        except (NotBelievedError, AccountError, msgspec.ValidationError):
            return await run_in_threadpool(self._me, request, "unmade", shown, NOT_NOW)
        tell("パスキーを登録しました。次から、これで入れます。", "The passkey is registered.")
        return go("/me")

    async def remove(self, request: Request) -> Response:
        who, number = signed_in(), request.state.form.get("passkey", "")
        try:
            await self._gate.do(lambda: self._gate.keeper.remove_passkey(who.name, number, who.name))
        except AccountError:
            return go("/me")  # it is gone already
        tell("パスキーを取り消しました。もう使えません。", "The passkey is removed.")
        return go("/me")

    # ---- the door

    async def ask_to_enter(self, request: Request) -> Response:
        site = self._hall.site(request)
        return JSONResponse(asked_to_sign(site, self._draw(request, ENTER))) if site else _not_now("address")

    async def enter(self, request: Request) -> Response:
        number = number_of(request.state.form.get("credential", ""))
        known = await run_in_threadpool(self._gate.keeper.passkey, number)
        name = known.added.name if known and known.added else ""
        try:
            account, used = await run_in_threadpool(self._shown, request, ENTER, name)
        except OftenError:
            await self._hall.turned_away(Refused.OFTEN, name)
            return self._hall.form(request, "often", "", 429)
        except (NotBelievedError, WrongError) as error:
            await self._refuse(error, name)
            return self._hall.form(request, "passkey", "", 401)
        return await self._hall.come_in(account, name, asked_ahead(request), used)

    async def ask_to_unlock(self, request: Request) -> Response:
        site, who = self._hall.site(request), signed_in()
        if site is None:
            return _not_now("address")
        known = await run_in_threadpool(self._gate.keeper.passkeys, who.name)
        mine = [one.added.credential for one in known.values() if one.added and one.added.site == site.name]
        return JSONResponse(asked_to_sign(site, self._draw(request, UNLOCK), mine)) if mine else _not_now("passkey")

    async def unlock(self, request: Request) -> Response:
        """Let whoever sits before a locked screen go on, by a passkey of the same account."""
        who = signed_in()
        if who.session is None or not who.is_shut:
            return go(asked_ahead(request) or self._pages.first(who))
        try:
            _, used = await run_in_threadpool(self._shown, request, UNLOCK, who.name)
        except OftenError:
            return self._hall.locked_form(request, "often", 429)
        except (NotBelievedError, WrongError) as error:
            await self._refuse(error, who.name)
            return await self._hall.stay_out(request, who, "passkey")
        return await self._hall.go_on(who, asked_ahead(request), used)

    def _shown(self, request: Request, purpose: str, name: str) -> tuple[Account, PasskeyUsed]:
        """Return the account whose passkey has signed, and what is written down of it.

        Raises:
            OftenError: too many were tried.
            WrongError: it is no passkey of this account, or the account is closed.
            NotBelievedError: it has not signed this.
            CopiedError: it has, and is not the only one.
        """
        keeper, form = self._gate.keeper, request.state.form
        number = number_of(form.get("credential", ""))
        known, account = keeper.passkey(number), keeper.find(name)
        if known is None or known.added is None or known.added.name != name or not roles_of(account):
            raise WrongError
        keeper.may_try(name)
        found = self._signed(request, purpose, known.added.public)
        if not keeper.counts_on(number, known, found.uses):
            raise CopiedError
        keeper.forget_tries(name)
        return account, PasskeyUsed(name, number, found.uses, found.is_copied)

    def _signed(self, request: Request, purpose: str, public: str) -> Shown:
        return signed(_here(self._hall.site(request)), self._taken(request, purpose), request.state.form, public)

    async def _refuse(self, error: Exception, name: str) -> None:
        if name:  # otherwise it is nobody's, and says nothing of anybody
            await self._hall.turned_away(Refused.COPY if isinstance(error, CopiedError) else Refused.WRONG, name)

    # ---- riddles

    def _draw(self, request: Request, purpose: str) -> bytes:
        return self._riddles.draw(self._browser(request), purpose, self._gate.now_ms())

    def _taken(self, request: Request, purpose: str) -> bytes:
        riddle = riddle_in(request.state.form)
        self._riddles.take(riddle, self._browser(request), purpose, self._gate.now_ms())
        return riddle

    def _browser(self, request: Request) -> str:
        return request.cookies.get(self._gate.cookie, "")


def _here(site: Site | None) -> Site:
    if site is None:
        raise NotBelievedError("a browser is at an address, where there are no passkeys")
    return site


def _not_now(why: str) -> Response:
    return JSONResponse({"why": why}, NOT_NOW)
