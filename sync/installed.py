"""Finds the programs of the town: every folder in `programs/` is one, and nothing else has to be told.

A folder may come from another distribution: `programs` is a namespace, so a town can add its own beside ours.
"""

import functools
import importlib
import importlib.util
import pkgutil
from collections.abc import Mapping
from types import MappingProxyType, ModuleType
from typing import Any

from sync.entries import Fact
from sync.program import Fold, Program
from sync.rights import Moves, Right, rights


@functools.cache
def parts(part: str) -> Mapping[str, ModuleType]:
    """Return `programs/<name>/<part>.py` of every program that has one, by name, in alphabetical order.

    What is installed does not change while a process runs.

    Args:
        part: "rules", "terminal" or "office".
    """
    folder = importlib.import_module("programs")
    names = sorted(module.name for module in pkgutil.iter_modules(folder.__path__) if module.ispkg)
    wanted = {name: f"programs.{name}.{part}" for name in names}
    found = {
        name: importlib.import_module(path)
        for name, path in wanted.items()
        if importlib.util.find_spec(path) is not None
    }
    return MappingProxyType(found)


def programs() -> tuple[Program[Any], ...]:
    """Return every program's rules."""
    return tuple(module.PROGRAM for module in parts("rules").values())


def facts() -> tuple[type[Fact], ...]:
    """Return every program's kinds of fact, whether or not it decides at a counter."""
    return tuple(kind for module in parts("entries").values() for kind in module.KINDS)


@functools.cache
def rights_fold() -> Fold[Right]:
    """Return the reader of rights, which knows every program's facts that move some."""
    samples = (sample for program in programs() for sample in program.samples)
    return rights([sample for sample in samples if isinstance(sample, Moves)])
