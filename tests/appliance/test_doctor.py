"""`machi unit doctor`: every device is looked at, beside a running unit and without one, and plain words come out."""

import contextlib
import importlib.machinery
import json
import os
import sys
import types
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import apsw
import msgspec
import pytest

from appliance import config as appliance_config
from appliance.config import read_config
from appliance.doctor import EVERY_UNIT_HAS, Finding, Report, examine, lines, unreadable
from appliance.proving import Proof, time_commits
from appliance.uplink.certificate import Tls
from appliance.uplink.reach import reach
from drivers.check import Check, State
from drivers.clock import system
from drivers.clock.sim import Driver as SimClock
from drivers.disk.file import Driver as Disk
from drivers.keystore.file import create
from drivers.printer.sim import Driver as SimPrinter
from drivers.reader import sim as sim_reader
from tests.appliance.live import change, machi, said
from tests.appliance.uplink.serving import CalledUnit, Served, let_in, serving
from tests.drivers.far_end import far_end
from tests.ports import free_port

CLOCK = system.Driver()
STATUS: dict[str, Any] = {"closed": None, "frozen": "", "readers": ["ACS ACR1252"], "reader_service": True}
TOWN_WELL = Check(State.OK, "町につながります", "the town answers")


def look(
    named: dict[str, dict[str, Any]], status: dict[str, Any] | None = None, town: Check = TOWN_WELL
) -> dict[str, Finding]:
    """Have a unit looked at whose key and disk are simulated, and return what was found at each device."""
    usual: dict[str, dict[str, Any]] = {"reader": {"make": "sim"}, "keystore": {"make": "sim"}, "disk": {"make": "sim"}}
    report = examine("lib01", usual | named, status, lambda: town, CLOCK)
    assert report.failed == len([finding for finding in report.findings if finding.state is State.FAIL])
    assert report.warnings == len([finding for finding in report.findings if finding.state is State.WARN])
    assert report.running == (status is not None)
    return {finding.part: finding for finding in report.findings}


# ---------------------------------------------------------------------------------------------- each device


def test_every_unit_has_what_the_configuration_takes_for_granted() -> None:
    for kind, usual in EVERY_UNIT_HAS.items():
        assert appliance_config._USUAL[kind] == usual


def test_a_device_that_is_not_named_is_not_looked_at() -> None:
    assert set(look({})) == {"daemon", "reader", "clock", "keystore", "seal", "disk", "board", "centre"}


def test_a_simulated_device_is_never_taken_for_a_real_one() -> None:
    for kind in ("reader", "light", "sound", "scanner", "printer", "gps", "watchdog", "keystore", "twin"):
        assert look({kind: {"make": "sim"}})[kind].state is State.WARN


def test_what_is_not_fitted_is_no_fault() -> None:
    for kind in ("light", "sound", "scanner", "printer", "gps", "twin"):
        assert look({kind: {"make": "none"}})[kind].state is State.OK


def test_a_make_or_an_option_that_does_not_exist() -> None:
    for wrong in ({"make": "laser"}, {"make": "../x"}, {"make": ""}, {"make": "serial", "speed": 1}, {"make": 7}):
        found = look({"scanner": wrong})["scanner"]
        assert found.state is State.FAIL
        assert found.ja == "unit.toml の [drivers.scanner] が読めません"


def test_a_scanner_that_is_missing_held_and_there(tmp_path: Path) -> None:
    path = tmp_path / "scanner"
    wanted = {"scanner": {"make": "serial", "path": str(path)}}
    missing = look(wanted)["scanner"]
    assert (missing.state, missing.ja) == (State.FAIL, f"{path} が見つかりません")
    assert missing.do_ja == "電源とケーブルを確かめ、差し直してください"
    with far_end(path):
        assert look(wanted)["scanner"].state is State.OK
        with held(path):
            assert look(wanted)["scanner"].state is State.FAIL, "somebody else has it"
            beside = look(wanted, STATUS)["scanner"]
            assert beside.state is State.OK, "the running unit has it, as it should"
            assert "この端末が使っています" in beside.ja


