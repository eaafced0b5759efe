"""`machi card`: read a card by hand, or put a virtual one into a virtual reader."""

import contextlib
import signal
import sys
import threading
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from drivers.card.desk import Report
    from drivers.card.trust import Trust

CHECK_FAILED, USAGE, NOT_FOUND, HARDWARE, INTERRUPTED = 2, 3, 4, 8, 130
_SECRET_CHARS_MAX = 64


class MisuseError(click.UsageError):
    """The command line asks for something that cannot be."""

    exit_code = USAGE


class NoCardError(click.ClickException):
    """Nobody held a card there."""

    exit_code = NOT_FOUND


class NoHardwareError(click.ClickException):
    """There is no reader, or nothing that speaks to it."""

    exit_code = HARDWARE


_IN = click.Path(exists=True, dir_okay=False, path_type=Path)
_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def card() -> None:
    """Read a card, or be one.

    \b
    machi card read --trust var/pki/trust
    machi card emulate hanako.toml --port 35963
    """  # noqa: D301 - click keeps lines as they are after a real backspace


@card.command()
@click.option("--reader", default="", metavar="NAME", help="A part of the reader's name. Default: any reader.")
@click.option("--trust", "folder", type=_FOLDER, help="Folder with the keys to believe. Default: none, so nobody.")
@click.option("--pin-file", type=_IN, help="File with the four-digit PIN.")
@click.option("--pin-stdin", is_flag=True, help="Read the PIN from standard input.")
@click.option("--spend-last-try", is_flag=True, help="The holder agrees to spend the PIN's last try.")
@click.option("--enrol-birth-file", type=_IN, help="File with the holder's birthday, YYYY-MM-DD: learn this card.")
@click.option("--timeout", default=30.0, show_default=True, metavar="S", help="Seconds to wait for a card.")
@click.option("--trace", is_flag=True, help="Show every command, with secrets masked, and what it cost.")
@click.option("--json", "as_json", is_flag=True, help='Print one JSON document, "schema": "machi.card/1".')
def read(
    *,
    reader: str,
    folder: Path | None,
    pin_file: Path | None,
    pin_stdin: bool,
    spend_last_try: bool,
    enrol_birth_file: Path | None,
    timeout: float,
    trace: bool,
    as_json: bool,
) -> None:
    """Wait for a card, and say who it is and what it has proven.

    \b
    machi card read --trust var/pki/trust
    machi card read --trust var/pki/trust --pin-stdin --trace
    machi card read --trust var/pki/trust --enrol-birth-file birth.txt
    machi card read --reader ACR1252 --json

    The trust folder holds what is believed:

    \b
    trust.toml          order of the profiles, production or test, where the pass lies
    pass/REFERENCE.pem  public keys of those who issue passes (Ed25519)
    jpki/*.pem          certificates of the authorities for authentication certificates
    cv/KEY-ID.pem       public keys above the card issuers' certificates (RSA)
    face/INDEX.pem      public keys of enrolled cards; --enrol-birth-file adds one

    A test folder is made by: python -m drivers.card.sim.pki var/pki

    \b
    Exit codes: 0 identified; 2 read, but not proven; 3 usage; 4 no card in time;
    8 no reader, or no pcscd.
    """  # noqa: D301
    from drivers import choose
    from drivers.card.desk import Desk, NobodyCameError, NoReaderError, wait_for_card

    if enrol_birth_file and folder is None:
        raise MisuseError("--enrol-birth-file needs --trust, the folder that keeps the card's key")
    birth = _birth(enrol_birth_file)
    pin = _pin(pin_file, from_stdin=pin_stdin)
    clock = choose.load("clock", "system")
    desk = Desk(_trust(folder), clock, choose.load("entropy", "system"))
    driver = choose.load("reader", "pcsc", {"name": reader})
    try:
        field = wait_for_card(driver, clock, timeout, lambda text: click.echo(text, err=True))
        if birth and folder:
            report = desk.enrol(field, birth, folder, trace=trace)
        else:
            report = desk.read(field, pin, spend_last_try=spend_last_try, trace=trace)
        field.close()
    except NoReaderError as error:
        raise NoHardwareError(str(error)) from error
    except NobodyCameError as error:
        raise NoCardError(str(error)) from error
    finally:
        driver.stop()
    _print(report, as_json=as_json)
    sys.exit(0 if report.ok else CHECK_FAILED)


