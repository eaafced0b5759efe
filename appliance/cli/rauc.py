"""RAUC as a program: what is in a bundle, and installing one. It believes whom the image's settings name."""

import json
import subprocess
from pathlib import Path
from typing import Final

from appliance.installing import Bundle

_INFO_S: Final = 300
_INSTALL_S: Final = 3_600  # a card writes a gigabyte in a few minutes; a bad one takes its time
_LAST: Final = "LastError: "


class RaucError(Exception):
    """RAUC refuses, in its own words; or there is none (`is_missing`)."""

    def __init__(self, why: str, *, is_missing: bool = False) -> None:
        super().__init__(why)
        self.is_missing = is_missing


def info(settings: str, bundle: Path) -> Bundle:
    """Return what is in a bundle, once its signature is checked.

    Raises:
        RaucError: it is not signed by anybody whom the settings name, or it is none.
    """
    said = _run(_INFO_S, "-c", settings, "info", "--output-format=json", str(bundle))
    found = json.loads(said)
    return Bundle(found["compatible"], found["version"] or "")


def install(settings: str, bundle: Path) -> None:
    """Write a bundle into the slot that does not run, and let the next start try it.

    Raises:
        RaucError: it did not come to that; nothing starts the other slot.
    """
    _run(_INSTALL_S, "-c", settings, "install", str(bundle))


def _run(seconds: float, *words: str) -> str:
    try:
        done = subprocess.run(["rauc", *words], capture_output=True, text=True, check=False, timeout=seconds)  # noqa: S603, S607
    except FileNotFoundError as error:
        raise RaucError("rauc is not installed here", is_missing=True) from error
    except subprocess.TimeoutExpired as error:
        raise RaucError(f"rauc has not come to an end within {seconds:.0f} seconds") from error
    if done.returncode:
        raise RaucError(_why(f"{done.stdout}\n{done.stderr}"))
    return done.stdout


def _why(said: str) -> str:
    """Return the reason out of all that RAUC says: the error that it names last, or its last line."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    named = [line.partition(_LAST)[2] for line in lines if _LAST in line]
    return (named or lines or ["no reason"])[-1]
