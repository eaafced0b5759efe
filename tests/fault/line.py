"""A unit with its uplink, and a centre, as processes with a road between them; people touch all the while."""

import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from appliance.config import TRUST_FOLDER
from appliance.setup import write_config
from drivers.card.sim.pki import TestPki
from drivers.card.trust_folder import save
from simulation.centre import name_place
from tests.appliance.live import PATIENCE_S, change, equip, machi, wait_until
from tests.appliance.uplink.serving import CalledUnit
from tests.fault.desk import Desk
from tests.fault.office import Office, held
from tests.ports import free_port

TIMEOUT_S = 2
QUICKLY = f"interval_s = 0.5\ntimeout_s = {TIMEOUT_S}\nretry_max_s = 0.3"


@dataclass
class Line:
    """A unit, a centre, and residents who touch."""

    office: Office
    desk: Desk
    unit: CalledUnit
    residents: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def tap(self, times: int) -> list[float]:
        """Let so many residents touch; return how long each waited, from the code to the beep, in milliseconds."""
        waits = []
        for resident in itertools.islice(self.residents, times):
            began = time.perf_counter()
            heard = self.desk.tap(resident)
            waits.append(1000 * (time.perf_counter() - began))
            assert heard is not None, self.unit.said()
            assert heard[0] == "ok_points", heard
        return waits

    def all_arrive_once(self) -> int:
        """Wait until everything is sent, and hold it against the centre's books; return how many entries there are."""
        wait_until(lambda: self.unit.status()["unsent"] == 0, self.unit.called, 3 * PATIENCE_S)
        written = {(body["boot"], body["seq"], digest): 1 for digest, body in self.unit.entries().values()}
        found = held(self.office.folder, self.unit.folder.name)
        assert found == written, "the centre has something else than the unit, or has it twice"
        arrived = {f"{self.unit.folder.name}/{boot}/{seq}": digest for boot, seq, digest in found}
        assert self.desk.about().items() <= arrived.items(), "somebody heard of something that has not arrived"
        return len(found)


def lay_line(
    office: Office, folder: Path, pki: TestPki, url: str, network: tuple[str, ...] = (), settings: str = ""
) -> Line:
    """Enrol a unit over the network, start its daemon, and let its uplink call.

    Args:
        url: where the unit finds the centre.
        network: a command in front of everything of the unit that needs a network.
        settings: what stands in its unit.toml besides.
    """
    centre = office.open()
    name_place(centre, "library")
    ticket = folder.with_suffix(".ticket")
    ticket.write_bytes(msgspec.json.encode(centre.enroller.invite(folder.name, "library", "facility", url)))
    centre.engine.dispose()
    unit = CalledUnit(folder, free_port())
    unit.network = network
    write_config(folder, folder.name, "pcsc", "", 0, test=True)
    (folder / TRUST_FOLDER / "trust.toml").unlink()
    save(pki.trust(("pass",)), folder / TRUST_FOLDER)
    enrolled = machi("unit", "enrol", folder, ticket, within=network)
    assert enrolled.returncode == 0, enrolled.stderr
    equip(unit, "sim")
    change(folder, (f'url = "{url}"', f'url = "{url}"\n{QUICKLY}'))
    config = folder / "unit.toml"
    config.write_text(f"{config.read_text()}\n{settings}")
    desk = Desk(unit, pki.own.pass_key)
    assert desk.begin(), unit.said()
    unit.call()
    return Line(office, desk, unit)
