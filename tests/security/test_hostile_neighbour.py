"""Somebody on the network of two units, or another unit of the town: what he can do to a twin there, and what not."""

import random
from collections.abc import Iterator
from contextlib import suppress

import msgspec
import pytest

from appliance.keeper.cellar import StrangerError
from appliance.twinned import Lag
from drivers.card.sim.pki import TestPki
from drivers.keystore.sim import Driver as Keystore
from drivers.twin import TwinError
from simulation.unit import SimUnit
from sync import letters, twin
from sync.letters import Ask, Hand, Kept, Role
from sync.messages import raw_bytes, text
from sync.neighbours import Party
from sync.segment import Segment
from tests.appliance.keeper.conftest import ADDRESS, Near, two_units

THREAT = "hostile machine beside two neighbours"
BESIDE = Keystore(Keystore.Options("somebody on the network"))


@pytest.fixture
def near(pki: TestPki, power_cuts: None) -> Iterator[Near]:  # noqa: ARG001 - a fixture that works by being there
    made = two_units(pki)
    made.write(3)
    assert made.go().lacks == 0
    yield made
    made.centre.engine.dispose()


def hand(unit: str, epoch: int, role: Role, signer: Keystore) -> Hand:
    return Hand(lambda key: letters.vouch(unit, epoch, role, key, signer))


def _party(near: Near) -> Party:
    return Party("shop01", 1, text(near.shop.keystore.public))


def asked(letter: bytes) -> Ask:
    """Read a letter as anybody on the way can."""
    said = msgspec.json.decode(letter)["said"]
    return msgspec.convert(said["body"], Ask)


def believes(near: Near) -> Lag:
    """Have the unit write what it has not sent yet, and say how it stands, with everything read anew."""
    near.neighbour = near.fresh()
    near.write()
    return near.go()


@pytest.mark.threat(
    THREAT,
    control="What travels is sealed for the town already. Every letter is signed by a process for which the journal's "
    "key of its unit vouches, and each side has the other's key from the town. An answer bears the nonce of its "
    "question, says how long the twin is, and has the hash over all of its records; only then does a record count as "
    "written. A record is added behind the one that its letter names, so none comes twice. There is no message that "
    "changes or shortens a twin; one is deleted only by the office's word. Of strangers nothing is read but a letter "
    "of 4 KiB, and a neighbour cannot take more than its share, nor what the keeper needs for itself.",
    residual="He can see which unit writes when and how much, and cut the two off from each other, which both the "
    "unit and the console say after ten minutes. Whoever broke into the neighbour itself, or stole it, can say that he "
    "has what he has not; only the centre can tell. The twin is gone with him, and he can read nothing of it.",
)
def test_who_answers_in_the_neighbours_place_is_not_believed(near: Near) -> None:
    stranger = hand("shop01", 1, Role.KEEPER, BESIDE)

    def answer(_unit: str, letter: bytes, record: bytes) -> bytes:
        ask = asked(letter)
        size = ask.size + len(record)
        head = letters.next_head(ask.head, ask.record) if ask.record else ask.head
        upto = dict.fromkeys([near.unit.running.opened.journal.tip.boot], 999)  # type: ignore[union-attr]
        return stranger.write(Kept("shop01", 1, "lib01", 1, ask.nonce, size, head, upto))

    near.passing = answer
    lag = believes(near)
    assert (lag.state, lag.lacks) == ("strange", 1)


@pytest.mark.threat(THREAT)
def test_an_answer_that_is_played_again_is_not_believed(near: Near) -> None:
    """Nor one to somebody else's question, nor the question itself, nor one that was changed."""
    near.write()
    near.go()
    letter, _, first = near.said[-1]
    keeper = near.keeper.cellar

    def changed(unit: str, letter: bytes, record: bytes) -> bytes:
        return near.arrive(unit, letter, record).replace(b'"broken":0', b'"broken":7')

    def of_the_writer(_unit: str, letter: bytes, _record: bytes) -> bytes:
        return letter

    spoilt = [lambda *_: first, changed, of_the_writer, lambda *_: b"", lambda *_: b"{}" * 9]
    spoilt.append(lambda *_: keeper.answer(asked(letter), b""))
    for passing in spoilt:
        near.passing = passing
        assert believes(near).state == "strange"
    near.passing = near.arrive
    assert near.go().lacks == 0
    near.keeper_has_everything()


@pytest.mark.threat(THREAT)
def test_an_answer_about_less_than_was_asked_counts_for_nothing(near: Near) -> None:
    """The keeper's own word, signed, to this very question; and the record is not what was sent."""

    def without(unit: str, letter: bytes, _record: bytes) -> bytes:
        return near.arrive(unit, letter, b"")

    def torn(unit: str, letter: bytes, record: bytes) -> bytes:
        return near.arrive(unit, letter, record[:-1] + b"x")

    def swapped(unit: str, letter: bytes, record: bytes) -> bytes:
        return near.arrive(unit, letter, earlier if record else b"")

    def of_a_keeper_that_keeps_nothing(_unit: str, letter: bytes, _record: bytes) -> bytes:
        ask, own = asked(letter), hand("shop01", 1, Role.KEEPER, near.shop.keystore)
        return own.write(Kept("shop01", 1, "lib01", 1, ask.nonce, ask.size, ask.head, {}))

    before, (earlier, *_) = near.kept, [record for _, record, _ in near.said if record]
    for passing in (without, torn, swapped, of_a_keeper_that_keeps_nothing):
        near.passing = near.arrive
        near.neighbour._writer.go(lambda: True)  # type: ignore[union-attr]  # it has been read, and nothing is brought
        near.passing = passing
        near.write()
        assert near.go().state == "changed"
        assert near.near.lacks
        assert near.kept == before
    near.passing = near.arrive
    assert near.go().lacks == 0
    near.keeper_has_everything()


