"""`machi central unit|place|card|storm|import|twin|export`: whom the town lets in, and what is carried by hand."""

import sys
from pathlib import Path
from typing import Any

import click
import msgspec

from central.cli.common import (
    CHECK_FAILED,
    FOLDER,
    JSON,
    REFUSED,
    NotFoundError,
    RefusedForSafetyError,
    open_books,
    open_folder,
    plainly,
    say,
)


@click.group()
def unit() -> None:
    """Let units in, and close their lives."""


@unit.command(
    name="add",
    epilog="\b\nExamples:\n  machi central unit add /srv/town lib01 --place library --counter facility > lib01.ticket",
)
@FOLDER
@click.argument("name")
@click.option("--place", required=True, help="The place where it stands, as in `machi central place`.")
@click.option("--counter", required=True, help="What it serves there, for example facility.")
@JSON
def add_unit(folder: Path, name: str, place: str, counter: str, as_json: bool) -> None:  # noqa: ARG001 - always JSON
    """Print a ticket (JSON) with which the unit NAME can enrol once; a known unit gets a new life with new keys."""
    from central.folder import Folder

    centre = open_folder(folder)
    with plainly():
        opened = Folder(folder)
        seal = opened.twin_key().public_key().public_bytes_raw()
        ticket = centre.enroller.invite(name, place, counter, opened.config.server.units_url, seal)
    click.echo(msgspec.json.encode(ticket))


@unit.command(
    name="admit", epilog="\b\nExamples:\n  machi central unit admit /srv/town stick/lib01.request > stick/lib01.answer"
)
@FOLDER
@click.argument("request", type=click.File("rb"))
@JSON
def admit_unit(folder: Path, request: Any, as_json: bool) -> None:  # noqa: ARG001 - always JSON
    """Let a unit in that reaches no centre: take the REQUEST that it wrote, and print the answer to be brought to it.

    The answer (JSON) can be opened by that unit alone. The same request again gets the same life.
    """
    from central.admitting import admit
    from central.folder import Folder
    from central.refusal import RefusedError
    from sync.by_hand import REQUEST_MAX_BYTES, ByHandError
    from sync.messages import Why

    centre = open_folder(folder)
    with plainly():
        key = Folder(folder).twin_key()
        try:
            raw = request.read(REQUEST_MAX_BYTES + 1)
            answer = admit(raw, centre.town_id, key, centre.town, centre.enroller)
        except ByHandError as error:
            raise RefusedForSafetyError(f"{error.ja}\n{error.en}") from error
        except RefusedError as error:
            is_spent = error.problem.type == Why.BAD_CODE
            ja = "登録票が違うか、期限切れか、もう使われています" if is_spent else "この依頼では登録できません"
            raise RefusedForSafetyError(f"{ja}\n{error}") from error
    click.echo(answer, nl=False)


@unit.command(name="release", epilog="\b\nExamples:\n  machi central unit release /srv/town lib01 > lib01.release")
@FOLDER
@click.argument("name")
@JSON
def release_unit(folder: Path, name: str, as_json: bool) -> None:  # noqa: ARG001 - always JSON
    """Print the town's leave (JSON) for the unit NAME to wipe itself, once everything that it noted is held here.

    It is refused while money can be spent there: machi central unit drain. A unit that is gone needs no leave.
    """
    from central.parting import PartingError

    centre = open_books(folder)
    try:
        with plainly():
            click.echo(centre.parting.release(name))
    except PartingError as error:
        raise RefusedForSafetyError(str(error)) from error


@unit.command(
    name="close",
    epilog="\b\nExamples:\n  machi central unit close /srv/town lib01 --reason stolen\n"
    "  machi central unit close /srv/town lib01 --wiped lib01-1-wiped.json",
)
@FOLDER
@click.argument("name")
@click.option("--reason", help="Why: lost, stolen, scrapped …")
@click.option("--wiped", type=click.File("rb"), help="Its own last word, from machi device decommission.")
@JSON
def close_unit(folder: Path, name: str, reason: str | None, wiped: Any, as_json: bool) -> None:
    """End the present life of the unit NAME: nothing that it signs is taken any more. Say why, or bring its last word.

    With --wiped a later life of the same name goes on. Exit code 2 if it names entries that are not held here.
    """
    if wiped and reason is None:
        _close_wiped(folder, name, wiped.read(), as_json=as_json)
        return
    if wiped or reason is None:
        raise click.UsageError("say --reason WHY, or --wiped FILE")
    centre = open_folder(folder)
    with plainly():
        if not centre.enroller.close(name, reason):
            raise NotFoundError(f"there is no unit {name}")
    say({"schema": "machi.central.unit/1", "unit": name, "state": "closed", "reason": reason}, as_json=as_json)


