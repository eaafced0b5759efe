"""Whatever a caller with a good certificate sends: the answer is a problem document, and nothing of it is stored."""

import contextlib
import re
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import msgspec
import pytest
import sqlalchemy as sa
import zstandard

from appliance.uplink.certificate import context_for
from central import store
from central.incidents import open_ones
from drivers.keystore.sim import Driver as Keystore
from sync import chain
from sync.facts import UnitState
from sync.messages import SEGMENT_TYPE, Holdings, Why, open_signed
from sync.segment import PACKED_MAX_BYTES, pack, to_text
from tests.central.beside import packed
from tests.central.pen import Pen, touch
from tests.central.serving import Caller, Served, problem, request, serving

MB = 1024 * 1024


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("central")) as running:
        yield running


@pytest.fixture
def caller(served: Served) -> Iterator[Caller]:
    with served.caller() as one:
        yield one


def changed(pen: Pen, **fields: object) -> bytes:
    return packed(msgspec.structs.replace(pen.begin(touch(1), touch(2)), **fields))


def reordered(pen: Pen) -> bytes:
    good = pen.begin(touch(1), touch(2))
    return packed(msgspec.structs.replace(good, bodies=good.bodies[::-1]))


def without_its_last_entry(pen: Pen) -> bytes:
    good = pen.begin(touch(1), touch(2))
    return packed(msgspec.structs.replace(good, bodies=good.bodies[:-1]))


def with_one_bit_flipped(pen: Pen) -> bytes:
    text = to_text(pen.begin(touch(day=20_780)))
    assert b'"day":20780' in text
    return pack(text.replace(b'"day":20780', b'"day":20781'))


def signed_by_another_key(pen: Pen) -> bytes:
    good = pen.begin(touch())
    return packed(msgspec.structs.replace(good, seal=chain.seal(Keystore(Keystore.Options("thief")), pen.head)))


def by_a_unit_of_the_same_name_elsewhere(pen: Pen) -> bytes:
    return packed(Pen(pen.centre, pen.unit, Keystore(Keystore.Options("another town"))).begin(touch()))


def with_a_hole_before_it(pen: Pen) -> bytes:
    pen.begin(touch())
    return packed(pen.write(touch()))


def bomb(_pen: Pen) -> bytes:
    return zstandard.ZstdCompressor(level=19).compress(bytes(400 * MB))


BAD: dict[str, tuple[Callable[[Pen], bytes], int, str]] = {
    "reordered": (reordered, 400, Why.BAD_SEGMENT),
    "cut short": (lambda pen: packed(pen.begin(touch()))[:-9], 400, Why.BAD_SEGMENT),
    "text cut short": (lambda pen: pack(to_text(pen.begin(touch()))[:-20]), 400, Why.BAD_SEGMENT),
    "without its last entry": (without_its_last_entry, 422, Why.BAD_SEAL),
    "numbered anew": (lambda pen: changed(pen, first=2), 400, Why.BAD_SEGMENT),
    "under another boot": (lambda pen: changed(pen, boot="ab" * 8), 400, Why.BAD_SEGMENT),
    "one bit flipped": (with_one_bit_flipped, 422, Why.BAD_SEAL),
    "signed by another key": (signed_by_another_key, 422, Why.BAD_SEAL),
    "a unit of the same name elsewhere": (by_a_unit_of_the_same_name_elsewhere, 422, Why.BAD_SEAL),
    "a unit of another town": (lambda pen: packed(Pen(pen.centre, "hondo9").begin(touch())), 403, Why.NOT_YOURS),
    "the town's own journal": (
        lambda pen: packed(Pen(pen.centre, "town", pen.keystore).begin(touch())),
        422,
        Why.BAD_SEAL,
    ),
    "a hole before it": (with_a_hole_before_it, 409, Why.GAP),
    "not compressed": (lambda pen: to_text(pen.begin(touch())), 400, Why.BAD_SEGMENT),
    "two in one": (lambda pen: packed(pen.begin(touch())) * 2, 400, Why.BAD_SEGMENT),
    "a bomb": (bomb, 400, Why.BAD_SEGMENT),
    "too large": (lambda _pen: bytes(PACKED_MAX_BYTES + 1), 413, Why.TOO_LARGE),
}


