"""`machi device provision`: a new unit, from its first answer to the sticker on its box."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from device.cli.common import JSON, KEYS, finish, go, keys_of, plainly, taken_up

if TYPE_CHECKING:
    from device.keys import Keys
    from device.ssh import Road
    from device.unit import Unit

_ANSWER_S = 5.0


_OPTIONS = (
    click.option("--ticket", type=click.File("rb"), help="From the office: machi central unit add."),
    click.option("--answer", type=click.File("rb"), help="From the office, to its request: machi central unit admit."),
    click.option("--fingerprint", help="Of a new unit's SSH key, as its own screen shows it: SHA256:…"),
    click.option("--reader", default="pcsc", show_default=True, help="Make of the card reader."),
    click.option("--reader-name", default="", help="Part of the reader's name, where there are several."),
    click.option("--screen-port", default=8101, show_default=True, help="Port of the screen's page; 0 for none."),
    click.option("--test", is_flag=True, help="Believe test keys and test cards: never for a unit that serves people."),
    click.option("--sticker", type=click.Path(dir_okay=False, path_type=Path), help="Where it goes [UNIT-….pdf]."),
    click.option("--dry-run", is_flag=True, help="Change nothing; say what is so already, and what would be done."),
)


def options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add what has to be said about a box that is to become a unit."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@click.command(
    epilog="\b\nExamples:\n  machi device provision lib01@192.0.2.7 --ticket lib01.ticket --fingerprint SHA256:…\n"
    "  machi device provision lib01@192.0.2.7 --ticket lib01.ticket --dry-run\n"
    "  machi device provision lib01@192.0.2.7 --answer lib01.answer"
)
@click.argument("unit", metavar="UNIT@HOST")
@options
@KEYS
@JSON
def provision(
    unit: str,
    ticket: Any,
    answer: Any,
    fingerprint: str | None,
    dry_run: bool,
    folder: Path,
    as_json: bool,
    **asked: Any,
) -> None:
    """Set up the unit at UNIT@HOST: clock, configuration, keys, enrolment, services, checks, first entry, sticker.

    Saying it twice goes on where it ended: what is so already is said and left. Meanwhile nobody else can change it.
    Where nothing reaches the centre, it ends with the unit's request as a file for the office, and goes on with its
    answer.
    """
    from device.fleet import read_target
    from device.provision import STEPS
    from device.ssh import Road

    with plainly(), ExitStack() as stack:
        target = read_target(unit)
        keys = keys_of(folder, "provision")
        road = Road(keys, target)
        if fingerprint:
            compare(road, keys, fingerprint)
        given = read(ticket), read(answer)
        work = work_for(taken_up(road, stack, dry_run=dry_run), keys, given, asked)
        taken = go(STEPS, work, dry=dry_run)
    document = {"schema": "machi.device.provision/1", "unit": target.unit, "dry_run": dry_run, "key": work.about.key}
    finish(document, {"steps": taken}, as_json=as_json, ready=not dry_run)


def read(file: Any) -> bytes:
    """Return what is in a file that was named; b"" if none was."""
    return file.read() if file else b""


def compare(road: "Road", keys: "Keys", fingerprint: str) -> None:
    """Remember the key that a new unit shows, if it is the one that a person has read off its screen."""
    from device.errors import DeviceError, Exit

    key, shown = road.shown()
    if shown != fingerprint:
        raise DeviceError(
            Exit.REFUSED,
            ja=f"鍵がちがいます。この機械が見せたのは {shown}",
            en=f"this is another machine, or somebody is in between: it shows {shown}",
            do_ja="ケーブルで直接つないで、もう一度見くらべてください",
            do_en="connect to it by a cable of its own, and compare once more",
        )
    keys.pin(road.target.unit, key)


def work_for(unit: "Unit", keys: "Keys", given: tuple[bytes, bytes], asked: dict[str, Any]) -> Any:
    """Return what the steps of a provisioning need, of what was said on the command line."""
    from device.provision import Work
    from drivers.clock.system import Driver as SystemClock
    from sync import installed
    from sync.technician import SetUp

    sticker = asked.pop("sticker")
    ticket, answer = given
    return Work(
        unit=unit,
        keys=keys,
        asked=SetUp(unit.name, **asked),
        ticket=ticket,
        answer=answer,
        clock=SystemClock(),
        answers=_answers,
        register=installed.register(),
        paper=sticker or Path(f"{unit.name}-sticker.pdf"),
        about=unit.about(),
    )


def _answers(host: str, port: int) -> bool:
    """Tell whether somebody answers at an address."""
    import socket

    try:
        socket.create_connection((host, port), _ANSWER_S).close()
    except OSError:
        return False
    return True
