"""What the centre takes, what it refuses, and what it makes of journals that branch, fork, or have holes."""

import hashlib
from collections.abc import Callable
from dataclasses import replace

import msgspec
import pytest
import sqlalchemy as sa

from central import reconcile, store
from central.audit import audit
from central.branches import Branches
from central.centre import Centre
from central.console.books import Books
from central.incidents import close, open_ones
from central.peers import Peer
from central.refusal import RefusedError
from drivers.keystore.sim import Driver as Keystore
from sync import chain
from sync.entries import Entry, encode
from sync.facts import Gap, Place, UnitState
from sync.messages import Report, Why
from sync.segment import Segment, pack, to_text
from tests.central.pen import AT, Pen, touch


def refused(pen: Pen, segment: Segment) -> str:
    """Send a segment that must be refused, make sure that nothing was stored, and return the reason."""
    before = stored(pen.centre)
    with pytest.raises(RefusedError) as error:
        pen.send(segment)
    assert stored(pen.centre) == before
    return error.value.problem.type


def stored(centre: Centre) -> int:
    with centre.engine.begin() as connection:
        asked = sa.select(sa.func.count()).select_from(store.segment).where(store.segment.c.writer == "lib01")
        return int(connection.execute(asked).scalar_one())


def kinds(centre: Centre) -> list[str]:
    with centre.engine.begin() as connection:
        return [row["kind"] for row in open_ones(connection)]


# ---- what is good


def test_a_segment_is_stored_and_acknowledged(pen: Pen) -> None:
    held = pen.send(pen.begin(touch()))
    assert [(head.boot, head.seq, head.hash) for head in held.heads] == [(pen.boot, 2, pen.head.hex())]
    assert (held.unit, held.state, held.nonce) == ("lib01", UnitState.ACTIVE, "07")


@pytest.mark.fault(
    "delivery repeated or overlapping",
    people="Nothing.",
    lost="nothing; nothing is there twice",
    found="By number and hash: what is held already changes nothing, and gets the same answer.",
)
def test_the_same_again_changes_nothing(pen: Pen) -> None:
    segment = pen.begin(touch(), touch())
    first, again = pen.send(segment), pen.send(segment)
    assert first.heads == again.heads
    assert first.fence == again.fence
    assert stored(pen.centre) == 1


@pytest.mark.fault("delivery repeated or overlapping")
def test_overlapping_segments_are_stored_once(pen: Pen) -> None:
    pen.send(pen.begin(touch(1), touch(2)))
    boot, head = pen.boot, pen.head
    more = pen.write(touch(3), touch(4))
    whole = Segment(pen.unit, boot, 1, chain.ORIGIN, (*_bodies(pen.centre, boot), *more.bodies), more.seal)
    held = pen.send(whole)
    assert held.heads[0].seq == 5
    with pen.centre.engine.begin() as connection:
        ranges = connection.execute(
            sa.select(store.segment.c.first, store.segment.c.last).where(store.segment.c.writer == "lib01")
        ).all()
    assert sorted(tuple(row) for row in ranges) == [(1, 3), (4, 5)]
    assert audit(pen.centre.engine, pen.centre.town).broken == (), "and the stored bytes say the same"
    assert head != pen.head


def test_the_next_boot_continues_the_chain(pen: Pen) -> None:
    pen.send(pen.begin(touch()))
    before = pen.boot
    held = pen.send(pen.begin(touch()))
    assert [head.boot for head in held.heads] == [pen.boot]
    assert before != pen.boot
    assert kinds(pen.centre) == []


def test_somebody_else_may_carry_it(pen: Pen) -> None:
    other = Pen.enrolled(pen.centre, "bus01", "bus")
    segment = pen.begin(touch())
    pen.centre.intake.receive(other.peer, pack(to_text(segment)), "", "07")
    assert stored(pen.centre) == 1


def test_a_centre_knows_its_own_words_again(pen: Pen) -> None:
    """A unit gives back what a restored centre lost of its own journal."""
    (segment,) = pen.centre.intake.stream(pen.peer, "town", [], 1000)[:1]
    assert not pen.centre.intake.carry_in(pack(to_text(segment)))


