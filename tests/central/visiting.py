"""Somebody with an account at the console: signed in without typing anything, or with all that has to be typed."""

import asyncio
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import httpx
import msgspec

from central import shelves, store, totp
from central.centre import Centre, open_centre
from central.console.app import create_console
from central.console.gate import AGAIN, Gate
from central.console.live import Bell
from central.folder import Folder
from central.world import Room, SystemClock, SystemEntropy
from central.writer import Writer
from drivers.clock.sim import Driver as Clock
from sync.accounts import CameIn, Role, TurnedAway, WentOut
from sync.entries import Entry, Fact
from sync.messages import OFFICE_STREAM

PASSWORD = "夕焼け小焼け 7つの とんぼ"  # noqa: S105 - of people who do not exist
EVERY_ROLE = tuple(Role)
SHOPS_PLACE = "fish"
_KEPT: dict[tuple[bytes, str], str] = {}


@dataclass
class Person:
    """An account, and what belongs to it outside the books."""

    centre: Centre
    name: str
    secret: bytes
    password: str = PASSWORD

    def digits(self, later: int = 0) -> str:
        """Return what the phone shows, or will show so many half minutes later."""
        return totp.code(self.secret, totp.step_of(self.centre.town.clock.wall_ms()) + later)

    def typed(self, **otherwise: str) -> dict[str, str]:
        """Return what is typed to sign in."""
        return {"name": self.name, "password": self.password, "digits": self.digits(), **otherwise}


def person(centre: Centre, name: str = "hanako", roles: tuple[Role, ...] = EVERY_ROLE) -> Person:
    """Make an account, as the command does."""
    keeper = centre.doorkeeper
    secret, sealed = keeper.new_secret(name)
    key = centre.town.signer.public, name
    kept = _KEPT[key] = _KEPT.get(key) or keeper.kept(name, PASSWORD)  # it takes its time, as it should
    given = {"roles": roles, "place": SHOPS_PLACE if Role.SHOP in roles else "", "password": kept, "secret": sealed}
    keeper.change(name, "root", lambda said: msgspec.structs.replace(said, **given))
    return Person(centre, name, secret)


def signed_in(gate: Gate, roles: tuple[Role, ...] = EVERY_ROLE, name: str = "hanako") -> dict[str, str]:
    """Return the cookies of somebody who has signed in."""
    keeper = gate.centre.doorkeeper
    known = keeper.find(name)
    if known.said is None or known.said.roles != roles:
        place = SHOPS_PLACE if Role.SHOP in roles else ""
        keeper.change(name, "root", lambda said: msgspec.structs.replace(said, roles=roles, place=place))
        known = keeper.find(name)
    cookie, _ = gate.sessions.begin(name, known.when or (0, "", 0), gate.now_ms())
    return {gate.cookie: cookie}


def token_of(centre: Centre, name: str, *scopes: str) -> dict[str, str]:
    """Let a tool read or send what some scopes are for; return the header by which it is known."""
    token, kept = centre.doorkeeper.new_token(name)
    centre.doorkeeper.change(name, "root", lambda said: msgspec.structs.replace(said, scopes=scopes, token=kept))
    return {"Authorization": f"Bearer {token}"}


@contextmanager
def visitor(folder: Path, *roles: Role) -> Iterator[httpx.Client]:
    """Have the browser of somebody who has signed in at the served console of a centre in a folder."""
    centre = open_centre(folder, SystemClock(), SystemEntropy())
    centre.reconciler.prepare()
    somebody = person(centre, "visitor", roles)
    address = f"http://127.0.0.1:{Folder(folder).config.server.console_port}"
    with httpx.Client(base_url=address, trust_env=False) as browser:
        token = re.findall(r'name="token" value="(\w+)"', browser.get("/sign-in").text)[0]
        done = browser.post("/sign-in", data=somebody.typed(token=token))
        assert done.status_code == httpx.codes.SEE_OTHER, done.text
        centre.engine.dispose()
        yield browser


class Browser:
    """A browser without a screen: it keeps cookies, follows nothing, and asks the console in this very process."""

    def __init__(
        self,
        centre: Centre,
        bell: Bell | None = None,
        url: str = "",
        room: Callable[[], Room | None] = lambda: None,
    ) -> None:
        self.centre = centre
        self.console = create_console(centre, Writer(centre.intake), bell or Bell(), url=url, room=room)
        self.gate: Gate = self.console.state.gate
        self._runner = asyncio.Runner()
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(self.console), base_url=url or "http://127.0.0.1")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._runner.run(self.http.aclose())
        self._runner.close()

    @property
    def cookie(self) -> str:
        return self.http.cookies.get(self.gate.cookie) or ""

    @cookie.setter
    def cookie(self, value: str) -> None:
        self.http.cookies.clear()
        self.http.cookies.set(self.gate.cookie, value, "127.0.0.1")

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self._runner.run(self.http.get(path, headers=headers))

    def post(self, path: str, form: dict[str, str] | None = None, **headers: str) -> httpx.Response:
        """Send a form of the page that this browser has open, unless `token` says otherwise."""
        form = {"token": self.gate.sessions.token(self.cookie)} | (form or {})
        return self._runner.run(self.http.post(path, data=form, headers=headers))

    def send(self, path: str, body: object, **headers: str) -> httpx.Response:
        """Send JSON, as a tool does; or bytes, with a type of their own."""
        if isinstance(body, bytes):
            return self._runner.run(self.http.post(path, content=body, headers=headers))
        return self._runner.run(self.http.post(path, json=body, headers=headers))

    def sign_in(self, who: Person, **otherwise: str) -> httpx.Response:
        self.get("/sign-in")
        return self.post("/sign-in", who.typed(**otherwise))

    def come_as(self, *roles: Role, name: str = "hanako") -> None:
        """Be somebody who has signed in, in these roles and in no others."""
        self.cookie = signed_in(self.gate, roles, name)[self.gate.cookie]

    def is_in(self) -> bool:
        """Tell whether this browser is let in, and its screen is not locked."""
        return self.get("/me", **{AGAIN: "1"}).status_code == httpx.codes.OK

    def noted(self, *kinds: type[Fact]) -> list[Fact]:
        """Return what the office's journal says of people at the console, the oldest first."""
        wanted = kinds or (CameIn, WentOut, TurnedAway)
        return [entry.fact for one in take(self.centre) for entry in one if isinstance(entry.fact, wanted)]


def take(centre: Centre) -> list[list[Entry]]:
    """Return the office's journal."""
    with store.reading(centre.engine) as connection:
        segments = list(shelves.take(connection, OFFICE_STREAM, [], shelves.EVERYTHING))
    return [segment.stored_entries(centre.town.register) for segment in segments]


def forget(town: Centre) -> None:
    """Let nobody have tried anything, and no digits be used: as after a day."""
    pass_by(town, 86_400 * 1_000)


def pass_by(town: Centre, ms: int) -> None:
    clock = town.town.clock
    assert isinstance(clock, Clock)
    clock.advance(ms / 1_000)
