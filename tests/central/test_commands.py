"""`machi central …` as a person runs it: what it prints, what it refuses, and with which exit code it ends."""

import hashlib
import io
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from central import reconcile, store
from central.audit import audit
from central.centre import Centre, open_centre
from central.folder import Folder
from central.world import SystemClock, SystemEntropy
from machi import main
from programs.visits.tables import visit
from sync import twin
from sync.directory import TOWN_KEY
from sync.facts import CardSet, CardState, PlaceNamed, Town, TwinKey, UnitSet
from sync.messages import text
from sync.neighbours import KeepSet, NeighbourSet, Party
from sync.segment import SegmentError, from_text, split, unpack
from tests.central.pen import Pen, touch
from tests.central.serving import MACHI

OK, CHECK_FAILED, USAGE, NOT_FOUND, EXISTS, REFUSED, UNREACHABLE = 0, 2, 3, 4, 5, 6, 7
NAMES = ("--id", "todai", "--name", "灯台町", "--name-en", "Todai")
READING = {
    "schema": "machi.card/1",
    "ok": True,
    "words": "good",
    "profile": "pass",
    "identifier": "test-0001",
    "proof": "card",
}


def machi(*words: object, ends: int = OK, given: bytes = b"") -> str:
    """Run `machi central …`; return what it says on standard output, or on standard error if it fails.

    It is the same function that the executable calls; only without waiting for Python to start.
    """
    out, said = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(said):
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given)))
        with pytest.raises(SystemExit) as ended:
            main(["central", *map(str, words)])
    printed, complaint = (stream.buffer.getvalue().decode() for stream in (out, said))
    assert ended.value.code == ends, complaint
    assert "Traceback" not in complaint
    return printed if ends in (OK, CHECK_FAILED) else complaint


def document(*words: object, ends: int = OK, given: bytes = b"") -> dict[str, Any]:
    printed = machi(*words, "--json", ends=ends, given=given)
    read: dict[str, Any] = msgspec.json.decode(printed)
    assert re.fullmatch(r"machi\.central\.[a-z.]+/1", read.pop("schema"))
    assert printed.count("\n") == 1, "one document"
    return read


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    machi("init", tmp_path / "town", *NAMES)
    return tmp_path / "town"


@pytest.fixture
def centre(folder: Path) -> Iterator[Centre]:
    opened = open_centre(folder, SystemClock(), SystemEntropy())
    yield opened
    opened.engine.dispose()


def files(folder: Path) -> dict[str, str]:
    found = [path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("town.db")]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


def said_by(folder: Path, unit: str) -> list[Any]:
    """Return every fact that the centre has to say to a unit."""
    register = open_centre(folder, SystemClock(), SystemEntropy()).town.register
    exported = folder / "exported"
    machi("export", folder, unit, "--output", exported)
    return [entry.fact for text in split(exported.read_bytes()) for entry in from_text(text).entries(register)]


# ---- init


def test_the_terms_of_the_coin_are_shown_and_set_one_by_one(folder: Path) -> None:
    assert document("coin", "terms", folder)["points_per_100_yen"] == 10
    assert document("coin", "terms", folder, "--points", 5)["ceiling_yen"] == 50_000
    assert document("coin", "terms", folder, "--ceiling", 30_000) == {
        "step_yen": 1_000,
        "ceiling_yen": 30_000,
        "points_per_100_yen": 5,
        "cash_good_days": 0,
        "token_yen": 1_000_000,
        "network": "",
        "rights_on_receipts": False,
        "close_minute": -1,
        "refund_days": 0,
        "pin_over_yen": 0,
        "supervised": False,
        "month_yen": 0,
        "cash_out": False,
    }
    assert "0<=x<=100" in machi("coin", "terms", folder, "--points", -1, ends=USAGE)


def test_a_storm_is_announced_and_stays_so(folder: Path) -> None:
    assert document("storm", folder)["storm"] == "off"
    assert document("storm", folder, "on")["storm"] == "on"
    assert document("storm", folder)["storm"] == "on"
    assert document("storm", folder, "off")["storm"] == "off"


def test_what_one_unit_may_hold_is_limited_and_stays_so(folder: Path) -> None:
    assert document("rights", folder) == {"limit": None, "at_units": {}}
    assert document("rights", folder, "--limit", 2_000_000)["limit"] == 2_000_000
    assert document("rights", folder)["limit"] == 2_000_000
    assert document("rights", folder, "--limit", 0)["limit"] == 0
    assert document("rights", folder, "--no-limit")["limit"] is None
    assert "contradict" in machi("rights", folder, "--limit", 5, "--no-limit", ends=USAGE)


