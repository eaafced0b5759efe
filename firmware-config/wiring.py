"""What a board and a kind of unit may say in their TOML, and which pins they need. Pure: no file is touched here."""

from collections.abc import Iterator
from typing import Annotated, Literal

import msgspec

Clock = Literal["none", "ds3231", "pcf85063"]
Line = Annotated[str, msgspec.Meta(pattern=r"^[^\n]+$")]  # it stands in a file in which every line counts
Tree = Annotated[str, msgspec.Meta(pattern=r"^([a-z0-9-]+\.dtb)?$")]
FIRST_PIN, LAST_PIN = 2, 27  # GPIO 0 and 1 belong to the memory that tells the firmware of an added board (HAT)

# The pins (BCM numbers) that each thing takes, whether or not all of them are wired: the chip switches whole groups.
SERIAL = "the serial line"
PINS_OF = {
    SERIAL: (14, 15),
    "clock": (2, 3),
    "light ring": (8, 9, 10, 11),
    "amplifier": (18, 19, 20, 21),
    "TPM": (7, 9, 10, 11),
}

# Words that config.txt may hold beside what we render ourselves, and what each may say. The firmware passes over a word
# that it does not know, so a wrong one would be found by nobody.
KEYS = {
    "core_freq": (250, 400),
    "core_freq_min": (250, 500),
    "otg_mode": (0, 1),
}


class WiringError(Exception):
    """A board or a kind of unit is described wrongly; says what to change."""


class Board(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One model of board, from `boards/`.

    `kernel`: debian, with Debian's device trees and our own overlays; vendor, with those of Raspberry Pi's kernel.
    `device_tree`: the file that the firmware loads; with vendor it finds it by itself.
    `clock`: a battery clock that the board itself has and its device tree knows.
    `config`: more lines of config.txt; `config_ring`: those that hold the pace of SPI while a light ring hangs there.
    """

    title: Line
    kernel: Literal["debian", "vendor"]
    device_tree: Tree = ""
    clock: Clock = "none"
    config: dict[str, int] = {}
    config_ring: dict[str, int] = {}


class Pins(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What is wired to a single pin (BCM number), by the names that `unit.toml` uses."""

    lamps: dict[str, int] = {}
    buttons: dict[str, int] = {}
    buzzer: int | None = None


class Kind(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One kind of unit: what it is built from, from `kinds/`. What hangs on USB needs no word here."""

    title: Line
    light: Literal["none", "lamps", "ring"] = "none"
    sound: Literal["none", "usb", "amplifier", "buzzer"] = "none"
    screen: Literal["none", "small", "kiosk"] = "none"
    clock: Clock = "none"
    tpm: Literal["none", "slb9670"] = "none"
    pins: Pins = Pins()


def check(board: Board, kind: Kind) -> None:
    """Refuse what cannot be built.

    Raises:
        WiringError: what is wrong, and what to do.
    """
    for problem in (*_board_problems(board), *_kind_problems(kind), *_clashes(kind)):
        raise WiringError(f"{board.title} as {kind.title}: {problem}")


def clock_to_add(board: Board, kind: Kind) -> Clock:
    """Return the battery clock that has to be added: none beside the board's own, for one of the two would be rtc1."""
    return "none" if board.clock != "none" else kind.clock


def _board_problems(board: Board) -> Iterator[str]:
    if board.kernel == "debian" and not board.device_tree:
        yield 'device_tree is missing; name the file in Debian\'s kernel package, such as "bcm2711-rpi-4-b.dtb"'
    for key in sorted(board.config.keys() & board.config_ring.keys()):
        yield f"config.txt: {key} stands in both config and config_ring; say it once"
    for key, value in (*board.config.items(), *board.config_ring.items()):
        if key not in KEYS:
            yield f"config.txt: we know no {key}; take one of {', '.join(KEYS)}, or add it to KEYS in wiring.py"
        elif value not in KEYS[key]:
            yield f"config.txt: {key} = {value} is not allowed; take one of {', '.join(map(str, KEYS[key]))}"


def _kind_problems(kind: Kind) -> Iterator[str]:
    if (kind.sound == "buzzer") != (kind.pins.buzzer is not None):
        yield 'a buzzer needs both sound = "buzzer" and its pin, [pins] buzzer = 18; say both or neither'
    if (kind.light == "lamps") != bool(kind.pins.lamps):
        yield 'lamps need both light = "lamps" and their pins, [pins.lamps]; say both or neither'
    for name, pin in _single(kind.pins):
        if not FIRST_PIN <= pin <= LAST_PIN:
            yield f"{name} is on GPIO {pin}; say the chip's number, {FIRST_PIN} to {LAST_PIN}, not the header's"


def _clashes(kind: Kind) -> Iterator[str]:
    taken: dict[int, str] = {}
    groups = {
        SERIAL: True,
        "clock": kind.clock != "none",
        "light ring": kind.light == "ring",
        "amplifier": kind.sound == "amplifier",
        "TPM": kind.tpm != "none",
    }
    users = [(name, pin) for name, used in groups.items() if used for pin in PINS_OF[name]]
    for name, pin in (*users, *_single(kind.pins)):
        if pin in taken:
            remedy = "leave one of them out" if name in PINS_OF else f"move {name} to another pin"
            yield f"GPIO {pin} is needed by {taken[pin]} and by {name}; {remedy}"
        taken[pin] = name


def _single(pins: Pins) -> Iterator[tuple[str, int]]:
    yield from ((f"lamp {name}", pin) for name, pin in pins.lamps.items())
    yield from ((f"button {name}", pin) for name, pin in pins.buttons.items())
    if pins.buzzer is not None:
        yield "buzzer", pins.buzzer
