"""Where a unit's parts meet the real world: its folder, its drivers, its sockets, its signals."""

import logging
import os
import signal
import sys
from pathlib import Path
from typing import Any

import msgspec
from starlette.applications import Starlette

from appliance import hatch_http, locked, practice
from appliance.care import Care
from appliance.config import (
    CELLAR_SOCKET,
    HATCH_SOCKET,
    TRUST_FOLDER,
    Config,
    card_key,
    driver,
    fitted,
    read_config,
    read_enrolment,
    read_life,
)
from appliance.counter import screens, words_folders
from appliance.daemon import Daemon, Devices
from appliance.feedback import Feedback
from appliance.hatch_http import Bells
from appliance.journal import JournalBrokenError
from appliance.opening import World
from appliance.receipts import Print
from appliance.screen import codes
from appliance.screen.app import Behind, brought, create_screen
from appliance.screen.board import Board
from appliance.screen.panel import Panel
from appliance.sealed import LockedError
from appliance.staff import Sheet
from appliance.symptoms import Spared
from appliance.unit import System, Unit, assemble
from appliance.updates import Kept, Settings, UpdatesError, read_settings, went_back
from appliance.view import Viewer, notice, place_names, till
from appliance.web import Web, local_door, unix_door
from appliance.words import load
from drivers.card import Trust
from drivers.card.trust_folder import load as load_trust
from drivers.clock import Clock
from drivers.printer import Printed, Printer, Slip
from drivers.spool import Spool
from sync.messages import Enrolment

START_AGAIN = 1


def run(folder: Path, *, as_json: bool = False) -> int:
    """Run the unit in a folder until SIGINT or SIGTERM; return the exit code.

    Raises:
        ConfigError, TrustError, KeystoreError, MonotonicError, UnfitError, DiskError, JournalFullError,
            JournalBrokenError: it cannot even start; the message says why and what to do.
    """
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    os.chdir(folder)  # paths in the configuration are the unit's own, and a Unix socket's must be short
    here = Path()
    config, trust = read_config(here), load_trust(here / TRUST_FOLDER)
    try:
        enrolment, world = _with_keys(here, config)
    except LockedError as error:
        return START_AGAIN if locked.wait(config, str(error)) else 0
    return _serve(config, enrolment, trust, world, as_json=as_json)


def _serve(config: Config, enrolment: Enrolment, trust: Trust, world: World, *, as_json: bool) -> int:
    here = Path()
    devices = Devices(*(driver(config, kind) for kind in ("reader", "scanner", "watchdog", "button", "board")))
    board, words = Board(), load(*words_folders())
    board.watch(Panel(driver(config, "display")).show)
    viewer = Viewer(board, words, world.clock)
    feedback = Feedback(driver(config, "light"), driver(config, "sound"), words, viewer.result)
    unit = assemble(world, enrolment, trust, feedback, config.ballast_bytes, system=_system(config))
    viewer.place = lambda: place_names(unit.directory)
    viewer.phone = lambda: town.phone if (town := unit.directory.town()) else "—"
    bells = Bells()
    unit.tap.asking.ring = bells.want.ring
    unit.twin.is_fitted = fitted(config, "twin")
    care = _care(unit, world.clock, config, feedback)
    daemon = Daemon(unit, devices, viewer, care, world.clock, bells.ring)
    viewer.till = lambda: till(daemon.serving.tap, daemon.serving.directory)
    viewer.notice = lambda: notice(daemon.serving.receipts, care.symptoms)
    viewer.is_practice = lambda: daemon.is_practice
    daemon.screens = lambda: board.pages
    prints = _printing(driver(config, "printer"), daemon) if fitted(config, "printer") else None
    unit.receipts.print = prints

    def practise() -> Unit:
        begun = practice.begin(world, unit, trust, feedback)
        begun.receipts.print = prints
        return begun

    daemon.begin_practice = practise
    journal = unit.opened.journal
    want = unit.tap.asking
    behind = hatch_http.Daemon(
        *(daemon.ask, daemon.status, lambda: want.want, journal.copy_to, unit.twin, unit.vicinity, unit.offers)
    )
    doors: list[Any] = [(hatch_http.create_hatch(behind, unit.hatch, bells, here), unix_door(HATCH_SOCKET))]
    if config.keeper.port:
        doors.append((hatch_http.create_cellar(behind), unix_door(CELLAR_SOCKET)))
    if config.screen.port:
        doors.append((_screen(daemon, unit, board), local_door(config.screen.port)))
    web = Web(doors, [board.attach, bells.attach], [board.end, bells.end])
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: daemon.stop())
    web.start()
    try:
        daemon.run(lambda: _say_ready(unit.name, config.screen.port, as_json=as_json))
    except JournalBrokenError:
        logging.getLogger("unit").exception("the disk failed during a commit; the next start looks at it")
        return START_AGAIN
    finally:
        web.stop()
    return 0


