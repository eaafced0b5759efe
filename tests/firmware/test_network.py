"""A unit's network as it comes up: a real networkd, firewall and chrony on a cable to a building that has the same."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.appliance.live import wait_until
from tests.fault.machine import lacks_networks, need
from tests.firmware.conftest import ROOT
from tests.firmware.place import Place, place

NETWORKD, CHRONYD = "/usr/lib/systemd/systemd-networkd", "/usr/sbin/chronyd"
SYSTEM = ROOT / "firmware-config/root/usr/lib/systemd"
STATE = "/run/systemd/netif/state"
BUILDING = "192.168.77.1"
ABROAD, MODEM = "203.0.113.9", "192.168.8.1"
(GROUP,) = re.findall("^Group=(.*)$", (SYSTEM / "network/50-machitap-lte.network").read_text(), re.MULTILINE)
BUILDING_NETWORK = f"""
[Match]
Name=lan
[Network]
Address={BUILDING}/24
DHCPServer=yes
[DHCPServer]
NTP={BUILDING}
"""
BUILDING_TIME = "local stratum 3\nallow\npidfile /run/chrony/chronyd.pid\ncmdport 0\n"
LISTEN = """
import socket, sys, time
at = [socket.create_server(("", int(port))) for port in sys.argv[1:]]
time.sleep(600)
"""
CALL = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), 0.5, (sys.argv[3], 0))
    print("answered")
except TimeoutError:
    print("silence")
except OSError as error:
    print("refused", error.errno)
"""


@dataclass
class Street:
    """A unit and the building that it stands in, on one cable."""

    unit: Place
    building: Place
    address: str
    networkd: Path


def call(caller: Place, to: str, port: int, by: str = "root", own: str = "") -> str:
    """Try to reach a port, as a user and from an address of one's own; return what came of it."""
    user = ("setpriv", f"--reuid={by}", "--clear-groups")
    return caller.do(*user, "/usr/bin/python3", "-c", CALL, to, str(port), own).strip()


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Street]:
    need(lacks_networks())
    folder = tmp_path_factory.mktemp("street")
    with place(folder / "unit") as unit, place(folder / "building") as building:
        for name, file, text in (
            ("network", "/etc/systemd/network/10-lan.network", BUILDING_NETWORK),
            ("time", "/etc/chrony/building.conf", BUILDING_TIME),
        ):
            (folder / name).write_text(text)
            building.do("install", "-D", "--mode=0644", folder / name, file)
        unit.do("ip", "link", "add", "eth0", "type", "veth", "peer", "name", "lan", "netns", str(building.first.pid))
        unit.do("nft", "-f", "/usr/share/machitap/firewall.nft")
        building.start(folder / "building-network.log", NETWORKD)
        building.start(folder / "building-time.log", CHRONYD, "-d", "-x", "-f", "/etc/chrony/building.conf")
        building.start(folder / "building-doors.log", "/usr/bin/python3", "-c", LISTEN, "22", "443", "8443")
        unit.start(folder / "unit-time.log", CHRONYD, "-d", "-x", "-F", "1", "-f", "/etc/chrony/machitap.conf")
        unit.start(folder / "unit-doors.log", "/usr/bin/python3", "-c", LISTEN, "22", "80", "4710", "8101")
        wait_until(lambda: unit.run("chronyc", "-n", "tracking").returncode == 0, "chrony does not start")
        assert "Not synchronised" in unit.do("chronyc", "-n", "tracking"), (
            "a clock that follows nobody is not called so"
        )
        unit.start(folder / "unit-network.log", NETWORKD)
        wait_until(lambda: leased(unit), (folder / "unit-network.log").read_text)
        yield Street(unit, building, leased(unit), folder / "unit-network.log")


def leased(unit: Place) -> str:
    """Return the address that the unit was given; "" as long as it has none."""
    said = unit.run("ip", "address", "show", "eth0").stdout
    found = re.search(r"inet (192\.168\.77\.\d+)/24 metric 100 .* dynamic", said)
    return found.group(1) if found else ""


def sources(unit: Place) -> str:
    return unit.do("chronyc", "-n", "sources")


