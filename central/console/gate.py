"""Stands before every address of the console: who has not signed in does not come in, nor anybody where it is not his.

Twice over. `Gate.who` looks at the browser's number, or a tool's token, before an address is even looked for; `admit`
then asks the table of roles, for the very route that was found, and for whatever a person sends also for the form's
token. What a tool sends comes with no cookie, so no browser can be made to send it.
"""

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Final, TypeVar
from urllib.parse import parse_qsl, quote, urlsplit

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from central.centre import Centre
from central.console.headers import STATIC
from central.console.roles import FOR_ANY_TOOL, OFFICES_OWN, OPEN, Roles, Scopes, Table
from central.console.sessions import WHOLE_MS, Session, Sessions, number_of
from central.doorkeeper import Doorkeeper, roles_of, scopes_of
from central.writer import Writer
from sync.accounts import Account, Refused, TurnedAway
from sync.entries import Fact
from sync.messages import PROBLEM_TYPE, Problem, is_stream

AGAIN: Final = "X-Machi-Again"  # a page asks by itself: nobody sits there and does something
FOR_TOOLS: Final = ("/api/", "/live", "/metrics", "/session", "/openapi/")
WHILE_LOCKED: Final = ("/unlock", "/unlock/passkey", "/sign-out")
FORM_MAX: Final = 4_096
FORM_INSIDE_MAX: Final = 65_536  # of somebody who has signed in
FIELDS_MAX: Final = 256  # a box for each place of the town, and some more
READS: Final = ("GET", "HEAD")
_BEARER: Final = "Bearer "
_Result = TypeVar("_Result")


@dataclass(frozen=True)
class Visitor:
    """Who asks.

    Attributes:
        cookie, session: the browser's number and what it opened; None for a tool.
        token: what this browser's forms bring along.
        is_shut: the screen is locked.
        is_tool: it showed a token, and reads and sends what its scopes are for; roles are people's.
    """

    account: Account
    roles: Roles
    table: Table
    cookie: str = ""
    session: Session | None = None
    token: str = ""
    is_shut: bool = False
    is_tool: bool = False

    @property
    def name(self) -> str:
        return self.account.said.name if self.account.said else ""

    @property
    def place(self) -> str:
        """Return the place that a shop's account is for; "" for every other."""
        return self.account.said.place if self.account.said else ""

    @property
    def shown(self) -> str:
        return (self.account.said.shown if self.account.said else "") or self.name

    def may(self, address: str) -> bool:
        """Whether an address, as its route spells it, is for one of the visitor's roles."""
        return not self.is_shut and bool(self.roles & self.table.get(address, frozenset()))


VISITOR: ContextVar[Visitor | None] = ContextVar("VISITOR", default=None)
"""Who asks what is being answered."""


def signed_in() -> Visitor:
    """Return who asks, at an address that is for nobody who has not signed in."""
    found = VISITOR.get()
    if found is None:
        raise LookupError("this page is for nobody who has not signed in")
    return found


