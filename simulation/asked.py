"""What `machi simulate town` is asked for, and its answer."""

import logging
import random
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click
import msgspec

from simulation import deeds, report
from simulation.deeds import Deed, Setting
from simulation.plan import draw
from simulation.profiles import EVERY, PROFILES
from simulation.run import Outcome, breaks, play, play_many, settings
from simulation.shrink import shrink

BROKEN: Final = 2
_SEEDS: Final = 1 << 31


@dataclass(frozen=True)
class Asked:
    """The options, as on the command line."""

    seed: int | None
    seeds: str | None
    days: int
    units: int
    cards: int
    faults: str
    shops: int
    insured: bool
    counters: bool
    jobs: int
    minutes: float | None
    replay: str | None
    save: str | None
    show_trace: bool
    shrinks: bool
    keep_going: bool
    as_json: bool

    def numbers(self) -> range:
        """Return the seeds.

        Raises:
            click.BadParameter: they cannot be read.
        """
        if self.seeds is None:
            seed = self.seed if self.seed is not None else random.SystemRandom().randrange(_SEEDS)
            return range(seed, seed + 1)
        first, _, last = self.seeds.partition("-")
        if not first.isdigit() or not (last or first).isdigit():
            raise click.BadParameter('write FIRST-LAST, as in "1-100"', param_hint="--seeds")
        return range(int(first), int(last or first) + 1)


def answer(asked: Asked) -> int:
    """Do what is asked, print it, and return the exit code."""
    logging.disable(logging.CRITICAL)  # units log what befalls them; here that is all in a day's work
    if asked.faults not in {*PROFILES, EVERY}:
        raise click.BadParameter(f"there are {', '.join(PROFILES)}, and {EVERY}", param_hint="--faults")
    if asked.replay:
        try:
            setting, plan = deeds.from_lines(Path(asked.replay).read_bytes())
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="--replay") from error
        return _tell_one(asked, play(setting, plan)[0], plan)
    numbers = asked.numbers()
    size = asked.days, asked.units, asked.cards
    wanted = settings(numbers, *size, asked.faults, asked.shops, asked.insured, asked.counters)
    if len(numbers) == 1:
        setting = next(wanted)
        return _tell_one(asked, play(setting)[0], draw(setting))
    return _tell_many(asked, wanted)


def _tell_one(asked: Asked, outcome: Outcome, plan: tuple[Deed, ...]) -> int:
    if asked.show_trace and not asked.as_json:
        click.echo("\n".join(outcome.lines))
    total = Total()
    total.add(outcome)
    total.say(asked)
    if not outcome.findings:
        return 0
    _tell_failure(asked, outcome.setting, plan, outcome.findings[0].kind)
    return BROKEN


def _tell_many(asked: Asked, wanted: Any) -> int:
    total = Total()
    until = time.monotonic() + asked.minutes * 60 if asked.minutes else None
    in_time = (setting for setting in wanted if until is None or time.monotonic() < until)
    for outcome in play_many(in_time, asked.jobs):
        total.add(outcome)
        if asked.keep_going and outcome.findings:
            first, setting = outcome.findings[0], outcome.setting
            click.echo(f"{setting.seed} {setting.faults}: {first.kind}: {first.text} {first.entry}", err=True)
        elif outcome.findings:
            total.say(asked)
            _tell_failure(asked, outcome.setting, draw(outcome.setting), outcome.findings[0].kind)
            return BROKEN
    total.say(asked)
    return BROKEN if total.broken else 0


def _tell_failure(asked: Asked, setting: Setting, plan: tuple[Deed, ...], kind: str) -> None:
    if asked.as_json and not asked.save:
        return
    if asked.shrinks:
        click.echo(f"seed {setting.seed}, {setting.faults}: {kind}; cutting the plan down …", err=True)
        plan = shrink(plan, breaks(setting, kind))
    replay = f"machi simulate town --seed {setting.seed} --days {setting.days} --units {setting.units}"
    replay += f" --cards {setting.cards} --faults {setting.faults} --shops {setting.shops}"
    replay += (" --insured" if setting.insured else "") + (" --counter" if setting.counters else "")
    if asked.save:
        Path(asked.save).write_bytes(deeds.to_lines(setting, plan))
        replay = f"machi simulate town --replay {asked.save}"
    if not asked.as_json:
        click.echo(report.failure(*play(setting, plan), replay))


@dataclass
class Total:
    """What all plans came to."""

    plans: int = 0
    unit_days: int = 0
    cpu_s: float = 0.0
    digest: str = ""

    def __post_init__(self) -> None:
        self.figures: Counter[str] = Counter()
        self.profiles: Counter[str] = Counter()
        self.broken: list[dict[str, Any]] = []

    def add(self, outcome: Outcome) -> None:
        self.plans += 1
        self.unit_days += outcome.unit_days
        self.cpu_s += outcome.cpu_s
        self.figures.update(outcome.figures)
        self.profiles[outcome.setting.faults] += 1
        self.digest = outcome.digest
        for found in outcome.findings:
            self.broken.append({"seed": outcome.setting.seed, "faults": outcome.setting.faults} | _plain(found))

    def say(self, asked: Asked) -> None:
        document = {
            "schema": "machi.simulate.town/1",
            "plans": self.plans,
            "unit_days": self.unit_days,
            "cpu_s": round(self.cpu_s, 2),
            "unit_days_per_cpu_s": round(self.unit_days / self.cpu_s, 1) if self.cpu_s else 0,
            "broken": len(self.broken),
            "profiles": dict(sorted(self.profiles.items())),
            "figures": dict(sorted(self.figures.items())),
            "trace": self.digest if self.plans == 1 else "",
            "findings": self.broken[:20],
        }
        if asked.as_json:
            click.echo(msgspec.json.encode(document))
            return
        for name, value in document.items():
            if value and name not in {"schema", "findings"}:
                click.echo(f"{name}: {_words(value)}")


def _plain(found: Any) -> dict[str, str]:
    return {"kind": found.kind, "text": found.text, "unit": found.unit, "entry": found.entry}


def _words(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {count:,}" for name, count in value.items())
    return f"{value:,}" if isinstance(value, int) else str(value)
