"""The hatch as the uplink sees it: HTTP over the daemon's Unix socket."""

from typing import Any, Final, TypeVar

import httpx
import msgspec

from appliance.asking import Want
from appliance.copying import Lodging, Owner, Told
from appliance.offers import Wanted
from appliance.uplink.courier import HatchError, NoDaemonError, Question
from sync.letters import Keeping, Writing
from sync.messages import Head, RenewRequest

Answer = TypeVar("Answer")

_TIMEOUT_S: Final = 10.0
_CONFLICT: Final = 409


class HttpHatch:
    """Asks the daemon."""

    def __init__(self, socket_path: str) -> None:
        transport = httpx.HTTPTransport(uds=socket_path)
        self._http = httpx.Client(transport=transport, base_url="http://unit", timeout=_TIMEOUT_S, trust_env=False)

    def question(self) -> Question:
        return self._read("GET", "/question", Question)

    def answer(self, raw: bytes) -> bytes | None:
        return self._call("POST", "/answer", raw) or None

    def since(self) -> dict[str, str]:
        return self._read("GET", "/since", dict[str, str])

    def lacks(self) -> dict[str, str]:
        return self._read("GET", "/lacks", dict[str, str])

    def take(self, packed: bytes) -> int:
        return self._read("POST", "/take", dict[str, int], packed)["new"]

    def give_back(self, stream: str, heads: tuple[Head, ...]) -> bytes | None:
        return self._call("POST", f"/give-back/{stream}", msgspec.json.encode(heads)) or None

    def certify(self, csr: str, certificate: str) -> RenewRequest:
        return self._read("POST", "/certify", RenewRequest, msgspec.json.encode((csr, certificate)))

    def wait_for_bell(self, at_most_s: float) -> None:
        """Wait until there is something to send, or for so long."""
        self._call("GET", f"/bell?for={at_most_s}", timeout_s=at_most_s + _TIMEOUT_S)

    def want(self, at_most_s: float) -> Want | None:
        """Wait until somebody stands there for whom the centre is to be asked, or for so long; return the question."""
        raw = self._call("GET", f"/want?for={at_most_s}", timeout_s=at_most_s + _TIMEOUT_S)
        return msgspec.json.decode(raw, type=Want) if raw else None

    def owner(self) -> Owner:
        """Return whose twin is to be written, and for whom it is sealed."""
        return self._read("GET", "/twin/owner", Owner)

    def twin(self, told: Told) -> bytes | None:
        """Say how the twin stands; return the text of the next segment that it lacks, or None."""
        return self._call("POST", "/twin", msgspec.json.encode(told)) or None

    def wait_for_commit(self, at_most_s: float) -> None:
        """Wait until there is something to write to the twin, or for so long."""
        self._call("GET", f"/twin/bell?for={at_most_s}", timeout_s=at_most_s + _TIMEOUT_S)

    def update(self) -> Wanted:
        """Return what the town offers in the place of this system, and what may be done about it."""
        return self._read("GET", "/update", Wanted)

    def update_fetched(self, number: int) -> None:
        """Say that the bundle of an offer lies here, whole."""
        self._call("POST", f"/update/{number}")

    def near(self, told: Told) -> bytes | None:
        """Say how the twin at the neighbour stands; return the text of the next segment that it lacks, or None."""
        return self._call("POST", "/near", msgspec.json.encode(told)) or None

    def writing(self) -> Writing | None:
        """Return at which neighbour the twin is to be kept, or None."""
        raw = self._call("GET", "/near/writing")
        return msgspec.json.decode(raw, type=Writing) if raw else None

    def wait_for_near(self, at_most_s: float) -> None:
        """Wait until there is something to write to the neighbour, or for so long."""
        self._call("GET", f"/near/bell?for={at_most_s}", timeout_s=at_most_s + _TIMEOUT_S)

    def vouch(self, key: str) -> bytes:
        """Have the daemon vouch for the process with this key, as the one that writes the twin."""
        return self._call("POST", "/near/vouch", msgspec.json.encode(key))

    def status(self) -> dict[str, Any]:
        return self._read("GET", "/status", dict[str, Any])

    def copy(self) -> bytes:
        """Return a consistent copy of the journal, as a SQLite file."""
        return self._call("GET", "/copy", timeout_s=600.0)

    def _read(self, method: str, path: str, kind: type[Answer], body: bytes | None = None) -> Answer:
        return msgspec.json.decode(self._call(method, path, body), type=kind)

    def _call(self, method: str, path: str, body: bytes | None = None, timeout_s: float = _TIMEOUT_S) -> bytes:
        try:
            answer = self._http.request(method, path, content=body, timeout=timeout_s)
        except httpx.ConnectError as error:
            raise NoDaemonError(f"the unit's daemon does not answer: {error}") from error
        except httpx.HTTPError as error:
            raise HatchError(f"the unit's daemon does not answer: {error}") from error
        if answer.status_code == _CONFLICT:
            raise HatchError(answer.text)
        if not answer.is_success:
            raise HatchError(f"the unit's daemon stumbled: HTTP {answer.status_code}")
        return answer.content


class HttpCellar(HttpHatch):
    """The smaller hatch, for the process that keeps the twins of others."""

    def keeping(self, lodging: Lodging) -> Keeping:
        """Say how it stands with what is kept; return whose twins are to be kept."""
        return self._read("POST", "/keeping", Keeping, msgspec.json.encode(lodging))

    def vouch(self, key: str) -> bytes:
        """Have the daemon vouch for the process with this key, as the keeper."""
        return self._call("POST", "/vouch", msgspec.json.encode(key))
