"""`machi device update` over a real SSH server: what is copied, what is refused, who may ask."""

import hashlib
import json
import random
from pathlib import Path

from device.errors import Exit
from device.fleet import read_target
from device.keys import Keys
from device.ssh import Road
from sync.technician import Role
from tests.device.laptop import Laptop
from tests.device.reach import Reached

SIZE = 9_000_000  # more than is sent at a time
PLAN = [("copy", "PLAN"), ("installation", "PLAN"), ("start", "PLAN"), ("trial", "PLAN")]


def steps(said: str) -> list[tuple[str, str]]:
    return [(step["step"], step["state"]) for step in json.loads(said)["steps"]]


def test_a_bundle_is_copied_over_ssh_and_a_device_without_slots_refuses_it(
    reached: Reached, laptop: Laptop, tmp_path: Path
) -> None:
    bundle = tmp_path / "update.raucb"
    bundle.write_bytes(random.Random(1).randbytes(SIZE))  # noqa: S311 - no secret
    received = f"/var/lib/machi-update/received-{hashlib.sha256(bundle.read_bytes()).hexdigest()}"
    Keys(laptop.folder).pin("lib01", reached.box.do("cat", "/var/lib/machi-ssh/host_ed25519.pub"))

    planned = laptop.do("update", reached.at(), bundle, "--dry-run", "--json")
    assert (planned.returncode, steps(planned.stdout)) == (0, PLAN), planned.stderr
    assert reached.box.run("ls", "/var/lib/machi-update").returncode, "a dry run leaves nothing"

    done = laptop.do("update", reached.at(), bundle, "--json")
    assert (done.returncode, steps(done.stdout)) == (Exit.REFUSED, [("copy", "OK"), ("installation", "STOP")]), (
        done.stderr
    )
    assert "この端末には入れ替え用の場所がありません" in done.stderr
    assert "this device has no second slot" in done.stderr
    assert reached.box.do("sha256sum", received).split()[0] == received.rpartition("-")[2]
    assert reached.box.do("stat", "-c", "%a %U", received) == "600 root"

    again = laptop.do("update", reached.at(), bundle, "--json")
    assert steps(again.stdout)[0] == ("copy", "SO"), "it lies there whole, and is not sent again"
    looks = Road(Keys(laptop.folder), read_target(reached.at())).ask(Role.SUPPORT, ["bundle", "0" * 64, "0"], b"x")
    assert (looks.code, "does not allow" in looks.err) == (Exit.PERMISSION, True)
