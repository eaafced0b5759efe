"""A box with an SSH server as its image would have it, a town, and the laptop of a technician."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.appliance.uplink.serving import Served, serving
from tests.device.laptop import FAR, Laptop, office
from tests.device.reach import BESIDES, Reached
from tests.fault.machine import need
from tests.ports import free_port
from tests.systemd.box import ROOT, booted, lacks_box


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    need(lacks_box())
    with serving(tmp_path_factory.mktemp("central"), FAR) as served:
        yield served


@contextmanager
def fresh_box(town: Served, folder: Path) -> Iterator[Reached]:
    """Boot a box, as the image of this town: it knows whose technicians it lets in, and nothing else."""
    ca = folder / "technicians.pub"
    ca.write_text(json.loads(office(town).told())["body"]["ca"] + "\n")
    port = free_port()
    with booted(BESIDES.format(root=ROOT, ca=ca, port=port)) as box:
        box.do("systemctl", "start", "systemd-user-sessions.service", "ssh.service")
        yield Reached(box, port)


@pytest.fixture(scope="module")
def reached(town: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reached]:
    with fresh_box(town, tmp_path_factory.mktemp("image")) as box:
        yield box


@pytest.fixture(scope="module")
def laptop(town: Served, tmp_path_factory: pytest.TempPathFactory) -> Laptop:
    return Laptop(tmp_path_factory.mktemp("laptop") / "keys").certified(town)


@pytest.fixture(scope="module")
def far(laptop: Laptop, tmp_path_factory: pytest.TempPathFactory) -> Laptop:
    """The same laptop, where it knows a way to the centre that the box does not."""
    hosts = tmp_path_factory.mktemp("far") / "hosts"
    hosts.write_text(f"127.0.0.1 localhost {FAR}\n")
    mount = f'mount --bind {hosts} /etc/hosts && exec "$@"'
    return Laptop(laptop.folder, laptop.name, ["unshare", "--mount", "sh", "-c", mount, "sh"])
