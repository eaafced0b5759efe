"""What the centre says comes in once, in order, and only if the town has signed it."""

import re
from collections import Counter

import pytest
import sqlalchemy as sa

from appliance.inbox import StrangeError
from appliance.journal import JournalBrokenError
from appliance.opening import doubt
from central import shelves, store
from central.audit import audit
from drivers.card import Trust
from simulation.centre import name_place, open_sim_centre
from simulation.unit import SimHatch, SimUnit
from sync.facts import CardState
from sync.segment import SegmentError, pack, to_text, unpack
from tests.appliance.uplink.conftest import Town, Watched, all_said, go, written

CARD = "0c" * 16


def kinds(town: Town) -> Counter[str]:
    rows = town.unit.running.opened.journal.select("SELECT body ->> '$.kind' FROM entry")
    return Counter(kind for (kind,) in rows)


def heard_of_the_town(town: Town) -> list[tuple[str, int]]:
    return town.unit.running.opened.journal.select("SELECT boot, seq FROM stream WHERE writer = 'town' ORDER BY n")


def test_what_the_centre_says_is_applied_once(town: Town, watched: Watched) -> None:
    go(town)
    town.centre.registrar.set_card(CARD, CardState.STOPPED)
    delivered: list[bytes] = []

    def keep(packed: bytes | None) -> bytes | None:
        if packed:
            delivered.append(packed)
        return packed

    watched.on_stream = keep
    assert go(town, watched).fetched == 1
    known = town.unit.running.directory.card(CARD)
    assert known is not None
    assert known.state is CardState.STOPPED
    before = kinds(town), heard_of_the_town(town)
    hatch = SimHatch(town.unit.running)
    assert [hatch.take(packed) for packed in delivered] == [0]
    assert hatch.take(pack(to_text(all_said(town.centre)))) == 0
    assert go(town).fetched == 0
    assert (kinds(town), heard_of_the_town(town)) == before
    assert len(set(before[1])) == len(before[1])
    town.unit.crash()
    town.unit.start()
    known = town.unit.running.directory.card(CARD)
    assert known is not None
    assert known.state is CardState.STOPPED, "and is known after a power cut"


def test_nothing_is_asked_for_where_there_is_nothing_new(town: Town, watched: Watched) -> None:
    go(town)
    asked: list[bytes | None] = []
    watched.on_stream = asked.append
    go(town, watched)
    assert asked == []


def test_what_overlaps_is_new_only_as_far_as_it_is_new(town: Town) -> None:
    go(town)
    before = len(heard_of_the_town(town))
    for card in range(3):
        town.centre.registrar.set_card(f"{card:032x}", CardState.STOPPED)
    assert SimHatch(town.unit.running).take(pack(to_text(all_said(town.centre)))) == 3
    assert len(heard_of_the_town(town)) == before + 3
    assert town.unit.running.hatch.take(to_text(all_said(town.centre))) == 0


@pytest.mark.parametrize("nonsense", [b"<html>", pack(b"not a segment\n"), b"\x28\xb5\x2f\xfd rubbish"])
def test_nonsense_from_the_stream_changes_nothing(town: Town, watched: Watched, nonsense: bytes) -> None:
    town.centre.registrar.set_card(CARD, CardState.STOPPED)
    before = written(town), heard_of_the_town(town)
    watched.on_stream = lambda _: nonsense
    with pytest.raises((SegmentError, StrangeError)):
        go(town, watched)
    assert (written(town), heard_of_the_town(town)) == before
    watched.on_stream = lambda packed: packed
    assert go(town, watched).fetched == 1
    go(town, watched)
    assert town.unsent == 0


def test_another_towns_words_are_not_taken(town: Town, watched: Watched) -> None:
    other = open_sim_centre(town.clock, "elsewhere")
    theirs = pack(to_text(all_said(other)))
    watched.on_stream = lambda _: theirs
    town.centre.registrar.set_card(CARD, CardState.STOPPED)
    before = heard_of_the_town(town)
    with pytest.raises(StrangeError, match="not signed by this town"):
        go(town, watched)
    assert heard_of_the_town(town) == before
    assert town.strange == "not signed by this town"
    other.engine.dispose()


@pytest.mark.fault(
    "a bit flips in what the centre has stored",
    people="Nothing. Units go by what they heard before.",
    lost="What it flipped in, unless it is in a backup or still at a unit.",
    found="By `machi central verify`, and by the units: the signature does not fit, and nothing of it is taken over.",
)
def test_words_in_which_a_bit_was_flipped_at_the_centre_are_not_taken(town: Town) -> None:
    go(town)
    town.centre.registrar.set_card(CARD, CardState.STOPPED)
    table = store.segment
    with town.centre.engine.begin() as connection:
        newest = sa.select(table.c.n, table.c.packed).where(table.c.writer == "town").order_by(table.c.n.desc())
        number, stored = connection.execute(newest).first() or (0, b"")
        flipped = pack(unpack(stored).replace(b'"card":"0c', b'"card":"1c'))
        connection.execute(sa.update(table).where(table.c.n == number).values(packed=flipped))
    before = heard_of_the_town(town)
    with pytest.raises(StrangeError, match="not signed by this town"):
        go(town)
    assert heard_of_the_town(town) == before
    assert town.unit.running.directory.card(CARD) is None
    assert audit(town.centre.engine, town.centre.town).broken
    with town.centre.engine.begin() as connection:
        connection.execute(sa.update(table).where(table.c.n == number).values(packed=stored))
    go(town)
    assert town.unit.running.directory.card(CARD) is not None


