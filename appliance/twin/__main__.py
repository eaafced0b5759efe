"""Runs the twin's process: a round whenever something was written, and every few seconds to see that all is there."""

import logging
import os
import signal
import sys
import threading
from pathlib import Path

import msgspec

from appliance.config import HATCH_SOCKET, driver, fitted, read_config
from appliance.copyist import OnMedium, Writer
from appliance.uplink.courier import HatchError
from appliance.uplink.hatch import HttpHatch

log = logging.getLogger("twin")


def run(folder: Path, *, as_json: bool = False) -> None:
    """Write the twin of the unit in a folder until SIGINT or SIGTERM; end at once if it should have none.

    Raises:
        ConfigError: the configuration cannot be used.
    """
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    config = read_config(folder)
    if not fitted(config, "twin"):
        log.info("no twin is fitted; unit.toml says where one lies: [drivers.twin]")
        return
    os.chdir(folder)  # the path of a Unix socket must be short
    hatch = HttpHatch(HATCH_SOCKET)
    writer = Writer(hatch, OnMedium(driver(config, "twin")), driver(config, "clock").mono)
    hindered: str | None = None
    while not stop.is_set():
        try:
            now = writer.go(stop.is_set)
            stop.wait(config.twin.every_s)
            hatch.wait_for_commit(config.twin.look_s)
        except HatchError as error:
            now = str(error)
            stop.wait(config.twin.look_s)
        if now != hindered:
            _say(now, as_json=as_json)
        hindered = now


def _say(hindered: str, *, as_json: bool) -> None:
    log.info(hindered or "the twin is written")
    if as_json:
        line = {"schema": "machi.unit.twin/1", "hindered": hindered}
        print(msgspec.json.encode(line).decode(), flush=True)  # noqa: T201 - what --json asks for


if __name__ == "__main__":
    run(Path(sys.argv[1]))
