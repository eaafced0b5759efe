"""The PC/SC driver with the real pcscd: many readers, hot plug, crashes, torn cards, and nothing left over."""

import contextlib
import os
import queue
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from smartcard import scard

from drivers.card import CardError, Proof, identify
from drivers.card.apdu import Status
from drivers.card.channel import Channel
from drivers.card.commands import internal_authenticate
from drivers.card.reading import select
from drivers.card.service_pass import PassProfile
from drivers.card.sim.layout import Quirk
from drivers.card.sim.pcscd import PrivatePcscd
from drivers.card.sim.pki import TestPki
from drivers.card.sim.plan import Plan
from drivers.card.validity import JAPAN
from drivers.clock.system import Driver as Clock
from drivers.reader import (
    CardCame,
    CardGoneError,
    CardLeft,
    CardMuteError,
    Field,
    ReaderCame,
    ReaderError,
    ReaderHung,
    ReaderLeft,
    ServiceLost,
)
from tests.pcsc.bench import READERS, SAM, Ear

pytestmark = pytest.mark.pcsc

NONCE = bytes(range(32))
SELECT = bytes.fromhex("00A4040C0AD392F000260100000001")
OK = b"\x90\x00"
PROTOCOLS = scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
Listen = Callable[..., Ear]
Planned = Callable[..., Plan]


def now() -> datetime:
    return datetime.fromtimestamp(Clock().wall_ms() / 1000, JAPAN)


def test_every_reader_is_found_but_the_access_module_s_slot(pcscd: PrivatePcscd, ear: Listen) -> None:
    everything = ear()
    names = {everything.next(ReaderCame).reader for _ in range(2 * len(READERS))}  # each has an idle twin
    assert names == {f"{name} 00 0{twin}" for name in READERS for twin in (0, 1)}
    time.sleep(0.1)
    assert everything.events.empty()
    by_name = ear(name=SAM)
    assert by_name.next(ReaderCame).reader == pcscd.names[SAM]
    in_part = ear(name=SAM.removesuffix("SAM"))
    time.sleep(0.1)
    assert in_part.events.empty()


def test_cards_on_several_readers_are_told_apart(
    pcscd: PrivatePcscd, ear: Listen, planned: Planned, pki: TestPki
) -> None:
    listener = ear()
    plans = {name: planned() for name in READERS[:4]}
    for name, plan in plans.items():
        pcscd.table.present(name, plan)
    identifiers = set()
    for _ in plans:
        field = listener.card()
        assert field.reader in {pcscd.names[name] for name in plans}
        presented = identify(field, NONCE, pki.trust(), now())
        assert presented.proof is Proof.CARD
        identifiers.add(presented.identifier)
    assert len(identifiers) == len(plans)


def test_an_exchange_takes_no_time_of_ours(pcscd: PrivatePcscd, ear: Listen, planned: Planned) -> None:
    """Unless acknowledgements on the way to the virtual card are delayed, which costs 40 ms each."""
    pcscd.table.present("reader0", planned())
    field = ear(name="reader0 00 00").card()
    times = []
    for _ in range(50):
        begun = time.perf_counter()
        field.transmit(SELECT)
        times.append(time.perf_counter() - begun)
    assert statistics.median(times) < 0.005


def test_a_reader_that_stalls_holds_nobody_up(pcscd: PrivatePcscd, ear: Listen, planned: Planned) -> None:
    listener = ear(deadline_ms=300)
    pcscd.table.present("reader0", planned())
    stalled = listener.card()
    pcscd.table.mute("reader0")
    begun = time.monotonic()
    with pytest.raises(CardMuteError):
        stalled.transmit(SELECT)
    assert 0.25 < time.monotonic() - begun < 0.6
    stalled.close()
    assert time.monotonic() - begun < 0.7
    pcscd.table.present("reader1", planned())
    assert listener.card().transmit(SELECT) == OK


def test_a_reader_whose_call_never_comes_back_is_said_to_hang_once(
    pcscd: PrivatePcscd, ear: Listen, planned: Planned
) -> None:
    listener = ear(deadline_ms=100, hung_ms=300)
    pcscd.table.present("reader0", planned())
    stalled = listener.card()
    pcscd.table.mute("reader0")
    with pytest.raises(CardMuteError):
        stalled.transmit(SELECT)
    stalled.close()
    assert listener.next(ReaderHung).reader.startswith("reader0")
    with pytest.raises(queue.Empty):
        listener.next(ReaderHung, seconds=0.5)
    pcscd.table.remove("reader0")
    listener.next(CardLeft)
    pcscd.table.present("reader0", planned())
    assert listener.card().transmit(SELECT) == OK, "and serves on when its call has come back after all"