def _system(config: Config) -> System:
    """Read what runs here; an image that cannot be read is none, as far as offers go."""
    kept = Kept(Path(config.updates))
    try:
        image = read_settings(Path(config.image))
    except UpdatesError:
        logging.getLogger("unit").exception("this image does not say what it is; the town can offer it nothing")
        image = Settings()
    return System(image, kept.note, kept.refused)


def _care(unit: Unit, clock: Clock, config: Config, feedback: Feedback) -> Care:
    """Make what looks after the unit, and let tap path, light and voice, and the town hear of it."""

    def spare(spared: tuple[Spared, ...]) -> None:
        feedback.spare(voice=Spared.VOICE in spared, light=Spared.LIGHT in spared)

    kept = Kept(Path(config.updates))
    care = Care(
        *(clock, driver(config, "power"), unit.opened.journal, config.limits, spare),
        went_back=lambda: went_back(kept.note()),
    )
    unit.tap.spares_money = lambda: care.spares(Spared.MONEY)
    unit.hatch.symptoms = care.spelled
    return care


def _screen(daemon: Daemon, unit: Unit, board: Board) -> Starlette:
    """Make the page, for which everything is done in the daemon's thread, by whichever unit serves then."""
    journal = unit.opened.journal

    def sheet() -> Sheet:
        return daemon.serving.staff.sheet()

    def last() -> str:
        return daemon.serving.receipts.code()

    def bill() -> str:
        tap = daemon.serving.tap
        return tap.receipts.bill(tap.wish, tap.wish_name)

    behind = Behind(
        set=lambda wish: daemon.ask(lambda: daemon.set(wish)),
        act=lambda act: daemon.ask(lambda: daemon.act(act)),
        sheet=lambda: daemon.ask(sheet),
        enter=lambda typed: daemon.ask(lambda: daemon.enter(typed.pin, is_signed=typed.is_signed)),
        practise=lambda wanted: daemon.ask(lambda: daemon.practise(on=wanted.on)),
        sign_in=lambda who: daemon.ask(lambda: daemon.sign_in(who.number, who.pin)),
    )
    screen = create_screen(board, lambda: f"{journal.tip.boot}/{journal.tip.seq}" if journal.tip else "", behind)
    screen.routes.extend(brought(screens()))
    screen.routes.extend(
        codes.routes(
            last=lambda: daemon.ask(last),
            bill=lambda: daemon.ask(bill),
            again=lambda name: daemon.ask(lambda: daemon.serving.receipts.give_again(name)),
        )
    )
    return screen


def _printing(printer: Printer, daemon: Daemon) -> Print:
    def told(slip: Slip, printed: Printed) -> None:
        daemon.post(lambda: daemon.serving.receipts.told(slip.number, printed))

    spool = Spool(printer, told)
    return lambda slip, again: spool.put(slip, again=again)


def _say_ready(unit: str, port: int, *, as_json: bool) -> None:
    logging.getLogger("unit").info("ready")
    if as_json:
        screen = f"http://127.0.0.1:{port}" if port else ""
        sys.stdout.buffer.write(
            msgspec.json.encode({"schema": "machi.unit.run/1", "unit": unit, "screen": screen}) + b"\n"
        )
        sys.stdout.flush()


def _with_keys(here: Path, config: Config) -> tuple[Enrolment, World]:
    enrolment = read_enrolment(here)
    return msgspec.structs.replace(enrolment, card_key=card_key(here, enrolment)), _world(config)


def _world(config: Config) -> World:
    return World(
        disk=driver(config, "disk"),
        keystore=driver(config, "keystore"),
        clock=driver(config, "clock"),
        entropy=driver(config, "entropy"),
        monotonic=driver(config, "monotonic"),
        counter_at_enrolment=read_life(Path()).counter,
    )


if __name__ == "__main__":
    sys.exit(run(Path(sys.argv[1])))
