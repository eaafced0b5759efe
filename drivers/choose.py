"""From a name in the unit's configuration to a driver: `load("reader", "pcsc", {...})`.

There is no registry. A kind is a folder, a make is a file in it, and a make says beside its code which options it
takes, in a struct called `Options`.
"""

import importlib
import importlib.util
from collections.abc import Mapping
from typing import Any

import msgspec


class UnknownDriverError(ValueError):
    """The configuration names a make or an option that does not exist; the message lists those that do."""


def find(kind: str, make: str) -> Any:
    """Return the class `Driver` of `drivers/<kind>/<make>.py`, without making one: some begin to work by being made.

    Raises:
        UnknownDriverError: there is no such make.
        ImportError: a package that it needs is not installed.
    """
    name = f"drivers.{kind}.{make}"
    if not (kind.isidentifier() and importlib.util.find_spec(f"drivers.{kind}")):
        raise UnknownDriverError(f'no {kind} driver is called "{make}"')
    if not make.isidentifier() or make.startswith("_") or importlib.util.find_spec(name) is None:
        raise UnknownDriverError(f'no {kind} driver is called "{make}"; look into drivers/{kind}/')
    return importlib.import_module(name).Driver


def load(kind: str, make: str, options: Mapping[str, object] | None = None) -> Any:
    """Build the driver `drivers/<kind>/<make>.py` with its options.

    Raises:
        UnknownDriverError: there is no such make, it has no such option, or something that it needs is not installed.
    """
    try:
        driver = find(kind, make)
        chosen = msgspec.convert(dict(options or {}), driver.Options, strict=False)
        return driver(chosen)
    except msgspec.ValidationError as error:
        known = ", ".join(driver.Options.__struct_fields__) or "none"
        raise UnknownDriverError(f'{kind} driver "{make}": {error} (its options: {known})') from error
    except (ImportError, FileNotFoundError) as error:  # a package or a font that this make needs
        raise UnknownDriverError(f'{kind} driver "{make}": {error}') from error
