"""The pins of a Raspberry Pi, through the RPi.GPIO interface: lights, buzzer and buttons use it.

Two packages provide that interface under one name, and only one of them may be installed: rpi-lgpio, which works on
every Pi and is the only one for a Pi 5, and the older RPi.GPIO. Which one it is, is found out when it is loaded, and it
is loaded only by a unit that uses pins.
"""

import contextlib
import importlib
import os
import threading
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec

from drivers.check import Check, State

Pin = Annotated[int, msgspec.Meta(ge=0, le=27)]  # the chip's number (BCM), not the one on the header

_REVISION: Final = Path("/sys/firmware/devicetree/base/system/linux,revision")  # of the board, as its firmware says it
_opening = threading.Lock()


class GpioMissingError(ImportError):
    """Neither package is there, or this is no Raspberry Pi; the message says what to install."""


def load_gpio() -> Any:
    """Return the module `RPi.GPIO` of whichever package is installed.

    Raises:
        GpioMissingError: there is none.
    """
    with contextlib.suppress(OSError):  # rpi-lgpio looks below /proc, where a daemon behind walls sees processes only
        os.environ.setdefault("RPI_LGPIO_REVISION", _REVISION.read_bytes().hex())
    try:
        return importlib.import_module("RPi.GPIO")
    except (ImportError, RuntimeError, OSError) as error:  # no Pi, for both packages; no folder for lgpio's own files
        raise GpioMissingError(
            f"the pins cannot be used ({error}). Install rpi-lgpio (any Raspberry Pi; needed on a Pi 5) "
            "or RPi.GPIO (Pi 4 and older), never both"
        ) from error


def use_bcm(gpio: Any) -> None:
    """Number the pins as the chip does; every user says so, and it does no harm to say it twice.

    Raises:
        RuntimeError: the chip cannot be opened now, or somebody in this process numbers otherwise.
    """
    with _opening:  # the first call opens the chip
        gpio.setwarnings(0)
        gpio.setmode(gpio.BCM)


def probe_pins() -> Check:
    """Look whether the pins can be had at all, without touching one: the daemon may be using them."""
    try:
        use_bcm(load_gpio())
    except GpioMissingError as error:
        return Check(
            State.FAIL, "ピンを使う部品がありません", str(error), "rpi-lgpio を入れてください", "install rpi-lgpio"
        )
    except Exception as error:  # noqa: BLE001 - the packages below raise what they like
        return Check(
            State.FAIL,
            "ピンを開けません",
            f"the pins cannot be opened: {error}",
            "gpio グループの権限を見てください",
            "run as a user in the group gpio",
        )
    return Check(State.OK, "ピンを使えます(つながりは目と耳で確かめます)", "the pins can be used; look and listen")