@pytest.mark.threat(THREAT)
def test_nobody_else_can_write_to_a_twin(near: Near) -> None:
    """Not a stranger, not another unit of the town, not the keeper's own key, not the unit's life before."""
    before = near.kept
    other = SimUnit(near.centre, "bus01", "shop", near.clock, near.unit._trust, "near")
    (whole, *_) = (record for _, record, _ in near.said if record)
    ask = Ask("lib01", 1, "shop01", 1, "00" * 8, "ab" * 32, len(before), letters.NOTHING, twin.digest_of(whole))
    forged = [
        hand("lib01", 1, Role.WRITER, BESIDE),
        hand("lib01", 1, Role.WRITER, other.keystore),
        hand("bus01", 1, Role.WRITER, other.keystore),
        hand("lib01", 1, Role.WRITER, near.shop.keystore),
        hand("lib01", 1, Role.KEEPER, near.unit.keystore),
        hand("lib01", 2, Role.WRITER, near.unit.keystore),
    ]
    for one in forged:
        with pytest.raises(StrangerError):
            near.keeper.cellar.hear("lib01", one.write(ask))
    own = hand("lib01", 1, Role.WRITER, near.unit.keystore)
    for wrong in ({"keeper": "desk01"}, {"keeper_epoch": 2}, {"of": "bus01"}, {"epoch": 2}):
        with pytest.raises(StrangerError):
            near.keeper.cellar.hear("lib01", own.write(msgspec.structs.replace(ask, **wrong)))
    with pytest.raises(StrangerError, match="nothing of bus01 is kept here"):
        near.keeper.cellar.hear("bus01", hand("bus01", 1, Role.WRITER, other.keystore).write(ask))
    assert near.kept == before
    assert near.keeper.medium.writes == len([record for _, record, _ in near.said if record])


@pytest.mark.threat(THREAT)
def test_letters_that_are_played_again_add_nothing_and_have_nothing_read_again(near: Near) -> None:
    near.write(2)
    near.go()
    before, writes = near.kept, near.keeper.medium.writes
    near.keeper.medium.files[near.file] = b""  # whoever reads it again now, finds nothing
    for letter, record, _ in list(near.said) * 3:
        answer = near.arrive("lib01", letter, record)
        assert letters.read(answer, Kept, _party(near)).size == len(before)
    assert near.keeper.medium.writes == writes


@pytest.mark.threat(THREAT)
def test_whatever_comes_a_twin_is_never_shorter_nor_another(near: Near) -> None:
    """Letters and records that were heard, changed at random, cut, and put together anew."""
    dice = random.Random(39)  # noqa: S311
    heard, before = list(near.said), near.kept
    believed = 0
    for _ in range(600):
        letter = bytearray(dice.choice(heard)[0])
        record = bytearray(dice.choice(heard)[1])
        for spoilt in (letter, record):
            if spoilt and dice.random() < 0.7:
                spoilt[dice.randrange(len(spoilt))] ^= 1 << dice.randrange(8)
            if dice.random() < 0.2:
                del spoilt[dice.randrange(len(spoilt) + 1) :]
        with suppress(TwinError):
            near.arrive("lib01", bytes(letter), bytes(record))
            believed += 1
        assert near.kept == before
    assert believed > 50, "the test tried nothing behind the letters"
    near.said = heard
    assert believes(near).lacks == 0


@pytest.mark.threat(THREAT)
def test_a_neighbour_cannot_fill_the_disk(near: Near) -> None:
    near.name(mib=1)
    near.keeper.heed()
    own, size = hand("lib01", 1, Role.WRITER, near.unit.keystore), len(near.kept)
    owner = twin.Owner("lib01", 1, raw_bytes(near.unit.running.twin.owner().key))
    segment = Segment("lib01", "ab" * 8, 1, bytes(32), (random.Random(39).randbytes(60_000).hex().encode(),), bytes(64))  # noqa: S311
    record = twin.seal(owner, segment, 0)
    state = near.keeper.cellar._files["lib01-1.twin"]
    for number in range(40):
        nonce, digest = f"{number:064x}", twin.digest_of(record)
        ask = Ask("lib01", 1, "shop01", 1, twin.key_id(owner.key), nonce, state.size, state.head, digest)
        near.keeper.cellar.answer(near.keeper.cellar.hear("lib01", own.write(ask)), record)
    assert size < len(near.kept) <= 1024 * 1024
    near.keeper.heed()
    assert near.shop.running.vicinity.keeps().state == "full"
    assert near.near.at == f"shop01 {ADDRESS}"