@dataclass
class Gate:
    """What decides who comes in. `is_secure`: people reach the console by https."""

    centre: Centre
    writer: Writer
    table: Table
    scopes: Scopes
    is_secure: bool = False
    sessions: Sessions = field(init=False)

    def __post_init__(self) -> None:
        self.sessions = Sessions(self.centre.town.entropy, self.now_ms())

    @property
    def keeper(self) -> Doorkeeper:
        return self.centre.doorkeeper

    @property
    def cookie(self) -> str:
        """What the cookie is called: with the prefix, a browser takes it from nobody but this very host."""
        return "__Host-machi-console" if self.is_secure else "machi-console"

    def now_ms(self) -> int:
        return self.centre.town.clock.wall_ms()

    async def who(self, request: Request) -> Visitor | None:
        """Return who asks; None for somebody who has not signed in."""
        asked = request.headers.get("authorization", "")
        if asked.startswith(_BEARER):
            account = await run_in_threadpool(self.keeper.tool, asked.removeprefix(_BEARER))
            is_open = account is not None and bool(scopes_of(account))
            return Visitor(account, frozenset(), self.table, is_tool=True) if account and is_open else None
        cookie = request.cookies.get(self.cookie, "")
        session = self.sessions.find(cookie, self.now_ms()) or await run_in_threadpool(self._take_up, cookie)
        if session is None:
            return None
        account = await run_in_threadpool(self.keeper.find, session.name)
        if account.when != session.when:
            if account.said:  # otherwise the books are being added up anew
                self.sessions.end(cookie)
            return None
        shut = session.is_shut(self.now_ms())
        if not shut and AGAIN not in request.headers and not request.url.path.startswith(FOR_TOOLS):
            session.seen_ms = self.now_ms()
        return Visitor(account, roles_of(account), self.table, cookie, session, self.sessions.token(cookie), shut)

    def _take_up(self, cookie: str) -> Session | None:
        """Take up a session that was begun before this process; its screen is locked."""
        begun = self.keeper.begun(number_of(cookie)) if cookie else None
        if begun is None or begun.when[0] >= self.sessions.started_ms or self.now_ms() - begun.since_ms > WHOLE_MS:
            return None
        account = self.keeper.find(begun.name)
        if account.when is None or account.when[0] > begun.when[0]:
            return None
        return self.sessions.take_up(cookie, begun.name, account.when, begun.since_ms, self.now_ms())

    def stands(self, visitor: Visitor) -> bool:
        """Tell whether somebody who was let in would be let in now; for answers that take long."""
        if self.keeper.find(visitor.name).when != visitor.account.when:
            return False
        if visitor.session is None:
            return True
        now_ms = self.now_ms()
        return self.sessions.find(visitor.cookie, now_ms) is visitor.session and not visitor.session.is_shut(now_ms)

    async def admit(self, request: Request) -> None:
        """Let a request through to the route that was found for it.

        Raises:
            HTTPException: it is not for this visitor (403), or a form did not come from a page of ours (403).
        """
        address = request.scope["route"].path
        visitor = VISITOR.get()
        is_offices_own = is_stream(str(request.path_params.get("unit", "")))
        if visitor and visitor.is_tool and address not in OPEN:
            if is_offices_own or not self._is_in_scope(visitor, address):
                raise HTTPException(403, self._missing(address))
            return
        if request.method not in READS:
            request.state.form = await self._form(request)
        if address in OPEN:
            return
        if visitor is None:
            raise HTTPException(401)
        needed = [address, OFFICES_OWN] if is_offices_own else [address]
        is_locked_out = visitor.is_shut and address not in WHILE_LOCKED
        if is_locked_out or not all(visitor.roles & self.table.get(one, frozenset()) for one in needed):
            await self._turn_away(visitor, address)
            raise HTTPException(403)

    def _is_in_scope(self, visitor: Visitor, address: str) -> bool:
        return address in FOR_ANY_TOOL or self.scopes.get(address) in scopes_of(visitor.account)

    def _missing(self, address: str) -> str:
        scope = self.scopes.get(address)
        return f"a tool needs the scope {scope} for this" if scope else "this is not for tools"

    async def note(self, *facts: Fact) -> None:
        """Have something written into the office's journal, when its turn has come."""
        await self.do(lambda: self.keeper.note(facts))

    async def do(self, work: Callable[[], _Result]) -> _Result:
        """Do something that writes, when its turn has come, and have it added up."""
        result = await self.writer.do(work)
        self.centre.on_arrival()
        return result

    def remember(self, response: Response, cookie: str) -> None:
        """Give a browser its number."""
        response.set_cookie(self.cookie, cookie, secure=self.is_secure, httponly=True, samesite="strict")

    def forget(self, response: Response) -> None:
        response.delete_cookie(self.cookie, secure=self.is_secure, httponly=True, samesite="strict")

    async def _turn_away(self, visitor: Visitor, address: str) -> None:
        """Note it, of a session once for each address."""
        if visitor.session and address not in visitor.session.told and not visitor.is_shut:
            visitor.session.told.add(address)
            await self.note(TurnedAway(Refused.ROLE, visitor.name, address))

    async def _form(self, request: Request) -> Mapping[str, str]:
        """Read a form that a page of ours sent, from this very browser."""
        if not _is_ours(request):
            raise HTTPException(403, "this form was not sent by a page of this console")
        body, most = b"", FORM_INSIDE_MAX if VISITOR.get() else FORM_MAX
        async for chunk in request.stream():
            body += chunk
            if len(body) > most:
                raise HTTPException(413)
        try:
            form = dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=FIELDS_MAX))
        except ValueError as error:
            raise HTTPException(400) from error
        cookie = request.cookies.get(self.cookie, "")
        if not cookie or not self.sessions.is_token(cookie, form.get("token", "")):
            raise HTTPException(403, "this form is not this browser's; open the page again")
        return form


def tell(ja: str, en: str) -> None:
    """Let the page that this browser opens next tell of what was done."""
    if session := signed_in().session:
        session.news = ja, en


class Before:
    """Turns away whoever has not signed in, before anything else is looked at."""

    def __init__(self, app: ASGIApp, gate: Gate) -> None:
        self._app = app
        self._gate = gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(STATIC):
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        visitor = await self._gate.who(request)
        if answer := _turned(request, visitor):
            await answer(scope, receive, send)
            return
        mark = VISITOR.set(visitor)
        try:
            await self._app(scope, receive, send)
        finally:
            VISITOR.reset(mark)


def _turned(request: Request, visitor: Visitor | None) -> Response | None:
    """Return where somebody is sent who may not come in as he is; None for one who may."""
    path = request.url.path
    if path in OPEN or (visitor and (not visitor.is_shut or path in WHILE_LOCKED)):
        return None
    if path.startswith(FOR_TOOLS):
        problem = Problem("about:blank", "Sign in first.", 401, "")
        return Response(msgspec.json.encode(problem), 401, media_type=PROBLEM_TYPE)
    asked = f"{path}?{request.url.query}" if request.url.query else path
    if request.method not in READS:
        asked = ""  # what was sent is not done, nor done later
    return RedirectResponse(f"{'/unlock' if visitor else '/sign-in'}?next={quote(asked, safe='')}", 303)


def _is_ours(request: Request) -> bool:
    """Whether a browser says that a page of this very address sends this; one that says nothing is believed for now."""
    if request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
        return False
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")
