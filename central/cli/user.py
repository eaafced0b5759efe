"""`machi central user …`: who may use the console, as which roles; said in the office's own journal."""

import getpass
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from central.cli.common import FOLDER, JSON, NotFoundError, RefusedForSafetyError, open_books, plainly, say
from central.console.roles import every_scope
from sync.accounts import Role
from sync.entries import UNIT_PATTERN

if TYPE_CHECKING:
    from central.centre import Centre
    from sync.accounts import AccountSet


class _Name(click.ParamType[str]):
    """A name as units have them: it stands in the journal for ever."""

    name = "name"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        import re

        if not re.fullmatch(UNIT_PATTERN, value):
            self.fail("small letters, digits and hyphens, at most 32, the first a letter", param, ctx)
        return str(value)


NAME = click.argument("name", type=_Name())
ROLES = click.option(
    "--role", "roles", multiple=True, type=click.Choice([str(one) for one in Role]), help="What they do; repeatable."
)
SCOPES = click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice(every_scope()),
    help="What it reads, or sends (…:write); repeatable.",
)

SHORT = 8  # digits of a passkey's number, which pages show

PLACE = click.option("--place", help="Of a shop: its place. It sees the numbers of that place, and no other's.")

PASSWORD = click.option(
    "--password-file",
    type=click.File("r"),
    help="Where the new password stands (-: standard input).",
)


@click.group()
def user() -> None:
    """Say who may use the console.

    \b
    Examples:
      machi central user add /srv/town hanako --shown 髙橋 --role clerk
      machi central user list /srv/town
      machi central user reset /srv/town hanako
      machi central user remove /srv/town hanako
    """  # noqa: D301 - click keeps lines as they are behind a real backspace


@contextmanager
def _refusing() -> Iterator[None]:
    from central.doorkeeper import AccountError

    with plainly():
        try:
            yield
        except AccountError as error:
            raise RefusedForSafetyError(str(error)) from error


@user.command(
    epilog="\b\nExamples:\n  machi central user add /srv/town hanako --shown 髙橋 --role clerk\n"
    "  machi central user add /srv/town jiro --role treasurer --role auditor --json\n"
    "  machi central user add /srv/town uomasa --role shop --place fish"
)
@FOLDER
@NAME
@ROLES
@PLACE
@click.option("--shown", default="", help="What pages call them.")
@PASSWORD
@JSON
def add(
    folder: Path,
    name: str,
    roles: tuple[str, ...],
    place: str | None,
    shown: str,
    password_file: Any,
    as_json: bool,
) -> None:
    """Let the person NAME use the console. They type their password themselves, twice.

    What is printed goes into the authenticator app on their phone, and nowhere else: it is not shown again.
    """
    if not roles:
        raise click.UsageError("say what they do: --role clerk")
    centre = open_books(folder)
    _is_new(centre, name)
    wanted = {"roles": _roles(roles), "place": _place(centre, _roles(roles), place or ""), "scopes": ()}
    _give(centre, name, password_file, shown=shown, as_json=as_json, **wanted)


@user.command(epilog="\b\nExamples:\n  machi central user reset /srv/town hanako")
@FOLDER
@NAME
@PASSWORD
@JSON
def reset(folder: Path, name: str, password_file: Any, as_json: bool) -> None:
    """Give NAME a new password and new digits: one was forgotten, or the phone is lost.

    Ends what they have open, and removes their passkeys.
    """
    centre = open_books(folder)
    before = _known(centre, name)
    if before.is_tool:
        raise RefusedForSafetyError(f"{name} is a tool: remove it, and make it anew; the old token ends with it")
    _give(centre, name, password_file, roles=before.roles, shown=before.shown, as_json=as_json)