# ---- what is bad


@pytest.mark.fault(
    "delivery out of order",
    people="Nothing.",
    lost="nothing: the unit hears what has to come first, and sends it",
    found="By the chain: something before it is missing.",
)
def test_a_gap_is_answered_with_what_is_needed(pen: Pen) -> None:
    pen.send(pen.begin(touch()))
    pen.write(touch())
    with pytest.raises(RefusedError) as error:
        pen.send(pen.write(touch()))
    assert error.value.problem.type == Why.GAP
    assert [head.seq for head in error.value.problem.heads] == [2]
    assert stored(pen.centre) == 1


def test_a_boot_behind_something_unknown_is_a_gap(pen: Pen) -> None:
    unknown = Place("ab" * 8, 5, "cd" * 32)
    assert refused(pen, pen.begin(touch(), after=unknown)) == Why.GAP


def test_reordered(pen: Pen) -> None:
    good = pen.begin(touch(1), touch(2))
    assert refused(pen, msgspec.structs.replace(good, bodies=good.bodies[::-1])) == Why.BAD_SEGMENT


def test_truncated(pen: Pen) -> None:
    good = pen.begin(touch(1), touch(2))
    assert refused(pen, msgspec.structs.replace(good, bodies=good.bodies[:-1])) == Why.BAD_SEAL


def test_renumbered(pen: Pen) -> None:
    good = pen.begin(touch(1), touch(2))
    assert refused(pen, msgspec.structs.replace(good, first=2)) == Why.BAD_SEGMENT


def test_resigned_with_another_key(pen: Pen) -> None:
    good = pen.begin(touch())
    thief = Keystore(Keystore.Options("thief"))
    assert refused(pen, msgspec.structs.replace(good, seal=chain.seal(thief, pen.head))) == Why.BAD_SEAL


def test_every_flipped_byte_of_what_travels(pen: Pen) -> None:
    packed = pack(to_text(pen.begin(touch())))
    before = stored(pen.centre)
    for at in range(len(packed)):
        bad = bytearray(packed)
        bad[at] ^= 0x41
        with pytest.raises(RefusedError):
            pen.centre.intake.receive(pen.peer, bytes(bad), "", "")
    assert stored(pen.centre) == before


def test_a_boot_that_names_another_key(pen: Pen) -> None:
    honest = Pen(pen.centre, "lib01", pen.keystore)
    honest.keystore = Keystore(Keystore.Options("other"))
    segment = honest.begin(touch())
    sealed = msgspec.structs.replace(segment, seal=chain.seal(pen.keystore, honest.head))
    assert refused(pen, sealed) == Why.BAD_SEGMENT


def test_a_boot_without_a_boot_entry(pen: Pen) -> None:
    pen.boot = "ab" * 8
    entry = Entry("lib01", pen.boot, 1, AT, touch())
    assert refused(pen, pen.seal([encode(entry)])) == Why.BAD_SEGMENT


def test_another_towns_unit(pen: Pen) -> None:
    stranger = Pen(pen.centre, "lib99")
    assert refused_from(pen, stranger.begin(touch())) == Why.NOT_YOURS


def refused_from(pen: Pen, segment: Segment) -> str:
    with pytest.raises(RefusedError) as error:
        pen.centre.intake.receive(pen.peer, pack(to_text(segment)), "", "")
    return error.value.problem.type


def test_a_unit_cannot_write_the_towns_journal(pen: Pen) -> None:
    forger = Pen(pen.centre, "town", pen.keystore)
    assert refused_from(pen, forger.begin(touch())) == Why.BAD_SEAL


def test_not_enrolled(pen: Pen) -> None:
    segment = pack(to_text(pen.begin(touch())))
    for peer in (Peer("lib99", 1), Peer("lib01", 0), Peer("lib01", 2)):
        with pytest.raises(RefusedError) as error:
            pen.centre.intake.receive(peer, segment, "", "")
        assert error.value.problem.type == Why.NOT_ENROLLED


