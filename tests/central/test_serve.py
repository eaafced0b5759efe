"""`machi central serve`: how it starts, how it ends, and that an answer outlives both."""

import signal
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from appliance.uplink.certificate import context_for
from central import shelves, store
from central.audit import audit
from central.branches import Branches
from central.centre import open_centre
from central.found import Plan, found
from central.world import SystemClock, SystemEntropy
from programs.coin.entries import Charge, Pay, money
from sync.entries import Fact
from sync.messages import ONE_UNIT
from sync.rights import CENTRE, Grant, Recall, Returned
from tests.central.beside import packed, write_some
from tests.central.pen import touch
from tests.central.serving import MACHI, Caller, Served, serving
from tests.ports import free_port, wait_for_port

UNITS = 3
ENOUGH = 5
DELIVERIES = 2000


@pytest.mark.parametrize("taken", ["units", "console"])
def test_a_port_that_is_taken_is_named(tmp_path: Path, taken: str) -> None:
    units, console = free_port(), free_port()
    plan = Plan("todai", "灯台町", "Todai", "00-1234", units, ("localhost",), console)
    found(tmp_path, plan, SystemClock(), SystemEntropy())
    port = units if taken == "units" else console
    with socket.create_server(("127.0.0.1", port)):
        ended = subprocess.run([MACHI, "central", "serve", tmp_path], capture_output=True, timeout=60, check=False)
    said = ended.stderr.decode()
    assert ended.returncode == 5, said
    assert f"Error: cannot listen at 127.0.0.1, port {port}: Address already in use" in said
    assert "Traceback" not in said


def test_a_request_in_flight_is_answered_before_the_centre_ends(tmp_path: Path) -> None:
    with serving(tmp_path) as served, served.caller() as caller:
        segment = packed(caller.pen.begin(touch()))
        with _in_flight(served, caller, len(segment)) as tls:
            tls.sendall(segment[:-1])
            served.process.send_signal(signal.SIGTERM)
            _wait_until_closed(served.port)
            time.sleep(0.5)  # the unit's road is slow
            tls.sendall(segment[-1:])
            assert tls.recv(4000).startswith(b"HTTP/1.1 200 ")
        assert served.process.wait(20) == 0
        assert caller.stored == 1


def test_a_request_that_never_ends_does_not_keep_the_centre_from_ending(tmp_path: Path) -> None:
    with serving(tmp_path) as served, served.caller() as caller, _in_flight(served, caller, 999) as tls:
        tls.sendall(b"no more")
        served.process.send_signal(signal.SIGTERM)
        assert served.process.wait(15) == 0


@contextmanager
def _in_flight(served: Served, caller: Caller, length: int) -> Iterator[ssl.SSLSocket]:
    """Begin to deliver, as far as the centre waiting for the body."""
    context = context_for(served.centre.authority.pem)
    context.load_cert_chain(served.folder / f"{caller.pen.unit}.pem")
    with (
        socket.create_connection(("127.0.0.1", served.port), timeout=30) as raw,
        context.wrap_socket(raw, server_hostname="localhost") as tls,
    ):
        head = ("POST /v1/journal HTTP/1.1", "Host: localhost", f"Content-Length: {length}", "Expect: 100-continue")
        tls.sendall("\r\n".join((*head, "", "")).encode())
        assert tls.recv(4000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        yield tls


def _wait_until_closed(port: int) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return
        time.sleep(0.02)
    pytest.fail("the door is still open")


@pytest.mark.fault("centre killed at any moment")
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_whatever_was_answered_is_there_after_the_end(shared_url: str, tmp_path: Path, how: signal.Signals) -> None:
    """Several units deliver as fast as they can; in the middle of it the centre ends, gently or not."""
    folder = tmp_path / "central"
    with serving(folder, shared_url, may_die=True) as served:
        acknowledged = _deliver_until_it_ends(served, how)
    centre = open_centre(folder, SystemClock(), SystemEntropy())
    assert min(acknowledged.values()) > ENOUGH, "it ended before it began"
    with centre.engine.begin() as connection:
        for unit, entries in acknowledged.items():
            (head,) = Branches(connection, unit, 1).heads()
            assert head.seq >= entries
    assert audit(centre.engine, centre.town).broken == ()
    centre.engine.dispose()


def _deliver_until_it_ends(served: Served, how: signal.Signals) -> dict[str, int]:
    enough = [threading.Event() for _ in range(UNITS)]

    def deliver(me: int) -> tuple[str, int]:
        with served.caller() as caller:
            acknowledged, pen = 0, caller.pen
            for number in range(DELIVERIES):
                segment = packed(pen.write(touch(number)) if number else pen.begin(touch()))
                try:
                    answer = caller.post(segment)
                except httpx.TransportError:
                    return pen.unit, acknowledged
                assert answer.is_success, answer.text
                acknowledged = pen.seq
                if number == ENOUGH:
                    enough[me].set()
        return pytest.fail("it never ended")

    with ThreadPoolExecutor(UNITS) as threads:
        jobs = [threads.submit(deliver, me) for me in range(UNITS)]
        assert all(event.wait(60) for event in enough)
        served.process.send_signal(how)
        return dict(job.result(60) for job in jobs)


def test_it_can_be_started_again_at_once_and_goes_on(tmp_path: Path) -> None:
    with serving(tmp_path) as served, served.caller() as caller:
        caller.http.headers["Connection"] = "close"  # a unit that hangs up lets the centre end at once
        first, *rest = write_some(caller.pen, 4)
        caller.deliver(first)
        served.process.send_signal(signal.SIGTERM)
        assert served.process.wait(20) == 0
        with subprocess.Popen([MACHI, "central", "serve", tmp_path], stderr=subprocess.DEVNULL) as again:
            wait_for_port(served.port, again)
            for segment in rest:
                caller.deliver(segment)
            again.send_signal(signal.SIGINT)
            assert again.wait(20) == 0
        assert caller.stored == 4


def test_a_running_centre_deals_out_what_was_charged(tmp_path: Path) -> None:
    card = "0a" * 16
    with serving(tmp_path) as served, served.caller("shop") as shop, served.caller("desk") as desk:
        for caller in (shop, desk):
            assert caller.http.get("/v1/journal", params={"nonce": "07"}).status_code == httpx.codes.OK
        desk.deliver(packed(desk.pen.begin(Charge(1, card, 9000, "hall", 20_780, "card"))))
        shop.deliver(packed(shop.pen.begin(Pay(1, card, 1000, "fish", 20_780, "card"))))
        assert _comes(lambda: set(_words(served, desk.pen.unit)) == {Recall}), "nobody has ever paid at the desk"
        desk.deliver(packed(desk.pen.write(Returned(1, money(card), 9000))))
        assert _comes(lambda: set(_words(served, shop.pen.unit)) == {Grant})


def _words(served: Served, unit: str) -> list[type[Fact]]:
    """Return what the centre has said about rights to one unit."""
    with store.reading(served.centre.engine) as connection:
        segments = list(shelves.take(connection, ONE_UNIT + unit, [], shelves.EVERYTHING))
    entries = [entry for segment in segments for entry in segment.stored_entries(served.centre.town.register)]
    return [type(entry.fact) for entry in entries if isinstance(entry.fact, CENTRE)]


def _comes(true: Callable[[], bool], within_s: float = 20) -> bool:
    end = time.monotonic() + within_s
    while not true() and time.monotonic() < end:
        time.sleep(0.1)
    return true()