class Load:
    """Serves every card that a driver reports, over and over for as long as it lies there."""

    def __init__(self, listener: Ear, pki: TestPki) -> None:
        self.served: dict[str, float] = {}  # by reader: when a card there has last proven itself
        self._listener = listener
        self._trust = pki.trust()
        threading.Thread(target=self._pump, daemon=True).start()

    def _pump(self) -> None:
        while not isinstance(event := self._listener.events.get(), _End):
            if isinstance(event, CardCame):
                threading.Thread(target=self._serve, args=(event.field,), daemon=True).start()

    def _serve(self, field: Field) -> None:
        with contextlib.suppress(CardError, ReaderError):
            while True:
                assert identify(field, NONCE, self._trust, now()).proof is Proof.CARD
                self.served[field.reader] = time.monotonic()
                time.sleep(0.05)
        field.close()

    def wait(self, readers: set[str], since: float) -> float:
        """Wait until a card has proven itself on each of the readers after `since`; return how long that took."""
        wait_until(lambda: all(self.served.get(reader, 0) > since for reader in readers), 10)
        return time.monotonic() - since

    def end(self) -> None:
        self._listener.driver.stop()
        self._listener.events.put(_End())  # type: ignore[arg-type]


class _End:
    pass


def test_pcscd_and_readers_gone_and_back_ten_times_under_load(
    pcscd: PrivatePcscd, ear: Listen, planned: Planned, pki: TestPki
) -> None:
    threads, files = threading.active_count(), open_files()
    for name in READERS:
        pcscd.table.present(name, planned())
    load = Load(ear(name="reader"), pki)
    everywhere = {pcscd.names[name] for name in READERS}
    load.wait(everywhere, 0)
    for round_number in range(10):
        unplugged = () if round_number % 2 else (READERS[1], READERS[2])
        pcscd.kill()
        pcscd.restart(without=unplugged)
        took = load.wait(everywhere - {pcscd.names[name] for name in unplugged}, time.monotonic())
        assert took < 3.0
    load.end()
    wait_until(lambda: threading.active_count() <= threads and open_files() <= files)


def test_a_card_lifted_while_pcscd_was_away_is_not_reported(pcscd: PrivatePcscd, ear: Listen, planned: Planned) -> None:
    listener = ear(name="reader0 00 00")
    pcscd.table.present("reader0", planned())
    field = listener.card()
    pcscd.kill()
    for kind in (CardLeft, ReaderLeft, ServiceLost):
        listener.next(kind)
    with pytest.raises(ReaderError):
        field.transmit(SELECT)
    pcscd.table.remove("reader0")
    pcscd.restart()
    listener.next(ReaderCame)
    time.sleep(0.6)
    assert listener.events.empty()


def test_a_card_torn_away_and_another_laid_down_at_once(
    pcscd: PrivatePcscd, ear: Listen, planned: Planned, pki: TestPki
) -> None:
    """Faster than pcscd looks at the reader: it sees one card all the time, and reports nothing."""
    listener = ear(name="reader0 00 00")
    for _ in range(2):
        pcscd.table.present("reader0", planned())
        field = listener.card()
        pcscd.table.remove_after("reader0", 0)
        with pytest.raises(CardGoneError):
            field.transmit(SELECT)
        pcscd.table.present("reader0", planned())
        field.close()
        listener.next(CardLeft, 2.0)
        assert identify(listener.card(2.0), NONCE, pki.trust(), now()).proof is Proof.CARD
        pcscd.table.remove("reader0")
        listener.next(CardLeft)


def test_a_card_that_went_before_it_was_closed(
    pcscd: PrivatePcscd, ear: Listen, planned: Planned, pki: TestPki
) -> None:
    """Told to power off a card that it still believes in, pcscd would not see the next one."""
    listener = ear(name="reader0 00 00")
    for _ in range(2):
        pcscd.table.present("reader0", planned())
        field = listener.card()
        assert field.transmit(SELECT) == OK
        pcscd.table.remove("reader0")
        field.close()
        listener.next(CardLeft)
        pcscd.table.present("reader0", planned())
        assert identify(listener.card(2.0), NONCE, pki.trust(), now()).proof is Proof.CARD
        pcscd.table.remove("reader0")
        listener.next(CardLeft)


def test_extended_length_and_chains_go_through(pcscd: PrivatePcscd, ear: Listen, planned: Planned) -> None:
    """A reader that takes long commands gets one; a reader for short ones, or a card, gets a chain."""
    town = PassProfile().application()
    for command_max, quirks, apdus in ((65_544, set(), 1), (0, set(), 3), (65_544, {Quirk.NO_EXTENDED}, 4)):
        listener = ear(name="reader0 00 00", command_max=command_max)
        pcscd.table.present("reader0", planned(quirks=frozenset(quirks)))
        channel = Channel(listener.card(), town)
        assert select(channel, town)
        before = channel.totals.apdus
        response = channel.exchange(internal_authenticate(1, bytes(700)))
        assert (response.sw, len(response.data)) == (Status.OK, 64)
        assert channel.totals.apdus - before == apdus
        listener.driver.stop()
        pcscd.table.remove("reader0")
        time.sleep(0.5)


def test_a_response_by_get_response_and_a_stumbling_chip(
    pcscd: PrivatePcscd, ear: Listen, planned: Planned, pki: TestPki
) -> None:
    listener = ear(name="reader0 00 00")
    pcscd.table.present("reader0", planned(quirks=frozenset({Quirk.ANNOUNCES, Quirk.STUMBLES})))
    assert identify(listener.card(), NONCE, pki.trust(), now()).proof is Proof.CARD


