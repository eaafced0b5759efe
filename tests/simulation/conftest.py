"""Tells at the end of the tests which seeds were played, and what they came to."""

from collections import Counter
from collections.abc import Callable

import pytest

from simulation.deeds import Setting
from simulation.run import Outcome, play

_played: pytest.StashKey[list[Outcome]] = pytest.StashKey()
Judge = Callable[[Setting], Outcome]


@pytest.fixture
def judge(request: pytest.FixtureRequest) -> Judge:
    """Play a seed, and fail if it breaks a promise; say how to play it again."""

    def judge(setting: Setting) -> Outcome:
        outcome, town = play(setting)
        if town:
            town.end()
        request.config.stash.setdefault(_played, []).append(outcome)
        again = (
            f"machi simulate town --seed {setting.seed} --days {setting.days} --units {setting.units}"
            f" --cards {setting.cards} --faults {setting.faults} --shops {setting.shops}"
            f"{' --insured' if setting.insured else ''}"
        )
        assert not outcome.findings, f"{outcome.findings[:3]}\n{outcome.crash}\nagain: {again}"
        return outcome

    return judge


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    played = config.stash.get(_played, [])
    if not played:
        return
    figures: Counter[str] = Counter()
    for outcome in played:
        figures.update(outcome.figures)
    days = sum(outcome.unit_days for outcome in played)
    cpu_s = sum(outcome.cpu_s for outcome in played)
    names = ("touches", "power cuts", "messages lost", "messages repeated", "centre deaths", "centre restores")
    terminalreporter.section("simulated towns")
    terminalreporter.write_line("seeds: " + " ".join(f"{o.setting.faults}:{o.setting.seed}" for o in played))
    terminalreporter.write_line(
        f"{days} unit-days, {days / cpu_s:.1f} per CPU second, "
        + ", ".join(f"{figures[name]:,} {name}" for name in names)
    )