def test_words_with_something_missing_before_them_wait(town: Town) -> None:
    go(town)
    for state in (CardState.STOPPED, CardState.ACTIVE):
        town.centre.registrar.set_card(CARD, state)
    segment = all_said(town.centre)
    last = segment.after(segment.last - 1, segment.hashes()[-2])
    with pytest.raises(StrangeError, match="is missing here"):
        town.unit.running.hatch.take(to_text(last))
    assert town.unit.running.directory.card(CARD) is None


@pytest.mark.fault(
    "what the centre said rots on a unit's disk",
    people="Nothing. Until the next contact the unit goes by what it still knows.",
    lost="nothing",
    found="By its hash when it is folded anew; it is thrown away and fetched again.",
)
@pytest.mark.parametrize("where", ["in the directory", "in a journal that is being saved", "where nobody looks"])
def test_words_that_rotted_here_are_fetched_again(town: Town, where: str) -> None:
    for card in range(5):
        town.centre.registrar.set_card(f"{card:032x}", CardState.STOPPED)
    go(town)
    before = heard_of_the_town(town)
    town.unit.stop()
    rot(town, where)
    town.unit.start()
    assert before[0] in heard_of_the_town(town)
    assert 0 < len(heard_of_the_town(town)) < len(before)
    assert go(town).fetched > 0
    assert heard_of_the_town(town) == before
    for card in range(5):
        known = town.unit.running.directory.card(f"{card:032x}")
        assert known is not None
        assert known.state is CardState.STOPPED


def rot(town: Town, where: str) -> None:
    """Spoil one word of the centre, and let this start look at it."""
    connection = town.unit.disk.connect("journal.db")
    connection.execute("PRAGMA locking_mode = EXCLUSIVE").fetchall()
    half = "UPDATE stream SET body = replace(body, 'stopped', char(0)) WHERE body LIKE ? AND writer = 'town'"
    connection.execute(half, (f"%{2:032x}%",))
    if where == "in the directory":
        connection.execute("UPDATE shelf SET crc = crc + 1 WHERE key = ?", (f"card/{3:032x}",))
    elif where == "in a journal that is being saved":
        connection.execute("UPDATE head SET seq = seq + 1")
    connection.close()


@pytest.mark.fault("what the centre said rots on a unit's disk")
@pytest.mark.parametrize("rotted", ["body = CAST(replace(body, 'boot', x'c0') AS TEXT)", "hash = randomblob(32)"])
def test_words_that_rot_while_it_runs_end_it_once(town: Town, rotted: str) -> None:
    """Whatever comes would not fit behind them, and the unit would never again hear of a card that is stopped."""
    go(town)
    before = heard_of_the_town(town)
    town.unit.running.opened.journal.connection.execute(f"UPDATE stream SET {rotted}")  # noqa: S608 - a test's own
    town.centre.registrar.set_card(CARD, CardState.STOPPED)
    with pytest.raises(JournalBrokenError, match="not as it came"):
        go(town)
    town.unit.crash()
    town.unit.start()
    assert go(town).fetched > 0
    assert heard_of_the_town(town)[: len(before)] == before
    assert town.unit.running.directory.card(CARD) is not None


@pytest.mark.fault("what the centre said rots on a unit's disk")
@pytest.mark.parametrize("left", ['{"unit":"lib01","heads":[{"boot":"', "\xff"])
def test_a_note_that_rotted_is_written_anew(town: Town, left: str) -> None:
    town.write(3)
    go(town)
    connection = town.unit.running.opened.journal.connection
    connection.execute(
        "UPDATE note SET value = CAST(? AS TEXT) WHERE name = 'the centre holds'", (left.encode("latin-1"),)
    )
    town.unit.crash()
    town.unit.start()
    go(town)
    assert town.unsent == 0
    assert town.unit.running.opened.journal.note("the centre holds").startswith('{"unit":"lib01","epoch":1,')


def test_what_is_said_to_another_unit_is_not_taken(town: Town) -> None:
    name_place(town.centre, "hall")
    SimUnit(town.centre, "hall01", "hall", town.clock, Trust(), "news")
    with town.centre.engine.begin() as connection:
        (theirs,) = shelves.take(connection, "to-hall01", [], shelves.EVERYTHING)
    before = heard_of_the_town(town), written(town)
    with pytest.raises(StrangeError, match='stream "to-hall01" is not for this unit'):
        town.unit.running.hatch.take(to_text(theirs))
    assert (heard_of_the_town(town), written(town)) == before


def test_what_the_town_said_outlives_a_damaged_journal(town: Town) -> None:
    town.centre.registrar.set_card(CARD, CardState.STOPPED)
    town.write(5)
    go(town)
    town.unit.running.opened.journal.checkpoint(at_least=1)
    body = town.unit.running.opened.journal.select("SELECT body FROM entry WHERE seq = 4")[0][0].encode()
    doubt(town.unit.running.opened.journal)
    town.unit.crash()
    content = bytes(town.unit.disk.files["/journal.db"].now)
    for found in re.finditer(re.escape(body), content):  # also where SQLite left an old copy of it
        town.unit.disk.rot("journal.db", found.start() + len(body) - 5)
    town.unit.start()
    assert [gap.first for gap in town.unit.running.opened.lost] == [4]
    directory = town.unit.running.directory
    here, known = directory.here(), directory.card(CARD)
    assert here is not None, "it knows where it stands"
    assert known is not None
    assert known.state is CardState.STOPPED
