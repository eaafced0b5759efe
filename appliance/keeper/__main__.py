"""Runs the keeper's process: it waits for neighbours, and asks the daemon now and then whose twins it is to keep."""

import logging
import os
import signal
import sys
import threading
from pathlib import Path

import msgspec

from appliance.config import CELLAR_SOCKET, Config, driver, read_config
from appliance.copying import Lodging
from appliance.keeper.cellar import MIB, Cellar
from appliance.keeper.door import CALLERS_MAX, create_door
from appliance.uplink.courier import HatchError
from appliance.uplink.hatch import HttpCellar
from appliance.web import Web, near_door
from drivers.twin import TwinError
from drivers.twin.stick import Driver as Folder

log = logging.getLogger("keeper")


def run(folder: Path, *, as_json: bool = False) -> None:
    """Keep the twins of others until SIGINT or SIGTERM; end at once if this unit keeps none.

    Raises:
        ConfigError: the configuration cannot be used, or somebody else has the port.
    """
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    os.chdir(folder)  # the path of a Unix socket must be short
    config = read_config(Path())
    if not config.keeper.port:
        log.info("this unit keeps no twins of others; unit.toml says if it does: [keeper]")
        return
    cellar, hatch = open_cellar(config, Path()), HttpCellar(CELLAR_SOCKET)
    web = Web(
        [(create_door(cellar), near_door(config.keeper.port, config.keeper.host, "keeper"))],
        attach=[],
        callers_max=CALLERS_MAX,
    )
    web.start()
    before: Lodging | None = None
    try:
        while not stop.is_set():
            before = _heed(cellar, hatch, before, as_json=as_json)
            stop.wait(config.keeper.look_s)
    finally:
        web.stop()


def open_cellar(config: Config, here: Path) -> Cellar:
    """Open the folder with the twins of others; it is made if it is not there."""
    place = here / config.keeper.path
    place.mkdir(mode=0o700, exist_ok=True)
    medium = Folder(Folder.Options(str(place), beside="", leave_bytes=config.keeper.leave_mib * MIB))
    return Cellar(medium, driver(config, "clock").mono, HttpCellar(CELLAR_SOCKET).vouch)


def _heed(cellar: Cellar, hatch: HttpCellar, before: Lodging | None, *, as_json: bool) -> Lodging | None:
    lodging = cellar.lodging()
    try:
        cellar.heed(hatch.keeping(lodging))
    except (HatchError, TwinError) as error:
        log.info("%s", error)
        return None
    if before is None:
        log.info("the unit's daemon says whose twins are kept here")
    if as_json and lodging != before:
        line = {"schema": "machi.unit.keep/1", **msgspec.to_builtins(lodging)}
        print(msgspec.json.encode(line).decode(), flush=True)  # noqa: T201 - what --json asks for
    return lodging


if __name__ == "__main__":
    run(Path(sys.argv[1]))