@user.command(
    epilog="\b\nExamples:\n  machi central user change /srv/town hanako --role clerk --role auditor\n"
    "  machi central user change /srv/town wallboard --scope units --scope incidents"
)
@FOLDER
@NAME
@ROLES
@SCOPES
@PLACE
@click.option("--shown", help="What pages call them.")
@JSON
def change(
    folder: Path,
    name: str,
    roles: tuple[str, ...],
    scopes: tuple[str, ...],
    place: str | None,
    shown: str | None,
    as_json: bool,
) -> None:
    """Change the roles of NAME, or the scopes of a tool, or what pages call them. Ends what they have open.

    All roles, or all scopes, are said anew.
    """
    centre = open_books(folder)
    before = _known(centre, name)
    is_tool = before.is_tool
    if (roles and is_tool) or (scopes and not is_tool):
        raise click.UsageError("a person has roles, and a tool has scopes")
    wanted: dict[str, Any] = {"roles": _roles(roles)} if roles else {}
    wanted |= {"scopes": _scopes(scopes)} if scopes else {}
    wanted |= {} if shown is None else {"shown": shown}
    if roles or place is not None:
        kept = before.place if Role.SHOP in _roles(roles) else ""
        wanted["place"] = _place(centre, _roles(roles) or before.roles, kept if place is None else place)
    _say(_set(centre, name, **wanted), as_json=as_json)


@user.command(epilog="\b\nExamples:\n  machi central user remove /srv/town hanako")
@FOLDER
@NAME
@JSON
def remove(folder: Path, name: str, as_json: bool) -> None:
    """Close the account NAME, of a person or a tool, at once. What they did stays written."""
    centre = open_books(folder)
    _known(centre, name)
    _say(_set(centre, name, roles=(), password="", secret="", token=None, scopes=()), as_json=as_json)


@user.command(epilog="\b\nExamples:\n  machi central user passkeys /srv/town hanako")
@FOLDER
@NAME
@JSON
def passkeys(folder: Path, name: str, as_json: bool) -> None:
    """Show the passkeys of NAME: which number each has, what its owner calls it, and where it is good."""
    centre = open_books(folder)
    _known(centre, name)
    said = [
        {"number": number, "shown": one.added.shown, "site": one.added.site, "copied": one.is_copied}
        | {"added_ms": one.when[0] if one.when else 0, "used_ms": one.used[0][0] if one.used else 0}
        for number, one in centre.doorkeeper.passkeys(name).items()
        if one.added
    ]
    if as_json:
        say({"schema": "machi.central.user.passkeys/1", "name": name, "passkeys": said}, as_json=True)
        return
    for one in said:
        click.echo(f"{str(one['number'])[:SHORT]}  {one['shown'] or '-'}  {one['site']}")
    if not said:
        click.echo("none")


@user.command(epilog="\b\nExamples:\n  machi central user remove-passkey /srv/town hanako 5f3c09aa")
@FOLDER
@NAME
@click.argument("number")
@JSON
def remove_passkey(folder: Path, name: str, number: str, as_json: bool) -> None:
    """Let the passkey NUMBER of NAME open nothing any more, for ever: it is lost. Ends what they have open.

    NUMBER is as `machi central user passkeys` shows it. Password and digits stay as they are.
    """
    centre = open_books(folder)
    _known(centre, name)
    fit = [one for one in centre.doorkeeper.passkeys(name) if len(number) >= SHORT and one.startswith(number)]
    if len(fit) != 1:
        raise NotFoundError(f"{name} has no passkey {number}; look at: machi central user passkeys")
    with _refusing():
        centre.doorkeeper.remove_passkey(name, fit[0], _by(), ends=True)
    say({"schema": "machi.central.user.passkey/1", "name": name, "removed": fit[0]}, as_json=as_json)


@user.command(
    epilog="\b\nExamples:\n  machi central user tool /srv/town wallboard --scope units > wallboard.token\n"
    "  machi central user tool /srv/town health-app --scope steps:write > health-app.token"
)
@FOLDER
@NAME
@SCOPES
@JSON
def tool(folder: Path, name: str, scopes: tuple[str, ...], as_json: bool) -> None:
    """Let the tool NAME use the API, and print the token that it shows: `Authorization: Bearer …`.

    It reads and sends what its scopes are for, and nothing else. The token is not shown again.
    """
    if not scopes:
        raise click.UsageError("say what it reads or sends: --scope units")
    centre = open_books(folder)
    _is_new(centre, name)
    token, kept = centre.doorkeeper.new_token(name)
    said = _set(centre, name, roles=(), place="", password="", secret="", token=kept, scopes=_scopes(scopes))
    if as_json:
        say(_document(said) | {"token": token}, as_json=True)
    else:
        click.echo(token)


