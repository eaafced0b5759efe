"""The demo town: set up by the same commands that a technician and the office would use, then run as processes."""

import base64
import os
import shutil
import socket
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import httpx
import msgspec

from appliance.uplink.courier import HatchError
from appliance.uplink.hatch import HttpHatch
from central import totp
from demo.processes import Process, machi, machi_says
from demo.residents import RESIDENTS, write_cards
from demo.road import Road
from demo.scanner import ScannerLine
from drivers.card.sim.pcscd import PrivatePcscd
from drivers.card.sim.pki import TestPki
from sync.facts import Town

DESK: Final = "desk"
WINDOW: Final = "window"  # the reader of the clerk who registers people, which is no unit's
SCANS: Final = "shop01"  # the unit with a scanner, for what phones show
NETWORK: Final = "jp.example.todai"  # by which the town's shops' codes are known
TOWN: Final = Town("灯台町", "Todai", "00-1234", 540)
PASSWORD: Final = "灯台の あかり 2026"  # noqa: S105 - everybody may know it: it opens a town to try things in
LINK_MINUTES: Final = "1440"
QUIET_S: Final = 5.0  # two calls of a unit, and a little


class Stand(msgspec.Struct, frozen=True):
    """Where a unit of the demo stands, and what it serves there."""

    unit: str
    reader: str
    place: str
    name: str
    kana: str
    name_en: str
    counter: str = "facility"

    @property
    def is_till(self) -> bool:
        """Whether it is set to something before a card comes."""
        return self.counter in TILLS


TILLS: Final = ("shop", "desk")
STANDS: Final = (
    Stand("lib01", "library", "library", "図書館", "としょかん", "Library"),
    Stand("shop01", "shop", "fishshop", "魚屋", "さかなや", "Fish shop", "shop"),
    Stand("bus01", "bus", "bus", "まちバス", "まちばす", "Town bus"),
    Stand("hall01", DESK, "hall", "町役場", "まちやくば", "Town hall", "desk"),
)


class Account(msgspec.Struct, frozen=True):
    """Somebody who uses the demo's console: who they are, by what name, and as which roles."""

    name: str
    ja: str
    en: str
    roles: tuple[str, ...]
    place: str = ""


ACCOUNTS: Final = (
    Account("demo", "役場の人", "At the town hall", ("clerk", "officer", "treasurer", "technician", "auditor")),
    Account("demo2", "二人目の担当者", "A second officer", ("officer",)),
    Account("sakana", "魚屋", "The fish shop", ("shop",), "fishshop"),
)