def test_a_refund_of_nothing_known_says_so(folder: Path) -> None:
    complaint = machi(
        "coin", "refund", folder, "shop01/9f3c0a1b22d4e5f6/31", 500, "--reason", "a bad fish", ends=REFUSED
    )
    assert "its unit has not sent it yet" in complaint


def test_a_unit_cannot_have_the_name_of_a_journal_of_the_centre(folder: Path) -> None:
    for name in ("town", "office", "to-lib01"):
        complaint = machi("unit", "add", folder, name, "--place", "library", "--counter", "facility", ends=USAGE)
        assert "call the unit something else" in complaint


def test_units_believe_the_passes_of_their_own_town(folder: Path, centre: Centre) -> None:
    """The issuer is named as it stands on a pass, or a unit would not know whose signature to ask for."""
    with store.reading(centre.engine) as connection:
        town = reconcile.statement(connection, TOWN_KEY).fact
    assert isinstance(town, Town)
    (issuer,) = town.pass_issuers
    assert issuer == "todai.1"
    assert Folder(folder).config.town.id == "todai"


def test_a_console_without_tls_is_not_shown_to_a_network(folder: Path) -> None:
    config = folder / "central.toml"
    config.write_text(config.read_text().replace("[server]", '[server]\nconsole_host = "192.0.2.1"'))
    assert "ssh -L" in machi("serve", folder, ends=REFUSED)


def test_a_new_centre_is_made_once_and_never_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "town"
    assert document("init", folder, *NAMES) == {"folder": str(folder), "created": True}
    assert {path.stat().st_mode & 0o077 for path in (folder / "keys").iterdir()} == {0}
    assert {path.stat().st_mode & 0o077 for path in folder.glob("town.db*")} == {0}, "it tells who was where"
    before, books = files(folder), document("replay", folder)["tables"]
    said = machi("init", folder, "--id", "other", "--name", "別町", "--name-en", "Other", ends=EXISTS)
    assert f"machi central init {folder}" in said
    machi("init", folder, *NAMES, ends=EXISTS)
    assert document("init", folder) == {"folder": str(folder), "created": False}
    assert files(folder) == before
    assert document("replay", folder)["tables"] == books


def test_a_plan_that_is_no_good_makes_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "town"
    assert "--name-en" in machi("init", folder, "--id", "todai", ends=USAGE)
    assert "town.id" in machi("init", folder, "--id", "To Dai", *NAMES[2:], ends=USAGE)
    machi("init", folder, *NAMES, "--units-port", 70_000, ends=USAGE)
    assert not folder.exists()


def test_keys_that_are_there_already_are_not_replaced(tmp_path: Path) -> None:
    keys = tmp_path / "town" / "keys"
    keys.mkdir(parents=True)
    (keys / "town.key").write_bytes(b"precious")
    assert str(keys) in machi("init", tmp_path / "town", *NAMES, ends=EXISTS)
    assert files(tmp_path) == {"town/keys/town.key": hashlib.sha256(b"precious").hexdigest()}


# ---- looking


def test_text_and_document_say_the_same(folder: Path, centre: Centre) -> None:
    pen = Pen.enrolled(centre)
    pen.send(pen.begin(touch(), touch()))
    for command in ("verify", "replay"):
        text = dict(line.split(": ", 1) for line in machi(command, folder).splitlines())
        assert text == {name: str(value) for name, value in _tuples(document(command, folder)).items()}
    read = document("status", folder)
    assert read["figures"]["visits"] == {"visits": 1, "touches": 2}
    assert set(read["today"]) == {"touches", "payments", "points"}
    (unit,) = read["units"]
    text_of_unit = machi("status", folder).split()
    assert text_of_unit[:3] == [unit["name"], unit["state"], str(unit["entries"])]
    whole = {"segments": 5, "entries": 11, "writers": 3, "broken": [], "unfounded": []}
    assert document("verify", folder) == whole


def _tuples(read: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if name in ("broken", "unfounded") else value for name, value in read.items()}