def test_closed(pen: Pen) -> None:
    pen.send(pen.begin(touch()))
    pen.centre.enroller.close("lib01", "stolen")
    with pytest.raises(RefusedError) as error:
        pen.send(pen.write(touch()))
    assert error.value.problem.type == Why.NOT_ENROLLED
    carrier = Pen.enrolled(pen.centre, "bus01", "bus")
    assert refused_from(carrier, pen.write(touch())) == Why.SUSPENDED


def test_a_new_life_has_a_new_key(pen: Pen) -> None:
    pen.send(pen.begin(touch()))
    heir = Pen.enrolled(pen.centre, "lib01", "heir")
    assert heir.epoch == 2
    heir.boots = 7
    held = heir.send(heir.begin(touch()))
    assert [head.boot for head in held.heads] == [heir.boot]
    assert kinds(pen.centre) == []
    assert refused_from(heir, pen.write(touch())) == Why.SUSPENDED


def test_refusals_are_counted_for_the_office(pen: Pen) -> None:
    refused(pen, msgspec.structs.replace(pen.begin(touch()), seal=bytes(64)))
    (line,) = [unit for unit in Books(pen.centre.engine, pen.centre.town.register).units() if unit.name == "lib01"]
    assert line.refused == 1
    assert "signature" in (line.refusal or "")


# ---- branches


@pytest.mark.fault("disk put back in time")
def test_a_rollback_keeps_both_branches(pen: Pen) -> None:
    pen.send(pen.begin(touch(1)))
    old = pen.place
    pen.send(pen.write(touch(2)))
    held = pen.send(pen.begin(touch(3), after=old))
    assert len(held.heads) == 2
    assert kinds(pen.centre) == ["rollback"]
    pen.centre.reconciler.catch_up()
    assert pen.centre.reconciler.figures()["visits"] == {"visits": 3, "touches": 3}
    assert held.state is UnitState.ACTIVE


def test_a_settled_rollback_is_not_waited_for(pen: Pen) -> None:
    test_a_rollback_keeps_both_branches(pen)
    with pen.centre.engine.begin() as connection:
        close(connection, pen.centre.streams, 1, "the card was copied", AT)
    held = pen.send(pen.write(touch(4)))
    assert [head.boot for head in held.heads] == [pen.boot]
    assert kinds(pen.centre) == []


@pytest.mark.fault("copy of a unit's disk in a second machine")
def test_two_growing_branches_are_a_clone(pen: Pen) -> None:
    pen.send(pen.begin(touch(1)))
    clone = replace(pen, boots=pen.boots + 100)
    pen.send(pen.begin(touch(2)))
    clone.send(clone.begin(touch(3)))
    assert kinds(pen.centre) == ["rollback"]
    held = pen.send(pen.write(touch(4)), clone.fence)
    assert held.state is UnitState.SUSPENDED
    assert "clone" in kinds(pen.centre)
    for each in (pen, clone):
        with pytest.raises(RefusedError) as error:
            each.send(each.write(touch(5)))
        assert error.value.problem.type == Why.SUSPENDED


def test_two_machines_that_begin_anew_by_turns_are_two(pen: Pen) -> None:
    """The second branched off before the first one's end, and so the first goes on behind an entry of its own."""
    pen.send(pen.begin(touch(1)))
    twin = replace(pen, boots=pen.boots + 100)
    pen.send(pen.write(touch(2)))
    twin.send(twin.begin(touch(3)))
    assert kinds(pen.centre) == ["rollback"]
    held = pen.send(pen.begin(touch(4)), twin.fence)
    assert (kinds(pen.centre), held.state) == (["rollback", "clone"], UnitState.SUSPENDED)


def test_a_suspended_unit_hears_why(pen: Pen) -> None:
    test_two_growing_branches_are_a_clone(pen)
    (segment, *_) = pen.centre.intake.stream(pen.peer, "lib01", [], 1000)
    orders = [entry.fact for entry in segment.entries(pen.centre.town.register) if entry.kind == "order"]
    assert orders[-1].state is UnitState.SUSPENDED  # type: ignore[attr-defined]


