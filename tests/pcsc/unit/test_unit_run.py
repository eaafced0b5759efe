"""`machi unit run` behind a real pcscd, without any centre, and the commands that look at it while it runs."""

import signal
from pathlib import Path

import pytest

from central import shelves
from central.centre import Centre
from drivers.clock.sim import Driver as Clock
from simulation.centre import open_sim_centre
from sync.facts import CardState
from sync.segment import join
from tests.appliance.live import LiveUnit, machi, published_check, said, wait_until
from tests.pcsc.unit.conftest import Hands, results

pytestmark = pytest.mark.pcsc

NOT_FOUND, EXISTS, REFUSED = 4, 5, 6


def test_a_touch_is_beeped_and_in_the_journal_and_on_the_screen(unit: LiveUnit, hands: Hands) -> None:
    unit.start()
    earcon, about = hands.tap(unit, 1)
    assert earcon == "ok_points"
    place, entry_hash = about.split()
    found_hash, body = unit.entries()[place]
    assert (found_hash, body["kind"], body["place"], body["proof"]) == (entry_hash, "visits.touch", "library", "card")
    shown = unit.view()["shown"]
    assert (shown["result"], shown["entry"], shown["hash"]) == ("ok_points", place, entry_hash)
    assert hands.tap(unit, 1)[0] == "ok_points", "the same card at once is the same touch"
    assert hands.tap(unit, 2)[0] == "ok_points"
    assert [body["kind"] for _, body in unit.entries().values()].count("visits.touch") == 2


def test_the_commands_while_it_runs_without_a_centre(unit: LiveUnit, hands: Hands, tmp_path: Path) -> None:
    unit.start()
    for resident in (1, 2):
        hands.tap(unit, resident)
    done = unit.command("status", "--json")
    status = said(done)
    assert (done.returncode, status["schema"], status["unit"]) == (0, "machi.unit.status/1", "lib01")
    assert (status["closed"], status["contact_ms"], status["unsent"]) == (None, None, len(unit.entries()))
    assert 0 < status["touch_p50_s"] <= status["touch_p95_s"]

    done = unit.command("verify", "--json")
    checked = said(done)
    assert (done.returncode, checked["schema"], checked["broken"]) == (0, "machi.unit.verify/1", "")
    assert (checked["entries"], checked["tip"]) == (status["unsent"], status["tip"])

    copy = tmp_path / "stick.db"
    done = unit.command("export", copy, "--json")
    assert (done.returncode, said(done)) == (
        0,
        {"schema": "machi.unit.export/1", "file": str(copy), "entries": checked["entries"]},
    )
    independent = published_check(copy, unit.folder / "unit.pub")
    assert independent.returncode == 0, independent.stdout
    assert f"entries: {checked['entries']}\n" in independent.stdout
    assert f"last head: {status['tip']} " in independent.stdout
    assert unit.command("export", copy).returncode == EXISTS
    unit.command("export", tmp_path / "stick.csv", "--csv")
    assert (tmp_path / "stick.csv").read_text(encoding="utf-8-sig").count("visits.touch,") == 2


def test_a_second_daemon_is_refused_and_does_not_disturb(unit: LiveUnit, hands: Hands) -> None:
    unit.start()
    done = unit.refuses_to_run()
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (REFUSED, "", 1)
    assert "another process has this journal open; a unit has one daemon" in done.stderr
    assert hands.tap(unit, 1)[0] == "ok_points"
    assert unit.status()["reader_service"]
    assert unit.stop() == 0


