"""What the law asks: who issues the coin, what is unused on the base dates, and cash for coin as far as it may be."""

from datetime import datetime
from pathlib import Path
from typing import Any

import click
import msgspec

from central.cli.common import CHECK_FAILED, FOLDER, JSON, RefusedForSafetyError, open_books, plainly, say
from programs.coin.cli.asking import terms_of
from programs.coin.cli.confirming import YES, agree, refusals, tell
from programs.coin.law import Cause, Regime


@click.command(
    epilog="\b\nExamples:\n  machi central coin law /srv/town\n  machi central coin law /srv/town --regime third-party"
)
@FOLDER
@click.option(
    "--regime", type=click.Choice([one.value for one in Regime]), help="Who issues the coin: ask the town's lawyers."
)
@JSON
def law(folder: Path, regime: str | None, as_json: bool) -> None:
    """Show or set who issues the coin in the eyes of the law, and what that asks of the office."""
    from programs.coin.procedures.lawful import why_not_under

    centre = open_books(folder)
    with plainly():
        said = terms_of(centre)
        if regime is not None:
            wanted = msgspec.structs.replace(said.law, regime=Regime(regime))
            if why := why_not_under(centre, wanted):
                raise RefusedForSafetyError(why)
            said = msgspec.structs.replace(said, law=wanted)
            centre.registrar.say([said])
    duties: dict[str, Any] = msgspec.structs.asdict(said.law.duties)
    say({"schema": "machi.central.coin.law/1", "regime": said.law.regime, **duties}, as_json=as_json)


@click.command(epilog="\b\nExamples:\n  machi central coin unused /srv/town --on 2027-03-31")
@FOLDER
@click.option("--on", "on", type=click.DateTime(["%Y-%m-%d"]), required=True, help="A day that is over in the town.")
@JSON
@click.pass_context
def unused(context: click.Context, folder: Path, on: datetime, as_json: bool) -> None:
    """Add up what was on cards and unused at the end of a day, and what has to be done about it (基準日未使用残高).

    Ends with exit code 2 if the law asks for something: a report, a deposit; `due_by` says until when.
    """
    from programs.coin.law import DUE_MONTHS, is_base_date, previous_base_date
    from programs.coin.lots.days import written
    from programs.coin.procedures import unused as adding_up
    from sync.days import day_of
    from sync.months import later

    centre = open_books(folder)
    day = on.date()
    before = previous_base_date(day)
    with refusals():
        found = adding_up.unused(centre, day_of(day), day_of(before))
    must_report = found.reports and is_base_date(day)
    to_secure = found.to_secure if is_base_date(day) else 0
    document = {
        "on": day.isoformat(),
        "is_base_date": is_base_date(day),
        "unused": found.yen,
        "since": before.isoformat(),
        "onto_cards": found.since,
        "regime": found.regime,
        "must_report": must_report,
        "to_secure": to_secure,
        "due_by": written(later(day_of(day), DUE_MONTHS)) if must_report else "",
        "paragraph": "資金決済法14条・23条 / Payment Services Act, Art. 14, 23" if must_report else "",
    }
    say({"schema": "machi.central.coin.unused/1", **document}, as_json=as_json)
    if must_report:
        context.exit(CHECK_FAILED)


@click.command(
    name="cash-out",
    epilog="\b\nExamples:\n  machi central coin cash-out /srv/town 60033bab2dcddc48b295070670d111d3 1200 --cause moved"
    " --because 転出届",
)
@FOLDER
@click.argument("card")
@click.argument("yen", type=click.IntRange(1, 1_000_000))
@click.option(
    "--cause", type=click.Choice([one.value for one in Cause]), required=True, help="asked, mistake, moved or died."
)
@click.option("--because", required=True, help="What was shown for it; it stays in the books. No names.")
@YES
@JSON
def cash_out(folder: Path, card: str, yen: int, cause: str, because: str, yes: bool, as_json: bool) -> None:
    """Book YEN of a CARD that the office hands out in cash, if the town has switched that on and the law lets it.

    What lies at units is asked for first; say it again when it has come.
    """
    from programs.coin.procedures import cashing_out

    centre = open_books(folder)
    tell([f"カードのコイン {yen:,}円を現金で渡します。", f"{yen:,} yen of the card's coin are handed out in cash."])
    agree(yes=yes)
    with plainly():
        try:
            outcome = cashing_out.cash_out(centre, card, yen, Cause(cause), because)
        except cashing_out.NoCashError as error:
            raise RefusedForSafetyError(str(error)) from error
    if outcome.done is None:
        raise RefusedForSafetyError(
            f"まだ渡さないでください。{outcome.asked_yen}円が端末にあり、戻すよう求めました。少し待ってもう一度。 "
            f"Hand out nothing yet: {outcome.asked_yen} yen lie at units; they were asked. Say it again in a minute."
        )
    document = {"card": card, "yen": yen, "cause": cause, "because": because}
    say({"schema": "machi.central.coin.cash.out/1", **document}, as_json=as_json)


COMMANDS = (law, unused, cash_out)
