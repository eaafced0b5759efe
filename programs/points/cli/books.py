"""What touches have earned: booked, explained, and taken back where one should not have been."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from central.cli.common import FOLDER, JSON, NotFoundError, RefusedForSafetyError, open_books, plainly
from programs.points.cli.plans import BY, DRY_RUN
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
        "lacking": made.lacking,
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
    from programs.points.explaining import NoTouchError, names_of
    from programs.points.explaining import explain as look_into
    from programs.points.judging import Why
    from programs.points.office import book_in
    from programs.points.sentences import reason, sentence
    from sync.days import written
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
            "points": points,
            "why": why.value,
            "ja": reason(why, rule, names, points).ja,
            "en": reason(why, rule, names, points).en,
            "sentence_ja": sentence(rule, names).ja,
            "sentence_en": sentence(rule, names).en,
        }
        for rule, why, points in found.found
    ]
    document = {
        "entry": entry,
        "card": found.card,
        "of": found.of.value,
        "place": found.touch.place,
        "amount": found.touch.amount,
        "void": found.is_void,
        "day": written(found.touch.day),
        "points": found.points,
        "plan": found.proposal,
        "rules": judged,
    }
    tell({"schema": "machi.central.points.explain/1", **document}, as_json=as_json)


@click.command(
    epilog="\b\nExamples:\n  machi central points void /srv/town lib01/9f3c0a1b22d4e5f6/42 --because 試験 --by 山田\n"
    "  machi central points void /srv/town lib01/9f3c0a1b22d4e5f6/42 --because 試験 --by 山田 --dry-run"
)
@FOLDER
@click.argument("entry")
@click.option("--because", required=True, help="Why; it stands in the office's journal for ever. Name no person.")
@BY
@DRY_RUN
@JSON
def void(folder: Path, entry: str, because: str, by: str, dry_run: bool, as_json: bool) -> None:
    """Ask that an ENTRY (unit/boot/number), a touch or a payment, should give no points. Another officer confirms it.

    The entry stays, and a payment's money and own points with it: those are given back by `machi central coin refund`.
    """
    from programs.points.voiding import ask

    centre = open_books(folder)
    with _refusals():
        said = ask(centre, entry, because, by, is_trial=dry_run)
    document = {"entry": said.of, "card": said.card, "because": said.because, "by": said.by, "written": not dry_run}
    tell({"schema": "machi.central.points.void/1", **document}, as_json=as_json)


@click.command(
    epilog="\b\nExamples:\n  machi central points confirm-void /srv/town lib01/9f3c0a1b22d4e5f6/42 --by 佐藤\n"
    "  machi central points confirm-void /srv/town lib01/9f3c0a1b22d4e5f6/42 --by 佐藤 --refuse"
)
@FOLDER
@click.argument("entry")
@BY
@click.option("--refuse", is_flag=True, help="Say no instead; it may be asked for again.")
@DRY_RUN
@JSON
def confirm_void(folder: Path, entry: str, by: str, refuse: bool, dry_run: bool, as_json: bool) -> None:
    """Say yes to what another officer has asked for: the ENTRY gives no points, as if it had not been.

    `settle` takes back what it gave. It cannot be undone.
    """
    from programs.points.voiding import answer

    centre = open_books(folder)
    with _refusals():
        there = answer(centre, entry, by, is_yes=not refuse, is_trial=dry_run)
    document = {"entry": there.of, "because": there.because, "asked_by": there.by, "answered_by": by}
    document |= {"state": "refused" if refuse else "void"}
    tell({"schema": "machi.central.points.void.confirm/1", **document, "written": not dry_run}, as_json=as_json)


@click.command(
    epilog="\b\nExamples:\n  machi central points voids /srv/town\n  machi central points voids /srv/town --json"
)
@FOLDER
@JSON
def voids(folder: Path, as_json: bool) -> None:
    """Show which entries officers want to give no points, what waits for a second officer first."""
    from programs.points.voiding import requests

    centre = open_books(folder)
    with plainly(), centre.reconciler.counted() as connection:
        found = requests(connection)
    rows = [
        {"entry": one.of, "state": one.state, "because": one.because, "by": one.by, "answered_by": one.answered_by}
        for one in found
    ]
    tell({"schema": "machi.central.points.voids/1", "voids": rows}, as_json=as_json)


@contextmanager
def _refusals() -> Iterator[None]:
    """Turn what the office may not do into a sentence and exit code 6."""
    from programs.points.activating import NotActivatedError
    from programs.points.voiding import NotVoidedError

    try:
        with plainly():
            yield
    except (NotActivatedError, NotVoidedError) as error:
        raise RefusedForSafetyError(str(error)) from error


COMMANDS = (settle, explain, void, confirm_void, voids)
