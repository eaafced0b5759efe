"""A unit is stolen and goes on signing: what it had delivered stays, and of everything else nothing is taken."""

import random
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa

from appliance.outbox import Outbox
from central import store
from central.audit import audit
from central.authority import moment
from central.centre import Centre
from central.refusal import RefusedError
from programs.visits.entries import Touch
from simulation.unit import SimUnit, any_csr
from sync import facts
from sync.messages import EnrolRequest, RenewRequest, Report, Why, enrol_proof, renew_proof, text
from sync.segment import Segment, pack, to_text
from tests.security.conftest import Hand, Place

HOUR_S = 3600.0
REGISTER = facts.register((Touch,))
ROW = pytest.mark.threat("stolen unit")

pytestmark = pytest.mark.usefixtures("power_cuts")


def stored(centre: Centre) -> list[bytes]:
    """Return every stored segment of a unit, as it came."""
    table = store.segment
    with store.reading(centre.engine) as connection:
        of_units = sa.select(table.c.packed).where(table.c.writer.not_like("to-%"), table.c.writer != "town")
        return list(connection.execute(of_units.order_by(table.c.n)).scalars())


def journal_of(unit: SimUnit) -> Iterator[Segment]:
    """Read a unit's whole journal off its disk, as a thief does."""
    return Outbox(unit.running.opened.journal, unit.running.opened.history).rest()


def refused(ask: Callable[..., object], *given: object) -> str:
    with pytest.raises(RefusedError) as error:
        ask(*given)
    return error.value.problem.type


def renewal(town: Place, unit: SimUnit, name: str) -> RenewRequest:
    """Return what a unit asks for, with a certificate that is good in its own life."""
    csr, now = any_csr(), moment(town.clock.wall_ms())
    last = town.centre.authority.device(csr, town.centre.town_id, name, unit.peer.epoch, now)
    return RenewRequest(name, csr, last, text(unit.keystore.sign(renew_proof(csr, last))))


def live(town: Place, unit: SimUnit, card: Hand, touches: int) -> None:
    for _ in range(touches):
        town.clock.advance(60)
        unit.tap(card())


@pytest.mark.threat(
    "stolen unit",
    control="`machi central unit close`: from then on nothing that this unit ever signed is taken, whoever brings it; "
    "its certificate, its renewals and its unused tickets are void. Its key signs in no other unit's name. There is no "
    "secret of a card in it: every card proves itself anew at every touch.",
    residual="Until it is closed, whoever holds it can write visits in its name. What it had not delivered by then is "
    "not counted. It goes on greeting cards where it stands. It holds the town's card key: whoever opens it can tell "
    "under which name a card in his hand appears in the books.",
)
@pytest.mark.parametrize("seed", range(4))
def test_a_stolen_unit_goes_on_signing_for_nothing(town: Place, card: Hand, seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 - so that the same theft comes again
    unit, carrier = town.unit("lib01"), town.unit("bus01")
    ticket = town.centre.enroller.invite("lib01", "library", "facility", "https://localhost")
    live(town, unit, card, dice.randint(1, 6))
    unit.sync(town.road(unit.peer))
    live(town, unit, card, dice.randint(1, 6))  # nobody will ever count these
    snapshot = unit.disk.snapshot()
    before = stored(town.centre)
    town.centre.enroller.close("lib01", "stolen")

    # The thief lets it run on, sets its clock back, puts its disk back, and runs it again.
    live(town, unit, card, dice.randint(1, 6))
    town.clock.jump(-dice.uniform(1, 300) * HOUR_S)
    unit.crash()
    if dice.random() < 0.5:
        unit.disk.restore(snapshot)
    unit.start()
    live(town, unit, card, dice.randint(1, 6))
    road = town.road(unit.peer)
    done = unit.sync(road)
    assert done
    assert done.problem
    assert done.problem.type == Why.NOT_ENROLLED
    written = list(journal_of(unit))
    assert sum(len(segment.bodies) for segment in written) > 8
    intake, enroller = town.centre.intake, town.centre.enroller
    for segment in written:
        packed = pack(to_text(segment))
        assert refused(intake.receive, unit.peer, packed, "", "07") == Why.NOT_ENROLLED
        assert refused(intake.receive, carrier.peer, packed, "", "07") == Why.SUSPENDED
        assert refused(intake.carry_in, packed) == Why.SUSPENDED
    assert refused(intake.holdings, unit.peer, Report(), "07") == Why.NOT_ENROLLED
    for stream in ("town", "lib01"):
        assert refused(intake.stream, unit.peer, stream, [], 100) == Why.NOT_ENROLLED
    assert refused(enroller.renew, renewal(town, unit, "lib01")) == Why.NOT_ENROLLED
    csr = any_csr()
    for keystore in (unit.keystore, carrier.keystore):
        proof = text(keystore.sign(enrol_proof(ticket.code, csr)))
        asked = EnrolRequest("lib01", ticket.code, text(keystore.public), csr, proof)
        assert refused(enroller.enrol, asked) == Why.BAD_CODE

    assert stored(town.centre) == before, "what was delivered before stays, and nothing came to it"
    checked = audit(town.centre.engine, town.centre.town)
    assert (checked.broken, checked.unfounded) == ((), ())


@ROW
def test_the_one_that_takes_its_place_is_not_touched_by_it(town: Place, card: Hand) -> None:
    stolen = town.unit("lib01")
    live(town, stolen, card, 3)
    stolen.sync(town.road(stolen.peer))
    town.centre.enroller.close("lib01", "stolen")
    town.seed = "the new box"
    heir = town.unit("lib01")
    assert heir.peer.epoch == 2
    live(town, heir, card, 2)
    heir.sync(town.road(heir.peer))
    before = stored(town.centre)
    live(town, stolen, card, 3)
    intake = town.centre.intake
    for packed in [pack(to_text(segment)) for segment in journal_of(stolen)]:
        assert refused(intake.receive, stolen.peer, packed, "", "07") == Why.NOT_ENROLLED
        assert refused(intake.receive, heir.peer, packed, "", "07") == Why.SUSPENDED, "even if the new one carried it"
    assert refused(intake.holdings, stolen.peer, Report(), "07") == Why.NOT_ENROLLED
    assert refused(intake.stream, stolen.peer, "lib01", [], 100) == Why.NOT_ENROLLED
    assert stored(town.centre) == before
    live(town, heir, card, 1)
    heir.sync(town.road(heir.peer))
    assert len(stored(town.centre)) == len(before) + 1
    town.centre.reconciler.catch_up()
    assert town.centre.reconciler.figures()["visits"]["visits"] == 3 + 3


@ROW
def test_its_key_signs_in_no_other_name(town: Place) -> None:
    """Not even before the office has heard of the theft."""
    stolen, _ = town.unit("lib01"), town.unit("bus01")
    for victim in ("bus01", "town", "to-bus01", "to-lib01"):
        (boot, *_) = journal_of(stolen)
        bodies = tuple(body.replace(b'"unit":"lib01"', f'"unit":"{victim}"'.encode()) for body in boot.bodies)
        forged = Segment(victim, boot.boot, 1, boot.prev, bodies, b"")
        seal = stolen.keystore.sign(b"machitap/head/1\0" + forged.hashes()[-1])
        packed = pack(to_text(Segment(victim, boot.boot, 1, boot.prev, bodies, seal)))
        assert refused(town.centre.intake.receive, stolen.peer, packed, "", "07") == Why.BAD_SEAL
    assert refused(town.centre.enroller.renew, renewal(town, stolen, "bus01")) == Why.BAD_SEAL
