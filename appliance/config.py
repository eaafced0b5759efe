"""What a technician sets for one unit (`unit.toml`), and what the town gave it (`enrolment.json`).

Parsed once; nobody else sees TOML. Everything about the town comes from the centre, not from here.
"""

import tomllib
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec

from appliance.sealed import at
from appliance.symptoms import Limits
from drivers.choose import UnknownDriverError, load
from sync.entries import BAD_JSON, UnitName
from sync.messages import Enrolment

CONFIG_FILE: Final = "unit.toml"
ENROLMENT_FILE: Final = "enrolment.json"
LIFE_FILE: Final = "life.json"
KEY_FILE: Final = "unit.key"
PUBLIC_FILE: Final = "unit.pub"
CARD_KEY_FILE: Final = "card.key"  # the town's; a file of its own once it is sealed
JOURNAL_FILE: Final = "journal.db"
HATCH_SOCKET: Final = "hatch.sock"
CELLAR_SOCKET: Final = "cellar/keeper.sock"
TLS_FOLDER: Final = "tls"
BUNDLES_FOLDER: Final = f"{TLS_FOLDER}/update"  # what the uplink has fetched of an offered system
BUNDLE_END: Final = ".raucb"  # behind the SHA-256, once it is whole
TRUST_FOLDER: Final = "trust"


class ConfigError(Exception):
    """A file of this unit cannot be used; the message says which, why, and what to do."""


class ExposedError(ConfigError):
    """Others can read a secret of this unit; the message says what to do."""


