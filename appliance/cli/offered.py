"""`machi unit offered`: the system that the town offers goes in, if it may. systemd runs it, as root, now and then."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
import msgspec

from appliance.cli.common import JSON, HardwareError, RefusedForSafetyError, hatch_of
from appliance.cli.updating import (
    SETTINGS,
    UNIT,
    InTheWay,
    Job,
    alone,
    install,
    machine_of,
    of_slots,
    say_installed,
    say_refusals,
    start_anew,
)

if TYPE_CHECKING:
    from appliance.installing import Refusal
    from appliance.offers import Wanted
    from appliance.updates import Kept, Note, Settings
    from drivers.boot import Boot
    from sync.updates import Offered

_WORDS: Final = {
    "nothing": ("町から出ている新しいシステムはありません", "the town offers nothing that is not settled"),
    "held": ("町が、この新しいシステムを止めています", "the town holds what it offers"),
    "not-here": ("新しいシステムは、まだ届いていません", "what the town offers is not here yet"),
    "not-now": ("決められた時間になるまで待ちます", "it waits for the hours that the town has named"),
}


@click.command(epilog="\b\nExamples:\n  machi unit offered\n  machi unit offered --json")
@UNIT
@SETTINGS
@JSON
def offered(folder: Path, settings: Path, as_json: bool) -> None:
    """Install the system that the town offers, once it is here and its hour has come, and start the unit anew.

    By the rules of machi unit update, and exit code 6 if one of them is in the way; what will not pass is told to the
    town. Nothing older than what runs goes in this way.
    """
    from appliance.updates import Kept, Refused, boot_of, read_settings

    with of_slots():
        image = read_settings(settings)
        kept, boot = Kept(Path(image.folder)), boot_of(image)
        with alone(Path(image.folder)):
            wanted = _wanted(folder)
            offer = wanted.offer
            try:
                found = _go_on(wanted, folder, image, kept, boot)
            except (InTheWay, HardwareError) as error:
                if offer and (about := _lasting(error)):
                    kept.set_refused(Refused(offer.number, about))
                if isinstance(error, HardwareError):
                    raise
                say_refusals(error.why, as_json=as_json)
                sys.exit(RefusedForSafetyError.exit_code)
            finally:
                kept.forget_bundle()
    if isinstance(found, str):
        _say(found, offer, as_json=as_json)
        return
    say_installed(found, restart=True, as_json=as_json)
    start_anew()


def _wanted(folder: Path) -> "Wanted":
    with hatch_of(folder) as hatch:
        wanted: Wanted = hatch.update()
    return wanted


def _go_on(wanted: "Wanted", folder: Path, image: "Settings", kept: "Kept", boot: "Boot") -> "str | Note":
    """Do what may be done about an offer; return what was noted of it, or one of the words for why nothing is done."""
    from appliance.config import BUNDLE_END, BUNDLES_FOLDER
    from appliance.installing import hindered
    from drivers.clock.system import Driver as SystemClock

    offer = wanted.offer
    if offer is None or not wanted.may_fetch:
        return "nothing"
    if why := [one for one in hindered(machine_of(folder, None, image, kept, boot)) if _lasts(one)]:
        raise InTheWay(why)  # before more of it is fetched for nothing
    if not wanted.may_install:
        return "held"
    bundle = folder / BUNDLES_FOLDER / f"{offer.digest}{BUNDLE_END}"
    if not bundle.exists():
        return "not-here"
    if not offer.hours.hold(SystemClock().wall_ms(), wanted.utc_offset_minutes):
        return "not-now"
    job = Job(bundle, digest=offer.digest, offer=offer.number, still=lambda: _taken_back(folder, offer))
    return install(job, folder, image, kept, boot)


def _taken_back(folder: Path, offer: "Offered") -> "list[Refusal]":
    """Return why an offer that was installed is not tried: the town has held it or taken it back meanwhile."""
    from appliance.installing import TAKEN_BACK

    wanted = _wanted(folder)
    is_same = wanted.offer is not None and wanted.offer.number == offer.number
    return [] if is_same and wanted.may_install else [TAKEN_BACK]


def _lasts(refusal: "Refusal") -> bool:
    from appliance.installing import LASTING

    return refusal.about in LASTING


def _lasting(error: InTheWay | HardwareError) -> str:
    """Return, as a word for programs, why it never goes in; "" if that may pass."""
    if isinstance(error, HardwareError):
        return "slot"
    return next((one.about for one in error.why if _lasts(one)), "")


def _say(found: str, offer: "Offered | None", *, as_json: bool) -> None:
    if as_json:
        click.echo(msgspec.json.encode({"schema": "machi.unit.offered/1", "found": found, "offer": offer}))
        return
    for line in _WORDS[found]:
        click.echo(line)
