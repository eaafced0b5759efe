"""A call to the centre ends in one of three ways: an answer, a refusal with its reason, or nothing of use."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
import msgspec
import pytest

from sync.client import HttpCentre, RefusedError, UnreachableError
from sync.messages import PROBLEM_TYPE, SEGMENT_TYPE, EnrolRequest, Head, Problem, RenewRequest, Report, Why
from tests.ports import free_port

GAP = Problem(Why.GAP, "Something is missing", 409, "lib01 …", (Head("ab" * 8, 7, "cd" * 32),))
ENROL = EnrolRequest("lib01", "CODE", "QUJD", "csr", "QUJD")


class Town(HTTPServer):
    """A real server that answers everything with what it was told, and remembers what it was asked."""

    status, kind, body = 200, "application/json", b""
    asked: tuple[str, str, bytes, str | None] = ("", "", b"", None)

    def tell(self, status: int, body: bytes = b"", kind: str = "application/json") -> None:
        self.status, self.kind, self.body = status, kind, body


class Handler(BaseHTTPRequestHandler):
    server: Town

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.asked = (self.command, self.path, body, self.headers["Content-Type"])
        self.send_response(self.server.status)
        self.send_header("Content-Type", self.server.kind)
        self.send_header("Content-Length", str(len(self.server.body)))
        self.end_headers()
        self.wfile.write(self.server.body)

    do_GET = do_POST = answer  # noqa: N815 - the names that http.server asks for

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as above
        """Say nothing."""


@pytest.fixture
def town() -> Iterator[Town]:
    with Town(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def centre(town: Town) -> Iterator[HttpCentre]:
    with httpx.Client(base_url=f"http://127.0.0.1:{town.server_port}", trust_env=False, timeout=5) as http:
        yield HttpCentre(http)


def test_a_delivery_carries_bytes_fence_and_nonce(town: Town, centre: HttpCentre) -> None:
    town.tell(200, b"signed")
    assert centre.post(b"packed", "f0", "07") == b"signed"
    assert town.asked == ("POST", "/v1/journal?fence=f0&nonce=07", b"packed", SEGMENT_TYPE)


def test_a_report_goes_along_and_leaves_out_what_is_not_known(town: Town, centre: HttpCentre) -> None:
    town.tell(200, b"signed")
    assert centre.holdings(Report(unsent=3, software="1.0", clock="held", symptoms="hot.act.85"), "0a") == b"signed"
    query = httpx.URL(town.asked[1]).params
    assert dict(query) == {"unsent": "3", "state": "", "software": "1.0", "clock": "held", "nonce": "0a"} | {
        "generation": "",
        "heard": "",
        "symptoms": "hot.act.85",
    }


def test_nothing_new_is_none(town: Town, centre: HttpCentre) -> None:
    town.tell(204)
    assert centre.stream("town", "") is None
    town.tell(200, b"packed")
    assert centre.stream("town", f"{'ab' * 8}/5") == b"packed"


def test_a_refusal_brings_its_reason_and_what_is_held(town: Town, centre: HttpCentre) -> None:
    town.tell(409, msgspec.json.encode(GAP), PROBLEM_TYPE)
    with pytest.raises(RefusedError, match="lib01") as error:
        centre.post(b"packed", "", "")
    assert error.value.problem == GAP


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, b"Internal Server Error"),
        (502, b"<html>Bad Gateway</html>"),
        (404, b""),
        (403, b'{"detail":"a proxy says no"}'),
        (302, b""),
        (409, b"\xff\xfe"),
        (409, b"[" * 5000),
        (507, msgspec.json.encode(Problem(Why.FULL, "No room left at the centre", 507))),
        (500, msgspec.json.encode(Problem("about:blank", "A fault of the centre", 500))),
    ],
)
def test_whatever_means_nothing_is_tried_again_later(town: Town, centre: HttpCentre, status: int, body: bytes) -> None:
    town.tell(status, body)
    for call in (lambda: centre.post(b"x", "", ""), lambda: centre.stream("town", ""), lambda: centre.enrol(ENROL)):
        with pytest.raises(UnreachableError):
            call()


@pytest.mark.parametrize("body", [b"", b"{}", b"null", b"\xff"])
def test_an_answer_that_cannot_be_read_means_nothing(town: Town, centre: HttpCentre, body: bytes) -> None:
    town.tell(200, body)
    for call in (lambda: centre.enrol(ENROL), lambda: centre.renew(RenewRequest("lib01", "csr", "pem", "QUJD"))):
        with pytest.raises(UnreachableError):
            call()


def test_nobody_there() -> None:
    with (
        httpx.Client(base_url=f"http://127.0.0.1:{free_port()}", trust_env=False) as http,
        pytest.raises(UnreachableError, match="ConnectError"),
    ):
        HttpCentre(http).time("07")


def test_an_address_that_is_none() -> None:
    with httpx.Client(trust_env=False) as http, pytest.raises(UnreachableError):
        HttpCentre(http).time("07")
