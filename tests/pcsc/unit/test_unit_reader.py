"""pcscd goes and comes back, readers are unplugged, cards are torn away: the screen says so, and all is well again."""

import pytest

from drivers.card.sim.pcscd import PrivatePcscd
from tests.appliance.live import LiveUnit, said, wait_until
from tests.pcsc.unit.conftest import READERS, Hands, results

pytestmark = pytest.mark.pcsc

CHECK_FAILED = 2
NO_READER = "No card reader found. Staff: please check its cable."


@pytest.mark.fault(
    "the card service (pcscd) is gone, or the reader is",
    people="The screen says which cable to look at; it serves again by itself when the reader is back.",
    lost="nothing",
    found="By the service falling silent or the reader disappearing from it.",
)
def test_pcscd_killed_and_started_again(unit: LiveUnit, hands: Hands, pcscd: PrivatePcscd) -> None:
    unit.start()
    assert hands.tap(unit, 1)[0] == "ok_points"
    pcscd.kill()
    wait_until(lambda: unit.closed() == NO_READER, unit.said)
    done = unit.command("status", "--json")
    assert (done.returncode, said(done)["readers"], said(done)["reader_service"]) == (CHECK_FAILED, [], False)
    pcscd.restart()
    wait_until(lambda: unit.closed() == "", unit.said)
    wait_until(lambda: len(unit.status()["readers"]) == 2 * len(READERS), unit.said)
    assert unit.status()["reader_service"]
    assert hands.tap(unit, 2)[0] == "ok_points"
    assert unit.command("status").returncode == 0
    assert unit.stop() == 0


def test_a_daemon_that_starts_before_its_pcscd(unit: LiveUnit, hands: Hands, pcscd: PrivatePcscd) -> None:
    pcscd.kill()
    unit.begin()
    wait_until(lambda: unit.status().get("reader_service") is False, unit.said)
    assert unit.closed() == NO_READER
    pcscd.restart()
    wait_until(lambda: unit.closed() == "", unit.said)
    assert hands.tap(unit, 1)[0] == "ok_points"


@pytest.mark.fault("card taken away too early")
def test_a_card_torn_away_is_asked_for_again(unit: LiveUnit, hands: Hands, pcscd: PrivatePcscd) -> None:
    unit.start()
    before = unit.entries()
    for slot in pcscd.table.state():
        pcscd.table.slow(slot, 100)  # so that there is time to tear it away
    reader = hands.lay(1)
    pcscd.table.remove_after(reader, 1)
    wait_until(lambda: results(unit), unit.said)
    assert results(unit) == [("retry", "")]
    assert unit.entries() == before, "nothing happened"
    assert hands.tap(unit, 1)[0] == "ok_points"
