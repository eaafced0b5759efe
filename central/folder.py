"""The centre's folder: its configuration, the town's keys, and where everything lies.

central.toml     the town and the addresses (a technician edits it)
town.db          the database, unless the configuration names another
keys/            the town's secrets, each readable by the centre's user only
"""

import os
import re
import tomllib
from pathlib import Path
from typing import Annotated, Final, Self

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

CONFIG_FILE: Final = "central.toml"
DATABASE_FILE: Final = "town.db"
KEYS_FOLDER: Final = "keys"
TOWN_KEY: Final = "town.key"  # signs the centre's journals and answers
CARD_KEY: Final = "card.key"  # turns identifiers into the town's names for cards
CA_KEY: Final = "ca.key"  # signs device and server certificates
CA_FILE: Final = "ca.pem"
ISSUER_KEY: Final = "pass-issuer.key"  # signs service passes
TWIN_KEY: Final = "twin.key"  # opens the twins of units' journals
RESIDENT_KEYS: Final = re.compile(r"residents-([0-9]{4})\.key")  # open what is sealed about residents
SECRET_BYTES: Final = 32


class FolderError(Exception):
    """The folder cannot be used; the message says what to do."""


TownId = Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9-]{0,15}$")]


class TownConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The town. `id` is its short name in certificates and on service passes; it never changes."""

    id: TownId
    name: str
    name_en: str
    phone: str = "00-0000"
    utc_offset_minutes: Annotated[int, msgspec.Meta(ge=-840, le=840)] = 540


class ServerConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the centre listens. Units call `units` over TLS with their certificates; people open `console`.

    They do so on this machine, or by `console_url` through a server that speaks TLS to them.

    Residents' phones call `resident`, through a server that speaks TLS to them; `resident_port` 0: there is none.
    A unit's certificate is renewed for `renew_days` after it ran out.
    At `reader_port` of each clerk's own PC `machi desk` reads cards for the page that is open there; 0: at none.
    """

    units_host: str = "127.0.0.1"
    units_port: Annotated[int, msgspec.Meta(ge=1, le=65535)] = 8443
    units_names: tuple[str, ...] = ("localhost", "127.0.0.1")
    console_host: str = "127.0.0.1"
    console_port: Annotated[int, msgspec.Meta(ge=1, le=65535)] = 8080
    console_url: str = ""
    reader_port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 0
    resident_host: str = "127.0.0.1"
    resident_port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 0
    resident_url: str = ""
    renew_days: Annotated[int, msgspec.Meta(ge=0, le=3653)] = 366

    @property
    def units_url(self) -> str:
        return f"https://{self.units_names[0]}:{self.units_port}"

    @property
    def resident_address(self) -> str:
        """Where residents find their page; "" if there is none."""
        here = f"http://{self.resident_host}:{self.resident_port}" if self.resident_port else ""
        return self.resident_url.rstrip("/") or here


class RegistrationConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who registers residents, and what for: as the sheet and the register of files (個人情報ファイル簿) say it.

    Attributes:
        office, address: the organisation that registers, and where requests for disclosure are taken.
        purposes: 利用目的, a sentence each.
        given_to: to whom records are regularly given outside of the town; nobody, if left out.
        remarks: 備考.
        counts_ages: the use of places is counted by age, too; the sheet and the register of files then say so.
    """

    office: str = ""
    address: str = ""
    purposes: tuple[str, ...] = ()
    given_to: tuple[str, ...] = ()
    remarks: str = ""
    counts_ages: bool = False


class CentralConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    town: TownConfig
    server: ServerConfig = ServerConfig()
    registration: RegistrationConfig = RegistrationConfig()
    database: str = ""


class Folder:
    """An existing centre's folder."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.config = _read(path / CONFIG_FILE)

    @property
    def database(self) -> str:
        """The database as an SQLAlchemy URL."""
        return self.config.database or f"sqlite:///{self.path / DATABASE_FILE}"

    def secret(self, name: str) -> bytes:
        """Read a secret file.

        Raises:
            FolderError: it is missing, or others can read it.
        """
        path = self.path / KEYS_FOLDER / name
        try:
            if path.stat().st_mode & 0o077:
                raise FolderError(f"{path} can be read by others; say: chmod 600 {path}")
            return path.read_bytes()
        except OSError as error:
            raise FolderError(f"{path}: {error.strerror}; the centre cannot work without it") from error

    def signer(self, name: str = TOWN_KEY) -> "TownSigner":
        """Return one of the town's Ed25519 keys as a signer."""
        try:
            return TownSigner.read(self.secret(name))
        except ValueError as error:
            raise FolderError(f"{name}: {error}") from error

    def resident_keys(self) -> dict[int, bytes]:
        """Return the keys of residents' files by their numbers; with the one of the highest number files are sealed.

        Raises:
            FolderError: others can read one, or one is no key.
        """
        names = sorted(path.name for path in (self.path / KEYS_FOLDER).glob("residents-*.key"))
        found = {int(fits[1]): self.secret(fits[0]) for name in names if (fits := RESIDENT_KEYS.fullmatch(name))}
        if short := [number for number, key in found.items() if len(key) != SECRET_BYTES]:
            raise FolderError(f"{resident_key_file(short[0])}: not {SECRET_BYTES} bytes; put it back from its backup")
        return found

    def twin_key(self) -> X25519PrivateKey:
        """Return the key that opens twins.

        Raises:
            FolderError: it is missing, or none.
        """
        key = load_pem_private_key(self.secret(TWIN_KEY), password=None)
        if not isinstance(key, X25519PrivateKey):
            raise FolderError(f"{TWIN_KEY}: an X25519 key is needed")
        return key


class TownSigner:
    """Signs with a key of the town."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public = key.public_key().public_bytes_raw()

    @classmethod
    def read(cls, pem: bytes) -> Self:
        """Read a key as it stands in its file.

        Raises:
            ValueError: it is none.
        """
        key = load_pem_private_key(pem, password=None)
        if not isinstance(key, Ed25519PrivateKey):
            raise ValueError("an Ed25519 key is needed")  # noqa: TRY004 - as for whatever else is no key
        return cls(key)

    def sign(self, message: bytes) -> bytes:
        return self._key.sign(message)


def resident_key_file(number: int) -> str:
    """Return the name of the file in which a key of residents' files lies."""
    return f"residents-{number:04}.key"


def write_secret(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read, durably; one that is there already is never replaced.

    Raises:
        FileExistsError: there is one.
    """
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def replace_secret(path: Path, content: bytes) -> None:
    """Write such a file in the place of the one before, all of it or nothing."""
    beside = path.with_name(f"{path.name}.new")
    beside.unlink(missing_ok=True)
    write_secret(beside, content)
    beside.replace(path)


def read_config(text: str, path: Path) -> CentralConfig:
    """Read a configuration; `path` is where it lies, for what is said of it.

    Raises:
        FolderError: it is none.
    """
    try:
        return msgspec.convert(tomllib.loads(text), CentralConfig)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise FolderError(f"{path}: {error}") from error


def _read(path: Path) -> CentralConfig:
    try:
        return read_config(path.read_bytes().decode(), path)
    except FileNotFoundError as error:
        raise FolderError(f"{path}: no such file; make a centre with: machi central init {path.parent}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise FolderError(f"{path}: {error}") from error