def _close_wiped(folder: Path, name: str, raw: bytes, *, as_json: bool) -> None:
    from central.parting import PartingError

    centre = open_books(folder)
    try:
        with plainly():
            ended = centre.parting.take(raw, name)
    except PartingError as error:
        raise RefusedForSafetyError(str(error)) from error
    document = {
        "schema": "machi.central.unit/1",
        "unit": name,
        "life": ended.word.epoch,
        "state": "closed" if ended.is_present else "closed before",
        "tip": ended.word.tip,
        "held": ended.is_held,
        "by": ended.word.by,
    }
    say(document, as_json=as_json)
    if not ended.is_held:
        sys.exit(CHECK_FAILED)


@unit.command(
    name="drain",
    epilog="\b\nExamples:\n  machi central unit drain /srv/town shop01\n"
    "  machi central unit drain /srv/town shop01 --stop",
)
@FOLDER
@click.argument("name")
@click.option("--stop", is_flag=True, help="Let it be as any other unit again.")
@JSON
def drain_unit(folder: Path, name: str, stop: bool, as_json: bool) -> None:
    """Have the unit NAME give back everything that it may give out, before it is shut down for a while or for good.

    It is asked at its next contact and gets nothing more. Say the same again to see what is left; what has come
    since is asked for, too, such as cash that was charged there.
    """
    from central.granting import NotFreeError

    centre = open_books(folder)
    try:
        with plainly():
            left = centre.granter.drain(name, on=not stop)
    except NotFreeError as error:
        raise RefusedForSafetyError(f"{error}: it would not answer; is it lost? machi central coin lost …") from error
    document = {"unit": left.unit, "life": left.life, "drained": not stop, "holds": sum(left.holds.values())}
    say({"schema": "machi.central.drain/1", **document, "things": len(left.holds)}, as_json=as_json)


@click.command(
    epilog="\b\nExamples:\n  machi central place /srv/town library --name 図書館 --kana としょかん --name-en Library"
)
@FOLDER
@click.argument("place")
@click.option("--name", required=True)
@click.option("--kana", required=True, help="How the name is read, for voice and sorting.")
@click.option("--name-en", required=True)
@JSON
def place(folder: Path, place: str, name: str, kana: str, name_en: str, as_json: bool) -> None:
    """Name a PLACE where units stand, or rename it."""
    from sync.facts import PlaceNamed

    centre = open_folder(folder)
    with plainly():
        centre.registrar.place(PlaceNamed(place, name, kana, name_en))
    say({"schema": "machi.central.place/1", "place": place, "name": name}, as_json=as_json)


@click.group()
def card() -> None:
    """Register and stop cards."""


@card.command(
    name="add",
    epilog="\b\nExamples:\n  machi card read --json --enrol-birth-file birth.txt | machi central card add /srv/town -",
)
@FOLDER
@click.argument("reading", type=click.File("rb"))
@JSON
def add_card(folder: Path, reading: Any, as_json: bool) -> None:
    """Register a card from what `machi card read --json` printed (READING, - for standard input)."""
    from central.reading import ReadingError, read_reading

    centre = open_folder(folder)
    try:
        read = read_reading(reading.read())
    except ReadingError as error:
        raise RefusedForSafetyError(str(error)) from error
    with plainly():
        name = centre.registrar.card(read.profile, read.identifier, read.index, read.face)
    say({"schema": "machi.central.card/1", "card": name, "profile": read.profile}, as_json=as_json)


@card.command(name="stop", epilog="\b\nExamples:\n  machi central card stop /srv/town 60033bab2dcddc48b295070670d111d3")
@FOLDER
@click.argument("name")
@JSON
def stop_card(folder: Path, name: str, as_json: bool) -> None:
    """Stop the card NAME (32 hex digits): every unit refuses it as soon as it hears of it."""
    from sync.facts import CardState

    centre = open_folder(folder)
    with plainly():
        centre.registrar.set_card(name, CardState.STOPPED)
    say({"schema": "machi.central.card/1", "card": name, "state": "stopped"}, as_json=as_json)