class Screen(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The page that the unit serves to its own display, on this machine only; `port` 0 for a unit without one."""

    port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 0


class Uplink(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How often the second process calls the centre when there is nothing to send, and how patiently.

    `update_kib_s`: KiB of an offered system that are fetched in a second at most; 0: none is fetched.
    """

    url: str = ""
    interval_s: Annotated[float, msgspec.Meta(gt=0)] = 15.0
    timeout_s: Annotated[float, msgspec.Meta(gt=0)] = 10.0
    retry_max_s: Annotated[float, msgspec.Meta(gt=0)] = 30.0
    update_kib_s: Annotated[float, msgspec.Meta(ge=0)] = 128.0


class Twin(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How often the journal's twin is written to at most, and how often it is looked whether its place is there.

    `neighbour`: where the neighbour that keeps it is found, if not where the office says.
    """

    every_s: Annotated[float, msgspec.Meta(ge=0)] = 1.0
    look_s: Annotated[float, msgspec.Meta(gt=0)] = 2.0
    neighbour: str = ""


class Keeper(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where this unit keeps the twins of its neighbours, and so much room it leaves for itself.

    `port`: on which they find it; 0 for a unit that keeps none. `host`: the address that it listens at. `look_s`: how
    often it asks the daemon whose they are.
    """

    port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 0
    host: str = "0.0.0.0"  # noqa: S104 - the firewall lets in who is near
    path: str = "kept"
    leave_mib: Annotated[int, msgspec.Meta(ge=0)] = 1024
    look_s: Annotated[float, msgspec.Meta(gt=0)] = 5.0


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One unit.

    Attributes:
        drivers: for each kind of device the make and its options, as `[drivers.reader]` with `make = "pcsc"`.
        limits: from where on a figure of the board is a symptom.
        updates: the folder in which it is kept how the last update of the system went.
        image: the file in which the image says what it is.
        ballast_bytes: room kept back on the disk, so that a full one is noticed before a touch is lost.
    """

    name: UnitName
    drivers: dict[str, dict[str, Any]] = msgspec.field(default_factory=dict)
    screen: Screen = Screen()
    uplink: Uplink = Uplink()
    twin: Twin = Twin()
    keeper: Keeper = Keeper()
    limits: Limits = Limits()
    updates: str = "/var/lib/machi-update"
    image: str = "/usr/lib/machitap/updates.toml"
    ballast_bytes: Annotated[int, msgspec.Meta(ge=0)] = 4 * 1024 * 1024


_USUAL: Final[dict[str, dict[str, Any]]] = {
    "reader": {"make": "pcsc"},
    "light": {"make": "none"},
    "sound": {"make": "none"},
    "clock": {"make": "system"},
    "entropy": {"make": "system"},
    "keystore": {"make": "file", "path": KEY_FILE},
    "monotonic": {"make": "none"},
    "disk": {"make": "file", "path": "."},
    "watchdog": {"make": "systemd"},
    "button": {"make": "none"},
    "display": {"make": "none"},
    "scanner": {"make": "none"},
    "printer": {"make": "none"},
    "gps": {"make": "none"},
    "twin": {"make": "none"},
    "board": {"make": "linux"},
    "power": {"make": "none"},
    "otp": {"make": "pi"},
    "seal": {"make": "creds"},
}
_KINDS: Final = tuple(_USUAL)
_ANY_KEY: Final = "AA=="


def read_config(folder: Path) -> Config:
    """Read `unit.toml`.

    Raises:
        ConfigError: it is missing, or says something that is not understood.
    """
    path = folder / CONFIG_FILE
    try:
        with path.open("rb") as file:
            config = msgspec.convert(tomllib.load(file), Config)
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: no such file; make one with: machi unit init {folder}") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ConfigError(f"{path}: {error}") from error
    if unknown := set(config.drivers) - set(_KINDS):
        raise ConfigError(
            f"{path}: no such kind of driver: {', '.join(sorted(unknown))}; there are {', '.join(_KINDS)}"
        )
    return config


def read_enrolment(folder: Path) -> Enrolment:
    """Read what the town gave this unit; without its card key (""), if that is sealed: see `card_key`.

    Raises:
        ConfigError: the unit was never enrolled, or the file is damaged, or others can read it.
    """
    path = folder / ENROLMENT_FILE
    try:
        check_secret(path)
        said = msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
        if "card_key" in said:
            return msgspec.convert(said, Enrolment)
        return msgspec.structs.replace(msgspec.convert({**said, "card_key": _ANY_KEY}, Enrolment), card_key="")
    except FileNotFoundError as error:
        raise ConfigError(f"{folder}: this unit is not enrolled; say: machi unit enrol {folder} TICKET") from error
    except (OSError, *BAD_JSON) as error:
        raise ConfigError(f"{path}: {error}") from error


def card_key(folder: Path, enrolment: Enrolment) -> str:
    """Return the town's secret for the names of cards, wherever it lies.

    Raises:
        ConfigError: there is none.
        LockedError: it is sealed, and cannot be opened here.
    """
    try:
        return enrolment.card_key or at(folder / CARD_KEY_FILE).read_text()
    except OSError as error:
        raise ConfigError(
            f"{folder}: the town's card key is gone ({error}); begin a new life: machi unit enrol"
        ) from error


def check_secret(path: Path) -> None:
    """Make sure that nobody but its owner can read a file.

    Raises:
        ExposedError: others can.
        OSError: there is no such file.
    """
    if path.stat().st_mode & 0o077:
        raise ExposedError(f"{path} can be read by others; say: chmod 600 {path}")


class Life(msgspec.Struct, frozen=True):
    """How a life of the unit began. `counter`: where the counter outside the disk stood."""

    counter: int = 0


def read_life(folder: Path) -> Life:
    """Read how the present life of the unit began.

    Raises:
        ConfigError: the file is damaged.
    """
    path = folder / LIFE_FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=Life) if path.exists() else Life()
    except (OSError, *BAD_JSON) as error:
        raise ConfigError(f"{path}: {error}") from error


def fitted(config: Config, kind: str) -> bool:
    """Tell whether the unit has a device of a kind."""
    return bool(config.drivers.get(kind, _USUAL[kind]).get("make") != "none")


def driver(config: Config, kind: str) -> Any:
    """Build the driver of a kind as this unit wants it.

    Raises:
        ConfigError: the make or one of its options does not exist.
        LockedError: it is the keystore, and its key is sealed and cannot be opened here.
    """
    options = dict(config.drivers.get(kind, _USUAL[kind]))
    make = options.pop("make", "")
    if (kind, make) == ("keystore", "file") and "path" in options:
        options["path"] = str(at(Path(options["path"])))
    try:
        return load(kind, str(make), options)
    except UnknownDriverError as error:
        raise ConfigError(f"{CONFIG_FILE}: {error}") from error
