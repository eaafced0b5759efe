"""`machi unit seal|unseal`: a unit's secrets, laid on its disk so that the disk alone does not open them, and back."""

from pathlib import Path

import click
import msgspec

from appliance.cli.common import FOLDER, JSON, HardwareError, inside, plainly, say

_RUN = click.option(
    "--run",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder in memory, for what opens here and is to be loaded by systemd.",
)


@click.command(epilog="\b\nExamples:\n  machi unit seal lib01\n  machi unit seal lib01 --json")
@FOLDER
@_RUN
@JSON
def seal(folder: Path, run: Path | None, as_json: bool) -> None:
    """Seal this unit's secrets by what its board has (a TPM, a key burnt into it, or the host's key on the disk).

    machitap-keys.service does so at every start. A system that is on trial seals nothing, for the one before may come
    back. Exit code 8 if something is sealed and does not open here.
    """
    from appliance.config import driver, read_config
    from appliance.sealed import LockedError
    from appliance.sealing import open_all, sealable
    from appliance.sealing import seal as seal_all
    from drivers.choose import load
    from drivers.otp import OtpError
    from drivers.seal import SealError

    with inside(folder), plainly():
        here = Path()
        config = read_config(here)
        wanted = driver(config, "seal")
        by = wanted if wanted.seals else load("seal", "creds")  # what was sealed before goes on to open
        trouble = ""
        try:
            if by.seals:
                by.ready(driver(config, "otp").key())
            if wanted.seals and sealable(config):
                seal_all(here, by)
        except (SealError, OtpError) as error:
            trouble = str(error)
        found = open_all(here, by, run.absolute() if run else None)
        say({"schema": "machi.unit.seal/1", **msgspec.to_builtins(found), "trouble": trouble}, as_json=as_json)
        if found.locked:
            raise LockedError(", ".join(found.locked), found.why)
    if trouble:
        raise HardwareError(
            f"鍵は封じられないまま、ふつうに使われます\nthe keys stay in the clear, and serve as before: {trouble}"
        )


@click.command(epilog="\b\nExamples:\n  machi unit unseal lib01")
@FOLDER
@JSON
def unseal(folder: Path, as_json: bool) -> None:
    """Lay this unit's secrets into the clear again: before its card goes to another board, or to a system from before.

    The next start seals them again, by what its board has then, unless unit.toml says: [drivers.seal] make = "none".
    """
    from appliance.config import driver, read_config
    from appliance.sealed import LockedError
    from appliance.sealing import open_all
    from appliance.sealing import unseal as unseal_all
    from drivers.choose import load
    from drivers.seal import SealError

    with inside(folder), plainly():
        here = Path()
        by = driver(read_config(here), "seal")
        by = by if by.seals else load("seal", "creds")
        try:
            unseal_all(here, by)
        except SealError as error:
            raise LockedError("keys", str(error)) from error
        by.forget()
        found = open_all(here, by)
    say({"schema": "machi.unit.unseal/1", **msgspec.to_builtins(found)}, as_json=as_json)
