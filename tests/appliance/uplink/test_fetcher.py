"""A bundle is fetched from a served centre over HTTPS: on a road that is cut anywhere, by an uplink that is killed."""

import hashlib
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from appliance.installing import ROOM_LEFT
from appliance.offers import Wanted
from appliance.uplink.fetcher import PIECE_BYTES, Fetcher
from central.bundles import FOLDER
from sync.client import HttpCentre, RefusedError
from sync.messages import Why
from sync.updates import Hours, Offered, OfferState
from tests.central.serving import Caller, Served, serving

NAME, VERSION = "machitap-pi-4-tap", "0.2.0"
QUICKLY_KIB_S = 1e6
PLENTY = 1 << 40


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("central")) as served:
        yield served


@pytest.fixture(scope="module")
def caller(served: Served) -> Iterator[Caller]:
    with served.caller() as caller:
        yield caller


class CutRoad(httpx.BaseTransport):
    """Lets so many bytes of each answer by, and then ends it."""

    def __init__(self, http: httpx.Client, lets_by: int) -> None:
        self._http = http
        self._lets_by = lets_by
        self.asked: list[str] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.headers["Range"])
        answer = self._http.send(self._http.build_request("GET", request.url.path, headers=request.headers))
        return httpx.Response(answer.status_code, headers=answer.headers, stream=_Cut(answer.content, self._lets_by))


@dataclass
class _Cut(httpx.SyncByteStream):
    content: bytes
    lets_by: int

    def __iter__(self) -> Iterator[bytes]:
        yield self.content[: self.lets_by]
        if self.lets_by < len(self.content):
            raise httpx.ReadError("the road ends here")


@dataclass
class Desk:
    """What a daemon says at its hatch of one offer."""

    offer: Offered
    may_fetch: bool = True
    told: list[int] = field(default_factory=list)

    def update(self) -> Wanted:
        return Wanted(self.offer, self.may_fetch, self.may_fetch)

    def update_fetched(self, number: int) -> None:
        self.told.append(number)


@dataclass
class Errand:
    """One bundle, offered to one unit."""

    served: Served
    caller: Caller
    folder: Path
    content: bytes
    busy: threading.Event = field(default_factory=threading.Event)
    stop: threading.Event = field(default_factory=threading.Event)
    free: int = PLENTY

    def __post_init__(self) -> None:
        digest = hashlib.sha256(self.content).hexdigest()
        self.digest, self.desk = digest, Desk(self._said(OfferState.OPEN, digest))
        (self.served.folder / FOLDER).mkdir(exist_ok=True)
        self.at_centre.write_bytes(self.content)
        self.say(OfferState.OPEN)

    @property
    def at_centre(self) -> Path:
        return self.served.folder / FOLDER / f"{self.digest}.raucb"

    @property
    def whole(self) -> Path:
        return self.folder / f"{self.digest}.raucb"

    @property
    def part(self) -> Path:
        return self.folder / f"{self.digest}.part"

    def _said(self, state: OfferState, digest: str) -> Offered:
        unit = self.caller.pen.unit
        return Offered(unit, 7, state, VERSION, NAME, digest, len(self.content), Hours(0, 0))

    def say(self, state: OfferState) -> None:
        centre = self.served.centre
        with centre.reconciler.counted() as connection:
            centre.streams.append_for(connection, self.caller.pen.unit, [self._said(state, self.digest)])
        centre.reconciler.catch_up()

    def fetcher(self, road: httpx.BaseTransport | None = None, kib_s: float = QUICKLY_KIB_S) -> Fetcher:
        http = httpx.Client(transport=road, base_url=self.served.url) if road else self.caller.http
        free_bytes = self._free_bytes
        return Fetcher(
            *(self.desk, lambda: HttpCentre(http), self.folder, kib_s, self.stop, self.busy.is_set, 0.5, free_bytes)
        )

    def _free_bytes(self, _folder: Path) -> int:
        return self.free


def errand(served: Served, caller: Caller, folder: Path, size: int) -> Errand:
    return Errand(served, caller, folder / "update", os.urandom(size))


