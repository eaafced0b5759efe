"""From a served centre to the one that takes its place: real processes, TLS, a machine that is gone, and a unit."""

import signal
import subprocess
from pathlib import Path

import pytest

from tests.central.backups.backed_up import opened
from tests.central.beside import packed
from tests.central.pen import touch
from tests.central.serving import MACHI, serving
from tests.central.test_commands import CHECK_FAILED, document
from tests.ports import wait_for_port


@pytest.mark.fault("centre restored from a backup")
def test_a_unit_brings_to_the_centre_that_took_its_place_what_the_backup_had_not(tmp_path: Path) -> None:
    folder, usb, safe, again = (tmp_path / name for name in ("town", "usb", "safe", "again"))
    for place in (usb, safe):
        place.mkdir()
    with serving(folder, may_die=True) as served, served.caller() as caller:
        first = packed(caller.pen.begin(touch(1)))
        before = caller.deliver(first)
        keys = document("backup", folder, "--keys-to", safe)["keys_in"]
        kept = document("backup", folder, "--to", usb)["backup"]
        since = packed(caller.pen.write(touch(2), touch(3)))
        caller.deliver(since)
        served.process.send_signal(signal.SIGKILL)
        served.process.wait()
        caller.http.close()
        document("restore", kept, "--keys", keys, "--to", again)
        assert document("status", again, ends=CHECK_FAILED)["unheard"] == [caller.pen.unit]
        with (tmp_path / "log").open("wb") as log:
            anew = subprocess.Popen([MACHI, "central", "serve", again], stderr=log)
        try:
            wait_for_port(served.port, anew)
            caller.http = served.client("again", caller.certificate, caller.key)
            held = caller.deliver(since)
            assert held.generation != before.generation
            assert [head.seq for head in held.heads] == [caller.pen.seq]
            caller.http.close()
        finally:
            anew.terminate()
            assert anew.wait(20) == 0, (tmp_path / "log").read_text()
    with opened(again) as centre:
        centre.reconciler.catch_up()
        assert centre.reconciler.figures()["visits"]["touches"] == 3