def test_a_card_that_another_program_holds_for_a_moment(pcscd: PrivatePcscd, ear: Listen, planned: Planned) -> None:
    code, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
    assert code == scard.SCARD_S_SUCCESS
    pcscd.table.present("reader0", planned())
    wait_until(lambda: holds(context, pcscd.names["reader0"]))
    listener = ear(name="reader0 00 00")
    field = listener.card()
    with pytest.raises(ReaderError):  # it does not let go
        field.transmit(SELECT)
    listener.driver.stop()
    scard.SCardReleaseContext(context)
    again = ear(name="reader0 00 00")
    assert again.card().transmit(SELECT) == OK


def test_a_card_that_another_program_shares(pcscd: PrivatePcscd, ear: Listen, planned: Planned, pki: TestPki) -> None:
    """It is read under a transaction, so the other one has to wait; whoever holds one first is not waited for."""
    code, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
    assert code == scard.SCARD_S_SUCCESS
    pcscd.table.present("reader0", planned())
    cards: list[int] = []
    wait_until(lambda: holds(context, pcscd.names["reader0"], scard.SCARD_SHARE_SHARED, cards))
    listener = ear(name="reader0 00 00")
    field = listener.card()
    assert identify(field, NONCE, pki.trust(), now()).proof is Proof.CARD
    others: list[int] = []
    other = threading.Thread(
        target=lambda: others.append(scard.SCardTransmit(cards[0], scard.SCARD_PCI_T1, list(SELECT))[0]), daemon=True
    )
    other.start()
    other.join(0.3)
    assert other.is_alive()
    listener.driver.stop()
    other.join(2)
    assert others == [scard.SCARD_W_RESET_CARD]  # powered off by us: nothing of ours is left for it to use
    wait_until(lambda: bool(scard.SCardReconnect(cards[0], scard.SCARD_SHARE_SHARED, PROTOCOLS, 0)[0] == 0))
    assert scard.SCardBeginTransaction(cards[0]) == scard.SCARD_S_SUCCESS
    waiting = ear(name="reader0 00 00", deadline_ms=300)  # pcscd lets nobody even connect now
    with pytest.raises(ReaderError, match="another program"):
        waiting.card(2.0).transmit(SELECT)
    scard.SCardReleaseContext(context)
    waiting.next(CardLeft)
    assert waiting.card().transmit(SELECT) == OK


def holds(context: int, reader: str, mode: int = scard.SCARD_SHARE_EXCLUSIVE, cards: list[int] | None = None) -> bool:
    """Connect as another program would; its handle goes into `cards`."""
    code, card, _ = scard.SCardConnect(context, reader, mode, PROTOCOLS)
    if cards is not None:
        cards[:] = [card]
    return bool(code == scard.SCARD_S_SUCCESS)


@pytest.mark.parametrize("is_closed", [False, True])
def test_cards_swapped_faster_than_pcscd_looks(
    pcscd: PrivatePcscd, ear: Listen, planned: Planned, is_closed: bool
) -> None:
    """The next person's card comes within 0.4 s of the last one's going, served and closed or not."""
    listener = ear(name="reader0 00 00")
    pcscd.table.present("reader0", planned())
    for pause in (0.0, 0.15, 0.3):
        field = listener.card(2.0)
        assert field.transmit(SELECT) == OK
        if is_closed:
            field.close()
        time.sleep(pause)
        pcscd.table.present("reader0", planned())
        listener.next(CardLeft, 2.0)
    assert listener.card(2.0).transmit(SELECT) == OK
    time.sleep(0.6)
    assert listener.events.empty()


def test_stop_ends_every_thread_at_once(pcscd: PrivatePcscd, ear: Listen, planned: Planned) -> None:
    threads = threading.active_count()
    listener = ear()
    pcscd.table.present("reader0", planned())
    listener.card()
    begun = time.monotonic()
    listener.driver.stop()
    assert time.monotonic() - begun < 0.3
    assert threading.active_count() == threads


def test_stop_in_the_very_moment_of_start(pcscd: PrivatePcscd, ear: Listen) -> None:
    """A cancelled wait and a wait that has not begun yet look alike from outside."""
    del pcscd
    threads = threading.active_count()
    for pause in (0, 0.001, 0.002, 0.005, 0.01):
        listener = ear()
        time.sleep(pause)
        begun = time.monotonic()
        listener.driver.stop()
        assert time.monotonic() - begun < 0.5
    assert threading.active_count() == threads


def test_nobody_polls(pcscd: PrivatePcscd) -> None:
    """Watching fourteen readers for a second costs no system calls to speak of."""
    script = (
        "import time\nfrom drivers.reader.pcsc import Driver\nd = Driver()\nd.start(lambda e: None)\n"
        "time.sleep(0.3)\nb = time.process_time()\ntime.sleep(1)\nprint(time.process_time() - b)\nd.stop()\n"
    )
    out = subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | pcscd.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert float(out.stdout) < 0.01


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def wait_until(true: Callable[[], bool], seconds: float = 3.0) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.01)