@pytest.mark.fault("copy of a unit's disk in a second machine")
def test_a_fork_keeps_both_sides_and_stops_the_unit(pen: Pen) -> None:
    pen.send(pen.begin(touch(1)))
    seq, head = pen.seq, pen.head
    pen.send(pen.write(touch(2)))
    pen.seq, pen.head = seq, head
    assert refused(pen, pen.write(touch(3))) == Why.FORK
    assert kinds(pen.centre) == ["fork"]
    with pen.centre.engine.begin() as connection:
        (row,) = open_ones(connection)
    detail, evidence = msgspec.json.decode(row["detail"]), msgspec.msgpack.decode(row["evidence"])
    assert detail["at"] == f"lib01/{pen.boot}/3"
    assert detail["held"] != detail["offered"]
    assert all(isinstance(evidence[side], bytes) for side in ("held", "offered"))
    with pytest.raises(RefusedError) as error:
        pen.send(pen.write(touch(4)))
    assert error.value.problem.type == Why.SUSPENDED


def test_a_boot_that_continues_what_never_was_is_a_fork(pen: Pen) -> None:
    pen.send(pen.begin(touch(1)))
    wrong = Place(pen.boot, pen.seq, hashlib.sha256(b"elsewhere").hexdigest())
    assert refused(pen, pen.begin(touch(2), after=wrong)) == Why.FORK


def test_a_journal_that_begins_anew(pen: Pen) -> None:
    pen.send(pen.begin(touch(1)))
    held = pen.send(pen.begin(touch(2), fresh=True))
    assert kinds(pen.centre) == ["restart"]
    assert len(held.heads) == 2


@pytest.mark.fault("journal damaged")
def test_a_declared_hole_lets_the_rest_in(pen: Pen) -> None:
    pen.send(pen.begin(touch(1)))
    boot, good = pen.boot, pen.place
    lost = pen.write(touch(2), touch(3))
    rest = pen.write(touch(4))
    assert refused(pen, rest) == Why.GAP
    gap = Gap(of=boot, first=3, last=4, prev=lost.hashes()[-1].hex(), cause="damaged")
    held = pen.send(pen.begin(gap, touch(5), after=good))
    assert kinds(pen.centre) == ["damage"]
    held = pen.send(rest)
    assert {(head.boot, head.seq) for head in held.heads} == {(boot, 5), (pen.boot, 3)}
    assert kinds(pen.centre) == ["damage"], "what is left of a damaged journal is no clone"
    held = pen.send(pen.write(touch(6)))
    assert kinds(pen.centre) == ["damage"], "and the unit that goes on behind it is none either"
    assert held.state is UnitState.ACTIVE


@pytest.mark.fault("journal damaged")
def test_a_lost_entry_that_comes_after_what_continues_it_is_no_end(pen: Pen) -> None:
    """The last entry of a boot is declared as lost, the boot behind it comes, and then the entry does, on a stick."""
    pen.send(pen.begin(touch(1)))
    boot, good = pen.boot, pen.place
    lost = pen.write(touch(2))
    following = pen.begin(touch(3), after=pen.place)
    later = pen.boot
    gap = Gap(of=boot, first=lost.first, last=lost.last, prev=lost.hashes()[-1].hex(), cause="damaged")
    pen.send(pen.begin(gap, touch(4), after=good))
    pen.send(following)
    pen.send(lost)
    held = pen.send(pen.write(touch(5)))
    assert {head.boot for head in held.heads} == {later, pen.boot}
    checked = audit(pen.centre.engine, pen.centre.town)
    assert (checked.broken, checked.unfounded) == ((), ())


def test_what_stands_before_a_hole_comes_before_what_stands_behind_it(pen: Pen) -> None:
    """Otherwise the head behind the hole would be named, and what stands before it never be asked for."""
    pen.send(pen.begin(touch(1)))
    boot, good = pen.boot, pen.place
    holes, kept = [], []
    for _ in range(2):
        lost = pen.write(touch(2))
        holes.append(Gap(of=boot, first=lost.first, last=lost.last, prev=lost.hashes()[-1].hex(), cause="damaged"))
        kept.append(pen.write(touch(3)))
    pen.send(pen.begin(*holes, after=good))
    assert refused(pen, kept[1]) == Why.GAP
    for segment in kept:
        assert (boot, segment.last) in {(head.boot, head.seq) for head in pen.send(segment).heads}


