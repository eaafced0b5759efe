"""`machi central staff|person`: who may sign in behind the counters of a place."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from central.cli.common import FOLDER, JSON, RefusedForSafetyError, open_books, plainly, say

if TYPE_CHECKING:
    from sync.pins import KeptPin
    from sync.staff import Person, StaffSet

_SALT_BYTES = 16


@contextmanager
def _refusing() -> Iterator[None]:
    from central.staffing import StaffingError

    with plainly():
        try:
            yield
        except StaffingError as error:
            raise RefusedForSafetyError(str(error)) from error


@click.command(
    epilog="\b\nExamples:\n  machi central staff /srv/town fish\n  machi central staff /srv/town fish --sign-in"
)
@FOLDER
@click.argument("place")
@click.option(
    "--sign-in/--no-sign-in",
    "needed",
    default=None,
    help="Whether nothing is done there before somebody has signed in.",
)
@JSON
def staff(folder: Path, place: str, needed: bool | None, as_json: bool) -> None:
    """Show who may sign in behind the counters of PLACE, and whether somebody has to."""
    import msgspec

    from central.staffing import StaffingError

    centre = open_books(folder)

    def switch(said: "StaffSet") -> "StaffSet":
        if needed and not any(one.pin or one.card for one in said.people):
            raise StaffingError("nobody can sign in there yet; say first: machi central person")
        return msgspec.structs.replace(said, needed=bool(needed))

    with _refusing():
        told = centre.staffing.at(place) if needed is None else dict(centre.staffing.change(place, switch))
    say(
        {"schema": "machi.central.staff/1", "place": place, "units": {u: _shown(s) for u, s in told.items()}},
        as_json=as_json,
    )


@click.command(
    epilog="\b\nExamples:\n  machi central person /srv/town fish 3 --name はる --pin\n"
    "  machi central person /srv/town fish 1 --supervisor --card 60033bab2dcddc48b295070670d111d3\n"
    "  machi central person /srv/town fish 3 --remove"
)
@FOLDER
@click.argument("place")
@click.argument("number", type=click.IntRange(1, 9_999))
@click.option("--name", help="What the screen calls them. It lies on the unit's disk: a first name will do.")
@click.option("--supervisor/--clerk", default=None, help="Whether they may do what takes a supervisor.")
@click.option("--pin", "with_pin", is_flag=True, help="Ask for a new PIN of 4 to 8 digits; they type it themselves.")
@click.option("--card", help='The card with which they sign in (32 hex digits); "none" for none.')
@click.option("--remove", is_flag=True, help="They do not work there any more.")
@JSON
def person(folder: Path, place: str, number: int, with_pin: bool, remove: bool, as_json: bool, **wanted: Any) -> None:
    """Let the person NUMBER sign in at PLACE, or change what counts for them: their units hear of it as they call."""
    from central.staffing import put, take_off

    centre = open_books(folder)
    with _refusing():
        centre.staffing.at(place)
        pin = _asked_pin(centre.town.entropy.bytes(_SALT_BYTES)) if with_pin and not remove else None

        def change(said: "StaffSet") -> "StaffSet":
            return take_off(said, number) if remove else put(said, _changed(said, number, pin, wanted))

        told = centre.staffing.change(place, change)
    document = {"schema": "machi.central.person/1", "place": place, "number": number, "units": sorted(told)}
    say(document | {"state": "removed" if remove else "told"}, as_json=as_json)


def _changed(said: "StaffSet", number: int, pin: "KeptPin | None", wanted: dict[str, Any]) -> "Person":
    import msgspec

    from central.staffing import StaffingError
    from sync.staff import Person, Role

    before = said.person(number) or Person(number)
    role = before.role if wanted["supervisor"] is None else Role.SUPERVISOR if wanted["supervisor"] else Role.CLERK
    card = before.card if wanted["card"] is None else "" if wanted["card"] == "none" else wanted["card"]
    name = before.name if wanted["name"] is None else wanted["name"]
    after = Person(number, name, role, pin or before.pin, card)
    if not (after.pin or after.card):
        raise StaffingError("they need a way to sign in: say --pin, or --card")
    try:
        return msgspec.convert(msgspec.to_builtins(after), Person)
    except msgspec.ValidationError as error:
        raise click.UsageError(str(error)) from error


def _asked_pin(salt: bytes) -> "KeptPin":
    """Have a new PIN typed twice; it is never an argument, for those stay in a shell's history."""
    from sync.pins import is_easy, is_pin, keep

    pin = click.prompt("PIN", hide_input=True, confirmation_prompt=True, err=True)
    if not is_pin(pin) or is_easy(pin):
        raise click.UsageError("a PIN has 4 to 8 digits, and not all the same or all in a row")
    return keep(pin, salt)


def _shown(said: "StaffSet | None") -> Any:
    if said is None:
        return "not told"
    people = [
        {"number": one.number, "name": one.name, "role": str(one.role), "pin": bool(one.pin), "card": one.card}
        for one in said.people
    ]
    return {"sign_in": said.needed, "people": people}
