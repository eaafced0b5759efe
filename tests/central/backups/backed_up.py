"""A small town with money, visits, a resident and an incident, and what a test may do to a backup of it."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa

from central import store
from central.backups import belonging
from central.backups.manifest import MANIFEST_FILE, Manifest, seal, unseal
from central.centre import Centre, open_centre
from central.world import SystemClock, SystemEntropy
from programs.coin.entries import Charge, Pay
from sync.facts import CardState, PlaceNamed
from tests.central.pen import Pen, touch
from tests.central.test_commands import NAMES, document, machi

CARD = "0a" * 16
DAY = 20_780
HANAKO = {"name": "髙橋\u3000花子", "kana": "たかはし はなこ", "address": "灯台町1-2", "birth": "1954-03-02"}


@dataclass
class Town:
    """A centre in a folder, a unit of it, and where its keys were copied."""

    folder: Path
    centre: Centre
    pen: Pen
    keys: Path

    def back_up(self, to: Path) -> Path:
        to.mkdir(exist_ok=True)
        return Path(document("backup", self.folder, "--to", to)["backup"])


def small_town(place: Path, database: str = "") -> Town:
    """Make the town; `database`: its URL, if it is not a file in its folder."""
    folder = place / "town"
    machi("init", folder, *NAMES, *(("--database", database) if database else ()))
    form = place / "hanako.json"
    form.write_bytes(msgspec.json.encode(HANAKO))
    machi("resident", "add", folder, "--form", form, "--consent", "coin")
    centre = open_centre(folder, SystemClock(), SystemEntropy())
    for name in ("library", "hall"):
        centre.registrar.place(PlaceNamed(name, name, name, name))
    centre.registrar.set_card(CARD, CardState.ACTIVE)
    desk = Pen.enrolled(centre, "desk01", "desk01")
    desk.send(desk.begin(Charge(1, CARD, 3000, "hall", DAY, "card"), Pay(1, CARD, 700, "hall", DAY, "card", 70)))
    pen = Pen.enrolled(centre)
    pen.send(pen.begin(touch(1)))
    pen.send(pen.begin(touch(2), fresh=True))  # its disk was changed: an incident
    centre.reconciler.catch_up()
    keys = place / "safe"
    keys.mkdir()
    return Town(folder, centre, pen, Path(document("backup", folder, "--keys-to", keys)["keys_in"]))


@contextmanager
def opened(folder: Path) -> Iterator[Centre]:
    centre = open_centre(folder, SystemClock(), SystemEntropy())
    yield centre
    centre.engine.dispose()


def looked_at(url: str) -> sa.Engine:
    """Return a database of PostgreSQL, to which no connection is kept open."""
    return sa.create_engine(url, poolclass=sa.NullPool)


def manifest_of(backup: Path, keys: Path) -> Manifest:
    return unseal((backup / MANIFEST_FILE).read_bytes(), belonging.signer(belonging.secret_keys(keys)).public)


def said_otherwise(backup: Path, keys: Path, change: Callable[[Manifest], Any]) -> None:
    """Let the town sign something else of a backup, as a mistake of ours would."""
    signer = belonging.signer(belonging.secret_keys(keys))
    (backup / MANIFEST_FILE).write_bytes(seal(change(manifest_of(backup, keys)), signer))


def copied(backup: Path, to: Path) -> Path:
    shutil.copytree(backup, to)
    return to


def tables(centre: Centre) -> dict[str, list[dict[str, Any]]]:
    """Return every row of the truth, but what a new history changes."""
    with store.reading(centre.engine) as connection:
        read = {
            table.name: [
                dict(row) for row in connection.execute(sa.select(table).order_by(*table.primary_key)).mappings()
            ]
            for table in store.metadata.sorted_tables
        }
    for unit in read["unit"]:
        del unit["fence"], unit["fence_before"], unit["unheard"]
    del read["setting"]
    return read


def instead_of(said: Any, **values: object) -> Any:
    return msgspec.structs.replace(said, **values)


def secrets_of(folder: Path) -> dict[str, bytes]:
    """Return what is secret in keys/, told by itself: a private key, or bytes that were drawn."""
    every = {path.name: path.read_bytes() for path in (folder / "keys").iterdir()}
    return {name: content for name, content in every.items() if b"PRIVATE KEY" in content or b"-----" not in content}


def left_in(place: Path) -> list[str]:
    return sorted(path.name for path in place.iterdir())
