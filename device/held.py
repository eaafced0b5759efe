"""What is taken along from a unit: its journal, checked and kept whole, also where it is broken."""

from pathlib import Path
from typing import NamedTuple

from device import journal
from device.errors import DeviceError, Exit
from device.keys import write
from device.unit import Unit
from sync.entries import Register
from sync.technician import About


def take_twins(unit: Unit, place: Path) -> list[Path]:
    """Copy the twins that a unit keeps for its neighbours into a folder: sealed, and checked by the centre alone."""
    files = [place / one.file for one in unit.kept()]
    place.mkdir(parents=True, exist_ok=True)
    for file in files:
        write(file, unit.twin(file.name))
    return files


class Held(NamedTuple):
    """A journal in the technician's hands."""

    file: Path
    checked: journal.Checked


def take_along(unit: Unit, about: About, place: Path, register: Register) -> Held:
    """Copy a unit's journal into a folder.

    Raises:
        DeviceError: it has none.
    """
    if not about.epoch:
        raise DeviceError(
            Exit.NOT_FOUND,
            ja=f"{unit.name} はまだ町に登録されていません",
            en=f"{unit.name} is not enrolled, and has no journal",
        )
    raw = unit.journal()
    checked = journal.check(raw, unit.name, about.key, register)
    place.mkdir(parents=True, exist_ok=True)
    file = place / f"{unit.name}-{about.epoch}-{checked.tip.replace('/', '-') or 'unreadable'}.segments"
    write(file, raw)
    return Held(file, checked)
