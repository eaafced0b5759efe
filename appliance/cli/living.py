"""`machi unit init|enrol|request|accept|run|uplink|twin`: set a unit up, and let it live."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from appliance.cli.common import (
    FOLDER,
    JSON,
    ExistsError,
    NotFoundError,
    RefusedForSafetyError,
    UnreachableTownError,
    make_sure_it_rests,
    plainly,
    say,
)

_RUNS = "動いています。記録を持ち出してから止めてください\nthis unit runs: bring in its journal, then stop it"
_AGAIN = click.option(
    "--again", is_flag=True, help="This unit was enrolled before: put that life aside and begin a new one."
)
_HOST_KEY = click.option(
    "--host-key",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Public key of this unit's SSH server; the town's certificate for it is laid beside it.",
)


@click.command(epilog="\b\nExamples:\n  machi unit init lib01 --name lib01 --reader-name ACR --screen-port 8101")
@FOLDER
@click.option("--name", required=True, help="The unit's name, as on its ticket.")
@click.option("--reader", default="pcsc", show_default=True, help="Make of the card reader.")
@click.option("--reader-name", default="", help="Part of the reader's name, where there are several.")
@click.option("--screen-port", default=0, show_default=True, help="Port of the screen's page; 0 for none.")
@click.option("--test", is_flag=True, help="Believe test keys and test cards: never for a unit that serves people.")
@JSON
def init(folder: Path, name: str, reader: str, reader_name: str, screen_port: int, test: bool, as_json: bool) -> None:
    """Write a fresh unit's configuration into FOLDER, for a technician to look over."""
    from appliance.setup import write_config

    try:
        write_config(folder, name, reader, reader_name, screen_port, test=test)
    except FileExistsError as error:
        raise ExistsError(f"{error.filename} is there already; edit it, or name another folder") from error
    say({"schema": "machi.unit.init/1", "folder": str(folder), "unit": name}, as_json=as_json)


@click.command(
    epilog="\b\nExamples:\n  machi unit enrol lib01 lib01.ticket\n  machi unit enrol lib01 lib01.ticket --again"
)
@FOLDER
@click.argument("ticket", type=click.File("rb"))
@_AGAIN
@_HOST_KEY
@click.option("--through", type=click.IntRange(1, 65535), help="A port of this machine that leads to the centre.")
@JSON
def enrol(folder: Path, ticket: Any, again: bool, host_key: Path | None, through: int | None, as_json: bool) -> None:
    """Let this unit into a town, with the TICKET that the office printed (- for standard input)."""
    from appliance.config import ENROLMENT_FILE
    from appliance.uplink.joining import join
    from sync.client import RefusedError, UnreachableError

    if (folder / ENROLMENT_FILE).exists() and not again:
        raise ExistsError(f"{folder} is enrolled already; --again begins a new life with new keys")
    with plainly():
        try:
            enrolment = join(folder, ticket.read(), host_key, through)
        except UnreachableError as error:
            raise UnreachableTownError(f"the centre does not answer ({error}); the ticket is still good") from error
        except RefusedError as error:
            raise RefusedForSafetyError(f"{error.problem.title}: {error.problem.detail}") from error
    say({"schema": "machi.unit.enrol/1", "unit": enrolment.unit, "epoch": enrolment.epoch}, as_json=as_json)


@click.command(
    epilog="\b\nExamples:\n  machi unit request /var/lib/machitap lib01.ticket > stick/lib01.request\n"
    "  machi unit request /var/lib/machitap lib01.ticket --again > stick/lib01.request"
)
@FOLDER
@click.argument("ticket", type=click.File("rb"))
@_AGAIN
@_HOST_KEY
@JSON
def request(folder: Path, ticket: Any, again: bool, host_key: Path | None, as_json: bool) -> None:  # noqa: ARG001
    """Write what this unit asks the office for (JSON), where nothing reaches the centre: to be let in with TICKET.

    At the office: machi central unit admit. Its answer is brought here: machi unit accept. The same TICKET again gives
    the same request. With --again, bring in the old journal first, and do not run the unit until the answer is here.
    """
    from appliance.config import ENROLMENT_FILE
    from appliance.uplink.by_hand import request as write_request

    if (folder / ENROLMENT_FILE).exists():
        if not again:
            raise ExistsError(
                f"{folder} はもう登録されています\n{folder} is enrolled already; --again begins a new life"
            )
        make_sure_it_rests(folder, _RUNS)
    with plainly(), _by_hand():
        click.echo(write_request(folder, ticket.read(), host_key), nl=False)


@click.command(
    epilog="\b\nExamples:\n  machi unit accept /var/lib/machitap stick/lib01.answer\n"
    "  machi unit accept lib01 stick/lib01.answer --json"
)
@FOLDER
@click.argument("answer", type=click.File("rb"))
@_HOST_KEY
@JSON
def accept(folder: Path, answer: Any, host_key: Path | None, as_json: bool) -> None:
    """Let this unit in with the ANSWER that somebody brought from the office: machi central unit admit."""
    from appliance.config import ENROLMENT_FILE
    from appliance.enrol import ASKED_FILE
    from appliance.uplink.by_hand import accept as take_answer
    from sync.by_hand import ANSWER_MAX_BYTES

    if not folder.is_dir():
        raise NotFoundError(f"{folder}: no such folder; make one with: machi unit init {folder}")
    if (folder / ENROLMENT_FILE).exists() and (folder / ASKED_FILE).exists():
        make_sure_it_rests(folder, _RUNS)
    with plainly(), _by_hand():
        enrolment = take_answer(folder, answer.read(ANSWER_MAX_BYTES + 1), host_key)
    say({"schema": "machi.unit.enrol/1", "unit": enrolment.unit, "epoch": enrolment.epoch}, as_json=as_json)


@contextmanager
def _by_hand() -> Iterator[None]:
    """Say what is wrong with a file that was carried here."""
    from sync.by_hand import ByHandError

    try:
        yield
    except ByHandError as error:
        raise RefusedForSafetyError(f"{error.ja}\n{error.en}") from error


@click.command(epilog="\b\nExamples:\n  machi unit run lib01\n  machi unit run lib01 --json")
@FOLDER
@JSON
def run(folder: Path, as_json: bool) -> None:
    """Run the daemon that serves cards: reader, journal, screen. It has no network.

    With --json it says once, when it serves, where its screen is.
    """
    from appliance.__main__ import run as run_daemon

    if not folder.is_dir():
        raise NotFoundError(f"{folder}: no such folder; make one with: machi unit init {folder}")
    with plainly():
        sys.exit(run_daemon(folder, as_json=as_json))


@click.command(epilog="\b\nExamples:\n  machi unit uplink lib01\n  machi unit uplink lib01 --json")
@FOLDER
@JSON
def uplink(folder: Path, as_json: bool) -> None:
    """Run the second process, which syncs whenever the town can be reached.

    With --json it prints one line for every round in which something travelled.
    """
    from appliance.uplink.__main__ import run as run_uplink

    with plainly():
        run_uplink(folder, as_json=as_json)


@click.command(epilog="\b\nExamples:\n  machi unit twin lib01\n  machi unit twin lib01 --json")
@FOLDER
@JSON
def twin(folder: Path, as_json: bool) -> None:
    """Run the third process, which writes the journal a second time: sealed, to the stick in [drivers.twin].

    With --json it prints one line whenever something hinders it, and when nothing does any more.
    """
    from appliance.twin.__main__ import run as run_twin

    with plainly():
        run_twin(folder, as_json=as_json)
