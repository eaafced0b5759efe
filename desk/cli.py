"""`machi desk`: reads cards for the console's page, on the PC at which a clerk sits."""

import socket
import sys
from pathlib import Path

import click

PORT = 17_263
USAGE, TAKEN, HARDWARE = 3, 5, 8


class MisuseError(click.UsageError):
    """The command line asks for something that cannot be."""

    exit_code = USAGE


class TakenError(click.ClickException):
    """Something listens at its port already."""

    exit_code = TAKEN


class NoPcscError(click.ClickException):
    """This machine's Python has no way to card readers."""

    exit_code = HARDWARE


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def desk() -> None:
    """Let the console's page read a card at the desk where it is open.

    \b
    machi desk serve --console https://console.example.jp --trust ~/trust
    """  # noqa: D301 - click keeps lines as they are after a real backspace


@desk.command()
@click.option("--console", required=True, metavar="URL", help="The console; its pages are answered, and nobody else.")
@click.option(
    "--trust",
    "folder",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder with the keys to believe, as `machi card read` takes it.",
)
@click.option("--reader", default="", metavar="NAME", help="A part of the reader's name. Default: any reader.")
@click.option("--port", default=PORT, show_default=True, type=click.IntRange(1, 65535), help="As central.toml has it.")
@click.option("--learn", is_flag=True, help="Learn the keys of cards without the service pass (trust folder).")
@click.option("--wait", default=30.0, show_default=True, metavar="S", help="Seconds to wait for a card.")
@click.option("--json", "as_json", is_flag=True, help="Say in one JSON document where it listens.")
def serve(*, console: str, folder: Path, reader: str, port: int, learn: bool, wait: float, as_json: bool) -> None:
    """Answer the console's page at this PC's loopback, until Ctrl-C.

    \b
    machi desk serve --console https://console.example.jp --trust ~/trust --learn
    machi desk serve --console http://127.0.0.1:8080 --trust var/pki/trust --reader "ACR1252"

    The page asks which card lies on the reader or, with 照合番号B or the four-digit PIN, whose it is. What is typed
    goes to the card and nowhere else: not to the centre, into no log, into no file. A last try is never spent.

    \b
    Exit codes: 0 ended; 3 usage; 5 something listens at the port already; 8 no pyscard on this machine.
    """  # noqa: D301
    from desk.app import create_desk
    from desk.cards import Cards
    from desk.door import ADDRESS, OriginError, origin
    from drivers import choose

    try:
        caller = origin(console)
    except OriginError as error:
        raise MisuseError(f"--console: {error}") from error
    try:
        choose.find("reader", "pcsc")
    except ImportError as error:
        raise NoPcscError(f"{error}; it comes with requirements/unit.txt") from error
    clock, dice = choose.load("clock", "system"), choose.load("entropy", "system")
    cards = Cards(
        lambda: choose.load("reader", "pcsc", {"name": reader}), folder, clock, dice, is_learning=learn, seconds=wait
    )
    with _listening(ADDRESS, port) as at:
        if as_json:
            import msgspec

            said = {"schema": "machi.desk.serve/1", "url": f"http://{ADDRESS}:{port}", "console": caller}
            click.echo(msgspec.json.encode(said))
        click.echo(f"{caller} may read cards here, at {ADDRESS}:{port}; Ctrl-C ends it", err=True)
        sys.stdout.flush()
        _serve(create_desk(cards, caller, port), at)


def _listening(address: str, port: int) -> socket.socket:
    at = socket.socket()
    at.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        at.bind((address, port))
        at.listen()
    except OSError as error:
        at.close()
        raise TakenError(f"port {port}: {error.strerror}; is it running already? Or choose another --port") from error
    return at


def _serve(app: object, at: socket.socket) -> None:
    import uvicorn

    config = uvicorn.Config(
        app,  # type: ignore[arg-type]
        lifespan="off",
        access_log=False,  # nothing of what is asked is written anywhere
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=1,
        limit_concurrency=8,
    )
    uvicorn.Server(config).run(sockets=[at])