def test_it_comes_in_pieces_whole_and_is_told_once(served: Served, caller: Caller, tmp_path: Path) -> None:
    one = errand(served, caller, tmp_path, 2 * PIECE_BYTES + 5)
    road = CutRoad(caller.http, PLENTY)
    fetcher = one.fetcher(road)
    fetcher.look()
    assert one.whole.read_bytes() == one.content
    ends = [
        f"bytes={at}-{min(at + PIECE_BYTES, len(one.content)) - 1}" for at in range(0, 2 * PIECE_BYTES + 1, PIECE_BYTES)
    ]
    assert road.asked == ends
    fetcher.look()
    assert (one.desk.told, len(road.asked)) == ([7], 3)
    one.desk.may_fetch = False
    fetcher.look()
    assert list(one.folder.iterdir()) == [], "nobody wants it any more"


def test_a_road_that_is_cut_anywhere_brings_it_all_the_same(served: Served, caller: Caller, tmp_path: Path) -> None:
    one = errand(served, caller, tmp_path, 61)
    for lets_by in (*range(1, 62, 6), 60):
        road = CutRoad(caller.http, lets_by)
        fetcher = one.fetcher(road)
        fetcher.look()
        assert one.whole.read_bytes() == one.content, lets_by
        assert len(road.asked) == -(-61 // lets_by), "what had come is not asked for again"
        one.whole.unlink()


def test_nothing_that_came_is_lost_with_the_process(served: Served, caller: Caller, tmp_path: Path) -> None:
    one = errand(served, caller, tmp_path, 40)
    one.folder.mkdir()
    for held in (0, 1, 17, 39, 40):
        one.part.write_bytes(one.content[:held])
        road = CutRoad(caller.http, PLENTY)
        one.fetcher(road).look()
        assert one.whole.read_bytes() == one.content
        assert road.asked == ([f"bytes={held}-39"] if held < 40 else [])
        one.whole.unlink()
    one.part.write_bytes(one.content + b"x")
    one.fetcher().look()
    assert one.whole.read_bytes() == one.content, "what is longer than it should be is begun anew"


@pytest.mark.threat("poisoned update")
def test_other_bytes_than_the_town_has_signed_never_lie_there_whole(
    served: Served, caller: Caller, tmp_path: Path
) -> None:
    one = errand(served, caller, tmp_path, 1000)
    one.at_centre.write_bytes(one.content[:-1] + bytes([one.content[-1] ^ 1]))
    fetcher = one.fetcher()
    assert fetcher.look() > 600, "and they are not asked for at once again"
    assert (list(one.folder.iterdir()), one.desk.told) == ([], [])
    one.at_centre.write_bytes(one.content)
    fetcher.look()
    assert one.whole.read_bytes() == one.content


def test_it_waits_for_whatever_else_is_on_the_road(served: Served, caller: Caller, tmp_path: Path) -> None:
    one = errand(served, caller, tmp_path, 3 * PIECE_BYTES)
    road = CutRoad(caller.http, PLENTY)
    one.busy.set()
    thread = threading.Thread(target=one.fetcher(road).look)
    thread.start()
    thread.join(0.6)
    assert (thread.is_alive(), road.asked) == (True, [])
    one.busy.clear()
    thread.join(10)
    assert one.whole.exists()


def test_it_is_as_slow_as_it_is_told(served: Served, caller: Caller, tmp_path: Path) -> None:
    one = errand(served, caller, tmp_path, PIECE_BYTES)
    waited: list[float] = []
    one.stop.wait = waited.append  # type: ignore[assignment,method-assign]
    one.fetcher(kib_s=8).look()
    assert waited == [4.0]
    nothing = one.fetcher(kib_s=0)
    nothing.look()
    assert list(one.folder.iterdir()) == []


def test_the_journal_keeps_its_room(served: Served, caller: Caller, tmp_path: Path) -> None:
    one = errand(served, caller, tmp_path, 100)
    one.free = ROOM_LEFT + 199
    one.fetcher().look()
    assert not one.whole.exists(), "root makes a copy of it"
    one.free += 1
    one.fetcher().look()
    assert one.whole.exists()


def test_only_who_is_offered_it_gets_it(served: Served, caller: Caller, tmp_path: Path) -> None:
    before, one = (errand(served, caller, tmp_path, 100) for _ in range(2))
    with served.caller() as other:
        for http, digest in ((other.http, one.digest), (caller.http, before.digest)):
            with pytest.raises(RefusedError) as refused:
                HttpCentre(http).piece(digest, 0, 10)
            assert refused.value.problem.type == Why.NOT_OFFERED
    one.say(OfferState.HELD)
    assert HttpCentre(caller.http).piece(one.digest, 90, 50) == one.content[90:]
    one.say(OfferState.WITHDRAWN)
    with pytest.raises(RefusedError):
        HttpCentre(caller.http).piece(one.digest, 0, 10)