def test_a_cable_gives_an_address_through_the_firewall(street: Street) -> None:
    routes = street.unit.do("ip", "route", "show", "default")
    assert f"default via {BUILDING} dev eth0 proto dhcp" in routes
    assert "metric 100" in routes


def test_networkd_understands_every_word_of_every_network(street: Street) -> None:
    said = street.networkd.read_text()
    assert "eth0: Configuring with /usr/lib/systemd/network/60-machitap-wired.network" in said
    assert [line for line in said.splitlines() if "machitap" in line and "Configuring with" not in line] == []


def test_the_time_server_that_dhcp_names_is_followed(street: Street) -> None:
    wait_until(lambda: f"NTP={BUILDING}" in street.unit.do("cat", STATE), "networkd was told of no time server")
    hand_over = ("/usr/lib/machitap/time-sources", STATE, "/run/chrony-dhcp")
    street.unit.do("setpriv", "--reuid=_chrony", "--clear-groups", *hand_over)
    wait_until(lambda: f"^* {BUILDING}" in sources(street.unit), lambda: sources(street.unit), 20)
    assert "Stratum         : 4" in street.unit.do("chronyc", "-n", "tracking")


def test_what_dhcp_names_is_a_name_and_never_a_setting(street: Street, tmp_path: Path) -> None:
    (tmp_path / "state").write_text(
        "OPER_STATE=routable\nNTP=192.0.2.1 ntp.example fe80::1%eth0 local;allow $(id) -x 2001:db8::7\n"
    )
    street.unit.do("/usr/lib/machitap/time-sources", tmp_path / "state", tmp_path)
    lines = (tmp_path / "networkd.sources").read_text().splitlines()
    assert lines == [f"server {name} iburst" for name in ("192.0.2.1", "ntp.example", "2001:db8::7")]


def test_from_the_building_technicians_and_neighbours_come_in_and_nobody_else(street: Street) -> None:
    answers = [call(street.building, street.address, port) for port in (22, 4710, 80, 8101)]
    assert answers == ["answered", "answered", "silence", "silence"]


def test_nobody_comes_in_from_the_internet_or_through_a_modem(street: Street) -> None:
    street.building.do("ip", "address", "add", f"{ABROAD}/32", "dev", "lan")
    assert [call(street.building, street.address, port, own=ABROAD) for port in (22, 4710)] == ["silence"] * 2
    pair = f"link add wwan0 type veth peer name modem netns {street.building.first.pid}"
    street.unit.do("ip", *pair.split())
    street.unit.do("ip", "address", "add", "192.168.8.100/24", "dev", "wwan0")
    street.unit.do("ip", "link", "set", "wwan0", "group", GROUP, "up")
    street.building.do("ip", "address", "add", f"{MODEM}/24", "dev", "modem")
    street.building.do("ip", "link", "set", "modem", "up")
    assert [call(street.building, "192.168.8.100", port) for port in (22, 4710)] == ["silence"] * 2


def test_the_uplink_and_a_technician_go_out_and_nobody_else(street: Street) -> None:
    for user in ("machi-uplink", "root"):
        assert [call(street.unit, BUILDING, port, by=user) for port in (443, 8443)] == ["answered"] * 2
    for user in ("machi-tap", "machi-keeper", "nobody"):
        assert call(street.unit, BUILDING, 8443, by=user).startswith("refused"), "at once, and not after a wait"


def test_a_rule_of_ones_own_is_added(street: Street) -> None:
    rule = "add rule inet machitap in ip saddr 192.168.77.1 tcp dport 80 accept"
    street.unit.do("sh", "-c", f"mkdir -p /etc/machitap/firewall.d && echo {rule} >/etc/machitap/firewall.d/here.nft")
    for _ in range(2):
        street.unit.do("nft", "-f", "/usr/share/machitap/firewall.nft")
    assert call(street.building, street.address, 80) == "answered"
    assert call(street.building, street.address, 8101) == "silence"
    street.unit.do("rm", "/etc/machitap/firewall.d/here.nft")
    street.unit.do("nft", "-f", "/usr/share/machitap/firewall.nft")
    assert call(street.building, street.address, 80) == "silence"