@pytest.mark.parametrize(("make", "status", "why"), BAD.values(), ids=BAD)
def test_a_bad_segment_is_refused_and_leaves_nothing(
    served: Served, caller: Caller, make: Callable[[Pen], bytes], status: int, why: str
) -> None:
    everything = sa.select(sa.func.count()).select_from(store.segment)
    with store.reading(served.centre.engine) as connection:
        before = connection.execute(everything).scalar_one()
    said = problem(caller.post(make(caller.pen)))
    assert (said.status, said.type) == (status, why)
    with store.reading(served.centre.engine) as connection:
        assert connection.execute(everything).scalar_one() == before
        assert [row for row in open_ones(connection) if row["unit"] == caller.pen.unit] == []
    fresh = Pen(served.centre, caller.pen.unit, caller.pen.keystore)
    assert caller.deliver(packed(fresh.begin(touch()))).heads[0].seq == 2, "the unit is not held to it"


@pytest.mark.threat("flood of bytes")
def test_neither_a_bomb_nor_an_endless_body_fills_the_memory(served: Served, caller: Caller) -> None:
    def memory(measure: str) -> int:
        status = Path(f"/proc/{served.process.pid}/status").read_text()
        found = re.search(rf"{measure}:\s+(\d+) kB", status)
        assert found
        return int(found[1]) * 1024

    def endless() -> Iterator[bytes]:
        for _ in range(1600):
            yield bytes(65_536)

    caller.deliver(packed(caller.pen.begin(touch())))
    before, exploding = memory("VmRSS"), bomb(caller.pen)
    for _ in range(3):
        assert problem(caller.post(exploding)).type == Why.BAD_SEGMENT
        with contextlib.suppress(httpx.TransportError):  # it may hang up while the rest is still being sent
            assert problem(caller.http.post("/v1/journal", content=endless())).type == Why.TOO_LARGE
    assert memory("VmHWM") - before < 50 * MB, "at no moment until now"
    assert caller.stored == 1


def test_a_gap_is_answered_with_where_to_go_on(caller: Caller) -> None:
    pen = caller.pen
    caller.deliver(packed(pen.begin(touch(1))))
    missing, late = pen.write(touch(2)), pen.write(touch(3))
    said = problem(caller.post(packed(late)))
    assert said.type == Why.GAP
    assert [(head.boot, head.seq, head.hash) for head in said.heads] == [(pen.boot, 2, missing.prev.hex())]
    for segment in (missing, late):
        caller.deliver(packed(segment))
    assert caller.stored == 3


def test_a_fork_is_kept_as_evidence_and_stops_the_unit(served: Served, caller: Caller) -> None:
    pen = caller.pen
    caller.deliver(packed(pen.begin(touch(1))))
    seq, head = pen.seq, pen.head
    held = packed(pen.write(touch(2)))
    caller.deliver(held)
    pen.seq, pen.head = seq, head
    offered = packed(pen.write(touch(3)))
    assert problem(caller.post(offered)).type == Why.FORK
    for segment in (offered, packed(pen.write(touch(4)))):
        assert problem(caller.post(segment)).type == Why.SUSPENDED
    with store.reading(served.centre.engine) as connection:
        (row,) = [one for one in open_ones(connection) if one["unit"] == pen.unit]
    assert row["kind"] == "fork"
    assert msgspec.msgpack.decode(row["evidence"]) == {"held": held, "offered": offered}
    assert caller.stored == 2
    listening = caller.http.get("/v1/journal")
    assert open_signed(listening.content, Holdings, served.centre.town.signer.public).state is UnitState.SUSPENDED


@pytest.mark.fault("delivery repeated or overlapping")
def test_the_same_segment_posted_many_times_at_once_is_stored_once(caller: Caller) -> None:
    segment = packed(caller.pen.begin(*(touch(day) for day in range(200))))
    with ThreadPoolExecutor(12) as threads:
        answers = list(threads.map(caller.deliver, [segment] * 36))
    assert {answer.heads for answer in answers} == {answers[0].heads}
    assert answers[0].heads[0].seq == 201
    assert caller.stored == 1


def test_a_carrier_hears_of_its_own_journal_only(served: Served, caller: Caller) -> None:
    """Another unit's certificate opens the door for a segment that proves itself, and for nothing else of that unit."""
    caller.deliver(packed(caller.pen.begin(touch())))
    with served.caller("bus") as carrier:
        held = carrier.deliver(packed(caller.pen.write(touch())))
        assert (held.unit, held.heads) == (carrier.pen.unit, ())
        assert caller.stored == 2
        assert problem(carrier.http.get(f"/v1/stream/{caller.pen.unit}")).type == Why.NOT_YOURS


