"""Finds the programs of the town: every folder in `programs/` is one, and nothing else has to be told.

A folder may come from another distribution: `programs` is a namespace, so a town can add its own beside ours.
"""

import importlib
import importlib.util
import pkgutil
from types import ModuleType
from typing import Any

from sync.entries import Fact
from sync.program import Program


def parts(part: str) -> dict[str, ModuleType]:
    """Return `programs/<name>/<part>.py` of every program that has one, by name, in alphabetical order.

    Args:
        part: "rules", "terminal" or "office".
    """
    folder = importlib.import_module("programs")
    names = sorted(module.name for module in pkgutil.iter_modules(folder.__path__) if module.ispkg)
    wanted = {name: f"programs.{name}.{part}" for name in names}
    return {
        name: importlib.import_module(path)
        for name, path in wanted.items()
        if importlib.util.find_spec(path) is not None
    }


def programs() -> tuple[Program[Any], ...]:
    """Return every program's rules."""
    return tuple(module.PROGRAM for module in parts("rules").values())


def facts() -> tuple[type[Fact], ...]:
    """Return every program's kinds of fact, whether or not it decides at a counter."""
    return tuple(kind for module in parts("entries").values() for kind in module.KINDS)
