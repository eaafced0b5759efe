"""`machi simulate year`: a fictional town's year in a centre's folder, to be looked at with `machi central serve`."""

from pathlib import Path

import click


@click.command(
    epilog="\b\nExamples:\n  machi simulate year /tmp/year\n"
    "  machi simulate year /tmp/year --seed 7 --touches 20000 --json"
)
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--seed", type=int, default=1, show_default=True, help="Another seed, another year.")
@click.option("--touches", type=click.IntRange(1_000), default=417_000, show_default=True, help="In the year.")
@click.option("--units-port", type=int, default=8443, show_default=True)
@click.option("--console-port", type=int, default=8080, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def year(folder: Path, seed: int, touches: int, units_port: int, console_port: int, as_json: bool) -> None:
    """Found a fictional town in FOLDER, and take in a year of what its units signed.

    Its proportions are those of a real town of 9,945 people; its keys are thrown from the seed, for nobody to use.
    """
    import msgspec

    from central.found import Plan
    from simulation.year import Size
    from simulation.year.town import play, publish_year

    plan = Plan("todai", "灯台町", "Todai", "00-1234", units_port, ("localhost", "127.0.0.1"), console_port)
    if folder.exists() and any(folder.iterdir()):
        raise click.UsageError(
            f"{folder} には何か入っています。空のフォルダーを。 / {folder} is not empty: name another."
        )
    centre = play(folder, Size(touches=touches, seed=seed), plan)
    segments = centre.reconciler.catch_up()
    months = publish_year(centre)
    figures = centre.reconciler.figures()
    document = {"schema": "machi.simulate.year/1", "folder": str(folder), "segments": segments, "figures": figures}
    document["published"] = months
    click.echo(msgspec.json.encode(document) if as_json else f"{folder}: {segments} segments, {figures['visits']}")