def test_a_good_certificate_of_nobody_is_not_let_in(served: Served, caller: Caller) -> None:
    now = datetime.now(UTC)
    for unit, epoch in (("nobody", 1), (caller.pen.unit, 2)):
        pem = served.centre.authority.device(request(caller.key), "todai", unit, epoch, now)
        with served.client("stranger", pem, caller.key) as http:
            stranger = Caller(caller.pen, http, caller.key)
            assert problem(stranger.post(packed(caller.pen.begin(touch())))).type == Why.NOT_ENROLLED
    assert caller.stored == 0


def test_a_certificate_that_ran_out_is_not_let_in(served: Served, caller: Caller) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=31)
    pem = served.centre.authority.device(request(caller.key), "todai", caller.pen.unit, 1, long_ago)
    with served.client("late", pem, caller.key) as http:
        late = Caller(caller.pen, http, caller.key)
        assert problem(late.post(packed(caller.pen.begin(touch())))).type == Why.EXPIRED
    assert caller.stored == 0


def test_a_body_of_another_kind_is_refused(caller: Caller) -> None:
    segment = packed(caller.pen.begin(touch()))
    for said in ("application/json", "text/plain", "multipart/form-data; boundary=x"):
        answer = caller.http.post("/v1/journal", content=segment, headers={"Content-Type": said})
        assert (answer.status_code, problem(answer).type) == (415, Why.WRONG_TYPE)
        assert said.partition(";")[0] in problem(answer).detail
    for call in ("/v1/enrol", "/v1/certificate"):
        answer = caller.http.post(call, content=segment, headers={"Content-Type": SEGMENT_TYPE})
        assert (answer.status_code, problem(answer).type) == (415, Why.WRONG_TYPE)
    assert caller.stored == 0
    assert caller.deliver(segment).heads[0].seq == 2


@pytest.mark.parametrize(
    ("method", "call", "status"),
    [
        ("PUT", "/v1/journal", 405),
        ("DELETE", "/v1/journal", 405),
        ("POST", "/v1/stream/town", 405),
        ("GET", "/v1/enrol", 405),
        ("GET", "/", 404),
        ("GET", "/v2/journal", 404),
        ("GET", "/v1/journal?nonce=WRONG", 400),
        ("GET", f"/v1/journal?nonce={'0' * 65}", 400),
        ("GET", "/v1/journal?unsent=-1", 400),
        ("GET", "/v1/journal?unsent=many", 400),
        ("GET", "/v1/stream/Town", 400),
        ("GET", f"/v1/stream/town?since={'a' * 4001}", 400),
        ("POST", "/v1/journal?fence=WRONG", 400),
    ],
)
def test_a_call_that_there_is_not_is_a_problem_document_too(
    caller: Caller, method: str, call: str, status: int
) -> None:
    answer = caller.http.request(method, call)
    assert problem(answer).status == status
    assert ("allow" in answer.headers) == (status == 405)


def test_a_fault_of_the_centre_is_a_problem_document_too(served: Served, caller: Caller) -> None:
    def rename(old: str, new: str) -> None:
        with served.centre.engine.begin() as connection:
            connection.exec_driver_sql(f"ALTER TABLE {old} RENAME TO {new}")

    segment = packed(caller.pen.begin(touch()))
    rename("branch", "elsewhere")
    try:
        assert problem(caller.post(segment)).status == 500
    finally:
        rename("elsewhere", "branch")
    assert caller.deliver(segment).heads[0].seq == 2, "the centre goes on"


def test_who_hangs_up_in_the_middle_of_a_body_leaves_nothing(served: Served, caller: Caller) -> None:
    segment = packed(caller.pen.begin(touch()))
    context = context_for(served.centre.authority.pem)
    context.load_cert_chain(served.folder / f"{caller.pen.unit}.pem")
    with (
        socket.create_connection(("127.0.0.1", served.port)) as raw,
        context.wrap_socket(raw, server_hostname="localhost") as tls,
    ):
        head = f"POST /v1/journal HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(segment)}\r\n\r\n"
        tls.sendall(head.encode() + segment[:-1])
    assert caller.http.get("/v1/journal").is_success
    assert caller.stored == 0
    assert caller.deliver(segment).heads[0].seq == 2
