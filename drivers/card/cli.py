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
    from drivers.card.desk import OnList, Report
    from drivers.card.holder import HolderReport
    from drivers.card.trust import Trust

CHECK_FAILED, USAGE, NOT_FOUND, HARDWARE, INTERRUPTED = 2, 3, 4, 8, 130
_SECRET_CHARS_MAX = 64
_VPCD_PORT = 35_963  # of vpcd's first reader; the others follow


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
    machi card make hanako.toml --name 架空　花子 --birth 1985-04-01
    machi card emulate hanako.toml --reader 0
    """  # noqa: D301 - click keeps lines as they are after a real backspace


@card.command()
@click.option("--reader", default="", metavar="NAME", help="A part of the reader's name. Default: any reader.")
@click.option("--trust", "folder", type=_FOLDER, help="Folder with the keys to believe. Default: none, so nobody.")
@click.option("--pin-file", type=_IN, help="File with the four-digit PIN.")
@click.option("--pin-stdin", is_flag=True, help="Read the PIN from standard input.")
@click.option("--spend-last-try", is_flag=True, help="The holder agrees to spend the PIN's last try.")
@click.option("--enrol-birth-file", type=_IN, help="File with the holder's birthday, YYYY-MM-DD: learn this card.")
@click.option("--enrol-counter", is_flag=True, help="Have a counter card make a key for this town, and learn it.")
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
    enrol_counter: bool,
    timeout: float,
    trace: bool,
    as_json: bool,
) -> None:
    """Wait for a card, and say who it is and what it has proven.

    \b
    machi card read --trust var/pki/trust
    machi card read --trust var/pki/trust --pin-stdin --trace
    machi card read --trust var/pki/trust --enrol-birth-file birth.txt
    machi card read --trust var/pki/trust --enrol-counter --json > card.json

    The trust folder holds what is believed:

    \b
    trust.toml          order of the profiles, production or test, where the pass lies
    pass/REFERENCE.pem  public keys of those who issue passes (Ed25519)
    jpki/*.pem          certificates of the authorities for authentication certificates
    cv/KEY-ID.pem       public keys above the card issuers' certificates (RSA)
    face/INDEX.pem      public keys of enrolled cards; --enrol-birth-file adds one
    u2f/*.pem           certificates of the makers whose counter cards --enrol-counter takes
    crl/*               lists of revoked certificates

    A test folder is made by: python -m drivers.card.sim.pki var/pki

    \b
    Exit codes: 0 identified; 2 read, but not proven; 3 usage; 4 no card in time;
    8 no reader, or no pcscd.
    """  # noqa: D301
    from drivers import choose
    from drivers.card.desk import Desk, NobodyCameError, NoReaderError, wait_for_card

    _check_enrolment(folder, enrol_birth_file, enrol_counter=enrol_counter)
    birth, pin = _birth(enrol_birth_file), _pin(pin_file, from_stdin=pin_stdin)
    clock = choose.load("clock", "system")
    desk = Desk(_trust(folder), clock, choose.load("entropy", "system"))
    driver = choose.load("reader", "pcsc", {"name": reader})
    try:
        field = wait_for_card(driver, clock, timeout, lambda text: click.echo(text, err=True))
        if birth and folder:
            report = desk.enrol(field, birth, folder, trace=trace)
        elif enrol_counter:
            report = desk.enrol_counter(field, trace=trace)
        else:
            report = desk.read(field, pin, spend_last_try=spend_last_try, trace=trace)
        field.close()
    except (NoReaderError, NobodyCameError) as error:
        raise (NoHardwareError if isinstance(error, NoReaderError) else NoCardError)(str(error)) from error
    finally:
        driver.stop()
    _print(report, as_json=as_json)
    sys.exit(0 if report.ok else CHECK_FAILED)


@card.command()
@click.option("--reader", default="", metavar="NAME", help="A part of the reader's name. Default: any reader.")
@click.option("--trust", "folder", type=_FOLDER, required=True, help="Folder with the keys to believe.")
@click.option("--secret-file", type=_IN, help="File with 照合番号B (14 digits), or the four-digit PIN.")
@click.option("--secret-stdin", is_flag=True, help="Read it from standard input. Without either it is asked for.")
@click.option("--spend-last-try", is_flag=True, help="The holder agrees to spend the last try.")
@click.option("--learn", is_flag=True, help="Learn the key of a card without the town's pass (trust folder).")
@click.option("--timeout", default=30.0, show_default=True, metavar="S", help="Seconds to wait for a card.")
@click.option("--json", "as_json", is_flag=True, help='Print one JSON document, "schema": "machi.card.holder/1".')
def holder(
    *,
    reader: str,
    folder: Path,
    secret_file: Path | None,
    secret_stdin: bool,
    spend_last_try: bool,
    learn: bool,
    timeout: float,
    as_json: bool,
) -> None:
    """Wait for a My Number Card, and say whose it is: name, address, birthday, sex, with all signatures checked.

    \b
    machi card holder --trust var/pki/trust
    machi card holder --trust trust --secret-stdin --learn --json | machi central resident add /srv/town --card -

    The secret is 照合番号B, made of what is printed on the card (birthday, year of expiry, security code), or the PIN
    of the input-support application. The personal number is never read. What is printed here is personal: hand it
    on, and keep it nowhere.

    \b
    Exit codes: 0 read; 2 not read; 3 usage; 4 no card in time; 8 no reader, or no pcscd.
    """  # noqa: D301
    from drivers import choose
    from drivers.card import holder as desk
    from drivers.card.desk import NobodyCameError, NoReaderError, wait_for_card

    trust = _trust(folder)
    secret = _pin(secret_file, from_stdin=secret_stdin) or click.prompt("照合番号B / PIN", hide_input=True, err=True)
    clock, driver = choose.load("clock", "system"), choose.load("reader", "pcsc", {"name": reader})
    try:
        field = wait_for_card(driver, clock, timeout, lambda text: click.echo(text, err=True))
        kept = folder if learn else None
        dice = choose.load("entropy", "system")
        report = desk.read(field, secret, trust, clock, dice, learn=kept, spend_last_try=spend_last_try)
        field.close()
    except (NoReaderError, NobodyCameError) as error:
        raise (NoHardwareError if isinstance(error, NoReaderError) else NoCardError)(str(error)) from error
    finally:
        driver.stop()
    _print_holder(report, as_json=as_json)
    sys.exit(0 if report.ok else CHECK_FAILED)


@card.command()
@click.argument("file", type=_IN)
@click.option("--reader", type=click.IntRange(0, 15), help="Number of the virtual reader, from 0.  [default: 0]")
@click.option("--port", type=click.IntRange(1, 65535), help="TCP port of the vpcd slot, instead of its number.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Where vpcd listens.")
@click.option("--control", type=click.Path(path_type=Path), help="Unix socket to take orders at, while it lies there.")
@click.option("--json", "as_json", is_flag=True, help="Say in one JSON document where it lies.")
def emulate(
    *, file: Path, reader: int | None, port: int | None, host: str, control: Path | None, as_json: bool
) -> None:
    """Lay a virtual card on a virtual reader, until Ctrl-C.

    \b
    machi card emulate --reader 0 hanako.toml
    machi card emulate hanako.json --port 35963 --control /tmp/table
    echo '{"do": "remove", "reader": "reader"}' | nc -UN /tmp/table

    FILE says what kind of card it is; `machi card make` writes one, and all of it has a default:

    \b
    kind = "mynumber"           # or old_card, android, transit, bank, sun_tag, garbage, …
    name = "架空　花子"
    birth = 1985-04-01
    serial = "990000000000001"
    pin = "1234"
    faults = []                 # or "expired", "forged_key", "unknown_ca", …
    missing = ["jpki/000A"]     # files that are not there
    pki = "pki"                 # folder of the test PKI, made if it is not there

    \b
    [trouble]                   # what happens to it each time it is held to a reader
    torn_after_apdus = 3        # or torn_after_bytes, slow_ms, mute_after_apdus

    \b
    [timing]                    # how long it takes
    kbit = 106                  # or 212, 424
    rsa_ms = 150.0

    The reader is a slot of vpcd (Debian package vsmartcard-vpcd), whose first port is 35963. It listens on every
    network interface: never on a machine in service.
    """  # noqa: D301
    from drivers.card.sim.table import Control, Order, Table

    if reader is not None and port is not None:
        raise MisuseError("--reader or --port, not both")
    port = port or _VPCD_PORT + (reader or 0)
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    table = Table({"reader": port}, host)
    taking_orders = Control(table, control) if control else None
    try:
        reply = table.obey(Order("present", "reader", card=str(file)))
        if not reply.ok:
            raise MisuseError(reply.why)
        click.echo(f"{file} lies on the reader at {host}:{port}; Ctrl-C takes it away", err=True)
        if as_json:
            _say("machi.card-laid/1", file=str(file), host=host, port=port)
        ended.wait()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    finally:
        table.close()
        if taking_orders:
            taking_orders.close()


@card.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--kind", default="mynumber", show_default=True, help="What kind of card; --help of emulate names some.")
@click.option("--name", help="Name of its holder, who is nobody.")
@click.option("--address", help="Address of its holder.")
@click.option("--birth", type=click.DateTime(["%Y-%m-%d"]), help="Birthday of its holder.")
@click.option("--serial", help="15 digits. Default: drawn from the file's name.")
@click.option("--pin", help="Four digits, for the test card.")
@click.option("--expires", type=click.DateTime(["%Y-%m-%d"]), help="Its last day.")
@click.option("--generation", type=click.IntRange(1, 3), help="Which authorities have signed its certificates.")
@click.option("--fault", "faults", multiple=True, help="What is wrong with it; may be given again.")
@click.option("--quirk", "quirks", multiple=True, help="How its chip differs; may be given again.")
@click.option("--pki", default="pki", show_default=True, help="Folder of the test PKI, beside the file.")
@click.option("--json", "as_json", is_flag=True, help="Say in one JSON document what was made.")
def make(file: Path, *, as_json: bool, **said: object) -> None:
    """Write the file of a virtual card, to be emulated.

    \b
    machi card make hanako.toml --name 架空　花子 --birth 1985-04-01
    machi card make copy.toml --fault forged_key
    machi card make suica.toml --kind transit
    """  # noqa: D301
    import hashlib
    from datetime import datetime

    import msgspec

    from drivers.card.sim.plan import Plan, to_toml

    if file.exists():
        raise MisuseError(f"{file} is there already")
    given = {key: value.date() if isinstance(value, datetime) else value for key, value in said.items() if value}
    number = int.from_bytes(hashlib.sha256(file.stem.encode()).digest()[:8], "big") % 10**13
    try:
        plan = msgspec.convert({"serial": f"99{number:013}"} | given, Plan)
    except msgspec.ValidationError as error:
        raise MisuseError(str(error)) from error
    file.write_text(to_toml(plan))
    if as_json:
        _say("machi.card-file/1", file=str(file), kind=plan.kind, serial=plan.serial)
    else:
        click.echo(f"{file}: {plan.kind}, {plan.serial}")


def _check_enrolment(folder: Path | None, birth_file: Path | None, *, enrol_counter: bool) -> None:
    if birth_file and folder is None:
        raise MisuseError("--enrol-birth-file needs --trust, the folder that keeps the card's key")
    if enrol_counter and (folder is None or birth_file):
        raise MisuseError("--enrol-counter needs --trust, the folder with the makers that count, and no birthday")


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


def _say(schema: str, **said: str | int) -> None:
    import msgspec

    click.echo(msgspec.json.encode({"schema": schema, **said}))


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
        "counter": report.counter,
        "not revoked": report.revocation and _list_words(report.revocation),
        "kept in": report.enrolment and report.enrolment.file,
        "for the centre": report.counter_card and "machi central coin counter-card (say --json here)",
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


def _print_holder(report: "HolderReport", *, as_json: bool) -> None:
    import msgspec

    if as_json:
        click.echo(msgspec.json.encode(report))
        return
    click.echo(report.words)
    said = report.attributes
    for name, value in ({"name": said.name, "address": said.address, "birth": said.birth} if said else {}).items():
        click.echo(f"{name:<11} {value}")


def _list_words(listed: "OnList") -> str:
    old = "; it is too old" if listed.expired else ""
    return f"by the list of {listed.issued[:10]}{old}"
