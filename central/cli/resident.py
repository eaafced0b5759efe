"""`machi central resident add|change|find|show|reads`: files of residents, and who looked at them."""

import getpass
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from central.cli.common import (
    FOLDER,
    JSON,
    ExistsError,
    NotFoundError,
    RefusedForSafetyError,
    open_books,
    plainly,
    say,
)

if TYPE_CHECKING:
    from central.reading import CardReading
    from central.registration import File
    from central.residents.person import Person

WHO = click.argument("who")
_ASKED: Final = ("name", "kana", "address", "birth")
_NOT_FOUND, _EXISTS = "(RSD-010)", "(RSD-030)"
_SHOWN: Final = 50
_HOW: Final = {
    "(RSD-015)": "machi central resident moved WHO --back",
    "(RSD-022)": "--guardian",
    "(RSD-027)": "machi central resident moved | died | ended",
    "(RSD-028)": "machi central resident card end",
    "(RSD-030)": "--another",
    "(RSD-031)": "--guardian",
}
"""What says to a command what the desk may say when it was refused."""


@contextmanager
def refusing() -> Iterator[None]:
    """Turn what the desk can mend into a sentence and an exit code."""
    from central.belongings import BelongingsError
    from central.reading import ReadingError
    from central.residents.deciding import DeskError
    from central.residents.person import PersonError
    from central.residents.sealing import SealingError

    with plainly():
        try:
            yield
        except PersonError as error:
            raise click.UsageError(str(error)) from error
        except DeskError as error:
            words = "\n".join([str(error), *(how for code, how in _HOW.items() if code in error.en)])
            kind = NotFoundError if _NOT_FOUND in words else ExistsError if _EXISTS in words else RefusedForSafetyError
            raise kind(words) from error
        except (BelongingsError, ReadingError, SealingError) as error:
            raise RefusedForSafetyError(str(error)) from error


def clerk() -> str:
    """Return who types, as the machine knows them: the journal names them."""
    return (os.environ.get("SUDO_USER") or getpass.getuser())[:64]


def reading_in(file: Any) -> "CardReading":
    from central.reading import read_reading

    return read_reading(file.read())


@click.group()
def resident() -> None:
    """Register residents: their names sealed, their cards, their consents. Every look at a name is noted.

    WHO is the number of a file or the name of one of the person's cards; six letters of its beginning do.

    \b
    Examples:
      machi card holder --trust trust --secret-file secret.txt --json | machi central resident add /srv/town --card -
      machi central resident find /srv/town たかはし
      machi central resident consent /srv/town 3f2a91 visits
    """  # noqa: D301 - click keeps lines as they are behind a real backspace


@resident.command(
    epilog="\b\nExamples:\n  machi central resident add /srv/town\n"
    "  machi central resident add /srv/town --card holder.json --form form.json --consent coin --consent visits\n"
    "  machi central resident add /srv/town --form child.json --guardian 3f2a91 --reading token.json"
)
@FOLDER
@click.option("--card", type=click.File("rb"), help="What `machi card holder --json` printed of the holder's card.")
@click.option("--form", type=click.File("rb"), help="What the form says: a JSON object, see docs/residents.md.")
@click.option("--reading", type=click.File("rb"), help="A card to be theirs, from `machi card read --json`.")
@click.option("--guardian", default="", metavar="WHO", help="Who speaks for a child; registered before.")
@click.option("--consent", "consents", multiple=True, metavar="PROGRAM", help="They agree to it; may be given again.")
@click.option("--another", is_flag=True, help="Somebody else has the same reading and birthday.")
@JSON
def add(folder: Path, card: Any, form: Any, reading: Any, guardian: str, as_json: bool, **said: Any) -> None:
    """Register somebody; print the number of their file. What no file says is asked for, and is no argument.

    With --card, name, address, birthday and sex are those that the card's issuer signed; the reading is asked for.
    A card that is read with them is theirs from then on. Without --card a clerk has typed it, and the file says so.
    """
    from central.reading import read_holder
    from sync.residents import Form, How

    centre = open_books(folder)
    with refusing():
        holder = read_holder(card.read()) if card else None
        signed = {"name": holder.name, "address": holder.address, "birth": holder.birth} if holder else {}
        signed |= {"sex": holder.sex} if holder else {}
        person = _person(signed, _form(form), can_ask=not any(map(_is_stdin, (card, form, reading))))
        how = How.CARD if holder else How.TYPED
        given = {"guardian": guardian, "consents": said["consents"], "is_another": said["another"]}
        of = centre.registration.add(person, how, clerk(), **given)
        read = reading_in(reading) if reading else holder.card if holder else None
        theirs = ""
        if read:
            kind = Form.TOKEN if reading else Form.CARD
            theirs = centre.registration.add_card(of, read, kind, clerk())[1]
    say({"schema": "machi.central.resident.add/1", "holder": of, "how": str(how), "card": theirs}, as_json=as_json)


