"""A unit's last word, and the wiping of its folder, in an order in which the power may go at any moment.

The last word is written first: from then on this box only goes on wiping. Then goes the file without which no service
starts, then everything else, and at the very end the journal's key and the file that says where that lies.
"""

import fcntl
import os
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from appliance import durable
from appliance.config import (
    CONFIG_FILE,
    ENROLMENT_FILE,
    KEY_FILE,
    PUBLIC_FILE,
    Config,
    ConfigError,
    driver,
    read_config,
    read_enrolment,
)
from appliance.sealed import sealed
from drivers.clock.system import Driver as SystemClock
from sync.messages import Wiped, sign, text
from sync.technician import Standing

WORD_FILE: Final = "wiped.json"
_FITRIM: Final = 0xC0185879  # _IOWR('X', 121, struct fstrim_range), linux/fs.h
_SMALL_BYTES: Final = 64 * 1024  # every secret is smaller


def last_word(folder: Path, found: Standing, by: str) -> bytes:
    """Sign and keep what this unit says last; whoever has it wipes the rest, whatever happens in between.

    Raises:
        KeystoreError: the key cannot be used.
    """
    keystore = driver(read_config(folder), "keystore")
    word = Wiped(
        town=read_enrolment(folder).town,
        unit=found.unit,
        epoch=found.epoch,
        key=text(keystore.public),
        tip=found.tip,
        entries=found.entries,
        at=SystemClock().wall_ms(),
        by=by,
    )
    raw = sign(word, keystore)
    durable.write(folder / WORD_FILE, raw)
    return raw


def word_kept(folder: Path) -> bytes | None:
    """Return the last word of a unit that was wiped here, or whose wiping was cut short; None: none was."""
    path = folder / WORD_FILE
    return path.read_bytes() if path.exists() else None


def erase(path: Path) -> None:
    """Take a file away for good, as far as that is for a file system to do: a card may keep old blocks for a while."""
    if path.is_file() and not path.is_symlink() and (size := path.stat().st_size) <= _SMALL_BYTES:
        with path.open("r+b") as file:
            file.write(bytes(size))
            durable.end(file)
    path.unlink(missing_ok=True)
    durable.sync(path.parent)


def wipe(folder: Path, take_away: Callable[[Path], None] = erase) -> int:
    """Take everything of a unit away but its last word; return how many files there were."""
    count = 0
    for path in _in_order(folder):
        take_away(path)
        count += 1
    for place in sorted((one for one in folder.rglob("*") if one.is_dir() and not one.is_symlink()), reverse=True):
        place.rmdir()
    durable.sync(folder)
    return count


def trim(folder: Path) -> bool:
    """Have the disk forget all blocks that are free; return whether it can (ioctl FITRIM, as `fstrim` does)."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.ioctl(handle, _FITRIM, struct.pack("=QQQ", 0, 2**64 - 1, 0))
    except OSError:
        return False
    finally:
        os.close(handle)
    return True


def _in_order(folder: Path) -> Iterator[Path]:
    """Yield the files of a unit in the order in which they may go."""
    first, last = folder / ENROLMENT_FILE, _last(folder)
    if first.exists():
        yield first
    links = [one for one in folder.iterdir() if one.is_symlink() and one.is_dir()]  # the uplink's folder is beside it
    for place in (folder, *(link.resolve() for link in links)):
        for path in sorted(place.rglob("*")):
            is_kept = path.is_dir() or path == folder / WORD_FILE or path in last
            if not is_kept:
                yield path
    yield from (path for path in last if path.exists())


def _last(folder: Path) -> tuple[Path, ...]:
    try:
        config = read_config(folder)
    except ConfigError:
        config = Config("gone")
    path = folder / str(config.drivers.get("keystore", {}).get("path", KEY_FILE))
    return (folder / PUBLIC_FILE, path, sealed(path), folder / CONFIG_FILE)