def test_an_incident_is_shown_until_somebody_has_looked_at_it(folder: Path, centre: Centre) -> None:
    pen = Pen.enrolled(centre)
    pen.send(pen.begin(touch(1)))
    pen.send(pen.begin(touch(2), fresh=True))
    (incident,) = document("status", folder, ends=CHECK_FAILED)["incidents"]
    assert (incident["unit"], incident["kind"]) == ("lib01", "restart")
    shown = machi("status", folder, ends=CHECK_FAILED)
    assert f"incident {incident['n']}: lib01: restart: {incident['means']}" in shown
    machi("settle", folder, 99, "--because", "no such thing", ends=NOT_FOUND)
    machi("settle", folder, incident["n"], ends=USAGE)
    machi("settle", folder, incident["n"], "--because", "a new disk")
    machi("settle", folder, incident["n"], "--because", "again", ends=NOT_FOUND)
    assert document("status", folder)["incidents"] == []


def test_replay_notices_what_was_changed_behind_its_back_and_mends_it(folder: Path, centre: Centre) -> None:
    pen = Pen.enrolled(centre)
    pen.send(pen.begin(touch()))
    assert document("replay", folder)["match"] is True
    with centre.engine.begin() as connection:
        connection.execute(sa.update(visit).values(touches=41))
    read = document("replay", folder, ends=CHECK_FAILED)
    assert (read["match"], read["differ"]) == (False, ["visits_visit"])
    assert document("replay", folder)["match"] is True
    assert document("status", folder)["figures"]["visits"] == {"visits": 1, "touches": 1}


@pytest.mark.fault("a bit flips in what the centre has stored")
def test_verify_names_a_segment_in_which_a_bit_was_flipped(folder: Path, centre: Centre) -> None:
    pen = Pen.enrolled(centre)
    pen.send(pen.begin(touch(), touch()))
    assert document("verify", folder)["broken"] == []
    mine = store.segment.c.writer == "lib01"
    with centre.engine.connect() as connection:
        good: bytes = connection.execute(sa.select(store.segment.c.packed).where(mine)).scalar_one()

    def put(packed: bytes) -> None:
        with centre.engine.begin() as connection:
            connection.execute(sa.update(store.segment).where(mine).values(packed=packed))

    def flipped(at: int) -> bytes:
        return good[:at] + bytes([good[at] ^ 1 << at % 8]) + good[at + 1 :]

    def is_damage(packed: bytes) -> bool:
        try:
            return unpack(packed) != unpack(good)
        except SegmentError:
            return True

    damaged = [flipped(at) for at in range(len(good)) if is_damage(flipped(at))]
    assert len(damaged) >= len(good) - 2, "zstd has few bits that mean nothing"
    for packed in damaged:
        put(packed)
        assert audit(centre.engine, centre.town).broken, packed
    (broken,) = document("verify", folder, ends=CHECK_FAILED)["broken"]
    assert broken.startswith("lib01")
    assert broken in machi("verify", folder, ends=CHECK_FAILED)
    put(good)
    assert document("verify", folder)["broken"] == []


@pytest.mark.parametrize("command", ["status", "verify", "replay", "serve", "init"])
def test_a_folder_that_is_none(tmp_path: Path, command: str) -> None:
    nothing = tmp_path / "nothing"
    said = machi(command, nothing, ends=USAGE if command == "init" else NOT_FOUND)
    assert command == "init" or f"machi central init {nothing}" in said
    assert not nothing.exists()


def test_a_key_that_others_can_read_is_not_used(folder: Path) -> None:
    key = folder / "keys" / "town.key"
    key.chmod(0o644)
    assert f"chmod 600 {key}" in machi("status", folder, ends=NOT_FOUND)


def test_a_database_of_another_version_or_out_of_reach(folder: Path, centre: Centre) -> None:
    with centre.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0000'")
    assert "machi central init" in machi("status", folder, ends=REFUSED)
    config = folder / "central.toml"
    config.write_text(f'database = "postgresql+psycopg:///town?host={folder}"\n' + config.read_text())
    assert "the database cannot be used" in machi("status", folder, ends=UNREACHABLE)


# ---- saying