@user.command(name="list", epilog="\b\nExamples:\n  machi central user list /srv/town")
@FOLDER
@JSON
def list_(folder: Path, as_json: bool) -> None:
    """Show every account that there is or was, with its roles; none: it is closed."""
    centre = open_books(folder)
    centre.reconciler.catch_up()
    found = [one.said for one in centre.doorkeeper.every().values() if one.said]
    accounts = {one.name: {key: value for key, value in _document(one).items() if key != "schema"} for one in found}
    say({"schema": "machi.central.user.list/1", "accounts": accounts}, as_json=as_json)


def _give(centre: "Centre", name: str, password_file: Any, *, as_json: bool, **wanted: Any) -> None:
    """Have a password typed, draw the digits, and say how they come into an app."""
    from central import totp

    with _refusing():
        typed = password_file.readline().rstrip("\n") if password_file else _asked_password()
        kept = centre.doorkeeper.kept(name, typed)
        secret, sealed = centre.doorkeeper.new_secret(name)
    said = _set(centre, name, password=kept, secret=sealed, token=None, **wanted)
    address = totp.address(secret, f"machitap {centre.town_id}", name)
    if as_json:
        say(_document(said) | {"secret": totp.spelled(secret), "address": address}, as_json=True)
        return
    _say(said, as_json=False)
    click.echo(f"secret: {totp.spelled(secret)}")
    click.echo(f"address: {address}")
    _show_code(address)


def _asked_password() -> str:
    """Have it typed twice; it is never an argument, for those stay in a shell's history."""
    return str(click.prompt("パスワード / Password", hide_input=True, confirmation_prompt=True, err=True))


def _show_code(address: str) -> None:
    """Show the code for the app's camera, if a person looks."""
    import sys

    import segno

    if sys.stderr.isatty():
        segno.make(address).terminal(sys.stderr, compact=True)
        click.echo("認証アプリで読んでください。もう出せません。", err=True)
        click.echo("Scan it with the app; it is not shown again.", err=True)


def _set(centre: "Centre", name: str, **wanted: Any) -> "AccountSet":
    with _refusing():
        return centre.doorkeeper.change(name, _by(), lambda before: msgspec.structs.replace(before, **wanted))


def _by() -> str:
    return os.environ.get("SUDO_USER") or getpass.getuser()


def _is_new(centre: "Centre", name: str) -> None:
    centre.reconciler.catch_up()
    said = centre.doorkeeper.find(name).said
    if said and said.is_open:
        raise RefusedForSafetyError(f"there is a {name} already; change or reset that account, or take another name")


def _known(centre: "Centre", name: str) -> "AccountSet":
    centre.reconciler.catch_up()
    said = centre.doorkeeper.find(name).said
    if said is None or not said.is_open:
        raise NotFoundError(f"there is no account {name}; look at: machi central user list")
    return said


def _place(centre: "Centre", roles: tuple[Role, ...], place: str) -> str:
    """Return the place of an account: a shop's has one, and no other."""
    from central.places import named, unnamed

    if (Role.SHOP in roles) != bool(place):
        raise click.UsageError("a shop has a place, and nobody else does: --role shop --place fish")
    if place:
        with centre.reconciler.counted() as connection:
            if not named(connection, place):
                raise NotFoundError(unnamed(place))
    return place


def _roles(roles: tuple[str, ...]) -> tuple[Role, ...]:
    return tuple(one for one in Role if str(one) in roles)


def _scopes(scopes: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(one for one in every_scope() if one in scopes)


def _document(said: "AccountSet") -> dict[str, Any]:
    roles = [str(one) for one in said.roles]
    kind = "tool" if said.is_tool else "person"
    shown = {"name": said.name, "shown": said.shown, "roles": roles, "kind": kind, "by": said.by}
    scopes = {"scopes": [str(one) for one in said.scopes]} if said.is_tool else {}
    place = {"place": said.place} if said.place else {}
    return {"schema": "machi.central.user/1", **shown, **place, **scopes}


def _say(said: "AccountSet", *, as_json: bool) -> None:
    say(_document(said), as_json=as_json)
