"""`machi central lottery announce|show`: the rules of a draw, and how far it has come."""

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from central.cli.common import FOLDER, JSON, open_books, say
from programs.lottery.cli.asking import moment, refusing
from sync.terminal import printable

if TYPE_CHECKING:
    import sqlalchemy as sa

    from programs.lottery.rules import Course
    from programs.lottery.running import Plan


@click.command(epilog="\b\nExamples:\n  machi central lottery announce /srv/town spring.toml")
@FOLDER
@click.argument("plan", type=click.File("rb"))
@JSON
def announce(folder: Path, plan: BinaryIO, as_json: bool) -> None:
    """Publish the rules of a draw, as a PLAN (TOML) says them: they stand from then on.

    What a plan looks like is in docs/lottery.md. Prizes above a ceiling of 景品表示法 are refused, unless the note in
    the plan says who has looked at that.
    """
    from central.calendar import utc_offset_minutes
    from central.store import reading
    from programs.lottery import law
    from programs.lottery.running import announce as announce_draw

    centre = open_books(folder)
    with refusing():
        centre.reconciler.catch_up()
        with reading(centre.engine) as connection:
            offset = utc_offset_minutes(connection)
        rules = announce_draw(centre, _plan(plan, offset)).rules
    for warned in (*law.warnings(rules), *law.beside(rules)):
        click.echo(printable(f"注意 / note: {warned.ja} / {warned.en}"), err=True)
    say({"schema": "machi.central.lottery.announce/1", **_rules(rules, offset)}, as_json=as_json)


def _plan(file: BinaryIO, offset_minutes: int) -> "Plan":
    from datetime import UTC, datetime, timedelta, timezone

    import msgspec

    from programs.lottery.running import Plan

    try:
        values = tomllib.load(file)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise click.UsageError(f"計画の書き方が TOML ではありません。 / The plan is no TOML: {error}") from error
    close = values.pop("close", None)
    if not isinstance(close, datetime):
        raise click.UsageError(
            "締切を close = 2026-12-20T17:00:00 の形で書いてください。"
            " / Say when it closes, as in close = 2026-12-20T17:00:00"
        )
    if close.tzinfo is None:
        close = close.replace(tzinfo=timezone(timedelta(minutes=offset_minutes)))
    values["prizes"] = values.pop("prize", [])
    return msgspec.convert(values | {"close_at": int(close.astimezone(UTC).timestamp())}, Plan)


def _rules(rules: Any, offset: int) -> dict[str, Any]:
    from programs.lottery.beacon import time_of

    return {
        "draw": rules.draw,
        "title": f"{rules.title_ja} / {rules.title_en}",
        "prizes": rules.places,
        "alternates": rules.alternates,
        "cap": rules.cap,
        "cost_points": rules.cost_points,
        "closes": moment(rules.close_at, offset),
        "round": rules.round,
        "round_comes": moment(time_of(rules.round), offset),
    }


@click.command(
    epilog="\b\nExamples:\n  machi central lottery show /srv/town\n  machi central lottery show /srv/town 2026-spring"
)
@FOLDER
@click.argument("draw", required=False)
@click.option("--key", "with_key", is_flag=True, help="Also the key behind the list's tags: for auditors only.")
@JSON
def show(folder: Path, draw: str | None, with_key: bool, as_json: bool) -> None:
    """Show how far a DRAW has come and who has won; or the names of all draws."""
    from central.calendar import utc_offset_minutes
    from central.store import reading
    from programs.lottery.office import courses
    from programs.lottery.running import state_of

    centre = open_books(folder)
    with refusing():
        centre.reconciler.catch_up()
        with reading(centre.engine) as connection:
            known = courses(connection)
            if draw is None:
                named = {name: state_of(course) for name, course in known.items()}
                say(
                    {"schema": "machi.central.lottery.draws/1", **({"draws": named} if as_json else named)},
                    as_json=as_json,
                )
                return
            _show(connection, draw, known.get(draw), utc_offset_minutes(connection), with_key=with_key, as_json=as_json)


def _show(
    connection: "sa.Connection", draw: str, course: "Course | None", offset: int, *, with_key: bool, as_json: bool
) -> None:
    import msgspec

    from programs.lottery.errors import DrawError
    from programs.lottery.office import tickets_of
    from programs.lottery.publishing import frozen_of, results
    from programs.lottery.running import state_of, transcript_of

    if course is None or course.announced is None:
        raise DrawError(f"抽選「{draw}」はありません。", f"There is no draw {draw}.")
    said = course.announced[1]
    document: dict[str, Any] = {"state": state_of(course), **_rules(said.rules, offset)}
    document["tickets"] = sum(one.count for one in tickets_of(connection, draw))
    if frozen := frozen_of(connection, draw):
        document |= {"people": frozen.people, "list_sha256": frozen.list_sha256, "root": frozen.root}
    if with_key:
        document["key"] = said.key
    transcript = transcript_of(connection, draw)
    if transcript and as_json:
        document["transcript"] = msgspec.to_builtins(transcript)
    say({"schema": "machi.central.lottery.show/1", **document}, as_json=as_json)
    if transcript and not as_json:
        for line in results(transcript):
            click.echo(printable(line))


COMMANDS = (announce, show)
