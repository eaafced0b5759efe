"""Which units are meant: named one by one, or listed in a file (TOML), and what came of asking them."""

import re
import tomllib
from collections.abc import Sequence
from typing import Annotated, Final, NamedTuple

import msgspec

from device.errors import DeviceError, Exit
from device.ssh import Target
from sync.entries import UNIT_PATTERN, UnitName

_NAMED: Final = re.compile(r"(?P<unit>[^@]+)@(\[(?P<six>[0-9A-Fa-f:.%]+)\]|(?P<host>[^@:\[\]]+))(:(?P<port>\d{1,5}))?")
_HOST: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z.:%_-]*")  # never an option of ssh


class _Listed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: UnitName
    host: str
    port: Annotated[int, msgspec.Meta(ge=1, le=65535)] = 22


class _Fleet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    unit: tuple[_Listed, ...] = ()


class Asked(NamedTuple):
    """A unit and what came of asking it; exactly one of the two is there."""

    target: Target
    found: object
    error: DeviceError | None


def read_target(word: str) -> Target:
    """Read `UNIT@HOST` or `UNIT@HOST:PORT`.

    Raises:
        DeviceError: it is not of that form.
    """
    named = _NAMED.fullmatch(word)
    host = (named["six"] or named["host"]) if named else ""
    if named and re.fullmatch(UNIT_PATTERN, named["unit"]) and _HOST.fullmatch(host):
        return Target(named["unit"], host, int(named["port"] or 22))
    raise DeviceError(
        Exit.USAGE,
        ja=f"「{word}」は 端末名@アドレス ではありません",
        en=f'"{word}" is not of the form UNIT@HOST or UNIT@HOST:PORT, as in lib01@192.0.2.7',
    )


def read_fleet(raw: bytes, name: str) -> list[Target]:
    """Read a list of units: a table `[[unit]]` for each, with `name`, `host` and perhaps `port`.

    Raises:
        DeviceError: it is none, or names a unit twice.
    """
    try:
        listed = msgspec.convert(tomllib.loads(raw.decode()), _Fleet).unit
        targets = [read_target(f"{one.name}@{_bracketed(one.host)}:{one.port}") for one in listed]
        if len({target.unit for target in targets}) < len(targets):
            raise ValueError("a unit is listed twice")
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError, ValueError) as error:
        raise DeviceError(Exit.USAGE, ja=f"{name} が読めません: {error}", en=f"{name}: {error}") from error
    return targets


def exit_code(asked: Sequence[Asked], wrong: Sequence[bool]) -> int:
    """Return how a command ends: one unit's own code; of several, that something needs a person."""
    codes = [int(one.error.code) if one.error else Exit.CHECK * bad for one, bad in zip(asked, wrong, strict=True)]
    return codes[0] if len(codes) == 1 else Exit.CHECK * any(codes)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
