"""`machi central resident sheet|register-of-files|key`: what is printed and published, and the keys of the files."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from central.cli.common import FOLDER, JSON, RefusedForSafetyError, open_books, plainly, say
from central.cli.resident import WHO, clerk, refusing

if TYPE_CHECKING:
    from central.residents.papers import Paper

_OUTPUT = click.option("--output", type=click.File("wb"), help="Write it as a PDF (A4).")


@click.command(epilog="\b\nExamples:\n  machi central resident sheet /srv/town 3f2a91 --output sheet.pdf")
@FOLDER
@WHO
@click.option("--output", type=click.File("wb"), required=True, help="The PDF (A4) to be written.")
@JSON
def sheet(folder: Path, who: str, output: Any, as_json: bool) -> None:
    """Print the sheet that WHO takes home: what is known of them, their cards, what they agreed to, what it is for."""
    from central.console.words import Words
    from central.residents import papers
    from central.residents.deciding import DeskError
    from sync import installed

    centre, words = open_books(folder), Words()
    with refusing():
        file = centre.registration.show(who, clerk(), "sheet")
        if file.person is None:
            raise DeskError("この登録の内容は 消されています。(RSD-033)", "What stood in it was erased. (RSD-033)")
    family = [[person.name for person in people.values()] for people in (file.guardians, file.children)]
    today = centre.registration.today()
    programs = {name: words.called(name).ja for name in installed.with_part("rules")}
    of = (file.holder, file.person, file.standing, (family[0], family[1]), programs, centre.letterhead, today)
    _draw(papers.sheet(*of), output)
    if output.name != "<stdout>":
        say({"schema": "machi.central.resident.sheet/1", "holder": file.holder, "file": output.name}, as_json=as_json)


@click.command(
    name="register-of-files",
    epilog="\b\nExamples:\n  machi central resident register-of-files /srv/town --json\n"
    "  machi central resident register-of-files /srv/town --output register.pdf",
)
@FOLDER
@_OUTPUT
@JSON
def register_of_files(folder: Path, output: Any, as_json: bool) -> None:
    """Make the entry of residents' files in 個人情報ファイル簿 (個人情報保護法 Art. 75), as of now.

    Which organisation, where, and what for stand in central.toml, in [registration]; it is refused without them.
    """
    from central.console.words import Words
    from central.residents import papers
    from sync import installed

    centre, words = open_books(folder), Words()
    office = centre.letterhead
    if lacking := office.lacks:
        raise RefusedForSafetyError(
            f"central.toml の [registration] に {'、'.join(lacking)} を書いてください。\n"
            f"write {', '.join(lacking)} into [registration] of {folder}/central.toml first"
        )
    with refusing():
        people = centre.registration.people()["files"]
    paper = papers.register_of_files(office, [words.called(name).ja for name in installed.with_part("rules")], people)
    if output:
        _draw(paper, output)
    rows = {row.label: row.value for row in paper.rows}
    must = people >= papers.PUBLISHED_FROM
    document = {"people": people, "must_be_published": must, "entry": rows}
    if as_json:
        say({"schema": "machi.central.resident.register/1", **document}, as_json=True)
    elif not output:
        say(rows, as_json=False)


@click.group()
def key() -> None:
    """The keys with which residents' files are sealed. Keep keys/ apart from the database and its backups."""


@key.command(name="show", epilog="\b\nExamples:\n  machi central resident key show /srv/town")
@FOLDER
@JSON
def show_keys(folder: Path, as_json: bool) -> None:
    """Show which keys there are, and how many files each one opens; one that is missing is said, too."""
    from central.folder import Folder, resident_key_file
    from central.residents.sealing import key_id

    centre = open_books(folder)
    with plainly():
        keys = {key_id(key).hex(): number for number, key in Folder(folder).resident_keys().items()}
        used = centre.registration.keys_used()
    rows = [
        {"key": one, "file": resident_key_file(keys[one]) if one in keys else "missing", "opens": used.get(one, 0)}
        for one in sorted({*keys, *used}, key=lambda name: (keys.get(name, 0), name))
    ]
    say({"schema": "machi.central.resident.keys/1", "keys": rows}, as_json=as_json)
    if any(one not in keys for one in used):
        raise RefusedForSafetyError(
            "鍵が足りません。この データベースと同じ日の keys/ を戻してください。\n"
            "a key is missing: put back the keys/ that belong to this database"
        )


@key.command(name="renew", epilog="\b\nExamples:\n  machi central resident key renew /srv/town")
@FOLDER
@JSON
def renew_key(folder: Path, as_json: bool) -> None:
    """Make a new key, and seal every file with it. Stop the centre first; it reads its keys when it starts.

    The old key stays in keys/ for backups of before. Once these are gone, delete it: then nothing opens them any more.
    If it was cut off, say it again: it goes on.
    """
    from central.folder import KEYS_FOLDER, SECRET_BYTES, Folder, resident_key_file, write_secret

    centre = open_books(folder)
    with refusing():
        opened = Folder(folder)
        keys = opened.resident_keys()
        newest = max(keys, default=0)
        used = centre.registration.keys_used()
        if _is_used(keys, newest, used) or not used:
            newest += 1
            secret = centre.town.entropy.bytes(SECRET_BYTES)
            write_secret(opened.path / KEYS_FOLDER / resident_key_file(newest), secret)
    centre.engine.dispose()
    centre = open_books(folder)
    with refusing():
        sealed = centre.registration.reseal(clerk())
    document = {"file": resident_key_file(newest), "sealed": sealed}
    say({"schema": "machi.central.resident.key/1", **document}, as_json=as_json)


def _is_used(keys: dict[int, bytes], number: int, used: dict[str, int]) -> bool:
    """Tell whether all files are sealed with a key: then it is time for another one."""
    from central.residents.sealing import key_id

    return number in keys and set(used) == {key_id(keys[number]).hex()}


def _draw(paper: "Paper", output: Any) -> None:
    from central.residents.drawing import NoFontError, draw

    try:
        output.write(draw(paper))
    except NoFontError as error:
        raise RefusedForSafetyError(str(error)) from error


COMMANDS = (sheet, register_of_files, key)
