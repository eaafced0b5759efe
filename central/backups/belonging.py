"""What of a centre's folder goes into its backup, and what must not: secret keys, and the way into the database.

Books and secret keys are kept apart. Whoever has both can sign for the town and read its residents' names.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from central.backups.manifest import DamagedError
from central.folder import (
    CA_FILE,
    CONFIG_FILE,
    RESIDENT_KEYS,
    TOWN_KEY,
    CentralConfig,
    FolderError,
    TownSigner,
    read_config,
)
from central.ssh import REVOKED

_MADE_ANEW: Final = ("server.key", "server.pem")  # at every start
_PUBLIC: Final = (CA_FILE, REVOKED)
_SECTIONS: Final = ("town", "server", "registration")


def public_keys(keys: Path) -> dict[str, bytes]:
    """Return what lies in keys/ and is no secret: certificates, public halves, what is revoked."""
    return {path.name: path.read_bytes() for path in _kept(keys) if _is_public(path.name)}


def secret_keys(keys: Path) -> dict[str, bytes]:
    """Return the secret keys in a folder: the centre's own keys/, or a copy of it wherever that lies.

    Raises:
        FolderError: there are none.
    """
    if not keys.is_dir():
        raise FolderError(f"{keys}: no such folder; name the one with the town's keys, such as town.key")
    found = {path.name: path.read_bytes() for path in _kept(keys) if not _is_public(path.name)}
    if TOWN_KEY not in found:
        raise FolderError(f"{keys}: there is no {TOWN_KEY} in it; name the folder with the town's keys")
    return found


def prints(keys: Mapping[str, bytes]) -> dict[str, str]:
    """Return the SHA-256 of each key, which gives nothing of it away: all of them are drawn."""
    return {name: hashlib.sha256(content).hexdigest() for name, content in sorted(keys.items())}


def signer(keys: Mapping[str, bytes]) -> TownSigner:
    """Return the town's key as a signer.

    Raises:
        DamagedError: it is none.
    """
    try:
        return TownSigner.read(keys[TOWN_KEY])
    except ValueError as error:
        raise DamagedError(f"{TOWN_KEY} は鍵として読めません。\n{TOWN_KEY} is no key: {error}") from error


def resident_keys(keys: Mapping[str, bytes]) -> dict[int, bytes]:
    """Return the keys of residents' files by their numbers."""
    return {int(fits[1]): key for name, key in keys.items() if (fits := RESIDENT_KEYS.fullmatch(name))}


def settings_text(config: CentralConfig, database: str = "") -> str:
    """Write a configuration anew, with another database: the old one's address may hold a password.

    Comments are not kept: one of them may hold it, too.

    Raises:
        FolderError: there is something in it that cannot be written down.
    """
    ours = msgspec.structs.replace(config, database=database)
    lines = ["# Written by machi central backup, without comments and without the address of the database."]
    lines += [f"database = {_value(database)}"] if database else []
    for section in _SECTIONS:
        lines += ["", f"[{section}]"]
        lines += [f"{name} = {_value(value)}" for name, value in msgspec.structs.asdict(getattr(ours, section)).items()]
    text = "\n".join(lines) + "\n"
    if read_config(text, Path(CONFIG_FILE)) != ours:
        raise FolderError(f"{CONFIG_FILE}: there are letters in it that cannot be written down again")
    return text


def _value(value: object) -> str:
    return msgspec.json.encode(value).decode()  # which TOML reads as well


def _kept(keys: Path) -> list[Path]:
    return [path for path in sorted(keys.iterdir()) if path.is_file() and _counts(path.name)]


def _counts(name: str) -> bool:
    return not name.startswith(".") and name not in _MADE_ANEW


def _is_public(name: str) -> bool:
    return name in _PUBLIC or name.endswith(".pub")
