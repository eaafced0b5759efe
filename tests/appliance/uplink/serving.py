"""What a unit may find at the other end of its road: the town's centre, or somebody who answers nonsense."""

import http.server
import os
import signal
import ssl
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from appliance.setup import write_config
from appliance.uplink.joining import join
from central.authority import Authority
from central.centre import Centre, open_centre
from central.found import Plan, found
from central.world import SystemClock, SystemEntropy
from simulation.deeds import FACILITY
from sync.facts import PlaceNamed
from tests.appliance.live import MACHI, PATIENCE_S, LiveUnit, change, wait_until
from tests.ports import free_port, wait_for_port


@dataclass
class Served:
    """A centre in a folder, served by a process of its own."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes]
    console: int = 0

    @property
    def centre(self) -> Centre:
        return open_centre(self.folder, SystemClock(), SystemEntropy())


@contextmanager
def serving(folder: Path, *names: str, environment: Mapping[str, str] | None = None) -> Iterator[Served]:
    """Found a town in a folder, and serve it, under some more names if they are given."""
    units, console = free_port(), free_port()
    plan = Plan("todai", "灯台町", "Todai", "00-1234", units, ("localhost", "127.0.0.1", *names), console)
    found(folder, plan, SystemClock(), SystemEntropy())
    with (folder / "log").open("wb") as log:
        command = [str(MACHI), "central", "serve", str(folder)]
        process = subprocess.Popen(command, stdout=log, stderr=log, env=os.environ | dict(environment or {}))
    try:
        for port in (units, console):
            wait_for_port(port, process)
        served = Served(folder, units, process, console)
        served.centre.registrar.place(PlaceNamed("library", "図書館", "としょかん", "Library"))
        yield served
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE_S)


class CalledUnit(LiveUnit):
    """A unit with a second process, which calls the centre.

    Attributes:
        network: a command in front of the second process, if it has a network of its own.
    """

    caller: subprocess.Popen[bytes] | None = None
    network: Sequence[str] = ()

    @property
    def caller_log(self) -> Path:
        return self.folder.with_name(f"{self.folder.name}-uplink.log")

    def call(self) -> subprocess.Popen[bytes]:
        """Start the uplink, and do not wait for anything."""
        with self.caller_log.open("ab") as log:
            command = [*self.network, str(MACHI), "unit", "uplink", str(self.folder)]
            environment = os.environ | self.environment
            self.caller = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment)
        return self.caller

    def hang_up(self) -> int:
        """End the uplink, and return its exit code."""
        process, self.caller = self.caller, None
        assert process is not None, "it does not run"
        process.send_signal(signal.SIGTERM)
        return process.wait(5)

    def called(self) -> str:
        return self.caller_log.read_text(errors="replace") if self.caller_log.exists() else ""

    def clean_up(self) -> None:
        if self.caller:
            self.caller.kill()
            self.caller.wait()
        super().clean_up()

    def wait_until_sent(self) -> None:
        wait_until(lambda: self.status().get("unsent") == 0, lambda: f"{self.status()}\n{self.called()}")


def let_in(folder: Path, served: Served, port: int, counter: str = FACILITY) -> CalledUnit:
    """Enrol a unit with a simulated reader; its road to the centre begins at `port`."""
    unit = CalledUnit(folder, free_port())
    write_config(folder, folder.name, "sim", "desk", unit.port, test=True)
    url = f"https://localhost:{served.port}"
    join(folder, msgspec.json.encode(served.centre.enroller.invite(folder.name, "library", counter, url)))
    quickly = "interval_s = 0.5\ntimeout_s = 2\nretry_max_s = 0.3"
    change(folder, (f'url = "{url}"', f'url = "https://localhost:{port}"\n{quickly}'))
    return unit


@contextmanager
def nonsense(
    port: int, authority: Authority, folder: Path, status: int, body: bytes, since: datetime | None = None
) -> Iterator[list[str]]:
    """Answer every request with the same, with a certificate of that day; yield the requests that came."""
    key, certificate = authority.server(("localhost",), since or datetime.now(UTC))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    for name, content in (("nonsense.key", key), ("nonsense.pem", certificate)):
        (folder / name).write_bytes(content)
    context.load_cert_chain(folder / "nonsense.pem", folder / "nonsense.key")
    asked: list[str] = []

    class Answer(http.server.BaseHTTPRequestHandler):
        def answer(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = answer  # noqa: N815 - the standard library's names

        def log_message(self, *_: object) -> None:
            pass

    with _Quiet(("127.0.0.1", port), Answer) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield asked
        finally:
            server.shutdown()
            thread.join()


class _Quiet(http.server.HTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing when a caller hangs up: that is what he should do."""