@pytest.mark.fault("journal damaged")
def test_what_stands_behind_a_lost_beginning_comes_in(pen: Pen) -> None:
    """Nothing of that boot had been sent: its beginning is lost for good, and the rest of it is not."""
    pen.send(pen.begin(touch(1)))
    good = pen.place
    lost = pen.begin(touch(2))
    boot, rest, more = pen.boot, pen.write(touch(3)), pen.write(touch(4))
    assert refused(pen, rest) == Why.GAP
    gap = Gap(of=boot, first=1, last=lost.last, prev=lost.hashes()[-1].hex(), cause="damaged")
    pen.send(pen.begin(gap, touch(5), after=good))
    assert refused(pen, more) == Why.GAP, "what stands before it is not lost"
    for segment in (rest, more):
        held = pen.send(segment)
        assert (boot, segment.last) in {(head.boot, head.seq) for head in held.heads}
    held = pen.send(pen.write(touch(6)))
    assert (kinds(pen.centre), held.state) == (["damage"], UnitState.ACTIVE)
    checked = audit(pen.centre.engine, pen.centre.town)
    assert (checked.broken, checked.unfounded) == ((), ())


@pytest.mark.fault("journal damaged")
@pytest.mark.parametrize("first_known", [True, False])
@pytest.mark.parametrize("first_large", [True, False])
def test_of_a_hole_that_is_declared_twice_everything_counts(pen: Pen, first_known: bool, first_large: bool) -> None:
    pen.send(pen.begin(touch(1)))
    boot, good = pen.boot, pen.place
    small, left, large = pen.write(touch(2)), pen.write(touch(3)), pen.write(touch(4))
    rest = pen.write(touch(5))
    known = [
        Gap(of=boot, first=small.first, last=upto.last, prev=upto.hashes()[-1].hex(), cause="damaged")
        for upto in (small, large)
    ]
    unknown = Gap(of=boot, first=small.first, last=large.last, prev=None, cause="damaged")
    declared = [[*known, unknown], [unknown, *known]][not first_known]
    pen.send(pen.begin(*(declared[::-1] if first_large else declared), after=good))
    for segment in (left, rest):
        assert (boot, segment.last) in {(head.boot, head.seq) for head in pen.send(segment).heads}
    checked = audit(pen.centre.engine, pen.centre.town)
    assert (checked.broken, checked.unfounded) == ((), ())


def test_a_hole_cannot_be_made_to_fit(pen: Pen) -> None:
    pen.send(pen.begin(touch(1)))
    boot, good = pen.boot, pen.place
    pen.write(touch(2))
    rest = pen.write(touch(3))
    gap = Gap(of=boot, first=3, last=3, prev="ab" * 32, cause="damaged")
    pen.send(pen.begin(gap, after=good))
    assert refused(pen, rest) == Why.GAP


@pytest.mark.fault("journal damaged")
@pytest.mark.parametrize("kept", [3, 4, 6, 9], ids=["within the hole", "its end", "behind it", "also something new"])
@pytest.mark.parametrize("begins", [1, 3], ids=["from the beginning", "from the hole on"])
def test_what_was_carried_away_before_the_damage_fills_the_hole(pen: Pen, kept: int, begins: int) -> None:
    """A stick was written, then entries 3 and 4 were lost; somebody brings it once all that is left has come."""
    boot, carried, _ = _damaged(pen)
    held = pen.send(carried(begins, kept))
    assert (boot, max(kept, 7)) in {(head.boot, head.seq) for head in held.heads}
    assert (kinds(pen.centre), held.state) == (["damage"], UnitState.ACTIVE)
    assert _numbers(pen.centre, boot) == [*range(1, 4), *range(4, 5 if kept > 3 else 4), *range(5, max(kept, 7) + 1)]
    before = stored(pen.centre)
    pen.send(carried(begins, kept))
    pen.send(carried(1, 9))
    assert stored(pen.centre) - before == (kept == 3) + (kept < 9), "of what had come before, nothing comes again"
    assert _numbers(pen.centre, boot) == list(range(1, 10))
    _is_sound(pen)


