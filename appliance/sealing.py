"""Seals what a thief of the card could use: the journal's key, the uplink's, the town's card key. And unseals them.

What lies in the clear counts, whatever is sealed beside it. So the power may go at any step: a secret is in the clear
until it has been sealed, read back from the disk and opened, and it is sealed until it lies in the clear again.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from appliance import durable
from appliance.config import CARD_KEY_FILE, ENROLMENT_FILE, KEY_FILE, TLS_FOLDER, Config
from appliance.enrol import EARLIER
from appliance.sealed import WHY_FILE, sealed
from appliance.updates import Kept, Stage
from appliance.wiping import erase
from drivers.seal import Holder, Seal, SealError

DEVICE_KEY: Final = f"{TLS_FOLDER}/device.key"
_CARD_KEY: Final = "card_key"
_BEFORE: Final = ENROLMENT_FILE + ".old"


class Sealed(msgspec.Struct, frozen=True):
    """How a unit's secrets stand.

    Attributes:
        sealed: those that open here, by their names.
        locked: those that do not.
        clear: those that lie in the clear.
        by: what the first of them was sealed by.
        why: of what is locked, what the system says.
    """

    sealed: tuple[str, ...]
    locked: tuple[str, ...]
    clear: tuple[str, ...]
    by: Holder
    why: str = ""


def sealable(config: Config) -> bool:
    """Tell whether secrets may be sealed now: not on trial, for the system before may not know of it."""
    note = Kept(Path(config.updates)).note()
    return note is None or note.stage not in (Stage.TRYING, Stage.LOOKING)


def seal(folder: Path, by: Seal) -> None:
    """Seal what lies in the clear, of this life and of those that were put aside.

    Raises:
        SealError: it cannot be sealed, and stays in the clear.
    """
    for place in _places(folder):
        _let_go(place)
        if card_key := _card_key(place):
            _lay(place / CARD_KEY_FILE, card_key.encode(), by)
            _rewrite(place / ENROLMENT_FILE, None)
        for path in _secrets(place):
            if path.is_file():
                _lay(path, path.read_bytes(), by)
                erase(path)


def unseal(folder: Path, by: Seal) -> None:
    """Lay all secrets into the clear again: for another board, another TPM, or a system that knows nothing of this.

    Raises:
        SealError: one cannot be opened; it stays sealed.
    """
    for place in _places(folder):
        for path in _secrets(place):
            if (hidden := sealed(path)).exists():
                if not path.exists():
                    durable.write(path, by.open(path.name, hidden.read_bytes()))
                erase(hidden)
        if (hidden := sealed(place / CARD_KEY_FILE)).exists():
            if not _card_key(place) and (place / ENROLMENT_FILE).exists():
                _rewrite(place / ENROLMENT_FILE, by.open(CARD_KEY_FILE, hidden.read_bytes()).decode())
            erase(hidden)


def open_all(folder: Path, by: Seal, run: Path | None = None) -> Sealed:
    """Try to open everything, and lay what opens here (still sealed) where systemd loads it from, if that is named."""
    opened, locked, why, holder = [], [], "", Holder.UNKNOWN
    for path in (folder / KEY_FILE, folder / CARD_KEY_FILE, folder / DEVICE_KEY):
        hidden = sealed(path)
        if run:
            (run / path.name).unlink(missing_ok=True)
        if not hidden.exists():
            continue
        content = hidden.read_bytes()
        holder = by.holder(content)
        try:
            by.open(path.name, content)
        except SealError as error:
            locked.append(path.name)
            why = why or str(error)
            continue
        opened.append(path.name)
        if run:
            durable.write(run / path.name, content)
    if run:
        durable.write(run / WHY_FILE, why.encode(), 0o644)
    return Sealed(tuple(opened), tuple(locked), tuple(_clear(folder)), holder, why)


def _clear(folder: Path) -> Iterator[str]:
    if _card_key(folder):
        yield CARD_KEY_FILE
    yield from (path.name for path in _secrets(folder) if path.is_file())


def _places(folder: Path) -> Iterator[Path]:
    yield folder
    yield from sorted((folder / EARLIER).glob("*"))


def _secrets(place: Path) -> tuple[Path, ...]:
    return (place / KEY_FILE, place / DEVICE_KEY)


def _lay(path: Path, secret: bytes, by: Seal) -> None:
    """Lay a secret down sealed, and make sure that it opens as it lies there."""
    hidden = sealed(path)
    durable.write(hidden, by.seal(path.name, secret))
    if by.open(path.name, hidden.read_bytes()) != secret:
        raise SealError(f"{path.name}: what was sealed opens as something else; it stays as it is")


def _card_key(place: Path) -> str:
    """Return the town's card key, if it lies in the clear in what the town gave."""
    path = place / ENROLMENT_FILE
    return str(msgspec.json.decode(path.read_bytes()).get(_CARD_KEY, "")) if path.exists() else ""


def _rewrite(path: Path, card_key: str | None) -> None:
    """Write what the town gave with its card key, or without; what was there before is written over."""
    said = msgspec.json.decode(path.read_bytes())
    said.pop(_CARD_KEY, None)
    if card_key:
        said[_CARD_KEY] = card_key
    _let_go(path.parent)
    path.with_name(_BEFORE).hardlink_to(path)
    durable.write(path, msgspec.json.encode(said))
    _let_go(path.parent)


def _let_go(place: Path) -> None:
    """Write over what the town gave as it was before it was written anew, also if the power went in between."""
    before, now = place / _BEFORE, place / ENROLMENT_FILE
    if before.exists() and not before.samefile(now):
        erase(before)
    before.unlink(missing_ok=True)
