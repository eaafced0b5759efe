"""`machi simulate model`: every order in which things can go wrong, up to a bound."""

import sys
from typing import TYPE_CHECKING, Any, Final

import click
import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from simulation.model.run import Mistake, Searched

CHECK_FAILED: Final = 2


@click.command(
    epilog="\b\nExamples:\n"
    "  machi simulate model\n"
    "  machi simulate model --what sync --depth 8\n"
    "  machi simulate model --what rights --json"
)
@click.option("--what", type=click.Choice(("sync", "rights")), help="Only one of the two searches.")
@click.option(
    "--depth", type=click.IntRange(1), help="At most so many steps from the start; without it, all there are."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def model(what: str | None, depth: int | None, as_json: bool) -> None:
    """Try every order of events between two units and the centre, and hold each state against the laws.

    `sync` runs the real code of unit and centre; `rights` is the specification of how money is lent to units. A broken
    law is told in the fewest steps that lead there. Then mistakes are planted, each of which has to be found. All of it
    takes some minutes; docs/model.md says what it shows. Exit code 2: a law was broken, or a mistake was not found.
    """
    from simulation.model.run import LAWS, mistakes, searches

    asked = (what,) if what else ("sync", "rights")
    searched = []
    for one in asked:
        for found in searches(one, depth, lambda words: click.echo(words, err=True)):
            searched.append(found)
            if not as_json:
                _say_search(found)
    planted = [mistake for one in asked for mistake in mistakes(one)]
    is_good = not any(found.broken for found in searched) and all(one.found for one in planted)
    document = {
        "schema": "machi.simulate.model/1",
        "good": is_good,
        "states": sum(found.states for found in searched),
        "transitions": sum(found.transitions for found in searched),
        "seconds": round(sum(found.seconds for found in searched), 1),
        "laws": {one: LAWS[one] for one in asked},
        "searches": searched,
        "mistakes": planted,
    }
    if as_json:
        click.echo(msgspec.json.encode(document))
    else:
        _say_mistakes(planted)
        _say_verdict(document)
    if not is_good:
        sys.exit(CHECK_FAILED)


def _say_search(found: "Searched") -> None:
    extent = "all there are" if found.complete else "not all"
    click.echo(
        f"{found.what}, {found.scenario}: {found.states:,} states ({extent}), {found.transitions:,} transitions,"
        f" {found.depth} steps deep, {found.seconds} s"
    )
    click.echo("  met: " + ", ".join(f"{name} {count:,}" for name, count in found.reached.items()))
    if found.broken:
        click.echo(f"  BROKEN: {found.broken}")
        for number, step in enumerate(found.trace, 1):
            click.echo(f"  {number:3}. {step}")


def _say_mistakes(planted: "Sequence[Mistake]") -> None:
    for one in planted:
        said = f"found {len(one.trace)} deep" if one.found else "NOT FOUND"
        click.echo(f"planted: {one.mistake}: {said} ({one.breaks})")


def _say_verdict(document: "Mapping[str, Any]") -> None:
    for what, laws in document["laws"].items():
        click.echo(f"laws of {what}:")
        for law in laws:
            click.echo(f"  {law}")
    verdict = "no law is broken, every mistake is found" if document["good"] else "THIS IS NOT AS IT SHOULD BE"
    click.echo(
        f"{document['states']:,} states, {document['transitions']:,} transitions, {document['seconds']} s: {verdict}"
    )
