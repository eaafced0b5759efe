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

from sync import facts as core
from sync.entries import Fact, Register
from sync.program import Beside, Fold, Program
from sync.rights import Moves, Right, rights


@functools.cache
def parts(part: str) -> Mapping[str, ModuleType]:
    """Return `programs/<name>/<part>.py` of every program that has one, by name, in alphabetical order.

    What is installed does not change while a process runs.

    Args:
        part: "rules", "terminal", "office", "pages", "resident", "belongings", "lately", "pulled",
            "trail", "calls" or "cli".
    """
    return MappingProxyType({name: importlib.import_module(_path(name, part)) for name in with_part(part)})


def with_part(part: str) -> tuple[str, ...]:
    """Return the names of the programs that have such a part, without loading it."""
    folder = importlib.import_module("programs")
    names = sorted(module.name for module in pkgutil.iter_modules(folder.__path__) if module.ispkg)
    return tuple(name for name in names if importlib.util.find_spec(_path(name, part)) is not None)


def _path(program: str, part: str) -> str:
    return f"programs.{program}.{part}"


def programs() -> tuple[Program[Any], ...]:
    """Return the rules of every program that decides at a counter."""
    return tuple(module.PROGRAM for module in parts("rules").values() if isinstance(module.PROGRAM, Program))


def besides() -> tuple[Beside[Any], ...]:
    """Return the rules of those that have something to say of what the others write."""
    return tuple(module.PROGRAM for module in parts("rules").values() if isinstance(module.PROGRAM, Beside))


def folds() -> tuple[Fold[Any], ...]:
    """Return every reader: the programs with those that they bring, and that of rights."""
    readers = (*(one.readers for one in programs()), *(one.readers for one in besides()))
    return (*programs(), *besides(), *(fold for some in readers for fold in some), rights_fold())


def facts() -> tuple[type[Fact], ...]:
    """Return every program's kinds of fact, whether or not it decides at a counter."""
    return tuple(kind for module in parts("entries").values() for kind in module.KINDS)


@functools.cache
def register() -> Register:
    """Return the register of the core's facts and every program's."""
    return core.register(facts())


@functools.cache
def rights_fold() -> Fold[Right]:
    """Return the reader of rights, which knows every program's facts that move some."""
    samples = (sample for program in programs() for sample in program.samples)
    return rights([sample for sample in samples if isinstance(sample, Moves) and sample.moves[1]])
