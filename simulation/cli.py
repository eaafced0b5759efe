"""`machi simulate`: a whole town from a seed, under faults, held against what people saw."""

import click

from simulation.model.cli import model
from simulation.rights.cli import rights
from simulation.year.cli import year


@click.group()
def simulate() -> None:
    """Play a town from a seed, break it in every way, and see that nothing is lost."""


@simulate.command(
    epilog="\b\nExamples:\n"
    "  machi simulate town --seed 7 --days 2 --faults harsh\n"
    "  machi simulate town --seeds 1-1000 --faults every --jobs 2\n"
    "  machi simulate town --replay tests/simulation/regressions/0001.jsonl"
)
@click.option("--seed", type=int, help="One seed; one is drawn if there is none.")
@click.option("--seeds", help="Many: FIRST-LAST.")
@click.option("--days", type=click.IntRange(1), default=1, show_default=True)
@click.option("--units", type=click.IntRange(1, 60), default=3, show_default=True)
@click.option("--cards", type=click.IntRange(2), default=8, show_default=True)
@click.option("--faults", default="harsh", show_default=True, help="A profile, or every: each seed takes the next.")
@click.option("--shops", type=click.IntRange(0), default=0, show_default=True, help="How many units take coin.")
@click.option("--insured", is_flag=True, help="A fund stands in where the town cannot be asked.")
@click.option("--counter", "counters", is_flag=True, help="Cards with a counter of their own are paid with by it.")
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True, help="Processes.")
@click.option("--minutes", type=float, help="Begin no further seed after so long.")
@click.option("--replay", type=click.Path(exists=True, dir_okay=False), help="Play a saved plan instead.")
@click.option("--save", type=click.Path(dir_okay=False), help="Where to save the shortest failing plan.")
@click.option("--trace", "show_trace", is_flag=True, help="Print what happened, line by line (one seed).")
@click.option("--shrink/--no-shrink", "shrinks", default=True, help="Cut a failing plan down.")
@click.option("--keep-going", is_flag=True, help="Of many seeds, play all; only list what fails.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def town(**asked: object) -> None:
    """Play a town for some days, and hold what people saw against the books.

    \b
    Exit code 0: no promise was broken. 2: one was; the shortest plan that still breaks it is printed, with what
    people saw beside what the books say, and the command that plays it again.
    """  # noqa: D301 - click keeps lines as they are behind a real backspace
    from simulation.asked import Asked, answer

    raise SystemExit(answer(Asked(**asked)))  # type: ignore[arg-type]


simulate.add_command(model)
simulate.add_command(rights)
simulate.add_command(year)
