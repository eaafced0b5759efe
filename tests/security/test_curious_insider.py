"""Somebody at the town hall who may do anything with the database and has none of its keys: whatever he changes shows.

Every edit that a systematic list can think of is made on a real database, one at a time, and taken back.
"""

import hashlib
import itertools
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from central import incidents, store
from central.audit import audit
from central.centre import Centre, open_centre
from central.console import brought
from central.console.app import create_console
from central.console.live import Bell
from central.enrol import Ticket
from central.found import Plan, found
from central.refusal import RefusedError
from central.world import SystemClock, SystemEntropy
from central.writer import Writer
from drivers.keystore.sim import Driver as Keystore
from programs.coin.entries import Charge, Pay
from simulation import books as read_books
from simulation.deeds import Setting
from simulation.oracle import findings
from simulation.run import play
from sync import chain
from sync.facts import CardState, Enrolled, Gap, Key, PlaceNamed, UnitState
from sync.messages import Why, text
from sync.segment import from_text, pack, to_text, unpack
from tests.central.beside import asks
from tests.central.pen import AT, Pen, touch
from tests.central.serving import MACHI

Edit = Callable[[sa.Connection], object]
DAY_MS = 86_400_000


LEDGER = ("ledger_account", "ledger_posting")


@dataclass
class Books:
    """A town's database, and a copy of it from before anybody touched it."""

    folder: Path
    centre: Centre
    ticket: Ticket
    before: Any

    def after(self, edit: Edit) -> Centre:
        """Make one edit; whatever was edited before is taken back."""
        connection = self.centre.engine.raw_connection()
        self.before.backup(connection.driver_connection)
        connection.close()
        with self.centre.engine.begin() as editing:
            edit(editing)
        return self.centre


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Books]:
    """A town in which a disk was put back, a journal was damaged, a unit was replaced and one was closed."""
    folder = tmp_path_factory.mktemp("town")
    plan = Plan("todai", "灯台町", "Todai", "00-1234", 8443, ("localhost",), 8080)
    found(folder, plan, SystemClock(), SystemEntropy())
    centre = open_centre(folder, SystemClock(), SystemEntropy())
    sa.event.listen(centre.engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous = OFF"))
    centre.engine.dispose()
    for place in ("library", "hall"):
        centre.registrar.place(PlaceNamed(place, place, place, place))
    ticket = _live(centre)
    centre.registrar.set_card("0a" * 16, CardState.STOPPED)
    centre.reconciler.catch_up()
    connection = centre.engine.raw_connection()
    before = type(connection.driver_connection)(":memory:")  # type: ignore[misc]
    connection.driver_connection.backup(before)  # type: ignore[union-attr]
    connection.close()
    yield Books(folder, centre, ticket, before)
    centre.engine.dispose()


def _live(centre: Centre) -> Ticket:
    """Let things happen; return a ticket that nobody has used yet."""
    library = Pen.enrolled(centre, "lib01", "library")
    library.send(library.begin(touch(1), touch(2)))
    old = library.place
    library.send(library.write(touch(3), touch(4)))
    library.send(library.begin(touch(5), after=old))
    hall = Pen.enrolled(centre, "hall01", "hall")
    hall.send(hall.begin(touch(6, place="hall")))
    boot, good = hall.boot, hall.place
    lost, rest = hall.write(touch(7), touch(8)), hall.write(touch(9))
    gap = Gap(of=boot, first=3, last=4, prev=lost.hashes()[-1].hex(), cause="damaged")
    hall.send(hall.begin(gap, after=good))
    hall.send(rest)
    bus = Pen.enrolled(centre, "bus01", "bus")
    bus.send(bus.begin(touch(10)))
    card = "0b" * 16
    bus.send(bus.write(Charge(1, card, 3000, "bus", 20_780, "card"), Pay(1, card, 1280, "bus", 20_780, "card", 120)))
    heir = Pen.enrolled(centre, "bus01", "heir of the bus")
    heir.boots = bus.boots
    heir.send(heir.begin(touch(11)))
    Pen.enrolled(centre, "gym01", "gym")
    centre.enroller.close("gym01", "scrapped")
    with centre.engine.begin() as connection:
        incidents.close(connection, centre.streams, 1, "the caretaker changed the disk", AT)
    return centre.enroller.invite("shop01", "library", "facility", "https://localhost")


def rows(centre: Centre, table: sa.Table) -> list[dict[str, Any]]:
    with store.reading(centre.engine) as connection:
        asked = sa.select(table).order_by(*table.primary_key)
        return [dict(row) for row in connection.execute(asked).mappings()]


def is_row(table: sa.Table, row: dict[str, Any]) -> sa.ColumnElement[bool]:
    return sa.and_(*(column == row[column.name] for column in table.primary_key))


def change(table: sa.Table, row: dict[str, Any], **values: object) -> Edit:
    return lambda connection: connection.execute(sa.update(table).where(is_row(table, row)).values(values))


def delete(table: sa.Table, row: dict[str, Any]) -> Edit:
    return lambda connection: connection.execute(sa.delete(table).where(is_row(table, row)))


def insert(table: sa.Table, row: dict[str, Any], **values: object) -> Edit:
    return lambda connection: connection.execute(sa.insert(table).values(row | values))


def other(value: Any) -> Any:
    """Return another value of the same kind."""
    match value:
        case None:
            return 1
        case int():
            return value + 1_000
        case bytes():
            return bytes([value[0] ^ 1]) + value[1:]
        case _:
            return value[:-1] + ("0" if value[-1:] != "0" else "1")


def wrong(centre: Centre) -> list[str]:
    """Return what `machi central verify` names."""
    found = audit(centre.engine, centre.town)
    return [*found.broken, *found.unfounded]


# ---------------------------------------------------------------------------------------------- what is signed


def edits_of_segments(centre: Centre) -> Iterator[tuple[str, Edit]]:
    table = store.segment
    held = rows(centre, table)
    for row in held:
        name = f"{row['writer']}/{row['boot']}/{row['first']}"
        yield f"{name} is taken out", delete(table, row)
        for column in ("writer", "boot"):
            yield f"{name} is filed under another {column}", change(table, row, **{column: other(row[column])})
        for column in ("first", "last"):
            yield f"{name} is filed under another {column}", change(table, row, **{column: row[column] + 100})
        yield f"{name} is put in twice", insert(table, row, n=held[-1]["n"] + 1, first=row["first"] + 100)
        segment, n = from_text(unpack(row["packed"])), held[-1]["n"] + 1
        for seq, entry_hash in enumerate(segment.hashes()[:-1], segment.first):
            end = pack(to_text(segment.after(seq, entry_hash)))  # signed as it is: the seal is that of its last entry
            again = insert(table, row, n=n, first=seq + 1, packed=end)
            yield f"{name} is put in twice, from {seq + 1} on", both(again, grown(row, n))
        for what, packed in rewritten(row["packed"]):
            yield f"{name}: {what}", change(table, row, packed=packed)
    for one, two in itertools.combinations(held, 2):
        names = f"{one['writer']}/{one['first']} and {two['writer']}/{two['first']}"
        if one["writer"] == two["writer"] or two["n"] == one["n"] + 1:
            yield f"{names} change their contents", swap(table, one, two, "packed")
        if one["writer"] == two["writer"]:
            yield f"{names} change their places in the order of arrival", swap_places(one, two)


def rewritten(packed: bytes) -> Iterator[tuple[str, bytes]]:
    """Write a stored segment in every way that somebody without its key can."""
    segment = from_text(unpack(packed))
    bodies, last = segment.bodies, len(segment.bodies) - 1
    stranger = Keystore(Keystore.Options("an insider's own key"))

    def said(*new: bytes, sealed: bool = False, prev: bytes = segment.prev) -> bytes:
        made = msgspec.structs.replace(segment, bodies=new, prev=prev)
        seal = chain.seal(stranger, made.hashes()[-1]) if sealed else segment.seal
        return pack(to_text(msgspec.structs.replace(made, seal=seal)))

    for at, body in enumerate(bodies):
        later = body.replace(b'"at":1', b'"at":2', 1)
        assert later != body
        yield f"entry {at} at another time", said(*bodies[:at], later, *bodies[at + 1 :])
        yield f"entry {at} at another time, sealed anew", said(*bodies[:at], later, *bodies[at + 1 :], sealed=True)
        yield f"entry {at} twice", said(*bodies[: at + 1], body, *bodies[at + 1 :])
        if last:
            yield f"entry {at} left out", said(*bodies[:at], *bodies[at + 1 :])
    for at in range(last):
        yield f"entries {at} and {at + 1} swapped", said(*bodies[:at], bodies[at + 1], bodies[at], *bodies[at + 2 :])
    yield "sealed anew", said(*bodies, sealed=True)
    yield "behind something else", said(*bodies, prev=bytes([segment.prev[0] ^ 1]) + segment.prev[1:])
    yield "cut in half", packed[: len(packed) // 2]
    yield "nothing", b""


def both(one: Edit, two: Edit) -> Edit:
    return lambda connection: (one(connection), two(connection))


def grown(row: dict[str, Any], n: int) -> Edit:
    """Let a branch have grown last by segment `n`."""
    mine = store.branch.c.writer == row["writer"], store.branch.c.boot == row["boot"]
    return lambda connection: connection.execute(sa.update(store.branch).where(*mine).values(grown_n=n))


def swap(table: sa.Table, one: dict[str, Any], two: dict[str, Any], column: str) -> Edit:
    def edit(connection: sa.Connection) -> None:
        change(table, one, **{column: two[column]})(connection)
        change(table, two, **{column: one[column]})(connection)

    return edit


def swap_places(one: dict[str, Any], two: dict[str, Any]) -> Edit:
    def edit(connection: sa.Connection) -> None:
        change(store.segment, one, n=0)(connection)
        change(store.segment, two, n=one["n"])(connection)
        change(store.segment, one | {"n": 0}, n=two["n"])(connection)

    return edit


@pytest.mark.threat(
    "curious insider",
    control="Every entry is chained and signed by whoever wrote it; the town signs which keys are whose, how each unit "
    "stands, and its tickets. `machi central verify` and `machi central replay` find every change to the database. The "
    "books hold no name, address, serial number or certificate of anybody.",
    residual="Who may read the database sees pseudonyms with place and time. Not signed are times of arrival, the "
    "order between units, and incidents. The last entries of a unit that is gone can be taken out with every trace; a "
    "living unit brings them again. Who also holds the centre's keys can do anything: keep keys/ apart.",
)
def test_every_edit_of_a_stored_segment_is_found(books: Books) -> None:
    assert wrong(books.after(lambda _: None)) == [], "nobody has touched it yet"
    edits = list(edits_of_segments(books.centre))
    assert len(edits) > 400
    assert [name for name, edit in edits if not wrong(books.after(edit))] == []


# ---------------------------------------------------------------------------------------------- what was noted


def edits_of_tables(centre: Centre) -> Iterator[tuple[str, Edit]]:
    """Change every value of every row that is kept beside the segments, take each row out, and put others in."""
    noted: dict[sa.Table, tuple[str, ...]] = {
        store.branch: ("epoch", "after_boot", "after_seq", "after_hash", "seq", "hash", "grown_n", "is_end"),
        store.hole: ("last", "prev", "declared_in"),
        store.unit: ("name", "epoch", "state"),
        store.unit_key: ("unit", "epoch", "public"),
    }
    for table, columns in noted.items():
        held = rows(centre, table)
        assert held, f"there is no {table.name} to be changed"
        for row in held:
            name = f"{table.name} {'/'.join(str(row[column.name]) for column in table.primary_key)}"
            yield f"{name} is taken out", delete(table, row)
            yield f"{name} stands there twice", insert(table, row, **twin(table, row))
            for column in columns:
                yield f"{name} says another {column}", change(table, row, **{column: other(row[column])})
    for row in rows(centre, store.unit):
        for state in set(UnitState) - {row["state"]}:
            yield f"{row['name']} is said to be {state}", change(store.unit, row, state=state)


def twin(table: sa.Table, row: dict[str, Any]) -> dict[str, Any]:
    """Return what has to differ so that a second row can stand beside the first."""
    (*_, last) = table.primary_key
    return {last.name: other(row[last.name])} | ({"public": other(row["public"])} if "public" in row else {})


@pytest.mark.threat("curious insider")
def test_every_edit_of_what_was_noted_beside_the_segments_is_found(books: Books) -> None:
    edits = list(edits_of_tables(books.centre))
    assert len(edits) > 150
    assert [name for name, edit in edits if not wrong(books.after(edit))] == []


@pytest.mark.threat("curious insider")
def test_every_edit_of_what_was_added_up_is_found_and_mended(books: Books) -> None:
    """Totals are no truth: they are thrown away and come back from what is signed."""
    reconciler = books.after(lambda _: None).reconciler
    good = reconciler.digest()
    tables = [table for made in reconciler._metadatas for table in made.sorted_tables]
    assert {table.name for table in tables} == set(good)
    filled = {table.name: found for table in tables if (found := rows(books.centre, table))}
    assert filled.keys() >= {"entry", "progress", "said", "visits_visit", "coin_purse", *LEDGER}
    for table in (table for table in tables if table.name in filled):
        row = filled[table.name][0]
        edits = [delete(table, row), *(change(table, row, **{name: other(row[name])}) for name in row)]
        for edit in edits:
            try:
                books.after(edit)
            except sa.exc.IntegrityError:
                continue  # the database itself refuses an account below zero
            assert reconciler.digest() != good, table.name
            reconciler.wipe()
            reconciler.catch_up()
            assert reconciler.digest() == good, table.name


# ---------------------------------------------------------------------------------------------- forged from nothing


@dataclass
class Forger:
    """An insider who writes a journal with a key of his own, and puts into every table what goes with it."""

    books: Books
    unit: str

    def __post_init__(self) -> None:
        self.pen = Pen(self.books.centre, self.unit, Keystore(Keystore.Options("an insider's own key")), boots=80)
        self.segment = self.pen.begin(*(touch(day) for day in range(100, 110)))

    def put_in(self, connection: sa.Connection, epoch: int) -> None:
        """Put the journal in, as if it had been received in this life."""
        n = connection.execute(sa.select(sa.func.max(store.segment.c.n))).scalar_one() + 1
        place = {"writer": self.unit, "boot": self.segment.boot}
        packed = {"first": 1, "last": self.segment.last, "received_ms": AT, "packed": pack(to_text(self.segment))}
        connection.execute(sa.insert(store.segment).values(place | packed | {"n": n}))
        reach = {"seq": self.segment.last, "hash": self.pen.head.hex(), "grown_n": n, "is_end": 1, "epoch": epoch}
        connection.execute(sa.insert(store.branch).values(place | reach))

    @property
    def public(self) -> str:
        return text(self.pen.keystore.public)


def a_key_beside_the_real_one(forger: Forger, connection: sa.Connection) -> None:
    key = {"unit": forger.unit, "epoch": 7, "public": forger.public, "enrolled_ms": AT}
    connection.execute(sa.insert(store.unit_key).values(key))
    forger.put_in(connection, 7)


def a_key_instead_of_the_real_one(forger: Forger, connection: sa.Connection) -> None:
    for table, column in ((store.segment, "writer"), (store.branch, "writer"), (store.hole, "writer")):
        connection.execute(sa.delete(table).where(table.c[column] == forger.unit))
    own = store.unit_key.c.unit == forger.unit
    connection.execute(sa.update(store.unit_key).where(own).values(public=forger.public))
    forger.put_in(connection, 1)


def a_unit_that_never_was(forger: Forger, connection: sa.Connection) -> None:
    forger.unit = forger.pen.unit = "ghost01"
    forger.pen.boot = ""
    forger.segment = forger.pen.begin(*(touch(day) for day in range(100, 110)))
    connection.execute(sa.insert(store.unit).values(name="ghost01", epoch=1, state=UnitState.ACTIVE))
    key = {"unit": "ghost01", "epoch": 1, "public": forger.public, "enrolled_ms": AT}
    connection.execute(sa.insert(store.unit_key).values(key))
    forger.put_in(connection, 1)


def a_life_that_the_town_let_in(forger: Forger, connection: sa.Connection) -> None:
    """Say in the town's own words, but with another key, that this key was let in."""
    words = Forger(forger.books, f"to-{forger.unit}")
    words.segment = words.pen.begin(Enrolled(forger.unit, 7, Key(chain.ALG, forger.public)))
    words.put_in(connection, 0)
    a_key_beside_the_real_one(forger, connection)


@pytest.mark.threat("curious insider")
@pytest.mark.parametrize(
    "forgery",
    [
        a_key_beside_the_real_one,
        a_key_instead_of_the_real_one,
        a_unit_that_never_was,
        a_life_that_the_town_let_in,
    ],
    ids=lambda forgery: str(forgery.__name__),
)
def test_visits_that_nobody_made_are_found(books: Books, forgery: Callable[[Forger, sa.Connection], None]) -> None:
    """They fit in every table, and a replay counts them: only the town's signature over the keys gives them away."""
    forger = Forger(books, "lib01")
    centre = books.after(lambda connection: forgery(forger, connection))
    centre.reconciler.catch_up()
    assert centre.reconciler.figures()["visits"]["visits"] >= 10, "they are not even counted: nothing was tried"
    broken = audit(centre.engine, centre.town).broken
    assert [one for one in broken if one.startswith(forger.unit) and "not signed by" in one], broken


@pytest.mark.threat("curious insider")
def test_a_ticket_that_was_written_into_the_database_lets_nobody_in(books: Books) -> None:
    (row,) = [row for row in rows(books.after(lambda _: None), store.code) if row["unit"] == "shop01"]
    shop = Pen(books.centre, "shop01", Keystore(Keystore.Options("shop")))
    thief = Pen(books.centre, "lib01", Keystore(Keystore.Options("thief")))
    invented = msgspec.structs.replace(books.ticket, unit="lib01", code="A" * len(books.ticket.code))
    plain = hashlib.sha256(invented.code.encode()).hexdigest()
    attempts: dict[str, tuple[Pen, Ticket, Edit]] = {
        "invented": (thief, invented, insert(store.code, row, hash=plain, unit="lib01", epoch=2)),
        "of another unit": (thief, books.ticket, change(store.code, row, unit="lib01", epoch=2)),
        "prolonged": (shop, books.ticket, change(store.code, row, expires_ms=row["expires_ms"] + DAY_MS)),
        "for another life": (shop, books.ticket, change(store.code, row, epoch=2)),
    }
    for what, (who, ticket, edit) in attempts.items():
        with pytest.raises(RefusedError) as error:
            books.after(edit).enroller.enrol(asks(who, ticket))
        assert error.value.problem.type == Why.BAD_CODE, what
    assert books.after(lambda _: None).enroller.enrol(asks(shop, books.ticket)).unit == "shop01", "it was a good one"


# ---------------------------------------------------------------------------------------------- what remains


@pytest.mark.threat("curious insider")
def test_what_is_taken_out_with_every_trace_comes_back_with_its_unit() -> None:
    """Nothing signed says how long a journal is; but its unit has it, and asks what is held."""
    _, town = play(Setting("taken out", days=1, units=1, faults="quiet"))
    assert town
    centre, (box,) = town.centre.centre, town.boxes
    with store.reading(centre.engine) as connection:
        asked = sa.select(store.segment).where(store.segment.c.writer == box.name).order_by(store.segment.c.n)
        *kept, last = connection.execute(asked).mappings().all()
    assert kept[-1]["boot"] == last["boot"]
    reach = {"seq": kept[-1]["last"], "hash": from_text(unpack(kept[-1]["packed"])).hashes()[-1].hex()}
    with centre.engine.begin() as connection:
        connection.execute(sa.delete(store.segment).where(store.segment.c.n == last["n"]))
        mine = store.branch.c.writer == box.name, store.branch.c.boot == last["boot"]
        connection.execute(sa.update(store.branch).where(*mine).values(**reach, grown_n=kept[-1]["n"]))
    assert wrong(centre) == [], "this is what no check of the database alone can find"
    assert {found.kind for found in findings(town)} >= {"lost"}
    box.sync()
    town.reconciler.wipe()
    town.reconciler.catch_up()
    assert findings(town) == []


def test_what_nobody_touched_raises_no_alarm() -> None:
    told: set[str] = set()
    for seed, faults in (("harsh", "harsh"), ("lying", "disks"), ("back", "backups"), ("theft", "thieves")):
        outcome, town = play(Setting(seed, days=2, units=3, faults=faults))
        assert town
        assert not outcome.findings
        assert wrong(town.centre.centre) == []
        told.update(*read_books.read(town.centre.centre.engine).incidents.values())
    assert told, "nothing happened that the office had to hear of: these seeds tried nothing"


@pytest.mark.threat("curious insider")
def test_what_tools_ask_reads_and_what_they_send_is_a_programs_to_take(books: Books) -> None:
    paths = create_console(books.centre, Writer(books.centre.intake), Bell()).openapi()["paths"]
    sent = {address for address, methods in paths.items() if set(methods) != {"get"}}
    assert sent == {call.address for _, call in brought.calls()}
    assert len(sent) < len(paths)


@pytest.mark.threat("curious insider")
@pytest.mark.parametrize("what", ["broken", "unfounded"])
def test_the_office_is_told_by_the_command(books: Books, what: str) -> None:
    row = rows(books.centre, store.unit)[0]
    books.after(delete(store.segment, {"n": 2}) if what == "broken" else change(store.unit, row, epoch=9))
    done = subprocess.run([MACHI, "central", "verify", books.folder, "--json"], capture_output=True, check=False)
    assert done.returncode == 2, done.stderr
    assert msgspec.json.decode(done.stdout)[what]