@contextlib.contextmanager
def held(path: Path) -> Iterator[None]:
    from drivers.serial import tty  # noqa: PLC0415 - only here is somebody else needed

    line = tty.Driver(tty.Driver.Options(str(path)))
    line.open()
    yield
    line.close()


def test_a_printer_without_paper_says_what_to_do() -> None:
    printer = SimPrinter()
    wanted = {"printer": {"make": "escpos", "path": str(printer.path), "baud": 115_200}}
    assert look(wanted)["printer"].state is State.OK
    printer.paper(0)
    found = look(wanted)["printer"]
    assert (found.state, found.ja, found.do_ja) == (
        State.FAIL,
        "プリンターの紙がありません",
        "新しい紙を入れてください",
    )
    printer.close()


def test_a_key_that_others_can_read(tmp_path: Path) -> None:
    wanted = {"keystore": {"make": "file", "path": str(tmp_path / "unit.key")}}
    assert look(wanted)["keystore"].state is State.FAIL
    create(tmp_path / "unit.key")
    assert look(wanted)["keystore"].state is State.OK
    (tmp_path / "unit.key").chmod(0o644)
    assert "chmod 600" in look(wanted)["keystore"].en


def test_a_disk_that_is_there_missing_and_full(tmp_path: Path) -> None:
    def disk(path: str) -> Finding:
        return look({"disk": {"make": "file", "path": path}})["disk"]

    assert disk(str(tmp_path)).state is State.OK
    assert disk(str(tmp_path / "none")).state is State.FAIL
    assert disk("/proc").state is State.WARN, "no room at all"


def test_a_counter_is_read(tmp_path: Path) -> None:
    wanted = {"monotonic": {"make": "file", "path": str(tmp_path / "counter")}}
    assert look(wanted)["monotonic"].state is State.OK


class Unlooked:
    """A make that brings no check, and that begins to work by being made."""

    class Options(msgspec.Struct):
        pass

    def __init__(self, *_: object) -> None:
        raise AssertionError("it was made")


def test_a_make_without_a_check_is_neither_made_nor_taken_for_well(monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("drivers.light.unlooked")
    module.__spec__ = importlib.machinery.ModuleSpec("drivers.light.unlooked", None)
    module.Driver = Unlooked  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "drivers.light.unlooked", module)
    found = look({"light": {"make": "unlooked"}})["light"]
    assert (found.state, found.en) == (State.WARN, "cannot be looked at from here")


# ---------------------------------------------------------------------------------------------- the reader


def test_the_running_unit_is_asked_about_its_reader() -> None:
    pcsc = {"reader": {"make": "pcsc"}}
    assert look(pcsc, STATUS)["reader"].ja == "使えます: ACS ACR1252"
    gone = look(pcsc, STATUS | {"readers": []})["reader"]
    assert (gone.state, gone.ja) == (State.FAIL, "カードリーダーが見つかりません")
    assert "pcscd" in look(pcsc, STATUS | {"readers": [], "reader_service": False})["reader"].ja


