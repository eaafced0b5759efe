"""What a visitor's hands can do in the demo town, and what there is to see."""

import httpx
import msgspec

from demo.residents import RESIDENTS
from demo.town import PASSWORD, WINDOW, DemoTown, DemoUnit, Visitor

_EARLY_APDUS = 1
_CENTRE_S = 1.0


class UnknownError(Exception):
    """There is no such unit or resident; the message says which there are."""


class ResidentSeen(msgspec.Struct, frozen=True):
    """A resident, and where that card lies: a unit's name, "window", or empty."""

    key: str
    name: str
    about: str
    en: str
    at: str


class UnitSeen(msgspec.Struct, frozen=True):
    """A unit and its surroundings.

    Attributes:
        screen: the address of its screen; of a till, of the page behind the counter.
        is_till: there is something to press on it.
        holds: the key of the resident whose card lies there, or empty.
        runs: its daemon answers.
        is_cut: its network is cut.
        unsent: entries that the centre has not acknowledged yet, by the unit.
        held: entries that the centre holds, by the centre; None while the centre does not answer.
    """

    unit: str
    name: str
    name_en: str
    screen: str
    is_till: bool
    holds: str
    runs: bool
    is_cut: bool
    unsent: int
    held: int | None


class SignIn(msgspec.Struct, frozen=True):
    """What a visitor types at the console to be somebody there. `digits`: as they stand on the phone now."""

    ja: str
    en: str
    name: str
    password: str
    digits: str


class Seen(msgspec.Struct, frozen=True):
    """Everything that the page shows. `phone`: the link that lets a phone in; `window`: whose card lies there."""

    console: str
    window: str
    sign_in: list[SignIn]
    phone: str
    residents: list[ResidentSeen]
    units: list[UnitSeen]


class Hands:
    """Holds cards to readers and cuts cables. A card lies on one reader at a time."""

    def __init__(self, town: DemoTown, phone: str) -> None:
        self._town = town
        self._phone = phone
        self._console = f"http://127.0.0.1:{town.ports.console}"
        shown = {"Authorization": f"Bearer {town.token}"}
        self._http = httpx.Client(base_url=self._console, headers=shown, timeout=_CENTRE_S, trust_env=False)

    def hold(self, unit: str, resident: str) -> None:
        """Hold a resident's card to a unit's reader; if it lies elsewhere, it is taken away there first."""
        reader = self._reader(unit)
        if resident not in RESIDENTS:
            raise UnknownError(f'nobody here is called "{resident}"; there are: {", ".join(RESIDENTS)}')
        for lying, held in self._town.lying().items():
            if held == resident or lying == reader:
                self._town.take_away(lying)
        self._town.hold(resident, reader)

    def pull_early(self, unit: str, resident: str) -> None:
        """Hold a card there, and pull it away while it is being read."""
        self.hold(unit, resident)
        self._town.pcscd.table.remove_after(self._reader(unit), _EARLY_APDUS)

    def take_away(self, unit: str) -> None:
        self._town.take_away(self._reader(unit))

    def cut(self, unit: str) -> None:
        """Cut a unit's network."""
        self._unit(unit).road.cut()

    def mend(self, unit: str) -> None:
        self._unit(unit).road.mend()

    def state(self) -> Seen:
        """Look around."""
        lying, held = self._town.lying(), self._held()
        readers = {unit.stand.reader: name for name, unit in self._town.units.items()}
        at = {resident: readers.get(reader, reader) for reader, resident in lying.items()}
        return Seen(
            console=self._console,
            window=lying.get(WINDOW, ""),
            sign_in=[_sign_in(one) for one in self._town.visitors],
            phone=self._phone,
            residents=[
                ResidentSeen(key, one.name, one.about, one.en, at.get(key, "")) for key, one in RESIDENTS.items()
            ],
            units=[_seen(unit, lying, held) for unit in self._town.units.values()],
        )

    def _held(self) -> dict[str, int]:
        try:
            answer = self._http.get("/api/units").raise_for_status()
        except httpx.HTTPError:
            return {}
        return {unit["name"]: unit["entries"] for unit in answer.json()["units"]}

    def _reader(self, name: str) -> str:
        """Return the reader of a unit, or of the clerk at the window."""
        return WINDOW if name == WINDOW else self._unit(name).stand.reader

    def _unit(self, name: str) -> DemoUnit:
        if name not in self._town.units:
            raise UnknownError(f'no unit is called "{name}"; there are: {", ".join(self._town.units)}')
        return self._town.units[name]


def _sign_in(one: Visitor) -> SignIn:
    return SignIn(one.account.ja, one.account.en, one.account.name, PASSWORD, one.digits())


def _seen(unit: DemoUnit, lying: dict[str, str], held: dict[str, int]) -> UnitSeen:
    stand, status = unit.stand, unit.status()
    return UnitSeen(
        unit=stand.unit,
        name=stand.name,
        name_en=stand.name_en,
        screen=f"http://127.0.0.1:{unit.screen}/{'counter' if stand.is_till else ''}?sound=1",
        is_till=stand.is_till,
        holds=lying.get(stand.reader, ""),
        runs=bool(status),
        is_cut=unit.road.is_cut,
        unsent=status.get("unsent", 0),
        held=held.get(stand.unit),
    )
