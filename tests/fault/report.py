"""What the faults did, a line for each kind, and a plain verdict at the end."""

from dataclasses import dataclass, field

import pytest

REPORT = pytest.StashKey["Report"]()


@dataclass
class Report:
    """Lines of figures by kind of fault, in the order in which they came."""

    lines: dict[str, dict[str, int | str]] = field(default_factory=dict)

    def add(self, kind: str, **figures: int | str) -> None:
        """Note what one kind of fault did; `_` in a name stands for a space."""
        self.lines[kind] = figures

    def text(self) -> list[str]:
        width = max(map(len, self.lines), default=0)
        return [f"  {kind:<{width}}  {_figures(figures)}" for kind, figures in self.lines.items()]


def _figures(figures: dict[str, int | str]) -> str:
    return ", ".join(f"{_number(value)} {name.replace('_', ' ')}" for name, value in figures.items())


def _number(value: int | str) -> str:
    return value if isinstance(value, str) else f"{value:,}"


def verdict(broken: int, not_tried: int) -> str:
    """Say in one sentence how it went."""
    if broken:
        return f"VERDICT: BROKEN. {broken} {'test' if broken == 1 else 'tests'} found a promise that was not kept."
    kept = "VERDICT: kept. Nothing that was announced was lost, nothing was booked twice."
    return f"{kept} Not tried on this machine: {not_tried}, see the reasons above." if not_tried else kept
