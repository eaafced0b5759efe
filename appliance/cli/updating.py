"""`machi unit boot-slot`: what is started."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
import msgspec

from appliance.cli.common import JSON, HardwareError, NotFoundError, RefusedForSafetyError
from appliance.updates import SETTINGS_FILE

if TYPE_CHECKING:
    from appliance.slots import Slots

SETTINGS = click.option(
    "--settings",
    type=click.Path(path_type=Path),
    default=SETTINGS_FILE,
    help=f"What the image says of its updates [{SETTINGS_FILE}].",
)
_WITHOUT_SLOT: Final = ("get-primary", "get-current")
_WITH_STATE: Final = "set-state"
_GOOD, _BAD = "good", "bad"
_VERBS: Final = (*_WITHOUT_SLOT, "set-primary", "get-state", _WITH_STATE)


@contextmanager
def of_slots() -> Iterator[None]:
    """Turn what a technician can mend into a sentence and an exit code."""
    from appliance.slots import SlotError
    from appliance.updates import UpdatesError
    from drivers.boot import BootError, CannotTryError

    try:
        yield
    except UpdatesError as error:
        raise NotFoundError(str(error)) from error
    except (SlotError, CannotTryError) as error:
        raise RefusedForSafetyError(str(error)) from error
    except BootError as error:
        raise HardwareError(str(error)) from error


@click.command(
    "boot-slot",
    epilog="\b\nExamples:\n  machi unit boot-slot get-primary\n  machi unit boot-slot get-state b --json\n"
    "  machi unit boot-slot set-primary b\n  machi unit boot-slot set-state b good",
)
@click.argument("verb", type=click.Choice(_VERBS))
@click.argument("slot", type=click.Choice(["a", "b"]), required=False)
@click.argument("state", type=click.Choice([_GOOD, _BAD]), required=False)
@SETTINGS
@JSON
def boot_slot(verb: str, slot: str | None, state: str | None, settings: Path, as_json: bool) -> None:
    """Say or set which of the card's two systems is started: what RAUC asks of a bootloader.

    A slot that is made primary is only tried, once; it stays if it is called good while it runs.
    """
    from appliance.slots import Slots
    from appliance.updates import boot_of, read_settings

    if (slot is None) != (verb in _WITHOUT_SLOT) or (state is None) != (verb != _WITH_STATE):
        raise click.UsageError("say get-primary, get-current, get-state SLOT, set-primary SLOT, set-state SLOT STATE")
    with of_slots():
        said = _answer(Slots(boot_of(read_settings(settings))), verb, slot or "", state or "")
    if as_json:
        click.echo(msgspec.json.encode({"schema": "machi.unit.boot-slot/1", "said": said}))
    elif said:
        click.echo(said)


def _answer(slots: "Slots", verb: str, name: str, state: str) -> str:
    from drivers.boot import Slot

    match verb, state:
        case "get-primary", _:
            return slots.primary()
        case "get-current", _:
            return slots.current()
        case "get-state", _:
            return _GOOD if slots.is_good(Slot(name)) else _BAD
        case "set-primary", _:
            slots.start_next(Slot(name))
        case _, "good":
            slots.mark_good(Slot(name))
        case _:
            slots.mark_bad(Slot(name))
    return ""