@pytest.mark.fault("daemon killed at any moment")
def test_killed_and_started_again_it_goes_on_where_it_was(unit: LiveUnit, hands: Hands) -> None:
    unit.start()
    told = [hands.tap(unit, resident) for resident in (1, 2)]
    before = unit.entries()
    assert unit.stop(signal.SIGKILL) == -signal.SIGKILL
    unit.start()
    after = unit.entries()
    assert {place: after.get(place) for place in before} == before
    assert all(after[about.split()[0]][0] == about.split()[1] for _, about in told), "what was heard is there"
    fresh = [body for place, (_, body) in after.items() if place not in before]
    assert [body["kind"] for body in fresh] == ["boot"]
    assert fresh[0]["clean"] is False
    assert fresh[0]["boot"] not in {body["boot"] for _, body in before.values()}
    assert f"lib01/{fresh[0]['after']['boot']}/{fresh[0]['after']['seq']}" == told[-1][1].split()[0]
    assert not unit.status()["frozen"]
    earcon, about = hands.tap(unit, 2)
    assert (earcon, about) == told[-1], "the last one may not have heard it: it is told, and not written again"
    assert hands.tap(unit, 3)[0] == "ok_points"
    assert said(unit.command("verify", "--json"))["boots"] == 2


def test_told_to_end_it_ends_in_order(unit: LiveUnit, hands: Hands) -> None:
    unit.start()
    hands.tap(unit, 1)
    before = unit.entries()
    assert unit.stop(signal.SIGTERM) == 0
    assert not (unit.folder / "journal.db-wal").exists(), "the log is folded back"
    assert "Traceback" not in unit.said()
    unit.start()
    (body,) = [body for place, (_, body) in unit.entries().items() if place not in before]
    assert (body["kind"], body["clean"]) == ("boot", True)
    assert unit.stop(signal.SIGINT) == 0


def test_a_card_that_lies_there_already_is_read_at_the_start(unit: LiveUnit, hands: Hands) -> None:
    hands.lay(1)
    unit.start()
    wait_until(lambda: results(unit), unit.said)
    assert results(unit)[0][0] == "ok_points"


def test_what_the_office_says_comes_in_by_hand(unit: LiveUnit, hands: Hands, town: Centre, tmp_path: Path) -> None:
    unit.start()
    _, about = hands.tap(unit, 4)
    card = unit.entries()[about.split()[0]][1]["card"]
    town.registrar.set_card(card, CardState.STOPPED)
    (tmp_path / "town.segments").write_bytes(everything_said(town))
    done = machi("unit", "import", unit.folder, "town.segments", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert said(done)["new"] >= 1
    hands.tap(unit, 5)
    assert hands.tap(unit, 4)[0] == "refused"
    again = machi("unit", "import", unit.folder, "town.segments", "--json", cwd=tmp_path)
    assert said(again)["new"] == 0, "the same again changes nothing"


def test_another_towns_words_are_refused(unit: LiveUnit, tmp_path: Path) -> None:
    unit.start()
    before = unit.entries()
    (tmp_path / "town.segments").write_bytes(everything_said(open_sim_centre(Clock(), "another town")))
    (tmp_path / "notes.txt").write_text("machitap-segment 2\n")
    for name, words in (("town.segments", "not signed by this town"), ("notes.txt", "does not begin with a segment")):
        done = unit.command("import", tmp_path / name)
        assert (done.returncode, words in done.stderr, done.stderr.count("\n")) == (REFUSED, True, 1), done.stderr
    assert unit.entries() == before
    assert unit.status()["strange"] == "not signed by this town"


def test_a_unit_that_does_not_run_is_said_to_be_that(unit: LiveUnit, town: Centre, tmp_path: Path) -> None:
    (tmp_path / "town.segments").write_bytes(everything_said(town))
    for command in (("status",), ("import", tmp_path / "town.segments")):
        done = unit.command(*command)
        assert (done.returncode, done.stderr.count("\n")) == (NOT_FOUND, 1), done.stderr
        assert "is it running? machi unit run" in done.stderr


def everything_said(centre: Centre) -> bytes:
    """Return all that a centre ever said to all its units, as `machi central export` writes it."""
    with centre.engine.begin() as connection:
        return join(list(shelves.take(connection, "town", [], shelves.EVERYTHING)))