@resident.command(epilog="\b\nExamples:\n  machi central resident change /srv/town 3f2a91 --form moved-house.json")
@FOLDER
@WHO
@click.option("--form", type=click.File("rb"), help="The fields that are other now: a JSON object.")
@click.option("--card", type=click.File("rb"), help="What `machi card holder --json` printed: it wins.")
@JSON
def change(folder: Path, who: str, form: Any, card: Any, as_json: bool) -> None:
    """Write a file anew: another address, name, telephone. What is not said stays."""
    from central.reading import read_holder
    from sync.residents import How

    if not (form or card):
        raise click.UsageError(
            "変わったところを --form か --card で示してください。\nsay what is other now: --form or --card"
        )
    centre = open_books(folder)
    with refusing():
        holder = read_holder(card.read()) if card else None
        signed = {"name": holder.name, "address": holder.address, "birth": holder.birth} if holder else {}
        signed |= {"sex": holder.sex} if holder else {}
        how = How.CARD if holder else How.TYPED
        of = centre.registration.change(who, _form(form) | signed, how, clerk())
    say({"schema": "machi.central.resident.change/1", "holder": of, "how": str(how)}, as_json=as_json)


@resident.command(
    epilog="\b\nExamples:\n  machi central resident find /srv/town たかはし\n"
    "  machi central resident find /srv/town はなこ --birth 1954-03-02\n"
    "  machi central resident find /srv/town --doubles"
)
@FOLDER
@click.argument("kana", default="")
@click.option("--birth", type=click.DateTime(["%Y-%m-%d"]), help="Only those born on this day.")
@click.option("--doubles", is_flag=True, help="Show instead which files may be about one person, without names.")
@JSON
def find(folder: Path, kana: str, birth: Any, doubles: bool, as_json: bool) -> None:
    """Search by how the reading of family or given name begins, or by letters of the name.

    Whoever is shown is noted as read by you.
    """
    centre = open_books(folder)
    with refusing():
        if doubles:
            groups = centre.registration.doubles()
            say({"schema": "machi.central.resident.find/1", "doubles": groups}, as_json=as_json)
            return
        if not kana and not birth:
            raise click.UsageError("読みか生年月日を入れてください。\ngive a part of the reading, or --birth")
        files = centre.registration.find(kana, birth.date() if birth else None, clerk())
    rows = [
        {"holder": one.holder, **told(one.person), "left": str(one.standing.left), "cards": list(one.standing.active)}
        for one in files
    ]
    _list("machi.central.resident.find/1", "residents", rows, as_json=as_json)
    if not rows:
        click.echo("だれも見つかりません。 / Nobody was found.", err=True)


@resident.command(epilog="\b\nExamples:\n  machi central resident show /srv/town 3f2a91 --why 窓口")
@FOLDER
@WHO
@click.option("--why", default="desk", show_default=True, help="What you look for; it is noted with your name.")
@JSON
def show(folder: Path, who: str, why: str, as_json: bool) -> None:
    """Show the file of WHO: person, cards, consents, guardians. That you did is noted before anything is shown."""
    centre = open_books(folder)
    with refusing():
        file = centre.registration.show(who, clerk(), why)
    say({"schema": "machi.central.resident.show/1", **shown(file)}, as_json=as_json)


