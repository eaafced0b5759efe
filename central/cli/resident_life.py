"""`machi central resident consent|guardian|prefer|moved|died|ended|merge|erase`: what happens to a resident's file."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from central.cli.common import FOLDER, JSON, open_books, say
from central.cli.resident import WHO, clerk, refusing

if TYPE_CHECKING:
    from sync.residents import Leaving

_DAY = click.option("--day", type=click.DateTime(["%Y-%m-%d"]), help="When; today if left out.")
_SCHEMA = "machi.central.resident.state/1"


@click.command(
    epilog="\b\nExamples:\n  machi central resident consent /srv/town 3f2a91 visits\n"
    "  machi central resident consent /srv/town 8c11d0 visits --guardian 3f2a91\n"
    "  machi central resident consent /srv/town 3f2a91 visits --withdraw"
)
@FOLDER
@WHO
@click.argument("program")
@click.option("--withdraw", is_flag=True, help="They agree no more; it counts at once.")
@click.option("--guardian", default="", metavar="WHO", help="Who says it for a child.")
@JSON
def consent(folder: Path, who: str, program: str, withdraw: bool, guardian: str, as_json: bool) -> None:
    """Note that WHO agrees that a PROGRAM of the town uses what it knows of them, each one by itself."""
    centre = open_books(folder)
    with refusing():
        holder = centre.registration.consent(who, program, clerk(), given=not withdraw, guardian=guardian)
    say({"schema": _SCHEMA, "holder": holder, "program": program, "agreed": not withdraw}, as_json=as_json)


@click.command(
    epilog="\b\nExamples:\n  machi central resident guardian /srv/town 8c11d0 3f2a91\n"
    "  machi central resident guardian /srv/town 8c11d0 3f2a91 --end"
)
@FOLDER
@WHO
@click.argument("guardian")
@click.option("--end", is_flag=True, help="They do no more.")
@JSON
def guardian(folder: Path, who: str, guardian: str, end: bool, as_json: bool) -> None:
    """Let GUARDIAN (a registered adult) speak for WHO. A child may have several."""
    centre = open_books(folder)
    with refusing():
        holder = centre.registration.guardian(who, guardian, clerk(), stands=not end)
    say({"schema": _SCHEMA, "holder": holder, "guardian": guardian, "stands": not end}, as_json=as_json)


@click.command(
    epilog="\b\nExamples:\n  machi central resident prefer /srv/town 3f2a91 --voice --large\n"
    "  machi central resident prefer /srv/town 3f2a91 --lang easy --no-voice"
)
@FOLDER
@WHO
@click.option("--voice/--no-voice", default=None, help="Results are spoken, too.")
@click.option("--large/--no-large", default=None, help="Larger letters, which stay for longer.")
@click.option("--quiet/--no-quiet", default=None, help="As little sound as can be.")
@click.option("--lang", type=click.Choice(["ja", "easy", "en"]), help="easy: やさしい日本語.")
@JSON
def prefer(folder: Path, who: str, as_json: bool, **said: Any) -> None:
    """Set how WHO wants to be spoken to. Units are told for each of their cards; nothing says who it is, or why."""
    import msgspec

    from sync.residents import Language

    wanted = {name: Language(value) if name == "lang" else value for name, value in said.items() if value is not None}
    if not wanted:
        raise click.UsageError(
            "--voice、--large、--quiet、--lang のどれかを。\nsay one of --voice, --large, --quiet, --lang"
        )
    centre = open_books(folder)
    with refusing():
        prefers = centre.registration.prefer(who, wanted, clerk())
    every = {name: getattr(prefers, name) for name in prefers.__struct_fields__}
    say({"schema": _SCHEMA, "who": who, "prefers": msgspec.to_builtins(every)}, as_json=as_json)


@click.command(
    epilog="\b\nExamples:\n  machi central resident moved /srv/town 3f2a91 --day 2026-12-01\n"
    "  machi central resident moved /srv/town 3f2a91 --back"
)
@FOLDER
@WHO
@_DAY
@click.option("--back", is_flag=True, help="They are here: take back that they moved, died or ended it.")
@JSON
def moved(folder: Path, who: str, day: Any, back: bool, as_json: bool) -> None:
    """WHO moved away: consents end. Their cards go on until they are given back, for the money on them is theirs."""
    from sync.residents import Leaving

    _leave(folder, who, Leaving.HERE if back else Leaving.MOVED, day.date() if day else None, as_json=as_json)


@click.command(epilog="\b\nExamples:\n  machi central resident died /srv/town 3f2a91 --day 2026-12-01")
@FOLDER
@WHO
@_DAY
@JSON
def died(folder: Path, who: str, day: Any, as_json: bool) -> None:
    """WHO died: consents end, and all cards are stopped. The money goes to heirs: machi central coin move-card."""
    from sync.residents import Leaving

    _leave(folder, who, Leaving.DIED, day.date() if day else None, as_json=as_json)


@click.command(epilog="\b\nExamples:\n  machi central resident ended /srv/town 3f2a91")
@FOLDER
@WHO
@_DAY
@JSON
def ended(folder: Path, who: str, day: Any, as_json: bool) -> None:
    """WHO wants to be registered no more: consents end. Have the cards given back, then say erase."""
    from sync.residents import Leaving

    _leave(folder, who, Leaving.ENDED, day.date() if day else None, as_json=as_json)


def _leave(folder: Path, who: str, why: "Leaving", day: date | None, *, as_json: bool) -> None:
    from central import belongings

    centre = open_books(folder)
    with refusing():
        holder, alone = centre.registration.leave(who, why, day, clerk())
        standing = centre.registration.standing(holder)
        had = [(card, one) for card in standing.cards for one in belongings.of(centre, card) if one.is_any]
    for child in alone:
        click.echo(f"{child}: 保護者がいなくなります。別の保護者を登録してください。", err=True)
        click.echo(f"{child}: no guardian is left; machi central resident guardian …", err=True)
    for card, one in had:
        click.echo(f"{card}: {one.ja} / {one.en}", err=True)
    document = {"holder": holder, "state": str(why), "cards": list(standing.active), "alone": list(alone)}
    say({"schema": _SCHEMA, **document, "still": {card: one.en for card, one in had}}, as_json=as_json)


@click.command(epilog="\b\nExamples:\n  machi central resident merge /srv/town 8c11d0 3f2a91")
@FOLDER
@WHO
@click.argument("into")
@JSON
def merge(folder: Path, who: str, into: str, as_json: bool) -> None:
    """Let the file of WHO be one with INTO, which counts from then on: they are one person.

    INTO gets the cards, and the guardians and children; of consents the later word counts. Name, address and
    preferences are those of INTO. It cannot be taken back; look at both files first.
    """
    centre = open_books(folder)
    with refusing():
        of, keep = centre.registration.merge(who, into, clerk())
    say({"schema": _SCHEMA, "holder": keep, "merged": of}, as_json=as_json)


@click.command(epilog="\b\nExamples:\n  machi central resident erase /srv/town 3f2a91 --why 保存期間満了")
@FOLDER
@WHO
@click.option("--why", required=True, help="It is noted.")
@JSON
def erase(folder: Path, who: str, why: str, as_json: bool) -> None:
    """Delete what stands in the file of WHO, who left and has no card, or (by its whole number) of a merged file.

    The books keep the pseudonym, and nothing that says whose it was. Backups keep the name until they are deleted.
    """
    centre = open_books(folder)
    with refusing():
        holder = centre.registration.erase(who, why, clerk())
    say({"schema": _SCHEMA, "holder": holder, "state": "erased", "why": why}, as_json=as_json)


COMMANDS = (consent, guardian, prefer, moved, died, ended, merge, erase)