@card.command()
@click.argument("file", type=_IN)
@click.option("--port", required=True, type=click.IntRange(1, 65535), help="TCP port of the vpcd slot.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Where vpcd listens.")
@click.option("--control", type=click.Path(path_type=Path), help="Unix socket to take orders at, while it lies there.")
def emulate(file: Path, port: int, host: str, control: Path | None) -> None:
    """Lay a virtual card on a virtual reader, until Ctrl-C.

    \b
    machi card emulate hanako.toml --port 35963
    machi card emulate hanako.json --port 35963 --control /tmp/table
    echo '{"do": "remove", "reader": "reader"}' | nc -UN /tmp/table

    FILE says what kind of card it is; all of it has a default:

    \b
    kind = "mynumber"           # or old_card, android, transit, bank, garbage, …
    serial = "990000000000001"
    birth = 1985-04-01
    pin = "1234"
    faults = []                 # or "expired", "forged_key", "unknown_ca", …
    pki = "pki"                 # folder of the test PKI, made if it is not there

    The reader is a slot of vpcd (Debian package vsmartcard-vpcd), whose first port is 35963. It listens on every
    network interface: never on a machine in service.
    """  # noqa: D301
    from drivers.card.sim.table import Control, Order, Table

    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    table = Table({"reader": port}, host)
    taking_orders = Control(table, control) if control else None
    try:
        reply = table.obey(Order("present", "reader", card=str(file)))
        if not reply.ok:
            raise MisuseError(reply.why)
        click.echo(f"{file} lies on the reader at {host}:{port}; Ctrl-C takes it away", err=True)
        ended.wait()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    finally:
        table.close()
        if taking_orders:
            taking_orders.close()


def _trust(folder: Path | None) -> "Trust":
    from drivers.card import trust_folder
    from drivers.card.trust import Trust, TrustError

    try:
        return trust_folder.load(folder) if folder else Trust()
    except TrustError as error:
        raise MisuseError(str(error)) from error


def _pin(file: Path | None, *, from_stdin: bool) -> str | None:
    if file and from_stdin:
        raise MisuseError("--pin-file or --pin-stdin, not both")
    if file:
        return file.read_text()[:_SECRET_CHARS_MAX].strip()
    return sys.stdin.readline(_SECRET_CHARS_MAX).strip() if from_stdin else None


def _birth(file: Path | None) -> date | None:
    if file is None:
        return None
    with contextlib.suppress(ValueError):
        return date.fromisoformat(file.read_text()[:_SECRET_CHARS_MAX].strip())
    raise MisuseError(f"{file}: a birthday is written YYYY-MM-DD")


def _print(report: "Report", *, as_json: bool) -> None:
    import msgspec

    if as_json:
        click.echo(msgspec.json.encode(report))
        return
    click.echo(report.words)
    shown = {
        "profile": report.profile,
        "identifier": report.identifier,
        "proof": report.proof,
        "issuer": report.issuer,
        "expires": report.expires and report.expires.isoformat(),
        "kept in": report.enrolment and report.enrolment.file,
        "reason": report.reason,
    }
    for name, value in shown.items():
        if value:
            click.echo(f"{name:<11} {value}")
    for step in report.trace or []:
        click.echo(f"{step.ms:9.2f} ms {step.sent_bytes:4} > {step.received_bytes:<4} {step.sw}  {step.sent}", err=True)
    if report.trace is not None:
        cost = report.cost
        air = f"{cost.air_ms:.0f} ms in the air at 106 kbit/s"
        click.echo(f"{cost.apdus} APDUs, {cost.bytes} bytes, {cost.ms:.1f} ms; about {air}", err=True)