def test_without_a_unit_the_reader_is_started_for_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Through the port alone, so it holds for every make that brings no check of its own."""
    from appliance.doctor import _reader  # noqa: PLC0415

    there = sim_reader.Driver()
    assert _reader(there, SimClock()).state is State.OK
    assert there._listener is None, "it is let go of"
    away = sim_reader.Driver()
    away.unplug()
    monkeypatch.setattr("appliance.doctor._READER_S", 0.05)
    assert _reader(away, CLOCK).do_ja.startswith("USBケーブルを抜いて")


# ---------------------------------------------------------------------------------------------- the whole


def test_a_unit_that_does_not_run_is_a_warning_and_one_that_stumbles_a_fault() -> None:
    assert look({})["daemon"].state is State.WARN
    assert look({}, {})["daemon"].state is State.FAIL
    assert look({}, STATUS)["daemon"].state is State.OK
    assert look({}, STATUS | {"closed": "TAP-040"})["daemon"].state is State.FAIL


def test_every_fault_says_what_to_do_in_both_languages(tmp_path: Path) -> None:
    wrong: dict[str, dict[str, Any]] = {
        "scanner": {"make": "serial", "path": str(tmp_path / "a")},
        "printer": {"make": "escpos", "path": str(tmp_path / "b")},
        "gps": {"make": "nmea", "path": str(tmp_path / "c")},
        "watchdog": {"make": "linux", "path": str(tmp_path / "d")},
        "clock": {"make": "system", "battery": True, "sysfs": str(tmp_path)},
        "keystore": {"make": "file", "path": str(tmp_path / "e")},
        "disk": {"make": "file", "path": str(tmp_path / "f")},
        "light": {"make": "laser"},
    }
    found = look(wrong, {})
    for kind in wrong:
        assert found[kind].state is State.FAIL, kind
        for words in (found[kind].ja, found[kind].do_ja):
            assert any("\u3040" <= letter <= "\u30ff" for letter in words), "Japanese, with kana"
        assert found[kind].en.isascii()
        assert found[kind].do_en.isascii()


def test_it_reads_well_on_a_terminal() -> None:
    report = examine("lib01", {"scanner": {"make": "serial", "path": "/dev/none"}}, STATUS, lambda: TOWN_WELL, CLOCK)
    text = "\n".join(lines(report))
    assert "FAIL  scanner    /dev/none が見つかりません\n" + " " * 17 + "there is no /dev/none\n" in text
    assert "件、人の手が要ります" in text
    assert "○" not in text, "marks whose width terminals do not agree on"
    calm = msgspec.structs.replace(report, failed=0)
    assert "Nothing needs a person now" in "\n".join(lines(calm))


def test_it_is_one_json_document() -> None:
    report = unreadable("unit.toml: no such file")
    document = json.loads(msgspec.json.encode(report))
    assert document["schema"] == "machi.unit.doctor/1"
    assert document["failed"] == 1
    assert msgspec.convert(document, Report) == report


# ---------------------------------------------------------------------------------------------- the town


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("central")) as running:
        yield running


@pytest.fixture
def unit(served: Served, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[CalledUnit]:
    number = abs(hash(request.node.name)) % 100_000
    enrolled = let_in(tmp_path / f"lib{number:05d}", served, served.port)
    yield enrolled
    enrolled.clean_up()


def town(unit: CalledUnit, clock: Any = CLOCK) -> Check:
    return reach(unit.folder, read_config(unit.folder), clock)


def test_a_town_that_answers(unit: CalledUnit) -> None:
    assert town(unit).state is State.OK


def test_a_clock_that_is_off(unit: CalledUnit) -> None:
    clock = SimClock(SimClock.Options(wall_ms=CLOCK.wall_ms() - 300_000))
    check = town(unit, clock)
    assert check.state is State.WARN
    assert "-300 s" in check.en


def test_a_town_that_cannot_be_reached_is_a_warning_for_the_unit_serves_on(unit: CalledUnit, served: Served) -> None:
    real = f"https://localhost:{served.port}"
    change(unit.folder, (real, f"https://localhost:{free_port()}"))
    refused = town(unit)
    assert (refused.state, "このまま使えます" in refused.ja) == (State.WARN, True)
    change(unit.folder, (read_config(unit.folder).uplink.url, "https://todai.invalid:8443"))
    assert town(unit).state is State.WARN


def test_a_certificate_of_another_town(unit: CalledUnit, tmp_path: Path) -> None:
    with serving(tmp_path / "other") as other:
        stranger = let_in(tmp_path / "lib99", other, other.port)
        (unit.folder / "tls" / "ca.pem").write_bytes((stranger.folder / "tls" / "ca.pem").read_bytes())
        check = town(unit)
        assert (check.state, check.do_ja.startswith("まず時計の日付")) == (State.FAIL, True)


def test_a_certificate_that_ran_out_is_renewed_by_the_uplink(unit: CalledUnit, served: Served) -> None:
    tls, authority, name = Tls(unit.folder / "tls"), served.centre.authority, unit.folder.name
    long_ago = datetime.now(UTC) - timedelta(days=60)
    tls.keep(authority.device(tls.request(name), "todai", name, 1, long_ago), authority.pem)
    check = town(unit)
    assert (check.state, "uplink renews it by itself" in check.do_en) == (State.WARN, True)


def test_a_unit_that_was_never_enrolled(unit: CalledUnit) -> None:
    (unit.folder / "enrolment.json").unlink()
    assert "machi unit enrol" in town(unit).do_en


@pytest.mark.parametrize("secret", ["enrolment.json", "tls/device.key"])
def test_a_secret_that_others_can_read(unit: CalledUnit, secret: str) -> None:
    (unit.folder / secret).chmod(0o644)
    check = town(unit)
    assert (check.state, f"chmod 600 {unit.folder / secret}" in check.en) == (State.FAIL, True)


# ---------------------------------------------------------------------------------------------- the command


def doctor(unit: CalledUnit) -> tuple[int, dict[str, Any]]:
    done = machi("unit", "doctor", unit.folder, "--json")
    return done.returncode, said(done)


def test_beside_a_running_unit_and_without_one(unit: CalledUnit) -> None:
    unit.start()
    code, document = doctor(unit)
    assert (code, document["running"], document["failed"]) == (0, True, 0)
    unit.clean_up()
    code, document = doctor(unit)
    assert (code, document["running"]) == (0, False)
    (unit.folder / "unit.key").chmod(0o644)
    code, document = doctor(unit)
    assert (code, document["failed"]) == (2, 1)


def test_a_file_that_cannot_be_read_is_a_finding(unit: CalledUnit) -> None:
    (unit.folder / "unit.toml").write_text("name = ")
    done = machi("unit", "doctor", unit.folder)
    assert done.returncode == 2
    assert "unit.toml が読めません" in done.stdout
    assert machi("unit", "doctor", unit.folder / "none").returncode == 4


def test_a_report_says_what_the_board_is_and_does_and_whose_it_is_to_nobody(unit: CalledUnit, tmp_path: Path) -> None:
    output = tmp_path / "report.json"
    before = sorted(path.name for path in unit.folder.iterdir())
    assert machi("unit", "doctor", unit.folder, "--report", output).returncode == 0
    proof = msgspec.json.decode(output.read_bytes(), type=Proof)
    assert proof.board.linux == os.uname().release
    assert 0 < proof.commits.median_ms <= proof.commits.p99_ms <= proof.commits.longest_ms
    assert {finding.part for finding in proof.findings} >= {"reader", "keystore", "disk"}
    config = read_config(unit.folder)
    for name in (config.name, str(unit.folder), config.uplink.url, "library"):
        assert name not in output.read_text()
    assert sorted(path.name for path in unit.folder.iterdir()) == before, "what was written to try the disk is gone"
    assert machi("unit", "doctor", unit.folder, "--report", output).returncode == 5
    assert msgspec.json.decode(output.read_bytes(), type=Proof) == proof, "an older report is never written over"


def test_commits_are_timed_as_the_journal_makes_them(tmp_path: Path) -> None:
    """Each waits for the disk: a disk that takes a while shows in every figure."""

    class Slow(Disk):
        def connect(self, name: str) -> apsw.Connection:
            connection = super().connect(name)
            connection.set_commit_hook(wait)
            return connection

    def wait() -> bool:
        clock.sleep(0.25)
        return False

    clock = SimClock(SimClock.Options())
    took = time_commits(Slow(Disk.Options(path=str(tmp_path))), clock, 10)
    assert (took.count, took.median_ms, took.longest_ms) == (10, 250.0, 250.0)
    assert list(tmp_path.iterdir()) == []