@pytest.mark.fault("journal damaged")
def test_a_lost_beginning_that_comes_all_the_same(pen: Pen) -> None:
    """Then it is known again what that boot continues, and that is no end any more."""
    pen.send(pen.begin(touch(1)))
    first, good = pen.boot, pen.place
    lost, end = pen.write(touch(2)), pen.write(touch(3))
    begun = pen.begin(touch(4))
    boot, rest = pen.boot, pen.write(touch(5))
    gaps = [
        Gap(of=one.boot, first=one.first, last=one.last, prev=one.hashes()[-1].hex(), cause="damaged")
        for one in (lost, begun)
    ]
    pen.send(pen.begin(*gaps, touch(6), after=good))
    for segment in (end, rest):
        held = pen.send(segment)
    assert {head.boot for head in held.heads} == {first, boot, pen.boot}
    whole = Segment(pen.unit, boot, 1, begun.prev, (*begun.bodies, *rest.bodies), rest.seal)
    held = pen.send(whole)
    assert {(head.boot, head.seq) for head in held.heads} == {(boot, 3), (pen.boot, 4)}
    assert (kinds(pen.centre), held.state) == (["damage"], UnitState.ACTIVE)
    assert _numbers(pen.centre, boot) == [1, 2, 3]
    _is_sound(pen)


@pytest.mark.parametrize("fills", [True, False])
def test_a_segment_that_is_said_to_count_less_is_found_out(pen: Pen, fills: bool) -> None:
    _, carried, _ = _damaged(pen)
    pen.send(carried(1, 7))
    table = store.segment
    one = sa.and_(table.c.writer == "lib01", table.c.first == (3 if fills else 5))
    with pen.centre.engine.begin() as connection:
        connection.execute(sa.update(table).where(one).values(last=table.c.last - 1))
    assert any("filed as" in said for said in audit(pen.centre.engine, pen.centre.town).broken)


@pytest.mark.fault("journal damaged")
@pytest.mark.parametrize("kept", [3, 4, 6, 9])
def test_other_entries_do_not_fit_into_a_hole(pen: Pen, kept: int) -> None:
    boot, _, good = _damaged(pen)
    other = replace(pen, boot=boot, seq=good.seq, head=bytes.fromhex(good.hash))
    forged = other.write(*(touch(70 + number) for number in range(kept - 2)))
    if kept == 3:  # nothing tells yet that this is not what was lost
        pen.send(forged)
        other.seq, other.head = good.seq, bytes.fromhex(good.hash)
        forged = other.write(touch(90))
    assert refused(pen, forged) == Why.FORK
    assert "fork" in kinds(pen.centre)


@pytest.mark.fault("journal damaged")
def test_boots_beyond_a_hole_are_left_behind_with_it(pen: Pen) -> None:
    """The lost boot was held here in full, so what had gone on from it is an end that grows late."""
    pen.send(pen.begin(touch(1)))
    good = pen.place
    lost = pen.begin()
    pen.send(lost)
    boot = pen.boot
    pen.send(pen.begin(touch(2)))
    late = [pen.write(touch(3)), pen.begin(touch(4)), pen.write(touch(5))]
    gap = Gap(of=boot, first=1, last=1, prev=lost.hashes()[-1].hex(), cause="damaged")
    pen.send(pen.begin(gap, touch(6), after=good))
    alive = replace(pen)
    for segment in late:
        pen.send(segment)
        held = alive.send(alive.write(touch(7)))
    assert (kinds(pen.centre), held.state) == (["damage"], UnitState.ACTIVE)


def test_what_begins_within_a_hole_waits_for_what_stands_before(pen: Pen) -> None:
    _, carried, _ = _damaged(pen)
    assert refused(pen, carried(4, 4)) == Why.GAP
    assert kinds(pen.centre) == ["damage"]


