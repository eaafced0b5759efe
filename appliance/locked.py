"""A unit whose keys are sealed and do not open here: its screen says so, and every while it is tried again.

It does not fall over, for then systemd would start it, and in the end the board, again and again, and nobody would know
why.
"""

import contextlib
import logging
import queue
import signal
from typing import Final

from appliance.config import Config, driver
from appliance.counter import words_folders
from appliance.screen.app import create_screen
from appliance.screen.board import Board
from appliance.screen.panel import Panel
from appliance.view import Viewer
from appliance.web import Web, local_door
from appliance.words import load

AGAIN_S: Final = 120.0  # a start beside which twenty in ten minutes are far away
_KICK_S: Final = 5.0
_WORDS: Final = "TAP-047"

log = logging.getLogger("unit")


def wait(config: Config, why: str, stop: "queue.SimpleQueue[None] | None" = None) -> bool:
    """Show that the keys do not open, and return whether to try again: False once somebody has ended it.

    Args:
        why: for the log; says what to do.
        stop: what is put there ends it, as a signal does.
    """
    log.error("%s", why)
    stop = stop or _by_signal()
    board, clock, watchdog = Board(), driver(config, "clock"), driver(config, "watchdog")
    board.watch(Panel(driver(config, "display")).show)
    Viewer(board, load(*words_folders()), clock).state(_WORDS)
    doors = [(create_screen(board, lambda: ""), local_door(config.screen.port))] if config.screen.port else []
    web = Web(doors, [board.attach], [board.end])
    web.start()
    kick_s = min(_KICK_S, watchdog.start() or _KICK_S)
    until = clock.mono() + AGAIN_S
    try:
        while clock.mono() < until:
            watchdog.kick()
            with contextlib.suppress(queue.Empty):
                return bool(stop.get(timeout=kick_s))
        return True
    finally:
        watchdog.stop()
        web.stop()


def _by_signal() -> "queue.SimpleQueue[None]":
    stop: queue.SimpleQueue[None] = queue.SimpleQueue()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.put(None))
    return stop