@click.command(epilog="\b\nExamples:\n  machi central storm /srv/town on\n  machi central storm /srv/town")
@FOLDER
@click.argument("state", type=click.Choice(["on", "off"]), required=False)
@JSON
def storm(folder: Path, state: str | None, as_json: bool) -> None:
    """Deal all money out to the units before a storm cuts them off (on), or as usual (off); say which it is.

    Units hear of it as they call; look at `machi central status` for who has not called for long.
    """
    centre = open_folder(folder)
    with plainly():
        if state:
            centre.dealer.set_storm(on=state == "on")
        say({"schema": "machi.central.storm/1", "storm": "on" if centre.dealer.is_storm() else "off"}, as_json=as_json)


@click.command(name="import", epilog="\b\nExamples:\n  machi central import /srv/town stick/lib01.segments")
@FOLDER
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--found", is_flag=True, help="Also of a life that was given up as lost, but not of one that was stolen.")
@JSON
def import_(folder: Path, files: tuple[Path, ...], found: bool, as_json: bool) -> None:
    """Take in segments that were carried here: files written by `machi unit export --segments`."""
    from central.refusal import RefusedError
    from sync.segment import SegmentError, pack, split

    centre = open_folder(folder)
    if found:  # what the office gave up is known once it is added up
        with plainly():
            centre.reconciler.prepare()
            centre.reconciler.catch_up()
    new = known = 0
    refused: list[str] = []
    for file in files:
        try:
            texts = split(file.read_bytes())
        except SegmentError as error:
            refused.append(f"{file}: {error}")
            continue
        for text in texts:
            try:
                grew = centre.intake.carry_in(pack(text), found=found)
            except RefusedError as error:
                refused.append(f"{file}: {error}")
                continue
            new, known = new + grew, known + (not grew)
    document = {"schema": "machi.central.import/1", "new": new, "known": known, "refused": refused}
    say(document, as_json=as_json)
    if refused:
        sys.exit(REFUSED)


@click.command(
    epilog="\b\nExamples:\n  machi central twin /srv/town stick/lib01-1.twin\n"
    "  machi central twin /srv/town stick/lib01-1.twin --look"
)
@FOLDER
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--found", is_flag=True, help="Also of a life that was given up as lost, but not of one that was stolen.")
@click.option("--look", is_flag=True, help="Only check how far it is whole; bring nothing in.")
@JSON
def twin(folder: Path, files: tuple[Path, ...], found: bool, look: bool, as_json: bool) -> None:
    """Open the twins of units' journals with the town's key, check them, and bring in what is lacking here.

    `upto`: the last entry of each run up to which nothing is missing. `whole`: nothing stands behind a break.
    Exit code 6 if something was refused, 2 if one is not whole.
    """
    from central.folder import Folder
    from central.twins import take_in
    from sync.twin import records

    centre = open_books(folder)
    with plainly():
        key = Folder(folder).twin_key()
        centre.reconciler.catch_up()  # what the office gave up is known once it is added up
    twins = []
    for path in files:
        with path.open("rb") as file:
            one = take_in(records(file), key, centre.intake, found=found, store=not look)
        upto = [f"{boot}/{seq}" for boot, seq in one.chain.upto.items()]
        counts = {"new": one.new, "known": one.known, "broken": one.broken, "refused": one.refused}
        twins.append({"file": str(path), "upto": upto, "whole": one.chain.is_whole and bool(upto), **counts})
    if as_json:
        say({"schema": "machi.central.twin/1", "twins": twins}, as_json=True)
    for one_twin in () if as_json else twins:
        say(one_twin, as_json=False)
    if any(one_twin["refused"] for one_twin in twins):
        sys.exit(REFUSED)
    if not all(one_twin["whole"] for one_twin in twins):
        sys.exit(CHECK_FAILED)


@click.command(epilog="\b\nExamples:\n  machi central export /srv/town lib01 --output stick/to-lib01.segments")
@FOLDER
@click.argument("unit")
@click.option("--output", type=click.Path(path_type=Path), help="File to write; standard output if left out.")
@JSON
def export(folder: Path, unit: str, output: Path | None, as_json: bool) -> None:
    """Write what the centre has to say to UNIT as a file of segments, for `machi unit import`."""
    from central import shelves
    from sync.messages import ONE_UNIT, TOWN_STREAM
    from sync.segment import join

    centre = open_folder(folder)
    with centre.engine.begin() as connection:
        segments = [
            segment
            for writer in (TOWN_STREAM, ONE_UNIT + unit)
            for segment in shelves.take(connection, writer, [], shelves.EVERYTHING)
        ]
    with click.open_file(str(output) if output else "-", "wb") as file:
        file.write(join(segments))
    if output:
        say({"schema": "machi.central.export/1", "file": str(output), "segments": len(segments)}, as_json=as_json)
