"""A booted box and its town, once for all tests that look at it."""

from collections.abc import Iterator

import msgspec
import pytest

from tests.appliance.uplink.serving import Served, serving
from tests.fault.machine import need
from tests.systemd.box import MACHI, Box, booted, lacks_box

FOLDER = "/var/lib/machitap"


@pytest.fixture(scope="session")
def fresh() -> Iterator[Box]:
    """A box as its image is, which no town has let in."""
    need(lacks_box())
    with booted() as box:
        yield box


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("central")) as served:
        yield served


@pytest.fixture(scope="session")
def box(fresh: Box, town: Served) -> Box:
    """The box as a technician leaves it: let in by its town, and serving."""
    assert fresh.do("systemctl", "list-units", "--failed", "--plain", "--no-legend") == "", "not enrolled is no failure"
    assert not fresh.is_active("machi-tap"), "there is nothing to serve yet"
    ticket = town.centre.enroller.invite("lib01", "library", "facility", f"https://localhost:{town.port}")
    fresh.do(MACHI, "unit", "init", FOLDER, "--name", "lib01", "--screen-port", "8101")
    fresh.do(MACHI, "unit", "enrol", FOLDER, "-", given=msgspec.json.encode(ticket).decode())
    fresh.do("systemctl", "start", "machi-unit.target")
    return fresh
