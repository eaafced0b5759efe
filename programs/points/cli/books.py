"""What touches have earned: booked, and explained."""

from pathlib import Path

import click

from central.cli.common import FOLDER, JSON, NotFoundError, open_books, plainly
from programs.points.cli.plans import DRY_RUN
from programs.points.cli.telling import tell


@click.command(
    epilog="\b\nExamples:\n  machi central points settle /srv/town\n"
    "  machi central points settle /srv/town --dry-run --json"
)
@FOLDER
@DRY_RUN
@JSON
def settle(folder: Path, dry_run: bool, as_json: bool) -> None:
    """Book what touches have earned, late ones too; stop rules whose budget is used up; take away what has run out.

    Run it every night; twice does no harm.
    """
    from programs.points.settling import settle as bring_up_to_date

    centre = open_books(folder)
    with plainly():
        made = bring_up_to_date(centre, is_trial=dry_run)
    document = {
        "cards": len({one.card for one in made.booked}),
        "given": sum(one.points for one in made.booked if one.points > 0),
        "taken_back": -sum(one.points for one in made.booked if one.points < 0),
        "expired": sum(one.points for one in made.expired),
        "stopped": [one.rule for one in made.stopped],
        "used": made.used,
        "written": not dry_run,
    }
    tell({"schema": "machi.central.points.settle/1", **document}, as_json=as_json)


@click.command(
    epilog="\b\nExamples:\n  machi central points explain /srv/town lib01/9f3c0a1b22d4e5f6/42\n"
    "  machi central points explain /srv/town lib01/9f3c0a1b22d4e5f6/42 --json"
)
@FOLDER
@click.argument("entry")
@JSON
def explain(folder: Path, entry: str, as_json: bool) -> None:
    """Say why an ENTRY (unit/boot/number) got its points: which rules fit, and why the others did not."""
    from programs.points.days import written
    from programs.points.explaining import NoTouchError, names_of
    from programs.points.explaining import explain as look_into
    from programs.points.judging import Why
    from programs.points.office import book_in
    from programs.points.sentences import reason, sentence
    from sync.entries import EntryId

    centre = open_books(folder)
    with plainly(), centre.reconciler.counted() as connection:
        try:
            found = look_into(connection, centre.town.register, EntryId.parse(entry))
        except NoTouchError as error:
            raise NotFoundError(str(error)) from error
        names = names_of(connection, book_in(connection))
    judged = [
        {
            "rule": rule.id,
            "fits": why is Why.GIVEN,
            "why": why.value,
            "ja": reason(why, rule, names).ja,
            "en": reason(why, rule, names).en,
            "sentence_ja": sentence(rule, names).ja,
            "sentence_en": sentence(rule, names).en,
        }
        for rule, why in found.found
    ]
    document = {
        "entry": entry,
        "card": found.card,
        "place": found.touch.place,
        "day": written(found.touch.day),
        "points": found.points,
        "plan": found.proposal,
        "rules": judged,
    }
    tell({"schema": "machi.central.points.explain/1", **document}, as_json=as_json)


COMMANDS = (settle, explain)