def _damaged(pen: Pen) -> tuple[str, Callable[[int, int], Segment], Place]:
    """Write nine entries, lose the third and the fourth, and let the centre have up to the seventh of what is left.

    Returns:
        their boot, what makes a segment of them as it was before the damage, and the last entry before the hole.
    """
    pen.send(begun := pen.begin(touch(1)))
    boot, good = pen.boot, pen.place
    written = [begun, *(pen.write(touch(day)) for day in range(2, 9))]
    bodies = [body for segment in written for body in segment.bodies]
    hashes = [chain.ORIGIN, *chain.links(chain.ORIGIN, bodies)]

    def carried(first: int, last: int) -> Segment:
        return Segment(
            pen.unit, boot, first, hashes[first - 1], tuple(bodies[first - 1 : last]), written[last - 2].seal
        )

    gap = Gap(of=boot, first=3, last=4, prev=hashes[4].hex(), cause="damaged")
    pen.send(pen.begin(gap, touch(50), after=good))
    pen.send(carried(5, 7))
    return boot, carried, good


def _numbers(centre: Centre, boot: str) -> list[int]:
    """Return which entries of a boot were added up."""
    centre.reconciler.catch_up()
    with centre.engine.begin() as connection:
        asked = sa.select(reconcile.entry.c.seq).where(reconcile.entry.c.boot == boot)
        return list(connection.execute(asked.order_by(reconcile.entry.c.seq)).scalars())


def _is_sound(pen: Pen) -> None:
    checked = audit(pen.centre.engine, pen.centre.town)
    assert (checked.broken, checked.unfounded) == ((), ())
    before = pen.centre.reconciler.digest()
    pen.centre.reconciler.wipe()
    pen.centre.reconciler.catch_up()
    assert pen.centre.reconciler.digest() == before


# ---- fences


@pytest.mark.fault("unit restored from a backup")
def test_news_from_an_old_state_of_a_disk_is_noticed(pen: Pen) -> None:
    old = [pen.send(pen.begin(touch(0))).fence]
    back = pen.place
    old += [pen.send(pen.write(touch(day))).fence for day in range(1, 4)]
    pen.send(pen.begin(touch(5), after=back), old[-2])
    assert kinds(pen.centre) == ["rollback"], "the last answer may have been lost"
    pen.send(pen.begin(touch(6), after=back), old[1])
    assert kinds(pen.centre) == ["rollback", "rollback", "old fence"]


def test_news_that_were_held_up_on_the_way_accuse_nobody(pen: Pen) -> None:
    """Three questions, each answered while the delivery before was still on its way; each delivery quotes one fence."""
    fence = pen.send(pen.begin(touch(0))).fence
    for day in range(1, 4):
        pen.send(pen.write(touch(day)), fence)
    pen.send(pen.begin(touch(4)), fence)
    assert kinds(pen.centre) == []


def test_repeating_what_is_held_may_quote_any_fence(pen: Pen) -> None:
    segment = pen.begin(touch(1))
    first = pen.send(segment).fence
    for day in range(3):
        pen.send(pen.write(touch(day)))
    pen.send(segment, first)
    assert kinds(pen.centre) == []


# ---- what a unit asks first


def test_holdings_of_nothing(pen: Pen) -> None:
    raw = pen.centre.intake.holdings(pen.peer, Report(unsent=3, software="pen"), "0b")
    assert b'"heads":[]' in raw


def test_a_report_reaches_the_office(pen: Pen) -> None:
    pen.centre.intake.holdings(pen.peer, Report(unsent=3, oldest_ms=AT, software="pen"), "0b")
    (line,) = Books(pen.centre.engine, pen.centre.town.register).units()
    assert (line.unsent, line.oldest_ms, line.software) == (3, AT, "pen")
    assert line.contact_ms == pen.centre.town.clock.wall_ms()


def _bodies(centre: Centre, boot: str) -> tuple[bytes, ...]:
    with centre.engine.begin() as connection:
        segment = Branches(connection, "lib01", 1).segment_with(boot, 1)
    assert segment is not None
    return segment.bodies
