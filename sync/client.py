"""The centre as a unit sees it: a handful of calls over HTTP, and two ways in which they can fail.

One client and one TLS context per process (building a context costs more than a connection). Retrying is the caller's:
only he knows how long he may wait.
"""

from typing import Protocol, TypeVar

import httpx
import msgspec

from sync.entries import BAD_JSON
from sync.messages import (
    SEGMENT_TYPE,
    Certificate,
    Enrolment,
    EnrolRequest,
    Problem,
    RenewRequest,
    Report,
    RightsRequest,
)

Answer = TypeVar("Answer", bound=msgspec.Struct)


class UnreachableError(Exception):
    """No answer, or none that means anything: try again later, nothing is known about what happened."""


class RefusedError(Exception):
    """The centre said no, and why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail or problem.title)
        self.problem = problem


class Centre(Protocol):
    """What the uplink needs of the centre. Every call raises UnreachableError or RefusedError."""

    def holdings(self, report: Report, nonce: str) -> bytes:
        """Return signed Holdings: what the centre holds of this unit."""

    def post(self, packed: bytes, fence: str, nonce: str) -> bytes:
        """Deliver a packed segment; return signed Holdings that cover it."""

    def stream(self, name: str, since: str) -> bytes | None:
        """Return a packed file of the centre's own segments behind the ends `since`, or None if there is nothing."""


class HttpCentre:
    """The centre over HTTP; the httpx client comes with base URL, TLS context and time limits."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    def holdings(self, report: Report, nonce: str) -> bytes:
        asked = {key: str(value) for key, value in msgspec.to_builtins(report).items() if value is not None}
        return self._call("GET", "/v1/journal", params=asked | {"nonce": nonce})

    def post(self, packed: bytes, fence: str, nonce: str) -> bytes:
        return self._call(
            "POST",
            "/v1/journal",
            params={"fence": fence, "nonce": nonce},
            content=packed,
            headers={"Content-Type": SEGMENT_TYPE},
        )

    def stream(self, name: str, since: str) -> bytes | None:
        return self._call("GET", f"/v1/stream/{name}", params={"since": since}) or None

    def ask(self, request: RightsRequest) -> bytes | None:
        """Return what this unit has not heard of its own stream, perhaps the grant that it asks for; None is a no."""
        headers = {"Content-Type": "application/json"}
        return self._call("POST", "/v1/rights", content=msgspec.json.encode(request), headers=headers) or None

    def time(self, nonce: str) -> bytes:
        """Return a signed TownTime."""
        return self._call("GET", "/v1/time", params={"nonce": nonce})

    def piece(self, digest: str, first: int, count: int) -> bytes:
        """Return the next part of a bundle from byte `first` on: `count` bytes of it, or as many as the road let by.

        Raises:
            UnreachableError: none came.
        """
        asked = {"Range": f"bytes={first}-{first + count - 1}"}
        came = bytearray()
        try:
            with self._http.stream("GET", f"/v1/update/{digest}", headers=asked) as answer:
                if answer.status_code != httpx.codes.PARTIAL_CONTENT:
                    raise _refusal(answer.status_code, answer.read())
                for chunk in answer.iter_raw():
                    came += chunk
        except httpx.HTTPError as error:
            if not came:
                raise _unreachable(error) from error
        return bytes(came[:count])

    def enrol(self, request: EnrolRequest) -> Enrolment:
        return _read(self._call("POST", "/v1/enrol", content=msgspec.json.encode(request)), Enrolment)

    def renew(self, request: RenewRequest) -> Certificate:
        return _read(self._call("POST", "/v1/certificate", content=msgspec.json.encode(request)), Certificate)

    def _call(
        self,
        method: str,
        path: str,
        *,
        params: dict[str, str] | None = None,
        content: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> bytes:
        try:
            answer = self._http.request(method, path, params=params, content=content, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _unreachable(error) from error
        if answer.is_success:
            return answer.content
        raise _refusal(answer.status_code, answer.content)


def _unreachable(error: Exception) -> UnreachableError:
    return UnreachableError(f"{type(error).__name__}: {error}")


def _refusal(status: int, content: bytes) -> UnreachableError | RefusedError:
    """Say what an answer means that is none: the centre said no, or somebody said something else."""
    try:
        problem = msgspec.json.decode(content, type=Problem)
    except BAD_JSON as error:
        unread = UnreachableError(f"HTTP {status} without a reason")
        unread.__cause__ = error
        return unread
    if problem.status >= httpx.codes.INTERNAL_SERVER_ERROR:
        return UnreachableError(problem.detail or problem.title)
    return RefusedError(problem)


def _read(raw: bytes, kind: type[Answer]) -> Answer:
    try:
        return msgspec.json.decode(raw, type=kind)
    except BAD_JSON as error:
        raise UnreachableError(f"an answer that cannot be read: {error}") from error
