"""The words of the console: the core's own, and those that each program brings in its folder."""

from collections.abc import Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

import msgspec

from central.console.moment import Say
from sync import installed

_FILE: Final = "words.toml"
_PROGRAM_FILE: Final = "console.toml"


class Figure(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A program's total: what it is called, and what exactly it counts."""

    ja: str
    en: str
    note_ja: str = ""
    note_en: str = ""


class Advice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A kind of incident: what it means, and what a person should do about it."""

    ja: str
    en: str
    do_ja: str
    do_en: str


class _Brought(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    kinds: dict[str, Say] = {}
    figures: dict[str, Figure] = {}
    incidents: dict[str, Advice] = {}
    troubles: dict[str, Advice] = {}
    called: Say | None = None


class Words:
    """Looks words up; what nobody has words for is called by its name."""

    def __init__(self) -> None:
        core = _read(files("central.console") / _FILE)
        programs = {name: _read(files(f"programs.{name}") / _PROGRAM_FILE) for name in installed.parts("office")}
        self._kinds = dict(core.kinds)
        for brought in programs.values():
            self._kinds |= brought.kinds
        self._figures = {name: brought.figures for name, brought in programs.items()}
        self._incidents = core.incidents
        self._troubles = core.troubles
        self._called = {name: brought.called for name, brought in programs.items()}

    def tell(self, kind: str, fields: Mapping[str, object]) -> Say:
        """Say what an entry tells."""
        say = self._kinds.get(kind)
        if say is None:
            return Say(f"記録「{kind}」", f"An entry of kind {kind}")
        known = _Known(fields)
        return Say(say.ja.format_map(known), say.en.format_map(known))

    def called(self, program: str) -> Say:
        """Return what a program is called where residents read it."""
        return self._called.get(program) or Say(program, program)

    def figure(self, program: str, name: str) -> Figure:
        return self._figures.get(program, {}).get(name) or Figure(f"{program}: {name}", f"{program}: {name}")

    def advice(self, kind: str, means: str) -> Advice:
        """Return what an incident means; `means`: the English of the core, for a kind without other words."""
        unknown = "くわしい人に見てもらってください。", "Ask somebody who knows the units."
        return self._incidents.get(kind) or Advice(f"できごと「{kind}」", means or kind, *unknown)

    def trouble(self, kind: str, fields: Mapping[str, object]) -> Advice:
        """Return what a kind of trouble is, and what a person should do about it.

        Raises:
            KeyError: nobody has words for it.
        """
        said = self._troubles[kind]
        return Advice(*(text.format_map(fields) for text in (said.ja, said.en, said.do_ja, said.do_en)))


class _Known(dict[str, object]):
    def __missing__(self, _key: str) -> str:
        return "—"


def _read(file: Traversable) -> _Brought:
    return msgspec.toml.decode(file.read_bytes(), type=_Brought) if file.is_file() else _Brought()
