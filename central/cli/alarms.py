"""`machi central alarms …`: who is told of what needs a person, and by which way."""

import ssl
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from central.cli.common import (
    FOLDER,
    JSON,
    NotFoundError,
    RefusedForSafetyError,
    UnreachableError,
    open_folder,
    plainly,
    say,
)

if TYPE_CHECKING:
    from central.alarms.outbox import Tried
    from central.alarms.recipients import Recipients
    from central.centre import Centre

TLS = click.Choice(["starttls", "tls", "none"])


@click.group()
def alarms() -> None:
    """Say who is told by mail or webhook of what needs a person.

    \b
    Examples:
      machi central alarms mail /srv/town --server smtp.example.jp --sender machitap@town.example.jp
      machi central alarms add /srv/town hanako@town.example.jp
      machi central alarms test /srv/town
      machi central alarms list /srv/town
    """  # noqa: D301 - click keeps lines as they are behind a real backspace


@alarms.command(
    epilog="\b\nExamples:\n  machi central alarms mail /srv/town --server smtp.example.jp --sender town@example.jp\n"
    "  machi central alarms mail /srv/town --server smtp.example.jp --port 465 --tls tls --sender town@example.jp"
    " --user machitap --password-file -"
)
@FOLDER
@click.option("--server", required=True, help="The mail server's name.")
@click.option("--port", type=click.IntRange(1, 65535), help="587 by default; 465 for tls, 25 for none.")
@click.option(
    "--tls", type=TLS, default="starttls", show_default=True, help="How it is spoken to; none: on this machine."
)
@click.option("--sender", required=True, help="From which address.")
@click.option("--user", default="", help="As whom, if it asks for a password.")
@click.option("--password-file", type=click.File("r"), help="Where the password stands (-: standard input).")
@JSON
def mail(
    folder: Path, server: str, port: int | None, tls: str, sender: str, user: str, password_file: Any, as_json: bool
) -> None:
    """Say which mail server takes the mails. Its password is kept with the town's keys, for the centre's user alone."""
    from central.alarms.recipients import LOOPBACK, MAIL_PASSWORD, Mail, Tls, is_address

    if not is_address(sender):
        raise click.UsageError(f'"{sender}" is no address')
    if bool(user) != bool(password_file):
        raise click.UsageError("say --user and --password-file together, or neither")
    if tls == Tls.NONE and server not in LOOPBACK:
        raise RefusedForSafetyError(f"{server} is not this machine; without TLS anybody on the way reads along")
    if user and tls == Tls.NONE:
        raise RefusedForSafetyError("a password is sent by TLS only")
    centre = open_folder(folder)
    if password_file:
        _keep(folder, MAIL_PASSWORD, password_file)
    asked = port or {Tls.STARTTLS: 587, Tls.TLS: 465, Tls.NONE: 25}[Tls(tls)]
    _say(_change(centre, mail=Mail(server, asked, Tls(tls), sender, user)), as_json=as_json)


@alarms.command(epilog="\b\nExamples:\n  machi central alarms add /srv/town hanako@town.example.jp")
@FOLDER
@click.argument("addresses", nargs=-1, required=True)
@JSON
def add(folder: Path, addresses: tuple[str, ...], as_json: bool) -> None:
    """Have mails go to ADDRESSES, too."""
    from central.alarms.recipients import ADDRESSES_MAX, is_address

    if wrong := [one for one in addresses if not is_address(one)]:
        raise click.UsageError(f'"{wrong[0]}" is no address')
    centre = open_folder(folder)
    known = tuple(dict.fromkeys((*_recipients(centre).addresses, *addresses)))
    if len(known) > ADDRESSES_MAX:
        raise RefusedForSafetyError(f"at most {ADDRESSES_MAX} addresses; use a list of the mail server's")
    _say(_change(centre, addresses=known), as_json=as_json)


@alarms.command(epilog="\b\nExamples:\n  machi central alarms remove /srv/town hanako@town.example.jp")
@FOLDER
@click.argument("addresses", nargs=-1, required=True)
@JSON
def remove(folder: Path, addresses: tuple[str, ...], as_json: bool) -> None:
    """Have no more mails go to ADDRESSES."""
    centre = open_folder(folder)
    known = _recipients(centre).addresses
    if strange := [one for one in addresses if one not in known]:
        raise NotFoundError(f"no mails go to {strange[0]}")
    _say(_change(centre, addresses=tuple(one for one in known if one not in addresses)), as_json=as_json)


@alarms.command(
    epilog="\b\nExamples:\n  machi central alarms webhook /srv/town --url-file webhook.url\n"
    "  machi central alarms webhook /srv/town --off"
)
@FOLDER
@click.option("--url-file", type=click.File("r"), help="Where its address stands (-: standard input).")
@click.option("--off", is_flag=True, help="Post nothing any more.")
@JSON
def webhook(folder: Path, url_file: Any, off: bool, as_json: bool) -> None:
    """Have what is told posted as JSON, for a chat or a tool. The address is kept secret: who knows it may post."""
    from central.alarms.recipients import LOOPBACK, WEBHOOK_URL
    from central.folder import KEYS_FOLDER

    if off == bool(url_file):
        raise click.UsageError("say --url-file FILE, or --off")
    centre = open_folder(folder)
    if off:
        _change(centre, webhook="")
        (folder / KEYS_FOLDER / WEBHOOK_URL).unlink(missing_ok=True)
    else:
        from httpx import URL, InvalidURL

        text = url_file.read().strip()
        try:
            url = URL(text)
        except InvalidURL as error:
            raise click.UsageError("this is no address of a webhook") from error
        if not url.host or not (url.scheme == "https" or (url.scheme == "http" and url.host in LOOPBACK)):
            raise RefusedForSafetyError("a webhook's address begins with https:// (http:// only on this machine)")
        _replace(folder, WEBHOOK_URL, text)
        _change(centre, webhook=url.host)
    _say(_recipients(centre), as_json=as_json)