class Visitor(msgspec.Struct, frozen=True):
    """What somebody types at the console, and what their phone makes the digits of."""

    account: Account
    secret: bytes

    def digits(self) -> str:
        """Return the six digits that stand on the phone now."""
        return totp.code(self.secret, totp.step_of(time.time_ns() // 1_000_000))


class Ports(msgspec.Struct, frozen=True):
    """Where everything listens, on this machine only."""

    console: int
    page: int
    resident: int
    window: int
    units: int
    screens: int
    roads: int

    @classmethod
    def from_console(cls, console: int) -> Self:
        """Return ports that follow from the console's: 8080 gives 8085 for residents, 8090 for the page, 8101 on."""
        return cls(console, console + 10, console + 5, console + 6, console + 363, console + 21, console + 61)

    def screen(self, number: int) -> int:
        return self.screens + number

    def road(self, number: int) -> int:
        return self.roads + number

    def all(self) -> list[int]:
        each = [port for number in range(len(STANDS)) for port in (self.screen(number), self.road(number))]
        return [self.console, self.page, self.resident, self.window, self.units, *each]


class PortTakenError(Exception):
    """A port is in use; the message says which, and how to choose others."""


class DemoUnit:
    """One unit: its folder, its two processes, its road to the centre, its reader."""

    def __init__(
        self,
        stand: Stand,
        folder: Path,
        road: Road,
        screen: int,
        environment: dict[str, str],
        scanner: ScannerLine | None = None,
    ) -> None:
        self.stand = stand
        self.scanner = scanner
        self.folder = folder
        self.road = road
        self.screen = screen
        log = folder.parent.parent / "log"
        name = stand.unit
        self.daemon = Process(name, ["unit", "run", str(folder)], log / f"{name}.log", environment)
        self.uplink = Process(f"{name} uplink", ["unit", "uplink", str(folder)], log / f"{name}-uplink.log", {})
        # A socket's address has room for 108 characters; a folder may lie deeper, so it is named by its number.
        self._place = os.open(folder, os.O_PATH | os.O_DIRECTORY)
        self._hatch = HttpHatch(f"/proc/self/fd/{self._place}/hatch.sock")

    def status(self) -> dict[str, Any]:
        """Ask the daemon how it is; an empty answer while it does not run."""
        try:
            return self._hatch.status()
        except HatchError:
            return {}

    def press(self, what: str, value: msgspec.Struct) -> None:
        """Do what whoever stands behind its counter can do there, as the page does: "wish" or "act"."""
        url = f"http://127.0.0.1:{self.screen}/{what}"
        headers = {"Content-Type": "application/json"}
        httpx.post(url, content=msgspec.json.encode(value), headers=headers, trust_env=False).raise_for_status()

    def view(self) -> Any:
        """Return what stands on its screen."""
        return httpx.get(f"http://127.0.0.1:{self.screen}/view", trust_env=False).raise_for_status().json()

    def scan(self, code: str) -> None:
        """Hold a code before its scanner."""
        if self.scanner is None:
            raise LookupError(f"{self.stand.unit} has no scanner")
        self.scanner.say(code)

    def start_daemon(self) -> None:
        self.daemon.start()
        self.daemon.wait_until(lambda: bool(self.status().get("readers")))


class DemoTown:
    """The town, from an empty folder to everything running; leaves its folder behind for whoever wants to look."""

    def __init__(self, folder: Path, ports: Ports, say: Callable[[str], None]) -> None:
        self.folder = folder.absolute()
        self.ports = ports
        self._say = say
        self.pcscd = PrivatePcscd([*(stand.reader for stand in STANDS), WINDOW])
        self.cards: dict[str, Path] = {}
        self.units: dict[str, DemoUnit] = {}
        self.central = self.folder / "central"
        self.visitors: tuple[Visitor, ...] = ()
        self.token = ""  # with which the page itself asks the console
        log = self.folder / "log"
        self.centre = Process("centre", ["central", "serve", str(self.central)], log / "centre.log", {})
        self.window = Process("window", self._window_words(), log / "window.log", self.pcscd.environment)

    def __enter__(self) -> Self:
        self._check_ports()
        self._clear()
        self._say("readers: a private pcscd with five virtual readers")
        self.pcscd.start()
        try:
            self._set_up()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End everything that was started, at the same time."""
        units = self.units.values()
        processes = [self.centre, self.window, *(unit.uplink for unit in units), *(unit.daemon for unit in units)]
        for process in processes:
            process.ask_to_end()
        for process in processes:
            process.stop()
        for unit in units:
            unit.road.cut()
        self.pcscd.stop()

    def hold(self, resident: str, reader: str) -> None:
        """Hold a resident's card to a reader."""
        self.pcscd.table.present(reader, self.cards[resident])

    def link(self, resident: str) -> str:
        """Have a card touched at the town hall's desk, and return the link that lets its holder's phone in."""
        self.hold(resident, DESK)
        options = ("--reader", DESK, "--trust", self.folder / "pki" / "trust", "--json")
        reading = machi("card", "read", *options, environment=self.pcscd.environment)
        self.take_away(DESK)
        made = machi_says("central", "phone", "link", self.central, "-", "--minutes", LINK_MINUTES, stdin=reading)
        return str(made["link"])

    def take_away(self, reader: str) -> None:
        self.pcscd.table.remove(reader)

    def lying(self) -> dict[str, str]:
        """Return whose card lies on which reader."""
        return {reader: Path(one.card).stem for reader, one in self.pcscd.table.state().items() if one.card}

    def _check_ports(self) -> None:
        for port in self.ports.all():
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError as error:
                    raise PortTakenError(f"port {port} is in use; free it, or say: make demo PORT=9080") from error

    def _clear(self) -> None:
        """Begin afresh; only the test keys of earlier runs are kept, because making them takes seconds."""
        for name in ("units", "copies", "central", "payday", "cards", "window", "log"):
            shutil.rmtree(self.folder / name, ignore_errors=True)
        (self.folder / "log").mkdir(parents=True)

    def _set_up(self) -> None:
        self._say("cards: test keys, and a virtual card for each of " + f"{len(RESIDENTS)} people")
        pki = TestPki(self.folder / "pki")
        trust = pki.write_trust()
        self.cards = write_cards(self.folder / "cards", pki.folder)
        self._say("centre: keys, database, places")
        self._set_up_centre()
        self._say("desk: one resident's card is learned by its holder's birthday")
        self._enrol_faces(trust)
        self._say("window: the program that reads cards for the console's page")
        shutil.copytree(trust, self.folder / "window")
        self.window.start()
        self._say("units: configuration, keys, enrolment by ticket")
        for number, stand in enumerate(STANDS):
            self.units[stand.unit] = self._set_up_unit(number, stand, trust)
        for unit in self.units.values():
            unit.daemon.start()
            unit.uplink.start()
        for unit in self.units.values():
            unit.daemon.wait_until(lambda unit=unit: bool(unit.status().get("readers")))  # type: ignore[misc]
        self.window.wait_until(lambda: _listens(self.ports.window))

    def _window_words(self) -> list[str]:
        """Return how the program is started on the clerk's PC; what it learns is kept in a trust folder of its own."""
        console = f"http://127.0.0.1:{self.ports.console}"
        where = ["--console", console, "--port", str(self.ports.window)]
        return ["desk", "serve", *where, "--trust", str(self.folder / "window"), "--reader", WINDOW, "--learn"]

    def _set_up_centre(self) -> None:
        town = ("--id", "todai", "--name", TOWN.name, "--name-en", TOWN.name_en, "--phone", TOWN.phone)
        ports = ("--units-port", str(self.ports.units), "--console-port", str(self.ports.console))
        more = ("--resident-port", str(self.ports.resident), "--reader-port", str(self.ports.window))
        machi("central", "init", self.central, *town, *ports, *more)
        machi("central", "coin", "terms", self.central, "--network", NETWORK)
        for stand in STANDS:
            names = ("--name", stand.name, "--kana", stand.kana, "--name-en", stand.name_en)
            machi("central", "place", self.central, stand.place, *names)
        machi("central", "map", self.central, Path(__file__).with_name("places.geojson"))
        bank = ("--bank", "0001", "--branch", "001", "--account", "0123456")
        machi("central", "coin", "payer", self.central, "--code", "1234567890", *bank, "--name", "トウダイチヨウ")
        machi("central", "coin", "shop", self.central, "fishshop", *bank, "--name", "サカナヤ")
        self._let_the_office_in()
        self.centre.start()
        self.centre.wait_until(lambda: _listens(self.ports.units) and _listens(self.ports.console))

    def _let_the_office_in(self) -> None:
        """Give the console accounts that everybody may use, and the page one of its own."""
        self.visitors = tuple(map(self._account, ACCOUNTS))
        self.token = str(machi_says("central", "user", "tool", self.central, "page", "--scope", "units")["token"])

    def _account(self, one: Account) -> Visitor:
        roles = [word for role in one.roles for word in ("--role", role)]
        place = ("--place", one.place) if one.place else ()
        words = (one.name, "--shown", one.ja, *roles, *place, "--password-file", "-")
        made = machi_says("central", "user", "add", self.central, *words, stdin=f"{PASSWORD}\n".encode())
        secret = str(made["secret"])
        return Visitor(one, base64.b32decode(secret + "=" * (-len(secret) % 8)))

    def _enrol_faces(self, trust: Path) -> None:
        for key, one in RESIDENTS.items():
            if one.enrolled:
                birth = self.folder / "cards" / f"{key}.birth"
                birth.write_text(one.plan.birth.isoformat())
                self.hold(key, DESK)
                options = ("--reader", DESK, "--trust", trust, "--enrol-birth-file", birth, "--json")
                reading = machi("card", "read", *options, environment=self.pcscd.environment)
                self.take_away(DESK)
                machi("central", "card", "add", self.central, "-", stdin=reading)

    def _set_up_unit(self, number: int, stand: Stand, trust: Path) -> DemoUnit:
        folder = self.folder / "units" / stand.unit
        screen = self.ports.screen(number)
        name = self.pcscd.names[stand.reader]
        options = ("--name", stand.unit, "--reader-name", name, "--screen-port", str(screen), "--test")
        machi("unit", "init", folder, *options)
        shutil.copytree(trust, folder / "trust", dirs_exist_ok=True)
        config = folder / "unit.toml"
        road = Road(self.ports.road(number), self.ports.units)
        scanner = ScannerLine() if stand.unit == SCANS else None
        config.write_text(_demo_config(config.read_text(), self.ports.road(number), scanner))
        where = ("--place", stand.place, "--counter", stand.counter)
        ticket = machi("central", "unit", "add", self.central, stand.unit, *where)
        machi("unit", "enrol", folder, "-", stdin=ticket)
        return DemoUnit(stand, folder, road, screen, self.pcscd.environment, scanner)

    def wait_until_sent(self, seconds: float) -> bool:
        """Wait until no unit has anything left to send, and none says anything more; return whether that came about.

        What is sent may be answered: the centre deals money out by it, and units write down what they give back.
        """
        until = since = time.monotonic()
        while time.monotonic() < until + seconds:
            states = [unit.status() for unit in self.units.values()]
            if not all(state and state["unsent"] == 0 for state in states):
                since = time.monotonic()
            elif time.monotonic() > since + QUIET_S:
                return True
            time.sleep(0.1)
        return False


def _demo_config(text: str, road: int, scanner: ScannerLine | None) -> str:
    """Give a unit virtual light and sound, an ear beside its loudspeaker, and its own road to the centre."""
    text = text.replace('[drivers.light]\nmake = "none"', '[drivers.light]\nmake = "sim"')
    text = text.replace('[drivers.sound]\nmake = "none"', '[drivers.sound]\nmake = "sim"\nheard = "heard.jsonl"')
    uplink = f'url = "https://localhost:{road}"\ninterval_s = 2\ntimeout_s = 5\nretry_max_s = 1\n'
    if scanner:
        text += f'\n[drivers.scanner]\nmake = "serial"\npath = "{scanner.path}"\n'
    return f'{text}\n[drivers.monotonic]\nmake = "file"\npath = "counter"\n\n[uplink]\n{uplink}'


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