def test_places_units_and_cards_reach_the_units(folder: Path) -> None:
    machi("place", folder, "library", "--name", "図書館", "--kana", "としょかん", "--name-en", "Library")
    ticket = msgspec.json.decode(machi("unit", "add", folder, "lib01", "--place", "library", "--counter", "facility"))
    assert set(ticket) == {"url", "town", "unit", "code", "ca", "town_key", "seal", "before"}
    reading = folder / "reading.json"
    reading.write_bytes(msgspec.json.encode(READING))
    card = document("card", "add", folder, reading)
    assert re.fullmatch("[0-9a-f]{32}", card["card"])
    assert document("card", "add", folder, "-", given=reading.read_bytes()) == card, "the same card, the same name"
    machi("card", "stop", folder, card["card"])
    said = said_by(folder, "lib01")
    assert PlaceNamed("library", "図書館", "としょかん", "Library") in said
    assert UnitSet("lib01", "library", "facility") in said
    assert said[-1] == CardSet(card["card"], CardState.STOPPED)
    (unit,) = document("status", folder)["units"]
    assert unit["name"] == "lib01"
    machi("unit", "close", folder, "lib01", "--reason", "lost")
    assert machi("status", folder).split()[:2] == ["lib01", "closed"]
    machi("unit", "close", folder, "lib99", "--reason", "lost", ends=NOT_FOUND)


@pytest.mark.parametrize(
    "words",
    [
        ("unit", "add", "{}", "LIB 01", "--place", "library", "--counter", "facility"),
        ("unit", "add", "{}", "lib01", "--place", "図書館", "--counter", "facility"),
        ("place", "{}", "library", "--name", "あ" * 401, "--kana", "あ", "--name-en", "a"),
        ("card", "stop", "{}", "0a0a"),
    ],
    ids=["unit", "place of a unit", "name", "card"],
)
def test_what_no_unit_could_read_is_never_signed(folder: Path, words: tuple[str, ...]) -> None:
    """A mistyped name in the town's journal could never be taken back, and would stop everybody who reads on."""
    machi(*(word.format(folder) for word in words), ends=USAGE)
    assert document("status", folder)["units"] == []
    assert document("verify", folder)["broken"] == []
    assert document("replay", folder)["match"] is True


def test_a_reading_that_proves_nothing_registers_no_card(folder: Path) -> None:
    for bad in (b"", b"{}", msgspec.json.encode(READING | {"proof": "none"}), msgspec.json.encode([READING])):
        machi("card", "add", folder, "-", ends=REFUSED, given=bad)
    machi("card", "add", folder, "/no/such/file", ends=USAGE)
    assert not [fact for fact in said_by(folder, "lib01") if isinstance(fact, CardSet)]


# ---- asking for help


def test_the_examples_in_the_help_work(tmp_path: Path) -> None:
    """They are what a technician types first; `serve` has tests of its own."""
    examples = re.findall(r"^ +(machi central .*)$", machi("-h"), re.MULTILINE)
    assert {example.split()[2] for example in examples} >= {"init", "serve", "unit", "status"}
    for example in examples:
        words = shlex.split(example.partition(" > ")[0].replace("/srv/town", str(tmp_path / "town")))
        if words[2] != "serve":
            ended = subprocess.run([MACHI, *words[1:]], capture_output=True, check=False)
            assert (ended.returncode, ended.stderr) == (OK, b""), example


def test_every_command_says_what_it_does(folder: Path) -> None:
    listed = re.findall(r"^  ([a-z]+) +\S", machi("--help").partition("Commands:")[2], re.MULTILINE)
    assert set(listed) >= {"init", "serve", "status", "replay", "verify", "place", "unit", "card", "settle"}
    for command in (*listed, "unit add", "unit close", "card add", "card stop"):
        usage, nothing, says, *_ = machi(*command.split(), "--help").splitlines()
        assert usage.startswith(f"Usage: machi central {command} ")
        assert (nothing, bool(says.strip())) == ("", True)
    machi("verfy", folder, ends=USAGE)
    machi("status", folder, "--jsn", ends=USAGE)


# ---- twins


def test_a_centre_of_an_earlier_version_gets_a_key_for_twins_and_says_so_once(folder: Path) -> None:
    said = [fact for fact in said_by(folder, "lib01") if isinstance(fact, TwinKey)]
    assert len(said) == 1
    machi("init", folder)
    assert [fact for fact in said_by(folder, "lib01") if isinstance(fact, TwinKey)] == said
    (folder / "keys" / "twin.key").unlink()
    machi("init", folder)
    again = [fact for fact in said_by(folder, "lib01") if isinstance(fact, TwinKey)]
    assert again[0] == said[0]
    assert len(again) == 2
    assert again[1].key != said[0].key
    assert (folder / "keys" / "twin.key").stat().st_mode & 0o777 == 0o600


