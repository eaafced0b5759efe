"""A unit that was set up over SSH, as its technician sees it afterwards: from outside, by the town's certificates."""

import json
import subprocess
import time
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image

from sync.technician import Role, key_print
from tests.appliance.live import Done, machi
from tests.appliance.uplink.serving import Served
from tests.device.laptop import Laptop
from tests.image.conftest import Say
from tests.image.emulated import Machine
from tests.image.service import FOLDER, at

pytestmark = pytest.mark.image


def test_its_sticker_names_it_and_the_key_of_its_journal(unit: Machine, laptop: Laptop, tmp_path: Path) -> None:
    sticker = laptop.folder.parent / "lib01-sticker.pdf"
    subprocess.run(["pdftoppm", "-r", "200", "-png", sticker, tmp_path / "page"], check=True)
    (code,) = zxingcpp.read_barcodes(Image.open(tmp_path / "page-1.png"))
    key = unit.do(f"cat {FOLDER}/unit.pub")
    assert code.text == f"machitap-unit 1 todai/lib01 {key_print(key).replace(' ', '')}"


def test_another_technician_knows_it_by_the_town_finds_it_well_and_takes_its_journal_along(
    unit: Machine, town: Served, tmp_path: Path, say: Say
) -> None:
    laptop = Laptop(tmp_path / "keys", "jiro").certified(town, Role.SUPPORT)

    def asked(verb: str) -> Done:
        began = time.monotonic()
        done = laptop.do(verb, at(unit), "--json")
        say(f"machi device {verb}: {time.monotonic() - began:.1f} s")
        return done

    (seen,) = json.loads(asked("status").stdout)["units"]
    assert (seen["unit"], seen["status"]["place"], seen["status"]["closed"]) == ("lib01", "library", None)
    (report,) = json.loads(asked("doctor").stdout)["units"]
    assert report["failed"] == 0, report
    (pulled,) = json.loads(asked("pull").stdout)["units"]
    assert (pulled["broken"], pulled["entries"] >= 1) == ("", True)
    taken = machi("central", "import", town.folder, pulled["file"], "--json")
    assert json.loads(taken.stdout)["refused"] == []
