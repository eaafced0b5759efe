"""What a technician can get wrong in a unit's folder: the daemon does not start, and says what to do."""

import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from appliance.config import ConfigError, read_config
from tests.appliance.live import LiveUnit, change, machi

NOT_FOUND, REFUSED, HARDWARE = 4, 6, 8
Spoil = Callable[[Path], object]


def adding(text: str) -> Spoil:
    """Add lines in front of the configuration."""

    def spoil(folder: Path) -> None:
        config = folder / "unit.toml"
        config.write_text(f"{text}\n{config.read_text()}")

    return spoil


def changing(old: str, new: str) -> Spoil:
    return lambda folder: change(folder, (old, new))


UNREADABLE = {
    "this is not TOML": "Expected '=' after a key",
    "\xff": "can't decode byte 0xff",
    'ballast_bytes = "lots"': "got `str` - at `$.ballast_bytes`",
    "ballast_bytes = -1": "at `$.ballast_bytes`",
    "screen.port = 70000": "at `$.screen.port`",
    "screen.prot = 8101": "unknown field `prot` - at `$.screen`",
    'uplink.ulr = "https://localhost"': "unknown field `ulr` - at `$.uplink`",
    "uplink.interval_s = 0": "at `$.uplink.interval_s`",
    'drivers.lamp.make = "sim"': "no such kind of driver: lamp; there are reader, light, sound",
}


@pytest.mark.parametrize("line", UNREADABLE)
def test_a_line_that_is_not_understood(tmp_path: Path, line: str) -> None:
    (tmp_path / "unit.toml").write_bytes(f'{line}\nname = "lib01"\n'.encode("latin-1"))
    with pytest.raises(ConfigError) as error:
        read_config(tmp_path)
    assert str(error.value).startswith(f"{tmp_path}/unit.toml: ")
    assert UNREADABLE[line] in str(error.value)


@pytest.mark.parametrize("name", ["", "../lib01", "lib 01", "図書館"])
def test_a_name_that_no_unit_can_have(tmp_path: Path, name: str) -> None:
    (tmp_path / "unit.toml").write_text(f'name = "{name}"\n')
    with pytest.raises(ConfigError, match=r"at `\$\.name`"):
        read_config(tmp_path)


def in_production(folder: Path) -> None:
    settings = folder / "trust" / "trust.toml"
    settings.write_text(settings.read_text().replace("production = false", "production = true"))


MISTAKES: dict[str, tuple[Spoil, int, str]] = {
    "no configuration": (lambda here: (here / "unit.toml").unlink(), NOT_FOUND, "make one with: machi unit init"),
    "an unknown key": (adding('colour = "teal"'), NOT_FOUND, "unknown field `colour`"),
    "an unknown make": (changing('make = "sim"\nname', 'make = "magic"\nname'), NOT_FOUND, "look into drivers/reader/"),
    "an unknown option": (changing('name = "desk"', 'nmae = "desk"'), NOT_FOUND, "its options: name, deadline_ms"),
    "never enrolled": (lambda here: (here / "enrolment.json").unlink(), NOT_FOUND, "say: machi unit enrol"),
    "half an enrolment": (lambda here: (here / "enrolment.json").write_text("{"), NOT_FOUND, "enrolment.json: "),
    "half a life": (lambda here: (here / "life.json").write_text("{"), NOT_FOUND, "life.json: "),
    "no key": (lambda here: (here / "unit.key").unlink(), HARDWARE, "unit.key: no usable private key"),
    "a key for all to read": (lambda here: (here / "unit.key").chmod(0o640), HARDWARE, "say: chmod 600 unit.key"),
    "no trust": (lambda here: shutil.rmtree(here / "trust"), REFUSED, "trust is no folder"),
    "a test's trust in production": (
        in_production,
        REFUSED,
        "does not believe test keys; take away: pass issuer TEST-",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_named_and_nothing_is_begun(unit: LiveUnit, mistake: str) -> None:
    spoil, code, words = MISTAKES[mistake]
    spoil(unit.folder)
    done = unit.refuses_to_run()
    assert (done.returncode, done.stdout) == (code, "")
    assert words in done.stderr
    assert done.stderr.count("\n") == 1, "one line, and no traceback"
    assert not (unit.folder / "journal.db").exists()


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    for command in ("run", "status", "verify", "uplink"):
        done = machi("unit", command, tmp_path / "nowhere")
        assert (done.returncode, done.stderr.count("\n")) == (NOT_FOUND, 1), done.stderr
        assert "nowhere" in done.stderr


def test_a_port_that_somebody_else_has(unit: LiveUnit) -> None:
    with socket.create_server(("127.0.0.1", unit.port)):
        done = unit.refuses_to_run()
    assert done.returncode == NOT_FOUND
    assert f"screen.port {unit.port}: Address already in use; free it, or set another" in done.stderr
    unit.start()
    assert unit.stop() == 0


def test_what_init_writes_is_understood_and_never_overwritten(tmp_path: Path) -> None:
    folder = tmp_path / "lib01"
    assert machi("unit", "init", folder, "--name", "lib01", "--screen-port", "8101").returncode == 0
    config = read_config(folder)
    assert (config.name, config.screen.port, config.drivers["reader"]["make"]) == ("lib01", 8101, "pcsc")
    assert "production = true" in (folder / "trust" / "trust.toml").read_text()
    again = machi("unit", "init", folder, "--name", "lib02")
    assert (again.returncode, "is there already" in again.stderr) == (5, True)
    assert read_config(folder) == config


def test_a_configuration_in_place_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "unit.toml").mkdir()
    with pytest.raises(ConfigError, match="Is a directory"):
        read_config(tmp_path)
