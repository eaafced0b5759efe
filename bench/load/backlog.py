"""What a unit has to bring after a day without a network, prepared beforehand, behind the hatch of the real courier."""

from pathlib import Path
from typing import Final

import msgspec

from appliance.uplink.courier import HatchError, Question
from sync.messages import Head, Holdings, RenewRequest, Report, open_signed

NONCE: Final = "07" * 12
SOFTWARE: Final = "bench"


class Backlog(msgspec.Struct, frozen=True):
    """A unit that waits to be let in.

    Attributes:
        tls: the folder of its certificate.
        since: how far it holds each of the centre's streams.
        packed: its day, one segment.
    """

    unit: str
    url: str
    tls: str
    town_key: bytes
    since: dict[str, str]
    entries: int
    packed: bytes

    def keep(self, path: Path) -> Path:
        path.write_bytes(msgspec.msgpack.encode(self))
        return path

    @classmethod
    def read(cls, path: str) -> "Backlog":
        return msgspec.msgpack.decode(Path(path).read_bytes(), type=cls)


class PreparedHatch:
    """A hatch without a daemon: it believes and decides as a unit does, over segments that were written before."""

    def __init__(self, backlog: Backlog) -> None:
        self._backlog = backlog
        self._fence = ""
        self._is_held = False

    def question(self) -> Question:
        unsent = 0 if self._is_held else self._backlog.entries
        return Question(self._backlog.unit, Report(unsent=unsent, software=SOFTWARE), self._fence, NONCE)

    def answer(self, raw: bytes) -> bytes | None:
        holdings = open_signed(raw, Holdings, self._backlog.town_key)
        if holdings.nonce != NONCE:
            raise HatchError("an answer to another question")
        self._fence = holdings.fence
        self._is_held = bool(holdings.heads)
        return None if self._is_held else self._backlog.packed

    def since(self) -> dict[str, str]:
        return self._backlog.since

    def lacks(self) -> dict[str, str]:
        return self._backlog.since

    def take(self, packed: bytes) -> int:
        raise HatchError(f"{len(packed)} bytes of news from the centre, which has none")

    def give_back(self, stream: str, heads: tuple[Head, ...]) -> bytes | None:
        raise HatchError(f"the centre lost some of {stream}: {heads}")

    def certify(self, csr: str, certificate: str) -> RenewRequest:
        raise HatchError(f"no certificate runs out today: {csr}{certificate}")
