"""`machi simulate rights`: where money should lie before somebody stands there, and what other ways to decide cost."""

import logging
import sys
from collections.abc import Callable, Sequence
from typing import Final, TextIO

import click
import msgspec

BROKEN: Final = 2
_POLICIES: Final = ("ours", "strand", "greedy", "equal", "insured", "counter", "last-known", "store-and-forward")
_STRICT: Final = frozenset({"ours", "strand", "greedy", "equal", "counter"})
_OURS: Final = _STRICT | {"insured"}  # what units promise, they may


@click.command(
    epilog="\b\nExamples:\n"
    "  machi simulate rights --seed 1 --days 20 --cards 30\n"
    "  machi simulate rights --seeds 21-23 --sketch --plot rights.svg\n"
    "  machi simulate rights --seed 1 --sketch --cards 100 --policy ours --policy strand --bad all"
)
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--seeds", help="Many: FIRST-LAST; their figures are added up.")
@click.option("--days", type=click.IntRange(2), default=90, show_default=True, help="The first half only teaches.")
@click.option("--units", type=click.IntRange(1, 90), default=60, show_default=True)
@click.option("--cards", type=click.IntRange(1), default=1000, show_default=True)
@click.option("--balance", type=click.IntRange(1000), default=8000, show_default=True, help="Of a card in the middle.")
@click.option(
    "--bad",
    type=click.Choice(("nothing", "some", "all")),
    default="nothing",
    show_default=True,
    help="Units that are cut off for days: a third of them, or all.",
)
@click.option("--policy", "names", type=click.Choice(_POLICIES), multiple=True, help="Only these; repeatable.")
@click.option("--share", type=click.FloatRange(0, 1), help="How much of a card's money is dealt out.")
@click.option("--limit", type=click.IntRange(0), help="What one unit may hold, of all cards together (yen).")
@click.option("--sketch", is_flag=True, help="Arithmetic only, without journals and books: fast, proves nothing.")
@click.option("--plot", type=click.File("w", encoding="utf-8", lazy=True), help="Where to draw it (SVG).")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def rights(
    seed: int,
    seeds: str | None,
    days: int,
    units: int,
    cards: int,
    balance: int,
    bad: str,
    names: Sequence[str],
    share: float | None,
    limit: int | None,
    plot: TextIO | None,
    *,
    sketch: bool,
    as_json: bool,
) -> None:
    """Play a season of payments under outages, and compare how well people are served, and at whose risk.

    It runs the code that ships: units, journals, sync, ledger, the centre that deals rights out, the fund that stands
    in (insured), and cards that count (counter). Of other policies that accept more than rights, only the decision is
    in here; the ledger shows what that costs. Exit code 2: a policy that should be safe paid with money that nobody
    had.
    """
    from central.placement import Terms
    from simulation.rights.figures import Figures, table
    from simulation.rights.play import WAYS, play
    from simulation.rights.plot import draw
    from simulation.rights.season import Bad, Setting

    logging.disable(logging.CRITICAL)
    terms = Terms(limit=limit) if share is None else Terms(share, limit)
    found: dict[str, Figures] = {}
    for name in names or _POLICIES:
        found[name] = Figures()
        for number in _numbers(seed, seeds):
            setting = Setting(number, days, units, cards, balance, Bad(bad))
            found[name].add(play(setting, WAYS[name], terms, sketch=sketch, on_day=_tell(name, number)))
    if plot:
        plot.write(draw(found))
    if as_json:
        click.echo(msgspec.json.encode({"schema": "machi.simulate.rights/1", "policies": found}))
    else:
        click.echo(table(found))
    if any(found[name].overspent_yen for name in _STRICT & found.keys()) or any(
        found[name].short_yen for name in _OURS & found.keys()
    ):
        raise SystemExit(BROKEN)


def _numbers(seed: int, seeds: str | None) -> range:
    if seeds is None:
        return range(seed, seed + 1)
    first, _, last = seeds.partition("-")
    if not first.isdigit() or not (last or first).isdigit():
        raise click.BadParameter('write FIRST-LAST, as in "21-23"', param_hint="--seeds")
    return range(int(first), int(last or first) + 1)


def _tell(name: str, seed: int) -> Callable[[int], None]:
    """Return what says how far a season has come, to whoever waits at a terminal."""

    def tell(day: int) -> None:
        if sys.stderr.isatty():
            click.echo(f"\r{name}, seed {seed}: day {day + 1} \r", err=True, nl=False)

    return tell