@alarms.command(
    epilog="\b\nExamples:\n  machi central alarms quiet /srv/town 22 7\n  machi central alarms quiet /srv/town --off"
)
@FOLDER
@click.argument("hours", nargs=-1, type=click.IntRange(0, 23))
@click.option("--off", is_flag=True, help="Tell at every hour.")
@JSON
def quiet(folder: Path, hours: tuple[int, ...], off: bool, as_json: bool) -> None:
    """Tell nobody from the hour FIRST up to the hour UNTIL, by the town's clock; what still is so is told then."""
    from central.alarms.recipients import Quiet

    if off == bool(hours) or len(hours) not in (0, 2) or (hours and hours[0] == hours[1]):
        raise click.UsageError("say two different hours, for example 22 7, or --off")
    _say(_change(open_folder(folder), quiet=Quiet(*hours) if hours else None), as_json=as_json)


@alarms.command(epilog="\b\nExamples:\n  machi central alarms test /srv/town")
@FOLDER
@JSON
def test(folder: Path, as_json: bool) -> None:
    """Send a letter to everybody now, and say how it went. Exit code 7 if one did not go out."""
    from central.alarms.letters import trial
    from central.alarms.outbox import Parcel
    from central.alarms.sending import Sender
    from central.folder import Folder

    centre = open_folder(folder)
    to, opened = _recipients(centre), Folder(folder)
    if not to.to:
        raise NotFoundError("nobody is told yet; say: machi central alarms mail, add, webhook")
    number, now_ms = centre.town.entropy.bytes(12).hex(), centre.town.clock.wall_ms()
    letter = trial(opened.config.town.name)
    sender = Sender(opened.secret, ssl.create_default_context())
    tried = sender.send_all(to, [Parcel(number, one, letter, now_ms) for one in to.to])
    say(
        {"schema": "machi.central.alarms.test/1", **{one.parcel.to: one.error or "sent" for one in tried}},
        as_json=as_json,
    )
    if failed := [one for one in tried if one.error]:
        raise UnreachableError(_hint(failed[0]))


@alarms.command(name="list", epilog="\b\nExamples:\n  machi central alarms list /srv/town --json")
@FOLDER
@JSON
def list_(folder: Path, as_json: bool) -> None:
    """Show who is told, what is open, what waits to be sent, and what could not be. Exit code 2 if something waits."""
    from central.alarms import books
    from central.cli.common import CHECK_FAILED
    from central.store import reading

    centre = open_folder(folder)
    with plainly(), reading(centre.engine) as connection:
        to, now = books.recipients(connection), books.state(connection)
    open_ones = [one for one in now.told.watched.values() if one.told_ms is not None]
    waits = [one for one in now.outbox.waiting if one.tries]
    if as_json:
        document = {"recipients": to, "open": open_ones, "waiting": now.outbox.waiting, "failed": now.outbox.failed}
        say({"schema": "machi.central.alarms/1", **msgspec.to_builtins(document)}, as_json=True)
    else:
        _say(to, as_json=False)
        for one in open_ones:
            click.echo(f"told: {one.ja} / {one.en}")
        for parcel in now.outbox.waiting:
            click.echo(f"waits: {parcel.to}: {parcel.letter.subject} (tried {parcel.tries}) {parcel.error}")
        for failed in now.outbox.failed:
            click.echo(f"given up: {failed.to}: {failed.subject}: {failed.error}")
    if waits:
        sys.exit(CHECK_FAILED)


def _recipients(centre: "Centre") -> "Recipients":
    from central.alarms import books
    from central.store import reading

    with plainly(), reading(centre.engine) as connection:
        return books.recipients(connection)


def _change(centre: "Centre", **what: object) -> "Recipients":
    from central.alarms import books

    with plainly(), centre.engine.begin() as connection:
        return books.change(connection, **what)


def _keep(folder: Path, name: str, file: Any) -> None:
    """Keep a secret that a file or somebody says, without what stands around it."""
    text = file.read().strip()
    if not text or not text.isascii():
        raise click.UsageError("the password is empty" if not text else "the password has other letters than ASCII")
    _replace(folder, name, text)


def _replace(folder: Path, name: str, text: str) -> None:
    from central.folder import KEYS_FOLDER, replace_secret

    replace_secret(folder / KEYS_FOLDER / name, text.encode())


def _say(to: "Recipients", *, as_json: bool) -> None:
    document = {
        "schema": "machi.central.alarms.recipients/1",
        "addresses": list(to.addresses) if as_json else ", ".join(to.addresses) or "-",
        "mail": f"{to.mail.sender} by {to.mail.server}:{to.mail.port} ({to.mail.tls})" if to.mail else "-",
        "webhook": to.webhook or "-",
        "quiet": f"{to.quiet.first}:00-{to.quiet.until}:00" if to.quiet else "-",
    }
    say(document, as_json=as_json)
    if to.addresses and not to.mail:
        click.echo("no mail goes out before: machi central alarms mail", err=True)


def _hint(tried: "Tried") -> str:
    return f"{tried.parcel.to}: {tried.error}\nlook at server, port, TLS and password: machi central alarms mail --help"