def test_a_twin_is_looked_at_brought_in_and_found_to_be_cut(folder: Path, centre: Centre, tmp_path: Path) -> None:
    pen = Pen.enrolled(centre)
    key = Folder(folder).twin_key().public_key().public_bytes_raw()
    owner = twin.Owner(pen.unit, 1, key)
    written = [pen.begin(touch()), pen.write(touch(2), touch(3)), pen.write(touch(4))]
    records = [twin.seal(owner, one, one.first - 1) for one in written]
    stick = tmp_path / owner.file
    stick.write_bytes(b"".join(records))
    whole = {"file": str(stick), "upto": [f"{pen.boot}/{written[-1].last}"], "whole": True, "broken": 0, "refused": []}
    assert document("twin", folder, stick, "--look") == {"twins": [whole | {"new": 0, "known": 0}]}
    assert document("status", folder)["figures"]["visits"]["touches"] == 0
    assert document("twin", folder, stick) == {"twins": [whole | {"new": 3, "known": 0}]}
    assert document("twin", folder, stick) == {"twins": [whole | {"new": 0, "known": 3}]}
    assert "whole: True" in machi("twin", folder, stick)
    document("replay", folder)
    assert document("status", folder)["figures"]["visits"]["touches"] == 4

    stick.write_bytes(records[0] + records[1][:-100] + records[2])
    (cut,) = document("twin", folder, stick, ends=CHECK_FAILED)["twins"]
    assert (cut["whole"], cut["broken"], cut["upto"]) == (False, 1, [f"{pen.boot}/{written[0].last}"])
    assert (cut["known"], cut["refused"]) == (2, []), "what stands behind the spot is taken all the same"
    stick.write_bytes(b"")
    assert document("twin", folder, stick, ends=CHECK_FAILED)["twins"][0]["whole"] is False


def test_a_twin_of_a_life_that_is_over_is_taken_as_any_journal_is(folder: Path, centre: Centre, tmp_path: Path) -> None:
    """See decision 18: not at all, unless the office gave that life up as lost."""
    pen = Pen.enrolled(centre)
    owner = twin.Owner(pen.unit, 1, Folder(folder).twin_key().public_key().public_bytes_raw())
    stick = tmp_path / owner.file
    stick.write_bytes(twin.seal(owner, pen.begin(touch()), 0))
    machi("unit", "close", folder, pen.unit, "--reason", "scrapped")
    for words in ((), ("--found",)):
        said = subprocess.run([MACHI, "central", "twin", folder, stick, *words], capture_output=True, check=False)
        assert said.returncode == REFUSED
        assert b"signed in life 1 is taken any more" in said.stdout


def test_who_keeps_whose_twin_is_said_and_shown(folder: Path, centre: Centre) -> None:
    lib, shop = Pen.enrolled(centre), Pen.enrolled(centre, "shop01", "shop")
    assert document("unit", "neighbour", folder, "lib01") == {
        "unit": "lib01",
        "keeper": None,
        "address": "",
        "shares": [],
    }
    where = ("--keeper", "shop01", "--at", "192.168.1.20:4710")
    said = document("unit", "neighbour", folder, "lib01", *where, "--mib", 9)
    assert (said["keeper"], said["address"]) == ("shop01", "192.168.1.20:4710")
    assert said["shares"] == [{"keeper": "shop01", "life": 1, "mib": 9, "forget": 0}]
    (near,) = (fact for fact in said_by(folder, lib.unit) if isinstance(fact, NeighbourSet))
    (keep,) = (fact for fact in said_by(folder, shop.unit) if isinstance(fact, KeepSet))
    assert near.keeper == Party("shop01", 1, text(shop.keystore.public))
    assert keep.of == Party("lib01", 1, text(lib.keystore.public))
    assert "life 1 of lib01 is not over" in machi("unit", "neighbour", folder, "lib01", "--forget", 1, ends=REFUSED)
    assert document("unit", "neighbour", folder, "lib01", "--nobody")["keeper"] is None
    for wrong in ((*where[:2],), (*where, "--nobody"), ("--keeper", "shop01", "--at", "http://192.168.1.20/")):
        machi("unit", "neighbour", folder, "lib01", *wrong, ends=USAGE)
    assert "cannot keep" in machi("unit", "neighbour", folder, "shop01", *where, ends=REFUSED)
