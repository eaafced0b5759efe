"""Rules: shown, tried on what happened, proposed by one officer and activated by another."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from central.cli.common import FOLDER, JSON, RefusedForSafetyError, open_books, plainly
from programs.points.cli.telling import tell
from sync.terminal import printable

if TYPE_CHECKING:
    import sqlalchemy as sa

    from programs.points.entries import Plan
    from programs.points.sentences import Say

DATE = click.DateTime(["%Y-%m-%d"])
RULES = click.argument("rules", type=click.File("rb"))
BY = click.option("--by", required=True, help="The officer who says so; it stands in the town's journal for ever.")
DRY_RUN = click.option("--dry-run", is_flag=True, help="Say what would be written, and write nothing.")


@click.command(
    epilog="\b\nExamples:\n  machi central points rules /srv/town\n  machi central points rules /srv/town --json"
)
@FOLDER
@JSON
def rules(folder: Path, as_json: bool) -> None:
    """Show the plans that were activated, each rule as a sentence, and what waits for a second officer."""
    from programs.points.activating import proposals
    from programs.points.office import book_in
    from sync.days import written

    centre = open_books(folder)
    with plainly(), centre.reconciler.counted() as connection:
        book = book_in(connection)
        active = [
            {
                "proposal": page.said.proposal,
                "proposed_by": page.said.proposed_by,
                "activated_by": page.said.by,
                "starts": written(page.said.plan.starts),
                "good_months": page.said.plan.good_months,
                "rules": _sentences(connection, page.said.plan),
            }
            for page in book.pages
        ]
        waiting = [
            {
                "proposal": one.id,
                "proposed_by": one.by,
                "starts": written(one.plan.starts),
                "rules": _sentences(connection, one.plan),
            }
            for one in proposals(connection)
            if not one.is_active
        ]
    document = {"active": active, "waiting": waiting, "stopped": dict(book.stops)}
    tell({"schema": "machi.central.points.rules/1", **document}, as_json=as_json)


@click.command(
    epilog="\b\nExamples:\n  machi central points preview /srv/town RULES.toml\n"
    "  machi central points preview /srv/town RULES.toml --from 2026-04-01 --to 2026-09-30 --yen-per-point 1"
)
@FOLDER
@RULES
@click.option("--from", "first", type=DATE, help="The first day to try it on; that of last month if left out.")
@click.option("--to", "last", type=DATE, help="The last one; that of last month if left out.")
@click.option(
    "--yen-per-point", type=click.IntRange(0, 1_000), default=1, show_default=True, help="What one costs (¥)."
)
@JSON
def preview(
    folder: Path, rules: BinaryIO, first: datetime | None, last: datetime | None, yen_per_point: int, as_json: bool
) -> None:
    """Try the plan in RULES on touches that really happened: people, points, cost. Nothing is written.

    `points_now`: what was booked for the same months; nothing is said of it for parts of months.
    """
    from central.calendar import day_at
    from programs.points.previewing import last_month
    from programs.points.previewing import preview as try_out
    from sync.days import day_of, written

    plan = _read(rules)
    centre = open_books(folder)
    with plainly(), centre.reconciler.counted() as connection:
        month = last_month(day_at(connection, centre.town.clock.wall_ms()))
        since = day_of(first.date()) if first else month[0]
        upto = day_of(last.date()) if last else month[1]
        if since > upto:
            raise click.UsageError(f"--from {written(since)} is after --to {written(upto)}")
        found = try_out(connection, plan, since, upto)
        sentences = _sentences(connection, plan)
    document: dict[str, Any] = {
        "from": written(since),
        "to": written(upto),
        "people": found.people,
        "people_touched": found.cards,
        "touches_with_points": found.touches,
        "touches": found.of,
        "points": found.points,
        "points_now": found.now,
        "more_percent": found.more_percent(),
        "cost_yen": found.points * yen_per_point,
        "rules": [
            {**said, "points": one.points, "people": one.people, "touches": one.touches, "budget": one.budget}
            for said, one in zip(sentences, found.rules, strict=True)
        ],
        "warnings": [_both(warning) for warning in found.warnings()],
    }
    tell({"schema": "machi.central.points.preview/1", **document}, as_json=as_json)


@click.command(
    epilog="\b\nExamples:\n  machi central points propose /srv/town RULES.toml --by 山田\n"
    "  machi central points propose /srv/town RULES.toml --by 山田 --dry-run"
)
@FOLDER
@RULES
@BY
@DRY_RUN
@JSON
def propose(folder: Path, rules: BinaryIO, by: str, dry_run: bool, as_json: bool) -> None:
    """Propose the plan in RULES: all rules that are to count from its first day on. Another officer activates it."""
    from programs.points.activating import propose as put_forward
    from sync.days import written

    plan = _read(rules)
    centre = open_books(folder)
    with _refusals():
        made = put_forward(centre, plan, by, is_trial=dry_run)
        with centre.reconciler.counted() as connection:
            sentences = _sentences(connection, plan)
    document = {"proposal": made.id, "by": made.by, "starts": written(plan.starts), "rules": sentences}
    tell({"schema": "machi.central.points.propose/1", **document, "written": not dry_run}, as_json=as_json)


@click.command(
    epilog="\b\nExamples:\n  machi central points activate /srv/town 3f0a6c1b22d4 --by 佐藤\n"
    "  machi central points activate /srv/town 3f0a6c1b22d4 --by 佐藤 --dry-run"
)
@FOLDER
@click.argument("proposal")
@BY
@DRY_RUN
@JSON
def activate(folder: Path, proposal: str, by: str, dry_run: bool, as_json: bool) -> None:
    """Put a PROPOSAL of another officer into force: every unit hears of it with its next contact.

    A unit that hears of it late says too few points until then; the centre books what is right.
    """
    from programs.points.activating import activate as put_into_force
    from sync.days import written

    centre = open_books(folder)
    with _refusals():
        said = put_into_force(centre, proposal, by, is_trial=dry_run)
        with centre.reconciler.counted() as connection:
            sentences = _sentences(connection, said.plan)
    officers = {"proposal": said.proposal, "proposed_by": said.proposed_by, "activated_by": said.by}
    document = {**officers, "starts": written(said.plan.starts), "rules": sentences, "written": not dry_run}
    tell({"schema": "machi.central.points.activate/1", **document}, as_json=as_json)


def _read(rules: BinaryIO) -> "Plan":
    """Read a plan; say of every field what is wrong with it."""
    from programs.points.written import PlanError, read

    try:
        return read(rules.read())
    except PlanError as error:
        raise click.UsageError("\n".join(printable(problem) for problem in error.problems)) from error


def _sentences(connection: "sa.Connection", plan: "Plan") -> list[dict[str, str]]:
    from programs.points.book import Book
    from programs.points.explaining import names_of
    from programs.points.sentences import sentence

    names = names_of(connection, Book(), *plan.rules)
    said = [(rule.id, sentence(rule, names)) for rule in plan.rules]
    return [{"rule": rule, "ja": one.ja, "en": one.en} for rule, one in said]


def _both(one: "Say") -> dict[str, str]:
    return {"ja": one.ja, "en": one.en}


@contextmanager
def _refusals() -> Iterator[None]:
    """Turn what the office may not do into a sentence and exit code 6."""
    from programs.points.activating import NotActivatedError

    try:
        with plainly():
            yield
    except NotActivatedError as error:
        raise RefusedForSafetyError(str(error)) from error


COMMANDS = (rules, preview, propose, activate)