@resident.command(
    epilog="\b\nExamples:\n  machi central resident reads /srv/town\n"
    "  machi central resident reads /srv/town 3f2a91 --limit 200"
)
@FOLDER
@click.argument("who", default="")
@click.option("--limit", default=_SHOWN, show_default=True, type=click.IntRange(1, 100_000))
@JSON
def reads(folder: Path, who: str, limit: int, as_json: bool) -> None:
    """Show who looked at the name of WHO (or of anybody), when and what for, the latest first; no name is shown."""
    from central import store
    from central.residents import books

    centre = open_books(folder)
    with refusing():
        of = centre.registration.resolve(who) if who else None
        centre.reconciler.catch_up()
        with store.reading(centre.engine) as connection:
            found = books.readings(connection, books.Wanted(of or ""), limit)
    rows = [{"at_ms": one.at_ms, "by": one.by, "why": one.why, "holder": one.holder, "card": one.card} for one in found]
    _list("machi.central.resident.reads/1", "reads", rows, as_json=as_json)


def shown(file: "File") -> dict[str, Any]:
    """Return a file as it is printed."""
    was = file.standing
    cards = {
        card: {"form": str(held.form), "state": str(held.ended) if held.ended else "active"}
        | ({"into": held.into} if held.into else {})
        for card, held in was.cards.items()
    }
    return {
        "holder": file.holder,
        "how": str(was.how),
        **(told(file.person) if file.person else {"erased": True}),
        "left": {"why": str(was.left), "day": was.left_day},
        "cards": cards,
        "consents": {name: one.given for name, one in sorted(was.consents.items())},
        "prefers": _prefers(was.prefers),
        "guardians": {one: person.name for one, person in file.guardians.items()},
        "children": {one: person.name for one, person in file.children.items()},
    }


def told(person: "Person | None") -> dict[str, str]:
    """Return what stands in a file, with a name for each part."""
    from central.residents.person import ITEMS

    return {field: str(getattr(person, field)) for field in ITEMS} if person else {}


def _prefers(prefers: Any) -> dict[str, Any]:
    return {"voice": prefers.voice, "large": prefers.large, "quiet": prefers.quiet, "lang": str(prefers.lang)}


def _list(schema: str, name: str, rows: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        say({"schema": schema, name: rows}, as_json=True)
        return
    for row in rows:
        say(row, as_json=False)


def _is_stdin(file: Any) -> bool:
    return file is not None and getattr(file, "name", "<stdin>") == "<stdin>"


def _form(file: Any) -> dict[str, Any]:
    """Read what was written on a form: some of the fields of a person."""
    import msgspec

    from central.residents.person import ITEMS
    from sync.entries import BAD_JSON

    if file is None:
        return {}
    try:
        said = msgspec.json.decode(file.read(), type=dict[str, str])
        if unknown := sorted(set(said) - set(ITEMS)):
            raise click.UsageError(f"--form: {', '.join(unknown)}?; there are {', '.join(ITEMS)}")
        born = {"birth": date.fromisoformat(said["birth"])} if "birth" in said else {}
    except BAD_JSON as error:
        raise click.UsageError(f"--form: {error}") from error
    except ValueError as error:
        raise click.UsageError(f"--form: {error}; a birthday is written 1954-03-02") from error
    return {**said, **born}


def _person(signed: Mapping[str, Any], said: Mapping[str, Any], *, can_ask: bool) -> "Person":
    """Put a person together; what the card says wins, and what nobody says is asked for."""
    from central.residents.person import ITEMS, Person

    known = {**said, **signed}
    for field in _ASKED:
        if field not in known and not can_ask:
            raise click.UsageError(
                f"{ITEMS[field][0]}がありません。--form に入れてください。\n{field} is missing: --form"
            )
        if field not in known:
            known[field] = click.prompt(" / ".join(ITEMS[field]), err=True)
    if isinstance(known["birth"], str):
        try:
            known["birth"] = date.fromisoformat(known["birth"])
        except ValueError as error:
            raise click.UsageError("生年月日は 1954-03-02 のように。\na birthday is written 1954-03-02") from error
    return Person(**known)
